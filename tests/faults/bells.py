"""Faults of Redis: killed, flushed, frozen, away, unreliable. Writes go on, and delivery takes a second at most."""

import asyncio
import random
import signal

from tests.faults.proxy import Faithful, UnreliableBell
from tests.faults.run import Run

TOO_MANY = 429
SEARCHES_A_MINUTE = 120
"""What one account may do of them (forum.web.limits), in each process while Redis is away."""


async def bell_killed(run: Run) -> None:
    """Valkey is killed with -9 and started again."""
    run.stage.bell.stop()
    await asyncio.sleep(1.0)
    await run.stage.bell.start()


async def bell_flushed(run: Run) -> None:
    """Valkey forgets everything."""
    await run.stage.bell.flush()


async def bell_frozen(run: Run) -> None:
    """Valkey neither answers nor breaks off."""
    run.stage.bell.signal(signal.SIGSTOP)
    await asyncio.sleep(10.0 if run.size.is_full else 3.0)
    run.stage.bell.signal(signal.SIGCONT)


async def bell_away(run: Run) -> None:
    """Valkey is away: limits hold in each process, and only the look at the heads tells what is new."""
    before = await run.metric("wakeups_missed_total")
    run.stage.bell.stop()
    try:
        await asyncio.sleep(1.0)
        await _limits_hold(run)
        await asyncio.sleep(28.0 if run.size.is_full else 1.0)
        run.figures["missed"] = missed = await run.metric("wakeups_missed_total") - before
        run.expect(missed > 0, "metrics tell of wake-ups that were missed")
        run.expect(await run.metric("wakeups_dropped_total") > 0, "metrics tell of wake-ups that were dropped")
    finally:
        await run.stage.bell.start()


async def _limits_hold(run: Run) -> None:
    most = SEARCHES_A_MINUTE * run.site.processes
    statuses: list[int] = []
    async with run.client(run.world.strangers[0]) as client:
        while TOO_MANY not in statuses and len(statuses) <= most:
            answer = await client.get("/api/v1/search?q=beds")
            statuses.append(answer.status)
    run.expect(statuses[-1] == TOO_MANY, f"the {most + 1}st search within a minute is one too many: {statuses[-1]}")


async def bell_unreliable(run: Run) -> None:
    """Half of the wake-ups are lost, some come twice, late and out of order."""
    before = await run.metric("wakeups_missed_total")
    rng = random.Random(run.seed)
    run.stage.redis.answers = lambda: UnreliableBell(rng)
    run.stage.redis.cut()
    try:
        await run.wrote(0.9)
    finally:
        run.stage.redis.answers = Faithful
        run.stage.redis.cut()
    run.figures["missed"] = missed = await run.metric("wakeups_missed_total") - before
    run.expect(missed > 0, "metrics tell of wake-ups that were missed")
