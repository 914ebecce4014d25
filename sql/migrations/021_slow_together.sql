-- Slow mode holds also where two messages of one member waited for the room and are written by one statement (016); and keys are taken
-- in one order, so that two such statements never wait for each other.

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

CREATE OR REPLACE FUNCTION write_messages(rows wanted_message[], wait boolean)
    RETURNS TABLE (outcome text, channels text[], heads bigint[], wait_s int, shown shown_messages) LANGUAGE plpgsql AS $$
DECLARE
    free bigint[] := lock_rooms(rows, wait);
    w wanted_message;
    refused text;
    refusals text[] := '{}';
    ids bigint[] := '{}';
    members bigint[] := '{}';
    keys text[] := '{}';
    hashes bytea[] := '{}';
    left_s int;
    waits_s int[] := '{}';
    taken bigint[];
    written bigint[];
    told_channels text[];
    kinds text[];
    objects bigint[];
BEGIN
    FOREACH w IN ARRAY rows LOOP
        refused := CASE WHEN w.room <> ALL (free) THEN 'busy'
                        WHEN room_standing(w.member, w.room) IS DISTINCT FROM w.standing THEN 'changed' END;
        left_s := NULL;
        IF refused IS NULL AND w.slow_s > 0 THEN
            SELECT ceil(w.slow_s - extract(epoch FROM clock_timestamp() - m.created_at))::int INTO left_s FROM messages m
            WHERE m.author_id = w.member AND m.room_id = w.room ORDER BY m.id DESC LIMIT 1;
            -- The second of one member is looked at again once the first, which is not written yet, is there.
            refused := CASE WHEN left_s > 0 THEN 'slow'
                            WHEN w.member = ANY (members) THEN CASE WHEN wait THEN 'changed' ELSE 'busy' END END;
        END IF;
        refusals := refusals || refused;
        waits_s := waits_s || left_s;
        ids := ids || CASE WHEN refused IS NULL THEN nextval('messages_id_seq') END;
        members := members || w.member;
        keys := keys || w.key;
        hashes := hashes || w.hash;
    END LOOP;
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
