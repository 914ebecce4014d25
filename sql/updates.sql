-- The update log, read. Each reader joins through the channel: what left it has no row.

-- name: heads
SELECT c.name, channel_head(c.name) AS head, access_version_of(c.name) AS access_version
FROM channels c WHERE c.name = ANY (:channels);

-- name: cursors
SELECT s.log, c.name, channel_head(c.name) AS head
FROM site s LEFT JOIN channels c ON c.name = ANY (:channels);

-- name: read_thread
WITH u AS MATERIALIZED (
    SELECT seq, kind, object, at FROM updates WHERE channel = :channel AND seq > :after ORDER BY seq LIMIT :limit)
SELECT channel_head(c.name) AS head, access_version_of(c.name) AS access_version, s.log, c.kept_after,
       u.seq, u.kind, u.object, u.at,
       coalesce(p.id, t.id) IS NOT NULL AS there,
       p.*, t.id AS t_id, t.title AS t_title, t.locked_at AS t_locked_at, t.version AS t_version, t.networks AS t_networks,
       t.audience AS t_audience, t.network_id AS t_network_id, t.shown AS t_shown, t.people AS t_people
FROM channels c CROSS JOIN site s
LEFT JOIN u ON true
LEFT JOIN shown_posts p ON u.kind LIKE 'post.%' AND p.id = u.object AND p.thread_id = :object
LEFT JOIN listed_threads t ON u.kind LIKE 'thread.%' AND t.id = u.object AND t.id = :object AND t.in_network_id = t.network_id
WHERE c.name = :channel
ORDER BY u.seq;

-- name: read_network
WITH u AS MATERIALIZED (
    SELECT seq, kind, object, at FROM updates WHERE channel = :channel AND seq > :after ORDER BY seq LIMIT :limit)
SELECT channel_head(c.name) AS head, access_version_of(c.name) AS access_version, s.log, c.kept_after,
       u.seq, u.kind, u.object, u.at,
       coalesce(t.id, n.id, q.member_id, m.id, r.id) IS NOT NULL AS there,
       t.*, n.id AS n_id, n.slug AS n_slug, n.name AS n_name, n.purpose AS n_purpose, n.visibility AS n_visibility, n.listed AS n_listed,
       n.kind AS n_kind, n.version AS n_version, n.parent_id AS n_parent_id, n.members AS n_members, n.leads AS n_leads,
       m.id AS m_id, m.name AS m_name, m.title AS m_title, m.organisation AS m_organisation, m.region AS m_region,
       m.version AS m_version, q.role AS m_role, q.network_id AS m_network_id, q.since AS m_since,
       (SELECT max(number) FROM messages x WHERE x.room_id = r.id) AS r_last
FROM channels c CROSS JOIN site s
LEFT JOIN u ON true
LEFT JOIN listed_threads t ON u.kind LIKE 'thread.%' AND t.id = u.object AND t.in_network_id = :object
LEFT JOIN shown_networks n ON u.kind LIKE 'network.%' AND n.id = u.object
    AND (n.id = :object
         OR (n.parent_id = :object AND (n.listed OR n.visibility <> 'private'))
         OR (n.visibility <> 'private' AND n.id = (SELECT parent_id FROM networks x WHERE x.id = :object))
         OR EXISTS (SELECT FROM thread_networks g JOIN thread_networks o ON o.thread_id = g.thread_id
                    WHERE g.network_id = :object AND o.network_id = n.id))
LEFT JOIN standing q ON u.kind LIKE 'membership.%' AND q.network_id = :object AND q.member_id = u.object
LEFT JOIN people m ON (u.kind LIKE 'member.%' OR q.member_id IS NOT NULL) AND m.id = u.object
LEFT JOIN rooms r ON u.kind LIKE 'room.%' AND r.id = u.object AND r.network_id = :object
WHERE c.name = :channel
ORDER BY u.seq;

-- name: read_room
WITH u AS MATERIALIZED (
    SELECT seq, kind, object, at FROM updates WHERE channel = :channel AND seq > :after ORDER BY seq LIMIT :limit)
