"""Out means out: who is shut out hears nothing that is committed afterwards, on every process, with Redis and without.

Each case has screens and long polls of the one who goes and of one who stays, on two processes. The act is done in the
first; at once something is written that only who stays may hear of. Their screens are told `gone` or closed within a
second.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

import httpx
import pytest
import pytest_asyncio

from forum import members, networks, posts, rooms, sanctions, sessions, updates
from forum.access import Caller
from forum.db import Database
from forum.settings import Settings
from tests.people import World, make_world
from tests.running import RunningSite
from tests.trust.screens import PATIENCE_S, Screen, poll, screen_of

WITHIN_S = 1.0
NO_REDIS = "redis://127.0.0.1:9/0"
Sites = tuple[RunningSite, RunningSite]


@pytest_asyncio.fixture(scope="module", params=["redis", "no redis"])
async def sites(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[Sites]:
    """Two processes' worth of the site, whose Redis is there, or away."""
    if request.param == "no redis":
        settings = replace(settings, redis_url=NO_REDIS)
    async with AsyncExitStack() as stack:
        yield (
            await stack.enter_async_context(RunningSite(settings)),
            await stack.enter_async_context(RunningSite(settings)),
        )


@dataclass(frozen=True)
class Case:
    """Who goes, by which act, from which channels; and what the sockets and polls of who goes are told."""

    name: str
    who: str
    act: Callable[[Database, World, Caller], Awaitable[object]]
    channels: str
    close: int | None = None
    poll: int = 200
    visibility: str = "private"


async def _sign_out(db: Database, world: World, caller: Caller) -> None:
    await sessions.sign_out(db, caller)


