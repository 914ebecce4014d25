-- The whole foundation: who is here, what they write, who may see it, and the log of what changed.
--
-- Invariants that the database itself keeps:
--   * words of a contribution stand in one row and only while it is shown (CHECK … state = 'shown');
--   * an update's number in its channel is dense and in commit order (record_updates holds the channel's row until commit);
--   * a sub-group is never more visible than its parent; a thread is never more visible than any of its holders.

-- Search ---------------------------------------------------------------------------------------------------------------

CREATE FUNCTION plain(text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN public.unaccent('public.unaccent'::regdictionary, $1);
COMMENT ON FUNCTION plain(text) IS 'unaccent as an immutable function, so that generated columns may use it';

CREATE FUNCTION vector_simple(text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN to_tsvector('pg_catalog.simple', plain(coalesce($1, '')));
CREATE FUNCTION vector_english(text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN to_tsvector('pg_catalog.english', plain(coalesce($1, '')));

-- The site and its log ---------------------------------------------------------------------------------------------------

CREATE TABLE site (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    log         text NOT NULL DEFAULT replace(gen_random_uuid()::text, '-', ''),
    created_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN site.log IS 'identity of the update log: drawn anew when the database is made, restored or promoted';
INSERT INTO site DEFAULT VALUES;

CREATE TABLE channels (
    name            text COLLATE "C" PRIMARY KEY,
    access_version  bigint NOT NULL DEFAULT 1,
    kept_after      bigint NOT NULL DEFAULT 0
);
COMMENT ON COLUMN channels.kept_after IS 'the smallest cursor from which the log still reaches the head';

CREATE TABLE updates (
    channel  text COLLATE "C" NOT NULL,
    seq      bigint NOT NULL,
    kind     text NOT NULL,
    object   bigint NOT NULL,
    at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (channel, seq)
);
CREATE INDEX updates_by_age ON updates (at);

CREATE FUNCTION channel_head(text) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce((SELECT seq FROM updates WHERE channel = $1 ORDER BY seq DESC LIMIT 1), 0);

-- Writes what one transaction changed: numbers its updates, raises the access version of channels (their followers are checked
-- again before anything more is handed out), and lets the log of others begin with what it wrote (`resets`).
--
-- All of their rows are locked here, once and in sorted order, and stay so until commit: numbers are dense, their order is the
-- order of commits, and two transactions never wait for each other. In two statements each would sort for itself, and they
-- would. Nothing is updated in place to number it, so an open snapshot makes no row chain longer.
CREATE FUNCTION record_updates(channels_ text[], kinds text[], objects bigint[],
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
    WITH added AS (
        INSERT INTO updates (channel, seq, kind, object)
        SELECT u.channel, channel_head(u.channel) + row_number() OVER (PARTITION BY u.channel ORDER BY u.place), u.kind, u.object
        FROM unnest(channels_, kinds, objects) WITH ORDINALITY AS u (channel, kind, object, place)
        RETURNING channel, seq
    )
    SELECT channel, max(seq) FROM added GROUP BY channel;
    IF cardinality(resets) > 0 THEN
        UPDATE channels SET kept_after = channel_head(name) WHERE name = ANY (resets);
    END IF;
END $$;

CREATE FUNCTION open_channels() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO channels (name) SELECT noun || ':' || NEW.id FROM unnest(TG_ARGV) noun;
    RETURN NULL;
END $$;

-- People -----------------------------------------------------------------------------------------------------------------

CREATE TABLE members (
    id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email              citext UNIQUE,
    email_verified_at  timestamptz,
    password_hash      text,
    state              text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'suspended', 'gone')),
    administrator      boolean NOT NULL DEFAULT false,
    name               text CHECK (name <> ''),
    title              text NOT NULL DEFAULT '',
    organisation       text NOT NULL DEFAULT '',
    region             text NOT NULL DEFAULT '',
    about              text NOT NULL DEFAULT '',
    about_html         text NOT NULL DEFAULT '',
    theme              text NOT NULL DEFAULT 'auto' CHECK (theme IN ('auto', 'light', 'dark')),
    keys               boolean NOT NULL DEFAULT true,
    enter_sends        boolean NOT NULL DEFAULT true,
    renderer           smallint NOT NULL DEFAULT 1,
    version            int NOT NULL DEFAULT 1,
    created_at         timestamptz NOT NULL DEFAULT now(),
    seen_at            timestamptz,
    visited_at         timestamptz,
    directory          tsvector GENERATED ALWAYS AS (
        vector_simple(coalesce(name, '') || ' ' || title || ' ' || organisation || ' ' || region)) STORED
);
COMMENT ON COLUMN members.name IS 'NULL after a moderator removed it, and for an account that is gone';
COMMENT ON COLUMN members.visited_at IS 'end of the visit before this one: Home tells what came since';
CREATE INDEX members_directory ON members USING gin (directory);
CREATE TRIGGER members_channel AFTER INSERT ON members FOR EACH ROW EXECUTE FUNCTION open_channels('member');

CREATE TABLE bylines (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text,
    author_key  bytea NOT NULL UNIQUE,
    version     int NOT NULL DEFAULT 1
);
COMMENT ON TABLE bylines IS 'authors of imported posts and messages: a name without an account; the key is a keyed hash of their address';

CREATE TABLE sessions (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    member_id   bigint NOT NULL REFERENCES members ON DELETE CASCADE,
    token_hash  bytea NOT NULL UNIQUE,
    browser     text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT now(),
    seen_at     timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    ended_at    timestamptz
);
CREATE INDEX sessions_of_member ON sessions (member_id) WHERE ended_at IS NULL;

CREATE TABLE tokens (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    member_id   bigint NOT NULL REFERENCES members ON DELETE CASCADE,
    token_hash  bytea NOT NULL UNIQUE,
    name        text NOT NULL DEFAULT '',
    scopes      text[] NOT NULL CHECK (scopes <@ ARRAY['read', 'write', 'moderate']),
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    ended_at    timestamptz
);
CREATE INDEX tokens_of_member ON tokens (member_id);

CREATE TABLE one_time_links (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    member_id   bigint NOT NULL REFERENCES members ON DELETE CASCADE,
    token_hash  bytea NOT NULL UNIQUE,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz
);

-- Networks ---------------------------------------------------------------------------------------------------------------

CREATE TABLE networks (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug          text COLLATE "C" NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,58}[a-z0-9])?$'),
    name          text NOT NULL CHECK (name <> ''),
    kind          text NOT NULL CHECK (kind IN ('national', 'regional', 'professional', 'topic')),
    parent_id     bigint REFERENCES networks,
    visibility    text NOT NULL DEFAULT 'private' CHECK (visibility IN ('public', 'open', 'private')),
    listed        boolean NOT NULL DEFAULT true,
    posting       text NOT NULL DEFAULT 'member' CHECK (posting IN ('member', 'lead')),
    purpose       text NOT NULL DEFAULT '',
    about         text NOT NULL DEFAULT '',
    about_html    text NOT NULL DEFAULT '',
    renderer      smallint NOT NULL DEFAULT 1,
    version       int NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN networks.posting IS 'who may write into the room: every member, or leads and moderators only';
CREATE INDEX networks_by_parent ON networks (parent_id);
CREATE TRIGGER networks_channels AFTER INSERT ON networks FOR EACH ROW EXECUTE FUNCTION open_channels('network', 'moderators');

CREATE FUNCTION breadth(visibility text) RETURNS int
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN CASE visibility WHEN 'public' THEN 3 WHEN 'open' THEN 2 WHEN 'private' THEN 1 END;

CREATE FUNCTION keep_visibility() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM networks p WHERE p.id = NEW.parent_id AND breadth(p.visibility) < breadth(NEW.visibility))
       OR EXISTS (SELECT FROM networks c WHERE c.parent_id = NEW.id AND breadth(c.visibility) > breadth(NEW.visibility)) THEN
        RAISE EXCEPTION 'a sub-group is never more visible than its parent' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER networks_visibility AFTER INSERT OR UPDATE OF visibility, parent_id ON networks
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION keep_visibility();

CREATE TABLE memberships (
    network_id  bigint NOT NULL REFERENCES networks ON DELETE CASCADE,
    member_id   bigint NOT NULL REFERENCES members ON DELETE CASCADE,
    role        text NOT NULL CHECK (role IN ('observer', 'member', 'moderator', 'lead')),
    since       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (network_id, member_id)
);
CREATE INDEX memberships_of_member ON memberships (member_id, network_id) INCLUDE (role);

CREATE TABLE invitations (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network_id  bigint NOT NULL REFERENCES networks ON DELETE CASCADE,
    token_hash  bytea NOT NULL UNIQUE,
    role        text NOT NULL DEFAULT 'member' CHECK (role IN ('observer', 'member', 'moderator', 'lead')),
    invited_by  bigint REFERENCES members,
    uses        int NOT NULL DEFAULT 0,
    max_uses    int NOT NULL CHECK (max_uses BETWEEN 1 AND 500),
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    revoked_at  timestamptz,
    CHECK (uses <= max_uses)
);
CREATE INDEX invitations_of_network ON invitations (network_id, id);

CREATE TABLE requests (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network_id  bigint NOT NULL REFERENCES networks ON DELETE CASCADE,
    member_id   bigint NOT NULL REFERENCES members ON DELETE CASCADE,
    body        text,
    state       text NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'approved', 'declined', 'withdrawn')),
    asked_at    timestamptz NOT NULL DEFAULT now(),
    decided_by  bigint REFERENCES members,
    decided_at  timestamptz,
    CHECK (state = 'asked' OR body IS NULL)
);
CREATE UNIQUE INDEX requests_open ON requests (network_id, member_id) WHERE state = 'asked';

