-- A thread split in two. Every statement runs with the source's row locked, which every act on one of its posts locks first.

-- name: picked^
-- Of the picked posts, those that stand in the thread and are not its opening; and how many stand below and among them.
WITH RECURSIVE picked AS (
    SELECT id FROM posts WHERE thread_id = :thread AND id = ANY (:posts) AND number > 1),
moved AS (
    SELECT id FROM picked
    UNION SELECT p.id FROM posts p JOIN moved m ON p.parent_id = m.id)
SELECT (SELECT array_agg(id ORDER BY id) FROM picked) AS picked, (SELECT array_agg(id) FROM moved) AS moved;

-- name: open$
-- The new thread: held by the same networks, seen by the same people; its opening is the earliest of the posts that move.
WITH first AS (
    SELECT author_id, byline_id, created_at FROM posts WHERE id = ANY (:moved) ORDER BY number LIMIT 1),
new AS (
    INSERT INTO threads (network_id, author_id, byline_id, title, audience, created_at, locked_at)
    SELECT s.network_id, f.author_id, f.byline_id, :title, s.audience, f.created_at, s.locked_at
    FROM threads s, first f WHERE s.id = :thread RETURNING id)
SELECT id FROM new;

-- name: hold!
INSERT INTO thread_networks (thread_id, network_id, since, active_at)
SELECT :new, network_id, since, active_at FROM thread_networks WHERE thread_id = :thread;

-- name: read!
-- What was read stays read under its new number. In the source the numbers are free again, and nobody has read what will bear them.
WITH places AS (
    SELECT number AS old, row_number() OVER (ORDER BY number)::int AS new FROM posts WHERE id = ANY (:moved)),
left_here AS (
    UPDATE thread_reads SET numbers = numbers - (SELECT range_agg(int4range(old, old + 1)) FROM places)
    WHERE thread_id = :thread AND numbers && (SELECT range_agg(int4range(old, old + 1)) FROM places)),
watched AS (
    INSERT INTO watches (thread_id, member_id, told_number)
    SELECT :new, member_id, (SELECT max(new) FROM places) FROM watches WHERE thread_id = :thread),
untold AS (
    UPDATE watches SET told_number = least(told_number, (
        SELECT max(number) FROM posts WHERE thread_id = :thread AND id <> ALL (:moved))) WHERE thread_id = :thread)
INSERT INTO thread_reads (member_id, thread_id, numbers, read_at)
SELECT r.member_id, :new, range_agg(int4range(p.new, p.new + 1)), max(r.read_at)
FROM thread_reads r JOIN places p ON r.numbers @> p.old WHERE r.thread_id = :thread GROUP BY r.member_id;

-- name: move!
-- The posts take their new places: numbered as they came, each below the parent that moved with it, the others below the opening.
WITH RECURSIVE places AS (
    SELECT id, parent_id, row_number() OVER (ORDER BY number)::int AS number FROM posts WHERE id = ANY (:moved)),
opening AS (
    SELECT id FROM places WHERE number = 1),
tree AS (
    SELECT id, NULL::bigint AS parent, 1 AS number, 0 AS depth, int4send(1) AS path FROM opening
    UNION ALL
    SELECT p.id, t.id, p.number, t.depth + 1, substring(t.path FOR 1596) || int4send(p.number)
    FROM tree t JOIN places p ON p.id <> t.id AND p.number > 1
        AND t.id = CASE WHEN p.parent_id = ANY (:moved) THEN p.parent_id ELSE (SELECT id FROM opening) END)
UPDATE posts p SET thread_id = :new, parent_id = t.parent, number = t.number, depth = t.depth, path = t.path, version = version + 1
FROM tree t WHERE p.id = t.id;

-- name: count!
-- The new thread's counts at once; the source's are counted by the job that announces it.
WITH told AS (
    UPDATE notifications SET thread_id = :new WHERE post_id = ANY (:moved) AND thread_id = :thread),
dirty AS (
    UPDATE threads SET dirty = true, version = version + 1 WHERE id = :thread)
UPDATE threads t SET last_number = c.last, shown = c.shown, people = c.people, active_at = c.active_at,
       last_author_id = l.author_id, last_byline_id = l.byline_id, dirty = true
FROM (SELECT max(number) AS last, count(*) FILTER (WHERE state = 'shown') AS shown, max(created_at) AS active_at,
             count(DISTINCT coalesce(author_id, -byline_id)) FILTER (WHERE state = 'shown') AS people,
             max(number) FILTER (WHERE state = 'shown') AS last_shown
      FROM posts WHERE thread_id = :new) c
LEFT JOIN posts l ON l.thread_id = :new AND l.number = c.last_shown
WHERE t.id = :new;

-- name: told_of
SELECT id, member_id FROM notifications WHERE post_id = ANY (:moved);
