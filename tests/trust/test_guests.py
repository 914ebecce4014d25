"""What guests are told of a public network while it lives: its threads, and nothing of who belongs or is here."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest_asyncio
import websockets
from websockets.typing import Origin, Subprotocol

from forum import members, memberships, posts, rooms, threads
from forum.db import Database
from forum.standing import Caller
from forum.views import without_profiles
from tests.running import RunningSite
from tests.trust.house import House
from tests.trust.written import tell

NAME = "Somebody Belongs"


@pytest_asyncio.fixture(scope="module")
async def lived(db: Database, site: RunningSite) -> AsyncIterator[tuple[House, int, int]]:
    """A house in whose public network somebody joins, speaks in the room, and takes another title; and ana writes."""
    house = await House.build(db)
    world = house.world
    person = int((await members.add(db, f"belongs-{world.tag}@example.org", NAME))["id"])
    await memberships.set_role(db, world.lead, house.public, person, "member")
    started = await threads.start(db, world.ana, house.public, "Open to all", "The opening post")
    await posts.reply(db, world.ana, started.thread["id"], "A public reply")
    await rooms.say(db, Caller(person), house.public, "Words in the room")
    await members.edit_profile(db, Caller(person), title="A telling title", organisation="", region="")
    await tell(db)
    yield house, person, int(started.thread["id"])


async def _heard(site: RunningSite, form: str, channel: str, token: str | None) -> list[dict[str, Any]]:
    headers = {} if token is None else {"cookie": f"forum={token}"}
    async with websockets.connect(
        site.url.replace("http", "ws") + "/live",
        origin=Origin(site.url),
        subprotocols=[Subprotocol(form)],
        additional_headers=headers,
    ) as screen:
        await screen.send(json.dumps({"type": "follow", "channel": channel, "after": 0}))
        heard: list[dict[str, Any]] = []
        while not heard or (heard[-1]["type"], heard[-1].get("channel")) != ("following", channel):
            heard.append(json.loads(await screen.recv()))
    return [frame for frame in heard if frame["type"] == "update" and frame["channel"] == channel]


async def _ways(site: RunningSite, channel: str) -> AsyncIterator[list[dict[str, Any]]]:
    """What a guest hears of a channel from its beginning, in each way there is."""
    for form in ("forum.v1.html", "forum.v1.json"):
        yield await _heard(site, form, channel, None)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=site.app), base_url=site.url) as guest:
        for words in ("html", "json"):
            polled = await guest.get("/api/v1/updates", params={f"after[{channel}]": 0, "as": words})
            yield polled.json()["updates"]
        caught_up = await guest.get(f"/api/v1/channels/{channel}/updates", params={"after": 0})
        yield caught_up.json()["items"]


async def test_no_update_leads_a_guest_to_a_profile(lived: tuple[House, int, int], site: RunningSite) -> None:
    house, _, thread = lived
    profile = f'href=\\"/members/{house.world.ana.member}\\"'
    channel = f"thread:{thread}"
    assert profile in json.dumps(await _heard(site, "forum.v1.html", channel, await house.session("ana")))
    async for heard in _ways(site, channel):
        assert "A public reply" in json.dumps(heard)
        assert profile not in json.dumps(heard)


async def test_guests_are_not_told_who_belongs(lived: tuple[House, int, int], site: RunningSite) -> None:
    house, person, _ = lived
    channel = await house.fill("network:{open_id}")
    member = await _heard(site, "forum.v1.html", channel, await house.session("ana"))
    assert {"membership.joined", "room.touched", "member.changed"} <= {frame["kind"] for frame in member}
    assert NAME in json.dumps(member)
    async for heard in _ways(site, channel):
        assert [frame["seq"] for frame in heard] == list(range(1, len(member) + 1))
        for frame in heard:
            noun = frame["kind"].partition(".")[0]
            assert noun in {"thread", "network", "member", "hidden"}
            if noun == "hidden":
                assert frame.keys() <= {"type", "channel", "seq", "kind", "id", "at"}
                assert frame["id"] == 0
            if noun == "member":
                assert frame.keys() <= {"type", "channel", "seq", "kind", "id", "at"}
        said = json.dumps(heard)
        assert "Open to all" in said
        for word in (NAME, "telling title", "Words in the room", f"/members/{person}"):
            assert word not in said


async def test_guests_are_told_of_posts_as_members_are(lived: tuple[House, int, int], site: RunningSite) -> None:
    house, _, thread = lived
    channel = f"thread:{thread}"
    for form in ("forum.v1.html", "forum.v1.json"):
        member = await _heard(site, form, channel, await house.session("ana"))
        shown = [{**each, "html": without_profiles(each["html"])} if "html" in each else each for each in member]
        assert await _heard(site, form, channel, None) == shown
        assert "A public reply" in json.dumps(member)
