-- Cases, as the acts on posts and messages change them. The thing that a case is about is locked by whoever calls; it comes as one
-- of two lists of ids, the other one empty, so that each is found by its index.

-- name: open_case^
SELECT id, network_id, seen_version, version FROM cases
WHERE outcome IS NULL AND (post_id = ANY (:posts) OR message_id = ANY (:messages));

-- name: insert$
INSERT INTO cases (network_id, post_id, message_id, urgent, seen_version)
VALUES (:network, (:posts::bigint[])[1], (:messages::bigint[])[1], :urgent, :seen)
RETURNING id;

-- name: touch!
UPDATE cases SET version = version + 1, urgent = urgent OR :urgent, seen_version = greatest(seen_version, :seen) WHERE id = :case;

-- name: touch_open
UPDATE cases SET version = version + 1
WHERE outcome IS NULL AND (post_id = ANY (:posts) OR message_id = ANY (:messages))
RETURNING id;

-- name: audience
-- Whose moderators see it; 0: the administrators.
SELECT coalesce(network_id, 0) AS id FROM cases WHERE id = :case
UNION
SELECT h.network_id FROM cases c JOIN posts p ON p.id = c.post_id JOIN thread_networks h ON h.thread_id = p.thread_id WHERE c.id = :case;

-- name: settle
UPDATE cases SET outcome = :outcome, decided_by = :by, decided_at = now(), version = version + 1
WHERE outcome IS NULL AND (post_id = ANY (:posts) OR message_id = ANY (:messages))
RETURNING id;

-- name: tell_reporters
-- All who reported it, but for who decided.
INSERT INTO notifications (member_id, kind, post_id, message_id, network_id)
SELECT r.member_id, :kind, c.post_id, c.message_id, c.network_id
FROM reports r JOIN cases c ON c.id = r.case_id WHERE c.id = :case AND r.member_id IS DISTINCT FROM c.decided_by
ORDER BY r.member_id
RETURNING id, member_id;

-- name: standing^
-- Where a thing stands that is about to come back: its state, its open case, and the one that was decided last.
SELECT coalesce((SELECT state FROM posts p WHERE p.id = ANY (:posts)), (SELECT state FROM messages m WHERE m.id = ANY (:messages))) AS state,
       c.id, c.outcome, c.decided_by, c.decided_at > now() - make_interval(secs => :undo_s) AS lately,
       EXISTS (SELECT FROM reports r WHERE r.case_id = c.id) AS reported
FROM (VALUES (1)) v
LEFT JOIN LATERAL (
    SELECT * FROM cases c WHERE c.post_id = ANY (:posts) OR c.message_id = ANY (:messages)
    ORDER BY c.id DESC LIMIT 1) c ON true;

-- name: reopen!
UPDATE cases SET outcome = NULL, decided_by = NULL, decided_at = NULL, version = version + 1 WHERE id = :case;

-- name: untell
-- What was told of a decision that was taken back: read or not, it is no longer so.
DELETE FROM notifications n USING cases c
WHERE c.id = :case AND n.kind IN ('report_removed', 'report_left') AND n.post_id IS NOT DISTINCT FROM c.post_id
  AND n.message_id IS NOT DISTINCT FROM c.message_id AND n.created_at >= c.decided_at
RETURNING n.id, n.member_id;

-- name: moved
-- The open cases of a thread, with its posts: they are decided about by whom the posts belong to now.
WITH theirs AS (
    UPDATE cases c SET network_id = p.network_id, version = c.version + 1 FROM posts p
    WHERE p.id = c.post_id AND p.thread_id = :thread RETURNING c.id, c.outcome)
SELECT id FROM theirs WHERE outcome IS NULL;

-- name: thing^
-- Through which network it was written, and its version.
SELECT p.network_id, p.version FROM posts p WHERE p.id = ANY (:posts)
UNION ALL
SELECT r.network_id, m.version FROM messages m JOIN rooms r ON r.id = m.room_id WHERE m.id = ANY (:messages);
