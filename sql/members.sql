-- name: insert^
INSERT INTO members (email, name, administrator, password_hash, title, organisation, region)
VALUES (:email, :name, :administrator, :password, :title, :organisation, :region) ON CONFLICT (email) DO NOTHING RETURNING id;

-- name: one^
SELECT id, email::text AS email, email_verified_at, state, administrator, name, title, organisation, region, about, about_html,
       theme, keys, enter_sends, version, created_at, seen_at, visited_at
FROM members WHERE id = :member;

-- name: name_alone^
-- Of a suspended account what stands at its posts: the same columns, with nothing in the others.
SELECT id, 'suspended' AS state, name, '' AS title, '' AS organisation, '' AS region, '' AS about, '' AS about_html, version,
       NULL::timestamptz AS created_at
FROM members WHERE id = :member;

-- name: id_by_email$
SELECT id FROM members WHERE email = :email;

-- name: named_in
-- People of these networks whose name stands in the text after an @.
SELECT DISTINCT m.id, m.name FROM standing s JOIN people m ON m.id = s.member_id
WHERE s.network_id = ANY (:networks) AND position('@' || m.name IN :body) > 0;

-- name: names
SELECT id, name FROM people WHERE id = ANY (:members);

-- name: shared_networks
SELECT n.id, n.slug, n.name, s.role FROM standing s JOIN networks n ON n.id = s.network_id
WHERE s.member_id = :member AND may_read_network(:viewer, n.id) ORDER BY n.name COLLATE "C";

-- name: edit!
UPDATE members SET name = coalesce(:name::text, name), title = coalesce(:title::text, title),
    organisation = coalesce(:organisation::text, organisation), region = coalesce(:region::text, region),
    about = coalesce(:about::text, about), about_html = coalesce(:about_html::text, about_html),
    renderer = CASE WHEN :about::text IS NULL THEN renderer ELSE :renderer::smallint END, version = version + 1
WHERE id = :member;

-- name: shown_in
-- The networks on whose screens a member's name may stand: theirs, and all that hold a thread or a room they wrote in.
SELECT network_id FROM memberships WHERE member_id = :member
UNION SELECT h.network_id FROM posts p JOIN thread_networks h ON h.thread_id = p.thread_id WHERE p.author_id = :member
UNION SELECT r.network_id FROM messages m JOIN rooms r ON r.id = m.room_id WHERE m.author_id = :member AND r.network_id IS NOT NULL
UNION SELECT h.network_id FROM posts p JOIN thread_networks h ON h.thread_id = p.thread_id
WHERE p.mentions @> ARRAY[:member::bigint] AND p.mentions <> '{}'
UNION SELECT r.network_id FROM messages m JOIN rooms r ON r.id = m.room_id
WHERE m.mentions @> ARRAY[:member::bigint] AND m.mentions <> '{}' AND r.network_id IS NOT NULL;

-- name: prefer!
UPDATE members SET theme = coalesce(:theme::text, theme), keys = coalesce(:keys::boolean, keys),
    enter_sends = coalesce(:enter_sends::boolean, enter_sends), version = version + 1 WHERE id = :member;

-- name: seal_name!
WITH put AS (
    INSERT INTO sealed (noun, object_id, version, body, at)
    SELECT 'name', id, version, name, now() FROM members WHERE id = :member AND name IS NOT NULL ON CONFLICT DO NOTHING)
UPDATE members SET name = NULL, version = version + 1 WHERE id = :member;

-- name: seal_about!
WITH put AS (
    INSERT INTO sealed (noun, object_id, version, body, at)
    SELECT 'about', id, version, about, now() FROM members WHERE id = :member AND about <> '' ON CONFLICT DO NOTHING)
UPDATE members SET about = '', about_html = '', version = version + 1 WHERE id = :member;

-- name: tell_removed$
INSERT INTO notifications (member_id, kind, reason_id) VALUES (:member, :kind, :reason) RETURNING id;

-- name: insert_link!
INSERT INTO one_time_links (member_id, token_hash, expires_at) VALUES (:member, :hash, :expires_at);

-- name: link^
-- Of a member's links the last one alone counts, so that one which went astray ends with the next.
SELECT l.member_id, m.name, m.email::text AS email FROM one_time_links l JOIN members m ON m.id = l.member_id AND m.state <> 'gone'
WHERE l.token_hash = :hash AND l.used_at IS NULL AND l.expires_at > now()
  AND NOT EXISTS (SELECT FROM one_time_links n WHERE n.member_id = l.member_id AND n.id > l.id);

