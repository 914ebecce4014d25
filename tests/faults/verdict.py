"""The verdict: what was answered, what was sent and what is shown, each against the database.

- Each write that was answered stands in the database exactly once, as it was answered last; nothing else does.
- Each screen's updates are, channel by channel, the log: in order, without a hole, none twice, up to its head.
- Each screen shows what a fresh page of its ranges shows.
- What came live came in time; writes were refused only while a fault lasted, and were then told when to come back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.faults.follower import HtmlSocket, Poll, Screen, Shown
from tests.faults.wire import Lost
from tests.faults.writer import Noun

if TYPE_CHECKING:
    from tests.faults.run import Run

RECOVERY_S = 5.0
SETTLE_MAX_S = 10.0
DELIVERY_MAX_S = 1.0

Log = Mapping[str, Mapping[int, tuple[str, int]]]


async def judge(run: Run) -> None:
    """Wait until all is quiet, then note every problem and the figures in the run."""
    heads = await _quiet(run)
    await _converge(run, heads)
    await _judge_metrics(run)
    _judge_writes(run)
    await _judge_database(run)
    log = await _log(run, heads)
    for screen in run.screens:
        run.problems += screen.violations
        _judge_sequences(run, screen, log)
        _judge_views(run, screen, log)
        if screen.is_out and not screen.may_go:
            run.problems.append(f"screen {screen.number} was shut out: {screen.gone} {screen.out_code}")
    await _judge_pages(run)
    _judge_delivery(run)
    for check in run.checks:
        check()


async def _quiet(run: Run) -> dict[str, int]:
    """The heads of all channels that are followed, once nothing more is recorded in them."""
    networks = [place.id for place in run.world.places]
    channels = sorted({channel for screen in run.screens for channel in (*screen.stretches, *screen.page.channels)})
    end = time.monotonic() + SETTLE_MAX_S
    while True:
        dirty = await run.stage.db.pool.fetchval(
            "SELECT count(*) FROM (SELECT FROM threads WHERE dirty AND network_id = ANY ($1)"
            " UNION ALL SELECT FROM rooms WHERE dirty AND network_id = ANY ($1)) d",
            networks,
        )
        if not dirty:
            break
        if time.monotonic() > end:
            run.problems.append(f"{dirty} threads and rooms were not announced within {SETTLE_MAX_S:g} s")
            break
        await asyncio.sleep(0.05)
    return await run.heads(channels)


async def _converge(run: Run, heads: Mapping[str, int]) -> None:
    began = time.monotonic()
    waiting: list[Screen] = []
    while time.monotonic() < began + run.allows(SETTLE_MAX_S):
        waiting = [screen for screen in run.screens if not screen.is_out and _behind(screen, heads)]
        if not waiting:
            break
        await asyncio.sleep(0.05)
    run.figures["settled_s"] = round(time.monotonic() - began, 2)
    for screen in waiting[:5]:
        run.problems.append(f"screen {screen.number} never caught up: {_behind(screen, heads) or 'nothing loaded'}")
    if len(waiting) > 5:
        run.problems.append(f"… and {len(waiting) - 5} more screens")


def _behind(screen: Screen, heads: Mapping[str, int]) -> dict[str, tuple[int | None, int]]:
    wanted = {*screen.page.channels, *screen.cursors} - screen.gone.keys()
    return {
        channel: (screen.cursors.get(channel), heads[channel])
        for channel in wanted
        if screen.cursors.get(channel, -1) < heads.get(channel, 0)
    }


async def _judge_metrics(run: Run) -> None:
    """Now that all is quiet nothing is behind, and /metrics tells of as many follows as there are."""
    end = time.monotonic() + run.allows(SETTLE_MAX_S)
    while True:
        told = (await run.site.metrics()).values()
        followers, lag_s = sum(each["followers"] for each in told), max(each["lag_s"] for each in told)
        sockets = sum(len(screen.following) for screen in run.sockets() if not screen.is_out)
        polls = sum(len(screen.cursors) for screen in run.screens if isinstance(screen, Poll) and not screen.is_out)
        # A poll that was answered a moment ago follows nothing until it asks again.
        if sockets <= followers <= sockets + polls and lag_s == 0:
            return
        if time.monotonic() > end:
            break
        await asyncio.sleep(0.1)
    run.problems.append(
        f"metrics tell of {followers:.0f} follows and a lag of {lag_s:.2f} s, where sockets follow {sockets} and polls"
        f" at most {polls}"
    )


def _judge_writes(run: Run) -> None:
    ledger = run.ledger
    run.problems += ledger.wrong[:5]
    if ledger.given_up:
        run.problems.append(f"{ledger.given_up} writes were never answered")
    refused = [at for at, _, _ in ledger.refused]
    run.figures |= {"refused": len(refused), "retried": len(ledger.lost)}
    untold = sum(not told for _, _, told in ledger.refused)
    if untold:
        run.problems.append(f"{untold} refusals did not say when to come back")
    early = [at for at in refused if not any(begin <= at <= end + run.allows(RECOVERY_S) for begin, end in run.faulty)]
    if early:
        run.problems.append(f"{len(early)} writes were refused while nothing was wrong")
    broken = [at for at, meant in ledger.lost if not meant]
    unmeant = [at for at in broken if not any(begin <= at <= end + run.allows(RECOVERY_S) for begin, end in run.faulty)]
    if unmeant:
        run.problems.append(f"{len(unmeant)} requests were lost while nothing was wrong")


async def stored(run: Run) -> Mapping[tuple[Noun, int], Any]:
    """What stands in the database of what was written in the run."""
    threads = [thread for place in run.world.places for thread in place.threads]
    rooms = [place.room for place in run.world.places]
    posts = await run.stage.db.pool.fetch(
        "SELECT id, author_id, body, state, version FROM posts WHERE thread_id = ANY ($1) AND depth > 0", threads
    )
    messages = await run.stage.db.pool.fetch(
        "SELECT id, author_id, body, state, version FROM messages WHERE room_id = ANY ($1)", rooms
    )
    return {("post", row["id"]): row for row in posts} | {("message", row["id"]): row for row in messages}


async def _judge_database(run: Run) -> None:
    there = await stored(run)
    written = run.ledger.written
    run.figures["stored"] = len(there)
    for place in list(written.keys() - there.keys())[:3]:
        run.problems.append(f"{place} was answered, and is not in the database")
    for place in list(there.keys() - written.keys())[:3]:
        run.problems.append(f"{place} is in the database, and no write was answered with it: {there[place]}")
    for place, one in written.items():
        row = there.get(place)
        if row is None:
            continue
        kept = (row["author_id"], row["state"], row["body"])
        answered = (one.author, one.state, one.body if one.state == "shown" else None)
        if kept != answered or (one.version and row["version"] != one.version):
            run.problems.append(f"{place} stands as {kept} {row['version']}; last answered {answered} {one.version}")


async def _log(run: Run, heads: Mapping[str, int]) -> Log:
    rows = await run.stage.db.pool.fetch(
        "SELECT channel, seq, kind, object FROM updates WHERE channel = ANY ($1)", list(heads)
    )
    log: dict[str, dict[int, tuple[str, int]]] = {}
    for row in rows:
        log.setdefault(row["channel"], {})[row["seq"]] = (row["kind"], row["object"])
    return log


def _judge_sequences(run: Run, screen: Screen, log: Log) -> None:
    if screen.resets and not run.resets_expected:
        screen.wrong(f"was reset {screen.resets} times")
        run.problems.append(screen.violations[-1])
    for channel, stretches in screen.stretches.items():
        for stretch in stretches:
            known = {**log.get(channel, {}), **run.kept_logs.get(stretch.log, {}).get(channel, {})}
            for place, (seq, kind, object_id) in enumerate(stretch.updates, stretch.after + 1):
                kept = known.get(seq)
                if seq != place or (kept is not None and kept != (kind, object_id)) or (kept is None and known):
                    run.problems.append(
                        f"screen {screen.number} has {kind} {object_id} as {seq} of {channel}; the log has {kept}"
                    )
                    break


def _judge_views(run: Run, screen: Screen, log: Log) -> None:
    """Whenever a screen was left, it showed everything that was made up to its cursor."""
    if run.kept_logs:
        return  # whose numbers mean something else by now
    screen.note_view()
    made = f"{screen.page.noun}.created"
    for cursor, shown in screen.views:
        for seq, (kind, object_id) in log.get(screen.page.channel, {}).items():
            if kind == made and seq <= cursor and object_id not in shown:
                what = f"does not show {screen.page.noun} {object_id}, made at {seq} of {screen.page.channel}"
                run.problems.append(f"screen {screen.number} at {cursor} {what}")
                return


async def _judge_pages(run: Run) -> None:
    pages = {screen.page: screen for screen in run.screens if not screen.is_out}
    fresh: dict[Any, Shown] = {}
    for page, screen in pages.items():
        whole = type(page)(page.noun, page.path, page.channel, page.network, page.slug)
        if page.newest is not None:
            whole = type(page)(page.noun, _in_order(page.path), page.channel, page.network, page.slug)
        async with run.site.client() as client:
            try:
                fresh[page] = (await whole.load(client, screen.person)).shown
            except Lost as error:
                run.problems.append(f"a fresh page could not be loaded: {error}")
    compared = 0
    for screen in run.screens:
        if screen.is_out or screen.page not in fresh:
            continue
        wanted = {
            key: item
            for key, item in fresh[screen.page].items()
            if screen.range_from is None or item["number"] >= screen.range_from
        }
        compared += 1
        run.problems += _differences(screen, wanted)[:2]
    run.figures["screens"] = compared
    run.figures["loads"] = sum(screen.loads for screen in run.screens)
    run.figures["updates"] = sum(
        len(stretch.updates) for screen in run.screens for each in screen.stretches.values() for stretch in each
    )


def _in_order(path: str) -> str:
    return path + "?order=time"


def _differences(screen: Screen, wanted: Shown) -> list[str]:
    found = []
    for key in sorted(wanted.keys() | screen.shown.keys()):
        shown, right = screen.shown.get(key), wanted.get(key)
        if isinstance(screen, HtmlSocket) and right is not None:
            right = {"version": right["version"], "gap": right.get("state", "shown") != "shown"}
        if shown is not None and right is not None:
            common = shown.keys() & right.keys() - {"unread"}
            shown, right = {name: shown[name] for name in common}, {name: right[name] for name in common}
        if shown != right:
            found.append(
                f"screen {screen.number} ({type(screen).__name__}) shows {key} as {shown}; a fresh page: {right}"
            )
    return found


def delays(run: Run, since_s: float, until_s: float) -> list[float]:
    """Of what was answered in this time: how long after its answer each live screen had it, in seconds."""
    written = run.ledger.written
    return [
        at_s - written[key].acked_at_s
        for screen in run.screens
        for key, at_s, live_at_s in screen.arrivals
        if key in written and max(live_at_s, since_s) < written[key].acked_at_s < until_s
    ]


def _judge_delivery(run: Run) -> None:
    late = sorted(delays(run, 0.0, time.monotonic()))
    if not late:
        return
    p99 = late[int(len(late) * 0.99)]
    run.figures |= {
        "delivery_p50_ms": round(late[len(late) // 2] * 1000, 1),
        "delivery_p99_ms": round(p99 * 1000, 1),
        "delivery_max_ms": round(late[-1] * 1000, 1),
    }
    if late[-1] > run.allows(DELIVERY_MAX_S) + run.held_up_s:
        run.problems.append(f"delivery took {p99:.2f} s for the 99th of 100, and {late[-1]:.2f} s at most")
