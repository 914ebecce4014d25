-- What a member is told says what happened, and not something like it.

-- A quote says whether the quoted post was withdrawn; of one that was removed, held or purged, or that not every reader of the thread
-- may read, it still has nothing.
CREATE OR REPLACE FUNCTION quoted(ids bigint[], in_thread bigint) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN ids = '{}' THEN NULL
                ELSE (SELECT jsonb_object_agg(s.id, CASE s.state WHEN 'withdrawn' THEN jsonb_build_object('withdrawn', true)
                                                    ELSE jsonb_build_object('author', coalesce(a.name, b.name), 'author_id', s.author_id,
                                                                            'html', s.html) END)
                      FROM posts s LEFT JOIN people a ON a.id = s.author_id LEFT JOIN bylines b ON b.id = s.byline_id
                      WHERE s.id = ANY (ids) AND s.state IN ('shown', 'withdrawn') AND quotable(s.thread_id, in_thread)) END;

-- Of a changed role: which it is now. What was told before does not say.
ALTER TABLE notifications ADD COLUMN role text CHECK (role IN ('observer', 'member', 'moderator', 'lead'));
COMMENT ON COLUMN notifications.role IS 'of kind role: what the member became';

-- Of a name or about text that an administrator took away: why.
ALTER TABLE notifications DROP CONSTRAINT notifications_kind_check;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind_check CHECK (kind IN (
    'reply', 'mention', 'watched', 'room_reply', 'room_mention', 'direct', 'request', 'approved', 'declined', 'role',
    'removal', 'restoration', 'hold', 'agreement', 'name_removed', 'about_removed',
    'report_removed', 'report_left', 'appeal', 'appeal_passed_on', 'appeal_upheld', 'appeal_overturned',
    'warning', 'mute', 'suspension', 'sanction_ended', 'submission_approved', 'submission_declined'));

CREATE OR REPLACE VIEW shown_notifications AS
    SELECT x.id, x.member_id, x.kind AS what, x.post_id, x.message_id, x.network_id, x.thread_id, x.actor_id, x.request_id, r.body AS reason,
           x.created_at, x.read_at,
           a.name AS actor_name, a.title AS actor_title, a.organisation AS actor_organisation,
           t.title AS thread_title, n.name AS network_name, n.slug AS network_slug,
           p.state AS post_state, p.html AS post_html, names_of(coalesce(p.mentions, '{}')) AS post_mention_names,
           m.state AS message_state, m.html AS message_html, names_of(coalesce(m.mentions, '{}')) AS message_mention_names,
           coalesce(p.version, m.version, 0) AS about_version,
           x.removal_id, w.body AS note, x.until, x.room_id, x.role
    FROM notifications x
    LEFT JOIN people a ON a.id = x.actor_id
    LEFT JOIN notes r ON r.id = x.reason_id
    LEFT JOIN notes w ON w.id = x.note_id
    LEFT JOIN posts p ON p.id = x.post_id AND may_read_thread(x.member_id, p.thread_id)
    LEFT JOIN threads t ON t.id = coalesce(p.thread_id, x.thread_id) AND may_read_thread(x.member_id, t.id)
    LEFT JOIN messages m ON m.id = x.message_id AND may_read_room(x.member_id, m.room_id)
    LEFT JOIN networks n ON n.id = coalesce(x.network_id, t.network_id) AND may_see_network(x.member_id, n.id);
