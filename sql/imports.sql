-- Imports. Each batch is one transaction; what a statement reads of earlier ones is what makes an import resumable.

-- name: network^
SELECT n.id, r.id AS room_id FROM networks n LEFT JOIN rooms r ON r.network_id = n.id WHERE n.slug = :slug;

-- name: begin^
-- `resumed`: this very source was begun before, and never came to its end.
INSERT INTO imports (network_id, kind, source_hash) VALUES (:network, :kind, :source)
ON CONFLICT (network_id, kind, source_hash) DO UPDATE SET started_at = imports.started_at
RETURNING id, xmax <> 0 AND finished_at IS NULL AS resumed;

-- name: finish!
UPDATE imports SET finished_at = now() WHERE id = :import_id AND finished_at IS NULL;

-- name: one_at_a_time
-- Two imports into one network take turns, batch by batch: what the one has stored the other finds.
SELECT pg_advisory_xact_lock(hashtextextended('import', :network::bigint));

-- name: known
SELECT i.item_key, p.id AS post, p.thread_id AS thread, p.path, p.depth,
       EXISTS (SELECT FROM thread_networks h WHERE h.thread_id = p.thread_id AND h.network_id = i.network_id) AS held
FROM import_items i LEFT JOIN posts p ON p.id = i.post_id
WHERE i.network_id = :network AND i.item_key = ANY (:keys::bytea[]);

-- name: lock_threads
SELECT id FROM threads WHERE id = ANY (:threads::bigint[]) ORDER BY id FOR NO KEY UPDATE;

-- name: last_numbers
SELECT thread_id AS thread, max(number) AS number FROM posts WHERE thread_id = ANY (:threads::bigint[]) GROUP BY thread_id;

-- name: take_ids^
SELECT ARRAY(SELECT nextval(pg_get_serial_sequence('threads', 'id')) FROM generate_series(1, :threads::int)) AS threads,
       ARRAY(SELECT nextval(pg_get_serial_sequence('posts', 'id')) FROM generate_series(1, :posts::int)) AS posts;

-- name: add_bylines!
-- A byline that is there stays as it is: a name that was removed does not come back.
INSERT INTO bylines (author_key, name)
SELECT DISTINCT ON (b.author_key) b.author_key, b.name
FROM unnest(:author_keys::bytea[], :names::text[]) AS b (author_key, name) ORDER BY b.author_key
ON CONFLICT (author_key) DO NOTHING;

-- name: bylines
SELECT author_key, id FROM bylines WHERE author_key = ANY (:author_keys::bytea[]);

-- name: add_threads!
WITH new AS (
    INSERT INTO threads (id, network_id, byline_id, title, audience, created_at, active_at, last_byline_id)
    OVERRIDING SYSTEM VALUE
    SELECT t.id, n.id, t.byline, t.title, n.visibility, t.written, t.written, t.byline
    FROM unnest(:ids::bigint[], :bylines::bigint[], :titles::text[], :written::timestamptz[]) AS t (id, byline, title, written),
         networks n
    WHERE n.id = :network
    RETURNING id, network_id, active_at)
INSERT INTO thread_networks (thread_id, network_id, active_at) SELECT id, network_id, active_at FROM new;

-- name: add_posts!
WITH item AS (
    SELECT * FROM unnest(:keys::bytea[], :ids::bigint[], :threads::bigint[], :bylines::bigint[], :parents::bigint[], :numbers::int[],
                         :depths::int[], :paths::bytea[], :bodies::text[], :htmls::text[], :written::timestamptz[])
           AS u (item_key, id, thread, byline, parent, number, depth, path, body, html, written)),
known AS (
    INSERT INTO import_items (network_id, item_key, post_id) SELECT :network, item_key, id FROM item)
