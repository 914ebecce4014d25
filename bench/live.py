"""Live: from a request to the last of the screens, log, render and sockets included.

`message_live`, `reply_live`: twenty a second, one request after the other on one connection, none waiting for the
screens of the one before. `removal_live` counts from the answer, `sweep` from the request. `two_processes`: what a
delivery costs the server when one process serves all screens, and when two share them.
"""

import secrets
import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bench import site
from bench.machine import Busy
from bench.programs import Delivered, Followers, request
from bench.row import Row
from bench.site import BUSY, BUSY_NETWORK, BUSY_THREADS, Bench, Web

MEMBERS = 39
"""Members 1 to 39 write; member 40 moderates the busy network."""
MODERATOR = 40
EVERY_MS = 50
SCREENS = 1000
REPLY_SCREENS = 200
REPLY_THREAD = BUSY_THREADS[0] + 1
REMOVAL_THREAD = BUSY_THREADS[0] + 2
SWEPT_THREADS = (BUSY_THREADS[0] + 10, BUSY_THREADS[0] + 29)
SWEPT = 250
MESSAGE = "Number {}: has anyone moved the e-referral feed to the new gateway yet? Ours drops one in ten."


@dataclass(frozen=True)
class Spread:
    """Medians of several turns, in milliseconds, and what one update cost the server's processes."""

    p50_ms: float
    p99_ms: float
    answered_p50_ms: float
    answered_p99_ms: float
    cpu_ms: float
    busy: Busy


def cursors(bench: Bench, channels: Collection[str]) -> dict[str, int]:
    """Where these channels stand."""
    found = bench.servers.fetch("SELECT c, channel_head(c) AS head FROM unnest($1::text[]) c", list(channels))
    return {row["c"]: row["head"] for row in found}


def messages(port: int, slug: str, count: int) -> list[bytes]:
    """Requests that send a message each, of one member after the other."""
    return _posts(port, f"/api/v1/networks/{slug}/messages", count)


def replies(port: int, thread: int, count: int) -> list[bytes]:
    """Requests that reply in a thread each."""
    return _posts(port, f"/api/v1/threads/{thread}/posts", count)


def _posts(port: int, path: str, count: int) -> list[bytes]:
    run = secrets.token_hex(6)
    return [
        request(
            port, "POST", path, token=1 + n % MEMBERS, body={"body": MESSAGE.format(n)}, key=f"{run}-{n}"
        ) for n in range(count)
    ]  # fmt: skip


def _message_live(bench: Bench) -> Row:
    bench.servers.fill_busy()
    count = round(20 * bench.turn_s) * 2
    with (
        site.web(bench.servers) as served,
        bench.programs.followers(served.port, cursors(bench, [_room(BUSY_NETWORK)]), SCREENS) as screens,
    ):
        turns = [messages(served.port, BUSY, count) for _ in range(bench.turns)]
        spread = _turns(bench, served, screens, turns, "message.created")
    reached = spread.p50_ms <= 15 and spread.p99_ms <= 40
    return _row("message_live", spread, f"{SCREENS} screens, {count} messages", "≤ 15 ms p50, 40 ms p99", reached)


def _reply_live(bench: Bench) -> Row:
    bench.servers.fill_busy()
    count = round(20 * bench.turn_s)
    channel = f"thread:{REPLY_THREAD}"
    with (
        site.web(bench.servers) as served,
        bench.programs.followers(served.port, cursors(bench, [channel]), REPLY_SCREENS) as screens,
    ):
        turns = [replies(served.port, REPLY_THREAD, count) for _ in range(bench.turns)]
        spread = _turns(bench, served, screens, turns, "post.created")
    return _row("reply_live", spread, f"{REPLY_SCREENS} screens, {count} replies", "≤ 12 ms p50", spread.p50_ms <= 12)


def _removal_live(bench: Bench) -> Row:
    bench.servers.fill_busy()
    count = round(20 * bench.turn_s)
    channel = f"thread:{REMOVAL_THREAD}"
    with (
        site.web(bench.servers) as served,
        bench.programs.followers(served.port, cursors(bench, [channel]), SCREENS) as screens,
    ):
        screens.write(
            replies(served.port, REMOVAL_THREAD, count * bench.turns), every_ms=EVERY_MS, kind="post.created",
            folder=bench.programs.folder,
        )  # fmt: skip
        posts = bench.servers.fetch(
            "SELECT id FROM posts WHERE thread_id = $1 AND depth > 0 AND state = 'shown' ORDER BY number DESC LIMIT $2",
            REMOVAL_THREAD, count * bench.turns,
        )  # fmt: skip
        removals = [_removal(served.port, row["id"]) for row in posts]
        turns = [removals[count * turn : count * (turn + 1)] for turn in range(bench.turns)]
        spread = _turns(bench, served, screens, turns, "post.removed")
    value = spread.answered_p99_ms
    note = (
        f"p99 from the answer to the last of {SCREENS} screens, {count} removals a turn, 20/s; p50 "
        f"{spread.answered_p50_ms:.1f} ms; from the request p50 {spread.p50_ms:.1f} ms, p99 {spread.p99_ms:.1f} ms; "
        f"{_cost(spread)}"
    )
    return Row(
        "removal_live", round(value, 1), "ms", None, None, "≤ 150 ms p99", value <= 150, note, reason=spread.busy.bound
    )  # fmt: skip


