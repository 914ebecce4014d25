"""Acts that touch the same channels in their own ways wait for each other, and never for ever."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from forum import holds, posts, removal
from forum.db import Database, Transaction
from forum.errors import Conflict, Unavailable
from tests.people import World

ROUNDS = 40
WAITED_FOR = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid)"


async def test_raising_access_and_recording_take_channels_in_one_order(world: World) -> None:
    network, member = f"network:{await world.network_id()}", f"member:{world.ben.member}"

    async def change_standing() -> None:
        async with world.db.transaction() as tx:
            tx.raise_access(network)
            tx.record(member, "membership.changed", 1)

    async def announce() -> None:
        async with world.db.transaction() as tx:
            tx.record(member, "notification.changed", 1)
            tx.record(network, "thread.touched", 1)

    for _ in range(ROUNDS):
        await asyncio.gather(*(act() for act in (change_standing, announce) * 3))


async def test_an_act_does_not_wait_long_for_a_lock(world: World, database_url: str) -> None:
    thread = await world.thread()
    hasty = Database(database_url, pool_size=1, lock_timeout_s=0.1)
    await hasty.open()
    async with world.db.transaction() as tx:
        await tx.connection.execute("SELECT FROM threads WHERE id = $1 FOR UPDATE", thread)
        with pytest.raises(Unavailable):
            await posts.reply(hasty, world.ben, thread, "Words", key="once")
    assert (await posts.reply(hasty, world.ben, thread, "Words", key="once"))["number"] == 2
    await hasty.close()


async def test_what_was_decided_upon_has_to_stand(world: World) -> None:
    thread = await world.thread()
    async with world.db.transaction() as tx:
        await tx.connection.execute("UPDATE threads SET locked_at = now() WHERE id = $1", thread)
        waiting = asyncio.create_task(posts.reply(world.db, world.ben, thread, "Words"))
        await _until_waited_for(tx)
    with pytest.raises(Conflict):
        await waiting


async def test_a_hold_lapses_where_the_post_stands_by_then(world: World) -> None:
    thread, other = await world.thread(jointly=True), await world.thread()
    post = (await posts.reply(world.db, world.ben, thread, "Words"))["id"]
    await holds.hold_post(world.db, world.max, post, "Private information")
    async with world.db.transaction() as there:
        await there.connection.execute("SELECT FROM threads WHERE id = $1 FOR NO KEY UPDATE", other)
        async with world.db.transaction() as here:
            await here.connection.execute("SELECT FROM threads WHERE id = $1 FOR NO KEY UPDATE", thread)
            lapse = asyncio.create_task(holds.lapse_hold(world.db, post, now=datetime.now(UTC) + timedelta(days=30)))
            await _until_waited_for(here)
            await here.connection.execute("UPDATE posts SET thread_id = $2 WHERE id = $1", post, other)
        await _until_waited_for(there)
        holder = await world.network_id(world.other)
        await there.connection.execute("INSERT INTO thread_networks VALUES ($1, $2)", other, holder)
    assert await lapse
    logged = "SELECT network_id FROM moderation_log WHERE act = 'lapse' AND object_id = $1 ORDER BY network_id"
    assert [row["network_id"] for row in await world.db.pool.fetch(logged, post)] == [await world.network_id(), holder]


async def _withdrawing(world: World, post: int) -> object:
    return await posts.withdraw(world.db, world.ben, post)


async def _removing(world: World, post: int) -> object:
    return await removal.remove_post(world.db, world.mod, post, "Advertising")


@pytest.mark.parametrize("act", [_withdrawing, _removing])
async def test_an_act_on_a_post_that_is_just_split_away_locks_it_where_it_came_to(
    world: World, act: Callable[[World, int], Awaitable[object]]
) -> None:
    """Not the post first and then its thread: whoever is in that thread and wants the post would wait for ever."""
    thread, other = await world.thread(), await world.thread()
    post = (await posts.reply(world.db, world.ben, thread, "Words"))["id"]
    async with world.db.transaction() as there:
        await there.connection.execute("SELECT FROM threads WHERE id = $1 FOR NO KEY UPDATE", other)
        async with world.db.transaction() as here:
            await here.connection.execute("SELECT FROM threads WHERE id = $1 FOR NO KEY UPDATE", thread)
            going = asyncio.create_task(act(world, post))
            await _until_waited_for(here)
            await here.connection.execute("UPDATE posts SET thread_id = $2 WHERE id = $1", post, other)
        await _until_waited_for(there)
        await there.connection.execute("SELECT FROM posts WHERE id = $1 FOR NO KEY UPDATE NOWAIT", post)
    await going
    assert await world.db.pool.fetchval("SELECT state FROM posts WHERE id = $1", post) in {"withdrawn", "removed"}


async def _until_waited_for(tx: Transaction) -> None:
    """Another transaction waits for what this one holds."""
    async with asyncio.timeout(30):
        while not await tx.connection.fetchval(WAITED_FOR):  # noqa: ASYNC110 - who waits there tells nobody
            await asyncio.sleep(0.01)
