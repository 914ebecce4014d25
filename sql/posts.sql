-- Posts. Every statement that changes one runs with its thread and itself locked (access.lock_thread).

-- name: one^
SELECT * FROM shown_posts WHERE id = :post;

-- name: opening$
SELECT id FROM posts WHERE thread_id = :thread AND number = 1;

-- name: insert^
SELECT post_id AS id, told_members, told_ids
FROM insert_replies(
    ARRAY[ROW(:author, :thread, NULL, :network, :parent, NULL, NULL, :body, :html, :mentions, :quotes, :renderer)::wanted_reply],
    ARRAY[nextval('posts_id_seq')]);

-- name: write
-- Locks, compares, inserts, keeps the keys, records: a transaction by itself, for each of these replies.
SELECT w.outcome, w.channels, w.heads, (w.shown).* FROM write_replies(:rows::wanted_reply[], :wait) w;

-- name: quotable
-- Of the posts that a text quotes, those which every reader of the thread may read.
SELECT s.id FROM posts s WHERE s.id = ANY (:quotes) AND quotable(s.thread_id, :thread);

-- name: edit^
WITH old AS (
    SELECT id, version, body, coalesce(edited_at, created_at) AS at, mentions FROM posts WHERE id = :object),
kept AS (
    INSERT INTO revisions (noun, object_id, version, body, at) SELECT 'post', id, version, body, at FROM old),
unquoted AS (
    DELETE FROM quotes WHERE target_id = :object AND source_id <> ALL (:quotes)),
quoted AS (
    INSERT INTO quotes (source_id, target_id) SELECT s.id, :object FROM posts s WHERE s.id = ANY (:quotes) ON CONFLICT DO NOTHING),
told AS (
    INSERT INTO notifications (member_id, kind, post_id, thread_id, actor_id)
    SELECT m, 'mention', :object, p.thread_id, p.author_id
    FROM old, posts p, unnest(:mentions::bigint[]) m
    WHERE p.id = :object AND m <> ALL (old.mentions) AND m <> p.author_id AND hears(m, p.author_id) AND may_read_thread(m, p.thread_id)
    ORDER BY m LIMIT 20
    ON CONFLICT DO NOTHING RETURNING id, member_id),
changed AS (
    UPDATE posts SET body = :body, html = :html, mentions = :mentions, quotes = :quotes, renderer = :renderer,
                     version = version + 1, edited_at = now()
    WHERE id = :object RETURNING version)
SELECT version, (SELECT array_agg(told.member_id) FROM told) AS told_members, (SELECT array_agg(told.id) FROM told) AS told_ids
FROM changed;

-- name: lock
-- Several at once, with where they stand, for an act of this member; NULL: of the clock, or of who decides from elsewhere.
SELECT lock_posts(:member, :objects);

-- name: seal
-- Leaving `shown` moves the words, edits included, into the sealed table; nothing else holds them.
WITH old AS (
    SELECT id, version, body, coalesce(edited_at, created_at) AS at FROM posts WHERE id = ANY (:objects) AND state = 'shown'),
put AS (
    INSERT INTO sealed (noun, object_id, version, body, at)
    SELECT 'post', id, version, body, at FROM old
    UNION ALL SELECT r.noun, r.object_id, r.version, r.body, r.at FROM revisions r, old WHERE r.noun = 'post' AND r.object_id = old.id),
forgotten AS (
    DELETE FROM revisions WHERE noun = 'post' AND object_id = ANY (:objects)),
unquoted AS (
    DELETE FROM quotes WHERE target_id = ANY (:objects)),
dirty AS (
    UPDATE threads SET dirty = true WHERE id IN (SELECT thread_id FROM posts WHERE id = ANY (:objects)) AND NOT dirty)
UPDATE posts SET state = :state, body = NULL, html = NULL, mentions = '{}', quotes = '{}', version = version + 1,
                 gap_at = now(), gap_until = :until
WHERE id = ANY (:objects) RETURNING id, version;

-- name: sealed_bodies
SELECT DISTINCT ON (object_id) object_id, body FROM sealed WHERE noun = 'post' AND object_id = ANY (:objects)
ORDER BY object_id, version DESC;

-- name: unseal$
-- The words come back from the sealed table, edits too: the newest is the post, the others its history.
WITH newest AS (
    SELECT max(version) AS version FROM sealed WHERE noun = 'post' AND object_id = :object),
kept AS (
    INSERT INTO revisions (noun, object_id, version, body, at)
    SELECT s.noun, s.object_id, s.version, s.body, s.at FROM sealed s, newest
    WHERE s.noun = 'post' AND s.object_id = :object AND s.version < newest.version),
opened AS (
    DELETE FROM sealed WHERE noun = 'post' AND object_id = :object),
quoted AS (
    INSERT INTO quotes (source_id, target_id) SELECT s.id, :object FROM posts s WHERE s.id = ANY (:quotes)),
dirty AS (
    UPDATE threads SET dirty = true WHERE id = (SELECT thread_id FROM posts WHERE id = :object) AND NOT dirty)