INSERT INTO posts (id, thread_id, network_id, byline_id, parent_id, number, depth, path, body, html, renderer, created_at)
OVERRIDING SYSTEM VALUE
SELECT id, thread, :network, byline, parent, number, depth, path, body, html, :renderer, written FROM item;

-- name: recount!
-- What a job does for replies; here it is done at once, so that no thread is announced on its own.
WITH counted AS (
    SELECT p.thread_id, max(p.number) AS last, count(*) FILTER (WHERE p.state = 'shown') AS shown,
           count(DISTINCT coalesce(p.author_id, -p.byline_id)) FILTER (WHERE p.state = 'shown') AS people,
           max(p.created_at) AS active_at, max(p.number) FILTER (WHERE p.state = 'shown') AS last_shown
    FROM posts p WHERE p.thread_id = ANY (:threads::bigint[]) GROUP BY p.thread_id),
moved AS (
    UPDATE threads t SET last_number = c.last, shown = c.shown, people = c.people, active_at = greatest(t.active_at, c.active_at),
                         last_author_id = l.author_id, last_byline_id = l.byline_id
    FROM counted c LEFT JOIN posts l ON l.thread_id = c.thread_id AND l.number = c.last_shown
    WHERE t.id = c.thread_id
    RETURNING t.id, t.active_at)
UPDATE thread_networks h SET active_at = moved.active_at FROM moved WHERE h.thread_id = moved.id;

-- name: member_count$
SELECT count(*) FROM memberships WHERE network_id = :network;

-- name: read_threads!
-- All that was imported into these threads counts as read by everybody who is a member now; nothing else does.
INSERT INTO thread_reads (member_id, thread_id, numbers)
SELECT m.member_id, i.thread_id, i.numbers
FROM (SELECT p.thread_id, range_agg(int4range(p.number, p.number + 1)) AS numbers
      FROM posts p WHERE p.thread_id = ANY (:threads::bigint[]) AND p.byline_id IS NOT NULL GROUP BY p.thread_id) i,
     memberships m
WHERE m.network_id = :network
ORDER BY m.member_id, i.thread_id
ON CONFLICT (member_id, thread_id) DO UPDATE SET numbers = thread_reads.numbers + EXCLUDED.numbers, read_at = now();

-- name: known_messages
SELECT item_key FROM import_items WHERE network_id = :network AND item_key = ANY (:keys::bytea[]);

-- name: lock_room$
SELECT id FROM rooms WHERE id = :room FOR NO KEY UPDATE;

-- name: last_message$
SELECT coalesce(max(number), 0) FROM messages WHERE room_id = :room;

-- name: add_messages!
WITH item AS (
    SELECT * FROM unnest(:keys::bytea[], :bylines::bigint[], :numbers::int[], :bodies::text[], :htmls::text[], :written::timestamptz[])
           AS u (item_key, byline, number, body, html, written)),
new AS (
    INSERT INTO messages (room_id, byline_id, number, body, html, renderer, created_at)
    SELECT :room, byline, number, body, html, :renderer, written FROM item ORDER BY number
    RETURNING id, number)
INSERT INTO import_items (network_id, item_key, message_id)
SELECT :network, item.item_key, new.id FROM item JOIN new ON new.number = item.number;

-- name: read_room!
-- Whoever had read the room to its end has still done so; who had not finds his place again.
INSERT INTO room_reads (member_id, room_id, number)
SELECT m.member_id, :room, :last::int
FROM memberships m LEFT JOIN room_reads r ON r.room_id = :room AND r.member_id = m.member_id
WHERE m.network_id = :network AND NOT EXISTS (
    SELECT FROM messages x WHERE x.room_id = :room AND x.number > coalesce(r.number, 0) AND x.number <= :before::int
      AND x.state = 'shown' AND x.author_id IS DISTINCT FROM m.member_id)
ORDER BY m.member_id
ON CONFLICT (member_id, room_id) DO UPDATE SET number = greatest(room_reads.number, EXCLUDED.number), read_at = now();
