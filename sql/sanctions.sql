-- name: role_of$
SELECT role FROM memberships WHERE network_id = :network AND member_id = :member;

-- name: impose$
-- A warning is over as soon as it is said; of the others one of a kind is in force.
INSERT INTO sanctions (member_id, network_id, kind, until, imposed_by, reason_id, note_id, ended_at)
SELECT :member, :network, :kind, :until, :by, :reason, :note, CASE WHEN :kind = 'warning' THEN now() END
WHERE NOT EXISTS (SELECT FROM sanctions WHERE member_id = :member AND network_id = :network AND kind = :kind AND ended_at IS NULL)
RETURNING id;

-- name: tell$
INSERT INTO notifications (member_id, kind, network_id, reason_id, note_id, until)
VALUES (:member, :kind, :network, :reason, :note, :until) RETURNING id;

-- name: lift$
UPDATE sanctions SET ended_at = now() WHERE member_id = :member AND network_id = :network AND kind = :kind AND ended_at IS NULL
RETURNING id;

-- name: due_sanctions
SELECT id, member_id, network_id, kind FROM sanctions WHERE ended_at IS NULL AND until <= :now ORDER BY until LIMIT 100;

-- name: end_sanction$
UPDATE sanctions SET ended_at = now() WHERE id = :sanction AND ended_at IS NULL RETURNING id;

-- name: one^
SELECT * FROM shown_sanctions WHERE id = :sanction;

-- name: in_force
SELECT * FROM shown_sanctions WHERE member_id = :member AND ended_at IS NULL AND network_id = :network ORDER BY id;

-- name: listed
SELECT * FROM shown_sanctions WHERE network_id = :network AND ended_at IS NULL AND (:before::bigint IS NULL OR id < :before::bigint)
ORDER BY id DESC LIMIT :limit;

-- name: done_to
SELECT * FROM shown_sanctions WHERE member_id = :member AND (:before::bigint IS NULL OR id < :before::bigint)
ORDER BY id DESC LIMIT :limit;

-- name: removals_of
SELECT r.id, r.network_id, n.name AS network_name, n.slug AS network_slug, r.post_id, r.message_id, r.removed_at, r.restored_at,
       r.purged_at, r.appeal_until, r.appeal_closed_at, w.body AS reason, e.body AS note, a.outcome AS appeal_outcome, a.id IS NOT NULL AS appealed
FROM removals r LEFT JOIN networks n ON n.id = r.network_id
LEFT JOIN notes w ON w.id = r.reason_id LEFT JOIN notes e ON e.id = r.note_id
LEFT JOIN appeals a ON a.removal_id = r.id
WHERE r.author_id = :member AND (:before::bigint IS NULL OR r.id < :before::bigint)
ORDER BY r.id DESC LIMIT :limit;

-- name: words_removed
-- Of the member's profile: the note is for the log alone.
SELECT l.id, l.noun, w.body AS reason, l.at AS removed_at
FROM moderation_log l LEFT JOIN notes w ON w.id = l.reason_id
WHERE l.subject_id = :member AND l.act = 'remove' AND l.noun IN ('name', 'about')
ORDER BY l.id DESC LIMIT :limit;