SELECT channel_head(c.name) AS head, access_version_of(c.name) AS access_version, s.log, c.kept_after,
       u.seq, u.kind, u.object, u.at, m.id IS NOT NULL OR u.kind LIKE 'room.%' OR w.id IS NOT NULL AS there,
       (SELECT slow_s FROM rooms r WHERE r.id = :object) AS slow_s,
       w.id AS w_id, w.name AS w_name, w.title AS w_title, w.organisation AS w_organisation, w.region AS w_region, w.version AS w_version, m.*
FROM channels c CROSS JOIN site s
LEFT JOIN u ON true
LEFT JOIN shown_messages m ON u.kind LIKE 'message.%' AND m.id = u.object AND m.room_id = :object
LEFT JOIN participants q ON u.kind LIKE 'member.%' AND q.room_id = :object AND q.member_id = u.object
LEFT JOIN people w ON w.id = q.member_id
WHERE c.name = :channel
ORDER BY u.seq;

-- name: read_member
WITH u AS MATERIALIZED (
    SELECT seq, kind, object, at FROM updates WHERE channel = :channel AND seq > :after ORDER BY seq LIMIT :limit)
SELECT channel_head(c.name) AS head, access_version_of(c.name) AS access_version, s.log, c.kept_after,
       u.seq, u.kind, u.object, u.at, CASE WHEN u.kind LIKE 'notification.%' THEN n.id IS NOT NULL
                                           WHEN u.kind LIKE 'conversation.%' THEN d.id IS NOT NULL ELSE true END AS there,
       d.id AS d_id, d.listed_at AS d_listed_at, d.other_id AS d_other_id, d.other_name AS d_other_name, d.other_title AS d_other_title,
       d.other_organisation AS d_other_organisation, d.read_to AS d_read_to, d.unread AS d_unread, d.last_id AS d_last_id,
       d.last_number AS d_last_number, d.last_version AS d_last_version, d.last_author_id AS d_last_author_id, d.last_state AS d_last_state,
       d.html AS d_html, d.mention_names AS d_mention_names, d.last_at AS d_last_at,
       w.name AS w_name, w.title AS w_title, w.organisation AS w_organisation, w.version AS w_version, n.*
FROM channels c CROSS JOIN site s
LEFT JOIN u ON true
LEFT JOIN people w ON u.kind LIKE 'member.%' AND w.id = u.object AND w.id = :object
LEFT JOIN shown_notifications n ON u.kind LIKE 'notification.%' AND n.id = u.object AND n.member_id = :object
LEFT JOIN LATERAL (
    SELECT * FROM shown_conversations s WHERE u.kind LIKE 'conversation.%' AND s.id = u.object AND s.viewer_id = :object
      AND s.listed_at IS NOT NULL OFFSET 0) d ON true
WHERE c.name = :channel
ORDER BY u.seq;

-- name: read_moderators
WITH u AS MATERIALIZED (
    SELECT seq, kind, object, at FROM updates WHERE channel = :channel AND seq > :after ORDER BY seq LIMIT :limit)
