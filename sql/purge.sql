-- Purges. Run with the post or message locked, like every act on one.

-- name: purge_posts
WITH gone AS (
    UPDATE posts SET state = 'purged', version = version + 1 WHERE id = ANY (:ids) AND state = 'removed' RETURNING id, version),
unsealed AS (
    DELETE FROM sealed s USING gone g WHERE s.noun = 'post' AND s.object_id = g.id),
forgotten AS (
    DELETE FROM revisions r USING gone g WHERE r.noun = 'post' AND r.object_id = g.id),
marked AS (
    UPDATE removals r SET purged_at = now() FROM gone g WHERE r.post_id = g.id AND r.restored_at IS NULL)
SELECT id, version FROM gone ORDER BY id;

-- name: purge_messages
WITH gone AS (
    UPDATE messages SET state = 'purged', version = version + 1 WHERE id = ANY (:ids) AND state = 'removed' RETURNING id, version),
unsealed AS (
    DELETE FROM sealed s USING gone g WHERE s.noun = 'message' AND s.object_id = g.id),
forgotten AS (
    DELETE FROM revisions r USING gone g WHERE r.noun = 'message' AND r.object_id = g.id),
marked AS (
    UPDATE removals r SET purged_at = now() FROM gone g WHERE r.message_id = g.id AND r.restored_at IS NULL)
SELECT id, version FROM gone ORDER BY id;

-- name: due
-- Their time is over, and no appeal waits for the words.
SELECT r.id, r.post_id, r.message_id FROM removals r
WHERE r.purged_at IS NULL AND r.restored_at IS NULL AND r.purge_at <= :now
  AND NOT EXISTS (SELECT FROM appeals a WHERE a.removal_id = r.id AND a.outcome IS NULL)
ORDER BY r.purge_at LIMIT :limit;

-- name: still_due^
-- Read again once the post or message is locked.
SELECT r.network_id, r.author_id, coalesce(p.thread_id, m.room_id) AS place_id, coalesce(p.version, m.version) AS version
FROM removals r LEFT JOIN posts p ON p.id = r.post_id LEFT JOIN messages m ON m.id = r.message_id
WHERE r.id = :removal AND r.purged_at IS NULL AND r.restored_at IS NULL AND r.purge_at <= :now
  AND NOT EXISTS (SELECT FROM appeals a WHERE a.removal_id = r.id AND a.outcome IS NULL);

-- name: hold_off_appeals
-- Nobody appeals between the look and the purge.
SELECT 1 FROM removals WHERE id = :removal FOR NO KEY UPDATE;

-- name: to_vacuum$
SELECT EXISTS (SELECT FROM removals WHERE purged_at IS NOT NULL AND vacuumed_at IS NULL);

-- name: may_vacuum$
-- Postgres 17 knows a privilege for it; before, a table's owner may alone.
SELECT bool_and(CASE WHEN current_setting('server_version_num')::int >= 170000 THEN has_table_privilege(c.oid, 'MAINTAIN')
                     ELSE pg_has_role(c.relowner, 'USAGE') END)
FROM pg_class c WHERE c.oid IN ('posts'::regclass, 'messages'::regclass, 'sealed'::regclass, 'revisions'::regclass, 'submissions'::regclass);

-- name: vacuumed!
UPDATE removals SET vacuumed_at = now() WHERE vacuumed_at IS NULL AND purged_at < :before;

-- name: claim_vacuum$
SELECT pg_try_advisory_lock(hashtext('forum vacuum'));

-- name: release_vacuum
SELECT pg_advisory_unlock(hashtext('forum vacuum'));
