-- For slow_disk: 300 more members of the busy network, each of whom watches each of its threads.
INSERT INTO members (email, name) SELECT 'watcher' || n || '@example.org', 'Watcher Number ' || n FROM generate_series(1, 300) n;
INSERT INTO memberships (network_id, member_id, role)
SELECT n.id, m.id, 'member' FROM networks n, members m WHERE n.slug = 'busy' AND m.name LIKE 'Watcher %';
INSERT INTO watches (thread_id, member_id, told_number)
SELECT t.id, m.id, 1 FROM members m, threads t JOIN networks n ON n.id = t.network_id
WHERE n.slug = 'busy' AND m.name LIKE 'Watcher %';
ANALYZE;
