-- What pages of threads ask first, in one snapshot for all who ask at once: who looks, from which cursors, how they stand to the
-- thread, and which transactions wrote those of its posts that the process has kept (in the order of their ids; of one that is gone,
-- none). LIMIT and LATERAL: each by its own ids, however many ask.

-- name: looks
SELECT x.log, x.names, w.*, f.blocks, f.networks, f.notifications, f.requests, t.*,
       (SELECT h.head FROM heads h WHERE h.name = 'member:' || w.id) AS own,
       (SELECT string_agg(k.w, ',') FROM (
           SELECT p.xmin::text AS w FROM posts p WHERE p.id = ANY (q.posts::bigint[]) ORDER BY p.id) k) AS written
FROM site x
CROSS JOIN unnest(:sessions::bytea[], :tokens::bytea[], :threads::bigint[], :posts::text[]) WITH ORDINALITY
    q (session, token, thread, posts, place)
LEFT JOIN LATERAL (SELECT * FROM who_asks(q.session, q.token) LIMIT 1) w ON true
LEFT JOIN LATERAL (SELECT * FROM frames r WHERE r.member_id = w.id LIMIT 1) f ON true
LEFT JOIN LATERAL (SELECT * FROM thread_now(w.id, q.thread) LIMIT 1) t ON true
ORDER BY q.place;

-- name: looks_of_guests
-- The same for who shows nothing of who they are: there is no frame.
SELECT x.log, x.names, NULL::bigint AS id, t.*,
       (SELECT string_agg(k.w, ',') FROM (
           SELECT p.xmin::text AS w FROM posts p WHERE p.id = ANY (q.posts::bigint[]) ORDER BY p.id) k) AS written
FROM site x
CROSS JOIN unnest(:threads::bigint[], :posts::text[]) WITH ORDINALITY q (thread, posts, place)
LEFT JOIN LATERAL (SELECT * FROM thread_now(NULL, q.thread) LIMIT 1) t ON true
ORDER BY q.place;

-- name: glances
-- The same for answers that show nothing but posts.
SELECT x.log, x.names, w.*, EXISTS (SELECT FROM readable(w.id, q.thread)) AS may_read,
       (SELECT h.head FROM heads h WHERE h.name = 'thread:' || q.thread) AS head,
       (SELECT p.number FROM posts p WHERE p.thread_id = q.thread ORDER BY p.number DESC LIMIT 1) AS last,
       (SELECT string_agg(k.w, ',') FROM (
           SELECT p.xmin::text AS w FROM posts p WHERE p.id = ANY (q.posts::bigint[]) ORDER BY p.id) k) AS written
FROM site x
CROSS JOIN unnest(:sessions::bytea[], :tokens::bytea[], :threads::bigint[], :posts::text[]) WITH ORDINALITY
    q (session, token, thread, posts, place)
LEFT JOIN LATERAL (SELECT * FROM who_asks(q.session, q.token) LIMIT 1) w ON true
ORDER BY q.place;
