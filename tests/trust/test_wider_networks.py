"""A network that is seen by more people than a thread it holds: one of its past, or one that a private network holds.

Who does not belong to it sees nothing of that thread: not in lists, not live.
"""

import json
from collections.abc import AsyncIterator

import httpx
import pytest_asyncio
import websockets
from websockets.typing import Origin, Subprotocol

from forum import agreements, memberships, networks, threads
from forum.db import Database
from forum.standing import Caller
from tests.people import World, make_world
from tests.running import RunningSite
from tests.trust.written import session_of, tell

PAST = "A title of private days"
JOINT = "A title that a private network holds too"
NOW = "A title of public days"
FORMS = ("forum.v1.html", "forum.v1.json")


@pytest_asyncio.fixture
async def world(db: Database) -> World:
    """The network was private, and is public now; the other one, which is private, holds one of its threads."""
    world = await make_world(db)
    await world.thread(title=PAST)
    await networks.describe(db, world.lead, world.network, visibility="public")
    await threads.start(db, world.ana, world.network, NOW, "The opening post")
    joint = await threads.start(db, world.ana, world.network, JOINT, "The opening post")
    await agreements.ask(db, world.lead, int(joint.thread["id"]), "hold_in", slug=world.other)
    await tell(db)
    return world


class Screen:
    """A socket of somebody's that follows the network from its beginning."""

    def __init__(self, socket: websockets.ClientConnection, channel: str) -> None:
        self._socket = socket
        self._channel = channel

    async def until(self, kind: str) -> str:
        """All that came up to a frame of this type, as text."""
        said = []
        while not said or (said[-1]["type"], said[-1].get("channel")) != (kind, self._channel):
            said.append(json.loads(await self._socket.recv()))
        return json.dumps(said)

    async def follow(self) -> str:
        await self._socket.send(json.dumps({"type": "follow", "channel": self._channel, "after": 0}))
        return await self.until("following")


async def _screens(world: World, site: RunningSite, who: Caller | None) -> AsyncIterator[Screen]:
    channel = f"network:{await world.network_id(world.network)}"
    cookie = "; ".join(f"{name}={value}" for name, value in (await session_of(world.db, who)).items())
    for form in FORMS:
        async with websockets.connect(
            site.url.replace("http", "ws") + "/live",
            origin=Origin(site.url),
            subprotocols=[Subprotocol(form)],
            additional_headers={"cookie": cookie} if cookie else {},
        ) as socket:
            yield Screen(socket, channel)


async def _seen(world: World, site: RunningSite, who: Caller | None) -> AsyncIterator[str]:
    """What somebody is told of the network's threads, in each way there is."""
    channel = f"network:{await world.network_id(world.network)}"
    async with httpx.AsyncClient(base_url=site.url, cookies=dict(await session_of(world.db, who))) as client:
        for path in (
            f"/networks/{world.network}",
            f"/api/v1/networks/{world.network}/threads",
            f"/api/v1/channels/{channel}/updates?after=0",
            f"/api/v1/updates?after[{channel}]=0&as=html",
            f"/api/v1/updates?after[{channel}]=0&as=json",
            *([] if who is None else [f"/networks/{world.network}/room"]),
        ):
            answer = await client.get(path)
            assert answer.status_code == 200, path
            yield answer.text
    async for screen in _screens(world, site, who):
        yield await screen.follow()


async def test_who_does_not_belong_sees_nothing_of_a_narrower_thread(world: World, site: RunningSite) -> None:
    async for told in _seen(world, site, world.ben):
        assert PAST in told
        assert JOINT in told
        assert NOW in told
    for outsider in (world.eve, None):
        async for told in _seen(world, site, outsider):
            assert NOW in told
            assert PAST not in told
            assert JOINT not in told
            assert f"Network {world.other}" not in told


async def test_a_title_is_not_kept_for_who_does_not_belong(world: World, site: RunningSite) -> None:
    """A list that was drawn for a member is not shown to others, nor one drawn for others to a member."""
    for who, sees in ((world.ben, True), (world.eve, False), (None, False), (world.ben, True)):
        async with httpx.AsyncClient(base_url=site.url, cookies=dict(await session_of(world.db, who))) as client:
            assert (PAST in (await client.get(f"/networks/{world.network}")).text) == sees


async def test_who_comes_or_leaves_loads_anew(world: World, site: RunningSite) -> None:
    async for screen in _screens(world, site, world.eve):
        assert PAST not in await screen.follow()
        await memberships.set_role(world.db, world.lead, world.network, world.eve.member, "member")
        await screen.until("reset")
        assert PAST in await screen.follow()
        await memberships.leave(world.db, world.eve, world.network)
        await screen.until("reset")
        assert PAST not in await screen.follow()


async def test_a_thread_that_becomes_narrower_leaves_the_screens_of_outsiders(world: World, site: RunningSite) -> None:
    """Another holder turns private: the list of this one is loaded anew."""
    await networks.describe(world.db, world.lead, world.other, visibility="public")
    shared = await threads.start(
        world.db, world.ana, world.network, "Shared", "The opening post", jointly_with=(world.other,)
    )
    assert shared.thread["audience"] == "public"
    async for screen in _screens(world, site, None):
        assert "Shared" in await screen.follow()
        await networks.describe(world.db, world.lead, world.other, visibility="private")
        await screen.until("reset")
        async with httpx.AsyncClient(base_url=site.url) as guest:
            assert "Shared" not in (await guest.get(f"/networks/{world.network}")).text
        break
