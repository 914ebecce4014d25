-- Removals. Every act locks the posts and messages first (the statements `lock` of both).

-- name: posts_to_decide
-- Each as the caller stands to it: does it exist for them, and do they decide about it?
SELECT p.id, p.thread_id AS place_id, p.network_id, p.author_id, p.state, p.version, n.name AS network_name,
       may_read_thread(:member, p.thread_id) AS may_read,
       EXISTS (SELECT FROM thread_networks h JOIN standing s ON s.network_id = h.network_id
               WHERE h.thread_id = p.thread_id AND h.network_id = p.network_id
                 AND s.member_id = :member AND s.role IN ('moderator', 'lead')) AS decides
FROM posts p JOIN networks n ON n.id = p.network_id WHERE p.id = ANY (:ids) ORDER BY p.id;

-- name: messages_to_decide
-- In a direct conversation the administrators decide, about what was reported to them and nothing else.
SELECT m.id, m.room_id AS place_id, n.id AS network_id, m.author_id, m.state, m.version, n.name AS network_name,
       may_read_room(:member, m.room_id) OR a.decides AS may_read,
       a.decides OR EXISTS (SELECT FROM standing s WHERE s.network_id = n.id AND s.member_id = :member
                                                     AND s.role IN ('moderator', 'lead')) AS decides
FROM messages m JOIN rooms r ON r.id = m.room_id LEFT JOIN networks n ON n.id = r.network_id
CROSS JOIN LATERAL (SELECT r.network_id IS NULL AND decides_directly(:member, m.id) AS decides) a
WHERE m.id = ANY (:ids) ORDER BY m.id;

-- name: insert
-- An appeal needs the words: where they are kept for less than thirty days, it ends with them. What is in no network is kept as
-- long as a network keeps it that has settled nothing else.
INSERT INTO removals (network_id, post_id, message_id, author_id, removed_by, reason_id, note_id, batch, named, purge_at, appeal_until)
SELECT n.id, CASE WHEN :noun = 'post' THEN x.id END, CASE WHEN :noun = 'message' THEN x.id END, x.author_id, :member,
       :reason, :note, :batch, coalesce(n.names_moderators, false), now() + make_interval(days => coalesce(n.keeps_removed_days, 90)),
       now() + make_interval(days => CASE WHEN :keep THEN least(n.keeps_removed_days, 30) ELSE 30 END)
FROM unnest(:ids::bigint[], :networks::bigint[], :authors::bigint[]) AS x (id, network_id, author_id)
LEFT JOIN networks n ON n.id = x.network_id ORDER BY x.id
RETURNING id;

-- name: join_batch!
UPDATE removals SET batch = :batch WHERE id = ANY (:removals);

-- name: tell_authors
-- One word to each, however many of theirs went in the act.
INSERT INTO notifications (member_id, kind, network_id, post_id, message_id, reason_id, note_id, removal_id, until, actor_id)
SELECT DISTINCT ON (r.author_id) r.author_id, 'removal', r.network_id, r.post_id, r.message_id, r.reason_id, r.note_id, r.id,
       r.appeal_until, CASE WHEN r.named THEN r.removed_by END
FROM removals r WHERE r.id = ANY (:removals) AND r.author_id IS NOT NULL AND r.author_id IS DISTINCT FROM :member
ORDER BY r.author_id, r.id
RETURNING id, member_id;

-- name: standing^
-- The removal that stands of this post or message.
SELECT * FROM removals
WHERE restored_at IS NULL AND ((:noun = 'post' AND post_id = :object) OR (:noun = 'message' AND message_id = :object));

-- name: batch
-- What stands still of what went in one act with this removal, it included, and is the caller's to decide about.
SELECT r.id, coalesce(r.post_id, r.message_id) AS object_id, r.network_id
FROM removals o JOIN removals r ON r.id = o.id OR r.batch = o.batch
JOIN standing s ON s.network_id = r.network_id AND s.member_id = :member AND s.role IN ('moderator', 'lead')
WHERE o.id = :removal AND r.restored_at IS NULL AND r.purged_at IS NULL AND r.id > :after
  AND CASE WHEN :noun = 'post' THEN r.post_id ELSE r.message_id END IS NOT NULL
