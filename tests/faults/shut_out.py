"""Members who are shut out in the middle of a burst: nothing that is committed afterwards reaches their screens, and
those are told so, or cut, within a second, on every process.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable

from forum import members
from forum.standing import Caller
from tests.faults.follower import Poll, Screen, Socket
from tests.faults.run import Run
from tests.faults.stage import comes_true
from tests.faults.wire import Answer

WITHIN_S = 1.0
Act = Callable[[], Awaitable[object]]


async def shut_out(run: Run) -> None:
    """Removed from a network, suspended from the site, signed out; and the network that strangers read made private."""
    gone = await run.metric("gone_total")
    closed, opened = run.world.places
    with_cookie = next(s.person for s in run.sockets() if s.uses_cookie and s.person in run.world.readers)
    removed, suspended = [person for person in run.world.readers if person is not with_cookie][:2]
    signed_out = with_cookie

    async def remove() -> None:
        async with run.client(run.world.lead) as client:
            path = f"/api/v1/networks/{closed.slug}/members/{removed.id}"
            _require(await client.ask("DELETE", path), 204)

    async def suspend() -> None:
        await members.suspend(run.stage.db, Caller(run.world.admin.id, administrator=True), suspended.id, "Spam")

    async def sign_out() -> None:
        async with run.site.client(cookie=f"forum={signed_out.cookie}") as client:
            headers = {"sec-fetch-site": "same-origin"}
            _require(await client.ask("DELETE", "/api/v1/session", headers=headers), 204)

    async def make_private() -> None:
        async with run.client(run.world.lead) as client:
            path = f"/api/v1/networks/{opened.slug}"
            _require(await client.ask("PATCH", path, {"visibility": "private"}), 200)

    theirs = {
        "removed": (remove, _of(run, removed.id, closed.id)),
        "suspended": (suspend, _of(run, suspended.id)),
        "signed out": (sign_out, [s for s in _of(run, signed_out.id) if isinstance(s, Socket) and s.uses_cookie]),
        "made private": (make_private, _of_strangers(run)),
    }
    for name, (act, screens) in theirs.items():
        run.expect(bool(screens), f"there are screens to be shut out: {name}")
        await _judge(run, name, act, screens)
    run.expect(await run.metric("gone_total") > gone, "metrics tell of who was shut out")


async def shut_out_without_bell(run: Run) -> None:
    """The same while Valkey is away."""
    run.stage.bell.stop()
    try:
        await asyncio.sleep(0.5)
        await shut_out(run)
    finally:
        await run.stage.bell.start()


def _require(answer: Answer, status: int) -> None:
    assert answer.status == status, f"expected {status}: {answer.status} {answer.body[:300]!r}"


def _of(run: Run, member: int, network: int | None = None) -> list[Screen]:
    return [s for s in run.screens if s.person.id == member and network in {None, s.page.network}]


def _of_strangers(run: Run) -> list[Screen]:
    strangers = {person.id for person in run.world.strangers}
    return [screen for screen in run.screens if screen.person.id in strangers]


async def _judge(run: Run, name: str, act: Act, screens: Iterable[Screen]) -> None:
    screens = list(screens)
    within_s = run.allows(WITHIN_S)
    for screen in screens:
        screen.may_go = True
    await act()
    acted_at_s = time.monotonic()
    connected = [screen for screen in screens if screen.is_connected and not screen.is_out]
    heads = await run.heads({channel for screen in screens for channel in screen.stretches})
    cut = await comes_true(lambda: all(screen.is_out or not screen.is_connected for screen in connected), within_s)
    at_s = [screen.ended_at_s - acted_at_s for screen in connected if screen.is_out]
    run.figures[f"{name} ms"] = round(max(at_s, default=0) * 1000)
    run.expect(cut, f"{name}: all of {len(connected)} screens are told within {within_s:g} s")
    run.later(lambda: _hear_no_more(run, name, screens, heads))


def _hear_no_more(run: Run, name: str, screens: Iterable[Screen], heads: dict[str, int]) -> None:
    """At the end of the run: nothing came that was committed after the act."""
    for screen in screens:
        kind = "poll" if isinstance(screen, Poll) else "socket"
        run.expect(screen.is_out, f"{name}: screen {screen.number} ({kind}) is out at the end")
        for channel, stretches in screen.stretches.items():
            last = max((seq for stretch in stretches for seq, _, _ in stretch.updates), default=0)
            if channel in screen.lost_channels:
                head = heads[channel]
                run.expect(
                    last <= head, f"{name}: screen {screen.number} ({kind}) ends {channel} at {head}, not {last}"
                )
