"""`growth`: what a reader and a writer wait for, at eleven thousand posts and at a million.

One connection asks for the same four things before and after; the rows that are added stand in the same networks.
"""

import statistics
from collections.abc import Mapping

from bench import site
from bench.programs import Request
from bench.row import Row
from bench.site import BUSY, THREAD, Bench

AT_MOST = 1.3
ACTS = {
    "thread page": Request(f"/threads/{THREAD}?order=tree", headers="Cookie: forum=session-1"),
    "list": Request(f"/networks/{BUSY}", headers="Cookie: forum=session-1"),
    "search": Request("/search?q=term123", headers="Cookie: forum=session-1"),
    "post": Request(
        "/api/v1/threads/{r}/posts", "POST", "Authorization: Bearer 1", '{"body": "Number {i} of the bench"}', (1, 50)
    ),
}
"""One post in five hundred has the word that is searched for; the list is one that is full before, too."""


def _growth(bench: Bench) -> Row:
    """It must be the last on its servers: they are a hundred times bigger afterwards."""
    bench.servers.fill_busy()
    few, before_ms = _waits_ms(bench)
    bench.servers.run("growth.sql")
    bench.servers.fetch("VACUUM ANALYZE")
    many, after_ms = _waits_ms(bench)
    ratios = {act: after_ms[act] / before_ms[act] for act in ACTS}
    worst = max(ratios, key=lambda act: ratios[act])
    each = "; ".join(f"{act} {before_ms[act]:.1f} → {after_ms[act]:.1f} ms" for act in ACTS)
    slower = ", ".join(act for act in ACTS if ratios[act] > AT_MOST)
    return Row(
        "growth", round(after_ms[worst], 2), f"ms ({worst})", round(before_ms[worst], 2), round(ratios[worst], 2),
        f"ratio ≤ {AT_MOST}", not slower, f"{few:,} → {many:,} posts, medians on one connection: {each}",
        reason=f"slower than {AT_MOST} times: {slower}",
    )  # fmt: skip


def _waits_ms(bench: Bench) -> tuple[int, Mapping[str, float]]:
    """How many posts there are, and how long each act takes: medians of the turns' medians."""
    posts = bench.servers.value("SELECT count(*) FROM posts")
    seconds = bench.turn_s / 2
    with site.web(bench.servers) as served:
        for request in ACTS.values():
            bench.programs.ask(served.port, request, connections=1, seconds=1.0)
        waits: dict[str, list[float]] = {act: [] for act in ACTS}
        for _ in range(bench.turns):
            for act, request in ACTS.items():
                answers = bench.programs.ask(served.port, request, connections=1, seconds=seconds)
                waits[act].append(answers.p50_ms)
    return posts, {act: statistics.median(each) for act, each in waits.items()}


ROWS = {"growth": _growth}