CREATE TABLE sanctions (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    member_id   bigint NOT NULL REFERENCES members ON DELETE CASCADE,
    network_id  bigint REFERENCES networks ON DELETE CASCADE,
    kind        text NOT NULL CHECK (kind IN ('warning', 'mute', 'suspension')),
    note_id     bigint,
    until       timestamptz,
    imposed_by  bigint REFERENCES members,
    imposed_at  timestamptz NOT NULL DEFAULT now(),
    ended_at    timestamptz
);
COMMENT ON TABLE sanctions IS 'in force while ended_at is NULL, whatever the clock says: ending one is an act of its own';
CREATE INDEX sanctions_in_force ON sanctions (member_id, network_id) WHERE ended_at IS NULL;

-- Threads and posts --------------------------------------------------------------------------------------------------------

CREATE TABLE threads (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network_id    bigint NOT NULL REFERENCES networks,
    author_id     bigint REFERENCES members,
    byline_id     bigint REFERENCES bylines,
    title         text CHECK (title <> ''),
    audience      text NOT NULL CHECK (audience IN ('public', 'open', 'private')),
    created_at    timestamptz NOT NULL DEFAULT now(),
    locked_at     timestamptz,
    version       int NOT NULL DEFAULT 1,
    dirty         boolean NOT NULL DEFAULT false,
    last_number   int NOT NULL DEFAULT 1,
    shown         int NOT NULL DEFAULT 1,
    people        int NOT NULL DEFAULT 1,
    last_author_id  bigint REFERENCES members,
    last_byline_id  bigint REFERENCES bylines,
    active_at     timestamptz NOT NULL DEFAULT now(),
    search_simple   tsvector GENERATED ALWAYS AS (vector_simple(title)) STORED,
    search_english  tsvector GENERATED ALWAYS AS (vector_english(title)) STORED
);
COMMENT ON COLUMN threads.network_id IS 'the network that it was opened through: title and split belong to it';
COMMENT ON COLUMN threads.title IS 'NULL after a removal';
COMMENT ON COLUMN threads.dirty IS 'a contribution changed since lists were told; last_number, shown, people, last_* and active_at stand as announced';
CREATE INDEX threads_dirty ON threads (id) WHERE dirty;
CREATE INDEX threads_search_simple ON threads USING gin (search_simple);
CREATE INDEX threads_search_english ON threads USING gin (search_english);
CREATE INDEX threads_title_like ON threads USING gin (title gin_trgm_ops);
CREATE TRIGGER threads_channel AFTER INSERT ON threads FOR EACH ROW EXECUTE FUNCTION open_channels('thread');

