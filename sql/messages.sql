-- Messages. Every statement that changes one runs with its room locked (access.lock_room).

-- name: one^
SELECT * FROM shown_messages WHERE id = :message;

-- name: insert^
SELECT message_id AS id, told_members, told_ids
FROM insert_messages(
    ARRAY[ROW(:author, :room, NULL, :network, NULL, :reply_to, NULL, NULL, :body, :html, :mentions, :renderer)::wanted_message],
    ARRAY[nextval('messages_id_seq')]);

-- name: write
-- Locks, compares, inserts, keeps the keys, records: a transaction by itself, for each of these messages.
SELECT w.outcome, w.channels, w.heads, w.wait_s, (w.shown).* FROM write_messages(:rows::wanted_message[], :wait) w;

-- name: told_directly
-- Both of a conversation have it at the head of their lists now; the other is told, unless a notification of it waits already.
WITH listed AS (
    UPDATE participants SET listed_at = now() WHERE room_id = :room RETURNING member_id),
told AS (
    INSERT INTO notifications (member_id, kind, message_id, room_id, actor_id)
    SELECT member_id, 'direct', :message, :room, :author FROM listed WHERE member_id <> :author
    ON CONFLICT (member_id, room_id) WHERE kind = 'direct' AND read_at IS NULL DO NOTHING RETURNING id, member_id)
SELECT l.member_id, t.id FROM listed l LEFT JOIN told t ON t.member_id = l.member_id ORDER BY l.member_id;

-- name: in_lists
-- Whose lists of conversations show something of these messages.
SELECT DISTINCT m.room_id, p.member_id FROM messages m JOIN participants p ON p.room_id = m.room_id WHERE m.id = ANY (:objects);

-- name: gaps
-- Those of these messages that have no words any more, and the networks on whose members' home pages the words may stand.
SELECT m.id, r.network_id FROM messages m JOIN rooms r ON r.id = m.room_id
WHERE m.id = ANY (:objects) AND m.state <> 'shown' AND r.network_id IS NOT NULL;

-- name: edit^
WITH old AS (
    SELECT id, version, body, coalesce(edited_at, created_at) AS at FROM messages WHERE id = :object),
kept AS (
    INSERT INTO revisions (noun, object_id, version, body, at) SELECT 'message', id, version, body, at FROM old),
dirty AS (
    -- Who is mentioned counts in the badges of others; the last message stands on the card of its room.
    UPDATE rooms SET dirty = true
    WHERE id = (SELECT room_id FROM messages m WHERE id = :object AND (
                    mentions IS DISTINCT FROM :mentions::bigint[]
                    OR NOT EXISTS (SELECT FROM messages n WHERE n.room_id = m.room_id AND n.number > m.number)))
      AND NOT dirty),
changed AS (
    UPDATE messages SET body = :body, html = :html, mentions = :mentions, renderer = :renderer,
                        version = version + 1, edited_at = now()
    WHERE id = :object RETURNING version)
SELECT version FROM changed;

-- name: lock
-- Several at once, with where they stand, for an act of this member; NULL: of the clock, or of who decides from elsewhere.
SELECT lock_messages(:member, :objects);

-- name: seal
WITH old AS (
    SELECT id, version, body, coalesce(edited_at, created_at) AS at FROM messages WHERE id = ANY (:objects) AND state = 'shown'),
put AS (
    INSERT INTO sealed (noun, object_id, version, body, at)
    SELECT 'message', id, version, body, at FROM old
    UNION ALL SELECT r.noun, r.object_id, r.version, r.body, r.at FROM revisions r, old WHERE r.noun = 'message' AND r.object_id = old.id),
forgotten AS (
    DELETE FROM revisions WHERE noun = 'message' AND object_id = ANY (:objects)),
dirty AS (
    UPDATE rooms SET dirty = true WHERE id IN (SELECT room_id FROM messages WHERE id = ANY (:objects)) AND NOT dirty)
UPDATE messages SET state = :state, body = NULL, html = NULL, mentions = '{}', version = version + 1,
                    gap_at = coalesce(:until::timestamptz, now())
WHERE id = ANY (:objects) RETURNING id, version;

