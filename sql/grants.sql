-- What the application's role may do. Run after every migration; {role} is its name, quoted.
GRANT USAGE ON SCHEMA public TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role};
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {role};
-- The log of moderation only grows, and so does the record of migrations for everybody but the owner.
REVOKE UPDATE, DELETE, TRUNCATE ON moderation_log FROM {role};
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON schema_migrations FROM {role};
-- What was purged is cleaned from the tables' pages too (forum.purge): where the server knows a privilege for that.
DO $do$ BEGIN
    IF current_setting('server_version_num')::int >= 170000 THEN
        EXECUTE $grant$GRANT MAINTAIN ON posts, messages, sealed, revisions, submissions TO {role}$grant$;
    END IF;
END $do$;
