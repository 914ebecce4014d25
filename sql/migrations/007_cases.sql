-- A case as the queue shows it: what was reported as it stands now, how many reported it and why, who holds it and until when.
-- Who reported it stands only in `reports`: this is read by everybody who follows a network's moderators.

CREATE VIEW shown_cases AS
    SELECT c.id, c.network_id, n.slug AS network_slug, n.name AS network_name, n.reasons AS network_reasons, c.post_id, c.message_id,
           c.urgent, c.seen_version, c.version, c.opened_at, c.taken_by, k.name AS taken_name, c.taken_at,
           c.outcome, c.decided_by, d.name AS decided_name, c.decided_at,
           (SELECT count(*) FROM reports r WHERE r.case_id = c.id) AS reports,
           (SELECT array_agg(x.body ORDER BY x.times DESC, x.first)
            FROM (SELECT w.body, count(*) AS times, min(r.id) AS first
                  FROM reports r JOIN notes w ON w.id = r.reason_id WHERE r.case_id = c.id GROUP BY w.body) x) AS reasons,
           p.thread_id, t.title AS thread_title, m.room_id, coalesce(p.depth, 0) AS depth,
           coalesce(p.state, m.state) AS state, coalesce(p.html, m.html) AS html,
           coalesce(p.version, m.version) AS about_version, coalesce(p.created_at, m.created_at) AS written_at,
           coalesce(p.edited_at, m.edited_at) AS edited_at, p.gap_until AS held_until,
           coalesce(p.author_id, m.author_id) AS author_id, coalesce(p.byline_id, m.byline_id) AS byline_id,
           coalesce(a.name, b.name) AS author_name, a.title AS author_title, a.organisation AS author_organisation,
           (SELECT jsonb_agg(jsonb_build_object('id', o.id, 'slug', o.slug, 'name', o.name) ORDER BY h.since, o.id)
            FROM thread_networks h JOIN networks o ON o.id = h.network_id
            WHERE h.thread_id = p.thread_id AND h.network_id <> c.network_id) AS others,
           coalesce(p.mentions, m.mentions) AS mentions, names_of(coalesce(p.mentions, m.mentions, '{}')) AS mention_names
    FROM cases c
    LEFT JOIN networks n ON n.id = c.network_id
    LEFT JOIN posts p ON p.id = c.post_id
    LEFT JOIN threads t ON t.id = p.thread_id
    LEFT JOIN messages m ON m.id = c.message_id
    LEFT JOIN people a ON a.id = coalesce(p.author_id, m.author_id)
    LEFT JOIN bylines b ON b.id = coalesce(p.byline_id, m.byline_id)
    LEFT JOIN people k ON k.id = c.taken_by
    LEFT JOIN people d ON d.id = c.decided_by;
COMMENT ON VIEW shown_cases IS 'a case as every moderator of its network sees it, and of the other networks that hold its thread; `others` are these';

-- May the moderators of this network see a case? Those who decide about it, and those of another holder of its thread.
CREATE FUNCTION sees_case(network bigint, case_ bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN EXISTS (
        SELECT FROM cases c WHERE c.id = $2
          AND (c.network_id = $1
               OR EXISTS (SELECT FROM posts p JOIN thread_networks h ON h.thread_id = p.thread_id
                          WHERE p.id = c.post_id AND h.network_id = $1)));

CREATE INDEX cases_of_post ON cases (post_id, id DESC) WHERE post_id IS NOT NULL;
CREATE INDEX cases_of_message ON cases (message_id, id DESC) WHERE message_id IS NOT NULL;
