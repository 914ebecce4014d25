-- name: insert$
-- Of an account that counts, and whose password, where one was shown, is still the one that was looked at. Its row stays as it is until
-- the session is there to be found: setting a password, and a suspension, end those that are.
INSERT INTO sessions (member_id, token_hash, browser, expires_at)
SELECT m.id, :hash, :browser, :expires_at FROM members m
WHERE m.id = :member AND m.state = 'active' AND (:password::text IS NULL OR m.password_hash = :password::text) FOR SHARE
RETURNING id;

-- name: who
-- Of each of these, shown as a session or as a token.
SELECT w.* FROM unnest(:sessions::bytea[], :tokens::bytea[]) WITH ORDINALITY s (session, token, place)
LEFT JOIN LATERAL (SELECT * FROM who_asks(s.session, s.token) LIMIT 1) w ON true ORDER BY s.place;

-- name: suspended
-- Of each of these, whether it counts for nothing only because its member is suspended from the site: sessions ended with that, tokens
-- wait.
SELECT EXISTS (SELECT FROM sessions s JOIN members m ON m.id = s.member_id AND m.state = 'suspended'
               JOIN sanctions x ON x.member_id = m.id AND x.network_id IS NULL AND x.kind = 'suspension' AND x.ended_at IS NULL
               WHERE s.token_hash = q.session AND s.ended_at = x.imposed_at AND s.expires_at > now())
    OR EXISTS (SELECT FROM tokens t JOIN members m ON m.id = t.member_id AND m.state = 'suspended'
               WHERE t.token_hash = q.token AND t.ended_at IS NULL AND t.expires_at > now()) AS suspended
FROM unnest(:sessions::bytea[], :tokens::bytea[]) WITH ORDINALITY q (session, token, place) ORDER BY q.place;

-- name: visits
-- Who looks at a page, and what stands around it, in one snapshot for all who look at once: the cursors of the channels it follows
-- (also of the network with this slug, if it names one; and of the holders of a thread that others read too, since names change
-- there), their networks with each one's cursor, and how much waits for them.
SELECT x.log, w.*, f.blocks, f.networks, f.notifications, f.requests,
       (SELECT jsonb_object_agg(h.name, h.head) FROM heads h
        WHERE h.name = ANY (q.channels::text[] || ARRAY[
            'member:' || w.id, (SELECT 'network:' || n.id FROM networks n WHERE n.slug = q.slug)]
            || ARRAY(SELECT 'network:' || h.network_id FROM unnest(q.channels::text[]) f
                     JOIN threads t ON starts_with(f, 'thread:') AND t.id = split_part(f, ':', 2)::bigint AND t.audience <> 'private'
                     JOIN thread_networks h ON h.thread_id = t.id))) AS channels
FROM site x
CROSS JOIN unnest(:sessions::bytea[], :tokens::bytea[], :channels::text[], :slugs::text[]) WITH ORDINALITY
    q (session, token, channels, slug, place)
LEFT JOIN LATERAL (SELECT * FROM who_asks(q.session, q.token) LIMIT 1) w ON true
LEFT JOIN LATERAL (SELECT * FROM frames r WHERE r.member_id = w.id LIMIT 1) f ON true
ORDER BY q.place;

-- name: passage^
-- The same without a frame: who asks, and the cursors.
SELECT x.log, w.*, '{}'::bigint[] AS blocks,
       (SELECT jsonb_object_agg(h.name, h.head) FROM heads h
        WHERE h.name = ANY (:channels::text[] || (SELECT 'network:' || n.id FROM networks n WHERE n.slug = :slug::text)
            || ARRAY(SELECT 'network:' || h.network_id FROM unnest(:channels::text[]) f
                     JOIN threads t ON starts_with(f, 'thread:') AND t.id = split_part(f, ':', 2)::bigint AND t.audience <> 'private'
                     JOIN thread_networks h ON h.thread_id = t.id))) AS channels
FROM site x LEFT JOIN who_asks(:session::bytea, :token::bytea) w ON true;

-- name: seen
-- The member is locked before the session, as by whoever ends sessions: setting a password, and a suspension.
WITH m AS (
    UPDATE members m
    SET visited_at = CASE WHEN m.seen_at < now() - interval '30 minutes' THEN m.seen_at ELSE m.visited_at END, seen_at = now()
    FROM sessions s WHERE s.id = :session AND m.id = s.member_id RETURNING s.id)
UPDATE sessions s SET seen_at = now() FROM m WHERE s.id = m.id;

-- name: end$
UPDATE sessions SET ended_at = now() WHERE id = :session AND member_id = :member AND ended_at IS NULL RETURNING id;

-- name: mine
SELECT id, browser, created_at, seen_at, expires_at FROM sessions
WHERE member_id = :member AND ended_at IS NULL AND expires_at > now() ORDER BY seen_at DESC LIMIT 100;

-- name: insert_token!
INSERT INTO tokens (member_id, token_hash, name, scopes, expires_at) VALUES (:member, :hash, :name, :scopes, :expires_at);

-- name: count_tokens$
SELECT count(*) FROM tokens WHERE member_id = :member AND ended_at IS NULL AND expires_at > now();

-- name: token_used!
UPDATE tokens SET used_at = now() WHERE id = :token;

-- name: end_token$
UPDATE tokens SET ended_at = now() WHERE id = :token AND member_id = :member AND ended_at IS NULL RETURNING id;

-- name: tokens
SELECT id, name, scopes, created_at, used_at, expires_at FROM tokens
WHERE member_id = :member AND ended_at IS NULL AND expires_at > now() ORDER BY id DESC LIMIT 100;

-- name: ended_among
-- Of these sessions, and tokens under their ids below zero, those that no longer count.
SELECT x AS id FROM unnest(:sessions::bigint[]) x
WHERE NOT EXISTS (SELECT FROM sessions s JOIN members m ON m.id = s.member_id
                  WHERE s.id = x AND s.ended_at IS NULL AND s.expires_at > now() AND m.state = 'active')
  AND NOT EXISTS (SELECT FROM tokens t JOIN members m ON m.id = t.member_id
                  WHERE t.id = -x AND t.ended_at IS NULL AND t.expires_at > now() AND m.state = 'active');

-- name: forget$
-- Of what has come to its end by itself, so many of each; what somebody else holds just now is for another time. Nothing reads it any
-- more, and sessions say which browser was here when.
WITH sessions_ AS (
    DELETE FROM sessions WHERE id IN (
        SELECT id FROM sessions WHERE expires_at < now() ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED) RETURNING 1),
tokens_ AS (
    DELETE FROM tokens WHERE id IN (
        SELECT id FROM tokens WHERE expires_at < now() ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED) RETURNING 1),
links AS (
    DELETE FROM one_time_links WHERE id IN (
        SELECT id FROM one_time_links WHERE expires_at < now() ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED) RETURNING 1)
SELECT (SELECT count(*) FROM sessions_) + (SELECT count(*) FROM tokens_) + (SELECT count(*) FROM links);
