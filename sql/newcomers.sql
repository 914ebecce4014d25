-- name: contributed$
-- How many shown posts and messages a member wrote through a network; counted no further than is asked.
SELECT count(*) FROM (
    (SELECT FROM posts p WHERE p.author_id = :member AND p.network_id = :network AND p.state = 'shown' LIMIT :enough)
    UNION ALL
    (SELECT FROM messages m JOIN rooms r ON r.id = m.room_id
     WHERE m.author_id = :member AND r.network_id = :network AND m.state = 'shown' LIMIT :enough)) c;

-- name: set_approved$
UPDATE networks SET approves_first = :approves_first, version = version + 1 WHERE id = :network AND approves_first <> :approves_first
RETURNING 1;
