"""`python -m tests.faults`: the whole table at full size, with what was measured; ends with 1 where it went wrong."""

import argparse
import gc
import secrets
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import uvloop
from rich.console import Console

from tests.faults.faults import FAULTS, Fault
from tests.faults.run import FULL, Run
from tests.faults.stage import stage

MIN_WRITES = 300


def main() -> None:
    """Carry out what the arguments name."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description="Maltreats a site of its own, and checks that nothing is lost.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="faults:\n" + "\n".join(f"  {name}: {_first_line(fault)}" for name, fault in FAULTS.items()),
    )
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="the same seed draws the same lots")
    parser.add_argument("--writes", type=int, default=20_000, help="in all runs together (20000)")
    parser.add_argument("--followers", type=int, default=FULL.followers, help=f"screens in each run ({FULL.followers})")
    parser.add_argument("--per-s", type=float, default=FULL.per_s, help=f"writes begun in a second ({FULL.per_s:g})")
    parser.add_argument("--processes", type=int, default=2, help="web processes (2)")
    parser.add_argument("--patience", type=float, default=1.0, help="how many times the promised time is allowed (1)")
    parser.add_argument("--fault", metavar="NAME", action="append", choices=FAULTS, help="one of them; may be repeated")
    chosen = parser.parse_args()
    sys.exit(uvloop.run(_carry_out(chosen)))


def _first_line(fault: Fault) -> str:
    return (fault.__doc__ or "").strip().splitlines()[0]


async def _carry_out(chosen: argparse.Namespace) -> int:
    console = Console(highlight=False, soft_wrap=True)
    names = chosen.fault or list(FAULTS)
    size = replace(
        FULL, writes=max(MIN_WRITES, -(-chosen.writes // len(names))), followers=chosen.followers, per_s=chosen.per_s,
        patience=chosen.patience,
    )  # fmt: skip
    wrong = answered = 0
    console.print(f"seed {chosen.seed}: {len(names)} runs of {size.writes} writes and {size.followers} screens")
    with tempfile.TemporaryDirectory(prefix="forum-faults-") as folder, console.status("Starting") as status:
        async with stage(Path(folder)) as opened, opened.site(processes=chosen.processes) as site:
            for number, name in enumerate(names):
                run = Run(opened, site, chosen.seed + number, size)
                run.say = lambda what, name=name: status.update(f"{name}: {what}")  # type: ignore[misc]
                began = time.monotonic()
                # Between the runs and not within: what looks through all that was heard would hold up who listens.
                gc.collect()
                gc.disable()
                await run.go(FAULTS[name])
                answered += run.ledger.answered
                wrong += bool(run.problems)
                verdict = "[red]wrong[/red]" if run.problems else "ok"
                figures = ", ".join(f"{figure} {value}" for figure, value in run.figures.items())
                console.print(f"{verdict} {name}, seed {run.seed}, {time.monotonic() - began:.0f} s: {figures}")
                for problem in run.problems[:10]:
                    console.print(f"    {problem}", markup=False)
    console.print(f"{answered} writes were answered; {wrong} of {len(names)} runs went wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    main()
