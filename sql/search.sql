-- name: posts
SELECT p.*, t.title AS thread_title
FROM post_hits(:query, :member, :network, :author, :before, :since, :until, :limit, :lately) f (id)
JOIN shown_posts p ON p.id = f.id JOIN threads t ON t.id = p.thread_id
ORDER BY p.id DESC;

-- name: posts_of
-- What an author wrote: along the index of their posts, down from the newest.
SELECT p.*, t.title AS thread_title
FROM (SELECT w.id FROM posts w
      WHERE w.author_id = :author AND w.id < coalesce(:before, 9223372036854775807) AND w.state = 'shown'
        AND (:since::timestamptz IS NULL OR w.created_at >= :since) AND (:until::timestamptz IS NULL OR w.created_at < :until)
        AND (:network::text IS NULL OR EXISTS (SELECT FROM thread_networks h JOIN networks n ON n.id = h.network_id
                                               WHERE h.thread_id = w.thread_id AND n.slug = :network))
        AND EXISTS (SELECT FROM readable(:member, w.thread_id))
      ORDER BY w.id DESC LIMIT :limit) f
JOIN shown_posts p ON p.id = f.id JOIN threads t ON t.id = p.thread_id
ORDER BY p.id DESC;

-- name: messages
SELECT m.*, n.name AS network_name, n.slug AS network_slug
FROM message_hits(:query, :member, :network, :author, :before, :since, :until, :limit, :lately) f (id)
JOIN shown_messages m ON m.id = f.id JOIN rooms r ON r.id = m.room_id JOIN networks n ON n.id = r.network_id
ORDER BY m.id DESC;

-- name: threads_like
-- Threads of the member's own networks whose title is like these words, or holds them; the likest first. Of those alone,
-- since their channels are on every page of the member: a title that is removed leaves the list at once.
SELECT t.id, t.title FROM threads t
WHERE (t.title % :title OR t.title %> :title)
  AND EXISTS (SELECT FROM thread_networks h JOIN standing s ON s.network_id = h.network_id AND s.member_id = :member
              WHERE h.thread_id = t.id)
ORDER BY greatest(similarity(t.title, :title), word_similarity(:title, t.title)) DESC, t.id DESC LIMIT :limit;
