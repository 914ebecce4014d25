-- Reports, and the queue in which their cases wait. `networks` are those that the caller moderates.

-- name: of_member^
-- What this member reported of a thing last: their report, and where its case stands.
SELECT r.id, r.case_id, r.reported_at, c.outcome, c.seen_version, c.post_id, c.message_id, w.body AS reason
FROM reports r JOIN cases c ON c.id = r.case_id LEFT JOIN notes w ON w.id = r.reason_id
WHERE r.member_id = :member AND (c.post_id = ANY (:posts) OR c.message_id = ANY (:messages))
ORDER BY r.id DESC LIMIT 1;

-- name: insert$
INSERT INTO reports (case_id, member_id, reason_id, note_id) VALUES (:case, :member, :reason, :note) RETURNING id;

-- name: one^
SELECT * FROM shown_cases WHERE id = :case;

-- name: moderated
-- The networks that a member moderates; 0, with neither slug nor name: what is in none, of an administrator.
SELECT d.network_id AS id, n.slug, n.name FROM standing d JOIN networks n ON n.id = d.network_id
WHERE d.member_id = :member AND d.role IN ('moderator', 'lead')
UNION ALL
SELECT 0, NULL, NULL FROM members m WHERE m.id = :member AND m.administrator AND m.state = 'active'
ORDER BY name;

-- name: open_queue
-- The view is read for the page alone: OFFSET 0 keeps the planner from joining it whole.
-- Urgent ones first, then who has waited longest. Cases of the caller's own networks, and of threads that these hold jointly.
WITH own AS (
    SELECT c.* FROM unnest(:networks::bigint[]) n CROSS JOIN LATERAL (
        SELECT c.id, NOT c.urgent AS later, c.opened_at FROM cases c WHERE c.outcome IS NULL AND c.network_id = n
          AND (:after_id::bigint IS NULL
               OR (NOT c.urgent, c.opened_at, c.id) > (:after_later::boolean, :after_at::timestamptz, :after_id::bigint))
        ORDER BY c.urgent DESC, c.opened_at, c.id LIMIT :limit) c),
direct AS (
    SELECT c.id, NOT c.urgent AS later, c.opened_at FROM cases c
    WHERE c.outcome IS NULL AND c.network_id IS NULL AND 0 = ANY (:networks)
      AND (:after_id::bigint IS NULL
           OR (NOT c.urgent, c.opened_at, c.id) > (:after_later::boolean, :after_at::timestamptz, :after_id::bigint))
    ORDER BY c.urgent DESC, c.opened_at, c.id LIMIT :limit),
joint AS (
    SELECT c.id, NOT c.urgent AS later, c.opened_at FROM cases c JOIN posts p ON p.id = c.post_id
    WHERE c.outcome IS NULL AND c.network_id <> ALL (:networks)
      AND EXISTS (SELECT FROM thread_networks h WHERE h.thread_id = p.thread_id AND h.network_id = ANY (:networks))),
page AS (
    SELECT * FROM (SELECT * FROM own UNION ALL SELECT * FROM direct UNION ALL SELECT * FROM joint) c
    WHERE :after_id::bigint IS NULL
       OR (c.later, c.opened_at, c.id) > (:after_later::boolean, :after_at::timestamptz, :after_id::bigint)
    ORDER BY c.later, c.opened_at, c.id LIMIT :limit)
SELECT k.* FROM page CROSS JOIN LATERAL (SELECT * FROM shown_cases s WHERE s.id = page.id OFFSET 0) k
ORDER BY page.later, page.opened_at, page.id;

-- name: decided_queue
WITH page AS (
    SELECT c.id, c.decided_at FROM unnest(:networks::bigint[]) n CROSS JOIN LATERAL (
        SELECT c.id, c.decided_at FROM cases c WHERE c.outcome IS NOT NULL AND c.network_id = n
          AND (:after_id::bigint IS NULL OR (c.decided_at, c.id) < (:after_at::timestamptz, :after_id::bigint))
        ORDER BY c.decided_at DESC, c.id DESC LIMIT :limit) c
    UNION ALL
    (SELECT c.id, c.decided_at FROM cases c WHERE c.outcome IS NOT NULL AND c.network_id IS NULL AND 0 = ANY (:networks)
       AND (:after_id::bigint IS NULL OR (c.decided_at, c.id) < (:after_at::timestamptz, :after_id::bigint))
     ORDER BY c.decided_at DESC, c.id DESC LIMIT :limit)
    ORDER BY decided_at DESC, id DESC LIMIT :limit)
SELECT k.* FROM page CROSS JOIN LATERAL (SELECT * FROM shown_cases s WHERE s.id = page.id OFFSET 0) k
ORDER BY page.decided_at DESC, page.id DESC;

-- name: waiting$
-- How many are open, counted to 100.
SELECT count(*) FROM (
    SELECT FROM cases c WHERE c.outcome IS NULL AND c.network_id = ANY (:networks)
    UNION ALL
    SELECT FROM cases c WHERE c.outcome IS NULL AND c.network_id IS NULL AND 0 = ANY (:networks)
    UNION ALL
    SELECT FROM cases c JOIN posts p ON p.id = c.post_id
    WHERE c.outcome IS NULL AND c.network_id <> ALL (:networks)
      AND EXISTS (SELECT FROM thread_networks h WHERE h.thread_id = p.thread_id AND h.network_id = ANY (:networks))
    LIMIT 100) w;

-- name: voices
-- What members said. Their names are for moderators alone.
SELECT r.id, r.case_id, r.member_id, a.name AS member_name, w.body AS reason, x.body AS note, r.reported_at
FROM reports r LEFT JOIN people a ON a.id = r.member_id
LEFT JOIN notes w ON w.id = r.reason_id LEFT JOIN notes x ON x.id = r.note_id
WHERE r.case_id = ANY (:cases) ORDER BY r.id LIMIT 500;

-- name: reasons$
-- The reasons that a network has of its own.
SELECT reasons FROM networks WHERE id = :network;
