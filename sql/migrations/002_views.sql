-- What a page, an answer and a live frame show of a row, written once. Names stand in their own rows and are joined here.

CREATE VIEW people AS
    SELECT m.id, CASE WHEN m.state <> 'gone' THEN m.name END AS name,
           CASE WHEN m.state = 'gone' THEN '' ELSE m.title END AS title,
           CASE WHEN m.state = 'gone' THEN '' ELSE m.organisation END AS organisation,
           CASE WHEN m.state = 'gone' THEN '' ELSE m.region END AS region, m.version, m.state
    FROM members m;

-- May every reader of the thread `target` read the thread `source`?
CREATE FUNCTION quotable(source bigint, target bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN source = target OR EXISTS (
        SELECT FROM threads s, threads t
        WHERE s.id = source AND t.id = target
          AND (s.audience = 'public'
               OR (s.audience = 'open' AND t.audience <> 'public')
               OR (t.audience = 'private' AND NOT EXISTS (
                      SELECT FROM thread_networks h WHERE h.thread_id = target
                        AND NOT EXISTS (SELECT FROM thread_networks g WHERE g.thread_id = source AND g.network_id = h.network_id)))));

CREATE FUNCTION names_of(bigint[]) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN $1 = '{}' THEN NULL
                ELSE (SELECT jsonb_object_agg(id, name) FROM people WHERE id = ANY ($1)) END;

CREATE FUNCTION quoted(ids bigint[], in_thread bigint) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN ids = '{}' THEN NULL
                ELSE (SELECT jsonb_object_agg(s.id, jsonb_build_object('author', coalesce(a.name, b.name), 'html', s.html))
                      FROM posts s LEFT JOIN people a ON a.id = s.author_id LEFT JOIN bylines b ON b.id = s.byline_id
                      WHERE s.id = ANY (ids) AND s.state = 'shown' AND quotable(s.thread_id, in_thread)) END;

CREATE VIEW shown_posts AS
    SELECT p.id, p.thread_id, p.network_id, p.author_id, p.byline_id, p.parent_id, p.number, p.depth, p.path, p.state,
           p.body, p.html, p.mentions, p.quotes AS quote_ids, p.renderer, p.version, p.created_at, p.edited_at,
           p.gap_at, p.gap_until,
           CASE WHEN p.author_id IS NULL THEN b.name ELSE a.name END AS author_name,
           a.title AS author_title, a.organisation AS author_organisation,
           u.state AS parent_state,
           CASE WHEN u.author_id IS NULL THEN ub.name ELSE ua.name END AS parent_name,
           n.name AS network_name, n.slug AS network_slug,
           names_of(p.mentions) AS mention_names, quoted(p.quotes, p.thread_id) AS quotes
    FROM posts p
    JOIN networks n ON n.id = p.network_id
    LEFT JOIN people a ON a.id = p.author_id
    LEFT JOIN bylines b ON b.id = p.byline_id
    LEFT JOIN posts u ON u.id = p.parent_id
    LEFT JOIN people ua ON ua.id = u.author_id
    LEFT JOIN bylines ub ON ub.id = u.byline_id;
COMMENT ON VIEW shown_posts IS 'a post as it is shown, or its gap: the same for every reader';

CREATE VIEW shown_messages AS
    SELECT m.id, m.room_id, m.author_id, m.byline_id, m.reply_to_id, m.number, m.state, m.body, m.html, m.mentions, m.renderer,
           m.version, m.created_at, m.edited_at, m.gap_at,
           CASE WHEN m.author_id IS NULL THEN b.name ELSE a.name END AS author_name,
           a.title AS author_title, a.organisation AS author_organisation,
           r.state AS reply_to_state, r.html AS reply_to_html,
           CASE WHEN r.author_id IS NULL THEN rb.name ELSE ra.name END AS reply_to_name,
           names_of(m.mentions) AS mention_names,
           names_of(coalesce(r.mentions, '{}')) AS reply_to_mention_names
    FROM messages m
    LEFT JOIN people a ON a.id = m.author_id
    LEFT JOIN bylines b ON b.id = m.byline_id
    LEFT JOIN messages r ON r.id = m.reply_to_id
    LEFT JOIN people ra ON ra.id = r.author_id
    LEFT JOIN bylines rb ON rb.id = r.byline_id;
COMMENT ON VIEW shown_messages IS 'a message as it is shown, or its gap: the same for every reader';

CREATE VIEW listed_threads AS
    SELECT t.id, t.network_id, t.author_id, t.byline_id, t.title, t.audience, t.created_at, t.locked_at, t.version,
           t.last_number, t.shown, t.people, t.active_at, t.last_author_id, t.last_byline_id,
           CASE WHEN t.author_id IS NULL THEN b.name ELSE a.name END AS author_name,
           CASE WHEN t.last_author_id IS NULL THEN lb.name ELSE l.name END AS last_name,
           h.network_id AS in_network_id, h.pinned_at, h.active_at AS listed_at,
           (SELECT jsonb_agg(jsonb_build_object('id', n.id, 'slug', n.slug, 'name', n.name, 'since', o.since)
                             ORDER BY n.id <> t.network_id, o.since, n.id)
            FROM thread_networks o JOIN networks n ON n.id = o.network_id WHERE o.thread_id = t.id) AS networks
    FROM threads t
    JOIN thread_networks h ON h.thread_id = t.id
    LEFT JOIN people a ON a.id = t.author_id
    LEFT JOIN bylines b ON b.id = t.byline_id
    LEFT JOIN people l ON l.id = t.last_author_id
    LEFT JOIN bylines lb ON lb.id = t.last_byline_id;
COMMENT ON VIEW listed_threads IS 'a thread as the list of one of its holders shows it: one row a holder';

-- Memberships that count: nobody is in a network from which a suspension shuts them out.
CREATE VIEW standing AS
    SELECT s.network_id, s.member_id, s.role, s.since,
           EXISTS (SELECT FROM sanctions x WHERE x.member_id = s.member_id AND x.ended_at IS NULL AND x.kind = 'mute'
                                             AND (x.network_id = s.network_id OR x.network_id IS NULL)) AS muted
    FROM memberships s
    JOIN members m ON m.id = s.member_id AND m.state = 'active'
    WHERE NOT EXISTS (SELECT FROM sanctions x WHERE x.member_id = s.member_id AND x.ended_at IS NULL AND x.kind = 'suspension'
                                                AND (x.network_id = s.network_id OR x.network_id IS NULL));
COMMENT ON VIEW standing IS 'what a member may count on in a network; a suspended one is an outsider there';

-- The access version of a channel: made of its own and of those of its holders, so that a change there checks its followers
-- too. A fingerprint and no sum: one holder for another must never come out the same.
CREATE FUNCTION access_version_of(channel text) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (
        WITH holders AS (
            SELECT h.network_id FROM thread_networks h WHERE starts_with($1, 'thread:') AND h.thread_id = split_part($1, ':', 2)::bigint
            UNION ALL SELECT r.network_id FROM rooms r WHERE starts_with($1, 'room:') AND r.id = split_part($1, ':', 2)::bigint
            UNION ALL SELECT split_part($1, ':', 2)::bigint WHERE starts_with($1, 'moderators:'))
        SELECT CASE WHEN count(n.name) = 0 THEN c.access_version
                    ELSE hashtextextended(c.access_version || ' ' || string_agg(n.name || '=' || n.access_version, ' ' ORDER BY n.name), 0)
               END
        FROM channels c LEFT JOIN holders h ON true LEFT JOIN channels n ON n.name = 'network:' || h.network_id
        WHERE c.name = $1 GROUP BY c.name);

-- A notification holds ids; its excerpt is cut from the row that it is about, when it is shown, and only for who may read that row.
CREATE FUNCTION may_read_thread(member bigint, thread bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN EXISTS (
        SELECT FROM threads t WHERE t.id = $2
          AND (t.audience = 'public'
               OR (t.audience = 'open' AND EXISTS (SELECT FROM members m WHERE m.id = $1 AND m.state = 'active'))
               OR EXISTS (SELECT FROM thread_networks h JOIN standing s ON s.network_id = h.network_id
                          WHERE h.thread_id = t.id AND s.member_id = $1)));

CREATE FUNCTION may_read_network(member bigint, network bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN EXISTS (
        SELECT FROM networks n WHERE n.id = $2
          AND (n.visibility = 'public'
               OR (n.visibility = 'open' AND EXISTS (SELECT FROM members m WHERE m.id = $1 AND m.state = 'active'))
               OR EXISTS (SELECT FROM standing s WHERE s.network_id = n.id AND s.member_id = $1)));

-- An outsider sees that a private network exists only if it is listed and they may see its parent, if it has one.
CREATE FUNCTION may_see_network(member bigint, network bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN may_read_network($1, $2) OR EXISTS (
        SELECT FROM networks n JOIN members m ON m.id = $1 AND m.state = 'active'
        WHERE n.id = $2 AND n.listed AND (n.parent_id IS NULL OR may_read_network($1, n.parent_id)));

CREATE VIEW shown_notifications AS
    SELECT x.id, x.member_id, x.kind AS what, x.post_id, x.message_id, x.network_id, x.thread_id, x.actor_id, x.request_id, r.body AS reason,
           x.created_at, x.read_at,
           a.name AS actor_name, a.title AS actor_title, a.organisation AS actor_organisation,
           t.title AS thread_title, n.name AS network_name, n.slug AS network_slug,
           p.state AS post_state, p.html AS post_html, names_of(coalesce(p.mentions, '{}')) AS post_mention_names,
           m.state AS message_state, m.html AS message_html, names_of(coalesce(m.mentions, '{}')) AS message_mention_names,
           coalesce(p.version, m.version, 0) AS about_version
    FROM notifications x
    LEFT JOIN people a ON a.id = x.actor_id
    LEFT JOIN notes r ON r.id = x.reason_id
    LEFT JOIN posts p ON p.id = x.post_id AND may_read_thread(x.member_id, p.thread_id)
    LEFT JOIN threads t ON t.id = coalesce(p.thread_id, x.thread_id) AND may_read_thread(x.member_id, t.id)
    LEFT JOIN messages m ON m.id = x.message_id
        AND EXISTS (SELECT FROM rooms r WHERE r.id = m.room_id AND may_read_network(x.member_id, r.network_id))
    LEFT JOIN networks n ON n.id = coalesce(x.network_id, t.network_id) AND may_see_network(x.member_id, n.id);

CREATE VIEW shown_networks AS
    SELECT n.id, n.slug, n.name, n.kind, n.parent_id, n.visibility, n.listed, n.posting, n.purpose, n.about, n.about_html, n.version,
           n.created_at, r.id AS room_id, p.slug AS parent_slug, p.name AS parent_name,
           (SELECT count(*) FROM memberships s WHERE s.network_id = n.id) AS members,
           (SELECT jsonb_agg(jsonb_build_object('id', m.id, 'name', m.name) ORDER BY s.since, m.id)
            FROM memberships s JOIN people m ON m.id = s.member_id WHERE s.network_id = n.id AND s.role = 'lead') AS leads
    FROM networks n
    LEFT JOIN rooms r ON r.network_id = n.id
    LEFT JOIN networks p ON p.id = n.parent_id;

CREATE VIEW shown_holds AS
    SELECT h.id, h.post_id, h.network_id, n.name AS held_by_network, h.held_at, h.until, h.outcome, h.ended_at,
           p.thread_id, p.network_id AS decides_id, t.title AS thread_title
    FROM holds h JOIN posts p ON p.id = h.post_id JOIN threads t ON t.id = p.thread_id JOIN networks n ON n.id = h.network_id;
