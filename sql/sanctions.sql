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
