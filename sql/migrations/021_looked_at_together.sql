-- What the right to write rests on is read for all who write at once, as rows that a statement takes in: a function that ran a statement
-- of its own for each of them was a sixth of what a reply cost the database. Slow mode holds also where two messages of one member
-- waited for the room and are written by one statement (016); and keys are taken in one order, so that two such statements never wait
-- for each other.

-- As 015 says it: for one member, as a text that is the same as long as it stands. No row where there is no such thread, or room.
CREATE FUNCTION stands_in_thread(member bigint, thread bigint) RETURNS TABLE (standing text)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
        SELECT t.audience || ' ' || (t.locked_at IS NOT NULL) || ' '
               || coalesce(string_agg(concat_ws(' ', h.network_id, s.role, s.muted, n.approves_first), ',' ORDER BY h.network_id), '')
        FROM threads t
        JOIN thread_networks h ON h.thread_id = t.id
        JOIN networks n ON n.id = h.network_id
        LEFT JOIN standing s ON s.network_id = h.network_id AND s.member_id = $1
        WHERE t.id = $2 GROUP BY t.id;
    END;

CREATE FUNCTION stands_in_room(member bigint, room bigint) RETURNS TABLE (standing text)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
        SELECT concat_ws(' ', n.id, n.posting, n.approves_first, r.slow_s, s.role, s.muted)
        FROM rooms r
        JOIN networks n ON n.id = r.network_id
        LEFT JOIN standing s ON s.network_id = n.id AND s.member_id = $1
        WHERE r.id = $2;
    END;

-- For the processes of the release before, which may run beside those of this one.
CREATE OR REPLACE FUNCTION thread_standing(member bigint, thread bigint) RETURNS text
    LANGUAGE sql STABLE RETURN (SELECT s.standing FROM stands_in_thread($1, $2) s);
CREATE OR REPLACE FUNCTION room_standing(member bigint, room bigint) RETURNS text
    LANGUAGE sql STABLE RETURN (SELECT s.standing FROM stands_in_room($1, $2) s);

-- Keeps with each key what its request makes (none where there is no object); returns the objects whose keys had come before. Whoever
-- sends one twice at once, in two processes, waits here.
CREATE OR REPLACE FUNCTION keep_keys(members bigint[], keys text[], hashes bytea[], objects bigint[]) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    taken bigint[] := '{}';
BEGIN
    IF array_remove(keys, NULL) <> '{}' THEN
        WITH wanted AS (
            SELECT * FROM unnest(members, keys, hashes, objects) w (member, key, hash, object)
            WHERE w.key IS NOT NULL AND w.object IS NOT NULL),
        kept AS (
            INSERT INTO idempotency_keys (member_id, key, request_hash, object_id) SELECT * FROM wanted
            ORDER BY member, key ON CONFLICT DO NOTHING RETURNING object_id)
        SELECT coalesce(array_agg(w.object), '{}') INTO taken FROM wanted w WHERE w.object NOT IN (SELECT k.object_id FROM kept k);
    END IF;
    RETURN taken;
END $$;

CREATE OR REPLACE FUNCTION write_replies(rows wanted_reply[], wait boolean)
    RETURNS TABLE (outcome text, channels text[], heads bigint[], shown shown_posts) LANGUAGE plpgsql AS $$
DECLARE
    free bigint[] := lock_threads(rows, wait);
    refusals text[];
    ids bigint[];
    members bigint[];
    keys text[];
    hashes bytea[];
    taken bigint[];
    written bigint[];
    told_channels text[];
    kinds text[];
    objects bigint[];
BEGIN
    -- Behind the locks: a statement of its own sees what was committed before it had them.
    SELECT array_agg(o.refusal), array_agg(CASE WHEN o.refusal IS NULL THEN nextval('posts_id_seq') END),
           array_agg(o.member), array_agg(o.key), array_agg(o.hash)
    INTO refusals, ids, members, keys, hashes
    FROM (SELECT w.member, w.key, w.hash,
                 CASE WHEN w.thread <> ALL (free) THEN 'busy' WHEN s.standing IS DISTINCT FROM w.standing THEN 'changed' END AS refusal
          FROM unnest(rows) WITH ORDINALITY w LEFT JOIN LATERAL stands_in_thread(w.member, w.thread) s ON true
          ORDER BY w.ordinality) o;
    taken := keep_keys(members, keys, hashes, ids);
    WITH made AS MATERIALIZED (
        SELECT * FROM insert_replies(rows, ARRAY(SELECT CASE WHEN i <> ALL (taken) THEN i END FROM unnest(ids) i)))
    SELECT array_agg(u.channel), array_agg(u.kind), array_agg(u.object), ARRAY(SELECT m.post_id FROM made m)
    INTO told_channels, kinds, objects, written
    FROM made m CROSS JOIN LATERAL (
        SELECT 'thread:' || m.in_thread, 'post.created', m.post_id
        UNION ALL SELECT 'member:' || t.member, 'notification.created', t.id
        FROM unnest(m.told_members, m.told_ids) t (member, id)) u (channel, kind, object);
    IF cardinality(written) < cardinality(array_remove(ids, NULL)) THEN
        PERFORM let_keys_go(ARRAY(SELECT i FROM unnest(ids) i WHERE i <> ALL (written)), members, keys);
    END IF;
    IF written <> '{}' THEN
        SELECT array_agg(r.channel_name), array_agg(r.head) INTO channels, heads FROM record_updates(told_channels, kinds, objects) r;
    END IF;
    -- LIMIT: each by its id, however many there may be.
    RETURN QUERY SELECT coalesce(o.refusal, CASE WHEN o.id = ANY (written) THEN 'written' WHEN o.id = ANY (taken) THEN 'taken'
                                                 ELSE 'misplaced' END),
                        write_replies.channels, write_replies.heads, s.p
    FROM unnest(refusals, ids) WITH ORDINALITY o (refusal, id, place)
    LEFT JOIN LATERAL (SELECT p FROM shown_posts p WHERE p.id = o.id LIMIT 1) s ON true ORDER BY o.place;