CREATE TABLE thread_networks (
    thread_id   bigint NOT NULL REFERENCES threads ON DELETE CASCADE,
    network_id  bigint NOT NULL REFERENCES networks ON DELETE CASCADE,
    since       timestamptz NOT NULL DEFAULT now(),
    pinned_at   timestamptz,
    active_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (thread_id, network_id)
);
CREATE INDEX thread_networks_by_activity ON thread_networks (network_id, active_at DESC, thread_id DESC);
CREATE INDEX thread_networks_pinned ON thread_networks (network_id, pinned_at DESC) WHERE pinned_at IS NOT NULL;

CREATE TABLE posts (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    thread_id       bigint NOT NULL REFERENCES threads,
    network_id      bigint NOT NULL REFERENCES networks,
    author_id       bigint REFERENCES members,
    byline_id       bigint REFERENCES bylines,
    parent_id       bigint REFERENCES posts,
    number          int NOT NULL,
    depth           int NOT NULL,
    path            bytea NOT NULL,
    state           text NOT NULL DEFAULT 'shown' CHECK (state IN ('shown', 'held', 'withdrawn', 'removed', 'purged')),
    body            text,
    html            text,
    mentions        bigint[] NOT NULL DEFAULT '{}',
    quotes          bigint[] NOT NULL DEFAULT '{}',
    renderer        smallint NOT NULL DEFAULT 1,
    version         int NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now(),
    edited_at       timestamptz,
    gap_at          timestamptz,
    gap_until       timestamptz,
    search_simple   tsvector GENERATED ALWAYS AS (vector_simple(body)) STORED,
    search_english  tsvector GENERATED ALWAYS AS (vector_english(body)) STORED,
    CHECK (state = 'shown' OR (body IS NULL AND html IS NULL AND mentions = '{}' AND quotes = '{}')),
    CHECK (state <> 'shown' OR (body IS NOT NULL AND html IS NOT NULL)),
    CHECK ((author_id IS NULL) <> (byline_id IS NULL)),
    CHECK ((parent_id IS NULL) = (depth = 0)),
    UNIQUE (thread_id, number)
);
COMMENT ON COLUMN posts.network_id IS 'the network that it was written through: its moderators decide about it';
COMMENT ON COLUMN posts.path IS '4-byte numbers of the ancestors and of itself; clamped to 400 levels';
CREATE INDEX posts_in_tree ON posts (thread_id, path, number);
CREATE INDEX posts_by_parent ON posts (parent_id);
CREATE INDEX posts_by_author ON posts (author_id, id);
CREATE INDEX posts_search_simple ON posts USING gin (search_simple);
CREATE INDEX posts_search_english ON posts USING gin (search_english);
CREATE INDEX posts_mentions ON posts USING gin (mentions) WHERE mentions <> '{}';

