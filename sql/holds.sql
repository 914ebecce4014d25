-- name: insert_hold$
INSERT INTO holds (post_id, network_id, held_by, until) VALUES (:post, :network, :member, :until) RETURNING id;

-- name: held_before$
SELECT EXISTS (SELECT FROM holds WHERE post_id = :post AND network_id = :network AND outcome IN ('restored', 'lapsed'));

-- name: open_hold^
SELECT * FROM holds WHERE post_id = :post AND outcome IS NULL;

-- name: end_holds
-- The open holds of these posts, with all that hold their threads: whose queues show them.
UPDATE holds h SET outcome = :outcome, ended_at = now() WHERE h.post_id = ANY (:posts) AND h.outcome IS NULL
RETURNING h.id, h.post_id, h.network_id,
    ARRAY(SELECT g.network_id FROM posts p JOIN thread_networks g ON g.thread_id = p.thread_id WHERE p.id = h.post_id) AS sides;

-- name: due_holds
SELECT post_id FROM holds WHERE outcome IS NULL AND until <= :now ORDER BY until LIMIT 100;

-- name: open_holds
SELECT h.id, h.post_id, h.until, h.outcome, h.held_at, h.thread_id, h.thread_title, h.decides_id,
       h.network_id AS held_by_network_id, h.held_by_network AS held_by_network_name
FROM shown_holds h JOIN thread_networks g ON g.thread_id = h.thread_id AND g.network_id = :network
WHERE h.outcome IS NULL ORDER BY h.until, h.id LIMIT 200;
