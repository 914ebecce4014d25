"""`python -m bench`: measures, prints a table, and writes bench.json."""

import argparse
import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import fanout, live, pages, site
from bench.fanout import Row

HERE = Path(__file__).parent
FANOUT = ("fanout", "fanout_backlog", "idle_memory")


def main() -> None:
    """Measure what the arguments name."""
    names = ["flush", *pages.PAGES, *live.TARGETS_MS, *FANOUT]
    parser = argparse.ArgumentParser(prog="python -m bench", description="Ratios against references in the same run.")
    parser.add_argument("--quick", action="store_true", help="shorter turns and fewer followers: to see that it works")
    parser.add_argument("--only", metavar="NAME", action="append", choices=names, help=f"one of {', '.join(names)}")
    parser.add_argument("--out", type=Path, default=Path("bench.json"), help="where the rows are written")
    chosen = parser.parse_args()
    console = Console(stderr=True)
    with console.status("Starting") as status:
        rows = list(_rows(chosen.quick, set(chosen.only or names), lambda what: status.update(f"Measuring {what}")))
    # fanout's rows say "note" for what bench.json calls the reason.
    chosen.out.write_text(json.dumps([_as_json(row) for row in rows], indent=2, ensure_ascii=False) + "\n", "utf-8")
    Console().print(_table(rows))


def _rows(quick: bool, wanted: set[str], say: "pages.Say") -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="forum-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # embedded Postgres runs as another account where we are root
        say("flush")
        if "flush" in wanted:
            yield pages.flush(folder)
        if wanted & {*pages.PAGES, *live.TARGETS_MS}:
            subprocess.run(["gcc", "-O2", "-o", str(folder / "get"), str(HERE / "get.c")], check=True)
            say("pages")
            with site.filled(folder / "data") as servers:
                bench = pages.Bench(servers, folder, turns=3, turn_s=1.0 if quick else 5.0, say=say)
                yield from pages.rows(bench, wanted)
                yield from live.rows(bench, wanted)
    if wanted & set(FANOUT):
        say("fan-out")
        measured = fanout.rows(200, 500, 5) if quick else fanout.rows()
        yield from (row for row in measured if row.name in wanted)


def _as_json(row: Row) -> dict[str, object]:
    return {
        "name": row.name, "value": row.value, "unit": row.unit, "reference": row.reference, "ratio": row.ratio,
        "target": row.target, "reached": row.reached, "reason": row.note,
    }  # fmt: skip


def _table(rows: list[Row]) -> Table:
    table = Table("row", "value", "unit", "reference", "ratio", "target", "reached", "remark")
    for row in rows:
        table.add_row(
            row.name, str(row.value), row.unit, _cell(row.reference), _cell(row.ratio), row.target,
            "yes" if row.reached else "no", row.note,
        )  # fmt: skip
    return table


def _cell(value: float | None) -> str:
    return "" if value is None else str(value)


if __name__ == "__main__":
    main()
