-- name: block$
INSERT INTO blocks (member_id, blocked_id) VALUES (:member, :blocked) ON CONFLICT DO NOTHING RETURNING 1;

-- name: unblock$
DELETE FROM blocks WHERE member_id = :member AND blocked_id = :blocked RETURNING 1;

-- name: count$
SELECT count(*) FROM blocks WHERE member_id = :member;

-- name: listed
SELECT m.id, m.name, m.title, m.organisation, m.region, m.version, b.since FROM blocks b JOIN people m ON m.id = b.blocked_id
WHERE b.member_id = :member ORDER BY b.since DESC, m.id LIMIT 500;