CREATE TABLE revisions (
    noun       text NOT NULL CHECK (noun IN ('post', 'message')),
    object_id  bigint NOT NULL,
    version    int NOT NULL,
    body       text NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (noun, object_id, version)
);
COMMENT ON TABLE revisions IS 'what a shown contribution said before its edits';

CREATE TABLE sealed (
    noun       text NOT NULL CHECK (noun IN ('post', 'message', 'title', 'name', 'about', 'purpose')),
    object_id  bigint NOT NULL,
    version    int NOT NULL,
    body       text NOT NULL,
    at         timestamptz NOT NULL,
    sealed_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (noun, object_id, version)
);
COMMENT ON TABLE sealed IS 'words that have left the site, edits included: for those who decide and for the appeal, never live';

CREATE TABLE quotes (
    source_id  bigint NOT NULL REFERENCES posts,
    target_id  bigint NOT NULL REFERENCES posts,
    PRIMARY KEY (source_id, target_id)
);
CREATE INDEX quotes_by_target ON quotes (target_id);

CREATE TABLE holds (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    post_id     bigint NOT NULL REFERENCES posts,
    network_id  bigint NOT NULL REFERENCES networks,
    held_by     bigint NOT NULL REFERENCES members,
    held_at     timestamptz NOT NULL DEFAULT now(),
    until       timestamptz NOT NULL,
    outcome     text CHECK (outcome IN ('removed', 'restored', 'lapsed', 'released', 'withdrawn')),
    ended_at    timestamptz,
    CHECK ((outcome IS NULL) = (ended_at IS NULL))
);
COMMENT ON COLUMN holds.network_id IS 'the holder whose moderator asked; the network that the post was written through decides';
CREATE UNIQUE INDEX holds_open ON holds (post_id) WHERE outcome IS NULL;
CREATE INDEX holds_due ON holds (until) WHERE outcome IS NULL;

