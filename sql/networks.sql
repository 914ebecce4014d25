-- name: insert^
WITH new AS (
    INSERT INTO networks (name, slug, kind, parent_id, visibility, purpose)
    VALUES (:name, :slug, :kind, :parent, :visibility, :purpose) ON CONFLICT (slug) DO NOTHING RETURNING id),
room AS (INSERT INTO rooms (network_id) SELECT id FROM new),
lead AS (INSERT INTO memberships (network_id, member_id, role) SELECT id, :member, 'lead' FROM new)
SELECT id FROM new;

-- name: one^
SELECT * FROM shown_networks WHERE id = :network;

-- name: lock
SELECT 1 FROM networks WHERE id = :network FOR NO KEY UPDATE;

-- name: describe!
UPDATE networks SET name = coalesce(:name::text, name), purpose = coalesce(:purpose::text, purpose), about = coalesce(:about::text, about),
    about_html = coalesce(:about_html::text, about_html), listed = coalesce(:listed::boolean, listed),
    posting = coalesce(:posting::text, posting), renderer = CASE WHEN :about::text IS NULL THEN renderer ELSE :renderer::smallint END,
    version = version + 1
WHERE id = :network;

-- name: around
-- Networks whose pages show this one's name: above, below, and those that hold threads with it.
SELECT n.id FROM networks n WHERE n.id = (SELECT parent_id FROM networks WHERE id = :network) OR n.parent_id = :network
UNION SELECT o.network_id FROM thread_networks h JOIN thread_networks o ON o.thread_id = h.thread_id
WHERE h.network_id = :network AND o.network_id <> :network;

-- name: set_visibility
-- The network, and those below it that would now be more visible than it.
WITH RECURSIVE below AS (
    SELECT id FROM networks WHERE id = :network
    UNION SELECT c.id FROM networks c JOIN below b ON c.parent_id = b.id)
UPDATE networks n SET visibility = :visibility, version = version + 1
FROM below b WHERE n.id = b.id AND (n.id = :network OR breadth(n.visibility) > breadth(:visibility))
RETURNING n.id;

-- name: narrow_threads!
UPDATE threads t SET audience = m.least, version = version + 1
FROM (SELECT h.thread_id, (array_agg(n.visibility ORDER BY breadth(n.visibility)))[1] AS least
      FROM thread_networks h JOIN networks n ON n.id = h.network_id
      WHERE h.thread_id IN (SELECT thread_id FROM thread_networks WHERE network_id = ANY (:networks)) GROUP BY h.thread_id) m
WHERE t.id = m.thread_id AND breadth(t.audience) > breadth(m.least);

-- name: suspension^
SELECT until, reason FROM shown_sanctions
WHERE member_id = :member AND (network_id = :network OR network_id IS NULL) AND kind = 'suspension' AND ended_at IS NULL
ORDER BY until DESC NULLS FIRST LIMIT 1;

-- name: add_member$
INSERT INTO memberships (network_id, member_id, role) VALUES (:network, :member, :role) ON CONFLICT DO NOTHING RETURNING 1;

-- name: read_past
-- Who joins has read what was written before: the newest posts of a fresh member's list would all be unread otherwise.
WITH threads_ AS (
    INSERT INTO thread_reads (member_id, thread_id, numbers)
    SELECT :member, h.thread_id, int4multirange(int4range(1, 1 + (SELECT max(number) FROM posts p WHERE p.thread_id = h.thread_id)))
    FROM thread_networks h WHERE h.network_id = :network AND h.active_at < now() - interval '30 days'
    ON CONFLICT DO NOTHING)
INSERT INTO room_reads (member_id, room_id, number)
SELECT :member, r.id, coalesce((SELECT max(number) FROM messages m WHERE m.room_id = r.id), 0)
FROM rooms r WHERE r.network_id = :network ON CONFLICT DO NOTHING;

-- name: role_of$
SELECT role FROM memberships WHERE network_id = :network AND member_id = :member;

-- name: another_lead$
SELECT EXISTS (SELECT FROM standing WHERE network_id = :network AND role = 'lead' AND member_id <> :member);

-- name: drop_member!
DELETE FROM memberships WHERE network_id = :network AND member_id = :member;

-- name: is_active$
SELECT EXISTS (SELECT FROM members WHERE id = :member AND state = 'active');

-- name: set_role!
UPDATE memberships SET role = :role WHERE network_id = :network AND member_id = :member;

