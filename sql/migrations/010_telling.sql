-- Telling watchers is a transaction of its own, and the log's heads are read once a channel.

CREATE TABLE untold (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    thread_id  bigint NOT NULL REFERENCES threads ON DELETE CASCADE
);
COMMENT ON TABLE untold IS 'threads whose watchers are to be told of the newest reply: written with the announcement, taken away with the telling';
CREATE INDEX notifications_watched ON notifications (thread_id, member_id) WHERE kind = 'watched' AND read_at IS NULL;
CREATE INDEX notifications_of_post_and_member ON notifications (post_id, member_id) WHERE post_id IS NOT NULL;
DROP INDEX notifications_of_post;

CREATE OR REPLACE FUNCTION record_updates(channels_ text[], kinds text[], objects bigint[],
                                          raised text[] DEFAULT '{}', resets text[] DEFAULT '{}')
    RETURNS TABLE (channel_name text, head bigint) LANGUAGE plpgsql AS $$
DECLARE
    wanted text[] := ARRAY(SELECT DISTINCT c COLLATE "C" FROM unnest(channels_ || raised) c ORDER BY 1);
    locked int;
BEGIN
    PERFORM 1 FROM channels WHERE name = ANY (wanted) ORDER BY name FOR NO KEY UPDATE;
    GET DIAGNOSTICS locked = ROW_COUNT;
    IF locked <> cardinality(wanted) THEN
        RAISE EXCEPTION 'a channel of % does not exist', wanted;
    END IF;
    IF cardinality(raised) > 0 THEN
        UPDATE channels SET access_version = access_version + 1 WHERE name = ANY (raised);
    END IF;
    RETURN QUERY
    WITH heads AS MATERIALIZED (
        -- Before anything is added: a look behind the rows that the same statement adds passes over each of them.
        SELECT w.name, channel_head(w.name) AS seq FROM unnest(wanted) w (name)),
    added AS (
        INSERT INTO updates (channel, seq, kind, object)
        SELECT u.channel, h.seq + row_number() OVER (PARTITION BY u.channel ORDER BY u.place), u.kind, u.object
        FROM unnest(channels_, kinds, objects) WITH ORDINALITY AS u (channel, kind, object, place) JOIN heads h ON h.name = u.channel
        RETURNING channel, seq
    )
    SELECT channel, max(seq) FROM added GROUP BY channel;
    IF cardinality(resets) > 0 THEN
        UPDATE channels SET kept_after = channel_head(name) WHERE name = ANY (resets);
    END IF;
END $$;
