-- Whether who is told of a removal may appeal still, as things stand when it is read.
CREATE OR REPLACE VIEW shown_notifications AS
    SELECT x.id, x.member_id, x.kind AS what, x.post_id, x.message_id, x.network_id, x.thread_id, x.actor_id, x.request_id, r.body AS reason,
           x.created_at, x.read_at,
           a.name AS actor_name, a.title AS actor_title, a.organisation AS actor_organisation,
           t.title AS thread_title, n.name AS network_name, n.slug AS network_slug,
           p.state AS post_state, p.html AS post_html, names_of(coalesce(p.mentions, '{}')) AS post_mention_names,
           m.state AS message_state, m.html AS message_html, names_of(coalesce(m.mentions, '{}')) AS message_mention_names,
           coalesce(p.version, m.version, 0) AS about_version,
           x.removal_id, w.body AS note, x.until, x.room_id, x.role,
           x.kind = 'removal' AND v.restored_at IS NULL AND v.appeal_closed_at IS NULL
               AND NOT EXISTS (SELECT FROM appeals y WHERE y.removal_id = v.id) AS may_appeal
    FROM notifications x
    LEFT JOIN people a ON a.id = x.actor_id
    LEFT JOIN notes r ON r.id = x.reason_id
    LEFT JOIN notes w ON w.id = x.note_id
    LEFT JOIN posts p ON p.id = x.post_id AND may_read_thread(x.member_id, p.thread_id)
    LEFT JOIN threads t ON t.id = coalesce(p.thread_id, x.thread_id) AND may_read_thread(x.member_id, t.id)
    LEFT JOIN messages m ON m.id = x.message_id AND may_read_room(x.member_id, m.room_id)
    LEFT JOIN networks n ON n.id = coalesce(x.network_id, t.network_id) AND may_see_network(x.member_id, n.id)
    LEFT JOIN removals v ON v.id = x.removal_id;
