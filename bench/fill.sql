-- The site that the bench reads: 8 networks, 40 members of each, 200 threads of 50 posts (of 20 in the first network), one of 1,000.
-- Parameters are put in by bench/site.py: nothing here comes from outside.
INSERT INTO members (email, name, title, organisation, seen_at)
SELECT 'member' || n || '@example.org', 'Member Number ' || n, 'ICT Director', 'Trust ' || n % 9, now() FROM generate_series(1, 40) n;
INSERT INTO networks (slug, name, kind, visibility, purpose)
SELECT 'network-' || n, 'Network ' || n, 'regional', 'public', 'Measured' FROM generate_series(1, 8) n;
INSERT INTO rooms (network_id) SELECT id FROM networks ORDER BY id;
INSERT INTO memberships (network_id, member_id, role) SELECT n.id, m.id, 'member' FROM networks n, members m;
INSERT INTO sessions (member_id, token_hash, browser, expires_at)
SELECT id, sha256(convert_to('session-' || id, 'UTF8')), 'bench', now() + interval '1 day' FROM members;
INSERT INTO tokens (member_id, token_hash, scopes, expires_at)
SELECT 1 + (n - 1) % 40, sha256(convert_to(n::text, 'UTF8')), ARRAY['read', 'write', 'moderate'], now() + interval '1 day'
FROM generate_series(1, 1000) n;
INSERT INTO threads (network_id, author_id, title, audience, created_at, last_number, shown, people, last_author_id, active_at)
SELECT 1 + n % 8, 1 + n % 40, 'Thread number ' || n, 'public', now() - interval '30 days',
       s.size, s.size, least(s.size, 40), 1, now() - n * interval '1 minute'
FROM generate_series(1, 202) n, LATERAL (SELECT CASE n WHEN 201 THEN 1000 WHEN 202 THEN 20 ELSE 50 END AS size) s ORDER BY n;
INSERT INTO thread_networks (thread_id, network_id, active_at) SELECT id, network_id, active_at FROM threads;
INSERT INTO posts (thread_id, network_id, author_id, parent_id, number, depth, path, body, html, created_at)
SELECT t.id, t.network_id, 1 + n % 40, NULL, 1, 0, int4send(1), repeat('words of a post ', 21) || 'term' || (t.id * 50 + n) % 500,
       '<p>' || repeat('words of a post ', 21) || 'term' || (t.id * 50 + n) % 500 || '</p>', t.created_at FROM threads t, generate_series(1, 1) n;
INSERT INTO posts (thread_id, network_id, author_id, parent_id, number, depth, path, body, html, created_at)
SELECT t.id, t.network_id, 1 + n % 40, o.id, n, 1, int4send(1) || int4send(n), repeat('words of a post ', 21) || 'term' || (t.id * 50 + n) % 500,
       '<p>' || repeat('words of a post ', 21) || 'term' || (t.id * 50 + n) % 500 || '</p>', t.created_at + n * interval '1 minute'
FROM threads t JOIN posts o ON o.thread_id = t.id AND o.number = 1, LATERAL generate_series(2, t.last_number) n;
INSERT INTO thread_reads (member_id, thread_id, numbers)
SELECT 1, id, int4multirange(int4range(1, last_number + 1)) FROM threads WHERE id % 3 > 0;
ANALYZE;
