"""Acts that touch the same channels in their own ways wait for each other, and never for ever."""

import asyncio

from tests.people import World

ROUNDS = 40


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
