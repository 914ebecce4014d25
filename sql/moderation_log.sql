-- name: write_note$
INSERT INTO notes (body) VALUES (:body) RETURNING id;

-- name: write$
INSERT INTO moderation_log (network_id, actor_id, act, noun, object_id, subject_id, reason_id, note_id, version_before, version_after)
VALUES (:network, :actor, :act, :noun, :object, :subject, :reason, :note, :before, :after) RETURNING id;

-- name: write_each
INSERT INTO moderation_log (network_id, actor_id, act, noun, object_id, subject_id, reason_id, note_id, version_before, version_after)
SELECT x.network, :actor, :act, :noun, x.object, x.subject, :reason, :note, x.before, x.after
FROM unnest(:networks::bigint[], :objects::bigint[], :subjects::bigint[], :befores::int[], :afters::int[])
     AS x (network, object, subject, before, after)
RETURNING id, network_id;

-- name: read
-- The lines of a network's log; 0 is what was done in none.
SELECT l.id, l.act, l.noun, l.object_id, l.at, l.version_before, l.version_after, l.actor_id, a.name AS actor_name,
       l.subject_id, s.name AS subject_name, r.body AS reason, n.body AS note,
       CASE l.noun WHEN 'post' THEN (SELECT thread_id FROM posts p WHERE p.id = l.object_id) END AS thread_id
FROM moderation_log l
LEFT JOIN people a ON a.id = l.actor_id
LEFT JOIN people s ON s.id = l.subject_id
LEFT JOIN notes r ON r.id = l.reason_id
LEFT JOIN notes n ON n.id = l.note_id
WHERE coalesce(l.network_id, 0) = :network AND (:before::bigint IS NULL OR l.id < :before::bigint)
  AND (:actor::bigint IS NULL OR l.actor_id = :actor::bigint)
  AND (:reason::text IS NULL OR r.body = :reason::text)
  AND (:since::timestamptz IS NULL OR l.at >= :since::timestamptz)
  AND (:until::timestamptz IS NULL OR l.at < :until::timestamptz)
ORDER BY l.id DESC LIMIT :limit;

-- name: actors
-- Who stands in a network's log as having acted: for the filter of its page.
SELECT a.id, a.name FROM people a
WHERE a.id IN (SELECT DISTINCT actor_id FROM moderation_log WHERE coalesce(network_id, 0) = :network) ORDER BY a.name, a.id LIMIT 200;

-- name: reasons
SELECT DISTINCT r.body AS reason FROM moderation_log l JOIN notes r ON r.id = l.reason_id
WHERE coalesce(l.network_id, 0) = :network ORDER BY 1 LIMIT 100;
