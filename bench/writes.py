"""Writes: how many a second, each with its own Idempotency-Key, permission, number, update and read mark.

The reference is one INSERT over HTTP (`raw.py`) with as many connections, in turns, on the same disk. `room_writes` has
200 screens attached; `slow_disk` a Postgres that waits three milliseconds before each flush, and 300 watchers of each
thread; `snapshot_open` compares `reply_writes` with itself.
"""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import asyncpg

from bench import site
from bench.live import cursors
from bench.programs import Programs, Request
from bench.row import Row
from bench.site import BUSY, BUSY_NETWORK, BUSY_THREADS, Bench, Web
from bench.turns import Turns

CLIENTS = 16
SENDERS = 50
SCREENS = 200
THREAD = BUSY_THREADS[0] + 10
SNAPSHOT_THREAD = BUSY_THREADS[0] + 11
SLOW_DISK = "commit_delay = 3000\ncommit_siblings = 0\n"
"""Microseconds before each flush, also where nobody else is committing."""
BODY = '{"body": "Number {i}: has anyone moved the e-referral feed to the new gateway yet? Ours drops one in ten."}'


def slow_disk(programs: Programs, folder: Path, turns: int, turn_s: float) -> Row:
    """`slow_disk`, on servers of its own."""
    with site.filled(folder, SLOW_DISK) as servers:
        servers.fill_busy()
        servers.run("watchers.sql")
        return _row(Bench(servers, programs, turns, turn_s), "slow_disk", _reply(BUSY_THREADS), CLIENTS, at_least=150)


def _reply(threads: tuple[int, int]) -> Request:
    return _post("/api/v1/threads/{r}/posts", threads)


def _post(path: str, across: tuple[int, int] = (1, 1)) -> Request:
    headers = "Authorization: Bearer {c}\r\nIdempotency-Key: %s-{i}" % secrets.token_hex(6)  # noqa: UP031 - braces
    return Request(path, "POST", headers, BODY, across)


def _room_writes(bench: Bench) -> Row:
    post = _post(f"/api/v1/networks/{BUSY}/messages")
    return _row(bench, "room_writes", post, SENDERS, at_least=1000, screens=SCREENS)


def _reply_writes(bench: Bench) -> Row:
    return _row(bench, "reply_writes", _reply((THREAD, THREAD)), CLIENTS, at_least=500)


def _network_writes(bench: Bench) -> Row:
    return _row(bench, "network_writes", _reply(BUSY_THREADS), CLIENTS, at_least=800)


def _row(bench: Bench, name: str, post: Request, connections: int, *, at_least: int, screens: int = 0) -> Row:
    bench.servers.fill_busy()
    bare_post = Request("/write/{r}", "POST", "", post.body, post.across)
    with ExitStack() as stack:
        served = stack.enter_context(site.web(bench.servers))
        bare = stack.enter_context(site.raw(bench.servers))
        if screens:
            room = cursors(bench, [f"room:{BUSY_NETWORK}"])
            followers = stack.enter_context(bench.programs.followers(served.port, room, screens))
            # They listen longer than it takes, in case a turn is slow; nobody waits for them.
            followers.say(f"hold {round(bench.turns * (bench.turn_s * 3 + 10))}")
        forum, raw = Turns(bench, served, post, connections), Turns(bench, bare, bare_post, connections)
        for each in (forum, raw):
            each.warm_up()
        for _ in range(bench.turns):
            forum.take()
            raw.take()
    note = (
        f"{connections} connections, p50 {forum.wait_ms:.0f} ms; {forum.cpu_ms:.2f} ms of server CPU a write, "
        f"the reference {raw.cpu_ms:.2f} ms; {forum.busy}"
    )
    if screens:
        note = f"{screens} screens attached; {note}"
    reason = forum.busy.bound
    if forum.refused:
        reason = f"{forum.refused} of the writes were answered 503; {reason}"
    return Row(
        name, round(forum.per_s), "writes/s", round(raw.per_s), round(forum.per_s / raw.per_s, 2), f"≥ {at_least}/s",
        forum.per_s >= at_least and not forum.refused, note, reason=reason,
    )  # fmt: skip


def _snapshot_open(bench: Bench) -> Row:
    bench.servers.fill_busy()
    with site.web(bench.servers) as served:
        return _around_a_snapshot(bench, served)


def _around_a_snapshot(bench: Bench, served: Web) -> Row:
    before, early, late = (Turns(bench, served, _reply((SNAPSHOT_THREAD, SNAPSHOT_THREAD)), CLIENTS) for _ in range(3))
    open_s = 15 * bench.turn_s
    before.warm_up()
    for _ in range(bench.turns):
        before.take()
    with _snapshot(bench.servers.database_url):
        early.take(open_s - bench.turns * bench.turn_s)
        for _ in range(bench.turns):
            late.take()
    posts = bench.servers.value("SELECT count(*) FROM posts WHERE thread_id = $1", SNAPSHOT_THREAD)
    note = (
        f"the last turns of {open_s:.0f} s with a snapshot open, against before it; at its beginning "
        f"{early.per_s:.0f}/s; the thread has {posts} posts by then; {late.busy}"
    )
    ratio = late.per_s / before.per_s
    return Row(
        "snapshot_open", round(late.per_s), "writes/s", round(before.per_s), round(ratio, 2), "ratio ≥ 0.5",
        ratio >= 0.5, note, reason=late.busy.bound,
    )  # fmt: skip


@contextmanager
def _snapshot(url: str) -> Iterator[None]:
    """A reader that began and does not end."""
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(url))
        runner.run(connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ"))
        runner.run(connection.fetchval("SELECT count(*) FROM updates"))
        yield
        runner.run(connection.close())


ROWS = {
    "room_writes": _room_writes,
    "reply_writes": _reply_writes,
    "network_writes": _network_writes,
    "snapshot_open": _snapshot_open,
}
