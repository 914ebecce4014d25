-- What is done to people says why; and a member hears nothing from whom they have blocked.

ALTER TABLE sanctions ADD COLUMN reason_id bigint REFERENCES notes ON DELETE SET NULL;
CREATE INDEX sanctions_of_member ON sanctions (member_id, id DESC);
CREATE INDEX sanctions_of_network ON sanctions (network_id, id DESC) WHERE ended_at IS NULL;

-- `mute` is the one that lasts longest, for the composer's place: it says why and until when.
CREATE OR REPLACE VIEW standing AS
    SELECT s.network_id, s.member_id, s.role, s.since,
           EXISTS (SELECT FROM sanctions x WHERE x.member_id = s.member_id AND x.ended_at IS NULL AND x.kind = 'mute'
                                             AND (x.network_id = s.network_id OR x.network_id IS NULL)) AS muted,
           (SELECT jsonb_build_object('until', x.until, 'reason', w.body)
            FROM sanctions x LEFT JOIN notes w ON w.id = x.reason_id
            WHERE x.member_id = s.member_id AND x.ended_at IS NULL AND x.kind = 'mute'
              AND (x.network_id = s.network_id OR x.network_id IS NULL)
            ORDER BY x.until DESC NULLS FIRST, x.id LIMIT 1) AS mute
    FROM memberships s
    JOIN members m ON m.id = s.member_id AND m.state = 'active'
    WHERE NOT EXISTS (SELECT FROM sanctions x WHERE x.member_id = s.member_id AND x.ended_at IS NULL AND x.kind = 'suspension'
                                                AND (x.network_id = s.network_id OR x.network_id IS NULL));

-- Is this member told of what that author does? Not after blocking them.
CREATE FUNCTION hears(member bigint, author bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NOT EXISTS (SELECT FROM blocks b WHERE b.member_id = $1 AND b.blocked_id = $2);

-- What a member's own page of moderation shows of what was done to them.
CREATE VIEW shown_sanctions AS
    SELECT s.id, s.member_id, s.network_id, s.kind, s.until, s.imposed_at, s.ended_at, s.imposed_by,
           n.name AS network_name, n.slug AS network_slug, n.names_moderators,
           r.body AS reason, w.body AS note, m.name AS member_name, b.name AS imposed_by_name
    FROM sanctions s
    LEFT JOIN networks n ON n.id = s.network_id
    LEFT JOIN notes r ON r.id = s.reason_id
    LEFT JOIN notes w ON w.id = s.note_id
    LEFT JOIN people m ON m.id = s.member_id
    LEFT JOIN people b ON b.id = s.imposed_by;
COMMENT ON VIEW shown_sanctions IS 'for the one to whom it was done, and for the moderators of the network';

-- A contribution that waits, for its author and for the moderators of its network; once decided it has no words.
CREATE VIEW shown_submissions AS
    SELECT s.id, s.network_id, s.member_id, s.noun, s.thread_id, s.parent_id, s.jointly_with, s.title, s.body, s.submitted_at,
           s.outcome, s.object_id, s.decided_at, r.body AS reason,
           n.name AS network_name, n.slug AS network_slug,
           m.name AS member_name, m.title AS member_title, m.organisation AS member_organisation,
           t.title AS thread_title,
           names_of(ARRAY(SELECT m[1]::bigint FROM regexp_matches(s.body, '@\{([0-9]{1,18})\}', 'g') m)) AS mention_names
    FROM submissions s
    JOIN networks n ON n.id = s.network_id
    LEFT JOIN people m ON m.id = s.member_id
    LEFT JOIN notes r ON r.id = s.reason_id
    LEFT JOIN threads t ON t.id = s.thread_id;
