"""The demo fills an empty database, and no other."""

import pytest

from forum import demo
from forum.db import Database
from forum.errors import Conflict


async def test_the_demo_goes_into_an_empty_database_only(fresh_database_url: str) -> None:
    db = Database(fresh_database_url)
    await db.open()
    try:
        steps: list[str] = []
        loaded = await demo.load(db, steps.append)
        assert len(loaded.people) == 3
        assert steps[0] == "people"
        assert await db.pool.fetchval("SELECT count(*) FROM posts WHERE state = 'removed'") == 1
        waiting = await db.pool.fetch("SELECT reports FROM shown_cases WHERE outcome IS NULL ORDER BY reports")
        assert [row["reports"] for row in waiting] == [1, 2]
        with pytest.raises(Conflict, match="empty"):
            await demo.load(db, steps.append)
    finally:
        await db.close()
