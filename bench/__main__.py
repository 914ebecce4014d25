"""`python -m bench`: measures, prints a table, and writes bench.json."""

import argparse
import subprocess
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path

import asyncpg
from rich.console import Console

from bench import fanout, growth, live, machine, pages, report, returning, site, writes
from bench.programs import Programs
from bench.row import Row
from bench.site import Bench

# In this order on the same servers: what writes comes after what reads, and growth last.
ON_THE_SITE = {**pages.ROWS, **live.ROWS, **returning.ROWS, **writes.ROWS, **growth.ROWS}
SLOW_DISK = "slow_disk"
NAMES = (*ON_THE_SITE, SLOW_DISK, *fanout.ROWS)
TURNS = 3
FAILURES = (RuntimeError, OSError, subprocess.SubprocessError, asyncpg.PostgresError)

Measure = Callable[[], Row]


def main() -> None:
    """Measure what the arguments name."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Ratios against references in the same run; flush is always measured."
    )
    parser.add_argument("row", nargs="*", help=f"which rows, all without; any of {', '.join(NAMES)}")
    parser.add_argument("--skip", metavar="ROW", action="append", default=[], help="all but this one")
    parser.add_argument("--quick", action="store_true", help="short turns, fewer idle followers: to see that it works")
    parser.add_argument("--turn-s", type=float, default=4.0, help="how long one turn takes, in seconds (4)")
    parser.add_argument("--out", type=Path, default=Path("bench.json"), help="where the rows are written")
    parser.add_argument("--into", type=Path, metavar="PAGE", help="a Markdown page whose table is replaced")
    chosen = parser.parse_args()
    if unknown := {*chosen.row, *chosen.skip} - set(NAMES):
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    wanted = set(chosen.row or NAMES) - set(chosen.skip)
    turn_s, size = (1.0, fanout.SHORT) if chosen.quick else (chosen.turn_s, fanout.Size())
    rows = _measured(wanted, turn_s, size)
    report.write_json(rows, chosen.out)
    if chosen.into:
        report.write_into(rows, chosen.into)
    report.show(rows)


def _measured(wanted: Collection[str], turn_s: float, size: fanout.Size) -> list[Row]:
    """Each row as it comes, with a line of progress; one that fails does not keep the others."""
    progress = Console(stderr=True)
    began = time.monotonic()
    rows: list[Row] = []
    with progress.status("Starting") as status:
        for name, measure in _measures(wanted, turn_s, size):
            status.update(f"Measuring {name}, row {len(rows) + 1} of {len(wanted) + 1}")
            try:
                row = measure()
            except FAILURES as error:
                row = Row.failed(name, error)
            rows.append(row)
            what = row.note if row.value is None else f"{row.value:g} {row.unit}" + _short_of(row)
            progress.print(f"{time.monotonic() - began:4.0f} s  {name}: {what}", highlight=False)
    return rows


def _short_of(row: Row) -> str:
    return "" if row.reached else f", and not {row.target}"


def _measures(wanted: Collection[str], turn_s: float, size: fanout.Size) -> Iterator[tuple[str, Measure]]:
    with tempfile.TemporaryDirectory(prefix="forum-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # embedded Postgres runs as another account where we are root
        programs = Programs(folder)
        yield "flush", lambda: machine.flush(folder)
        on_the_site = [(row, measure) for row, measure in ON_THE_SITE.items() if row in wanted]
        if on_the_site:
            with site.filled(folder / "data") as servers:
                bench = Bench(servers, programs, TURNS, turn_s)
                for row, on_it in on_the_site:
                    yield row, partial(on_it, bench)
        if SLOW_DISK in wanted:
            yield SLOW_DISK, lambda: writes.slow_disk(programs, folder / "slow", TURNS, turn_s)
        for row, alone in fanout.ROWS.items():
            if row in wanted:
                yield row, partial(alone, programs, size)


if __name__ == "__main__":
    main()