ORDER BY r.id LIMIT :limit;

-- name: batches
-- What these posts and messages went with in one act, where more than one still is away: its newest one here stands for it.
SELECT DISTINCT ON (x.batch) x.batch, coalesce(x.post_id, x.message_id) AS object_id, x.removed_at, y.together
FROM removals x, LATERAL (
    SELECT count(*) AS together FROM removals o
    JOIN standing s ON s.network_id = o.network_id AND s.member_id = :member AND s.role IN ('moderator', 'lead')
    WHERE o.batch = x.batch AND o.restored_at IS NULL AND o.purged_at IS NULL) y
WHERE x.batch IS NOT NULL AND x.restored_at IS NULL AND x.purged_at IS NULL AND y.together > 1
  AND (x.post_id = ANY (:posts) OR x.message_id = ANY (:messages))
ORDER BY x.batch, x.id DESC;

-- name: may_restore$
-- Whether anything of what went in one act with this removal was the caller's to decide about.
SELECT EXISTS (
    SELECT FROM removals o JOIN removals r ON r.id = o.id OR r.batch = o.batch
    JOIN standing s ON s.network_id = r.network_id AND s.member_id = :member AND s.role IN ('moderator', 'lead')
    WHERE o.id = :removal);

-- name: tell_restored
-- One word to each author, however many of theirs came back in the act.
INSERT INTO notifications (member_id, kind, network_id, removal_id)
SELECT DISTINCT ON (r.author_id) r.author_id, 'restoration', r.network_id, r.id
FROM removals r WHERE r.id = ANY (:removals) AND r.author_id IS NOT NULL AND r.author_id IS DISTINCT FROM :member
  AND NOT r.author_id = ANY (:told) ORDER BY r.author_id, r.id
RETURNING id, member_id;

-- name: take_back$
UPDATE removals SET restored_at = now()
WHERE restored_at IS NULL AND ((:noun = 'post' AND post_id = :object) OR (:noun = 'message' AND message_id = :object))
RETURNING id;

-- name: overturn
-- In a statement of its own, after the removal is locked: its author may just have appealed. That has then come out well.
UPDATE appeals SET outcome = 'overturned', decided_by = :member, decided_at = now()
WHERE removal_id = :removal AND outcome IS NULL RETURNING id, decides_id;

-- name: written_by_posts
-- What a member wrote through these networks since then, and what still can be removed of it.
SELECT p.id FROM posts p JOIN thread_networks h ON h.thread_id = p.thread_id AND h.network_id = p.network_id
WHERE p.author_id = :author AND p.network_id = ANY (:networks) AND p.created_at >= :since AND p.state IN ('shown', 'held')
ORDER BY p.thread_id, p.id LIMIT :limit;

-- name: written_by_messages
SELECT m.id FROM messages m JOIN rooms r ON r.id = m.room_id
WHERE m.author_id = :author AND r.network_id = ANY (:networks) AND m.created_at >= :since AND m.state = 'shown'
ORDER BY m.room_id, m.id LIMIT :limit;

-- name: moderated_below
-- The network, and those below it whose moderator or lead the caller is as well.
WITH RECURSIVE below AS (
    SELECT id FROM networks WHERE id = :network
    UNION SELECT n.id FROM networks n JOIN below b ON n.parent_id = b.id)
SELECT b.id FROM below b JOIN standing s ON s.network_id = b.id AND s.member_id = :member AND s.role IN ('moderator', 'lead');

-- name: settle!
UPDATE networks SET reasons = :reasons, names_moderators = :names_moderators, keeps_removed_days = :keeps_removed_days,
                    version = version + 1
WHERE id = :network;
