"""What was measured, written down: bench.json, a table for the terminal, and the same in docs/performance.md."""

import json
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import machine
from bench.row import Row

BEGIN, END = "<!-- bench -->", "<!-- end of bench -->"


def write_json(rows: Sequence[Row], path: Path) -> None:
    """All rows, those not reached with their reason."""
    path.write_text(json.dumps([row.as_json() for row in rows], indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def show(rows: Sequence[Row]) -> None:
    """A table, and below it how each row was taken."""
    console = Console()
    table = Table("row", "value", "unit", "reference", "ratio", "target", "reached")
    for row in rows:
        table.add_row(row.name, *_cells(row))
    console.print(table)
    for row in rows:
        console.print(f"[bold]{row.name}[/bold]: {row.note}", highlight=False)


def write_into(rows: Sequence[Row], page: Path) -> None:
    """Put the table between the two marks of a Markdown page. Raises ValueError where they are not in it."""
    text = page.read_text(encoding="utf-8")
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"expected {BEGIN} and {END} in {page}")
    page.write_text(f"{head}{BEGIN}\n{_markdown(rows)}{END}{tail}", encoding="utf-8")


def _markdown(rows: Sequence[Row]) -> str:
    taken = f"Taken on {datetime.now(UTC):%-d %B %Y} on {machine.described()}, with Python {platform.python_version()}."
    lines = [
        taken,
        "",
        "| row | value | unit | reference | ratio | target | reached |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [f"| `{row.name}` | {' | '.join(_cells(row))} |" for row in rows]
    lines += ["", *(f"- `{row.name}`: {row.note}{_reason(row)}." for row in rows)]
    return "\n".join(lines) + "\n"


def _reason(row: Row) -> str:
    return "" if row.reached or not row.reason else f". **Not reached**: {row.reason}"


def _cells(row: Row) -> list[str]:
    return [
        _cell(row.value),
        row.unit,
        _cell(row.reference),
        _cell(row.ratio),
        row.target,
        "yes" if row.reached else "no",
    ]


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
