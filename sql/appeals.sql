-- Appeals. One about a removal, by its author, once.

-- name: mine^
-- A removal, for its author.
SELECT * FROM shown_removals WHERE id = :removal AND author_id = :member;

-- name: lock_removal^
SELECT id, network_id, post_id, message_id, author_id, restored_at, appeal_until, appeal_closed_at FROM removals
WHERE id = :removal AND author_id = :member FOR NO KEY UPDATE;

-- name: insert^
WITH words AS (
    INSERT INTO notes (body) SELECT :body WHERE NOT EXISTS (SELECT FROM appeals WHERE removal_id = :removal) RETURNING id)
INSERT INTO appeals (removal_id, member_id, note_id, decides_id)
SELECT :removal, :member, w.id, (SELECT d.network_id FROM appeal_deciders(:removal) d LIMIT 1) FROM words w
RETURNING id, decides_id;

-- name: tell_deciders
INSERT INTO notifications (member_id, kind, network_id, removal_id)
SELECT d.member_id, 'appeal', r.network_id, r.id FROM appeal_deciders(:removal) d, removals r WHERE r.id = :removal
ORDER BY d.member_id LIMIT 20
RETURNING id, member_id;

-- name: place^
-- An appeal, and how this member stands to it: do they follow the queue in which it is, and do they decide?
SELECT a.id, a.removal_id, a.decides_id, r.post_id, r.message_id, r.network_id, r.author_id,
       EXISTS (SELECT FROM appeal_deciders(a.removal_id) d WHERE d.member_id = :member) AS may_decide,
       CASE WHEN a.decides_id IS NULL THEN EXISTS (SELECT FROM members m WHERE m.id = :member AND m.administrator AND m.state = 'active')
            ELSE EXISTS (SELECT FROM standing s WHERE s.network_id = a.decides_id AND s.member_id = :member
                                                  AND s.role IN ('moderator', 'lead')) END AS in_queue
FROM appeals a JOIN removals r ON r.id = a.removal_id WHERE a.id = :appeal;

-- name: case^
-- Everything that whoever decides is told of it, but for the words and what stands around them.
SELECT a.id, a.removal_id, a.decides_id, a.step, a.appealed_at, a.due_at, a.outcome, a.decided_at, s.body AS appeal, y.body AS answer,
       r.network_id, n.name AS network_name, n.slug AS network_slug, r.post_id, r.message_id, r.author_id, w.name AS author_name,
       r.removed_by, d.name AS removed_by_name, r.removed_at, r.purged_at, r.restored_at, v.body AS reason, x.body AS note,
       p.thread_id, t.title AS thread_title, m.room_id, b.name AS decided_by_name, a.decided_by,
       coalesce(p.created_at, m.created_at) AS written_at, coalesce(p.number, m.number) AS number
FROM appeals a JOIN removals r ON r.id = a.removal_id LEFT JOIN networks n ON n.id = r.network_id
LEFT JOIN posts p ON p.id = r.post_id LEFT JOIN threads t ON t.id = p.thread_id LEFT JOIN messages m ON m.id = r.message_id
LEFT JOIN notes s ON s.id = a.note_id LEFT JOIN notes y ON y.id = a.answer_id
LEFT JOIN notes v ON v.id = r.reason_id LEFT JOIN notes x ON x.id = r.note_id
LEFT JOIN people w ON w.id = r.author_id LEFT JOIN people d ON d.id = r.removed_by LEFT JOIN people b ON b.id = a.decided_by
WHERE a.id = :appeal;

-- name: words
-- What was said, its edits too: sealed, or where it has been brought back, as it stands.
SELECT version, body, at FROM sealed WHERE noun = :noun AND object_id = :object
UNION ALL SELECT version, body, coalesce(edited_at, created_at) FROM posts WHERE :noun = 'post' AND id = :object AND body IS NOT NULL
UNION ALL SELECT version, body, coalesce(edited_at, created_at) FROM messages WHERE :noun = 'message' AND id = :object AND body IS NOT NULL
ORDER BY version DESC;

-- name: posts_around
-- The five that stand nearest, the one that it answers among them.
SELECT * FROM (
    SELECT p.* FROM posts o JOIN shown_posts p ON p.thread_id = o.thread_id AND p.id <> o.id AND p.state = 'shown'
                                              AND (p.id = o.parent_id OR p.number BETWEEN o.number - 40 AND o.number + 40)
    WHERE o.id = :object ORDER BY p.id IS NOT DISTINCT FROM o.parent_id DESC, abs(p.number - o.number), p.number LIMIT 5) near
ORDER BY number;

-- name: messages_around
SELECT * FROM (
    SELECT m.* FROM messages o JOIN rooms r ON r.id = o.room_id AND r.network_id IS NOT NULL -- of a direct conversation nothing
    JOIN shown_messages m ON m.room_id = o.room_id AND m.id <> o.id AND m.state = 'shown'
                                                    AND m.number BETWEEN o.number - 40 AND o.number + 40
    WHERE o.id = :object ORDER BY m.id IS NOT DISTINCT FROM o.reply_to_id DESC, abs(m.number - o.number), m.number LIMIT 5) near
ORDER BY number;

-- name: lock^
SELECT id, removal_id, outcome FROM appeals WHERE id = :appeal FOR NO KEY UPDATE;

