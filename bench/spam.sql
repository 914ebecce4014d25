-- For the row `sweep`: somebody new in the busy network, with ten posts in each of the threads from $1 to $2 and fifty messages.
WITH who AS (
    INSERT INTO members (email, name) SELECT 'spammer' || count(*) || '@example.org', 'Spammer ' || count(*) FROM members RETURNING id),
place AS (
    INSERT INTO memberships (network_id, member_id, role)
    SELECT n.id, w.id, 'member' FROM networks n, who w WHERE n.slug = 'busy' RETURNING network_id),
written AS (
    INSERT INTO posts (thread_id, network_id, author_id, parent_id, number, depth, path, body, html)
    SELECT t.id, t.network_id, w.id, o.id, l.number + n, 1, o.path || int4send(l.number + n), 'Buy now ' || n, '<p>Buy now</p>'
    FROM who w, threads t JOIN posts o ON o.thread_id = t.id AND o.number = 1,
         LATERAL (SELECT max(p.number) AS number FROM posts p WHERE p.thread_id = t.id) l, generate_series(1, 10) n
    WHERE t.id BETWEEN $1::bigint AND $2::bigint),
counted AS (
    UPDATE threads SET dirty = true WHERE id BETWEEN $1::bigint AND $2::bigint),
said AS (
    INSERT INTO messages (room_id, author_id, number, body, html)
    SELECT r.id, w.id, coalesce((SELECT max(m.number) FROM messages m WHERE m.room_id = r.id), 0) + n, 'Buy now ' || n, '<p>Buy now</p>'
    FROM who w, rooms r JOIN networks x ON x.id = r.network_id, generate_series(1, 50) n WHERE x.slug = 'busy')
SELECT w.id FROM who w, place;
