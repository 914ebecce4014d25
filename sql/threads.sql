-- name: insert^
-- A thread, its holders and its opening post.
WITH new AS (
    INSERT INTO threads (network_id, author_id, title, audience, last_author_id)
    VALUES (:network, :author, :title, :audience, :author) RETURNING id, network_id, author_id),
held AS (
    INSERT INTO thread_networks (thread_id, network_id) SELECT new.id, h FROM new, unnest(:holders::bigint[]) h),
opening AS (
    INSERT INTO posts (thread_id, network_id, author_id, number, depth, path, body, html, mentions, quotes, renderer)
    SELECT new.id, new.network_id, new.author_id, 1, 0, int4send(1), :body, :html, :mentions, :quotes, :renderer FROM new
    RETURNING id, thread_id),
quoted AS (
    INSERT INTO quotes (source_id, target_id) SELECT s.id, opening.id FROM opening, posts s WHERE s.id = ANY (:quotes)),
watched AS (
    INSERT INTO watches (thread_id, member_id, told_number) SELECT id, author_id, 1 FROM new),
seen AS (
    INSERT INTO thread_reads (member_id, thread_id, numbers) SELECT author_id, id, '{[1,2)}' FROM new)
SELECT opening.thread_id AS id, opening.id AS post FROM opening;

-- name: tell_mentioned^
-- In a statement of its own: who may read a thread can only be told once the thread is there.
WITH told AS (
    INSERT INTO notifications (member_id, kind, post_id, thread_id, actor_id)
    SELECT m, 'mention', :post, :thread, :author FROM unnest(:mentions::bigint[]) m
    WHERE m <> :author AND hears(m, :author) AND may_read_thread(m, :thread) ORDER BY m LIMIT 20
    ON CONFLICT DO NOTHING RETURNING id, member_id)
SELECT array_agg(member_id) AS told_members, array_agg(id) AS told_ids FROM told;

-- name: one^
SELECT * FROM listed_threads WHERE id = :thread AND in_network_id = network_id;

-- name: listed
-- Threads of a network by last activity, and before them, where they are wanted, those that are pinned (`first`); with how many posts
-- of each the member has not read; with `audiences`, only those for them. A cursor is the place of the last one shown. What is announced (last_number) holds while nothing
-- has changed since (`dirty`): a thread that was read to its end is not counted.
SELECT l.*, CASE WHEN :member::bigint IS NULL THEN NULL
                 WHEN NOT t.dirty AND r.numbers @> int4range(1, t.last_number + 1) THEN 0
                 ELSE (SELECT count(*) FROM posts p WHERE p.thread_id = l.id AND p.state = 'shown' AND p.author_id IS DISTINCT FROM :member
                       AND NOT coalesce(r.numbers, '{}') @> p.number) END AS unread
FROM (
    (SELECT true AS first, * FROM listed_threads WHERE in_network_id = :network AND pinned_at IS NOT NULL AND :pinned
       AND (:audiences::text[] IS NULL OR audience = ANY (:audiences))
     ORDER BY pinned_at DESC LIMIT 20)
    UNION ALL
    (SELECT false, * FROM listed_threads
     WHERE in_network_id = :network AND (:audiences::text[] IS NULL OR audience = ANY (:audiences))
       AND (:before::timestamptz IS NULL OR (listed_at, id) < (:before::timestamptz, :before_id::bigint))
       AND (:since::timestamptz IS NULL OR listed_at >= :since::timestamptz)
       AND (:until::timestamptz IS NULL OR listed_at < :until::timestamptz)
     ORDER BY listed_at DESC, id DESC LIMIT :limit)) l
JOIN threads t ON t.id = l.id
LEFT JOIN thread_reads r ON r.thread_id = l.id AND r.member_id = :member
ORDER BY l.first DESC, CASE WHEN l.first THEN l.pinned_at END DESC, l.listed_at DESC, l.id DESC;

-- name: counted^
-- The last number and how many posts are shown, counted now: the thread's own columns wait for the announcement.
SELECT max(number) AS last, count(*) FILTER (WHERE state = 'shown') AS shown FROM posts WHERE thread_id = :thread;

-- name: unread_in
-- Of these threads, how many posts the member has not read: shown, not their own, outside what they read.
SELECT t.id, u.unread
FROM threads t LEFT JOIN thread_reads r ON r.thread_id = t.id AND r.member_id = :member
CROSS JOIN LATERAL (
    SELECT count(*) AS unread FROM posts p WHERE p.thread_id = t.id AND p.state = 'shown' AND p.author_id IS DISTINCT FROM :member
      AND NOT coalesce(r.numbers, '{}') @> p.number) u
WHERE t.id = ANY (:threads) AND (t.dirty OR NOT coalesce(r.numbers, '{}') @> int4range(1, t.last_number + 1)) AND u.unread > 0;

-- name: unread_home
-- Threads of my networks with something unread in them, by last activity: of each network the hundred that were active last, as in
-- the rail, so that it takes no longer where there are more.
WITH near AS (
    SELECT DISTINCT ON (h.thread_id) h.thread_id, h.network_id, h.active_at
    FROM standing s CROSS JOIN LATERAL (
        SELECT thread_id, network_id, active_at FROM thread_networks h
        WHERE h.network_id = s.network_id
          AND (:before::timestamptz IS NULL OR (h.active_at, h.thread_id) < (:before::timestamptz, :before_id::bigint))
        ORDER BY active_at DESC, thread_id DESC LIMIT 100) h
    WHERE s.member_id = :member),
