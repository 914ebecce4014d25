-- What makes moderation answerable: reports and their cases, removals that can be appealed and purged, newcomers' submissions,
-- slow rooms, and members whom I block. Words stand in `notes`, each a row that can be removed; everything else holds ids.

-- What a network settles for itself ------------------------------------------------------------------------------------------

ALTER TABLE networks
    ADD COLUMN reasons text[] NOT NULL DEFAULT '{}' CHECK (cardinality(reasons) <= 12),
    ADD COLUMN names_moderators boolean NOT NULL DEFAULT false,
    ADD COLUMN keeps_removed_days int NOT NULL DEFAULT 90 CHECK (keeps_removed_days BETWEEN 1 AND 730),
    ADD COLUMN approves_first int NOT NULL DEFAULT 0 CHECK (approves_first BETWEEN 0 AND 20);
COMMENT ON COLUMN networks.reasons IS 'its own list of reasons for a removal; empty: the list that every network begins with';
COMMENT ON COLUMN networks.names_moderators IS 'is the author told which moderator removed it, or "the moderators"?';
COMMENT ON COLUMN networks.keeps_removed_days IS 'sealed words are purged after so many days, unless an appeal waits';
COMMENT ON COLUMN networks.approves_first IS 'so many first contributions of a newcomer wait for approval; 0: none';

ALTER TABLE rooms ADD COLUMN slow_s int NOT NULL DEFAULT 0 CHECK (slow_s BETWEEN 0 AND 3600);
COMMENT ON COLUMN rooms.slow_s IS 'slow mode: seconds between two messages of one member; 0: off';

-- Reports: several of one thing are one case --------------------------------------------------------------------------------

CREATE TABLE cases (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network_id  bigint REFERENCES networks ON DELETE CASCADE,
    post_id     bigint REFERENCES posts ON DELETE CASCADE,
    message_id  bigint REFERENCES messages ON DELETE CASCADE,
    urgent      boolean NOT NULL DEFAULT false,
    seen_version  int NOT NULL,
    version     int NOT NULL DEFAULT 1,
    opened_at   timestamptz NOT NULL DEFAULT now(),
    taken_by    bigint REFERENCES members,
    taken_at    timestamptz,
    outcome     text CHECK (outcome IN ('removed', 'left', 'held', 'withdrawn')),
    decided_by  bigint REFERENCES members,
    decided_at  timestamptz,
    CHECK ((post_id IS NULL) <> (message_id IS NULL)),
    CHECK ((outcome IS NULL) = (decided_at IS NULL))
);
COMMENT ON COLUMN cases.network_id IS 'whose moderators decide; NULL for a direct conversation: the administrators';
COMMENT ON COLUMN cases.seen_version IS 'the version of the contribution that was reported last';
CREATE UNIQUE INDEX cases_open_post ON cases (post_id) WHERE outcome IS NULL;
CREATE UNIQUE INDEX cases_open_message ON cases (message_id) WHERE outcome IS NULL;
CREATE INDEX cases_queue ON cases (network_id, urgent DESC, opened_at, id) WHERE outcome IS NULL;
CREATE INDEX cases_decided ON cases (network_id, decided_at DESC, id DESC) WHERE outcome IS NOT NULL;

CREATE TABLE reports (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id      bigint NOT NULL REFERENCES cases ON DELETE CASCADE,
    member_id    bigint NOT NULL REFERENCES members ON DELETE CASCADE,
    reason_id    bigint REFERENCES notes ON DELETE SET NULL,
    note_id      bigint REFERENCES notes ON DELETE SET NULL,
    reported_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (case_id, member_id)
);
CREATE INDEX reports_of_member ON reports (member_id, id);

