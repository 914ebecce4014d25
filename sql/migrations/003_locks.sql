-- Locks in the house's order: membership, thread, post. As functions, so that a lock costs one round trip, and what is read
-- afterwards is read by a statement of its own, with a snapshot newer than the lock.

CREATE FUNCTION lock_thread(member bigint, thread bigint, post bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM memberships s WHERE s.member_id = member
        AND s.network_id IN (SELECT h.network_id FROM thread_networks h WHERE h.thread_id = thread)
        ORDER BY s.network_id FOR KEY SHARE;
    PERFORM 1 FROM threads t WHERE t.id = thread FOR NO KEY UPDATE;
    IF post IS NOT NULL THEN
        PERFORM 1 FROM posts p WHERE p.id = post FOR NO KEY UPDATE;
    END IF;
END $$;

CREATE FUNCTION lock_room(member bigint, room bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM memberships s JOIN rooms r ON r.network_id = s.network_id
        WHERE s.member_id = member AND r.id = room FOR KEY SHARE OF s;
    PERFORM 1 FROM rooms r WHERE r.id = room FOR NO KEY UPDATE;
END $$;

-- Who is shut out, let in or given another role: nobody writes in these networks on the strength of the old state.
CREATE FUNCTION lock_standing(member bigint, networks_ bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM members m WHERE m.id = member FOR NO KEY UPDATE;
    PERFORM 1 FROM memberships s WHERE s.member_id = member AND (networks_ IS NULL OR s.network_id = ANY (networks_))
        ORDER BY s.network_id FOR UPDATE;
END $$;
