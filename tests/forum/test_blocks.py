"""Who is blocked is not heard of, and learns nothing of it."""

import pytest

from forum import announcements, blocks, networks, notifications, posts, rooms, threads
from forum.db import Database
from forum.errors import Invalid, NotFound
from tests.people import World


async def _told(db: Database, member: int) -> int:
    found: int = await db.pool.fetchval(
        "SELECT count(*) FROM notifications WHERE member_id = $1 AND kind <> 'role'", member
    )
    return found


@pytest.mark.parametrize("blocked", [False, True])
async def test_nothing_is_told_of_who_is_blocked(db: Database, world: World, blocked: bool) -> None:
    thread = await world.thread()
    said = await rooms.say(db, world.ana, world.network, "Hello")
    if blocked:
        await blocks.block(db, world.ana, world.ben.member)
    name = world.names[world.ana.member]
    post = await posts.reply(db, world.ben, thread, f"A reply that mentions @{name}")
    await posts.edit(db, world.ben, post["id"], f"A reply that mentions @{name} again")
    await rooms.say(db, world.ben, world.network, f"@{name}", reply_to=said["id"])
    await threads.start(db, world.ben, world.network, "A thread", f"@{name}")
    await announcements.announce_threads(db)
    assert bool(await _told(db, world.ana.member)) is not blocked
    await posts.reply(db, world.mod, thread, "Of others one hears")
    assert await _told(db, world.ana.member)
    assert not await _told(db, world.ben.member)


async def test_what_waits_of_who_is_blocked_counts_no_more(db: Database, world: World) -> None:
    """Their mention in the room, and what one was told of them before."""
    thread = await world.thread()
    name, network = world.names[world.ana.member], await world.network_id()
    await posts.reply(db, world.ben, thread, f"@{name}")
    for who in (world.ben, world.mod):
        await rooms.say(db, who, world.network, f"Ask @{name}")
    async with db.connection() as connection:
        told = await notifications.unread(connection, world.ana.member)
        assert (await networks.unread(connection, world.ana.member, [network]))[network].mentions == 2
    await blocks.block(db, world.ana, world.ben.member)
    async with db.connection() as connection:
        assert (await networks.unread(connection, world.ana.member, [network]))[network].mentions == 1
        assert await notifications.unread(connection, world.ana.member) == told - 2


async def test_blocking_and_reading_again(db: Database, world: World) -> None:
    for _ in range(2):
        await blocks.block(db, world.ana, world.ben.member)
    async with db.connection() as connection:
        assert [row["id"] for row in await blocks.listed(connection, world.ana)] == [world.ben.member]
        assert not await blocks.listed(connection, world.ben)
    for _ in range(2):
        await blocks.unblock(db, world.ana, world.ben.member)
    async with db.connection() as connection:
        assert not await blocks.listed(connection, world.ana)
    with pytest.raises(Invalid):
        await blocks.block(db, world.ana, world.ana.member)
    with pytest.raises(NotFound):
        await blocks.block(db, world.ana, 2**40)
