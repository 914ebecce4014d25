-- Who may see and do what. Each statement answers for one caller; a NULL member is a guest.

-- name: network^
SELECT n.*, r.id AS room_id, r.slow_s, s.role, s.mute, s.since AS member_since,
       may_read_network(:member, n.id) AS may_read, may_see_network(:member, n.id) AS may_see,
       p.slug AS parent_slug, p.name AS parent_name, p.id IS NOT NULL AND may_see_network(:member, p.id) AS may_see_parent
FROM networks n
LEFT JOIN rooms r ON r.network_id = n.id
LEFT JOIN standing s ON s.network_id = n.id AND s.member_id = :member
LEFT JOIN networks p ON p.id = n.parent_id
WHERE n.slug = :slug;

-- name: networks_to_write
-- Networks as these members stand to them, each with what has to stand as it is until a message is written into its room.
SELECT f.* FROM unnest(:members::bigint[], :slugs::text[]) WITH ORDINALITY w (member, slug, place)
LEFT JOIN LATERAL (
    SELECT n.id, n.slug, n.name, n.posting, n.approves_first, r.id AS room_id, r.slow_s, s.role, s.mute, x.standing,
           q.network_id IS NOT NULL AS may_read, q.network_id IS NOT NULL OR may_see_network(w.member, n.id) AS may_see
    FROM networks n
    JOIN rooms r ON r.network_id = n.id
    CROSS JOIN LATERAL stands_in_room(w.member, r.id) x
    LEFT JOIN LATERAL readable_network(w.member, n.id) q ON true
    LEFT JOIN standing s ON s.network_id = n.id AND s.member_id = w.member
    WHERE n.slug = w.slug LIMIT 1) f ON true
ORDER BY w.place;

-- name: network_slug$
SELECT slug FROM networks WHERE id = :network;

-- name: room^
SELECT n.*, r.id AS room_id, r.slow_s, s.role, s.mute, s.since AS member_since,
       may_read_network(:member, n.id) AS may_read, may_see_network(:member, n.id) AS may_see,
       p.slug AS parent_slug, p.name AS parent_name, p.id IS NOT NULL AND may_see_network(:member, p.id) AS may_see_parent
FROM rooms r
JOIN networks n ON n.id = r.network_id
LEFT JOIN standing s ON s.network_id = n.id AND s.member_id = :member
LEFT JOIN networks p ON p.id = n.parent_id
WHERE r.id = :room;

-- name: conversation^
-- A direct conversation as one of its two stands to it. Whether the other has blocked them is part of `reachable` alone.
SELECT r.id AS room_id, o.id AS other_id, o.name AS other_name, o.title AS other_title, o.organisation AS other_organisation,
       o.version AS other_version,
       share_a_network(p.member_id, o.id) AND hears(o.id, p.member_id) AS reachable, NOT hears(p.member_id, o.id) AS blocked
FROM rooms r
JOIN participants p ON p.room_id = r.id AND p.member_id = :member
JOIN participants q ON q.room_id = r.id AND q.member_id <> p.member_id
JOIN people o ON o.id = q.member_id
WHERE r.id = :room AND may_read_room(:member, r.id);

-- name: thread^
SELECT * FROM thread_for(:member, :thread);

-- name: threads_to_write
-- Threads as these members stand to them, each with what has to stand as it is until the write.
SELECT f.* FROM unnest(:members::bigint[], :threads::bigint[]) WITH ORDINALITY w (member, thread, place)
LEFT JOIN LATERAL (
    SELECT t.id, t.network_id, t.locked_at, t.may_read, t.holders, s.standing
    FROM thread_for(w.member, w.thread) t CROSS JOIN LATERAL stands_in_thread(w.member, t.id) s LIMIT 1) f ON true
ORDER BY w.place;

-- name: thread_of_post$
SELECT thread_id FROM posts WHERE id = :post;

-- name: room_of_message$
SELECT room_id FROM messages WHERE id = :message;

-- name: lock_thread
-- A membership cannot end, nor a suspension begin, between the check and the commit; then the thread. What the function takes third, a post
-- to be locked with it, is for processes of the release before: lock_posts does that.
SELECT lock_thread(:member, :thread, NULL);

-- name: lock_posts
-- The same for the threads in which these posts stand, then the posts.
SELECT lock_posts(:member, :posts);

-- name: lock_room
SELECT lock_room(:member, :room);

-- name: may_follow
-- Which of these members may follow which of these channels, and which networks' from outside: NULL is a guest.
SELECT DISTINCT w.member, w.channel,
       w.noun = 'network' AND w.member IS NOT NULL
           AND NOT EXISTS (SELECT FROM standing s WHERE s.network_id = w.object AND s.member_id = w.member) AS outside
FROM unnest(:members::bigint[], :nouns::text[], :objects::bigint[], :channels::text[]) AS w (member, noun, object, channel)
WHERE CASE w.noun
    WHEN 'thread' THEN may_read_thread(w.member, w.object)
    WHEN 'network' THEN may_read_network(w.member, w.object)
    WHEN 'room' THEN may_read_room(w.member, w.object)
    WHEN 'member' THEN w.member = w.object AND EXISTS (SELECT FROM members m WHERE m.id = w.object AND m.state = 'active')
    WHEN 'moderators' THEN CASE WHEN w.object = 0
        THEN EXISTS (SELECT FROM members m WHERE m.id = w.member AND m.administrator AND m.state = 'active')
        ELSE EXISTS (
        SELECT FROM standing s WHERE s.network_id = w.object AND s.member_id = w.member AND s.role IN ('moderator', 'lead')) END
    ELSE false END;

-- name: lock_standing
SELECT lock_standing(:member, :networks);

-- name: lock_memberships
-- A member's places in these networks stay as they are until commit: before anything of the networks themselves is locked.
SELECT lock_memberships(array_fill(:member::bigint, ARRAY[cardinality(:networks::bigint[])]), :networks::bigint[], true);

-- name: keep_visibility
-- Nobody narrows or widens these networks until commit: what is made in them, or below them, is seen by no more people than they are.
SELECT 1 FROM networks WHERE id = ANY (:networks) ORDER BY id FOR SHARE;
