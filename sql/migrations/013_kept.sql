-- What a process keeps of a page, it finds again by what the database says in the same request: docs/decisions/kept-by-version.md.

-- Every name that pages show beside words that they keep: raised by whatever changes one, so that no act can forget it. At the end
-- of the transaction, after its last lock: names change seldom, and two that change at once wait for each other only then.
ALTER TABLE site ADD COLUMN names bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN site.names IS 'raised with every change of what a person or a network is called';

CREATE FUNCTION raise_names() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE site SET names = names + 1;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER members_names AFTER UPDATE ON members DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN ((OLD.name, OLD.title, OLD.organisation, OLD.state) IS DISTINCT FROM (NEW.name, NEW.title, NEW.organisation, NEW.state))
    EXECUTE FUNCTION raise_names();
CREATE CONSTRAINT TRIGGER networks_names AFTER UPDATE ON networks DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN ((OLD.name, OLD.slug) IS DISTINCT FROM (NEW.name, NEW.slug))
    EXECUTE FUNCTION raise_names();
CREATE CONSTRAINT TRIGGER bylines_names AFTER UPDATE ON bylines DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (OLD.name IS DISTINCT FROM NEW.name)
    EXECUTE FUNCTION raise_names();

-- The transaction that wrote a row: the one version of it that nobody has to raise.
CREATE OR REPLACE VIEW shown_posts AS
    SELECT p.id, p.thread_id, p.network_id, p.author_id, p.byline_id, p.parent_id, p.number, p.depth, p.path, p.state,
           p.body, p.html, nullif(p.mentions, '{}') AS mentions, nullif(p.quotes, '{}') AS quote_ids, p.renderer, p.version, p.created_at, p.edited_at,
           p.gap_at, p.gap_until,
           CASE WHEN p.author_id IS NULL THEN b.name ELSE a.name END AS author_name,
           a.title AS author_title, a.organisation AS author_organisation,
           u.state AS parent_state,
           CASE WHEN u.author_id IS NULL THEN ub.name ELSE ua.name END AS parent_name,
           n.name AS network_name, n.slug AS network_slug,
           CASE WHEN p.mentions <> '{}' THEN names_of(p.mentions) END AS mention_names,
           CASE WHEN p.quotes <> '{}' THEN quoted(p.quotes, p.thread_id) END AS quotes,
           u.author_id AS parent_author_id,
           p.xmin AS written
    FROM posts p
    JOIN networks n ON n.id = p.network_id
    LEFT JOIN people a ON a.id = p.author_id
    LEFT JOIN bylines b ON b.id = p.byline_id
    LEFT JOIN posts u ON u.id = p.parent_id
    LEFT JOIN people ua ON ua.id = u.author_id
    LEFT JOIN bylines ub ON ub.id = u.byline_id;

CREATE OR REPLACE VIEW listed_threads AS
    SELECT t.id, t.network_id, t.author_id, t.byline_id, t.title, t.audience, t.created_at, t.locked_at, t.version,
           t.last_number, t.shown, t.people, t.active_at, t.last_author_id, t.last_byline_id,
           CASE WHEN t.author_id IS NULL THEN b.name ELSE a.name END AS author_name,
           CASE WHEN t.last_author_id IS NULL THEN lb.name ELSE l.name END AS last_name,
           h.network_id AS in_network_id, h.pinned_at, h.active_at AS listed_at,
           (SELECT jsonb_agg(jsonb_build_object('id', n.id, 'slug', n.slug, 'name', n.name, 'since', o.since)
                             ORDER BY n.id <> t.network_id, o.since, n.id)
            FROM thread_networks o JOIN networks n ON n.id = o.network_id WHERE o.thread_id = t.id) AS networks,
           t.xmin AS written
    FROM threads t
    JOIN thread_networks h ON h.thread_id = t.id
    LEFT JOIN people a ON a.id = t.author_id
    LEFT JOIN bylines b ON b.id = t.byline_id
    LEFT JOIN people l ON l.id = t.last_author_id
    LEFT JOIN bylines lb ON lb.id = t.last_byline_id;