-- name: use_link$
UPDATE one_time_links l SET used_at = now()
WHERE l.token_hash = :hash AND l.used_at IS NULL AND l.expires_at > now()
  AND NOT EXISTS (SELECT FROM one_time_links n WHERE n.member_id = l.member_id AND n.id > l.id) RETURNING l.member_id;

-- name: end_links!
-- As if they had been used.
UPDATE one_time_links SET used_at = now() WHERE member_id = :member AND used_at IS NULL;

-- name: password$
SELECT password_hash FROM members WHERE id = :member;

-- name: for_sign_in^
SELECT id, password_hash, state FROM members WHERE email = :email;

-- name: set_password$
-- In the place of the one that was looked at, where one was.
UPDATE members SET password_hash = :password WHERE id = :member AND (:old::text IS NULL OR password_hash = :old::text) RETURNING id;

-- name: end_sessions
UPDATE sessions SET ended_at = now() WHERE member_id = :member AND ended_at IS NULL AND id IS DISTINCT FROM :keep RETURNING id;

-- name: set_state!
UPDATE members SET state = :state WHERE id = :member AND state <> 'gone';

-- name: insert_suspension!
INSERT INTO sanctions (member_id, kind, until, imposed_by, reason_id, note_id)
VALUES (:member, 'suspension', :until, :by, :reason, :note);

-- name: end_suspension!
UPDATE sanctions SET ended_at = now() WHERE member_id = :member AND network_id IS NULL AND kind = 'suspension' AND ended_at IS NULL;

-- name: suspension^
SELECT until, reason FROM shown_sanctions
WHERE member_id = :member AND network_id IS NULL AND kind = 'suspension' AND ended_at IS NULL ORDER BY id DESC LIMIT 1;

-- name: networks_of
SELECT network_id FROM memberships WHERE member_id = :member;

-- name: mentionable
SELECT DISTINCT ON (lower(m.name), m.id) m.id, m.name, m.title, m.organisation
FROM standing s JOIN people m ON m.id = s.member_id
WHERE s.network_id = ANY (:networks) AND m.id <> :viewer AND m.name IS NOT NULL
  AND (m.name ILIKE replace(replace(replace(:query, '\', '\\'), '%', '\%'), '_', '\_') || '%'
       OR m.name ILIKE '% ' || replace(replace(replace(:query, '\', '\\'), '%', '\%'), '_', '\_') || '%')
ORDER BY lower(m.name), m.id LIMIT 8;

-- name: cards
-- Names and titles of these people.
SELECT id, name, title, organisation FROM people WHERE id = ANY (:members);

-- name: named_by_value
-- What shows a member's name as part of a text: quotes and excerpts of what they wrote, or of what mentions them.
WITH words AS (
    SELECT id FROM posts WHERE author_id = :member
    UNION SELECT id FROM posts WHERE mentions @> ARRAY[:member::bigint] AND mentions <> '{}'),
said AS (
    SELECT id FROM messages WHERE author_id = :member
    UNION SELECT id FROM messages WHERE mentions @> ARRAY[:member::bigint] AND mentions <> '{}')
SELECT 'thread:' || t.thread_id AS channel, 'post.edited' AS kind, t.id AS object
FROM words w JOIN quotes q ON q.source_id = w.id JOIN posts t ON t.id = q.target_id
UNION SELECT 'room:' || r.room_id, 'message.edited', r.id FROM said s JOIN messages r ON r.reply_to_id = s.id
UNION SELECT 'member:' || n.member_id, 'notification.changed', n.id FROM words w JOIN notifications n ON n.post_id = w.id
UNION SELECT 'member:' || n.member_id, 'notification.changed', n.id FROM said s JOIN notifications n ON n.message_id = s.id;

-- name: talks_with
-- The direct conversations of a member, and with whom: their name stands there, whatever networks they share.
SELECT p.room_id, q.member_id FROM participants p JOIN participants q ON q.room_id = p.room_id AND q.member_id <> p.member_id
WHERE p.member_id = :member;

-- name: has_about$
SELECT about <> '' FROM members WHERE id = :member;
