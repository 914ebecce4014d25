-- To a million posts: 20,000 more threads of 50 in all nine networks. Indexes are made after the rows, which is quicker.
DO $$
DECLARE
    later text[] := ARRAY(
        SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i WHERE i.indrelid = 'posts'::regclass AND NOT i.indisunique);
    index_ text;
BEGIN
    FOR index_ IN SELECT i.indexrelid::regclass FROM pg_index i WHERE i.indrelid = 'posts'::regclass AND NOT i.indisunique LOOP
        EXECUTE 'DROP INDEX ' || index_;
    END LOOP;
    INSERT INTO threads (network_id, author_id, title, audience, created_at, last_number, shown, people, last_author_id, active_at)
    SELECT 1 + n % 9, 1 + n % 40, 'Old thread number ' || n, 'public', now() - interval '60 days', 50, 50, 40, 1,
           now() - interval '1 day' - n * interval '1 minute'
    FROM generate_series(1, 20000) n ORDER BY n;
    INSERT INTO thread_networks (thread_id, network_id, active_at)
    SELECT id, network_id, active_at FROM threads WHERE title LIKE 'Old thread %';
    INSERT INTO posts (thread_id, network_id, author_id, number, depth, path, body, html, created_at)
    SELECT id, network_id, author_id, 1, 0, int4send(1), 'words of a post ', '<p>words of a post </p>', created_at
    FROM threads WHERE title LIKE 'Old thread %' ORDER BY id;
    INSERT INTO posts (thread_id, network_id, author_id, parent_id, number, depth, path, body, html, created_at)
    SELECT o.thread_id, o.network_id, 1 + n % 40, o.id, n, 1, int4send(1) || int4send(n),
           'words of a post term' || (o.thread_id * 50 + n) % 500, '<p>words of a post term' || (o.thread_id * 50 + n) % 500 || '</p>',
           o.created_at + n * interval '1 minute'
    FROM threads t JOIN posts o ON o.thread_id = t.id, generate_series(2, 50) n WHERE t.title LIKE 'Old thread %' ORDER BY t.id, n;
    PERFORM set_config('maintenance_work_mem', '256MB', true);
    FOREACH index_ IN ARRAY later LOOP
        EXECUTE index_;
    END LOOP;
END $$;
