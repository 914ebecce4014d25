"""Pages against the reference: the same bytes, the same database server, the same cores, in turns."""

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

from bench import site
from bench.fanout import Row

Say = Callable[[str], None]
THREAD = 202
CONNECTIONS = 16


@dataclass(frozen=True)
class Page:
    """One page of ours, as whom it is asked for, what of the reference it is held against, and the ratio to reach."""

    path: str
    header: str | None
    kind: str
    at_least: float


@dataclass(frozen=True)
class Bench:
    """What measures: how many turns of which length, the folder of its programs, and whom to tell what is measured."""

    servers: site.Servers
    binaries: Path
    turns: int
    turn_s: float
    say: Say


PAGES = {
    "page_member": Page(f"/threads/{THREAD}?order=tree", "Cookie: forum=session-1", "page", 0.8),
    "page_guest": Page(f"/threads/{THREAD}?order=tree", None, "page", 1.0),
    "page_list": Page("/networks/network-1", "Cookie: forum=session-1", "page", 1.0),
    "page_json": Page(f"/api/v1/threads/{THREAD}/posts?limit=20", "Authorization: Bearer 1", "json", 1.0),
}


def rows(bench: Bench, wanted: Collection[str]) -> Iterator[Row]:
    """Measure each page that is wanted."""
    port = site.free_port()
    with site.web(bench.servers, port):
        for name, page in PAGES.items():
            if name in wanted:
                bench.say(name)
                yield _row(bench, name, page, port)


def _row(bench: Bench, name: str, page: Page, port: int) -> Row:
    path, header, kind, at_least = page.path, page.header, page.kind, page.at_least
    servers, binaries, turn_s = bench.servers, bench.binaries, bench.turn_s
    weight = _weight(port, path, header)
    with ExitStack() as stack:
        bare = site.free_port()
        with site.raw(servers, bare, 0):
            pad = weight - _weight(bare, f"/{kind}/{THREAD}", None)
        stack.enter_context(site.raw(servers, bare, pad))
        ours: list[float] = []
        theirs: list[float] = []
        _rate(binaries, port, path, header, 1.0)
        _rate(binaries, bare, f"/{kind}/{THREAD}", None, 1.0)
        for _ in range(bench.turns):
            ours.append(_rate(binaries, port, path, header, turn_s))
            theirs.append(_rate(binaries, bare, f"/{kind}/{THREAD}", None, turn_s))
        value, reference = statistics.median(ours), statistics.median(theirs)
        note = f"{weight / 1000:.1f} kB, {CONNECTIONS} connections"
        if pad < 0:
            note += f"; the reference weighs {-pad / 1000:.1f} kB more"
    ratio = value / reference
    return Row(name, round(value), "requests/s", round(reference), round(ratio, 2), f"ratio ≥ {at_least}",
               ratio >= at_least, note)  # fmt: skip


def _weight(port: int, path: str, header: str | None) -> int:
    request = Request(f"http://127.0.0.1:{port}{path}")
    if header is not None:
        request.add_header(*header.split(": ", 1))
    with urlopen(request, timeout=20) as answer:
        return len(answer.read())


def _rate(binaries: Path, port: int, path: str, header: str | None, seconds: float) -> float:
    command = [str(binaries / "get"), str(port), path, str(CONNECTIONS), str(seconds)]
    done = subprocess.run([*command, *filter(None, [header])], check=True, stdout=subprocess.PIPE, text=True)
    answers, _, took_s, _ = done.stdout.split()
    return float(answers) / float(took_s)


def flush(folder: Path) -> Row:
    """One fsync of 8 kB on the disk that the database stands on."""
    took_ms = []
    with (folder / "flush").open("wb", buffering=0) as file:
        for _ in range(50):
            file.write(bytes(8192))
            begun = time.perf_counter()
            os.fsync(file.fileno())
            took_ms.append((time.perf_counter() - begun) * 1e3)
    return Row("flush", round(statistics.median(took_ms), 3), "ms", None, None, "none", True, "median of 50")