CREATE TABLE case_notes (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id    bigint NOT NULL REFERENCES cases ON DELETE CASCADE,
    author_id  bigint REFERENCES members,
    note_id    bigint NOT NULL REFERENCES notes ON DELETE CASCADE,
    at         timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX case_notes_of_case ON case_notes (case_id, id);

-- Removals and appeals ---------------------------------------------------------------------------------------------------------

CREATE TABLE removals (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network_id   bigint NOT NULL REFERENCES networks ON DELETE CASCADE,
    post_id      bigint REFERENCES posts ON DELETE CASCADE,
    message_id   bigint REFERENCES messages ON DELETE CASCADE,
    author_id    bigint REFERENCES members,
    removed_by   bigint REFERENCES members,
    removed_at   timestamptz NOT NULL DEFAULT now(),
    reason_id    bigint REFERENCES notes ON DELETE SET NULL,
    note_id      bigint REFERENCES notes ON DELETE SET NULL,
    batch        bigint,
    purge_at     timestamptz,
    purged_at    timestamptz,
    restored_at  timestamptz,
    appeal_until timestamptz NOT NULL DEFAULT now() + interval '30 days',
    CHECK ((post_id IS NULL) <> (message_id IS NULL))
);
COMMENT ON COLUMN removals.batch IS 'the id of the first removal of one act that removed several';
COMMENT ON COLUMN removals.note_id IS 'what the author is told beside the reason';
CREATE UNIQUE INDEX removals_of_post ON removals (post_id) WHERE restored_at IS NULL;
CREATE UNIQUE INDEX removals_of_message ON removals (message_id) WHERE restored_at IS NULL;
CREATE INDEX removals_of_author ON removals (author_id, id DESC);
CREATE INDEX removals_of_network ON removals (network_id, id DESC);
CREATE INDEX removals_due ON removals (purge_at) WHERE purged_at IS NULL AND restored_at IS NULL;
CREATE INDEX removals_of_batch ON removals (batch) WHERE batch IS NOT NULL;

CREATE TABLE appeals (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    removal_id   bigint NOT NULL UNIQUE REFERENCES removals ON DELETE CASCADE,
    member_id    bigint NOT NULL REFERENCES members ON DELETE CASCADE,
    decides_id   bigint REFERENCES networks,
    note_id      bigint REFERENCES notes ON DELETE SET NULL,
    appealed_at  timestamptz NOT NULL DEFAULT now(),
    due_at       timestamptz NOT NULL DEFAULT now() + interval '14 days',
    outcome      text CHECK (outcome IN ('upheld', 'overturned')),
    answer_id    bigint REFERENCES notes ON DELETE SET NULL,
    decided_by   bigint REFERENCES members,
    decided_at   timestamptz,
    CHECK ((outcome IS NULL) = (decided_at IS NULL))
);
COMMENT ON COLUMN appeals.decides_id IS 'in whose moderators'' or leads'' queue it stands; NULL: the administrators'' (nobody nearer is free to decide)';
CREATE INDEX appeals_queue ON appeals (decides_id, due_at, id) WHERE outcome IS NULL;

-- Newcomers' contributions that wait for approval -----------------------------------------------------------------------------

CREATE TABLE submissions (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network_id    bigint NOT NULL REFERENCES networks ON DELETE CASCADE,
    member_id     bigint NOT NULL REFERENCES members ON DELETE CASCADE,
    noun          text NOT NULL CHECK (noun IN ('thread', 'post', 'message')),
    thread_id     bigint REFERENCES threads ON DELETE CASCADE,
    parent_id     bigint,
    jointly_with  bigint[] NOT NULL DEFAULT '{}',
    title         text,
    body          text,
    submitted_at  timestamptz NOT NULL DEFAULT now(),
    outcome       text CHECK (outcome IN ('approved', 'declined', 'withdrawn')),
    object_id     bigint,
    reason_id     bigint REFERENCES notes ON DELETE SET NULL,
    decided_by    bigint REFERENCES members,
    decided_at    timestamptz,
    CHECK ((outcome IS NULL) = (decided_at IS NULL)),
    CHECK ((outcome IS NULL) = (body IS NOT NULL)),
    CHECK (outcome IS NULL OR title IS NULL)
);
COMMENT ON TABLE submissions IS 'words that wait: shown to their author and to the moderators only, gone from here once decided';
CREATE INDEX submissions_queue ON submissions (network_id, id) WHERE outcome IS NULL;
CREATE INDEX submissions_of_member ON submissions (member_id, id DESC);

-- Whom a member does not want to read ------------------------------------------------------------------------------------------

CREATE TABLE blocks (
    member_id   bigint NOT NULL REFERENCES members ON DELETE CASCADE,
    blocked_id  bigint NOT NULL REFERENCES members ON DELETE CASCADE CHECK (blocked_id <> member_id),
    since       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (member_id, blocked_id)
);

-- What people are told of all this ---------------------------------------------------------------------------------------------

ALTER TABLE notifications DROP CONSTRAINT notifications_kind_check;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind_check CHECK (kind IN (
    'reply', 'mention', 'watched', 'room_reply', 'room_mention', 'request', 'approved', 'declined', 'role',
    'removal', 'restoration', 'hold', 'agreement',
    'report_removed', 'report_left', 'appeal', 'appeal_upheld', 'appeal_overturned',
    'warning', 'mute', 'suspension', 'sanction_ended', 'submission_approved', 'submission_declined'));
ALTER TABLE notifications
    ADD COLUMN removal_id bigint REFERENCES removals ON DELETE CASCADE,
    ADD COLUMN note_id bigint REFERENCES notes ON DELETE SET NULL,
    ADD COLUMN until timestamptz;

CREATE OR REPLACE VIEW shown_notifications AS
    SELECT x.id, x.member_id, x.kind AS what, x.post_id, x.message_id, x.network_id, x.thread_id, x.actor_id, x.request_id, r.body AS reason,
           x.created_at, x.read_at,
           a.name AS actor_name, a.title AS actor_title, a.organisation AS actor_organisation,
           t.title AS thread_title, n.name AS network_name, n.slug AS network_slug,
           p.state AS post_state, p.html AS post_html, names_of(coalesce(p.mentions, '{}')) AS post_mention_names,
           m.state AS message_state, m.html AS message_html, names_of(coalesce(m.mentions, '{}')) AS message_mention_names,
           coalesce(p.version, m.version, 0) AS about_version,
           x.removal_id, w.body AS note, x.until
    FROM notifications x
    LEFT JOIN people a ON a.id = x.actor_id
    LEFT JOIN notes r ON r.id = x.reason_id
    LEFT JOIN notes w ON w.id = x.note_id
    LEFT JOIN posts p ON p.id = x.post_id AND may_read_thread(x.member_id, p.thread_id)
    LEFT JOIN threads t ON t.id = coalesce(p.thread_id, x.thread_id) AND may_read_thread(x.member_id, t.id)
    LEFT JOIN messages m ON m.id = x.message_id
        AND EXISTS (SELECT FROM rooms r WHERE r.id = m.room_id AND may_read_network(x.member_id, r.network_id))
    LEFT JOIN networks n ON n.id = coalesce(x.network_id, t.network_id) AND may_see_network(x.member_id, n.id);
