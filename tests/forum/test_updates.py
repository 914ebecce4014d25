"""The log: dense numbers in commit order, however many write at once."""

import asyncio

import pytest

from forum import posts, updates
from forum.db import Database
from tests.people import World


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
