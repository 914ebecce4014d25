-- A reply and a message are written by one statement each, which is a transaction of its own: one question and one answer instead
-- of nine. The act decides (may they write, through which network, has a moderator to read it first) on a thread or a room as they
-- read it before; here it is locked, and what was decided upon has to stand as it was read. If not, nothing is written, and the
-- act looks anew. So who may is said in one place, and holds until the commit.

-- What the right to write into a thread, and how, depends on: for one member, as a text that is the same as long as it stands.
CREATE FUNCTION thread_standing(member bigint, thread bigint) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT t.audience || ' ' || (t.locked_at IS NOT NULL) || ' '
               || coalesce(string_agg(concat_ws(' ', h.network_id, s.role, s.muted, n.approves_first), ',' ORDER BY h.network_id), '')
        FROM threads t
        JOIN thread_networks h ON h.thread_id = t.id
        JOIN networks n ON n.id = h.network_id
        LEFT JOIN standing s ON s.network_id = h.network_id AND s.member_id = member
        WHERE t.id = thread GROUP BY t.id);
END $$;

CREATE FUNCTION room_standing(member bigint, room bigint) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT concat_ws(' ', n.id, n.posting, n.approves_first, r.slow_s, s.role, s.muted)
        FROM rooms r
        JOIN networks n ON n.id = r.network_id
        LEFT JOIN standing s ON s.network_id = n.id AND s.member_id = member
        WHERE r.id = room);
END $$;

-- A reply in a locked thread: with what it quotes, who watches from now on, and at most 20 people who are told at once. No row where
-- `parent_` is not in this thread.
CREATE FUNCTION insert_reply(id_ bigint, thread_ bigint, network_ bigint, author_ bigint, parent_ bigint, body_ text, html_ text,
                             mentions_ bigint[], quotes_ bigint[], renderer_ int)
    RETURNS TABLE (post_id bigint, told_members bigint[], told_ids bigint[]) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY
    WITH parent AS (
        SELECT p.id, p.path, p.depth, p.author_id FROM posts p
        -- By its id, and by nothing else: a plan that was made while there was little would go through all of the thread.
        WHERE p.id = coalesce(parent_, (SELECT o.id FROM posts o WHERE o.thread_id = thread_ AND o.number = 1))
          AND (p.thread_id = thread_) IS TRUE),
    place AS (
        SELECT p.number + 1 AS number FROM posts p WHERE p.thread_id = thread_ ORDER BY p.number DESC LIMIT 1),
    new AS (
        INSERT INTO posts (id, thread_id, network_id, author_id, parent_id, number, depth, path, body, html, mentions, quotes, renderer)
        OVERRIDING SYSTEM VALUE
        SELECT coalesce(id_, nextval('posts_id_seq')), thread_, network_, author_, parent.id, place.number, parent.depth + 1,
               substring(parent.path FOR 1596) || int4send(place.number), body_, html_, mentions_, quotes_, renderer_
        FROM parent, place
        RETURNING id, number),
    dirty AS (
        UPDATE threads t SET dirty = true WHERE t.id = thread_ AND NOT t.dirty),
    quoted AS (
        INSERT INTO quotes (source_id, target_id)
        SELECT s.id, new.id FROM new, posts s WHERE s.id = ANY (quotes_)),
    watched AS (
        INSERT INTO watches (thread_id, member_id, told_number)
        SELECT thread_, author_, new.number FROM new ON CONFLICT DO NOTHING),
    seen AS (
        INSERT INTO thread_reads (member_id, thread_id, numbers)
        SELECT author_, thread_, int4multirange(int4range(new.number, new.number + 1)) FROM new
        ON CONFLICT (member_id, thread_id) DO UPDATE SET numbers = thread_reads.numbers + EXCLUDED.numbers),
    told AS (
        INSERT INTO notifications (member_id, kind, post_id, thread_id, actor_id)
        SELECT w.member_id, min(w.kind), new.id, thread_, author_
        FROM new, (SELECT parent.author_id AS member_id, 'reply' AS kind FROM parent WHERE parent.author_id IS NOT NULL
                   UNION ALL SELECT m, 'mention' FROM unnest(mentions_) m) w
        WHERE w.member_id <> author_ AND hears(w.member_id, author_) AND may_read_thread(w.member_id, thread_)
        GROUP BY w.member_id, new.id ORDER BY w.member_id LIMIT 20
        RETURNING id, member_id)
    SELECT new.id, (SELECT array_agg(told.member_id) FROM told), (SELECT array_agg(told.id) FROM told) FROM new;
END $$;

CREATE FUNCTION insert_message(id_ bigint, room_ bigint, network_ bigint, author_ bigint, reply_to_ bigint, body_ text, html_ text,
                               mentions_ bigint[], renderer_ int)
    RETURNS TABLE (message_id bigint, told_members bigint[], told_ids bigint[]) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY
    WITH place AS (
        SELECT coalesce((SELECT m.number FROM messages m WHERE m.room_id = room_ ORDER BY m.number DESC LIMIT 1), 0) + 1 AS number),
    answered AS (
        SELECT m.id, m.author_id FROM messages m WHERE m.id = reply_to_ AND (m.room_id = room_) IS TRUE),
    new AS (
        INSERT INTO messages (id, room_id, author_id, reply_to_id, number, body, html, mentions, renderer)
        OVERRIDING SYSTEM VALUE
        SELECT coalesce(id_, nextval('messages_id_seq')), room_, author_, (SELECT answered.id FROM answered), place.number,
               body_, html_, mentions_, renderer_
        FROM place WHERE reply_to_ IS NULL OR EXISTS (SELECT FROM answered)
        RETURNING id, number),
    dirty AS (
        UPDATE rooms r SET dirty = true WHERE r.id = room_ AND NOT r.dirty),
    told AS (
        INSERT INTO notifications (member_id, kind, message_id, network_id, actor_id)
        SELECT w.member_id, min(w.kind), new.id, network_, author_
        FROM new, (SELECT answered.author_id AS member_id, 'room_reply' AS kind FROM answered WHERE answered.author_id IS NOT NULL
                   UNION ALL SELECT m, 'room_mention' FROM unnest(mentions_) m) w
        WHERE w.member_id <> author_ AND hears(w.member_id, author_) AND may_read_network(w.member_id, network_)
        GROUP BY w.member_id, new.id ORDER BY w.member_id LIMIT 20
        RETURNING id, member_id)
    SELECT new.id, (SELECT array_agg(told.member_id) FROM told), (SELECT array_agg(told.id) FROM told) FROM new;
