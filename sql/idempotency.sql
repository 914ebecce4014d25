-- name: claim$
INSERT INTO idempotency_keys (member_id, key, request_hash) VALUES (:member, :key, :hash) ON CONFLICT DO NOTHING RETURNING 1;

-- name: find^
SELECT request_hash, object_id FROM idempotency_keys WHERE member_id = :member AND key = :key;

-- name: keep!
UPDATE idempotency_keys SET object_id = :object WHERE member_id = :member AND key = :key;

-- name: forget$
-- So many at once; what somebody else holds just now is for another time.
WITH gone AS (
    DELETE FROM idempotency_keys WHERE (member_id, key) IN (
        SELECT member_id, key FROM idempotency_keys WHERE created_at < now() - interval '14 days'
        ORDER BY created_at LIMIT :limit FOR UPDATE SKIP LOCKED) RETURNING 1)
SELECT count(*) FROM gone;
