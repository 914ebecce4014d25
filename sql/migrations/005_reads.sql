-- Reading a page costs less: most contributions mention nobody and quote nothing, and a function that is called for each row
-- to find that out costs more than the row. A list that would be empty is NULL.

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
           u.author_id AS parent_author_id
    FROM posts p
    JOIN networks n ON n.id = p.network_id
    LEFT JOIN people a ON a.id = p.author_id
    LEFT JOIN bylines b ON b.id = p.byline_id
    LEFT JOIN posts u ON u.id = p.parent_id
    LEFT JOIN people ua ON ua.id = u.author_id
    LEFT JOIN bylines ub ON ub.id = u.byline_id;
COMMENT ON VIEW shown_posts IS 'a post as it is shown, or its gap: the same for every reader';

CREATE OR REPLACE VIEW shown_messages AS
    SELECT m.id, m.room_id, m.author_id, m.byline_id, m.reply_to_id, m.number, m.state, m.body, m.html, nullif(m.mentions, '{}') AS mentions, m.renderer,
           m.version, m.created_at, m.edited_at, m.gap_at,
           CASE WHEN m.author_id IS NULL THEN b.name ELSE a.name END AS author_name,
           a.title AS author_title, a.organisation AS author_organisation,
           r.state AS reply_to_state, r.html AS reply_to_html,
           CASE WHEN r.author_id IS NULL THEN rb.name ELSE ra.name END AS reply_to_name,
           CASE WHEN m.mentions <> '{}' THEN names_of(m.mentions) END AS mention_names,
           CASE WHEN r.mentions <> '{}' THEN names_of(r.mentions) END AS reply_to_mention_names,
           r.author_id AS reply_to_author_id
    FROM messages m
    LEFT JOIN people a ON a.id = m.author_id
    LEFT JOIN bylines b ON b.id = m.byline_id
    LEFT JOIN messages r ON r.id = m.reply_to_id
    LEFT JOIN people ra ON ra.id = r.author_id
    LEFT JOIN bylines rb ON rb.id = r.byline_id;
COMMENT ON VIEW shown_messages IS 'a message as it is shown, or its gap: the same for every reader';
