"""Faults of the log: trimmed past a cursor; the database restored from an older copy. What is lost is declared."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from tests.faults.run import Run
from tests.faults.stage import ROOT, comes_true, until

COPY = "forum_copy"


async def log_trimmed(run: Run) -> None:
    """Some screens are away while a log is trimmed past their cursors: they are reset, and load anew."""
    before = await run.metric("resets_total")
    run.resets_expected = True
    channel = f"network:{run.world.places[0].id}"
    away = [screen for screen in run.screens if channel in screen.page.channels][:4]
    for screen in away:
        screen.stay_away = True
    await until(lambda: all(screen.is_away for screen in away), "screens stay away", 60)
    newest = max(screen.cursors[channel] for screen in away)
    async with run.stage.owner() as connection:
        head, end = 0, time.monotonic() + 20
        while head < newest + 2 and time.monotonic() < end:  # the log goes on without them
            head = await connection.fetchval("SELECT channel_head($1)", channel)
            await asyncio.sleep(0.02)
        run.expect(head >= newest + 2, "the log went on")
        await run.keep_log([channel])
        async with connection.transaction():
            await connection.execute("SELECT FROM channels WHERE name = $1 FOR UPDATE", channel)
            await connection.execute("DELETE FROM updates WHERE channel = $1 AND seq < $2", channel, head)
            await connection.execute("UPDATE channels SET kept_after = $2 - 1 WHERE name = $1", channel, head)
    loads = {screen: screen.loads for screen in away}
    for screen in away:
        screen.stay_away = False
    # A reset makes a screen load anew; one may also have turned its page before the answer came.
    await comes_true(lambda: all(screen.loads > times for screen, times in loads.items()), run.allows(10))
    not_told = [f"{type(s).__name__} {s.number} at {s.cursors}" for s, times in loads.items() if s.loads == times]
    run.figures["reset"] = sum(screen.resets for screen in run.screens)
    run.expect(not not_told, f"screens with cursors from before {head} load anew; not so {not_told}")
    run.expect(await run.metric("resets_total") > before, "metrics tell of resets")


async def restored(run: Run) -> None:
    """The operator puts back a copy of the database that is a few seconds old, and renews the log."""
    run.resets_expected = True
    with run.lasting():
        async with _at_rest(run):
            await _alone(run, f"CREATE DATABASE {COPY} TEMPLATE forum")
    await asyncio.sleep(2.0)
    # Who is in the middle of a write is not there any more when the operator begins.
    async with run.nobody_writing(), _at_rest(run):
        await run.keep_log(None)
        await _alone(run, "DROP DATABASE forum")
        await _alone(run, f"ALTER DATABASE {COPY} RENAME TO forum")
        await run.stage.db.open()
        await asyncio.to_thread(_renew_log, run)
        lost = await run.forget_what_is_not_there()
    run.figures["lost_by_the_copy"] = lost
    run.expect(lost > 0, "the copy was older")
    log = await run.stage.db.pool.fetchval("SELECT log FROM site")
    moved_on = await comes_true(lambda: all(screen.log == log for screen in run.screens), run.allows(10))
    run.expect(moved_on, "every screen loads anew from the new log")
    run.figures["reset"] = sum(screen.resets > 0 for screen in run.screens)


@asynccontextmanager
async def _at_rest(run: Run) -> AsyncIterator[None]:
    """Nobody but the operator gets at the database."""
    run.stage.database.refuses = True
    run.stage.database.cut()
    try:
        yield
    finally:
        run.stage.database.refuses = False
        if run.stage.db._pool is None:
            await run.stage.db.open()


async def _alone(run: Run, statement: str) -> None:
    """Carry it out once the last connection has gone."""
    await run.stage.db.close()
    end = asyncio.get_running_loop().time() + 20
    while True:
        try:
            async with run.stage.owner("postgres") as connection:
                await connection.execute(statement)
        except asyncpg.ObjectInUseError:
            assert asyncio.get_running_loop().time() < end, "connections to the database stay open"
            await asyncio.sleep(0.05)
        else:
            return


def _renew_log(run: Run) -> None:
    subprocess.run(
        [sys.executable, "-m", "forum", "renew-log"],
        cwd=ROOT,
        env=run.stage.operator(),
        check=True,
        capture_output=True,
    )