def _sweep(bench: Bench) -> Row:
    """A new spammer in each turn, whose words screens of twenty threads and of the room show."""
    bench.servers.fill_busy()
    took: list[Delivered] = []
    busy = Busy()
    threads = range(SWEPT_THREADS[0], SWEPT_THREADS[1] + 1)
    channels = [*(f"thread:{thread}" for thread in threads), _room(BUSY_NETWORK)]
    with site.web(bench.servers) as served:
        for _ in range(bench.turns):
            spammer = bench.servers.value(bench.servers.sql("spam.sql"), *SWEPT_THREADS)
            body = {"hours": 1, "reason": "Advertising", "note": "Measured"}
            path = f"/api/v1/networks/{BUSY}/members/{spammer}/removals"
            sweep = request(served.port, "POST", path, token=MODERATOR, body=body)
            with bench.programs.followers(served.port, cursors(bench, channels), REPLY_SCREENS) as screens, busy:
                took.append(
                    screens.write([sweep], every_ms=0, kind=".removed", folder=bench.programs.folder, updates=SWEPT)
                )
    value = statistics.median(each.p50_ms for each in took) / 1e3
    note = (
        f"200 posts in {len(threads)} threads and 50 messages, from the request to the last of {REPLY_SCREENS} screens "
        f"that show all of them; longest {max(each.p50_ms for each in took) / 1e3:.2f} s; {busy}"
    )
    return Row("sweep", round(value, 2), "s", None, None, "≤ 3 s", value <= 3, note, reason=busy.bound)


def _removal(port: int, post: int) -> bytes:
    body = {"reason": "Off topic", "note": "Measured"}
    return request(port, "PUT", f"/api/v1/posts/{post}/removal", token=MODERATOR, body=body)


def _room(network: int) -> str:
    return f"room:{network}"


def _turns(bench: Bench, served: Web, screens: Followers, turns: Sequence[Sequence[bytes]], kind: str) -> Spread:
    delivered: list[Delivered] = []
    busy = Busy()
    before_s = served.cpu_s()
    for requests in turns:
        with busy:
            delivered.append(screens.write(requests, every_ms=EVERY_MS, kind=kind, folder=bench.programs.folder))
    return Spread(
        statistics.median(turn.p50_ms for turn in delivered),
        statistics.median(turn.p99_ms for turn in delivered),
        statistics.median(turn.answered_p50_ms for turn in delivered),
        statistics.median(turn.answered_p99_ms for turn in delivered),
        (served.cpu_s() - before_s) * 1e3 / sum(map(len, turns)),
        busy,
    )


def _row(name: str, spread: Spread, taken: str, target: str, reached: bool) -> Row:
    note = f"p50; p99 {spread.p99_ms:.1f} ms; {taken} a turn, 20/s; {_cost(spread)}"
    return Row(name, round(spread.p50_ms, 1), "ms", None, None, target, reached, note, reason=spread.busy.bound)


def _cost(spread: Spread) -> str:
    return f"{spread.cpu_ms:.1f} ms of server CPU each, delivery included; {spread.busy}"


def _two_processes(bench: Bench) -> Row:
    """Both sites stand at once on the server's core, each with the screens of another room, and take turns."""
    bench.servers.fill_busy()
    count = round(20 * bench.turn_s)
    with site.web(bench.servers) as one, site.web(bench.servers, processes=2) as two:
        alone, shared = "network-1", BUSY
        with (
            bench.programs.followers(one.port, cursors(bench, [_room(1)]), SCREENS) as screens_of_one,
            bench.programs.followers(two.port, cursors(bench, [_room(BUSY_NETWORK)]), SCREENS) as screens_of_two,
        ):
            costs: Mapping[str, list[float]] = {alone: [], shared: []}
            for _ in range(bench.turns):
                for served, screens, slug in ((one, screens_of_one, alone), (two, screens_of_two, shared)):
                    before_s = served.cpu_s()
                    screens.write(
                        messages(served.port, slug, count), every_ms=EVERY_MS, kind="message.created",
                        folder=bench.programs.folder,
                    )  # fmt: skip
                    costs[slug].append((served.cpu_s() - before_s) * 1e6 / (count * SCREENS))
    reference, value = statistics.median(costs[alone]), statistics.median(costs[shared])
    ratio = value / reference
    note = f"{SCREENS} screens, {count} messages a turn, 20/s; writing, reading and drawing them included"
    return Row(
        "two_processes", round(value, 2), "µs of CPU a delivery", round(reference, 2), round(ratio, 2),
        "ratio ≤ 1.2", ratio <= 1.2, note,
        reason="each process reads the log and draws the frame for itself, and looks at the heads twice a second",
    )  # fmt: skip


ROWS = {
    "message_live": _message_live,
    "reply_live": _reply_live,
    "removal_live": _removal_live,
    "sweep": _sweep,
    "two_processes": _two_processes,
}
