"""`return`: a thousand screens of eight channels come back at once, each fifty updates behind.

They left, the updates were written, and now all connect, are identified, checked and caught up in one rush, as after a
network outage; somebody else reads a thread page meanwhile, and waits no longer than a quarter of a second.
"""

import statistics

from bench import site
from bench.live import cursors
from bench.machine import Busy
from bench.programs import Request
from bench.row import Row
from bench.site import BUSY_NETWORK, BUSY_THREADS, THREAD, Bench, Web

SCREENS = 1000
FIRST = BUSY_THREADS[0] + 20
BEHIND = {
    "network:1": 6, "network:2": 6, f"network:{BUSY_NETWORK}": 6, f"thread:{FIRST}": 7, f"thread:{FIRST + 1}": 7,
    f"thread:{FIRST + 2}": 6, "room:1": 6, f"room:{BUSY_NETWORK}": 6,
}  # fmt: skip
"""Fifty in all."""
READERS = 4
READER_PAUSE_MS = 20
RECORD = """SELECT record_updates(
    array_fill($1::text, ARRAY[$2::int]), array_fill('{kind}'::text, ARRAY[$2]), ARRAY({objects} LIMIT $2))"""
KINDS = {"network": "thread.touched", "thread": "post.edited", "room": "message.edited"}
OBJECTS = {
    "network": "SELECT thread_id FROM thread_networks WHERE network_id = $3 ORDER BY thread_id",
    "thread": "SELECT id FROM posts WHERE thread_id = $3 ORDER BY number",
    "room": "SELECT id FROM messages WHERE room_id = $3 ORDER BY number",
}
FILL = (
    """INSERT INTO posts (thread_id, network_id, author_id, parent_id, number, depth, path, body, html)
    SELECT p.thread_id, p.network_id, 1 + n % 40, p.id, n, 1, p.path || int4send(n), p.body, p.html
    FROM posts p, generate_series(2, 8) n
    WHERE p.thread_id = ANY ($1) AND p.number = 1 AND NOT EXISTS (SELECT FROM posts q WHERE q.parent_id = p.id)""",
    """INSERT INTO messages (room_id, author_id, number, body, html)
    SELECT r.id, 1 + n % 40, n, 'words of a message', '<p>words of a message</p>' FROM rooms r, generate_series(1, 8) n
    WHERE r.id = ANY ($1) AND NOT EXISTS (SELECT FROM messages m WHERE m.room_id = r.id)""",
)
"""What is told of, where nobody has written yet."""


def _objects(noun: str) -> list[tuple[str, int]]:
    named = [(channel, channel.partition(":")) for channel in BEHIND]
    return [(channel, int(number)) for channel, (kind, _, number) in named if kind == noun]


def _return(bench: Bench) -> Row:
    bench.servers.fill_busy()
    for fill, noun in zip(FILL, ("thread", "room"), strict=True):
        bench.servers.fetch(fill, [number for _, number in _objects(noun)])
    with site.web(bench.servers) as served:
        return _row(bench, served)


def _row(bench: Bench, served: Web) -> Row:
    port = served.port
    page = Request(f"/threads/{THREAD}?order=tree", headers="Cookie: forum=session-2")
    took_s: list[float] = []
    medians_s: list[float] = []
    waits_ms: list[float] = []
    closed_on: list[int] = []
    cpu_s = 0.0
    refused = 0
    busy = Busy()
    bench.programs.ask(port, page, connections=READERS, seconds=0.5)  # what is asked for first is not kept yet
    with bench.programs.asking(port, page, connections=READERS, pause_ms=READER_PAUSE_MS) as quiet:
        bench.programs.ask(port, page, connections=1, seconds=1.0)
    for _ in range(bench.turns):
        with bench.programs.followers(port, cursors(bench, BEHIND), SCREENS) as screens:
            screens.leave()
            for noun, kind in KINDS.items():
                sql = RECORD.format(kind=kind, objects=OBJECTS[noun])
                for channel, number in _objects(noun):
                    bench.servers.fetch(sql, channel, BEHIND[channel], number)
            before_s = served.cpu_s()
            with (
                busy,
                bench.programs.asking(port, page, connections=READERS, pause_ms=READER_PAUSE_MS) as answers,
            ):
                last_s, median_s, closed = screens.come_back(sum(BEHIND.values()))
            cpu_s += served.cpu_s() - before_s
        took_s.append(last_s)
        medians_s.append(median_s)
        closed_on.append(closed)
        waits_ms.append(answers[0].p99_ms)
        refused += answers[0].refused
    value, wait_ms = statistics.median(took_s), statistics.median(waits_ms)
    note = (
        f"{SCREENS} screens, {len(BEHIND)} channels and their own, {sum(BEHIND.values())} updates each; the median "
        f"screen {statistics.median(medians_s):.2f} s; {statistics.median(closed_on):.0f} were closed on and came "
        f"again; a thread page meanwhile: p99 {wait_ms:.0f} ms, {refused} refused "
        f"(at rest {quiet[0].p99_ms:.0f} ms); {cpu_s / bench.turns:.1f} s of server CPU a turn, the pages' too; {busy}"
    )
    return Row(
        "return", round(value, 2), "s", None, None, "≤ 3 s; other requests ≤ 250 ms p99",
        value <= 3 and wait_ms <= 250 and not refused, note, reason=busy.bound,
    )  # fmt: skip


ROWS = {"return": _return}
