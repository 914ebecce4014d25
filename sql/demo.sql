-- The demo was written in a second; these spread it over the days before, so that pages look lived in.

-- name: spread_posts!
UPDATE posts p SET created_at = now() - r.later * interval '97 minutes'
FROM (SELECT id, row_number() OVER (ORDER BY id DESC) AS later FROM posts) r WHERE r.id = p.id;

-- name: spread_messages!
UPDATE messages m SET created_at = now() - r.later * interval '9 minutes'
FROM (SELECT id, row_number() OVER (PARTITION BY room_id ORDER BY id DESC) AS later FROM messages) r WHERE r.id = m.id;

-- name: spread_threads!
UPDATE threads t SET created_at = p.first, active_at = p.last
FROM (SELECT thread_id, min(created_at) AS first, max(created_at) AS last FROM posts GROUP BY thread_id) p WHERE p.thread_id = t.id;

-- name: spread_lists!
UPDATE thread_networks h SET active_at = t.active_at FROM threads t WHERE t.id = h.thread_id;

-- name: spread_notifications!
UPDATE notifications n SET created_at = coalesce(p.created_at, m.created_at, n.created_at)
FROM notifications x LEFT JOIN posts p ON p.id = x.post_id LEFT JOIN messages m ON m.id = x.message_id WHERE x.id = n.id;

-- name: spread_cases!
WITH later AS (SELECT id, row_number() OVER (ORDER BY id DESC) AS later FROM reports),
said AS (UPDATE reports r SET reported_at = now() - l.later * interval '23 minutes' FROM later l WHERE l.id = r.id)
UPDATE cases c SET opened_at = now() - (SELECT max(l.later) FROM later l JOIN reports r ON r.id = l.id WHERE r.case_id = c.id) * interval '23 minutes';
