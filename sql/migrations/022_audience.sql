-- A thread is never more visible than any of its holders: 001 says that the database keeps this, and only the acts did. Looked at where
-- the transaction ends, as a sub-group and the network above are, since an act changes one after the other; what another act does
-- meanwhile is for the locks to keep away, as before.

CREATE VIEW held_too_wide AS
    SELECT h.thread_id, h.network_id
    FROM thread_networks h JOIN threads t ON t.id = h.thread_id JOIN networks n ON n.id = h.network_id
    WHERE breadth(t.audience) > breadth(n.visibility);
COMMENT ON VIEW held_too_wide IS 'empty after every commit: threads that more people see than one of their holders allows';

-- What was left too wide by acts at once is not any more.
UPDATE threads t SET audience = w.least, version = t.version + 1
FROM (SELECT h.thread_id, (array_agg(n.visibility ORDER BY breadth(n.visibility)))[1] AS least
      FROM thread_networks h JOIN networks n ON n.id = h.network_id
      WHERE h.thread_id IN (SELECT thread_id FROM held_too_wide) GROUP BY h.thread_id) w
WHERE t.id = w.thread_id;

CREATE FUNCTION keep_audience() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wide boolean;
BEGIN
    -- As they stand by now, not as NEW was: it may have been changed once more, or be gone.
    IF TG_TABLE_NAME = 'networks' THEN
        wide := EXISTS (SELECT FROM held_too_wide w WHERE w.network_id = NEW.id);
    ELSIF TG_TABLE_NAME = 'threads' THEN
        wide := EXISTS (SELECT FROM held_too_wide w WHERE w.thread_id = NEW.id);
    ELSE
        wide := EXISTS (SELECT FROM held_too_wide w WHERE w.thread_id = NEW.thread_id);
    END IF;
    IF wide THEN
        RAISE EXCEPTION 'a thread is never more visible than any of its holders' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER networks_audience AFTER UPDATE OF visibility ON networks
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION keep_audience();
CREATE CONSTRAINT TRIGGER threads_audience AFTER UPDATE OF audience ON threads
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION keep_audience();
CREATE CONSTRAINT TRIGGER thread_networks_audience AFTER INSERT OR UPDATE OF network_id ON thread_networks
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION keep_audience();
