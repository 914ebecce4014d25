-- name: posts
WITH q AS (SELECT websearch_to_tsquery('simple', plain(:query)) AS simple, websearch_to_tsquery('english', plain(:query)) AS english),
found AS MATERIALIZED (
    SELECT p.id FROM q, posts p WHERE p.state = 'shown' AND (p.search_simple @@ q.simple OR p.search_english @@ q.english)
    UNION ALL
    SELECT p.id FROM q, threads t JOIN posts p ON p.thread_id = t.id AND p.number = 1 AND p.state = 'shown'
    WHERE t.search_simple @@ q.simple OR t.search_english @@ q.english),
-- From the newest hit on, until the page is full: left to itself the planner walks all posts backwards and asks for each.
page AS MATERIALIZED (
    SELECT f.id
    FROM (SELECT DISTINCT ON (id) id FROM found WHERE :before::bigint IS NULL OR id < :before::bigint ORDER BY id DESC) f
    CROSS JOIN LATERAL (SELECT p.thread_id, p.author_id, p.created_at FROM posts p WHERE p.id = f.id OFFSET 0) p
    WHERE (:author::bigint IS NULL OR p.author_id = :author::bigint)
      AND (:since::timestamptz IS NULL OR p.created_at >= :since::timestamptz)
      AND (:until::timestamptz IS NULL OR p.created_at < :until::timestamptz)
      AND (:network::text IS NULL OR EXISTS (SELECT FROM thread_networks h JOIN networks n ON n.id = h.network_id
                                             WHERE h.thread_id = p.thread_id AND n.slug = :network::text))
      AND may_read_thread(:member, p.thread_id)
    ORDER BY f.id DESC LIMIT :limit)
SELECT p.*, t.title AS thread_title
FROM page f JOIN shown_posts p ON p.id = f.id JOIN threads t ON t.id = p.thread_id
ORDER BY p.id DESC;

-- name: messages
WITH q AS (SELECT websearch_to_tsquery('simple', plain(:query)) AS simple, websearch_to_tsquery('english', plain(:query)) AS english)
SELECT m.*, n.name AS network_name, n.slug AS network_slug
FROM q, shown_messages m JOIN messages w ON w.id = m.id JOIN rooms r ON r.id = m.room_id JOIN networks n ON n.id = r.network_id
WHERE m.state = 'shown' AND (w.search_simple @@ q.simple OR w.search_english @@ q.english)
  AND may_read_network(:member, n.id)
  AND (:network::text IS NULL OR n.slug = :network::text)
  AND (:author::bigint IS NULL OR m.author_id = :author::bigint)
  AND (:before::bigint IS NULL OR m.id < :before::bigint)
  AND (:since::timestamptz IS NULL OR m.created_at >= :since::timestamptz)
  AND (:until::timestamptz IS NULL OR m.created_at < :until::timestamptz)
ORDER BY m.id DESC LIMIT :limit;

-- name: threads_like
-- Threads of the member's own networks whose title is like these words, or holds them; the likest first. Of those alone,
-- since their channels are on every page of the member: a title that is removed leaves the list at once.
SELECT t.id, t.title FROM threads t
WHERE (t.title % :title OR t.title %> :title)
  AND EXISTS (SELECT FROM thread_networks h JOIN standing s ON s.network_id = h.network_id AND s.member_id = :member
              WHERE h.thread_id = t.id)
ORDER BY greatest(similarity(t.title, :title), word_similarity(:title, t.title)) DESC, t.id DESC LIMIT :limit;
