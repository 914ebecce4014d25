-- Removals as things: several at once, purged when their time has come, and appealed against.

ALTER TABLE removals
    ADD COLUMN named boolean NOT NULL DEFAULT false,
    ADD COLUMN vacuumed_at timestamptz;
COMMENT ON COLUMN removals.named IS 'was the author told which moderator it was? What a network says of this later changes nothing here';
COMMENT ON COLUMN removals.vacuumed_at IS 'since then the pages of the tables do not hold the purged words either';
CREATE INDEX removals_to_vacuum ON removals (purged_at) WHERE purged_at IS NOT NULL AND vacuumed_at IS NULL;

-- What was removed before removals were things of their own: from the last line of the log about it.
INSERT INTO removals (network_id, post_id, author_id, removed_by, removed_at, reason_id, note_id, purge_at, appeal_until)
SELECT DISTINCT ON (p.id) p.network_id, p.id, p.author_id, m.id, l.at, l.reason_id, l.note_id,
       l.at + make_interval(days => n.keeps_removed_days), l.at + make_interval(days => least(n.keeps_removed_days, 30))
FROM posts p JOIN networks n ON n.id = p.network_id
JOIN moderation_log l ON l.noun = 'post' AND l.object_id = p.id AND l.act = 'remove' LEFT JOIN members m ON m.id = l.actor_id
WHERE p.state = 'removed' AND NOT EXISTS (SELECT FROM removals r WHERE r.post_id = p.id AND r.restored_at IS NULL)
ORDER BY p.id, l.id DESC;
INSERT INTO removals (network_id, message_id, author_id, removed_by, removed_at, reason_id, note_id, purge_at, appeal_until)
SELECT DISTINCT ON (g.id) n.id, g.id, g.author_id, m.id, l.at, l.reason_id, l.note_id,
       l.at + make_interval(days => n.keeps_removed_days), l.at + make_interval(days => least(n.keeps_removed_days, 30))
FROM messages g JOIN rooms o ON o.id = g.room_id JOIN networks n ON n.id = o.network_id
JOIN moderation_log l ON l.noun = 'message' AND l.object_id = g.id AND l.act = 'remove' LEFT JOIN members m ON m.id = l.actor_id
WHERE g.state = 'removed' AND NOT EXISTS (SELECT FROM removals r WHERE r.message_id = g.id AND r.restored_at IS NULL)
ORDER BY g.id, l.id DESC;

-- Locks of an act on several at once, in the house's order: memberships, threads, posts; memberships, rooms. A thread from
-- which a post was moved in between is locked for nothing, and the one that it came into is locked as well.

