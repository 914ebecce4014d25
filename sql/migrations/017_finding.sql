-- What is shown and matches, from the newest on, until there is enough. The newest hits are looked for first, among the last so many
-- ids (`lately`), and all of them only where these are too few: a word that is everywhere costs no more at a million posts. A range of
-- ids has both of its ends: only then Postgres, which plans this once for all words, meets the index of words with that of ids.

-- Ids of posts that the caller may read, the highest first; a title that matches brings its opening post.
CREATE FUNCTION post_hits(words text, caller bigint, in_network text, by_member bigint, before_id bigint,
                          since timestamptz, until timestamptz, most int, lately int)
    RETURNS SETOF bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    simple tsquery := websearch_to_tsquery('simple', plain(words));
    english tsquery := websearch_to_tsquery('english', plain(words));
    below bigint := coalesce(before_id, (SELECT max(p.id) + 1 FROM posts p));
    least_ bigint;
    hits bigint[] := '{}';
BEGIN
    FOREACH least_ IN ARRAY ARRAY[below - lately, NULL] LOOP
        hits := ARRAY(
            WITH found AS MATERIALIZED (
                SELECT p.id FROM posts p
                WHERE least_ IS NOT NULL AND p.id >= least_ AND p.id < below
                  AND p.state = 'shown' AND (p.search_simple @@ simple OR p.search_english @@ english)
                UNION ALL
                SELECT p.id FROM posts p
                WHERE least_ IS NULL AND p.state = 'shown' AND (p.search_simple @@ simple OR p.search_english @@ english)
                UNION ALL
                SELECT p.id FROM threads t JOIN posts p ON p.thread_id = t.id AND p.number = 1 AND p.state = 'shown'
                WHERE (t.search_simple @@ simple OR t.search_english @@ english) AND p.id >= coalesce(least_, 0))
            SELECT f.id
            FROM (SELECT DISTINCT ON (d.id) d.id FROM found d WHERE d.id < below ORDER BY d.id DESC OFFSET 0) f
            CROSS JOIN LATERAL (SELECT p.thread_id, p.author_id, p.created_at FROM posts p WHERE p.id = f.id OFFSET 0) p
            WHERE (by_member IS NULL OR p.author_id = by_member)
              AND (since IS NULL OR p.created_at >= since) AND (until IS NULL OR p.created_at < until)
              AND (in_network IS NULL OR EXISTS (SELECT FROM thread_networks h JOIN networks n ON n.id = h.network_id
                                                 WHERE h.thread_id = p.thread_id AND n.slug = in_network))
              AND EXISTS (SELECT FROM readable(caller, p.thread_id))
            ORDER BY f.id DESC LIMIT most);
        EXIT WHEN cardinality(hits) >= most OR least_ <= 1;
    END LOOP;
    RETURN QUERY SELECT unnest(hits);
END $$;

-- The same of messages in networks' rooms.
CREATE FUNCTION message_hits(words text, caller bigint, in_network text, by_member bigint, before_id bigint,
                             since timestamptz, until timestamptz, most int, lately int)
    RETURNS SETOF bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    simple tsquery := websearch_to_tsquery('simple', plain(words));
    english tsquery := websearch_to_tsquery('english', plain(words));
    below bigint := coalesce(before_id, (SELECT max(m.id) + 1 FROM messages m));
    least_ bigint;
    hits bigint[] := '{}';
BEGIN
    FOREACH least_ IN ARRAY ARRAY[below - lately, NULL] LOOP
        hits := ARRAY(
            WITH found AS MATERIALIZED (
                SELECT m.id FROM messages m
                WHERE least_ IS NOT NULL AND m.id >= least_ AND m.id < below
                  AND m.state = 'shown' AND (m.search_simple @@ simple OR m.search_english @@ english)
                UNION ALL
                SELECT m.id FROM messages m
                WHERE least_ IS NULL AND m.state = 'shown' AND (m.search_simple @@ simple OR m.search_english @@ english))
            SELECT f.id
            FROM (SELECT d.id FROM found d WHERE d.id < below ORDER BY d.id DESC OFFSET 0) f
            CROSS JOIN LATERAL (
                SELECT r.network_id, m.author_id, m.created_at FROM messages m JOIN rooms r ON r.id = m.room_id WHERE m.id = f.id OFFSET 0) m
            WHERE (by_member IS NULL OR m.author_id = by_member)
              AND (since IS NULL OR m.created_at >= since) AND (until IS NULL OR m.created_at < until)
              AND (in_network IS NULL OR EXISTS (SELECT FROM networks n WHERE n.id = m.network_id AND n.slug = in_network))
              AND EXISTS (SELECT FROM readable_network(caller, m.network_id))
            ORDER BY f.id DESC LIMIT most);
        EXIT WHEN cardinality(hits) >= most OR least_ <= 1;
    END LOOP;
    RETURN QUERY SELECT unnest(hits);
END $$;
