-- Who holds a thread, and what waits until all sides have agreed. Runs with the thread locked (access.lock_thread).

-- name: sides
-- The networks that hold a thread, or are asked to.
SELECT n.id FROM networks n
WHERE n.id IN (SELECT network_id FROM thread_networks WHERE thread_id = :thread
               UNION SELECT network_id FROM agreements WHERE thread_id = :thread AND outcome IS NULL)
   OR n.slug = :slug;

-- name: add_holder!
INSERT INTO thread_networks (thread_id, network_id, active_at)
SELECT id, :network, active_at FROM threads WHERE id = :thread ON CONFLICT DO NOTHING;

-- name: drop_holder!
DELETE FROM thread_networks WHERE thread_id = :thread AND network_id = :network;

-- name: move!
-- The thread is opened through another network from now on, and so are the posts that were written through the old one.
WITH t AS (UPDATE threads SET network_id = :network, version = version + 1 WHERE id = :thread)
UPDATE posts SET network_id = :network, version = version + 1 WHERE thread_id = :thread AND network_id = :old;

-- name: narrow!
UPDATE threads SET audience = :audience, version = version + 1 WHERE id = :thread;

-- name: audience_of_holders$
SELECT n.visibility FROM thread_networks h JOIN networks n ON n.id = h.network_id WHERE h.thread_id = :thread
ORDER BY breadth(n.visibility) LIMIT 1;

-- name: ask^
INSERT INTO agreements (thread_id, act, network_id, audience, asked_by, agreed)
VALUES (:thread, :act, :network, :audience, :member, :agreed) ON CONFLICT DO NOTHING RETURNING *;

-- name: open^
SELECT * FROM agreements WHERE thread_id = :thread AND outcome IS NULL FOR NO KEY UPDATE;

-- name: waiting^
-- What waits for the agreement of a thread's sides, as a page tells of it.
SELECT a.id, a.act, a.network_id, n.name AS network_name, a.audience, a.asked_by, p.name AS asked_by_name, a.agreed
FROM agreements a LEFT JOIN networks n ON n.id = a.network_id LEFT JOIN people p ON p.id = a.asked_by
WHERE a.thread_id = :thread AND a.outcome IS NULL;

-- name: agree!
UPDATE agreements SET agreed = :agreed WHERE id = :agreement;

-- name: end!
UPDATE agreements SET outcome = :outcome, ended_at = now() WHERE id = :agreement;
