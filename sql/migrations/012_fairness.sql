-- Appeals are passed on when their time is over.

ALTER TABLE appeals ADD COLUMN step smallint NOT NULL DEFAULT 0;
COMMENT ON COLUMN appeals.step IS 'how far it was passed on because nobody decided in time: nobody on a lower step decides any more (appeal_free)';
COMMENT ON COLUMN appeals.due_at IS 'then it is passed on, by a job: no read compares it with the clock';
CREATE INDEX appeals_due ON appeals (due_at, id) WHERE outcome IS NULL;

ALTER TABLE notifications DROP CONSTRAINT notifications_kind_check;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind_check CHECK (kind IN (
    'reply', 'mention', 'watched', 'room_reply', 'room_mention', 'direct', 'request', 'approved', 'declined', 'role',
    'removal', 'restoration', 'hold', 'agreement',
    'report_removed', 'report_left', 'appeal', 'appeal_passed_on', 'appeal_upheld', 'appeal_overturned',
    'warning', 'mute', 'suspension', 'sanction_ended', 'submission_approved', 'submission_declined'));

-- Who neither removed it nor wrote it, by the step on which they decide: 0 the network's moderators, 1 its leads, 2 and on
-- the leads of each network above, and last the administrators. Of a direct conversation these alone: not who is in it and not
-- who removed it, unless no other administrator is left.
CREATE FUNCTION appeal_free(removal bigint) RETURNS TABLE (member_id bigint, network_id bigint, step int)
    LANGUAGE sql STABLE AS $$
    WITH RECURSIVE chain AS (
        SELECT r.network_id AS id, 0 AS level FROM removals r WHERE r.id = removal
        UNION ALL SELECT n.parent_id, c.level + 1 FROM chain c JOIN networks n ON n.id = c.id WHERE n.parent_id IS NOT NULL),
    concerned AS (
        SELECT coalesce(r.removed_by, 0) AS remover, coalesce(r.author_id, 0) AS author, r.network_id IS NULL AS direct, g.room_id
        FROM removals r LEFT JOIN messages g ON g.id = r.message_id WHERE r.id = removal),
    administrators AS (
        SELECT m.id, m.id = k.remover OR EXISTS (SELECT FROM participants p WHERE p.room_id = k.room_id AND p.member_id = m.id) AS partial
        FROM members m, concerned k
        WHERE m.administrator AND m.state = 'active' AND m.id <> k.author AND (k.direct OR m.id <> k.remover))
    SELECT s.member_id, c.id, CASE s.role WHEN 'moderator' THEN 0 ELSE c.level + 1 END
    FROM chain c JOIN standing s ON s.network_id = c.id AND (s.role = 'lead' OR (s.role = 'moderator' AND c.level = 0)), concerned k
    WHERE s.member_id NOT IN (k.remover, k.author)
    UNION ALL
    SELECT a.id, NULL, (SELECT max(level) FROM chain) + 2 FROM administrators a
    WHERE NOT a.partial OR NOT EXISTS (SELECT FROM administrators o WHERE NOT o.partial)
$$;

-- The first step, from the one to which an appeal was passed on, where somebody is free; the last one where nobody is.
CREATE FUNCTION appeal_step(removal bigint) RETURNS int LANGUAGE sql STABLE AS $$
    SELECT coalesce(min(f.step) FILTER (WHERE f.step >= coalesce(a.step, 0)), max(f.step))
    FROM appeal_free(removal) f LEFT JOIN appeals a ON a.removal_id = removal
$$;

-- Who may decide about an appeal against this removal, and in which network's queue it stands (NULL: the administrators').
-- At first the leads of the network decide beside its moderators.
CREATE OR REPLACE FUNCTION appeal_deciders(removal bigint) RETURNS TABLE (member_id bigint, network_id bigint)
    LANGUAGE sql STABLE AS $$
    SELECT f.member_id, f.network_id FROM appeal_free(removal) f, (SELECT appeal_step(removal) AS step) x
    WHERE f.step = x.step OR (x.step = 0 AND f.step = 1)
$$;

