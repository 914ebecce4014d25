-- name: claim_threads
UPDATE threads SET dirty = false WHERE id IN (
    SELECT id FROM threads WHERE dirty ORDER BY id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED) RETURNING id;

-- name: recount!
-- In a statement of its own, after the claim: it counts what every commit before the claim brought.
UPDATE threads t SET last_number = c.last, shown = c.shown, people = c.people, active_at = greatest(t.active_at, c.active_at),
       last_author_id = l.author_id, last_byline_id = l.byline_id
FROM (SELECT thread_id, max(number) AS last, count(*) FILTER (WHERE state = 'shown') AS shown,
             count(DISTINCT coalesce(author_id, -byline_id)) FILTER (WHERE state = 'shown') AS people, max(created_at) AS active_at,
             max(number) FILTER (WHERE state = 'shown') AS last_shown
      FROM posts WHERE thread_id = ANY (:threads) GROUP BY thread_id) c
LEFT JOIN posts l ON l.thread_id = c.thread_id AND l.number = c.last_shown
WHERE t.id = c.thread_id;

-- name: touch_lists
UPDATE thread_networks h SET active_at = t.active_at FROM threads t
WHERE t.id = h.thread_id AND h.thread_id = ANY (:threads) RETURNING h.thread_id, h.network_id;

-- name: mark_untold!
INSERT INTO untold (thread_id) SELECT DISTINCT thread_id FROM watches WHERE thread_id = ANY (:threads);

-- name: claim_untold
DELETE FROM untold WHERE id IN (SELECT id FROM untold ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED) RETURNING thread_id;

-- name: tell_watchers
-- Watchers who have not been told since the newest reply that is shown, nor have read it, except its author, who was addressed by it
-- already, and who has not read what they were told of this thread before.
WITH newest AS (
    SELECT t.id AS thread_id, p.id AS post_id, p.number, p.author_id
    FROM threads t CROSS JOIN LATERAL (
        SELECT p.id, p.number, p.author_id FROM posts p WHERE p.thread_id = t.id AND p.state = 'shown' AND p.number <= t.last_number
        ORDER BY p.number DESC LIMIT 1) p
    WHERE t.id = ANY (:threads) AND p.number > 1),
due AS (
    UPDATE watches w SET told_number = n.number FROM newest n
    WHERE w.thread_id = n.thread_id AND w.told_number < n.number AND w.member_id IS DISTINCT FROM n.author_id
      -- One look into the index for each watcher, whatever the planner believes of a table that has just filled.
      AND (SELECT x.id FROM notifications x WHERE x.thread_id = w.thread_id AND x.member_id = w.member_id
           AND x.kind = 'watched' AND x.read_at IS NULL LIMIT 1) IS NULL
      AND NOT EXISTS (SELECT FROM thread_reads r WHERE r.thread_id = w.thread_id AND r.member_id = w.member_id
                      AND r.numbers @> n.number)
    RETURNING w.member_id, w.thread_id)
INSERT INTO notifications (member_id, kind, post_id, thread_id, actor_id)
SELECT d.member_id, 'watched', n.post_id, n.thread_id, n.author_id
FROM due d JOIN newest n ON n.thread_id = d.thread_id
WHERE may_read_thread(d.member_id, d.thread_id)
  AND hears(d.member_id, n.author_id)
  AND (SELECT x.id FROM notifications x WHERE x.post_id = n.post_id AND x.member_id = d.member_id LIMIT 1) IS NULL
RETURNING id, member_id;

-- name: claim_rooms
UPDATE rooms SET dirty = false WHERE id IN (
    SELECT id FROM rooms WHERE dirty ORDER BY id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED) RETURNING id, network_id;
