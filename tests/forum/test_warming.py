"""What a web process asks beforehand: on each of its connections, planned once, and all of it."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from forum import access, listings, posts, rooms, sessions, stretches, updates
from forum.db import Connection, Database
from forum.embedded import Servers
from forum.warming import NOBODY, NOTHING, warm
from tests.conftest import as_owner
from tests.people import make_world

PREPARED = """
SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements WHERE NOT statement LIKE '%pg_prepared%'
"""
WRITTEN = "SELECT (SELECT count(*) FROM posts), (SELECT count(*) FROM messages), (SELECT count(*) FROM updates)"
POOL_SIZE = 3


@pytest_asyncio.fixture
async def warmed(database_url: str) -> AsyncIterator[Database]:
    db = Database(database_url, pool_size=POOL_SIZE, warm=warm)
    await db.open()
    yield db
    db.pool.terminate()


async def _all_of(db: Database) -> list[Connection]:
    return [await db.pool.acquire() for _ in range(POOL_SIZE)]


async def test_every_connection_has_asked_before_anybody_waits(warmed: Database) -> None:
    assert warmed.pool.get_size() == POOL_SIZE
    for connection in await _all_of(warmed):
        rows = await connection.fetch(PREPARED)
        assert len(rows) >= len(updates.READERS) + 10
        assert all(row["generic_plans"] and not row["custom_plans"] for row in rows)


async def test_what_a_returning_screen_asks_is_prepared(warmed: Database) -> None:
    world = await make_world(warmed)
    thread = await world.thread()
    channel = f"thread:{thread}"
    for connection in await _all_of(warmed):
        before = len(await connection.fetch(PREPARED))
        await sessions.who(connection, NOBODY)
        await access.may_follow(connection, [(world.ana.member, channel)])
        await updates.heads(connection, [channel])
        for noun in updates.READERS:
            await updates.read(connection, f"{noun}:{NOTHING}", 0)
        await stretches.looks(connection, [stretches.Asked(NOBODY, thread, None)])
        await listings.looks(connection, [listings.Asked(world.ana.member, world.network, None)])
        assert len(await connection.fetch(PREPARED)) == before


async def test_what_a_writer_asks_is_prepared(warmed: Database) -> None:
    world = await make_world(warmed)
    thread = await world.thread()
    for connection in await _all_of(warmed):
        before = len(await connection.fetch(PREPARED))
        await access._threads_to_write(connection, [(world.ana.member, thread)])
        await access._networks_to_write(connection, [(world.ana.member, world.network)])
        await posts.SQL.write(connection, rows=[], wait=False)
        await rooms.SQL.write(connection, rows=[], wait=True)
        assert len(await connection.fetch(PREPARED)) == before


async def test_nothing_is_written(warmed: Database) -> None:
    async with warmed.connection() as connection:
        before = await connection.fetch(WRITTEN)
        await warm(connection)
        assert await connection.fetch(WRITTEN) == before


async def test_what_cannot_be_asked_keeps_nobody_out(warmed: Database, caplog: pytest.LogCaptureFixture) -> None:
    async with warmed.connection() as connection:
        await connection.execute("SET search_path TO nowhere")
        await warm(connection)
    assert "a connection was not made ready: Undefined" in caplog.text


async def test_a_database_without_room_for_all_serves_with_some(
    servers: Servers, fresh_database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    name = urlsplit(fresh_database_url).path[1:]
    await as_owner(servers, f"ALTER DATABASE {name} CONNECTION LIMIT 2")
    db = Database(fresh_database_url, pool_size=POOL_SIZE, warm=warm)
    try:
        await db.open()
        async with db.connection() as connection:
            assert await connection.fetchval("SELECT 1") == 1
    finally:
        db.pool.terminate()
    assert "the database has room for 2 of 3 connections" in caplog.text