UPDATE posts SET state = 'shown', body = :body, html = :html, mentions = :mentions, quotes = :quotes, renderer = :renderer,
                 version = version + 1, gap_at = NULL, gap_until = NULL
WHERE id = :object RETURNING version;

-- name: quoting
-- The posts that quote these, with their threads: what they show has changed.
SELECT t.id, t.thread_id FROM quotes q JOIN posts t ON t.id = q.target_id WHERE q.source_id = ANY (:objects);

-- name: told_of
-- Who was told of these posts: their excerpt has changed.
SELECT id, member_id FROM notifications WHERE post_id = ANY (:objects);

-- name: history
SELECT version, body, at FROM revisions WHERE noun = 'post' AND object_id = :object ORDER BY version;

-- name: sealed_words
SELECT version, body, at FROM sealed WHERE noun = :noun AND object_id = :object ORDER BY version;

-- name: window
-- The opening post, then at most :limit replies in tree order: before a path, after one, around the post with a number, or from the
-- start. Each row says how many replies stand before and after them all.
WITH begun AS MATERIALIZED (
    SELECT coalesce(CASE
        WHEN :before::bytea IS NOT NULL THEN (SELECT x.path FROM (
            SELECT path FROM posts WHERE thread_id = :thread AND number > 1 AND path < :before::bytea ORDER BY path DESC LIMIT :limit) x
            ORDER BY x.path LIMIT 1)
        -- The path that follows a path directly is that path and a zero byte: it comes before all of its replies.
        WHEN :after::bytea IS NOT NULL THEN :after::bytea || '\x00'::bytea
        WHEN :at::bigint IS NOT NULL THEN (SELECT x.path FROM (
            SELECT q.path FROM posts a JOIN posts q ON q.thread_id = a.thread_id AND q.number > 1 AND q.path < a.path
            WHERE a.thread_id = :thread AND a.number = :at::bigint ORDER BY q.path DESC LIMIT :limit / 2) x
            ORDER BY x.path LIMIT 1)
        END, '') AS path),
replies AS MATERIALIZED (
    SELECT id, path FROM posts
    WHERE thread_id = :thread AND number > 1 AND path >= (SELECT path FROM begun)
      AND (:before::bytea IS NULL OR path < :before::bytea)
    ORDER BY path, number LIMIT :limit)
SELECT p.*,
       (SELECT count(*) FROM posts WHERE thread_id = :thread AND number > 1
        AND path < (SELECT path FROM replies ORDER BY path LIMIT 1)) AS before,
       (SELECT count(*) FROM posts WHERE thread_id = :thread AND number > 1
        AND path > (SELECT path FROM replies ORDER BY path DESC LIMIT 1)) AS after
FROM (SELECT id FROM posts WHERE thread_id = :thread AND number = 1 UNION ALL SELECT id FROM replies) s
JOIN shown_posts p ON p.id = s.id ORDER BY p.path, p.number;

-- name: window_by_time
-- The same in the order in which they were written, where a place is a number. Numbers have holes where a thread was split.
WITH begun AS MATERIALIZED (
    SELECT coalesce(CASE
        WHEN :before::bigint IS NOT NULL THEN (SELECT min(x.number) FROM (
            SELECT number FROM posts WHERE thread_id = :thread AND number > 1 AND number < :before::bigint ORDER BY number DESC LIMIT :limit) x)
        WHEN :after::bigint IS NOT NULL THEN :after::bigint + 1
        WHEN :at::bigint IS NOT NULL THEN (SELECT min(x.number) FROM (
            SELECT number FROM posts WHERE thread_id = :thread AND number > 1 AND number < :at::bigint ORDER BY number DESC LIMIT :limit / 2) x)
        END, 2) AS number),
replies AS MATERIALIZED (
    SELECT id, number FROM posts
    WHERE thread_id = :thread AND number > 1 AND number >= (SELECT number FROM begun)
      AND (:before::bigint IS NULL OR number < :before::bigint)
    ORDER BY number LIMIT :limit)
SELECT p.*,
       (SELECT count(*) FROM posts WHERE thread_id = :thread AND number > 1 AND number < (SELECT min(number) FROM replies)) AS before,
       (SELECT count(*) FROM posts WHERE thread_id = :thread AND number > (SELECT max(number) FROM replies)) AS after
FROM (SELECT id FROM posts WHERE thread_id = :thread AND number = 1 UNION ALL SELECT id FROM replies) s
JOIN shown_posts p ON p.id = s.id ORDER BY p.number;

-- name: tree_after
-- What follows a path in tree order, its replies first; after the empty path comes the opening post.
SELECT * FROM shown_posts WHERE thread_id = :thread AND path > :after ORDER BY path LIMIT :limit;

-- name: time_after
SELECT * FROM shown_posts WHERE thread_id = :thread AND number > :after
  AND (:since::timestamptz IS NULL OR created_at >= :since::timestamptz) AND (:until::timestamptz IS NULL OR created_at < :until::timestamptz)
ORDER BY number LIMIT :limit;

-- name: place^
SELECT id, thread_id, number, path, depth FROM posts WHERE id = :post;

-- name: place_by_number^
SELECT id, thread_id, number, path, depth FROM posts WHERE thread_id = :thread AND number = :number;
