-- Repeats: what else stands in these networks with the same runs of words.

-- name: words_of_post^
-- The words of a post, and in which of the networks that hold its thread the caller decides.
SELECT p.id, p.thread_id AS place_id, p.author_id, p.created_at, coalesce(p.body, w.body) AS body,
       ARRAY(SELECT s.network_id FROM thread_networks h JOIN standing s ON s.network_id = h.network_id
             WHERE h.thread_id = p.thread_id AND s.member_id = :member AND s.role IN ('moderator', 'lead')) AS networks,
       may_read_thread(:member, p.thread_id) AS may_read, p.network_id
FROM posts p
LEFT JOIN LATERAL (SELECT body FROM sealed s WHERE s.noun = 'post' AND s.object_id = p.id AND p.state IN ('held', 'removed')
                   ORDER BY version DESC LIMIT 1) w ON true
WHERE p.id = :object;

-- name: words_of_message^
SELECT m.id, m.room_id AS place_id, m.author_id, m.created_at, coalesce(m.body, w.body) AS body,
       ARRAY(SELECT s.network_id FROM standing s WHERE s.network_id = r.network_id AND s.member_id = :member
                                                   AND s.role IN ('moderator', 'lead')) AS networks,
       :member::bigint IS NOT NULL AND may_read_network(:member, r.network_id) AS may_read, r.network_id
FROM messages m JOIN rooms r ON r.id = m.room_id
LEFT JOIN LATERAL (SELECT body FROM sealed s WHERE s.noun = 'message' AND s.object_id = m.id AND m.state = 'removed'
                   ORDER BY version DESC LIMIT 1) w ON true
WHERE m.id = :object;

-- name: posts_with
-- Posts written through these networks that have one of the runs word for word; those of the same thread first. Each run
-- is looked up for itself: in one query of many, a common word would bring in everything.
WITH found AS (
    SELECT DISTINCT p.id, p.thread_id FROM unnest(:runs::text[]) AS run
    JOIN posts p ON p.search_simple @@ phraseto_tsquery('pg_catalog.simple', plain(run))
    WHERE p.network_id = ANY (:networks) AND p.state = 'shown' AND (:noun <> 'post' OR p.id <> :object)
      AND EXISTS (SELECT FROM thread_networks h WHERE h.thread_id = p.thread_id AND h.network_id = p.network_id))
SELECT p.id, p.thread_id AS place_id, p.author_id, p.created_at, p.body, p.html, names_of(p.mentions) AS mention_names,
       CASE WHEN p.author_id IS NULL THEN b.name ELSE a.name END AS author_name, a.title AS author_title,
       a.organisation AS author_organisation, p.byline_id, t.title AS place_name
FROM found f JOIN posts p ON p.id = f.id JOIN threads t ON t.id = p.thread_id
LEFT JOIN people a ON a.id = p.author_id LEFT JOIN bylines b ON b.id = p.byline_id
ORDER BY :noun = 'post' AND p.thread_id = :place DESC, p.created_at DESC, p.id DESC LIMIT :limit;

-- name: messages_with
WITH found AS (
    SELECT DISTINCT m.id FROM unnest(:runs::text[]) AS run
    JOIN messages m ON m.search_simple @@ phraseto_tsquery('pg_catalog.simple', plain(run))
    JOIN rooms r ON r.id = m.room_id
    WHERE r.network_id = ANY (:networks) AND m.state = 'shown' AND (:noun <> 'message' OR m.id <> :object))
SELECT m.id, m.room_id AS place_id, m.author_id, m.created_at, m.body, m.html, names_of(m.mentions) AS mention_names,
       CASE WHEN m.author_id IS NULL THEN b.name ELSE a.name END AS author_name, a.title AS author_title,
       a.organisation AS author_organisation, m.byline_id, n.name AS place_name
FROM found f JOIN messages m ON m.id = f.id JOIN rooms r ON r.id = m.room_id JOIN networks n ON n.id = r.network_id
LEFT JOIN people a ON a.id = m.author_id LEFT JOIN bylines b ON b.id = m.byline_id
ORDER BY :noun = 'message' AND m.room_id = :place DESC, m.created_at DESC, m.id DESC LIMIT :limit;
