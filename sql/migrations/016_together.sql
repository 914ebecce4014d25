-- What waits to be written in one process is written by one statement: the same as for each by itself (015), with one commit, one set
-- of locks and one record of updates for all. None of them waits for what another one needs: a place that somebody else holds is
-- passed over, and what was to be written there (`busy`) is written by itself, with `wait`.
--
-- write_reply, write_message and what they call stay for the processes of the release before, which may run beside those of this one.

CREATE TYPE wanted_reply AS (
    member bigint, thread bigint, standing text, network bigint, parent bigint, key text, hash bytea,
    body text, html text, mentions bigint[], quotes bigint[], renderer int);

CREATE TYPE wanted_message AS (
    member bigint, room bigint, standing text, network bigint, slow_s int, answers bigint, key text, hash bytea,
    body text, html text, mentions bigint[], renderer int);

-- Locks these members' memberships of these networks, as far as there are any; whether all of them are locked now. Without `wait`,
-- none is waited for.
CREATE FUNCTION lock_memberships(members bigint[], networks_ bigint[], wait boolean) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    wanted int;
    locked int;
BEGIN
    IF wait THEN
        PERFORM 1 FROM memberships s WHERE (s.member_id, s.network_id) IN (SELECT * FROM unnest(members, networks_))
            ORDER BY s.member_id, s.network_id FOR KEY SHARE;
        RETURN true;
    END IF;
    SELECT count(*) INTO wanted FROM memberships s WHERE (s.member_id, s.network_id) IN (SELECT * FROM unnest(members, networks_));
    PERFORM 1 FROM memberships s WHERE (s.member_id, s.network_id) IN (SELECT * FROM unnest(members, networks_))
        ORDER BY s.member_id, s.network_id FOR KEY SHARE SKIP LOCKED;
    GET DIAGNOSTICS locked = ROW_COUNT;
    RETURN locked >= wanted;
END $$;

-- Locks memberships, then threads, each in order, as lock_thread does; returns the threads that are locked now. Without `wait`, those
-- that nobody else holds; none where one of the memberships is just being changed.
CREATE FUNCTION lock_threads(rows wanted_reply[], wait boolean) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    members bigint[];
    holders bigint[];
    wanted bigint[] := ARRAY(SELECT w.thread FROM unnest(rows) w);
BEGIN
    SELECT array_agg(w.member), array_agg(h.network_id) INTO members, holders
    FROM unnest(rows) w JOIN thread_networks h ON h.thread_id = w.thread;
    IF NOT lock_memberships(members, holders, wait) THEN
        RETURN '{}';
    END IF;
    IF NOT wait THEN
        RETURN ARRAY(SELECT t.id FROM threads t WHERE t.id = ANY (wanted) ORDER BY t.id FOR NO KEY UPDATE SKIP LOCKED);
    END IF;
    PERFORM 1 FROM threads t WHERE t.id = ANY (wanted) ORDER BY t.id FOR NO KEY UPDATE;
    -- One that is no more is found by who looks at its standing.
    RETURN wanted;
END $$;

-- The same for the rooms of networks.
CREATE FUNCTION lock_rooms(rows wanted_message[], wait boolean) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    wanted bigint[] := ARRAY(SELECT w.room FROM unnest(rows) w);
BEGIN
    IF NOT lock_memberships(ARRAY(SELECT w.member FROM unnest(rows) w), ARRAY(SELECT w.network FROM unnest(rows) w), wait) THEN
        RETURN '{}';
    END IF;
    IF NOT wait THEN
        RETURN ARRAY(SELECT r.id FROM rooms r WHERE r.id = ANY (wanted) ORDER BY r.id FOR NO KEY UPDATE SKIP LOCKED);
    END IF;
    PERFORM 1 FROM rooms r WHERE r.id = ANY (wanted) ORDER BY r.id FOR NO KEY UPDATE;
    RETURN wanted;
END $$;

