-- name: insert_hold$
INSERT INTO holds (post_id, network_id, held_by, until) VALUES (:post, :network, :member, :until) RETURNING id;

-- name: held_before$
SELECT EXISTS (SELECT FROM holds WHERE post_id = :post AND network_id = :network AND outcome IN ('restored', 'lapsed'));

-- name: open_hold^
SELECT * FROM holds WHERE post_id = :post AND outcome IS NULL;

-- name: end_hold$
UPDATE holds SET outcome = :outcome, ended_at = now() WHERE post_id = :post AND outcome IS NULL RETURNING id;

-- name: due_holds
SELECT post_id FROM holds WHERE outcome IS NULL AND until <= :now ORDER BY until LIMIT 100;

-- name: notify$
INSERT INTO notifications (member_id, kind, network_id, post_id, message_id, reason_id)
VALUES (:member, :kind, :network, :post, :message, :reason) RETURNING id;

-- name: role_of$
SELECT role FROM memberships WHERE network_id = :network AND member_id = :member;

-- name: impose$
INSERT INTO sanctions (member_id, network_id, kind, until, imposed_by)
SELECT :member, :network, :kind, :until, :by
WHERE NOT EXISTS (SELECT FROM sanctions WHERE member_id = :member AND network_id = :network AND kind = :kind AND ended_at IS NULL)
RETURNING id;

-- name: lift$
UPDATE sanctions SET ended_at = now() WHERE member_id = :member AND network_id = :network AND kind = :kind AND ended_at IS NULL
RETURNING id;

-- name: due_sanctions
SELECT id, member_id, network_id, kind FROM sanctions WHERE ended_at IS NULL AND until <= :now ORDER BY until LIMIT 100;

-- name: end_sanction$
UPDATE sanctions SET ended_at = now() WHERE id = :sanction AND ended_at IS NULL RETURNING id;

-- name: in_force
SELECT kind, until FROM sanctions WHERE member_id = :member AND ended_at IS NULL AND (network_id = :network OR network_id IS NULL);

-- name: open_holds
SELECT h.id, h.post_id, h.until, h.outcome, h.held_at, h.thread_id, h.thread_title, h.decides_id,
       h.network_id AS held_by_network_id, h.held_by_network AS held_by_network_name
FROM shown_holds h JOIN thread_networks g ON g.thread_id = h.thread_id AND g.network_id = :network
WHERE h.outcome IS NULL ORDER BY h.until, h.id LIMIT 200;