-- name: sealed_bodies
SELECT DISTINCT ON (object_id) object_id, body FROM sealed WHERE noun = 'message' AND object_id = ANY (:objects)
ORDER BY object_id, version DESC;

-- name: unseal$
WITH newest AS (
    SELECT max(version) AS version FROM sealed WHERE noun = 'message' AND object_id = :object),
kept AS (
    INSERT INTO revisions (noun, object_id, version, body, at)
    SELECT s.noun, s.object_id, s.version, s.body, s.at FROM sealed s, newest
    WHERE s.noun = 'message' AND s.object_id = :object AND s.version < newest.version),
opened AS (
    DELETE FROM sealed WHERE noun = 'message' AND object_id = :object),
dirty AS (
    UPDATE rooms SET dirty = true WHERE id = (SELECT room_id FROM messages WHERE id = :object) AND NOT dirty)
UPDATE messages SET state = 'shown', body = :body, html = :html, mentions = :mentions, renderer = :renderer,
                    version = version + 1, gap_at = NULL
WHERE id = :object RETURNING version;

-- name: replies
-- The messages that answer these: the excerpt above them has changed.
SELECT id, room_id FROM messages WHERE reply_to_id = ANY (:objects);

-- name: told_of
SELECT id, member_id FROM notifications WHERE message_id = ANY (:objects);

-- name: history
SELECT version, body, at FROM revisions WHERE noun = 'message' AND object_id = :object ORDER BY version;

-- name: latest
-- The newest messages of a room, oldest first.
SELECT * FROM (SELECT * FROM shown_messages WHERE room_id = :room ORDER BY number DESC LIMIT :limit) m ORDER BY m.number;

-- name: before
SELECT * FROM (SELECT * FROM shown_messages WHERE room_id = :room AND number < :before::bigint ORDER BY number DESC LIMIT :limit) m
ORDER BY m.number;

-- name: after
SELECT * FROM shown_messages WHERE room_id = :room AND number > :after::bigint ORDER BY number LIMIT :limit;

-- name: newest_between
-- From the newest on, between two moments. A cursor is a number.
SELECT * FROM shown_messages WHERE room_id = :room AND (:before::bigint IS NULL OR number < :before::bigint)
  AND (:since::timestamptz IS NULL OR created_at >= :since::timestamptz)
  AND (:until::timestamptz IS NULL OR created_at < :until::timestamptz)
ORDER BY number DESC LIMIT :limit;

-- name: oldest_between
SELECT * FROM shown_messages WHERE room_id = :room AND number > :after::bigint
  AND (:since::timestamptz IS NULL OR created_at >= :since::timestamptz)
  AND (:until::timestamptz IS NULL OR created_at < :until::timestamptz)
ORDER BY number LIMIT :limit;

-- name: slow_down!
UPDATE rooms SET slow_s = :slow_s WHERE id = :room;

-- name: place^
SELECT id, room_id, number FROM messages WHERE id = :message;

-- name: read_to$
SELECT number FROM room_reads WHERE member_id = :member AND room_id = :room;

-- name: mark_read$
INSERT INTO room_reads (member_id, room_id, number)
SELECT :member, :room, least(:number::bigint, (SELECT max(number) FROM messages WHERE room_id = :room))
ON CONFLICT (member_id, room_id) DO UPDATE SET number = EXCLUDED.number, read_at = now() WHERE room_reads.number < EXCLUDED.number
RETURNING number;

-- name: read_directly
-- Whoever has read what they were told of is told anew of the next.
UPDATE notifications n SET read_at = now() FROM messages m
WHERE n.member_id = :member AND n.room_id = :room AND n.kind = 'direct' AND n.read_at IS NULL AND m.id = n.message_id AND m.number <= :number
RETURNING n.id;

-- name: last_number$
SELECT coalesce(max(number), 0) FROM messages WHERE room_id = :room;

-- name: last_of_rooms
-- The newest message of each of these rooms.
SELECT m.* FROM unnest(:rooms::bigint[]) r
CROSS JOIN LATERAL (SELECT * FROM shown_messages WHERE room_id = r ORDER BY number DESC LIMIT 1) m;
