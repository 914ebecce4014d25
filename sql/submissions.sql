-- Submissions: what waits for approval. A decision takes the words away in the same statement.

-- name: one^
SELECT * FROM shown_submissions WHERE id = :submission;

-- name: so_far^
-- How much of a member's waits in a network, and how much came within the hour; `wait_s`: until the first of it is an hour old.
SELECT count(*) FILTER (WHERE outcome IS NULL) AS waiting,
       count(*) FILTER (WHERE submitted_at > now() - interval '1 hour') AS of_the_hour,
       coalesce(ceil(extract(epoch FROM min(submitted_at) FILTER (WHERE submitted_at > now() - interval '1 hour')
                                        + interval '1 hour' - now())), 1)::int AS wait_s
FROM submissions WHERE member_id = :member AND network_id = :network AND (outcome IS NULL OR submitted_at > now() - interval '1 hour');

-- name: insert$
INSERT INTO submissions (network_id, through_id, member_id, noun, thread_id, parent_id, jointly_with, title, body)
SELECT :network, :through, :member, :noun, :thread, :parent, :jointly_with, :title, :body
WHERE :parent::bigint IS NULL
   OR EXISTS (SELECT FROM posts p WHERE :noun = 'post' AND p.id = :parent AND p.thread_id = :thread)
   OR EXISTS (SELECT FROM messages m JOIN rooms r ON r.id = m.room_id WHERE :noun = 'message' AND m.id = :parent AND r.network_id = :network)
RETURNING id;

-- name: waiting
SELECT * FROM shown_submissions WHERE network_id = :network AND outcome IS NULL AND (:after::bigint IS NULL OR id > :after::bigint)
ORDER BY id LIMIT :limit;

-- name: mine
SELECT * FROM shown_submissions WHERE member_id = :member AND (:before::bigint IS NULL OR id < :before::bigint)
ORDER BY id DESC LIMIT :limit;

-- name: lock^
SELECT id, network_id, through_id, jointly_with, agreed, noun, member_id, outcome FROM submissions WHERE id = :submission FOR NO KEY UPDATE;

-- name: decide!
UPDATE submissions SET outcome = :outcome, object_id = :object, reason_id = :reason, decided_by = :by, decided_at = now(),
                       title = NULL, body = NULL
WHERE id = :submission;

-- name: pass_on!
-- Its network has approved it; now this one's moderators read it.
UPDATE submissions SET agreed = agreed || network_id, through_id = coalesce(through_id, network_id), network_id = :network
WHERE id = :submission;

-- name: tell$
INSERT INTO notifications (member_id, kind, network_id, post_id, message_id, reason_id, note_id)
VALUES (:member, :kind, :network, :post, :message, :reason, :note) RETURNING id;
