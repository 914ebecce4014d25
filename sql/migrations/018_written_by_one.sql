-- What wrote one reply or one message (015) served the release before (016), beside which no process of an older one runs.
DROP FUNCTION write_reply, write_message, insert_reply, insert_message, keep_key, record_written;
