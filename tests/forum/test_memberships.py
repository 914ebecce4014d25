"""Memberships: what two do at once."""

import asyncio

from forum import memberships
from tests.people import World

WAITED_FOR = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid)"


async def test_who_asks_twice_at_once_has_asked_once(world: World) -> None:
    async with world.db.transaction() as tx:
        first = await memberships.SQL.ask(
            tx.connection, network=await world.network_id(), member=world.eve.member, body="May I?"
        )
        second = asyncio.create_task(memberships.ask(world.db, world.eve, world.network, "May I?"))
        async with asyncio.timeout(30):
            while not await tx.connection.fetchval(WAITED_FOR):  # noqa: ASYNC110 - who waits there tells nobody
                await asyncio.sleep(0.01)
    assert await second == first