-- name: decided_by^
SELECT a.outcome, a.decided_at, b.name FROM appeals a LEFT JOIN people b ON b.id = a.decided_by WHERE a.id = :appeal;

-- name: decide^
WITH words AS (INSERT INTO notes (body) SELECT :answer WHERE :answer <> '' RETURNING id)
UPDATE appeals SET outcome = :outcome, answer_id = (SELECT id FROM words), decided_by = :member, decided_at = now()
WHERE id = :appeal RETURNING answer_id;

-- name: thing_to_bring_back^
-- The removed post or message, as the act that brings it back needs it.
SELECT p.id, p.thread_id AS place_id, p.network_id, p.author_id, p.state, p.version FROM posts p WHERE :noun = 'post' AND p.id = :object
UNION ALL
SELECT m.id, m.room_id, r.network_id, m.author_id, m.state, m.version FROM messages m JOIN rooms r ON r.id = m.room_id
WHERE :noun = 'message' AND m.id = :object;

-- name: tell_author$
INSERT INTO notifications (member_id, kind, network_id, post_id, message_id, removal_id, note_id)
SELECT a.member_id, :kind, r.network_id, r.post_id, r.message_id, r.id, a.answer_id
FROM appeals a JOIN removals r ON r.id = a.removal_id WHERE a.id = :appeal
RETURNING id;

-- name: waiting
-- What waits in the queue of a network: the same for all its moderators.
SELECT * FROM shown_appeals WHERE decides_id = :network AND outcome IS NULL ORDER BY due_at, id LIMIT 200;

-- name: listed
-- All that wait in this queue, or all that were decided; NULL is the administrators' queue.
SELECT * FROM shown_appeals
WHERE decides_id IS NOT DISTINCT FROM :network AND (outcome IS NULL) = :open AND (:before::bigint IS NULL OR id < :before::bigint)
ORDER BY id DESC LIMIT :limit;

-- name: for_me
-- All that wait for this member, wherever.
SELECT s.* FROM shown_appeals s
WHERE s.outcome IS NULL
  AND (s.decides_id IS NULL OR s.decides_id IN (SELECT t.network_id FROM standing t WHERE t.member_id = :member AND t.role IN ('moderator', 'lead')))
  AND EXISTS (SELECT FROM appeal_deciders(s.removal_id) d WHERE d.member_id = :member)
ORDER BY s.due_at, s.id LIMIT 200;

-- name: decides_elsewhere
-- Those that nobody in their queue may decide any more, or somebody nearer.
SELECT a.id FROM appeals a
WHERE a.outcome IS NULL AND a.decides_id IS DISTINCT FROM (SELECT d.network_id FROM appeal_deciders(a.removal_id) d LIMIT 1)
ORDER BY a.id LIMIT 100;

-- name: pass_on^
WITH old AS (SELECT id, decides_id, removal_id FROM appeals WHERE id = :appeal AND outcome IS NULL FOR NO KEY UPDATE)
UPDATE appeals a SET decides_id = (SELECT d.network_id FROM appeal_deciders(o.removal_id) d LIMIT 1) FROM old o
WHERE a.id = o.id RETURNING o.decides_id AS before, a.decides_id AS after, a.removal_id;

-- name: overdue
SELECT id FROM appeals WHERE outcome IS NULL AND due_at <= :now ORDER BY due_at, id LIMIT 100;

-- name: pass_on_overdue^
-- To the next step on which somebody is free; where there is none it stays, and its time begins anew. `further` tells.
WITH old AS (
    SELECT id, decides_id, removal_id, step FROM appeals
    WHERE id = :appeal AND outcome IS NULL AND due_at <= :now FOR NO KEY UPDATE),
next AS (
    SELECT DISTINCT ON (o.id) o.id, f.step, f.network_id FROM old o, appeal_free(o.removal_id) f
    WHERE f.step > greatest(o.step, appeal_step(o.removal_id)) ORDER BY o.id, f.step)
UPDATE appeals a SET step = coalesce(n.step, o.step), due_at = :now::timestamptz + make_interval(days => :days),
                     decides_id = CASE WHEN n.id IS NULL THEN o.decides_id ELSE n.network_id END
FROM old o LEFT JOIN next n ON n.id = o.id, removals r
WHERE a.id = o.id AND r.id = o.removal_id
RETURNING o.decides_id AS before, a.decides_id AS after, a.removal_id, n.id IS NOT NULL AS further,
          r.network_id, r.post_id, r.message_id, r.author_id;

-- name: close_due
UPDATE removals SET appeal_closed_at = :now WHERE id IN (
    SELECT id FROM removals WHERE appeal_closed_at IS NULL AND appeal_until <= :now
    ORDER BY appeal_until, id LIMIT 100 FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id, author_id;

-- name: tell_passed_on$
INSERT INTO notifications (member_id, kind, network_id, removal_id, until)
SELECT a.member_id, 'appeal_passed_on', r.network_id, r.id, a.due_at
FROM appeals a JOIN removals r ON r.id = a.removal_id WHERE a.id = :appeal
RETURNING id;

-- name: of_removal$
SELECT a.id FROM appeals a WHERE a.removal_id = :removal
AND EXISTS (SELECT FROM appeal_deciders(a.removal_id) d WHERE d.member_id = :member);
