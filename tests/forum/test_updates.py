"""The log: dense numbers in commit order, however many write at once."""

import asyncio
from collections.abc import Sequence

import pytest

from forum import posts, updates
from forum.db import Database
from tests.people import World

WAITED_FOR = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid)"


@pytest.fixture(scope="module")
def db(own_db: Database) -> Database:
    """No site beside it, whose jobs tell of what is written here."""
    return own_db


async def test_numbers_are_dense_and_in_commit_order(world: World) -> None:
    thread = await world.thread()
    before = await _head(world, thread)
    await asyncio.gather(*(posts.reply(world.db, world.ben, thread, f"Reply {n}") for n in range(40)))
    async with world.db.connection() as connection:
        read = await updates.read(connection, f"thread:{thread}", before)
    assert read is not None
    assert [row["seq"] for row in read.rows] == list(range(before + 1, before + 41))
    assert [row["number"] for row in read.rows] == sorted(row["number"] for row in read.rows)


async def _head(world: World, thread: int) -> int:
    async with world.db.connection() as connection:
        _, heads = await updates.cursors(connection, [f"thread:{thread}"])
    return heads[f"thread:{thread}"]


async def test_a_failed_act_records_nothing(world: World) -> None:
    thread = await world.thread()
    before = await _head(world, thread)
    try:
        async with world.db.transaction() as tx:
            tx.record(f"thread:{thread}", "post.created", 1)
            raise RuntimeError
    except RuntimeError:
        pass
    assert await _head(world, thread) == before


OLD = """
INSERT INTO updates (channel, seq, kind, object, at)
SELECT c, channel_head(c) + n, 'thread.changed', 0, now() - interval '20 days'
FROM unnest($1::text[]) c, generate_series(1, 600) n
"""


async def _channels(world: World, count: int) -> Sequence[str]:
    """Channels with more updates than are kept, all of them long past."""
    channels = sorted([f"thread:{await world.thread()}" for _ in range(count)])
    await world.db.pool.execute(OLD, channels)
    return channels


async def test_where_a_log_begins_only_moves_on(world: World) -> None:
    """Who missed a reset, on a screen that slept, is still told of it after the log was trimmed below."""
    (channel,) = await _channels(world, 1)
    async with world.db.transaction() as tx:
        tx.reset(channel, "thread.moved", 1)
    read = await _trimmed(world, channel)
    assert read.kept_after == read.head == 602


async def _trimmed(world: World, channel: str) -> updates.LogRead:
    async with world.db.transaction() as tx:
        assert await updates.trim(tx.connection) == 101
    async with world.db.connection() as connection:
        read = await updates.read(connection, channel, 0)
    assert read is not None
    return read


async def test_trimming_takes_channels_in_the_order_of_acts(world: World) -> None:
    first, *others = await _channels(world, 40)
    async with world.db.transaction() as act:
        await act.connection.execute("SELECT FROM channels WHERE name = $1 FOR NO KEY UPDATE", first)
        trimming = asyncio.create_task(_trim(world))
        async with asyncio.timeout(30):
            while not await act.connection.fetchval(WAITED_FOR):  # noqa: ASYNC110 - who waits there tells nobody
                await asyncio.sleep(0.01)
        free = await act.connection.fetch(
            "SELECT FROM channels WHERE name = ANY ($1) FOR NO KEY UPDATE SKIP LOCKED", others
        )
        assert len(free) == len(others)
    await trimming


async def _trim(world: World) -> None:
    async with world.db.transaction() as tx:
        await updates.trim(tx.connection)
