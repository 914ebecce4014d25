-- The time for an appeal ends by an act, as every time does: no read compares it with the clock. And what was done in no network
-- is read as the log of a network is.

ALTER TABLE removals ADD COLUMN appeal_closed_at timestamptz;
COMMENT ON COLUMN removals.appeal_until IS 'then the time for an appeal ends, by a job: no read compares it with the clock';
COMMENT ON COLUMN removals.appeal_closed_at IS 'since then it is too late for an appeal';
UPDATE removals SET appeal_closed_at = appeal_until WHERE appeal_until <= now();
CREATE INDEX removals_appeal_until ON removals (appeal_until, id) WHERE appeal_closed_at IS NULL;

CREATE OR REPLACE VIEW shown_removals AS
    SELECT r.id, r.network_id, n.name AS network_name, n.slug AS network_slug, r.post_id, r.message_id, p.thread_id, m.room_id,
           r.author_id, r.removed_at, r.appeal_until, r.purged_at, r.restored_at, r.batch,
           CASE WHEN r.batch IS NULL THEN 1
                ELSE (SELECT count(*) FROM removals o WHERE o.batch = r.batch AND o.author_id = r.author_id) END AS together,
           w.body AS reason, x.body AS note,
           CASE WHEN r.named THEN r.removed_by END AS removed_by, CASE WHEN r.named THEN d.name END AS removed_by_name,
           a.id AS appeal_id, a.appealed_at, a.due_at, a.outcome, a.decided_at, s.body AS appeal, y.body AS answer, a.step,
           r.appeal_closed_at
    FROM removals r
    LEFT JOIN networks n ON n.id = r.network_id
    LEFT JOIN posts p ON p.id = r.post_id
    LEFT JOIN messages m ON m.id = r.message_id
    LEFT JOIN notes w ON w.id = r.reason_id
    LEFT JOIN notes x ON x.id = r.note_id
    LEFT JOIN people d ON d.id = r.removed_by
    LEFT JOIN appeals a ON a.removal_id = r.id
    LEFT JOIN notes s ON s.id = a.note_id
    LEFT JOIN notes y ON y.id = a.answer_id;

-- 0: in no network, as in the names of channels.
CREATE INDEX moderation_log_of ON moderation_log (coalesce(network_id, 0), id DESC);
DROP INDEX moderation_log_of_network;