CREATE OR REPLACE VIEW shown_removals AS
    SELECT r.id, r.network_id, n.name AS network_name, n.slug AS network_slug, r.post_id, r.message_id, p.thread_id, m.room_id,
           r.author_id, r.removed_at, r.appeal_until, r.purged_at, r.restored_at, r.batch,
           CASE WHEN r.batch IS NULL THEN 1
                ELSE (SELECT count(*) FROM removals o WHERE o.batch = r.batch AND o.author_id = r.author_id) END AS together,
           w.body AS reason, x.body AS note,
           CASE WHEN r.named THEN r.removed_by END AS removed_by, CASE WHEN r.named THEN d.name END AS removed_by_name,
           a.id AS appeal_id, a.appealed_at, a.due_at, a.outcome, a.decided_at, s.body AS appeal, y.body AS answer, a.step
    FROM removals r
    LEFT JOIN networks n ON n.id = r.network_id
    LEFT JOIN posts p ON p.id = r.post_id
    LEFT JOIN messages m ON m.id = r.message_id
    LEFT JOIN notes w ON w.id = r.reason_id
    LEFT JOIN notes x ON x.id = r.note_id
    LEFT JOIN people d ON d.id = r.removed_by
    LEFT JOIN appeals a ON a.removal_id = r.id
    LEFT JOIN notes s ON s.id = a.note_id
    LEFT JOIN notes y ON y.id = a.answer_id;

CREATE OR REPLACE VIEW shown_appeals AS
    SELECT a.id, a.removal_id, a.decides_id, a.appealed_at, a.due_at, a.outcome, a.decided_at,
           r.network_id, n.name AS network_name, n.slug AS network_slug, r.post_id, r.message_id, r.removed_at, r.purged_at,
           CASE WHEN r.post_id IS NULL THEN 'message' ELSE 'post' END AS noun, a.step
    FROM appeals a JOIN removals r ON r.id = a.removal_id LEFT JOIN networks n ON n.id = r.network_id;

-- Tokens are seen to be used, and end.

ALTER TABLE tokens ADD COLUMN used_at timestamptz;
COMMENT ON COLUMN tokens.used_at IS 'to the minute';

CREATE OR REPLACE FUNCTION who_asks(session bytea, token bytea)
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
               NULL, t.id, t.scopes, t.expires_at, coalesce(t.used_at < now() - interval '1 minute', true)
        FROM tokens t JOIN members m ON m.id = t.member_id
        WHERE t.token_hash = token AND t.ended_at IS NULL AND t.expires_at > now() AND m.state = 'active';
    END;

-- Quotes say whose words they are by id, so a page can fold those of whom its reader has blocked.

CREATE OR REPLACE FUNCTION quoted(ids bigint[], in_thread bigint) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN ids = '{}' THEN NULL
                ELSE (SELECT jsonb_object_agg(s.id, jsonb_build_object('author', coalesce(a.name, b.name), 'author_id', s.author_id,
                                                                       'html', s.html))
                      FROM posts s LEFT JOIN people a ON a.id = s.author_id LEFT JOIN bylines b ON b.id = s.byline_id
                      WHERE s.id = ANY (ids) AND s.state = 'shown' AND quotable(s.thread_id, in_thread)) END;

-- A joint thread of a newcomer waits in the queue of each holder that reads first posts, one after the other.

ALTER TABLE submissions
    ADD COLUMN through_id bigint REFERENCES networks ON DELETE CASCADE,
    ADD COLUMN agreed bigint[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN submissions.network_id IS 'in whose queue it waits, or which decided last';
COMMENT ON COLUMN submissions.through_id IS 'through which network it is written, where that is another one; jointly_with are the others';
COMMENT ON COLUMN submissions.agreed IS 'whose moderators have approved it already';

CREATE OR REPLACE VIEW shown_submissions AS
    SELECT s.id, s.network_id, s.member_id, s.noun, s.thread_id, s.parent_id, s.jointly_with, s.title, s.body, s.submitted_at,
           s.outcome, s.object_id, s.decided_at, r.body AS reason,
           n.name AS network_name, n.slug AS network_slug,
           m.name AS member_name, m.title AS member_title, m.organisation AS member_organisation,
           t.title AS thread_title,
           names_of(ARRAY(SELECT m[1]::bigint FROM regexp_matches(s.body, '@\{([0-9]{1,18})\}', 'g') m)) AS mention_names,
           s.through_id, s.agreed
    FROM submissions s
    JOIN networks n ON n.id = s.network_id
    LEFT JOIN people m ON m.id = s.member_id
    LEFT JOIN notes r ON r.id = s.reason_id
    LEFT JOIN threads t ON t.id = s.thread_id;
