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

-- name: spread_people!
-- Everybody has been here for a while; a thread's holders hold it since it began.
WITH joined AS (UPDATE members SET created_at = now() - (40 + id) * interval '1 day' RETURNING id),
since AS (UPDATE memberships SET since = now() - (30 + member_id) * interval '1 day' RETURNING member_id)
UPDATE thread_networks h SET since = t.created_at FROM threads t WHERE t.id = h.thread_id;

-- name: spread_visits!
-- Everybody looked in the evening before, and read what stood there: what came since is new to them.
WITH visit AS (SELECT now() - interval '15 hours' AS at),
seen AS (UPDATE members SET seen_at = visit.at FROM visit),
told AS (UPDATE notifications n SET read_at = visit.at, created_at = least(n.created_at, visit.at) FROM visit
         WHERE n.created_at < visit.at OR n.kind = 'role'),
threads_read AS (
    INSERT INTO thread_reads (member_id, thread_id, numbers, read_at)
    SELECT s.member_id, p.thread_id, range_agg(int4range(p.number, p.number + 1)), visit.at
    FROM visit CROSS JOIN posts p
    JOIN LATERAL (SELECT DISTINCT s.member_id FROM thread_networks h JOIN memberships s ON s.network_id = h.network_id
                  WHERE h.thread_id = p.thread_id) s ON true
    WHERE p.created_at < visit.at
    GROUP BY s.member_id, p.thread_id, visit.at
    ON CONFLICT (member_id, thread_id) DO UPDATE SET numbers = thread_reads.numbers + excluded.numbers, read_at = excluded.read_at)
INSERT INTO room_reads (member_id, room_id, number, read_at)
SELECT s.member_id, r.id, greatest(last.number - 4, 0), now() - interval '40 minutes'
FROM rooms r JOIN memberships s ON s.network_id = r.network_id
JOIN LATERAL (SELECT max(m.number) AS number FROM messages m WHERE m.room_id = r.id) last ON last.number IS NOT NULL
ON CONFLICT (member_id, room_id) DO UPDATE SET number = greatest(room_reads.number, excluded.number), read_at = excluded.read_at;
