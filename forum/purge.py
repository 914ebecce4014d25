"""Purge: the sealed words of a removal are deleted for good, when their network's time is over or at once.

No table holds them any more: not the sealed one, not the history of edits, and a post or message never did while it
was removed. What is left to do for the database's own pages is done by `vacuum`, outside every transaction. The
moderators' reasons and notes stay: they are their words.
"""

import functools
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from forum import contributions, moderation_log
from forum.contributions import Noun
from forum.db import Database, Row, Transaction, statements
from forum.standing import Caller

log = logging.getLogger(__name__)

SQL = statements("purge")
BATCH = 100
VACUUM = "VACUUM (ANALYZE, INDEX_CLEANUP ON, TRUNCATE OFF) posts, messages, sealed, revisions, submissions"
"""With ANALYZE, since the planner's statistics hold samples of words too."""
VACUUM_TIMEOUT_S = 3_600.0
AGAIN_FOR = timedelta(seconds=60)
"""A transaction that began before the purge may see the words still, and keeps a vacuum from taking them."""
PLACE = {"post": "thread", "message": "room"}


async def purge(tx: Transaction, noun: Noun, rows: Sequence[Row], caller: Caller | None) -> None:
    """Delete the words of these removed posts or messages, which the act has locked; `caller` None is the clock.

    Each row has id, place_id, network_id and author_id.
    """
    statement = SQL.purge_posts if noun == "post" else SQL.purge_messages
    gone = {row["id"]: row["version"] for row in await statement(tx.connection, ids=[row["id"] for row in rows])}
    lines = []
    for row in rows:
        if row["id"] in gone:
            tx.record(f"{PLACE[noun]}:{row['place_id']}", f"{noun}.removed", row["id"])
            version = gone[row["id"]]
            lines.append(moderation_log.Line(row["network_id"], row["id"], row["author_id"], version - 1, version))
    if lines:
        await moderation_log.write_each(tx, caller, "purge", noun, lines)


async def purge_due(db: Database, *, now: datetime | None = None) -> int:
    """Purge what has been kept as long as its network wants, but for what an appeal waits about: the clock's act.

    Returns how many removals were purged.
    """
    now = now or datetime.now(UTC)
    async with db.connection() as connection:
        due = await SQL.due(connection, now=now, limit=BATCH)
    purged = 0
    for row in due:
        noun: Noun = "post" if row["message_id"] is None else "message"
        purged += await purge_one(db, row["id"], noun, row["post_id"] or row["message_id"], now)
    return purged


async def purge_one(db: Database, removal_id: int, noun: Noun, object_id: int, now: datetime) -> bool:
    """Purge one, if it is due still; returns whether it was."""
    async with db.transaction() as tx:
        await contributions.lock(tx, noun, None, [object_id])
        await SQL.hold_off_appeals(tx.connection, removal=removal_id)
        row = await SQL.still_due(tx.connection, removal=removal_id, now=now)
        if row is None:
            return False
        await purge(tx, noun, [{**row, "id": object_id}], None)
        return True


async def vacuum(db: Database) -> int:
    """Clean the pages of the tables from which words were purged, one process at a time; returns whether it did (0, 1).

    Done once more a minute later, for what a transaction that had begun before kept from being cleaned.
    """
    async with db.connection() as connection:
        if not await SQL.to_vacuum(connection):
            return 0
        if not await SQL.may_vacuum(connection):
            _say_that_it_may_not()
            return 0
        if not await SQL.claim_vacuum(connection):
            return 0
        try:
            began = await connection.fetchval("SELECT now()")
            await connection.execute(VACUUM, timeout=VACUUM_TIMEOUT_S)
            await SQL.vacuumed(connection, before=began - AGAIN_FOR)
        finally:
            await SQL.release_vacuum(connection)
        return 1


@functools.cache
def _say_that_it_may_not() -> None:
    """Once a process: the operator can give the role the privilege, or leave it to the database's own vacuum."""
    log.warning("purged words stay in the database's pages until its own vacuum: this role may not VACUUM the tables")