-- name: notify$
INSERT INTO notifications (member_id, kind, network_id, actor_id, request_id)
VALUES (:member, :kind, :network, :actor, :request) RETURNING id;

-- name: ask^
WITH new AS (
    INSERT INTO requests (network_id, member_id, body) VALUES (:network, :member, :body) ON CONFLICT DO NOTHING RETURNING id)
SELECT id, true AS new FROM new
UNION ALL SELECT id, false FROM requests
WHERE network_id = :network AND member_id = :member AND state = 'asked' AND NOT EXISTS (SELECT FROM new);

-- name: deciders
SELECT member_id FROM standing WHERE network_id = :network AND role IN ('moderator', 'lead') ORDER BY member_id LIMIT 50;

-- name: lock_request^
SELECT * FROM requests WHERE id = :request AND network_id = :network FOR NO KEY UPDATE;

-- name: decide!
UPDATE requests SET state = :state, body = NULL, decided_by = :member, decided_at = now() WHERE id = :request;

-- name: open_requests
SELECT q.id, q.member_id, q.body, q.asked_at, q.state, m.name AS member_name, m.title, m.organisation, m.region
FROM requests q JOIN people m ON m.id = q.member_id WHERE q.network_id = :network AND q.state = 'asked' ORDER BY q.id;

-- name: my_request^
SELECT id, asked_at FROM requests WHERE network_id = :network AND member_id = :member AND state = 'asked';

-- name: insert_invitation$
INSERT INTO invitations (network_id, token_hash, role, invited_by, max_uses, expires_at)
VALUES (:network, :hash, :role, :member, :max_uses, :expires_at) RETURNING id;

-- name: invitations
SELECT i.id, i.role, i.uses, i.max_uses, i.created_at, i.expires_at, i.invited_by, m.name AS invited_by_name
FROM invitations i LEFT JOIN people m ON m.id = i.invited_by
WHERE i.network_id = :network AND i.revoked_at IS NULL AND i.uses < i.max_uses AND i.expires_at > now() ORDER BY i.id DESC LIMIT 100;

-- name: revoke_invitation$
UPDATE invitations SET revoked_at = now() WHERE id = :invitation AND network_id = :network AND revoked_at IS NULL RETURNING id;

-- name: invitation^
SELECT i.id, i.role, i.expires_at, n.id AS network_id, n.slug, n.name, n.purpose,
       m.id AS invited_by, m.name AS invited_by_name, m.title AS invited_by_title,
       (SELECT count(*) FROM memberships s WHERE s.network_id = n.id) AS members
FROM invitations i JOIN networks n ON n.id = i.network_id LEFT JOIN people m ON m.id = i.invited_by
WHERE i.token_hash = :hash AND i.revoked_at IS NULL AND i.uses < i.max_uses AND i.expires_at > now();

-- name: use_invitation^
UPDATE invitations i SET uses = uses + 1 FROM networks n
WHERE n.id = i.network_id AND i.token_hash = :hash AND i.revoked_at IS NULL AND i.uses < i.max_uses AND i.expires_at > now()
RETURNING i.role, n.slug;

-- name: seen
SELECT n.id, n.slug, n.name, n.kind, n.visibility, n.purpose, n.parent_id, n.version, r.id AS room_id, s.role,
       p.slug AS parent_slug, (SELECT count(*) FROM memberships c WHERE c.network_id = n.id) AS members
FROM networks n LEFT JOIN rooms r ON r.network_id = n.id LEFT JOIN networks p ON p.id = n.parent_id
LEFT JOIN standing s ON s.network_id = n.id AND s.member_id = :member
WHERE :administrator OR may_see_network(:member, n.id)
ORDER BY n.parent_id NULLS FIRST, n.kind <> 'national', n.name COLLATE "C", n.id;

-- name: mine
-- The networks in which a member counts, as the rail orders them.
SELECT n.id, n.slug, n.name, n.kind, n.parent_id, s.role, r.id AS room_id
FROM standing s JOIN networks n ON n.id = s.network_id LEFT JOIN rooms r ON r.network_id = n.id
WHERE s.member_id = :member
ORDER BY n.parent_id NULLS FIRST, n.kind <> 'national', n.name COLLATE "C", n.id;

