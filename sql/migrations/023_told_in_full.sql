-- What a member is told says what happened, and not something like it.

-- A quote says whether the quoted post was withdrawn; of one that was removed, held or purged, or that not every reader of the thread
-- may read, it still has nothing.
CREATE OR REPLACE FUNCTION quoted(ids bigint[], in_thread bigint) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN ids = '{}' THEN NULL
                ELSE (SELECT jsonb_object_agg(s.id, CASE s.state WHEN 'withdrawn' THEN jsonb_build_object('withdrawn', true)
                                                    ELSE jsonb_build_object('author', coalesce(a.name, b.name), 'author_id', s.author_id,
                                                                            'html', s.html) END)
                      FROM posts s LEFT JOIN people a ON a.id = s.author_id LEFT JOIN bylines b ON b.id = s.byline_id
                      WHERE s.id = ANY (ids) AND s.state IN ('shown', 'withdrawn') AND quotable(s.thread_id, in_thread)) END;
