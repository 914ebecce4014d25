-- Whoever is named in a list is told in full there, as who wrote a post is.

CREATE OR REPLACE VIEW listed_threads AS
    SELECT t.id, t.network_id, t.author_id, t.byline_id, t.title, t.audience, t.created_at, t.locked_at, t.version,
           t.last_number, t.shown, t.people, t.active_at, t.last_author_id, t.last_byline_id,
           CASE WHEN t.author_id IS NULL THEN b.name ELSE a.name END AS author_name,
           CASE WHEN t.last_author_id IS NULL THEN lb.name ELSE l.name END AS last_name,
           h.network_id AS in_network_id, h.pinned_at, h.active_at AS listed_at,
           (SELECT jsonb_agg(jsonb_build_object('id', n.id, 'slug', n.slug, 'name', n.name, 'since', o.since)
                             ORDER BY n.id <> t.network_id, o.since, n.id)
            FROM thread_networks o JOIN networks n ON n.id = o.network_id WHERE o.thread_id = t.id) AS networks,
           t.xmin AS written, a.title AS author_title, a.organisation AS author_organisation
    FROM threads t
    JOIN thread_networks h ON h.thread_id = t.id
    LEFT JOIN people a ON a.id = t.author_id
    LEFT JOIN bylines b ON b.id = t.byline_id
    LEFT JOIN people l ON l.id = t.last_author_id
    LEFT JOIN bylines lb ON lb.id = t.last_byline_id;

CREATE OR REPLACE VIEW shown_sanctions AS
    SELECT s.id, s.member_id, s.network_id, s.kind, s.until, s.imposed_at, s.ended_at, s.imposed_by,
           n.name AS network_name, n.slug AS network_slug, n.names_moderators,
           r.body AS reason, w.body AS note, m.name AS member_name, b.name AS imposed_by_name,
           m.title AS member_title, m.organisation AS member_organisation,
           b.title AS imposed_by_title, b.organisation AS imposed_by_organisation
    FROM sanctions s
    LEFT JOIN networks n ON n.id = s.network_id
    LEFT JOIN notes r ON r.id = s.reason_id
    LEFT JOIN notes w ON w.id = s.note_id
    LEFT JOIN people m ON m.id = s.member_id
    LEFT JOIN people b ON b.id = s.imposed_by;