unread AS (
    SELECT n.thread_id, n.network_id, u.unread
    FROM (SELECT * FROM near ORDER BY active_at DESC, thread_id DESC) n
    JOIN threads t ON t.id = n.thread_id
    LEFT JOIN thread_reads r ON r.thread_id = n.thread_id AND r.member_id = :member
    CROSS JOIN LATERAL (
        SELECT count(*) AS unread FROM posts p
        WHERE p.thread_id = n.thread_id AND p.state = 'shown' AND p.author_id IS DISTINCT FROM :member
          AND NOT coalesce(r.numbers, '{}') @> p.number) u
    WHERE (t.dirty OR NOT coalesce(r.numbers, '{}') @> int4range(1, t.last_number + 1)) AND u.unread > 0
    ORDER BY n.active_at DESC, n.thread_id DESC LIMIT :limit)
SELECT l.*, u.unread FROM unread u JOIN listed_threads l ON l.id = u.thread_id AND l.in_network_id = u.network_id
ORDER BY l.listed_at DESC, l.id DESC;

-- name: latest_home
-- The threads of my networks that were active last.
WITH near AS (
    SELECT DISTINCT ON (h.thread_id) h.thread_id, h.network_id, h.active_at
    FROM standing s CROSS JOIN LATERAL (
        SELECT thread_id, network_id, active_at FROM thread_networks h WHERE h.network_id = s.network_id
        ORDER BY active_at DESC, thread_id DESC LIMIT :limit) h
    WHERE s.member_id = :member)
SELECT l.* FROM (SELECT * FROM near ORDER BY active_at DESC, thread_id DESC LIMIT :limit) n
JOIN listed_threads l ON l.id = n.thread_id AND l.in_network_id = n.network_id
ORDER BY l.listed_at DESC, l.id DESC;

-- name: unanswered_home
-- Threads of my networks that have waited a day without a reply: where I can help.
SELECT DISTINCT ON (t.created_at, t.id) t.* FROM listed_threads t
JOIN standing s ON s.network_id = t.in_network_id AND s.member_id = :member
WHERE t.last_number = 1 AND t.shown = 1 AND t.locked_at IS NULL AND t.created_at < now() - interval '1 day'
  AND t.author_id IS DISTINCT FROM :member
ORDER BY t.created_at DESC, t.id LIMIT 3;

-- name: first_unread^
-- The first post in tree order that the member has not read, and how many there are.
SELECT (array_agg(p.id ORDER BY p.path))[1] AS post, (array_agg(p.number ORDER BY p.path))[1] AS number, count(*) AS unread
FROM posts p LEFT JOIN thread_reads r ON r.thread_id = p.thread_id AND r.member_id = :member
WHERE p.thread_id = :thread AND p.state = 'shown' AND p.author_id IS DISTINCT FROM :member
  AND NOT coalesce(r.numbers, '{}') @> p.number;

-- name: mark_read$
INSERT INTO thread_reads (member_id, thread_id, numbers)
SELECT :member, :thread, coalesce(range_agg(int4range(n, n + 1)), '{}') FROM unnest(:numbers::int[]) n
ON CONFLICT (member_id, thread_id) DO UPDATE SET numbers = thread_reads.numbers + EXCLUDED.numbers, read_at = now()
    WHERE NOT thread_reads.numbers @> EXCLUDED.numbers
RETURNING 1;

-- name: mark_all_read
-- All posts of all threads of these networks; returns the threads.
INSERT INTO thread_reads (member_id, thread_id, numbers)
SELECT :member, t.id, int4multirange(int4range(1, t.last + 1))
FROM (SELECT DISTINCT h.thread_id AS id, (SELECT max(number) FROM posts p WHERE p.thread_id = h.thread_id) AS last
      FROM thread_networks h WHERE h.network_id = ANY (:networks)) t
ON CONFLICT (member_id, thread_id) DO UPDATE SET numbers = thread_reads.numbers + EXCLUDED.numbers, read_at = now()
    WHERE NOT thread_reads.numbers @> EXCLUDED.numbers
RETURNING thread_id;

-- name: watch!
INSERT INTO watches (thread_id, member_id, told_number)
SELECT :thread, :member, max(number) FROM posts WHERE thread_id = :thread ON CONFLICT DO NOTHING;

-- name: unwatch!
DELETE FROM watches WHERE thread_id = :thread AND member_id = :member;

-- name: retitle!
UPDATE threads SET title = :title, version = version + 1 WHERE id = :thread;

-- name: lock!
UPDATE threads SET locked_at = CASE WHEN :locked THEN coalesce(locked_at, now()) END, version = version + 1 WHERE id = :thread;

-- name: pin!
UPDATE thread_networks SET pinned_at = CASE WHEN :pinned THEN coalesce(pinned_at, now()) END
WHERE thread_id = :thread AND network_id = :network;

-- name: least_visibility$
SELECT visibility FROM networks WHERE id = ANY (:networks) ORDER BY breadth(visibility) LIMIT 1;

-- name: seal_title!
WITH put AS (
    INSERT INTO sealed (noun, object_id, version, body, at)
    SELECT 'title', id, version, title, created_at FROM threads WHERE id = :thread AND title IS NOT NULL
    ON CONFLICT DO NOTHING)
UPDATE threads SET title = NULL, version = version + 1 WHERE id = :thread;

-- name: unseal_title!
WITH newest AS (SELECT body FROM sealed WHERE noun = 'title' AND object_id = :thread ORDER BY version DESC LIMIT 1),
opened AS (DELETE FROM sealed WHERE noun = 'title' AND object_id = :thread)
UPDATE threads SET title = newest.body, version = threads.version + 1 FROM newest WHERE id = :thread AND title IS NULL;
