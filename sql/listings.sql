-- What the page of a network asks, in one snapshot for all who look at once.

-- name: looks
-- A network as it is shown, as each caller stands to it, and with what stands beside its threads: who runs it, and its sub-groups, as
-- far as the member may see them; from which cursor, and which transactions wrote those of its threads that the process has kept (in
-- the order of their ids; of one that is gone, none). LIMIT and LATERAL: each by its own ids, however many ask.
SELECT x.log, x.names, n.*,
       (SELECT h.head FROM heads h WHERE h.name = 'network:' || n.id) AS head,
       (SELECT string_agg(k.w, ',') FROM (
           SELECT t.xmin::text AS w FROM threads t WHERE t.id = ANY (q.threads::bigint[]) ORDER BY t.id) k) AS written
FROM site x
CROSS JOIN unnest(:members::bigint[], :slugs::text[], :threads::text[]) WITH ORDINALITY q (member, slug, threads, place)
LEFT JOIN LATERAL (
    SELECT n.*, d.role, d.mute, y.network_id IS NOT NULL AS may_read,
           CASE WHEN y.network_id IS NULL THEN may_see_network(q.member, n.id) ELSE true END AS may_see,
           CASE WHEN n.parent_id IS NULL THEN false ELSE may_see_network(q.member, n.parent_id) END AS may_see_parent,
           (SELECT jsonb_agg(r) FROM (
                SELECT m.id, m.name, m.title, m.organisation, s.role FROM standing s JOIN people m ON m.id = s.member_id
                WHERE s.network_id = n.id AND s.role IN ('lead', 'moderator') ORDER BY s.role, s.since LIMIT 6) r) AS running,
           (SELECT jsonb_agg(g ORDER BY g.name COLLATE "C", g.id) FROM (
                SELECT b.id, b.slug, b.name, b.purpose, b.visibility, b.version, r.id AS room_id, s.role,
                       (SELECT count(*) FROM memberships c WHERE c.network_id = b.id) AS members
                FROM networks b LEFT JOIN rooms r ON r.network_id = b.id
                LEFT JOIN standing s ON s.network_id = b.id AND s.member_id = q.member
                WHERE b.parent_id = n.id AND may_see_network(q.member, b.id)) g) AS subgroups
    FROM shown_networks n
    LEFT JOIN standing d ON d.network_id = n.id AND d.member_id = q.member
    LEFT JOIN readable_network(q.member, n.id) y ON true
    WHERE n.slug = q.slug LIMIT 1) n ON true
ORDER BY q.place;