READS = "thread network room"
CASES = (
    Case("taken out", "ben", lambda db, w, c: networks.remove_member(db, w.lead, w.network, c.member), READS),
    Case("leaves", "ben", lambda db, w, c: networks.leave(db, c, w.network), READS),
    Case(
        "suspended from the network", "ben",
        lambda db, w, c: sanctions.impose(db, w.mod, w.network, c.member, "suspension", until=None, reason="Rude"),
        READS,
    ),
    Case(
        "suspended from the site", "ben", lambda db, w, c: members.suspend(db, w.admin, c.member, "Spam"),
        READS, 4003, 403,
    ),
    Case("signed out", "ben", _sign_out, READS, 4001, 401),
    Case(
        "network made private", "eve", lambda db, w, _: networks.describe(db, w.lead, w.network, visibility="private"),
        READS, visibility="open",
    ),
    Case(
        "moderates no more", "mod", lambda db, w, c: networks.set_role(db, w.lead, w.network, c.member, "member"),
        "moderators",
    ),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_nothing_committed_after_arrives(case: Case, sites: Sites) -> None:
    db = sites[0].app.state.site.db
    world = await make_world(db, visibility=case.visibility)
    thread = await world.thread()
    numbers = {
        "thread": thread, "network": await world.network_id(), "room": await world.room_id(),
        "moderators": await world.network_id(),
    }  # fmt: skip
    channels = {f"{noun}:{numbers[noun]}" for noun in case.channels.split()}
    goes: Caller = getattr(world, case.who)
    token, stays = await sessions.start(db, goes.member), await sessions.start(db, world.lead.member)
    async with db.connection() as connection:
        known = await sessions.who(connection, sessions.credential(cookie=token))
    assert known is not None
    async with AsyncExitStack() as stack:
        theirs = [await stack.enter_async_context(screen_of(site, token, channels)) for site in sites]
        others = [await stack.enter_async_context(screen_of(site, stays, channels)) for site in sites]
        polls = [await stack.enter_async_context(_polling(site, token, channels)) for site in sites]

        await case.act(db, world, known.caller)
        acted_at_s = time.monotonic()
        kind, later = await _write(db, world, thread, case)

        for screen in others:
            await screen.until(lambda screen=screen: later in screen.updates(kind))  # type: ignore[misc]
        for screen in theirs:
            await _cut(screen, channels, case)
            at_s = screen.closed_at_s if case.close else screen.gone_at_s(channels)
            assert at_s - acted_at_s < WITHIN_S
            await screen.settled()
            assert later not in screen.updates(kind)
        for answer, at_s in await asyncio.gather(*polls):
            assert at_s - acted_at_s < WITHIN_S
            # That the channels have gone may be found before the session has, or the other way round.
            assert answer.status_code in {200, case.poll}
            if answer.status_code == 200:
                said = answer.json()
                assert set(said["gone"]) <= channels
                assert said["gone"]
                assert later not in {frame["id"] for frame in said["updates"] if frame["kind"] == kind}
            else:
                assert "updates" not in answer.json()


async def _cut(screen: Screen, channels: set[str], case: Case) -> None:
    await screen.until(lambda: screen.closed is not None if case.close else channels <= screen.of_type("gone"))
    assert screen.closed == case.close


async def _write(db: Database, world: World, thread: int, case: Case) -> tuple[str, int]:
    """Something that who stays hears of: the kind of its update, and its id."""
    if case.channels == "moderators":
        return "request.asked", await networks.ask(db, world.eve, world.network, "Let me in")
    await rooms.say(db, world.ana, world.network, "Nobody outside hears this")
    row = await posts.reply(db, world.ana, thread, "Nobody outside reads this")
    return "post.created", row["id"]


@asynccontextmanager
async def _polling(
    site: RunningSite, token: str, channels: set[str]
) -> AsyncIterator[asyncio.Task[tuple[httpx.Response, float]]]:
    """A long poll from where the channels stand, that waits already."""
    live, db = site.app.state.live, site.app.state.site.db
    async with db.connection() as connection:
        _, cursors = await updates.cursors(connection, sorted(channels))
    waiting = live.hub.gauges()["screens"] + 1
    async with httpx.AsyncClient(base_url=site.url, cookies={"forum": token}, timeout=PATIENCE_S) as client:
        polling = asyncio.create_task(poll(client, cursors))
        async with asyncio.timeout(PATIENCE_S):
            while live.hub.gauges()["screens"] < waiting:  # noqa: ASYNC110  # the hub tells nobody who comes
                await asyncio.sleep(0.01)
        yield polling
        await polling


@pytest.mark.parametrize("out", ["taken out", "suspended from the site"])
async def test_a_post_in_flight_is_refused(out: str, sites: Sites) -> None:
    """Half of it was sent when its author was shut out, on the other process."""
    db = sites[0].app.state.site.db
    world = await make_world(db)
    thread = await world.thread()
    cookie = {"cookie": f"forum={await sessions.start(db, world.ben.member)}", "sec-fetch-site": "same-origin"}
    token = {"authorization": f"Bearer {await sessions.create_token(db, world.ben.member)}"}
    half_way, go_on = asyncio.Semaphore(0), asyncio.Event()

    async def halves(whole: str) -> AsyncIterator[bytes]:
        yield whole[:5].encode()
        half_way.release()
        await go_on.wait()
        yield whole[5:].encode()

    form, data = "application/x-www-form-urlencoded", "application/json"
    async with httpx.AsyncClient(base_url=sites[1].url, timeout=PATIENCE_S) as client:
        writes = [
            asyncio.create_task(client.post(path, content=halves(body), headers={**who, "content-type": kind}))
            for path, body, who, kind in (
                (f"/threads/{thread}/posts", "body=Too+late", cookie, form),
                (f"/networks/{world.network}/messages", "body=Too+late", cookie, form),
                (f"/api/v1/threads/{thread}/posts", '{"body": "Too late"}', token, data),
                (f"/api/v1/networks/{world.network}/messages", '{"body": "Too late"}', token, data),
            )
        ]
        for _ in writes:
            await half_way.acquire()
        case = next(case for case in CASES if case.name == out)
        await case.act(db, world, world.ben)
        go_on.set()
        answers = [write.status_code for write in await asyncio.gather(*writes)]
    assert set(answers) <= {401, 403, 404}
    for table in ("posts", "messages"):
        assert not await db.pool.fetchval(f"SELECT count(*) FROM {table} WHERE author_id = $1", world.ben.member)


async def test_every_way_in_is_shut_at_once(sites: Sites) -> None:
    """Session, second session, token, sign-in: after a suspension from the site none of them leads in, anywhere."""
    db = sites[0].app.state.site.db
    world = await make_world(db)
    doors = [{"cookie": f"forum={await sessions.start(db, world.ben.member)}"} for _ in range(2)]
    doors.append({"authorization": f"Bearer {await sessions.create_token(db, world.ben.member)}"})
    asked = [(site, door) for site in sites for door in doors]
    assert [await _me(site, door) for site, door in asked] == [200] * len(asked)
    await members.suspend(db, world.admin, world.ben.member, "Spam")
    assert [await _me(site, door) for site, door in asked] == [401] * len(asked)


async def _me(site: RunningSite, door: dict[str, str]) -> int:
    async with httpx.AsyncClient(base_url=site.url, headers=door) as client:
        return (await client.get("/api/v1/me")).status_code