SELECT channel_head(c.name) AS head, access_version_of(c.name) AS access_version, s.log, c.kept_after,
       u.seq, u.kind, u.object, u.at, coalesce(q.id, h.id, b.id, k.id, a.id) IS NOT NULL OR u.kind LIKE 'log.%' AS there,
       q.id AS q_id, q.member_id AS q_member_id, q.body AS q_body, q.asked_at AS q_asked_at, q.state AS q_state,
       m.name AS q_member_name, m.title AS q_title, m.organisation AS q_organisation, m.region AS q_region,
       h.id AS h_id, h.post_id AS h_post_id, h.until AS h_until, h.outcome AS h_outcome, h.held_at AS h_held_at,
       h.thread_id AS h_thread_id, h.thread_title AS h_thread_title, h.decides_id AS h_decides_id,
       b.id AS b_id, b.noun AS b_noun, b.network_slug AS b_network_slug, b.member_id AS b_member_id, b.member_name AS b_member_name,
       b.member_title AS b_member_title, b.member_organisation AS b_member_organisation, b.thread_id AS b_thread_id,
       b.thread_title AS b_thread_title, b.parent_id AS b_parent_id, b.title AS b_title, b.body AS b_body,
       b.submitted_at AS b_submitted_at, b.outcome AS b_outcome, b.reason AS b_reason, b.object_id AS b_object_id,
       b.mention_names AS b_mention_names,
       k.id AS k_id, k.network_id AS k_network_id, k.network_slug AS k_network_slug, k.network_name AS k_network_name, k.post_id AS k_post_id,
       k.message_id AS k_message_id, k.thread_id AS k_thread_id, k.urgent AS k_urgent, k.seen_version AS k_seen_version, k.version AS k_version,
       k.opened_at AS k_opened_at, k.taken_by AS k_taken_by, k.taken_name AS k_taken_name, k.taken_at AS k_taken_at, k.outcome AS k_outcome,
       k.decided_by AS k_decided_by, k.decided_name AS k_decided_name, k.decided_at AS k_decided_at, k.reports AS k_reports,
       k.reasons AS k_reasons, k.others AS k_others, k.state AS k_state, k.held_until AS k_held_until, k.html AS k_html,
       k.author_id AS k_author_id, k.author_name AS k_author_name, k.mention_names AS k_mention_names,
       a.id AS a_id, a.removal_id AS a_removal_id, a.noun AS a_noun, a.decides_id AS a_decides_id, a.network_id AS a_network_id,
       a.network_name AS a_network_name, a.network_slug AS a_network_slug, a.appealed_at AS a_appealed_at, a.due_at AS a_due_at,
       a.decided_at AS a_decided_at, a.step AS a_step, a.outcome AS a_outcome,
       h.network_id AS h_held_by_network_id, h.held_by_network AS h_held_by_network_name, (SELECT slug FROM networks x WHERE x.id = :object) AS network_slug
FROM channels c CROSS JOIN site s
LEFT JOIN u ON true
LEFT JOIN requests q ON u.kind LIKE 'request.%' AND q.id = u.object AND q.network_id = :object
LEFT JOIN people m ON m.id = q.member_id
LEFT JOIN shown_submissions b ON u.kind LIKE 'submission.%' AND b.id = u.object AND b.network_id = :object
LEFT JOIN LATERAL (
    SELECT * FROM shown_cases s WHERE u.kind LIKE 'case.%' AND s.id = u.object AND sees_case(:object, u.object) OFFSET 0) k ON true
LEFT JOIN shown_appeals a ON u.kind LIKE 'appeal.%' AND a.id = u.object AND a.decides_id = :object
LEFT JOIN shown_holds h ON u.kind LIKE 'hold.%' AND h.id = u.object
    AND EXISTS (SELECT FROM thread_networks g WHERE g.thread_id = h.thread_id AND g.network_id = :object)
WHERE c.name = :channel
ORDER BY u.seq;

-- name: trim$
WITH gone AS (
    DELETE FROM updates u USING (
        SELECT c.name, channel_head(c.name) - 500 AS last FROM channels c) k
    WHERE u.channel = k.name AND u.seq <= k.last AND u.at < now() - interval '14 days'
    RETURNING u.channel, u.seq),
-- In the order in which acts lock channels. A log that a reset has let begin later begins no earlier for that.
begun AS (
    SELECT c.name, g.seq FROM (SELECT channel, max(seq) AS seq FROM gone GROUP BY channel) g JOIN channels c ON c.name = g.channel
    ORDER BY c.name FOR NO KEY UPDATE OF c),
raised AS (
    UPDATE channels c SET kept_after = greatest(c.kept_after, b.seq) FROM begun b WHERE c.name = b.name RETURNING 1)
SELECT count(*) FROM gone;

-- name: renew_log$
UPDATE site SET log = replace(gen_random_uuid()::text, '-', '') RETURNING log;