CREATE FUNCTION lock_posts(member bigint, wanted bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    places bigint[];
BEGIN
    LOOP
        places := ARRAY(SELECT DISTINCT p.thread_id FROM posts p WHERE p.id = ANY (wanted));
        PERFORM 1 FROM memberships s WHERE s.member_id = member
            AND s.network_id IN (SELECT h.network_id FROM thread_networks h WHERE h.thread_id = ANY (places))
            ORDER BY s.network_id FOR KEY SHARE;
        PERFORM 1 FROM threads t WHERE t.id = ANY (places) ORDER BY t.id FOR NO KEY UPDATE;
        PERFORM 1 FROM posts p WHERE p.id = ANY (wanted) ORDER BY p.id FOR NO KEY UPDATE;
        EXIT WHEN NOT EXISTS (SELECT FROM posts p WHERE p.id = ANY (wanted) AND p.thread_id <> ALL (places));
    END LOOP;
END $$;

CREATE FUNCTION lock_messages(member bigint, wanted bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM memberships s WHERE s.member_id = member
        AND s.network_id IN (SELECT r.network_id FROM rooms r JOIN messages m ON m.room_id = r.id WHERE m.id = ANY (wanted))
        ORDER BY s.network_id FOR KEY SHARE;
    PERFORM 1 FROM rooms r WHERE r.id IN (SELECT m.room_id FROM messages m WHERE m.id = ANY (wanted))
        ORDER BY r.id FOR NO KEY UPDATE;
END $$;

-- Who may decide about an appeal against this removal, and in which network's queue it stands (NULL: the administrators'):
-- the moderators and leads of the network, without who removed it and who wrote it; where nobody of them is left, the
-- leads of the network above; where there is none, the administrators.
CREATE FUNCTION appeal_deciders(removal bigint) RETURNS TABLE (member_id bigint, network_id bigint)
    LANGUAGE sql STABLE AS $$
    WITH RECURSIVE chain AS (
        SELECT r.network_id AS id, 0 AS level FROM removals r WHERE r.id = removal
        UNION ALL SELECT n.parent_id, c.level + 1 FROM chain c JOIN networks n ON n.id = c.id WHERE n.parent_id IS NOT NULL),
    concerned AS (
        SELECT coalesce(r.removed_by, 0) AS remover, coalesce(r.author_id, 0) AS author FROM removals r WHERE r.id = removal),
    free AS (
        SELECT s.member_id, c.id, c.level
        FROM chain c JOIN standing s ON s.network_id = c.id AND (s.role = 'lead' OR (s.role = 'moderator' AND c.level = 0)), concerned k
        WHERE s.member_id NOT IN (k.remover, k.author))
    SELECT f.member_id, f.id FROM free f WHERE f.level = (SELECT min(level) FROM free)
    UNION ALL
    SELECT m.id, NULL FROM members m, concerned k
    WHERE m.administrator AND m.state = 'active' AND m.id NOT IN (k.remover, k.author) AND NOT EXISTS (SELECT FROM free)
$$;

CREATE VIEW shown_removals AS
    SELECT r.id, r.network_id, n.name AS network_name, n.slug AS network_slug, r.post_id, r.message_id, p.thread_id, m.room_id,
           r.author_id, r.removed_at, r.appeal_until, r.purged_at, r.restored_at, r.batch,
           CASE WHEN r.batch IS NULL THEN 1
                ELSE (SELECT count(*) FROM removals o WHERE o.batch = r.batch AND o.author_id = r.author_id) END AS together,
           w.body AS reason, x.body AS note,
           CASE WHEN r.named THEN r.removed_by END AS removed_by, CASE WHEN r.named THEN d.name END AS removed_by_name,
           a.id AS appeal_id, a.appealed_at, a.due_at, a.outcome, a.decided_at, s.body AS appeal, y.body AS answer
    FROM removals r
    JOIN networks n ON n.id = r.network_id
    LEFT JOIN posts p ON p.id = r.post_id
    LEFT JOIN messages m ON m.id = r.message_id
    LEFT JOIN notes w ON w.id = r.reason_id
    LEFT JOIN notes x ON x.id = r.note_id
    LEFT JOIN people d ON d.id = r.removed_by
    LEFT JOIN appeals a ON a.removal_id = r.id
    LEFT JOIN notes s ON s.id = a.note_id
    LEFT JOIN notes y ON y.id = a.answer_id;
COMMENT ON VIEW shown_removals IS 'a removal as its author is told of it: never the words';

CREATE VIEW shown_appeals AS
    SELECT a.id, a.removal_id, a.decides_id, a.appealed_at, a.due_at, a.outcome, a.decided_at,
           r.network_id, n.name AS network_name, n.slug AS network_slug, r.post_id, r.message_id, r.removed_at, r.purged_at,
           CASE WHEN r.post_id IS NULL THEN 'message' ELSE 'post' END AS noun
    FROM appeals a JOIN removals r ON r.id = a.removal_id JOIN networks n ON n.id = r.network_id;
COMMENT ON VIEW shown_appeals IS 'an appeal as the list of those who may decide shows it: neither the words nor who is concerned';
