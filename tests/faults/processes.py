"""Faults of web processes: one is killed; all are replaced, one after the other."""

import asyncio
import os
import signal
import time

from tests.faults.follower import Socket
from tests.faults.run import Run
from tests.faults.stage import until

BACK_WITHIN_S = 3.0
RESTARTING = 1012
PATIENCE = 4
"""So many times as long we look: one may break off again and again."""
LOOK_EVERY_S = 0.02


async def killed(run: Run) -> None:
    """One is killed with -9: its screens are back on another within 3 s."""
    victim = min(run.site.pids())
    with run.lasting():
        before = time.monotonic()
        os.kill(victim, signal.SIGKILL)
        await asyncio.sleep(0.3)
    broken = [screen for screen in run.sockets() if screen.broke_at_s >= before]
    run.expect(bool(broken), "the process that was killed had screens")
    await _come_back(run, broken)


async def replaced(run: Run) -> None:
    """SIGHUP replaces them while they serve: screens are closed with 1012 and return; no request is lost."""
    before, pids = time.monotonic(), run.site.pids()
    told = _told(run)
    run.site.parent.send_signal(signal.SIGHUP)
    await until(lambda: not run.site.pids() & pids, "the processes were replaced", run.allows(60))
    run.figures["replaced_s"] = round(time.monotonic() - before, 2)
    run.figures["told"] = _told(run) - told
    run.expect(_told(run) > told, "the screens were closed with 1012")
    await _come_back(run, [screen for screen in run.sockets() if screen.broke_at_s >= before])


def _told(run: Run) -> int:
    return sum(screen.codes[RESTARTING] for screen in run.screens)


async def _come_back(run: Run, broken: list[Socket]) -> None:
    """They are caught up again, on whichever process, within three seconds; for one that breaks off of its own accord
    meanwhile, they begin anew.
    """
    within_s, began = run.allows(BACK_WITHIN_S), time.monotonic()
    away, late, longest_s = set(broken), set[Socket](), 0.0
    while away and time.monotonic() < began + PATIENCE * within_s:
        for screen in list(away):
            away_s = screen.was_away_s if screen.is_back else time.monotonic() - screen.broke_at_s
            longest_s = max(longest_s, away_s)
            if away_s > within_s:
                late.add(screen)
            if screen.is_back:
                away.remove(screen)
        await asyncio.sleep(LOOK_EVERY_S)
    run.figures |= {"broken": len(broken), "back_s": round(longest_s, 2)}
    run.expect(not away, f"all of {len(broken)} screens come back, not all but {len(away)}")
    run.expect(not late, f"each of {len(broken)} screens is back within {within_s:g} s, not all but {len(late)}")
