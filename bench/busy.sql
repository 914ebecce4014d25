-- For the rows that write: a ninth network, of which all are members, with 200 threads of one post each.
INSERT INTO networks (slug, name, kind, visibility, purpose) VALUES ('busy', 'Busy', 'regional', 'public', 'Measured');
INSERT INTO rooms (network_id) SELECT id FROM networks WHERE slug = 'busy';
INSERT INTO memberships (network_id, member_id, role)
SELECT n.id, m.id, CASE m.id WHEN 40 THEN 'moderator' ELSE 'member' END FROM networks n, members m WHERE n.slug = 'busy';
INSERT INTO threads (network_id, author_id, title, audience, last_author_id)
SELECT b.id, 1 + n % 40, 'Busy thread ' || n, 'public', 1 FROM networks b, generate_series(1, 200) n WHERE b.slug = 'busy' ORDER BY n;
INSERT INTO thread_networks (thread_id, network_id)
SELECT t.id, t.network_id FROM threads t JOIN networks n ON n.id = t.network_id WHERE n.slug = 'busy';
INSERT INTO posts (thread_id, network_id, author_id, number, depth, path, body, html)
SELECT t.id, t.network_id, t.author_id, 1, 0, int4send(1), 'words of a post', '<p>words of a post</p>'
FROM threads t JOIN networks n ON n.id = t.network_id WHERE n.slug = 'busy';
-- Something has been said and told of before: Postgres keeps the plans that it made for tables which are known to be empty.
INSERT INTO messages (room_id, author_id, number, body, html)
SELECT r.id, 1 + n % 40, n, 'words of a message', '<p>words of a message</p>'
FROM rooms r JOIN networks b ON b.id = r.network_id, generate_series(1, 200) n WHERE b.slug = 'busy';
SELECT record_updates(array_agg('room:' || m.room_id ORDER BY m.number), array_agg('message.created'::text), array_agg(m.id ORDER BY m.number))
FROM messages m;
SELECT record_updates(array_agg('thread:' || t.id ORDER BY t.id), array_agg('post.edited'::text), array_agg(p.id ORDER BY t.id))
FROM threads t JOIN posts p ON p.thread_id = t.id AND p.number = 1 JOIN networks n ON n.id = t.network_id WHERE n.slug = 'busy';
ANALYZE;