END $$;

-- Keeps with a key what its request makes: false where the key came before. Whoever sends it twice at once waits here.
CREATE FUNCTION keep_key(member bigint, key_ text, hash bytea, object bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO idempotency_keys (member_id, key, request_hash, object_id) VALUES (member, key_, hash, object) ON CONFLICT DO NOTHING;
    RETURN FOUND;
END $$;

-- Records what was written in its channel, and with each of who was told at once; answers the new heads.
CREATE FUNCTION record_written(channel text, kind text, object bigint, told_members bigint[], told_ids bigint[],
                               OUT channels text[], OUT heads bigint[]) LANGUAGE plpgsql AS $$
BEGIN
    SELECT array_agg(r.channel_name), array_agg(r.head) INTO channels, heads FROM record_updates(
        ARRAY[channel] || ARRAY(SELECT 'member:' || m FROM unnest(told_members) m),
        ARRAY[kind] || array_fill('notification.created'::text, ARRAY[coalesce(cardinality(told_ids), 0)]),
        ARRAY[object] || told_ids) r;
END $$;

-- `outcome`: written, with the post as it stands and the new heads of the channels it was recorded in; or, with nothing written,
-- changed (what was decided upon), taken (the key came before), misplaced (the parent is not in this thread).
CREATE FUNCTION write_reply(member bigint, thread bigint, standing_ text, network bigint, parent bigint, key_ text, hash bytea,
                            body text, html text, mentions bigint[], quotes bigint[], renderer int)
    RETURNS TABLE (outcome text, channels text[], heads bigint[], shown shown_posts) LANGUAGE plpgsql AS $$
DECLARE
    new_id bigint := nextval('posts_id_seq');
    made record;
BEGIN
    PERFORM lock_thread(member, thread, NULL);
    outcome := CASE WHEN thread_standing(member, thread) IS DISTINCT FROM standing_ THEN 'changed'
                    WHEN key_ IS NOT NULL AND NOT keep_key(member, key_, hash, new_id) THEN 'taken' END;
    IF outcome IS NULL THEN
        SELECT * INTO made FROM insert_reply(new_id, thread, network, member, parent, body, html, mentions, quotes, renderer);
        IF FOUND THEN
            outcome := 'written';
            SELECT r.channels, r.heads INTO channels, heads
            FROM record_written('thread:' || thread, 'post.created', new_id, made.told_members, made.told_ids) r;
            SELECT p.* INTO shown FROM shown_posts p WHERE p.id = new_id;
        ELSE
            outcome := 'misplaced';
            DELETE FROM idempotency_keys i WHERE i.member_id = member AND i.key = key_;
        END IF;
    END IF;
    RETURN NEXT;
END $$;

-- The same for a message. Also `slow`, with the seconds to wait, where the room has so many between two messages of one member.
CREATE FUNCTION write_message(member bigint, room bigint, standing_ text, network bigint, slow_s int, answers bigint, key_ text, hash bytea,
                              body text, html text, mentions bigint[], renderer int)
    RETURNS TABLE (outcome text, channels text[], heads bigint[], wait_s int, shown shown_messages) LANGUAGE plpgsql AS $$
DECLARE
    new_id bigint := nextval('messages_id_seq');
    made record;
BEGIN
    PERFORM lock_room(member, room);
    outcome := CASE WHEN room_standing(member, room) IS DISTINCT FROM standing_ THEN 'changed'
                    WHEN key_ IS NOT NULL AND NOT keep_key(member, key_, hash, new_id) THEN 'taken' END;
    IF outcome IS NULL AND slow_s > 0 THEN
        SELECT ceil(slow_s - extract(epoch FROM clock_timestamp() - m.created_at))::int INTO wait_s FROM messages m
        WHERE m.author_id = member AND m.room_id = room ORDER BY m.id DESC LIMIT 1;
        outcome := CASE WHEN wait_s > 0 THEN 'slow' END;
    END IF;
    IF outcome IS NULL THEN
        SELECT * INTO made FROM insert_message(new_id, room, network, member, answers, body, html, mentions, renderer);
        IF FOUND THEN
            outcome := 'written';
            SELECT r.channels, r.heads INTO channels, heads
            FROM record_written('room:' || room, 'message.created', new_id, made.told_members, made.told_ids) r;
            SELECT s.* INTO shown FROM shown_messages s WHERE s.id = new_id;
        ELSE
            outcome := 'misplaced';
        END IF;
    END IF;
    IF outcome IN ('slow', 'misplaced') THEN
        DELETE FROM idempotency_keys i WHERE i.member_id = member AND i.key = key_;
    END IF;
    RETURN NEXT;
END $$;
