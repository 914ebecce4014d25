-- A post that is split away between the look at where it stands and the lock of its thread was locked before the thread that it came
-- into (008): whoever held that one and wanted the post waited for ever. Posts are locked last, once all their threads are: then none
-- of them moves. A thread that one came into was made just now, so it comes after the others here too.

CREATE OR REPLACE FUNCTION lock_posts(member bigint, wanted bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    places bigint[];
BEGIN
    LOOP
        places := ARRAY(SELECT DISTINCT p.thread_id FROM posts p WHERE p.id = ANY (wanted));
        PERFORM 1 FROM memberships s WHERE s.member_id = member
            AND s.network_id IN (SELECT h.network_id FROM thread_networks h WHERE h.thread_id = ANY (places))
            ORDER BY s.network_id FOR KEY SHARE;
        PERFORM 1 FROM threads t WHERE t.id = ANY (places) ORDER BY t.id FOR NO KEY UPDATE;
        EXIT WHEN NOT EXISTS (SELECT FROM posts p WHERE p.id = ANY (wanted) AND p.thread_id <> ALL (places));
    END LOOP;
    PERFORM 1 FROM posts p WHERE p.id = ANY (wanted) ORDER BY p.id FOR NO KEY UPDATE;
END $$;