CREATE TABLE agreements (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    thread_id     bigint NOT NULL REFERENCES threads ON DELETE CASCADE,
    act           text NOT NULL CHECK (act IN ('hold_in', 'move', 'widen')),
    network_id    bigint REFERENCES networks,
    audience      text CHECK (audience IN ('public', 'open', 'private')),
    asked_by      bigint NOT NULL REFERENCES members,
    asked_at      timestamptz NOT NULL DEFAULT now(),
    agreed        bigint[] NOT NULL DEFAULT '{}',
    outcome       text CHECK (outcome IN ('done', 'declined', 'withdrawn')),
    ended_at      timestamptz
);
COMMENT ON TABLE agreements IS 'a further holder, a move or a wider audience of a thread waits here until each holder has agreed';
CREATE UNIQUE INDEX agreements_open ON agreements (thread_id) WHERE outcome IS NULL;

CREATE TABLE thread_reads (
    member_id  bigint NOT NULL REFERENCES members ON DELETE CASCADE,
    thread_id  bigint NOT NULL REFERENCES threads ON DELETE CASCADE,
    numbers    int4multirange NOT NULL DEFAULT '{}',
    read_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (member_id, thread_id)
);

CREATE TABLE watches (
    thread_id  bigint NOT NULL REFERENCES threads ON DELETE CASCADE,
    member_id  bigint NOT NULL REFERENCES members ON DELETE CASCADE,
    told_number  int NOT NULL DEFAULT 0,
    PRIMARY KEY (thread_id, member_id)
);
COMMENT ON COLUMN watches.told_number IS 'the last post number that this watcher was told of';

-- Rooms and messages ---------------------------------------------------------------------------------------------------------

