-- Direct conversations. What stands in one is in sql/messages.sql, as in every room.

-- name: may_begin$
-- May this member write to that one at all? Both count in one network. (Whether they are heard is another question.)
SELECT share_a_network(:member, :other);

-- name: of_pair$
SELECT id FROM rooms WHERE pair = ARRAY[least(:member::bigint, :other::bigint), greatest(:member::bigint, :other::bigint)];

-- name: lock_pair
SELECT 1 FROM rooms WHERE pair = ARRAY[least(:member::bigint, :other::bigint), greatest(:member::bigint, :other::bigint)] FOR NO KEY UPDATE;

-- name: open$
-- A new one, in the list of who opens it; nothing where there is one, and who opens one at the same moment is waited for.
WITH new AS (
    INSERT INTO rooms (pair) VALUES (ARRAY[least(:member::bigint, :other::bigint), greatest(:member::bigint, :other::bigint)])
    ON CONFLICT (pair) DO NOTHING RETURNING id, pair),
in_it AS (
    INSERT INTO participants (room_id, member_id, listed_at)
    SELECT n.id, m, CASE WHEN m = :member THEN now() END FROM new n, unnest(n.pair) m)
SELECT id FROM new;

-- name: list_it$
UPDATE participants SET listed_at = now() WHERE room_id = :room AND member_id = :member AND listed_at IS NULL RETURNING 1;

-- name: one^
SELECT * FROM shown_conversations WHERE id = :room AND viewer_id = :member;

-- name: listed
-- A member's, by when something was said last. The view is read for the page alone.
WITH page AS MATERIALIZED (
    SELECT p.room_id, p.listed_at FROM participants p WHERE p.member_id = :member AND p.listed_at IS NOT NULL
      AND (:before_id::bigint IS NULL OR (p.listed_at, p.room_id) < (:before_at::timestamptz, :before_id::bigint))
    ORDER BY p.listed_at DESC, p.room_id DESC LIMIT :limit)
SELECT c.* FROM page CROSS JOIN LATERAL (SELECT * FROM shown_conversations s WHERE s.id = page.room_id AND s.viewer_id = :member OFFSET 0) c
ORDER BY page.listed_at DESC, page.room_id DESC;

-- name: unread$
-- In how many something is unread, of the hundred in which something was said last: more are shown as 99+ anyway.
SELECT count(*) FROM (SELECT p.room_id FROM participants p WHERE p.member_id = :member AND p.listed_at IS NOT NULL
                      ORDER BY p.listed_at DESC, p.room_id DESC LIMIT 100) p
LEFT JOIN room_reads d ON d.room_id = p.room_id AND d.member_id = :member
WHERE EXISTS (SELECT FROM messages m WHERE m.room_id = p.room_id AND m.state = 'shown' AND m.author_id IS DISTINCT FROM :member
              AND m.number > coalesce(d.number, 0));
