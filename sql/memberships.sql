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
INSERT INTO notifications (member_id, kind, network_id, actor_id, request_id, role)
VALUES (:member, :kind, :network, :actor, :request, :role) RETURNING id;

-- name: ask$
INSERT INTO requests (network_id, member_id, body) VALUES (:network, :member, :body) ON CONFLICT DO NOTHING RETURNING id;

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
WHERE i.network_id = :network AND i.revoked_at IS NULL AND i.uses < i.max_uses AND i.expires_at > now()
  AND may_invite(i.invited_by, i.network_id, i.role)
ORDER BY i.id DESC LIMIT 100;

-- name: revoke_invitation$
UPDATE invitations SET revoked_at = now() WHERE id = :invitation AND network_id = :network AND revoked_at IS NULL RETURNING id;

-- name: invitation^
-- It counts as long as who made it may still make it: who was taken out must not come back by a link of their own.
SELECT i.id, i.role, i.expires_at, n.id AS network_id, n.slug, n.name, n.purpose,
       m.id AS invited_by, m.name AS invited_by_name, m.title AS invited_by_title,
       (SELECT count(*) FROM memberships s WHERE s.network_id = n.id) AS members
FROM invitations i JOIN networks n ON n.id = i.network_id LEFT JOIN people m ON m.id = i.invited_by
WHERE i.token_hash = :hash AND i.revoked_at IS NULL AND i.uses < i.max_uses AND i.expires_at > now()
  AND may_invite(i.invited_by, i.network_id, i.role);

-- name: use_invitation^
UPDATE invitations i SET uses = uses + 1 FROM networks n
WHERE n.id = i.network_id AND i.token_hash = :hash AND i.revoked_at IS NULL AND i.uses < i.max_uses AND i.expires_at > now()
  AND may_invite(i.invited_by, i.network_id, i.role)
RETURNING i.role, n.slug;

-- name: people
SELECT m.id, m.name, m.title, m.organisation, m.region, m.version, s.role, s.since
FROM standing s JOIN members m ON m.id = s.member_id
WHERE s.network_id = :network
  AND (:query = '' OR m.directory @@ websearch_to_tsquery('simple', plain(:query)) OR m.name ILIKE '%' || replace(replace(replace(:query, '\', '\\'), '%', '\%'), '_', '\_') || '%')
  AND (:after_name::text IS NULL OR (coalesce(m.name, '') COLLATE "C", m.id) > (:after_name::text COLLATE "C", :after_member::bigint))
ORDER BY coalesce(m.name, '') COLLATE "C", m.id LIMIT :limit;

-- name: led_by
-- The networks that a member leads.
SELECT network_id AS id FROM standing WHERE member_id = :member AND role = 'lead';

-- name: memberships_of
-- Where a member is, whether or not a suspension shuts them out.
SELECT n.id, n.slug, n.name, s.role FROM memberships s JOIN networks n ON n.id = s.network_id
WHERE s.member_id = :member ORDER BY n.name COLLATE "C", n.id;