-- Replies in locked threads under these ids, but for those without one; each with what it quotes, who watches from now on, and at most 20 people who are told at
-- once. Several in one thread are numbered in their order. No row for one whose parent is not in its thread.
CREATE FUNCTION insert_replies(rows wanted_reply[], ids bigint[])
    RETURNS TABLE (post_id bigint, in_thread bigint, told_members bigint[], told_ids bigint[]) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY
    WITH placed AS MATERIALIZED (
        SELECT w.unnest AS id, w.member, w.thread, w.network, w.body, w.html, w.mentions, w.quotes, w.renderer, w.ordinality AS place,
               p.id AS parent_id, p.author_id AS parent_author_id, p.depth, p.path,
               l.number + row_number() OVER (PARTITION BY w.thread ORDER BY w.ordinality)::int AS number
        FROM ROWS FROM (unnest(rows), unnest(ids)) WITH ORDINALITY AS w
        -- By its id, and by nothing else: a plan that was made while there was little would go through all of the thread.
        JOIN LATERAL (
            SELECT q.id, q.author_id, q.depth, q.path FROM posts q
            WHERE q.id = coalesce(w.parent, (SELECT o.id FROM posts o WHERE o.thread_id = w.thread AND o.number = 1))
              AND (q.thread_id = w.thread) IS TRUE LIMIT 1) p ON true
        JOIN LATERAL (SELECT q.number FROM posts q WHERE q.thread_id = w.thread ORDER BY q.number DESC LIMIT 1) l ON true
        WHERE w.unnest IS NOT NULL),
    new AS (
        INSERT INTO posts (id, thread_id, network_id, author_id, parent_id, number, depth, path, body, html, mentions, quotes, renderer)
        OVERRIDING SYSTEM VALUE
        SELECT n.id, n.thread, n.network, n.member, n.parent_id, n.number, n.depth + 1,
               substring(n.path FOR 1596) || int4send(n.number), n.body, n.html, n.mentions, n.quotes, n.renderer
        FROM placed n),
    dirty AS (
        UPDATE threads t SET dirty = true WHERE t.id IN (SELECT n.thread FROM placed n) AND NOT t.dirty),
    quoted AS (
        INSERT INTO quotes (source_id, target_id)
        SELECT s.id, n.id FROM placed n CROSS JOIN LATERAL (SELECT p.id FROM posts p WHERE p.id = ANY (n.quotes) OFFSET 0) s),
    watched AS (
        INSERT INTO watches (thread_id, member_id, told_number)
        SELECT n.thread, n.member, n.number FROM placed n ORDER BY n.place ON CONFLICT DO NOTHING),
    seen AS (
        INSERT INTO thread_reads (member_id, thread_id, numbers)
        SELECT n.member, n.thread, range_agg(int4range(n.number, n.number + 1)) FROM placed n GROUP BY n.member, n.thread
        ON CONFLICT (member_id, thread_id) DO UPDATE SET numbers = thread_reads.numbers + EXCLUDED.numbers),
    told AS (
        INSERT INTO notifications AS t (member_id, kind, post_id, thread_id, actor_id)
        SELECT h.member_id, h.kind, n.id, n.thread, n.member FROM placed n
        CROSS JOIN LATERAL (
            SELECT a.member_id, min(a.kind) AS kind
            FROM (SELECT n.parent_author_id AS member_id, 'reply' AS kind WHERE n.parent_author_id IS NOT NULL
                  UNION ALL SELECT m, 'mention' FROM unnest(n.mentions) m) a
            WHERE a.member_id <> n.member AND hears(a.member_id, n.member) AND may_read_thread(a.member_id, n.thread)
            GROUP BY a.member_id ORDER BY a.member_id LIMIT 20) h
        ORDER BY n.place
        RETURNING t.id, t.member_id, t.post_id)
    SELECT n.id, n.thread, (SELECT array_agg(t.member_id ORDER BY t.id) FROM told t WHERE t.post_id = n.id),
           (SELECT array_agg(t.id ORDER BY t.id) FROM told t WHERE t.post_id = n.id)
    FROM placed n ORDER BY n.place;
END $$;

