"""Faults of web processes: one is killed; all are replaced, one after the other."""

import asyncio
import os
import signal
import time

from tests.faults.follower import Socket
from tests.faults.run import Run
from tests.faults.stage import comes_true, until

BACK_WITHIN_S = 3.0
RESTARTING = 1012


async def killed(run: Run) -> None:
    """One is killed with -9: its screens are back on another within 3 s."""
    victim = min(run.site.pids())
    with run.lasting():
        before = time.monotonic()
        os.kill(victim, signal.SIGKILL)
        await asyncio.sleep(0.3)
    broken = await _come_back(run, [screen for screen in run.sockets() if screen.broke_at_s >= before], before)
    run.expect(broken > 0, "the process that was killed had screens")


async def replaced(run: Run) -> None:
    """SIGHUP replaces them while they serve: screens are closed with 1012 and return; no request is lost."""
    before, pids = time.monotonic(), run.site.pids()
    told = _told(run)
    run.site.parent.send_signal(signal.SIGHUP)
    await until(lambda: not run.site.pids() & pids, "the processes were replaced", 30 * run.size.patience)
    run.figures["replaced_s"] = round(time.monotonic() - before, 2)
    run.figures["told"] = _told(run) - told
    run.expect(_told(run) > told, "the screens were closed with 1012")
    await _come_back(run, [screen for screen in run.sockets() if screen.broke_at_s >= before], time.monotonic())


def _told(run: Run) -> int:
    return sum(screen.codes[RESTARTING] for screen in run.screens)


async def _come_back(run: Run, broken: list[Socket], since_s: float) -> int:
    within_s = BACK_WITHIN_S * run.size.patience
    await comes_true(lambda: all(screen.back_at_s > screen.broke_at_s for screen in broken), within_s)
    away = sum(screen.back_at_s < since_s for screen in broken if screen.broke_at_s < since_s + 1)
    run.figures |= {"broken": len(broken), "back_s": round(time.monotonic() - since_s, 2)}
    run.expect(not away, f"all of {len(broken)} screens were back in {within_s:g} s, not {away} still away")
    return len(broken)