-- Who may read a thread or a network, as rows: a statement takes them in, where it would call a function. They stand here alone.
CREATE FUNCTION readable(member bigint, thread bigint) RETURNS TABLE (thread_id bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
        SELECT t.id FROM threads t WHERE t.id = $2
          AND (t.audience = 'public'
               OR (t.audience = 'open' AND EXISTS (SELECT FROM members m WHERE m.id = $1 AND m.state = 'active'))
               OR EXISTS (SELECT FROM thread_networks h JOIN standing s ON s.network_id = h.network_id
                          WHERE h.thread_id = t.id AND s.member_id = $1));
    END;
CREATE OR REPLACE FUNCTION may_read_thread(member bigint, thread bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN EXISTS (SELECT FROM readable($1, $2));

CREATE FUNCTION readable_network(member bigint, network bigint) RETURNS TABLE (network_id bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
        SELECT n.id FROM networks n WHERE n.id = $2
          AND (n.visibility = 'public'
               OR (n.visibility = 'open' AND EXISTS (SELECT FROM members m WHERE m.id = $1 AND m.state = 'active'))
               OR EXISTS (SELECT FROM standing s WHERE s.network_id = n.id AND s.member_id = $1));
    END;
CREATE OR REPLACE FUNCTION may_read_network(member bigint, network bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN EXISTS (SELECT FROM readable_network($1, $2));

-- A thread as one caller stands to it: through which of its holders, what of it they have read, and whether they follow it.
CREATE FUNCTION thread_for(member bigint, thread bigint)
    RETURNS TABLE (id bigint, network_id bigint, author_id bigint, byline_id bigint, title text, audience text, created_at timestamptz,
                   locked_at timestamptz, version int, last_number int, shown int, people int, active_at timestamptz,
                   may_read boolean, holders jsonb, numbers text, read_at timestamptz, watching boolean)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
        SELECT t.id, t.network_id, t.author_id, t.byline_id, t.title, t.audience, t.created_at, t.locked_at, t.version, t.last_number,
               t.shown, t.people, t.active_at,
               EXISTS (SELECT FROM readable($1, t.id)),
               (SELECT jsonb_agg(jsonb_build_object('id', n.id, 'slug', n.slug, 'name', n.name, 'since', h.since,
                                                    'role', s.role, 'mute', s.mute, 'first', n.approves_first, 'pinned', h.pinned_at IS NOT NULL,
                                                    'parent', CASE WHEN n.parent_id IS NOT NULL AND may_see_network($1, n.parent_id) THEN (
                                                        SELECT jsonb_build_object('id', u.id, 'slug', u.slug, 'name', u.name)
                                                        FROM networks u WHERE u.id = n.parent_id) END)
                                 ORDER BY n.id <> t.network_id, h.since, n.id)
                FROM thread_networks h JOIN networks n ON n.id = h.network_id
                LEFT JOIN standing s ON s.network_id = n.id AND s.member_id = $1
                WHERE h.thread_id = t.id),
               coalesce(e.numbers, '{}')::text, e.read_at,
               EXISTS (SELECT FROM watches w WHERE w.thread_id = t.id AND w.member_id = $1)
        FROM threads t LEFT JOIN thread_reads e ON e.thread_id = t.id AND e.member_id = $1 WHERE t.id = $2;
    END;

CREATE VIEW heads AS
    SELECT c.name, coalesce((SELECT u.seq FROM updates u WHERE u.channel = c.name ORDER BY u.seq DESC LIMIT 1), 0) AS head FROM channels c;
COMMENT ON VIEW heads IS 'each channel with the seq of its last update';

-- The same with its cursors and what tells whether the stretches of it that a process has kept still stand. Its holders are followed
-- too where others read it, since names change there.
CREATE FUNCTION thread_now(member bigint, thread bigint)
    RETURNS TABLE (thread_id bigint, network_id bigint, author_id bigint, byline_id bigint, thread_title text, audience text,
                   created_at timestamptz, locked_at timestamptz, thread_version int, last_number int, shown int, people int,
                   active_at timestamptz, may_read boolean, holders jsonb, numbers text, read_at timestamptz, watching boolean,
                   head bigint, last int, cursors jsonb)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
        SELECT t.id, t.network_id, t.author_id, t.byline_id, t.title, t.audience, t.created_at, t.locked_at, t.version, t.last_number,
               t.shown, t.people, t.active_at, t.may_read, t.holders, t.numbers, t.read_at, t.watching,
               (SELECT h.head FROM heads h WHERE h.name = 'thread:' || t.id),
               (SELECT p.number FROM posts p WHERE p.thread_id = t.id ORDER BY p.number DESC LIMIT 1),
               (SELECT jsonb_object_agg(h.name, h.head) FROM thread_networks o JOIN heads h ON h.name = 'network:' || o.network_id
                WHERE o.thread_id = t.id AND t.audience <> 'private')
        FROM thread_for($1, $2) t;
    END;

-- What stands around a member's pages: the rail, with the cursor of each network, and how much waits.
CREATE VIEW frames AS
    SELECT m.id AS member_id,
           ARRAY(SELECT b.blocked_id FROM blocks b WHERE b.member_id = m.id ORDER BY 1) AS blocks,
           (SELECT jsonb_agg(jsonb_build_object('id', n.id, 'slug', n.slug, 'name', n.name, 'kind', n.kind, 'parent_id', n.parent_id,
                                                'role', d.role, 'room_id', r.id,
                                                'cursor', (SELECT head FROM heads WHERE heads.name = 'network:' || n.id))
                             ORDER BY n.parent_id NULLS FIRST, n.kind <> 'national', n.name COLLATE "C", n.id)
            FROM standing d JOIN networks n ON n.id = d.network_id LEFT JOIN rooms r ON r.network_id = n.id
            WHERE d.member_id = m.id) AS networks,
           (SELECT count(*) FROM (SELECT FROM notifications n WHERE n.member_id = m.id AND n.read_at IS NULL LIMIT 100) y) AS notifications,
           (SELECT count(*) FROM (SELECT FROM requests q JOIN standing d ON d.network_id = q.network_id
                WHERE d.member_id = m.id AND d.role IN ('moderator', 'lead') AND q.state = 'asked' LIMIT 100) y) AS requests
    FROM members m;
COMMENT ON VIEW frames IS 'what stands around every page of a member';
