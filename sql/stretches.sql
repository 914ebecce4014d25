-- What a page of a thread asks first, in one snapshot: who looks, from which cursors, how they stand to the thread, and which
-- transactions wrote those of its posts that the process has kept (in the order of their ids; of one that is gone, none).

-- name: look^
SELECT x.log, x.names, w.*, f.blocks, f.networks, f.notifications, f.requests, t.*,
       (SELECT h.head FROM heads h WHERE h.name = 'member:' || w.id) AS own,
       (SELECT string_agg(k.w, ',') FROM (SELECT p.xmin::text AS w FROM posts p WHERE p.id = ANY (:posts::bigint[]) ORDER BY p.id) k) AS written
FROM site x LEFT JOIN who_asks(:session::bytea, :token::bytea) w ON true LEFT JOIN frames f ON f.member_id = w.id
LEFT JOIN thread_now(w.id, :thread::bigint) t ON true;

-- name: look_of_guest^
-- The same for who shows nothing of who they are: there is no frame.
SELECT x.log, x.names, NULL::bigint AS id, t.*,
       (SELECT string_agg(k.w, ',') FROM (SELECT p.xmin::text AS w FROM posts p WHERE p.id = ANY (:posts::bigint[]) ORDER BY p.id) k) AS written
FROM site x LEFT JOIN thread_now(NULL, :thread::bigint) t ON true;

-- name: glance^
-- The same for an answer that shows nothing but posts.
SELECT x.log, x.names, w.*, EXISTS (SELECT FROM readable(w.id, :thread::bigint)) AS may_read,
       (SELECT h.head FROM heads h WHERE h.name = 'thread:' || :thread::bigint) AS head,
       (SELECT p.number FROM posts p WHERE p.thread_id = :thread::bigint ORDER BY p.number DESC LIMIT 1) AS last,
       (SELECT string_agg(k.w, ',') FROM (SELECT p.xmin::text AS w FROM posts p WHERE p.id = ANY (:posts::bigint[]) ORDER BY p.id) k) AS written
FROM site x LEFT JOIN who_asks(:session::bytea, :token::bytea) w ON true;
