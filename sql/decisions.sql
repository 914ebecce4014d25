-- A case, locked and decided, and what a moderator sees of it.

-- name: place^
-- What a case is about, before anything is locked.
SELECT post_id, message_id, network_id FROM cases WHERE id = :case;

-- name: decides_directly$
SELECT decides_directly(:member, :message);

-- name: lock_case
SELECT FROM cases WHERE id = :case FOR NO KEY UPDATE;

-- name: seen_through
-- Of these networks, those whose moderators see the case.
SELECT id FROM unnest(:networks::bigint[]) id WHERE sees_case(id, :case);

-- name: take$
UPDATE cases SET taken_by = :member, taken_at = CASE WHEN :member::bigint IS NOT NULL THEN now() END, version = version + 1
WHERE id = :case AND taken_by IS DISTINCT FROM :member::bigint RETURNING version;

-- name: insert_note!
INSERT INTO case_notes (case_id, author_id, note_id) VALUES (:case, :author, :note);

-- name: notes_of
SELECT x.id, x.author_id, a.name AS author_name, w.body, x.at
FROM case_notes x LEFT JOIN people a ON a.id = x.author_id JOIN notes w ON w.id = x.note_id
WHERE x.case_id = :case ORDER BY x.id;

-- name: author_here^
-- Who wrote it, as this network knows them.
SELECT s.since, m.created_at,
       (SELECT count(*) FROM posts p WHERE p.author_id = m.id AND p.network_id = :network) AS posts,
       (SELECT count(*) FROM messages x JOIN rooms r ON r.id = x.room_id WHERE x.author_id = m.id AND r.network_id = :network) AS messages
FROM members m LEFT JOIN memberships s ON s.member_id = m.id AND s.network_id = :network WHERE m.id = :author;

-- name: removed_before
-- What this network (NULL: the administrators) removed of theirs and did not bring back, the newest first.
SELECT l.noun, l.at, l.actor_id, a.name AS actor_name, w.body AS reason
FROM moderation_log l LEFT JOIN people a ON a.id = l.actor_id LEFT JOIN notes w ON w.id = l.reason_id
WHERE l.subject_id = :author AND l.network_id IS NOT DISTINCT FROM :network AND l.act = 'remove' AND l.noun IN ('post', 'message')
  AND NOT (l.noun = :noun AND l.object_id = :object)
  AND NOT EXISTS (SELECT FROM moderation_log b WHERE b.noun = l.noun AND b.object_id = l.object_id AND b.act = 'restore' AND b.id > l.id)
ORDER BY l.id DESC LIMIT 20;

-- name: below$
-- How many replies stand below a post.
SELECT count(*) FROM posts p JOIN posts r ON r.thread_id = p.thread_id
WHERE p.id = :post AND r.path > p.path AND r.path < p.path || '\xffffffff'::bytea AND r.id <> p.id AND r.state = 'shown';

-- name: around_message
-- The message before it and the one after, if they are shown. Not of a direct conversation: of one only what was reported is read.
(SELECT m.*, true AS before FROM shown_messages m JOIN messages x ON x.id = :message JOIN rooms r ON r.id = x.room_id AND r.network_id IS NOT NULL
 WHERE m.room_id = x.room_id AND m.number < x.number AND m.state = 'shown' ORDER BY m.number DESC LIMIT 1)
UNION ALL
(SELECT m.*, false FROM shown_messages m JOIN messages x ON x.id = :message JOIN rooms r ON r.id = x.room_id AND r.network_id IS NOT NULL
 WHERE m.room_id = x.room_id AND m.number > x.number AND m.state = 'shown' ORDER BY m.number LIMIT 1);

-- name: parent^
SELECT u.* FROM posts p JOIN shown_posts u ON u.id = p.parent_id WHERE p.id = :post;

-- name: words
-- All that it said, the newest last: as it stands, before its edits, or under seal.
SELECT version, body, at FROM revisions WHERE noun = :noun AND object_id = :object
UNION ALL
SELECT version, body, at FROM sealed WHERE noun = :noun AND object_id = :object
UNION ALL
SELECT version, body, coalesce(edited_at, created_at) FROM posts WHERE :noun = 'post' AND id = :object AND state = 'shown'
UNION ALL
SELECT version, body, coalesce(edited_at, created_at) FROM messages WHERE :noun = 'message' AND id = :object AND state = 'shown'
ORDER BY version;

-- name: hold^
-- The open hold of a post: whose it is, until when, and why.
SELECT h.network_id, n.name AS network_name, h.until, h.held_at,
       (SELECT w.body FROM moderation_log l JOIN notes w ON w.id = l.reason_id
        WHERE l.noun = 'post' AND l.object_id = h.post_id AND l.act = 'hold' AND l.network_id = h.network_id ORDER BY l.id DESC LIMIT 1) AS reason
FROM holds h JOIN networks n ON n.id = h.network_id WHERE h.post_id = :post AND h.outcome IS NULL;