-- name: unread
-- What the member has not read in these networks. Threads are counted among the hundred that were active last: more are shown
-- as 99+ anyway.
SELECT n.id,
       (SELECT count(*) FROM (
            SELECT thread_id FROM thread_networks h WHERE h.network_id = n.id ORDER BY active_at DESC, thread_id DESC LIMIT 100) h
        JOIN threads t ON t.id = h.thread_id
        LEFT JOIN thread_reads e ON e.thread_id = h.thread_id AND e.member_id = :member
        WHERE NOT coalesce(e.numbers, '{}') @> int4range(1, t.last_number + 1)
          AND EXISTS (SELECT FROM posts p WHERE p.thread_id = h.thread_id AND p.state = 'shown'
                      AND p.author_id IS DISTINCT FROM :member AND NOT coalesce(e.numbers, '{}') @> p.number)) AS unread_threads,
       (SELECT count(*) FROM (SELECT FROM messages m WHERE m.room_id = r.id AND m.state = 'shown'
              AND m.author_id IS DISTINCT FROM :member AND m.number > coalesce(d.number, 0) LIMIT 100) x) AS unread_messages,
       (SELECT count(*) FROM (SELECT FROM messages m WHERE m.room_id = r.id AND m.state = 'shown'
              AND m.mentions @> ARRAY[:member::bigint] AND m.number > coalesce(d.number, 0) AND hears(:member, m.author_id)
              LIMIT 100) x) AS unread_mentions
FROM unnest(:networks::bigint[]) AS n (id) LEFT JOIN rooms r ON r.network_id = n.id
LEFT JOIN room_reads d ON d.room_id = r.id AND d.member_id = :member;

-- name: look^
-- A network as it is shown, as the caller stands to it, and with what stands beside its threads: who runs it, and its sub-groups, as
-- far as the member may see them.
SELECT n.*, d.role, d.mute, y.network_id IS NOT NULL AS may_read,
       CASE WHEN y.network_id IS NULL THEN may_see_network(:member, n.id) ELSE true END AS may_see,
       CASE WHEN n.parent_id IS NULL THEN false ELSE may_see_network(:member, n.parent_id) END AS may_see_parent,
       (SELECT jsonb_agg(r) FROM (
            SELECT m.id, m.name, m.title, m.organisation, s.role FROM standing s JOIN people m ON m.id = s.member_id
            WHERE s.network_id = n.id AND s.role IN ('lead', 'moderator') ORDER BY s.role, s.since LIMIT 6) r) AS running,
       (SELECT jsonb_agg(g ORDER BY g.name COLLATE "C", g.id) FROM (
            SELECT b.id, b.slug, b.name, b.purpose, b.visibility, b.version, r.id AS room_id, s.role,
                   (SELECT count(*) FROM memberships c WHERE c.network_id = b.id) AS members
            FROM networks b LEFT JOIN rooms r ON r.network_id = b.id
            LEFT JOIN standing s ON s.network_id = b.id AND s.member_id = :member
            WHERE b.parent_id = n.id AND may_see_network(:member, b.id)) g) AS subgroups
FROM shown_networks n
LEFT JOIN standing d ON d.network_id = n.id AND d.member_id = :member
LEFT JOIN readable_network(:member, n.id) y ON true
WHERE n.slug = :slug;

-- name: people
SELECT m.id, m.name, m.title, m.organisation, m.region, m.version, s.role, s.since
FROM standing s JOIN members m ON m.id = s.member_id
WHERE s.network_id = :network
  AND (:query = '' OR m.directory @@ websearch_to_tsquery('simple', plain(:query)) OR m.name ILIKE '%' || replace(replace(replace(:query, '\', '\\'), '%', '\%'), '_', '\_') || '%')
  AND (:after_name::text IS NULL OR (coalesce(m.name, '') COLLATE "C", m.id) > (:after_name::text COLLATE "C", :after_member::bigint))
ORDER BY coalesce(m.name, '') COLLATE "C", m.id LIMIT :limit;

-- name: runners
SELECT m.id, m.name, m.title, m.organisation, s.role FROM standing s JOIN people m ON m.id = s.member_id
WHERE s.network_id = :network AND s.role IN ('lead', 'moderator') ORDER BY s.role, s.since LIMIT 6;

-- name: led_by
-- The networks that a member leads.
SELECT network_id AS id FROM standing WHERE member_id = :member AND role = 'lead';

-- name: memberships_of
-- Where a member is, whether or not a suspension shuts them out.
SELECT n.id, n.slug, n.name, s.role FROM memberships s JOIN networks n ON n.id = s.network_id
WHERE s.member_id = :member ORDER BY n.name COLLATE "C", n.id;
