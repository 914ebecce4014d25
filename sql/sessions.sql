-- name: insert$
INSERT INTO sessions (member_id, token_hash, browser, expires_at) VALUES (:member, :hash, :browser, :expires_at) RETURNING id;

-- name: by_hash^
SELECT m.id, m.administrator, m.name, m.title, m.organisation, m.theme, m.keys, m.enter_sends, m.version, m.visited_at, m.seen_at,
       s.id AS session_id, s.expires_at, s.seen_at < now() - interval '1 minute' AS stale
FROM sessions s JOIN members m ON m.id = s.member_id
WHERE s.token_hash = :hash AND s.ended_at IS NULL AND s.expires_at > now() AND m.state = 'active';

-- name: token_by_hash^
SELECT m.id, m.administrator, m.name, m.title, m.organisation, m.theme, m.keys, m.enter_sends, m.version, m.visited_at, m.seen_at,
       t.scopes, t.expires_at, false AS stale
FROM tokens t JOIN members m ON m.id = t.member_id
WHERE t.token_hash = :hash AND t.ended_at IS NULL AND t.expires_at > now() AND m.state = 'active';

-- name: seen
WITH s AS (UPDATE sessions SET seen_at = now() WHERE id = :session RETURNING member_id)
UPDATE members m SET visited_at = CASE WHEN m.seen_at < now() - interval '30 minutes' THEN m.seen_at ELSE m.visited_at END, seen_at = now()
FROM s WHERE m.id = s.member_id;

-- name: end$
UPDATE sessions SET ended_at = now() WHERE id = :session AND member_id = :member AND ended_at IS NULL RETURNING id;

-- name: mine
SELECT id, browser, created_at, seen_at, expires_at FROM sessions
WHERE member_id = :member AND ended_at IS NULL AND expires_at > now() ORDER BY seen_at DESC LIMIT 100;

-- name: insert_token!
INSERT INTO tokens (member_id, token_hash, name, scopes, expires_at) VALUES (:member, :hash, :name, :scopes, :expires_at);

-- name: ended_among
-- Of these sessions, those that no longer count.
SELECT x AS id FROM unnest(:sessions::bigint[]) x
WHERE NOT EXISTS (SELECT FROM sessions s JOIN members m ON m.id = s.member_id
                  WHERE s.id = x AND s.ended_at IS NULL AND s.expires_at > now() AND m.state = 'active');
