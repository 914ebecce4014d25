"""The faults, by name: each is done to a run from outside its processes, and says what is expected while it lasts."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable

from tests.faults.run import Run
from tests.faults.stage import comes_true

Fault = Callable[[Run], Awaitable[None]]
BACK_WITHIN_S = 3.0


async def killed(run: Run) -> None:
    """A web process is killed with -9: its screens are back on another within 3 s."""
    victim = min(run.site.pids())
    within_s = BACK_WITHIN_S * run.size.patience
    before = time.monotonic()
    os.kill(victim, signal.SIGKILL)
    run.faulty.append((before, before + 1.0))
    await asyncio.sleep(0.5)
    broken = [screen for screen in run.sockets() if screen.broke_at_s >= before]
    run.figures["broken"] = len(broken)
    assert broken, "the process that was killed had no screens"
    await comes_true(lambda: all(screen.back_at_s > before for screen in broken), within_s - 0.5)
    back = [screen for screen in broken if screen.back_at_s > before]
    run.figures["back_s"] = round(max((screen.back_at_s - before for screen in back), default=0), 2)
    if len(back) < len(broken):
        run.problems.append(f"{len(broken) - len(back)} of {len(broken)} screens were not back in {within_s:g} s")


FAULTS: dict[str, Fault] = {"killed": killed}