-- Messages in locked rooms, likewise. No row for one that answers what is not in its room.
CREATE FUNCTION insert_messages(rows wanted_message[], ids bigint[])
    RETURNS TABLE (message_id bigint, in_room bigint, told_members bigint[], told_ids bigint[]) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY
    WITH placed AS MATERIALIZED (
        SELECT w.unnest AS id, w.member, w.room, w.network, w.body, w.html, w.mentions, w.renderer, w.ordinality AS place, a.id AS answered_id,
               a.author_id AS answered_author_id, l.number + row_number() OVER (PARTITION BY w.room ORDER BY w.ordinality)::int AS number
        FROM ROWS FROM (unnest(rows), unnest(ids)) WITH ORDINALITY AS w
        LEFT JOIN LATERAL (
            SELECT q.id, q.author_id FROM messages q WHERE q.id = w.answers AND (q.room_id = w.room) IS TRUE LIMIT 1) a ON true
        CROSS JOIN LATERAL (
            SELECT coalesce((SELECT q.number FROM messages q WHERE q.room_id = w.room ORDER BY q.number DESC LIMIT 1), 0) AS number) l
        WHERE w.unnest IS NOT NULL AND (w.answers IS NULL OR a.id IS NOT NULL)),
    new AS (
        INSERT INTO messages (id, room_id, author_id, reply_to_id, number, body, html, mentions, renderer)
        OVERRIDING SYSTEM VALUE
        SELECT n.id, n.room, n.member, n.answered_id, n.number, n.body, n.html, n.mentions, n.renderer FROM placed n),
    dirty AS (
        UPDATE rooms r SET dirty = true WHERE r.id IN (SELECT n.room FROM placed n) AND NOT r.dirty),
    told AS (
        INSERT INTO notifications AS t (member_id, kind, message_id, network_id, actor_id)
        SELECT h.member_id, h.kind, n.id, n.network, n.member FROM placed n
        CROSS JOIN LATERAL (
            SELECT a.member_id, min(a.kind) AS kind
            FROM (SELECT n.answered_author_id AS member_id, 'room_reply' AS kind WHERE n.answered_author_id IS NOT NULL
                  UNION ALL SELECT m, 'room_mention' FROM unnest(n.mentions) m) a
            WHERE a.member_id <> n.member AND hears(a.member_id, n.member) AND may_read_network(a.member_id, n.network)
            GROUP BY a.member_id ORDER BY a.member_id LIMIT 20) h
        ORDER BY n.place
        RETURNING t.id, t.member_id, t.message_id)
    SELECT n.id, n.room, (SELECT array_agg(t.member_id ORDER BY t.id) FROM told t WHERE t.message_id = n.id),
           (SELECT array_agg(t.id ORDER BY t.id) FROM told t WHERE t.message_id = n.id)
    FROM placed n ORDER BY n.place;
END $$;

-- Keeps with each key what its request makes (none where there is no object); returns the objects whose keys had come before. Whoever
-- sends one twice at once, in two processes, waits here.
CREATE FUNCTION keep_keys(members bigint[], keys text[], hashes bytea[], objects bigint[]) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    taken bigint[] := '{}';
BEGIN
    IF array_remove(keys, NULL) <> '{}' THEN
        WITH wanted AS (
            SELECT * FROM unnest(members, keys, hashes, objects) w (member, key, hash, object)
            WHERE w.key IS NOT NULL AND w.object IS NOT NULL),
        kept AS (
            INSERT INTO idempotency_keys (member_id, key, request_hash, object_id) SELECT * FROM wanted
            ON CONFLICT DO NOTHING RETURNING object_id)
        SELECT coalesce(array_agg(w.object), '{}') INTO taken FROM wanted w WHERE w.object NOT IN (SELECT k.object_id FROM kept k);
    END IF;
    RETURN taken;
END $$;

-- Gives keys back whose requests have made nothing.
CREATE FUNCTION let_keys_go(objects bigint[], members bigint[], keys text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM idempotency_keys i USING unnest(members, keys) w (member, key)
    WHERE i.member_id = w.member AND i.key = w.key AND i.object_id = ANY (objects);
END $$;

-- Of each row, in their order, `outcome`: written, with the post as it stands; or, with nothing written, busy (somebody else holds the
-- thread), changed (what was decided upon), taken (the key came before), misplaced (the parent is not in this thread). `channels` and
-- `heads` are those of all of them.
CREATE FUNCTION write_replies(rows wanted_reply[], wait boolean)
    RETURNS TABLE (outcome text, channels text[], heads bigint[], shown shown_posts) LANGUAGE plpgsql AS $$
DECLARE
    free bigint[] := lock_threads(rows, wait);
    w wanted_reply;
    refused text;
    refusals text[] := '{}';
    ids bigint[] := '{}';
    members bigint[] := '{}';
    keys text[] := '{}';
    hashes bytea[] := '{}';
    taken bigint[];
    written bigint[];
    told_channels text[];
    kinds text[];
    objects bigint[];
BEGIN
    FOREACH w IN ARRAY rows LOOP
        refused := CASE WHEN w.thread <> ALL (free) THEN 'busy'
                        WHEN thread_standing(w.member, w.thread) IS DISTINCT FROM w.standing THEN 'changed' END;
        refusals := refusals || refused;
        ids := ids || CASE WHEN refused IS NULL THEN nextval('posts_id_seq') END;
        members := members || w.member;
        keys := keys || w.key;
        hashes := hashes || w.hash;
    END LOOP;
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

-- The same for messages. Also `slow`, with the seconds to wait, where the room has so many between two messages of one member.
CREATE FUNCTION write_messages(rows wanted_message[], wait boolean)
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
            -- The second of one member has to wait for the first, which is not written yet.
            refused := CASE WHEN left_s > 0 THEN 'slow' WHEN w.member = ANY (members) AND NOT wait THEN 'busy' END;
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
