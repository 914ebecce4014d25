-- name: listed
SELECT * FROM shown_notifications
WHERE member_id = :member AND (:before::bigint IS NULL OR id < :before::bigint) AND (NOT :unread_only OR read_at IS NULL)
ORDER BY id DESC LIMIT :limit;

-- name: unread$
SELECT count(*) FROM (SELECT FROM notifications WHERE member_id = :member AND read_at IS NULL LIMIT 100) n;

-- name: mark_read
WITH marked AS (
    SELECT id FROM notifications WHERE member_id = :member AND read_at IS NULL AND (:ids::bigint[] IS NULL OR id = ANY (:ids))
    ORDER BY id DESC LIMIT 500)
UPDATE notifications n SET read_at = now() FROM marked WHERE n.id = marked.id RETURNING n.id;

-- name: notify$
INSERT INTO notifications (member_id, kind, network_id, post_id, message_id, reason_id)
VALUES (:member, :kind, :network, :post, :message, :reason) RETURNING id;
