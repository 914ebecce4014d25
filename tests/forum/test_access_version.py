"""The access version of a thread's channel differs after every change of its holders, one for another included."""

from forum import memberships, threads
from tests.people import World


async def _version(world: World, thread: int) -> int:
    found = await world.db.pool.fetchval("SELECT access_version_of($1)", f"thread:{thread}")
    return int(found)


async def test_one_holder_for_another_is_a_change(world: World) -> None:
    thread = await world.thread()
    before = await _version(world, thread)
    old, new = await world.network_id(), await world.network_id(world.other)
    # The sum of all versions stays what it was: that must not be taken for the same access.
    await world.db.pool.execute(
        "UPDATE channels SET access_version = (SELECT access_version FROM channels WHERE name = $2) WHERE name = $1",
        f"network:{new}",
        f"network:{old}",
    )
    await world.db.pool.execute("UPDATE thread_networks SET network_id = $2 WHERE thread_id = $1", thread, new)
    assert await _version(world, thread) != before


async def test_joining_checks_a_threads_followers_again(world: World) -> None:
    thread = await world.thread()
    before = await _version(world, thread)
    await memberships.set_role(world.db, world.lead, world.network, world.eve.member, "observer")
    after = await _version(world, thread)
    await threads.lock(world.db, world.mod, thread, locked=True)
    assert before != after == await _version(world, thread)
