-- What waits to be written in one process is written by one statement: each reply and each message as it was by itself (015), but with
-- one commit, one set of locks, and one record of updates at the end, for all of them. None of them waits for what another one needs:
-- a place that somebody else holds is passed over, and what was to be written there (`busy`) is written by itself, with `wait`.
--
-- write_reply and write_message stay for as long as processes of the version before may still run beside these.

CREATE TYPE wanted_reply AS (
    member bigint, thread bigint, standing text, network bigint, parent bigint, key text, hash bytea,
    body text, html text, mentions bigint[], quotes bigint[], renderer int);

CREATE TYPE wanted_message AS (
    member bigint, room bigint, standing text, network bigint, slow_s int, answers bigint, key text, hash bytea,
    body text, html text, mentions bigint[], renderer int);

-- Locks memberships, then threads, each in order, as lock_thread does; returns the threads that are locked now. Without `wait`, those
-- that nobody else holds; none where one of the memberships is just being changed.
CREATE FUNCTION lock_threads(rows wanted_reply[], wait boolean) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    wanted int;
    locked int;
BEGIN
    IF wait THEN
        PERFORM 1 FROM memberships s
            WHERE (s.member_id, s.network_id) IN (
                SELECT w.member, h.network_id FROM unnest(rows) w JOIN thread_networks h ON h.thread_id = w.thread)
            ORDER BY s.member_id, s.network_id FOR KEY SHARE;
        PERFORM 1 FROM threads t WHERE t.id IN (SELECT w.thread FROM unnest(rows) w) ORDER BY t.id FOR NO KEY UPDATE;
        -- One that is no more is found by who looks at its standing.
        RETURN ARRAY(SELECT w.thread FROM unnest(rows) w);
    END IF;
    SELECT count(*) INTO wanted FROM memberships s
        WHERE (s.member_id, s.network_id) IN (
            SELECT w.member, h.network_id FROM unnest(rows) w JOIN thread_networks h ON h.thread_id = w.thread);
    PERFORM 1 FROM memberships s
        WHERE (s.member_id, s.network_id) IN (
            SELECT w.member, h.network_id FROM unnest(rows) w JOIN thread_networks h ON h.thread_id = w.thread)
        ORDER BY s.member_id, s.network_id FOR KEY SHARE SKIP LOCKED;
    GET DIAGNOSTICS locked = ROW_COUNT;
    IF locked < wanted THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(
        SELECT t.id FROM threads t WHERE t.id IN (SELECT w.thread FROM unnest(rows) w) ORDER BY t.id FOR NO KEY UPDATE SKIP LOCKED);
END $$;

-- The same for the rooms of networks.
CREATE FUNCTION lock_rooms(rows wanted_message[], wait boolean) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    wanted int;
    locked int;
BEGIN
    IF wait THEN
        PERFORM 1 FROM memberships s
            WHERE (s.member_id, s.network_id) IN (SELECT w.member, w.network FROM unnest(rows) w)
            ORDER BY s.member_id, s.network_id FOR KEY SHARE;
        PERFORM 1 FROM rooms r WHERE r.id IN (SELECT w.room FROM unnest(rows) w) ORDER BY r.id FOR NO KEY UPDATE;
        RETURN ARRAY(SELECT w.room FROM unnest(rows) w);
    END IF;
    SELECT count(*) INTO wanted FROM memberships s
        WHERE (s.member_id, s.network_id) IN (SELECT w.member, w.network FROM unnest(rows) w);
    PERFORM 1 FROM memberships s
        WHERE (s.member_id, s.network_id) IN (SELECT w.member, w.network FROM unnest(rows) w)
        ORDER BY s.member_id, s.network_id FOR KEY SHARE SKIP LOCKED;
    GET DIAGNOSTICS locked = ROW_COUNT;
    IF locked < wanted THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(
        SELECT r.id FROM rooms r WHERE r.id IN (SELECT w.room FROM unnest(rows) w) ORDER BY r.id FOR NO KEY UPDATE SKIP LOCKED);
END $$;

-- Of each row, in their order, `outcome`: written, with the post as it stands; or, with nothing written, busy (somebody else holds the
-- thread), changed (what was decided upon), taken (the key came before), misplaced (the parent is not in this thread). `channels` and
-- `heads` are those of all of them.
CREATE FUNCTION write_replies(rows wanted_reply[], wait boolean)
    RETURNS TABLE (outcome text, channels text[], heads bigint[], shown shown_posts) LANGUAGE plpgsql AS $$
DECLARE
    free bigint[] := lock_threads(rows, wait);
    w wanted_reply;
    new_id bigint;
    made record;
    become text;
    outcomes text[] := '{}';
    ids bigint[] := '{}';
    told_channels text[] := '{}';
    kinds text[] := '{}';
    objects bigint[] := '{}';
