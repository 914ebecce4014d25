"""The demo fills an empty database, and no other."""

import pytest

from forum import demo
from forum.db import Database
from forum.errors import Conflict


@pytest.mark.long
async def test_the_demo_goes_into_an_empty_database_only(fresh_database_url: str) -> None:
    db = Database(fresh_database_url)
    await db.open()
    try:
        steps: list[str] = []
        loaded = await demo.load(db, steps.append)
        assert len(loaded.people) == 3
        account = "SELECT password_hash IS NULL FROM members WHERE email = $1"
        assert await db.pool.fetchval(account, loaded.other) is True
        assert steps[0] == "people"
        assert await db.pool.fetchval("SELECT count(*) FROM posts WHERE state = 'removed'") == 1
        lived_in = """
            SELECT m.seen_at < now() - interval '1 hour' AND m.created_at < m.seen_at
               AND EXISTS (SELECT FROM notifications n WHERE n.member_id = m.id AND n.read_at IS NULL)
               AND EXISTS (SELECT FROM thread_reads r JOIN posts p ON p.thread_id = r.thread_id
                           WHERE r.member_id = m.id AND NOT r.numbers @> p.number AND p.author_id <> m.id)
            FROM members m WHERE m.email = ANY ($1)"""
        found = await db.pool.fetch(lived_in, [person.email for person in loaded.people])
        assert [row[0] for row in found] == [True] * len(loaded.people)
        waiting = await db.pool.fetch("SELECT reports FROM shown_cases WHERE outcome IS NULL ORDER BY reports")
        assert [row["reports"] for row in waiting] == [1, 2]
        with pytest.raises(Conflict, match="empty"):
            await demo.load(db, steps.append)
    finally:
        await db.close()
