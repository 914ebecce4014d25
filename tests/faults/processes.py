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
    broken = [screen for screen in run.sockets() if screen.broke_at_s >= before]
    run.expect(bool(broken), "the process that was killed had screens")
    await _come_back(run, broken)


async def replaced(run: Run) -> None:
    """SIGHUP replaces them while they serve: screens are closed with 1012 and return; no request is lost."""
    before, pids = time.monotonic(), run.site.pids()
    told = _told(run)
    run.site.parent.send_signal(signal.SIGHUP)
    await until(lambda: not run.site.pids() & pids, "the processes were replaced", run.allows(30))
    run.figures["replaced_s"] = round(time.monotonic() - before, 2)
    run.figures["told"] = _told(run) - told
    run.expect(_told(run) > told, "the screens were closed with 1012")
    await _come_back(run, [screen for screen in run.sockets() if screen.broke_at_s >= before])


def _told(run: Run) -> int:
    return sum(screen.codes[RESTARTING] for screen in run.screens)


async def _come_back(run: Run, broken: list[Socket]) -> None:
    """They are caught up again, on whichever process, within three seconds; some break off anew meanwhile."""
    broke_at_s = {screen: screen.broke_at_s for screen in broken}
    within_s = run.allows(BACK_WITHIN_S)
    back = await comes_true(lambda: all(screen.back_at_s > at_s for screen, at_s in broke_at_s.items()), within_s)
    away_s = [screen.back_at_s - at_s for screen, at_s in broke_at_s.items() if screen.back_at_s > at_s]
    run.figures |= {"broken": len(broken), "back_s": round(max(away_s, default=0), 2)}
    run.expect(back, f"all of {len(broken)} screens are back within {within_s:g} s, not {len(away_s)}")
