"""Narrowing a network narrows all that is below it and in it, also what is just being made there."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest
import pytest_asyncio

from forum import agreements, networks, posts, splits, threads
from forum.db import Database, Transaction
from forum.errors import Conflict, ForumError
from tests.people import World, make_world

WAITED_FOR = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid)"
TOO_WIDE = """
SELECT 'thread' AS noun, t.id, t.audience AS seen_by, n.visibility AS holder
FROM threads t JOIN thread_networks h ON h.thread_id = t.id JOIN networks n ON n.id = h.network_id
WHERE breadth(t.audience) > breadth(n.visibility) AND n.slug LIKE '%' || $1
UNION ALL
SELECT 'network', c.id, c.visibility, p.visibility FROM networks c JOIN networks p ON p.id = c.parent_id
WHERE breadth(c.visibility) > breadth(p.visibility) AND p.slug LIKE '%' || $1
"""


class Held(Database):
    """Its acts stop before they commit, until they may."""

    def __init__(self, url: str) -> None:
        super().__init__(url, pool_size=2)
        self.done, self.may = asyncio.Event(), asyncio.Event()

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with super().transaction() as tx:
            yield tx
            self.done.set()
            while not self.may.is_set():
                if await tx.connection.fetchval(WAITED_FOR):
                    self.may.set()
                await asyncio.sleep(0.01)


@pytest_asyncio.fixture
async def world(db: Database) -> World:
    """Public networks."""
    return await make_world(db, visibility="public")


@pytest_asyncio.fixture
async def held(database_url: str) -> AsyncIterator[Held]:
    db = Held(database_url)
    await db.open()
    yield db
    await db.close()


again = held
"""Another one, for an act that stops by itself."""


Act = Callable[[Database], Awaitable[object]]


async def _narrowing(world: World) -> Act:
    return lambda db: networks.describe(db, world.lead, world.network, visibility="private")


async def _starting(world: World) -> Act:
    return lambda db: threads.start(db, world.ana, world.network, "A thread", "Words")


async def _starting_jointly(world: World) -> Act:
    return lambda db: threads.start(db, world.ana, world.other, "A thread", "Words", jointly_with=[world.network])


async def _splitting(world: World) -> Act:
    thread = await world.thread()
    post = await posts.reply(world.db, world.ben, thread, "Something else")
    return lambda db: splits.split(db, world.mod, thread, [post["id"]], "Something else")


async def _holding_in(world: World) -> Act:
    started = await threads.start(world.db, world.ana, world.other, "A thread", "Words")
    return lambda db: agreements.ask(db, world.lead, started.thread["id"], "hold_in", slug=world.network)


async def _moving(world: World) -> Act:
    started = await threads.start(world.db, world.ana, world.other, "A thread", "Words")
    return lambda db: agreements.ask(db, world.lead, started.thread["id"], "move", slug=world.network)


async def _widening(world: World) -> Act:
    await networks.describe(world.db, world.lead, world.network, visibility="private")
    thread = await world.thread()
    await networks.describe(world.db, world.lead, world.network, visibility="public")
    return lambda db: agreements.ask(db, world.lead, thread, "widen", audience="public")


async def _below(db: Database, world: World, name: str, parent: str) -> object:
    """A public sub-group."""
    return await networks.create(
        db, world.lead, name=name, slug=f"{name}-{world.tag}", kind="topic", parent=parent, visibility="public"
    )


async def _making_below(world: World) -> Act:
    return lambda db: _below(db, world, "below", world.network)


async def _making_further_below(world: World) -> Act:
    await _below(world.db, world, "below", world.network)
    return lambda db: _below(db, world, "far", f"below-{world.tag}")


async def _widening_below(world: World) -> Act:
    slug = f"below-{world.tag}"
    await networks.create(world.db, world.lead, name="Below", slug=slug, kind="topic", parent=world.network)
    return lambda db: networks.describe(db, world.lead, slug, visibility="public")


MAKING = (
    _starting, _starting_jointly, _splitting, _holding_in, _moving, _widening, _making_below, _making_further_below,
    _widening_below,
)  # fmt: skip


@pytest.mark.parametrize("first", [True, False], ids=["narrowed first", "narrowed second"])
@pytest.mark.parametrize("making", MAKING)
async def test_nothing_is_seen_by_more_people_than_its_network(
    world: World, held: Held, making: Callable[[World], Awaitable[Act]], first: bool
) -> None:
    acts = [await making(world), await _narrowing(world)]
    if first:
        acts.reverse()
    before = asyncio.create_task(_done(acts[0](held)))
    await held.done.wait()
    after = asyncio.create_task(_done(acts[1](world.db)))
    after.add_done_callback(lambda _: held.may.set())
    async with asyncio.timeout(30):
        await asyncio.gather(before, after)
    assert await world.db.pool.fetchval("SELECT visibility FROM networks WHERE slug = $1", world.network) == "private"
    assert not await world.db.pool.fetch(TOO_WIDE, world.tag)


async def test_the_database_lets_no_act_show_a_thread_to_more_people(world: World) -> None:
    """Whatever an act forgets: here it is done by hand, in a public network, with a private one beside it."""
    thread, wide = await world.thread(), await world.network_id()
    narrow = await world.network_id(world.other)
    await world.db.pool.execute("UPDATE networks SET visibility = 'private' WHERE id = $1", narrow)
    for forgetful, values in (
        ("INSERT INTO thread_networks (thread_id, network_id) VALUES ($1, $2)", (thread, narrow)),
        ("UPDATE thread_networks SET network_id = $2 WHERE thread_id = $1", (thread, narrow)),
        ("UPDATE networks SET visibility = 'open' WHERE id = $1", (wide,)),
    ):
        with pytest.raises(asyncpg.CheckViolationError, match="never more visible"):
            await world.db.pool.execute(forgetful, *values)
    await networks.describe(world.db, world.lead, world.network, visibility="open")
    with pytest.raises(asyncpg.CheckViolationError, match="never more visible"):
        await world.db.pool.execute("UPDATE threads SET audience = 'public' WHERE id = $1", thread)


async def _done(act: Awaitable[object]) -> None:
    """What is refused is not done; that is for the other act to say."""
    with contextlib.suppress(ForumError):
        await act


async def test_what_is_split_from_what_is_just_being_split_is_narrowed_too(
    world: World, held: Held, again: Held
) -> None:
    thread, other = await world.thread(), await world.thread()
    post = (await posts.reply(world.db, world.ben, thread, "Something else"))["id"]
    below = (await posts.reply(world.db, world.ben, thread, "And that too", parent=post))["id"]
    first = asyncio.create_task(splits.split(held, world.mod, thread, [post], "Something else"))
    await held.done.wait()
    async with world.db.transaction() as tx:
        await tx.connection.execute("SELECT FROM threads WHERE id = $1 FOR UPDATE", other)
        narrowing = asyncio.create_task((await _narrowing(world))(world.db))
        split = (await first)["id"]  # whoever narrows waits for it, and then for the other thread
        second = asyncio.create_task(splits.split(again, world.mod, split, [below], "And that"))
        await again.done.wait()
    async with asyncio.timeout(30):
        await asyncio.gather(narrowing, second)
    assert not await world.db.pool.fetch(TOO_WIDE, world.tag)


async def test_what_is_made_below_what_is_just_being_made_is_narrowed_too(
    world: World, held: Held, again: Held
) -> None:
    await _below(world.db, world, "below", world.network)
    first = asyncio.create_task(_below(held, world, "new", world.network))
    await held.done.wait()
    async with world.db.transaction() as tx:
        await tx.connection.execute("SELECT FROM networks WHERE slug = $1 FOR UPDATE", f"below-{world.tag}")
        narrowing = asyncio.create_task((await _narrowing(world))(world.db))
        await first  # whoever narrows waits for it, and then for the other one below
        second = asyncio.create_task(_below(again, world, "newer", f"new-{world.tag}"))
        await again.done.wait()
    async with asyncio.timeout(30):
        await asyncio.gather(narrowing, second)
    assert not await world.db.pool.fetch(TOO_WIDE, world.tag)


async def test_what_has_come_to_hold_a_thread_meanwhile_is_asked_first(world: World) -> None:
    thread = await world.thread()
    await world.db.pool.execute("UPDATE threads SET audience = 'private' WHERE id = $1", thread)
    hold = "INSERT INTO thread_networks (thread_id, network_id) VALUES ($1, $2)"
    async with world.db.transaction() as tx:
        await tx.connection.execute("SELECT FROM threads WHERE id = $1 FOR UPDATE", thread)
        widening = asyncio.create_task(agreements.ask(world.db, world.lead, thread, "widen", audience="public"))
        async with asyncio.timeout(30):
            while not await tx.connection.fetchval(WAITED_FOR):  # noqa: ASYNC110 - who waits there tells nobody
                await asyncio.sleep(0.01)
        await tx.connection.execute(hold, thread, await world.network_id(world.other))
    with pytest.raises(Conflict):
        await widening
    assert await world.db.pool.fetchval("SELECT audience FROM threads WHERE id = $1", thread) == "private"
