-- name: block$
INSERT INTO blocks (member_id, blocked_id) VALUES (:member, :blocked) ON CONFLICT DO NOTHING RETURNING 1;

-- name: hear_no_more
-- What the member was told of the other and has not read yet counts no more.
UPDATE notifications SET read_at = now() WHERE member_id = :member AND actor_id = :blocked AND read_at IS NULL RETURNING id;

-- name: unblock$
DELETE FROM blocks WHERE member_id = :member AND blocked_id = :blocked RETURNING 1;

-- name: count$
SELECT count(*) FROM blocks WHERE member_id = :member;

-- name: listed
SELECT m.id, m.name, m.title, m.organisation, m.region, m.version, b.since FROM blocks b JOIN people m ON m.id = b.blocked_id
WHERE b.member_id = :member ORDER BY b.since DESC, m.id LIMIT 500;