BEGIN
    FOREACH w IN ARRAY rows LOOP
        new_id := nextval('posts_id_seq');
        become := CASE WHEN w.thread <> ALL (free) THEN 'busy'
                       WHEN thread_standing(w.member, w.thread) IS DISTINCT FROM w.standing THEN 'changed'
                       WHEN w.key IS NOT NULL AND NOT keep_key(w.member, w.key, w.hash, new_id) THEN 'taken' END;
        IF become IS NULL THEN
            SELECT * INTO made FROM insert_reply(
                new_id, w.thread, w.network, w.member, w.parent, w.body, w.html, w.mentions, w.quotes, w.renderer);
            IF FOUND THEN
                become := 'written';
                told_channels := told_channels || ('thread:' || w.thread) || ARRAY(SELECT 'member:' || m FROM unnest(made.told_members) m);
                kinds := kinds || 'post.created'::text
                         || array_fill('notification.created'::text, ARRAY[coalesce(cardinality(made.told_ids), 0)]);
                objects := objects || new_id || made.told_ids;
            ELSE
                become := 'misplaced';
                DELETE FROM idempotency_keys i WHERE i.member_id = w.member AND i.key = w.key;
            END IF;
        END IF;
        outcomes := outcomes || become;
        ids := ids || new_id;
    END LOOP;
    SELECT array_agg(r.channel_name), array_agg(r.head) INTO channels, heads FROM record_updates(told_channels, kinds, objects) r;
    -- LIMIT: each by its id, however many there may be.
    RETURN QUERY SELECT o.become, write_replies.channels, write_replies.heads, s.p
    FROM unnest(outcomes, ids) WITH ORDINALITY o (become, id, place)
    LEFT JOIN LATERAL (SELECT p FROM shown_posts p WHERE p.id = o.id LIMIT 1) s ON true ORDER BY o.place;
END $$;

-- The same for messages. Also `slow`, with the seconds to wait, where the room has so many between two messages of one member.
CREATE FUNCTION write_messages(rows wanted_message[], wait boolean)
    RETURNS TABLE (outcome text, channels text[], heads bigint[], wait_s int, shown shown_messages) LANGUAGE plpgsql AS $$
DECLARE
    free bigint[] := lock_rooms(rows, wait);
    w wanted_message;
    new_id bigint;
    made record;
    become text;
    left_s int;
    outcomes text[] := '{}';
    waits_s int[] := '{}';
    ids bigint[] := '{}';
    told_channels text[] := '{}';
    kinds text[] := '{}';
    objects bigint[] := '{}';
BEGIN
    FOREACH w IN ARRAY rows LOOP
        new_id := nextval('messages_id_seq');
        left_s := NULL;
        become := CASE WHEN w.room <> ALL (free) THEN 'busy'
                       WHEN room_standing(w.member, w.room) IS DISTINCT FROM w.standing THEN 'changed'
                       WHEN w.key IS NOT NULL AND NOT keep_key(w.member, w.key, w.hash, new_id) THEN 'taken' END;
        IF become IS NULL AND w.slow_s > 0 THEN
            SELECT ceil(w.slow_s - extract(epoch FROM clock_timestamp() - m.created_at))::int INTO left_s FROM messages m
            WHERE m.author_id = w.member AND m.room_id = w.room ORDER BY m.id DESC LIMIT 1;
            become := CASE WHEN left_s > 0 THEN 'slow' END;
        END IF;
        IF become IS NULL THEN
            SELECT * INTO made FROM insert_message(
                new_id, w.room, w.network, w.member, w.answers, w.body, w.html, w.mentions, w.renderer);
            IF FOUND THEN
                become := 'written';
                told_channels := told_channels || ('room:' || w.room) || ARRAY(SELECT 'member:' || m FROM unnest(made.told_members) m);
                kinds := kinds || 'message.created'::text
                         || array_fill('notification.created'::text, ARRAY[coalesce(cardinality(made.told_ids), 0)]);
                objects := objects || new_id || made.told_ids;
            ELSE
                become := 'misplaced';
            END IF;
        END IF;
        IF become IN ('slow', 'misplaced') THEN
            DELETE FROM idempotency_keys i WHERE i.member_id = w.member AND i.key = w.key;
        END IF;
        outcomes := outcomes || become;
        waits_s := waits_s || left_s;
        ids := ids || new_id;
    END LOOP;
    SELECT array_agg(r.channel_name), array_agg(r.head) INTO channels, heads FROM record_updates(told_channels, kinds, objects) r;
    RETURN QUERY SELECT o.become, write_messages.channels, write_messages.heads, o.left_s, s.m
    FROM unnest(outcomes, waits_s, ids) WITH ORDINALITY o (become, left_s, id, place)
    LEFT JOIN LATERAL (SELECT m FROM shown_messages m WHERE m.id = o.id LIMIT 1) s ON true ORDER BY o.place;
END $$;
