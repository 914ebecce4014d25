-- name: insert^
WITH new AS (
    INSERT INTO networks (name, slug, kind, parent_id, visibility, purpose)
    VALUES (:name, :slug, :kind, :parent, :visibility, :purpose) ON CONFLICT (slug) DO NOTHING RETURNING id),
room AS (INSERT INTO rooms (network_id) SELECT id FROM new),
lead AS (INSERT INTO memberships (network_id, member_id, role) SELECT id, :member, 'lead' FROM new)
SELECT id FROM new;

-- name: one^
SELECT * FROM shown_networks WHERE id = :network;

-- name: lock
SELECT 1 FROM networks WHERE id = :network FOR NO KEY UPDATE;

-- name: lock_tree
-- The same with the one above, which it may not be wider than, and all below, which may not be wider than it: their ids. In a statement
-- of its own, so that what was just being made there is found by the next.
WITH RECURSIVE below AS (
    SELECT id, parent_id FROM networks WHERE id = :network
    UNION SELECT c.id, c.parent_id FROM networks c JOIN below b ON c.parent_id = b.id)
SELECT id FROM networks WHERE id IN (SELECT id FROM below UNION SELECT parent_id FROM below) ORDER BY id FOR NO KEY UPDATE;

-- name: describe!
UPDATE networks SET name = coalesce(:name::text, name), purpose = coalesce(:purpose::text, purpose), about = coalesce(:about::text, about),
    about_html = coalesce(:about_html::text, about_html), listed = coalesce(:listed::boolean, listed),
    posting = coalesce(:posting::text, posting), renderer = CASE WHEN :about::text IS NULL THEN renderer ELSE :renderer::smallint END,
    version = version + 1
WHERE id = :network;

-- name: around
-- Networks whose pages show this one's name: above, below, and those that hold threads with it.
SELECT n.id FROM networks n WHERE n.id = (SELECT parent_id FROM networks WHERE id = :network) OR n.parent_id = :network
UNION SELECT o.network_id FROM thread_networks h JOIN thread_networks o ON o.thread_id = h.thread_id
WHERE h.network_id = :network AND o.network_id <> :network;

-- name: set_visibility
-- The network, and those below it that would now be more visible than it.
WITH RECURSIVE below AS (
    SELECT id FROM networks WHERE id = :network
    UNION SELECT c.id FROM networks c JOIN below b ON c.parent_id = b.id)
UPDATE networks n SET visibility = :visibility, version = version + 1
FROM below b WHERE n.id = b.id AND (n.id = :network OR breadth(n.visibility) > breadth(:visibility))
RETURNING n.id;

-- name: lock_wider
-- Their threads that are seen by more people, in order; in a statement of its own, so that what is split from one is found as well.
SELECT 1 FROM threads t WHERE t.id IN (SELECT thread_id FROM thread_networks WHERE network_id = ANY (:networks))
  AND breadth(t.audience) > breadth(:visibility) ORDER BY t.id FOR NO KEY UPDATE;

-- name: narrow_threads!
UPDATE threads t SET audience = m.least, version = version + 1
FROM (SELECT h.thread_id, (array_agg(n.visibility ORDER BY breadth(n.visibility)))[1] AS least
      FROM thread_networks h JOIN networks n ON n.id = h.network_id
      WHERE h.thread_id IN (SELECT thread_id FROM thread_networks WHERE network_id = ANY (:networks)) GROUP BY h.thread_id) m
WHERE t.id = m.thread_id AND breadth(t.audience) > breadth(m.least);

-- name: holders_beside
-- The networks that hold threads together with these.
SELECT DISTINCT o.network_id AS id FROM thread_networks h JOIN thread_networks o ON o.thread_id = h.thread_id
WHERE h.network_id = ANY (:networks) AND o.network_id <> ALL (:networks);

-- name: seen
SELECT n.id, n.slug, n.name, n.kind, n.visibility, n.purpose, n.parent_id, n.version, r.id AS room_id, s.role,
       p.slug AS parent_slug, (SELECT count(*) FROM memberships c WHERE c.network_id = n.id) AS members
FROM networks n LEFT JOIN rooms r ON r.network_id = n.id LEFT JOIN networks p ON p.id = n.parent_id
LEFT JOIN standing s ON s.network_id = n.id AND s.member_id = :member
WHERE :administrator OR may_see_network(:member, n.id)
ORDER BY n.parent_id NULLS FIRST, n.kind <> 'national', n.name COLLATE "C", n.id;

-- name: mine
-- The networks in which a member counts, as the rail orders them.
SELECT n.id, n.slug, n.name, n.kind, n.parent_id, s.role, r.id AS room_id
FROM standing s JOIN networks n ON n.id = s.network_id LEFT JOIN rooms r ON r.network_id = n.id
WHERE s.member_id = :member
ORDER BY n.parent_id NULLS FIRST, n.kind <> 'national', n.name COLLATE "C", n.id;

-- name: unread
-- What the member has not read in these networks. Threads are counted among the hundred that were active last: more are shown
-- as 99+ anyway. Those of them that others hold too are named, so that a sum over networks has each once.
SELECT n.id, u.unread_threads, u.unread_joint,
       (SELECT count(*) FROM (SELECT FROM messages m WHERE m.room_id = r.id AND m.state = 'shown'
              AND m.author_id IS DISTINCT FROM :member AND m.number > coalesce(d.number, 0) LIMIT 100) x) AS unread_messages,
       (SELECT count(*) FROM (SELECT FROM messages m WHERE m.room_id = r.id AND m.state = 'shown'
              AND m.author_id IS DISTINCT FROM :member AND m.mentions @> ARRAY[:member::bigint] AND m.number > coalesce(d.number, 0)
              AND hears(:member, m.author_id) LIMIT 100) x) AS unread_mentions
FROM unnest(:networks::bigint[]) AS n (id) LEFT JOIN rooms r ON r.network_id = n.id
LEFT JOIN room_reads d ON d.room_id = r.id AND d.member_id = :member
CROSS JOIN LATERAL (
    SELECT count(*) AS unread_threads,
           coalesce(array_agg(h.thread_id) FILTER (WHERE EXISTS (
               SELECT FROM thread_networks o WHERE o.thread_id = h.thread_id AND o.network_id <> n.id)), '{}') AS unread_joint
    FROM (SELECT thread_id FROM thread_networks h WHERE h.network_id = n.id ORDER BY active_at DESC, thread_id DESC LIMIT 100) h
    JOIN threads t ON t.id = h.thread_id
    LEFT JOIN thread_reads e ON e.thread_id = h.thread_id AND e.member_id = :member
    WHERE NOT coalesce(e.numbers, '{}') @> int4range(1, t.last_number + 1)
      AND EXISTS (SELECT FROM posts p WHERE p.thread_id = h.thread_id AND p.state = 'shown'
                  AND p.author_id IS DISTINCT FROM :member AND NOT coalesce(e.numbers, '{}') @> p.number)) u;

-- name: runners
SELECT m.id, m.name, m.title, m.organisation, s.role FROM standing s JOIN people m ON m.id = s.member_id
WHERE s.network_id = :network AND s.role IN ('lead', 'moderator') ORDER BY s.role, s.since LIMIT 6;