END $$;

CREATE OR REPLACE FUNCTION write_messages(rows wanted_message[], wait boolean)
    RETURNS TABLE (outcome text, channels text[], heads bigint[], wait_s int, shown shown_messages) LANGUAGE plpgsql AS $$
DECLARE
    free bigint[] := lock_rooms(rows, wait);
    refusals text[];
    waits_s int[];
    ids bigint[];
    members bigint[];
    keys text[];
    hashes bytea[];
    taken bigint[];
    written bigint[];
    told_channels text[];
    kinds text[];
    objects bigint[];
BEGIN
    -- Slow mode: the second of one member is looked at again once the first, which is not written yet, is there.
    SELECT array_agg(o.refusal), array_agg(o.left_s), array_agg(CASE WHEN o.refusal IS NULL THEN nextval('messages_id_seq') END),
           array_agg(o.member), array_agg(o.key), array_agg(o.hash)
    INTO refusals, waits_s, ids, members, keys, hashes
    FROM (SELECT w.member, w.key, w.hash, l.left_s,
                 CASE WHEN w.room <> ALL (free) THEN 'busy'
                      WHEN s.standing IS DISTINCT FROM w.standing THEN 'changed'
                      WHEN l.left_s > 0 THEN 'slow'
                      WHEN w.slow_s > 0 AND row_number() OVER (PARTITION BY w.member, w.room ORDER BY w.ordinality) > 1
                      THEN CASE WHEN wait THEN 'changed' ELSE 'busy' END END AS refusal
          FROM unnest(rows) WITH ORDINALITY w
          LEFT JOIN LATERAL stands_in_room(w.member, w.room) s ON true
          LEFT JOIN LATERAL (
              SELECT ceil(w.slow_s - extract(epoch FROM clock_timestamp() - m.created_at))::int AS left_s FROM messages m
              WHERE w.slow_s > 0 AND m.author_id = w.member AND m.room_id = w.room ORDER BY m.id DESC LIMIT 1) l ON true
          ORDER BY w.ordinality) o;
    taken := keep_keys(members, keys, hashes, ids);
    WITH made AS MATERIALIZED (
        SELECT * FROM insert_messages(rows, ARRAY(SELECT CASE WHEN i <> ALL (taken) THEN i END FROM unnest(ids) i)))
    SELECT array_agg(u.channel), array_agg(u.kind), array_agg(u.object), ARRAY(SELECT m.message_id FROM made m)
    INTO told_channels, kinds, objects, written
    FROM made m CROSS JOIN LATERAL (
        SELECT 'room:' || m.in_room, 'message.created', m.message_id
        UNION ALL SELECT 'member:' || t.member, 'notification.created', t.id
        FROM unnest(m.told_members, m.told_ids) t (member, id)) u (channel, kind, object);
    IF cardinality(written) < cardinality(array_remove(ids, NULL)) THEN
        PERFORM let_keys_go(ARRAY(SELECT i FROM unnest(ids) i WHERE i <> ALL (written)), members, keys);
    END IF;
    IF written <> '{}' THEN
        SELECT array_agg(r.channel_name), array_agg(r.head) INTO channels, heads FROM record_updates(told_channels, kinds, objects) r;
    END IF;
    RETURN QUERY SELECT coalesce(o.refusal, CASE WHEN o.id = ANY (written) THEN 'written' WHEN o.id = ANY (taken) THEN 'taken'
                                                 ELSE 'misplaced' END),
                        write_messages.channels, write_messages.heads, o.left_s, s.m
    FROM unnest(refusals, waits_s, ids) WITH ORDINALITY o (refusal, left_s, id, place)
    LEFT JOIN LATERAL (SELECT m FROM shown_messages m WHERE m.id = o.id LIMIT 1) s ON true ORDER BY o.place;
END $$;
