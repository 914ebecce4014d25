"""What runs later or on time, in every web process: each round takes its work with SKIP LOCKED, so processes share it.

Time is an act too: lapsing holds, ending sanctions, passing appeals on or ending the time for one, purging what was
kept long enough, trimming the log, forgetting old keys and sessions call acts that record updates.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from forum import announcements, appeals, holds, idempotency, purge, sanctions, sessions, updates
from forum.db import Database
from forum.errors import Unavailable

log = logging.getLogger(__name__)

ANNOUNCE_EVERY_S = 0.5
CLOCK_EVERY_S = 5.0
PURGE_EVERY_S = 60.0
TIDY_EVERY_S = 600.0
FORGOTTEN_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Round:
    """Something that is done again and again: its act, and the rest between two rounds, in seconds."""

    act: Callable[[Database], Awaitable[int]]
    every_s: float


async def _trim(db: Database) -> int:
    async with db.transaction() as tx:
        return await updates.trim(tx.connection)


async def _forget_keys(db: Database) -> int:
    async with db.transaction() as tx:
        return int(await idempotency.SQL.forget(tx.connection, limit=FORGOTTEN_AT_ONCE))


async def _forget_sessions(db: Database) -> int:
    async with db.transaction() as tx:
        return int(await sessions.SQL.forget(tx.connection, limit=FORGOTTEN_AT_ONCE))


ROUNDS = (
    Round(announcements.announce_threads, ANNOUNCE_EVERY_S),
    Round(announcements.announce_rooms, ANNOUNCE_EVERY_S),
    Round(holds.lapse_holds, CLOCK_EVERY_S),
    Round(sanctions.end_due, CLOCK_EVERY_S),
    Round(appeals.pass_on, CLOCK_EVERY_S),
    Round(appeals.pass_on_overdue, CLOCK_EVERY_S),
    Round(appeals.close_due, CLOCK_EVERY_S),
    Round(purge.purge_due, PURGE_EVERY_S),
    Round(purge.vacuum, PURGE_EVERY_S),
    Round(_trim, TIDY_EVERY_S),
    Round(_forget_keys, TIDY_EVERY_S),
    Round(_forget_sessions, TIDY_EVERY_S),
)


async def run(db: Database) -> None:
    """Run all rounds until cancelled. A failure is logged by its type, and the next round tries again."""
    async with asyncio.TaskGroup() as group:
        for each in ROUNDS:
            group.create_task(_repeat(db, each))


async def _repeat(db: Database, each: Round) -> None:
    while True:
        try:
            await each.act(db)
        except Unavailable:
            pass
        except Exception:
            log.exception("a job failed: %s", each.act.__name__)
        await asyncio.sleep(each.every_s)