CREATE TABLE rooms (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network_id  bigint UNIQUE REFERENCES networks ON DELETE CASCADE,
    dirty       boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN rooms.network_id IS 'NULL for a direct conversation';
CREATE INDEX rooms_dirty ON rooms (id) WHERE dirty;
CREATE TRIGGER rooms_channel AFTER INSERT ON rooms FOR EACH ROW EXECUTE FUNCTION open_channels('room');

CREATE TABLE messages (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    room_id         bigint NOT NULL REFERENCES rooms,
    author_id       bigint REFERENCES members,
    byline_id       bigint REFERENCES bylines,
    reply_to_id     bigint REFERENCES messages,
    number          int NOT NULL,
    state           text NOT NULL DEFAULT 'shown' CHECK (state IN ('shown', 'held', 'withdrawn', 'removed', 'purged')),
    body            text,
    html            text,
    mentions        bigint[] NOT NULL DEFAULT '{}',
    renderer        smallint NOT NULL DEFAULT 1,
    version         int NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now(),
    edited_at       timestamptz,
    gap_at          timestamptz,
    search_simple   tsvector GENERATED ALWAYS AS (vector_simple(body)) STORED,
    search_english  tsvector GENERATED ALWAYS AS (vector_english(body)) STORED,
    CHECK (state = 'shown' OR (body IS NULL AND html IS NULL AND mentions = '{}')),
    CHECK (state <> 'shown' OR (body IS NOT NULL AND html IS NOT NULL)),
    CHECK ((author_id IS NULL) <> (byline_id IS NULL)),
    UNIQUE (room_id, number)
);
CREATE INDEX messages_by_reply ON messages (reply_to_id) WHERE reply_to_id IS NOT NULL;
CREATE INDEX messages_by_author ON messages (author_id, id);
CREATE INDEX messages_search_simple ON messages USING gin (search_simple);
CREATE INDEX messages_search_english ON messages USING gin (search_english);
CREATE INDEX messages_mentions ON messages USING gin (mentions) WHERE mentions <> '{}';

CREATE TABLE room_reads (
    member_id  bigint NOT NULL REFERENCES members ON DELETE CASCADE,
    room_id    bigint NOT NULL REFERENCES rooms ON DELETE CASCADE,
    number     int NOT NULL DEFAULT 0,
    read_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (member_id, room_id)
);

-- What people are told ---------------------------------------------------------------------------------------------------------

CREATE TABLE notifications (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    member_id   bigint NOT NULL REFERENCES members ON DELETE CASCADE,
    kind        text NOT NULL CHECK (kind IN ('reply', 'mention', 'watched', 'room_reply', 'room_mention', 'request', 'approved',
                                              'declined', 'role', 'removal', 'restoration', 'hold', 'agreement')),
    post_id     bigint REFERENCES posts ON DELETE CASCADE,
    message_id  bigint REFERENCES messages ON DELETE CASCADE,
    network_id  bigint REFERENCES networks ON DELETE CASCADE,
    thread_id   bigint REFERENCES threads ON DELETE CASCADE,
    actor_id    bigint REFERENCES members ON DELETE CASCADE,
    request_id  bigint REFERENCES requests ON DELETE CASCADE,
    reason_id   bigint,
    created_at  timestamptz NOT NULL DEFAULT now(),
    read_at     timestamptz
);
CREATE INDEX notifications_of_member ON notifications (member_id, id DESC);
CREATE INDEX notifications_of_post ON notifications (post_id) WHERE post_id IS NOT NULL;
CREATE INDEX notifications_of_message ON notifications (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX notifications_unread ON notifications (member_id) WHERE read_at IS NULL;
CREATE UNIQUE INDEX notifications_once ON notifications (member_id, kind, post_id) WHERE post_id IS NOT NULL AND kind IN ('reply', 'mention');

-- What moderators did -------------------------------------------------------------------------------------------------------------

CREATE TABLE notes (
    id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    body  text NOT NULL
);
COMMENT ON TABLE notes IS 'words that moderators wrote: reasons and notes, each a row that can be removed';
ALTER TABLE sanctions ADD FOREIGN KEY (note_id) REFERENCES notes ON DELETE SET NULL;
ALTER TABLE notifications ADD FOREIGN KEY (reason_id) REFERENCES notes ON DELETE SET NULL;

CREATE TABLE moderation_log (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network_id      bigint,
    actor_id        bigint,
    act             text NOT NULL,
    noun            text NOT NULL,
    object_id       bigint NOT NULL,
    subject_id      bigint,
    reason_id       bigint,
    note_id         bigint,
    version_before  int,
    version_after   int,
    at              timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE moderation_log IS 'append-only: the application has no UPDATE, DELETE or TRUNCATE on it (sql/grants.sql); words stand in notes';
COMMENT ON COLUMN moderation_log.subject_id IS 'the member to whom it was done';
COMMENT ON COLUMN moderation_log.actor_id IS 'NULL: the clock (a hold lapsed, a suspension ended)';
CREATE INDEX moderation_log_of_network ON moderation_log (network_id, id DESC);
CREATE INDEX moderation_log_of_subject ON moderation_log (subject_id, id DESC);
CREATE INDEX moderation_log_of_object ON moderation_log (noun, object_id);

-- Writes that were answered, what came from elsewhere ---------------------------------------------------------------

CREATE TABLE idempotency_keys (
    member_id     bigint NOT NULL REFERENCES members ON DELETE CASCADE,
    key           text COLLATE "C" NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    request_hash  bytea NOT NULL,
    object_id     bigint,
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (member_id, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

CREATE TABLE imports (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network_id   bigint NOT NULL REFERENCES networks ON DELETE CASCADE,
    kind         text NOT NULL CHECK (kind IN ('mbox', 'irc')),
    source_hash  bytea NOT NULL,
    started_at   timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz,
    UNIQUE (network_id, kind, source_hash)
);

CREATE TABLE import_items (
    network_id  bigint NOT NULL REFERENCES networks ON DELETE CASCADE,
    item_key    bytea NOT NULL,
    post_id     bigint REFERENCES posts ON DELETE SET NULL,
    message_id  bigint REFERENCES messages ON DELETE SET NULL,
    PRIMARY KEY (network_id, item_key)
);
COMMENT ON TABLE import_items IS 'what came already, by a keyed hash of its Message-ID or place: a second import skips it, a removed one stays removed';
