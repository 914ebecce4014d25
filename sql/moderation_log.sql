-- name: write_note$
INSERT INTO notes (body) VALUES (:body) RETURNING id;

-- name: write$
INSERT INTO moderation_log (network_id, actor_id, act, noun, object_id, subject_id, reason_id, note_id, version_before, version_after)
VALUES (:network, :actor, :act, :noun, :object, :subject, :reason, :note, :before, :after) RETURNING id;

-- name: read
SELECT l.id, l.act, l.noun, l.object_id, l.at, l.version_before, l.version_after, l.actor_id, a.name AS actor_name,
       l.subject_id, s.name AS subject_name, r.body AS reason, n.body AS note,
       CASE l.noun WHEN 'post' THEN (SELECT thread_id FROM posts p WHERE p.id = l.object_id) END AS thread_id
FROM moderation_log l
LEFT JOIN people a ON a.id = l.actor_id
LEFT JOIN people s ON s.id = l.subject_id
LEFT JOIN notes r ON r.id = l.reason_id
LEFT JOIN notes n ON n.id = l.note_id
WHERE l.network_id = :network AND (:before::bigint IS NULL OR l.id < :before::bigint)
  AND (:actor::bigint IS NULL OR l.actor_id = :actor::bigint)
  AND (:since::timestamptz IS NULL OR l.at >= :since::timestamptz)
  AND (:until::timestamptz IS NULL OR l.at < :until::timestamptz)
ORDER BY l.id DESC LIMIT :limit;
