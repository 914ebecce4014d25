-- Who asks, by the hash of a session's or of a token's secret: one row, or none for what does not count. Whoever lists what a
-- caller is made of lists it here, so that a page can find out in the same statement, and so in the same snapshot, who looks at it
-- and from which cursors.
CREATE FUNCTION who_asks(session bytea, token bytea)
    RETURNS TABLE (id bigint, administrator boolean, name text, title text, organisation text, theme text, keys boolean,
                   enter_sends boolean, version int, visited_at timestamptz, seen_at timestamptz,
                   session_id bigint, token_id bigint, scopes text[], expires_at timestamptz, stale boolean)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
        SELECT m.id, m.administrator, m.name, m.title, m.organisation, m.theme, m.keys, m.enter_sends, m.version, m.visited_at, m.seen_at,
               s.id, NULL::bigint, NULL::text[], s.expires_at, s.seen_at < now() - interval '1 minute'
        FROM sessions s JOIN members m ON m.id = s.member_id
        WHERE s.token_hash = session AND s.ended_at IS NULL AND s.expires_at > now() AND m.state = 'active'
        UNION ALL
        SELECT m.id, m.administrator, m.name, m.title, m.organisation, m.theme, m.keys, m.enter_sends, m.version, m.visited_at, m.seen_at,
               NULL, t.id, t.scopes, t.expires_at, false
        FROM tokens t JOIN members m ON m.id = t.member_id
        WHERE t.token_hash = token AND t.ended_at IS NULL AND t.expires_at > now() AND m.state = 'active';
    END;
