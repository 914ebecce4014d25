"""Out means out: who is shut out hears nothing that is committed afterwards, on every process, with Redis and without.

Two real processes of the site share a database. Each case has screens (of two sessions and of a token) and a long poll
of the one who goes on both of them, and screens of one who stays. The act is asked for in the first process; at once
something is written that only who stays may hear of. Their screens are told `gone` or closed within a second.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from forum import memberships, sessions, updates
from forum.db import Database
from forum.passwords import token_hash
from forum.settings import Settings
from forum.standing import Caller
from tests.people import World, make_world
from tests.trust import processes
from tests.trust.processes import Process
from tests.trust.screens import PATIENCE_S, Screen, poll, screen_of

pytestmark = pytest.mark.long

WITHIN_S = 1.0
Sites = tuple[Process, Process]
WHY = {"reason": "Rude"}
ALONE = ("session", "token")


@pytest.fixture(scope="module", params=["redis", pytest.param("redis has gone", marks=pytest.mark.faults)])
def sites(
    request: pytest.FixtureRequest, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sites]:
    """Two web processes, whose Redis is there, or was killed after they had begun to use it."""
    folder: Path = tmp_path_factory.mktemp("processes")
    with contextlib.ExitStack() as stack:
        valkey = stack.enter_context(processes.own_valkey())
        settings = replace(settings, redis_url=valkey.url)
        one, other = (processes.start(settings, folder, name) for name in ("one", "other"))
        for site in (one, other):
            stack.callback(site.stop)
            site.await_ready()
        if request.param == "redis has gone":
            valkey.end()
        yield one, other


@dataclass(frozen=True)
class Case:
    """Who goes, by which request of whom, from which channels; and what the sockets and polls of who goes are told.

    The names in braces of the path are the network, the ids of who goes and of their token; `asks` is "session" or
    "token" where who goes asks with their own one, which alone ends then.
    """

    name: str
    who: str
    asks: str
    method: str
    path: str
    sent: Mapping[str, Any] = field(default_factory=dict)
    channels: str = "thread network room"
    close: int | None = None
    poll: int = 200
    visibility: str = "private"


CASES = (
    Case("taken out", "ben", "lead", "DELETE", "/networks/{network}/members/{who}"),
    Case("leaves", "ben", "ben", "POST", "/networks/{network}/leave"),
    Case(
        "suspended from the network", "ben", "mod",
        "PUT", "/networks/{network}/members/{who}/sanctions/suspension", WHY,
    ),
    Case(
        "suspended from the site", "ben", "admin", "PUT", "/members/{who}/suspension", WHY, close=4003, poll=403,
    ),
    Case("signed out", "ben", "session", "DELETE", "/session", close=4001, poll=401),
    Case("token ended", "ben", "token", "DELETE", "/me/tokens/{token}", close=4001, poll=401),
    Case(
        "network made private", "eve", "lead", "PATCH", "/networks/{network}", {"visibility": "private"},
        visibility="open",
    ),
    Case(
        "moderates no more", "mod", "lead", "PUT", "/networks/{network}/members/{who}", {"role": "member"},
        channels="moderators",
    ),
)  # fmt: skip


async def _do(case: Case, site: Process, world: World, door: Mapping[str, str]) -> None:
    """Ask the process for the act of the case; `door` is by which who goes came in."""
    goes: Caller = getattr(world, case.who)
    async with world.db.connection() as connection:
        tokens = await sessions.tokens(connection, goes.member)
    path = case.path.format(network=world.network, who=goes.member, token=tokens[0]["id"] if tokens else 0)
    headers = {**door, "sec-fetch-site": "same-origin"}
    if case.asks not in ALONE:
        headers = await _token(world, getattr(world, case.asks))
    async with httpx.AsyncClient(base_url=f"{site.url}/api/v1", headers=headers, timeout=PATIENCE_S) as client:
        answer = await client.request(case.method, path, json=dict(case.sent) or None)
    assert answer.status_code < 300, answer.text


async def _token(world: World, caller: Caller) -> dict[str, str]:
    return {"authorization": f"Bearer {await sessions.create_token(world.db, caller.member)}"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_nothing_committed_after_arrives(case: Case, sites: Sites, db: Database) -> None:
    world = await make_world(db, visibility=case.visibility)
    thread = await world.thread()
    numbers = {
        "thread": thread, "network": await world.network_id(), "room": await world.room_id(),
        "moderators": await world.network_id(),
    }  # fmt: skip
    channels = {f"{noun}:{numbers[noun]}" for noun in case.channels.split()}
    goes: Caller = getattr(world, case.who)
    session, stays = await sessions.start(db, goes.member), await sessions.start(db, world.lead.member)
    token = await _token(world, goes)
    doors: list[Mapping[str, str]] = [token if case.asks == "token" else {"cookie": f"forum={session}"}]
    if case.asks not in ALONE:
        doors += [{"cookie": f"forum={await sessions.start(db, goes.member)}"}, token]
    writer = await _token(world, world.ana)
    async with AsyncExitStack() as stack:
        theirs = [await stack.enter_async_context(screen_of(site, door, channels)) for site in sites for door in doors]
        others = [
            await stack.enter_async_context(screen_of(site, {"cookie": f"forum={stays}"}, channels)) for site in sites
        ]
        polls = [await stack.enter_async_context(_polling(site, db, doors[0], channels)) for site in sites]

        await _do(case, sites[0], world, doors[0])
        acted_at_s = time.monotonic()
        kind, later = await _write(sites[0], world, thread, case, writer)

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


async def _write(site: Process, world: World, thread: int, case: Case, writer: Mapping[str, str]) -> tuple[str, int]:
    """Something that who stays hears of: the kind of its update, and its id."""
    if case.channels == "moderators":
        return "request.asked", await memberships.ask(world.db, world.eve, world.network, "Let me in")
    async with httpx.AsyncClient(base_url=f"{site.url}/api/v1", headers=writer, timeout=PATIENCE_S) as client:
        said = await client.post(f"/networks/{world.network}/messages", json={"body": "Nobody outside hears this"})
        posted = await client.post(f"/threads/{thread}/posts", json={"body": "Nobody outside reads this"})
    assert said.status_code == posted.status_code == 201
    return "post.created", posted.json()["id"]


@asynccontextmanager
async def _polling(
    site: Process, db: Database, door: Mapping[str, str], channels: set[str]
) -> AsyncIterator[asyncio.Task[tuple[httpx.Response, float]]]:
    """A long poll from where the channels stand, that waits already."""
    async with db.connection() as connection:
        _, cursors = await updates.cursors(connection, sorted(channels))
    async with httpx.AsyncClient(base_url=site.url, headers=door, timeout=PATIENCE_S) as client:
        waiting = await _screens(client) + 1
        polling = asyncio.create_task(poll(client, cursors))
        async with asyncio.timeout(PATIENCE_S):
            while await _screens(client) < waiting:  # noqa: ASYNC110  # the process tells nobody who comes
                await asyncio.sleep(0.02)
        yield polling
        await polling


async def _screens(client: httpx.AsyncClient) -> int:
    """How many screens and polls the process serves."""
    lines = (await client.get("/metrics")).text.splitlines()
    return int(float(next(line.rpartition(" ")[2] for line in lines if line.startswith("forum_screens"))))


SHUT_OUT = ("taken out", "suspended from the network", "suspended from the site")


@pytest.mark.parametrize("out", SHUT_OUT)
async def test_a_post_in_flight_is_refused(out: str, sites: Sites, db: Database) -> None:
    """Half of it was sent when its author was shut out, on the other process: a form of a page, and with a token."""
    world = await make_world(db)
    thread = await world.thread()
    session = await sessions.start(db, world.ben.member)
    cookie = {"cookie": f"forum={session}", "sec-fetch-site": "same-origin"}
    token = await _token(world, world.ben)
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
                (f"/networks/{world.network}/threads", "title=Too+late&body=Too+late", cookie, form),
                (f"/api/v1/threads/{thread}/posts", '{"body": "Too late"}', token, data),
                (f"/api/v1/networks/{world.network}/messages", '{"body": "Too late"}', token, data),
            )
        ]
        for _ in writes:
            await half_way.acquire()
        await _do(next(case for case in CASES if case.name == out), sites[0], world, cookie)
        go_on.set()
        answers = [write.status_code for write in await asyncio.gather(*writes)]
    assert set(answers) <= {401, 403, 404}
    for table in ("posts", "messages"):
        assert not await db.pool.fetchval(f"SELECT count(*) FROM {table} WHERE author_id = $1", world.ben.member)


async def test_every_way_in_is_shut_at_once(sites: Sites, db: Database) -> None:
    """Session, second session, token, sign-in: after a suspension from the site none of them leads in, anywhere."""
    world = await make_world(db)
    session = await sessions.start(db, world.ben.member)
    doors: list[Mapping[str, str]] = [
        {"cookie": f"forum={session}"},
        {"cookie": f"forum={await sessions.start(db, world.ben.member)}"},
        await _token(world, world.ben),
    ]
    asked = [(site, door) for site in sites for door in doors]
    assert [await _me(site, door) for site, door in asked] == [200] * len(asked)
    await _do(next(case for case in CASES if case.close == 4003), sites[0], world, doors[0])
    assert [await _me(site, door) for site, door in asked] == [401] * len(asked)


async def test_who_comes_back_suspended_is_told_so(sites: Sites, db: Database) -> None:
    """A new socket and a new poll, by each door that the suspension shut: and nothing to who shows one shut before."""
    world = await make_world(db)
    ben = world.ben.member
    session, token = await sessions.start(db, ben), await _token(world, world.ben)
    over, ended = await sessions.start(db, ben), await _token(world, world.ben)
    await db.pool.execute("UPDATE sessions SET ended_at = now() WHERE token_hash = $1", token_hash(over))
    async with db.connection() as connection:
        newest = (await sessions.tokens(connection, ben))[0]
    await sessions.end_token(db, ben, newest["id"])
    await _do(next(case for case in CASES if case.close == 4003), sites[0], world, token)
    told: list[tuple[Mapping[str, str], int, int]] = [
        ({"cookie": f"forum={session}"}, 4003, 403),
        (token, 4003, 403),
        ({"cookie": f"forum={over}"}, 4001, 401),
        (ended, 4001, 401),
        ({"authorization": "Bearer never-was"}, 4001, 401),
    ]
    for site in sites:
        for door, close, status in told:
            async with screen_of(site, door, ()) as screen:
                await screen.until(lambda screen=screen: screen.closed is not None)  # type: ignore[misc]
            assert screen.closed == close
            async with httpx.AsyncClient(base_url=site.url, headers=door, timeout=PATIENCE_S) as client:
                answer, _ = await poll(client, {f"network:{await world.network_id()}": 0})
            assert answer.status_code == status
            assert str(ben) not in answer.text


async def _me(site: Process, door: Mapping[str, str]) -> int:
    async with httpx.AsyncClient(base_url=site.url, headers=door) as client:
        return (await client.get("/api/v1/me")).status_code
