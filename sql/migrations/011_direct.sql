-- Direct conversations: a room with no network, and the two members who are in it. Nobody else is ever let in: who may read
-- such a room is said here once, and a network's rules never reach it (its network is NULL, which equals nothing).

ALTER TABLE rooms ADD COLUMN pair bigint[] UNIQUE
    CHECK (pair IS NULL OR (network_id IS NULL AND cardinality(pair) = 2 AND pair[1] < pair[2]));
COMMENT ON COLUMN rooms.pair IS 'the two of a direct conversation, the smaller id first: each pair has one conversation at most';

CREATE TABLE participants (
    room_id    bigint NOT NULL REFERENCES rooms ON DELETE CASCADE,
    member_id  bigint NOT NULL REFERENCES members ON DELETE CASCADE,
    listed_at  timestamptz,
    PRIMARY KEY (room_id, member_id)
);
COMMENT ON COLUMN participants.listed_at IS 'when something was said last: the member''s list goes by it. NULL before the first message, but for who opened it';
CREATE INDEX participants_listed ON participants (member_id, listed_at DESC, room_id DESC) WHERE listed_at IS NOT NULL;
CREATE INDEX members_administrators ON members (id) WHERE administrator;

-- Who sees ---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION may_read_room(member bigint, room bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN $1 IS NOT NULL AND EXISTS (
        SELECT FROM rooms r WHERE r.id = $2
          AND CASE WHEN r.network_id IS NOT NULL THEN may_read_network($1, r.network_id)
                   ELSE EXISTS (SELECT FROM participants p JOIN members m ON m.id = p.member_id AND m.state = 'active'
                                WHERE p.room_id = r.id AND p.member_id = $1) END);

-- Do both count in one network at least? A suspension there shuts out, as everywhere.
CREATE FUNCTION share_a_network(member bigint, other bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN $1 <> $2 AND EXISTS (SELECT FROM standing a JOIN standing b ON b.network_id = a.network_id
                                WHERE a.member_id = $1 AND b.member_id = $2);

-- A direct conversation is read by its two, whose accounts count or do not; `moderators:0` is the administrators'.
CREATE OR REPLACE FUNCTION access_version_of(channel text) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (
        WITH above (name) AS (
            SELECT 'network:' || h.network_id FROM thread_networks h WHERE starts_with($1, 'thread:') AND h.thread_id = split_part($1, ':', 2)::bigint
            UNION ALL SELECT 'network:' || r.network_id FROM rooms r WHERE starts_with($1, 'room:') AND r.id = split_part($1, ':', 2)::bigint
            UNION ALL SELECT 'member:' || p.member_id FROM participants p WHERE starts_with($1, 'room:') AND p.room_id = split_part($1, ':', 2)::bigint
            UNION ALL SELECT 'network:' || split_part($1, ':', 2) WHERE starts_with($1, 'moderators:')
            UNION ALL SELECT 'member:' || m.id FROM members m WHERE $1 = 'moderators:0' AND m.administrator)
        SELECT CASE WHEN count(n.name) = 0 THEN c.access_version
                    ELSE hashtextextended(c.access_version || ' ' || string_agg(n.name || '=' || n.access_version, ' ' ORDER BY n.name), 0)
               END
        FROM channels c LEFT JOIN above a ON true LEFT JOIN channels n ON n.name = a.name
        WHERE c.name = $1 GROUP BY c.name);

INSERT INTO channels (name) VALUES ('moderators:0');

-- Who writes into a direct conversation: neither of the two is shut out of what they share before the commit.
CREATE OR REPLACE FUNCTION lock_room(member bigint, room bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM memberships s JOIN rooms r ON r.network_id = s.network_id
        WHERE s.member_id = member AND r.id = room FOR KEY SHARE OF s;
    PERFORM 1 FROM memberships s JOIN participants p ON p.member_id = s.member_id
        WHERE p.room_id = room ORDER BY s.member_id, s.network_id FOR KEY SHARE OF s;
    PERFORM 1 FROM rooms r WHERE r.id = room FOR NO KEY UPDATE;
END $$;

-- What is shown ----------------------------------------------------------------------------------------------------------------

CREATE VIEW shown_conversations AS
    SELECT p.room_id AS id, p.member_id AS viewer_id, p.listed_at,
           o.id AS other_id, o.name AS other_name, o.title AS other_title, o.organisation AS other_organisation,
           coalesce(d.number, 0) AS read_to,
           (SELECT count(*) FROM (SELECT FROM messages m WHERE m.room_id = p.room_id AND m.state = 'shown'
                                  AND m.author_id IS DISTINCT FROM p.member_id AND m.number > coalesce(d.number, 0) LIMIT 100) x) AS unread,
           l.id AS last_id, coalesce(l.number, 0) AS last_number, l.version AS last_version, l.author_id AS last_author_id,
           l.state AS last_state, l.html AS html, CASE WHEN l.mentions <> '{}' THEN names_of(l.mentions) END AS mention_names,
           l.created_at AS last_at
    FROM participants p
    JOIN participants q ON q.room_id = p.room_id AND q.member_id <> p.member_id
    JOIN people o ON o.id = q.member_id
    LEFT JOIN room_reads d ON d.room_id = p.room_id AND d.member_id = p.member_id
    LEFT JOIN LATERAL (SELECT * FROM messages m WHERE m.room_id = p.room_id ORDER BY m.number DESC LIMIT 1) l ON true;
COMMENT ON VIEW shown_conversations IS 'a direct conversation in the list of one of its two, with the message that stands last in it';

ALTER TABLE notifications ADD COLUMN room_id bigint REFERENCES rooms ON DELETE CASCADE;
COMMENT ON COLUMN notifications.room_id IS 'of a direct conversation: while one stands unread there is no other of it';
CREATE UNIQUE INDEX notifications_direct ON notifications (member_id, room_id) WHERE kind = 'direct' AND read_at IS NULL;

CREATE OR REPLACE VIEW shown_notifications AS
    SELECT x.id, x.member_id, x.kind AS what, x.post_id, x.message_id, x.network_id, x.thread_id, x.actor_id, x.request_id, r.body AS reason,
           x.created_at, x.read_at,
           a.name AS actor_name, a.title AS actor_title, a.organisation AS actor_organisation,
           t.title AS thread_title, n.name AS network_name, n.slug AS network_slug,
           p.state AS post_state, p.html AS post_html, names_of(coalesce(p.mentions, '{}')) AS post_mention_names,
           m.state AS message_state, m.html AS message_html, names_of(coalesce(m.mentions, '{}')) AS message_mention_names,
           coalesce(p.version, m.version, 0) AS about_version,
           x.removal_id, w.body AS note, x.until, x.room_id
    FROM notifications x
    LEFT JOIN people a ON a.id = x.actor_id
    LEFT JOIN notes r ON r.id = x.reason_id
    LEFT JOIN notes w ON w.id = x.note_id
    LEFT JOIN posts p ON p.id = x.post_id AND may_read_thread(x.member_id, p.thread_id)
    LEFT JOIN threads t ON t.id = coalesce(p.thread_id, x.thread_id) AND may_read_thread(x.member_id, t.id)
    LEFT JOIN messages m ON m.id = x.message_id AND may_read_room(x.member_id, m.room_id)
    LEFT JOIN networks n ON n.id = coalesce(x.network_id, t.network_id) AND may_see_network(x.member_id, n.id);

-- What administrators decide ----------------------------------------------------------------------------------------------------

-- A case of no network is the administrators', who moderate "network 0".
CREATE OR REPLACE FUNCTION sees_case(network bigint, case_ bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN EXISTS (
        SELECT FROM cases c WHERE c.id = $2
          AND (c.network_id = $1
               OR ($1 = 0 AND c.network_id IS NULL)
               OR EXISTS (SELECT FROM posts p JOIN thread_networks h ON h.thread_id = p.thread_id
                          WHERE p.id = c.post_id AND h.network_id = $1)));

-- Does this administrator decide about a message of a direct conversation? If it was reported; nobody about their own words, and
-- who is in the conversation themselves only where no other administrator is left.
CREATE FUNCTION decides_directly(member bigint, message bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN EXISTS (
        SELECT FROM members a JOIN messages m ON m.id = $2
        WHERE a.id = $1 AND a.administrator AND a.state = 'active' AND m.author_id <> a.id
          AND EXISTS (SELECT FROM cases c WHERE c.message_id = m.id AND c.network_id IS NULL)
          AND (NOT EXISTS (SELECT FROM participants p WHERE p.room_id = m.room_id AND p.member_id = a.id)
               OR NOT EXISTS (SELECT FROM members o WHERE o.administrator AND o.state = 'active'
                              AND NOT EXISTS (SELECT FROM participants p WHERE p.room_id = m.room_id AND p.member_id = o.id))));

ALTER TABLE removals ALTER COLUMN network_id DROP NOT NULL;
COMMENT ON COLUMN removals.network_id IS 'whose moderators removed it; NULL: out of a direct conversation, by an administrator';
