"""What a contribution means for lists, badges and watchers: written by a job, from what was committed.

A reply marks its thread dirty, if it is not yet. At most once a second a process takes up to 100 dirty threads,
counts them anew, moves them in their holders' lists, and records one `thread.touched` for each holder and a
notification for each watcher: late by a second, never lost, since the mark is committed with the reply and taken away
with the announcement.

Watchers are told in transactions of their own, of a few threads each: an announcement holds its threads locked, and
hundreds of notifications must keep nobody from writing into them. What is to be told stands in `untold` meanwhile.
"""

from forum.db import Database, statements

SQL = statements("announcements")
BATCH = 100
TOLD_AT_ONCE = 10


async def announce_threads(db: Database) -> int:
    """Announce up to 100 dirty threads, and tell the watchers of what was announced; returns how many there were."""
    announced = await _announce(db)
    while await _tell_watchers(db):
        pass
    return announced


async def _announce(db: Database) -> int:
    async with db.transaction() as tx:
        threads = [row["id"] for row in await SQL.claim_threads(tx.connection, limit=BATCH)]
        if not threads:
            return 0
        await SQL.recount(tx.connection, threads=threads)
        for thread in threads:
            tx.record(f"thread:{thread}", "thread.touched", thread)
        for row in await SQL.touch_lists(tx.connection, threads=threads):
            tx.record(f"network:{row['network_id']}", "thread.touched", row["thread_id"])
        await SQL.mark_untold(tx.connection, threads=threads)
        return len(threads)


async def _tell_watchers(db: Database) -> int:
    """Tell the watchers of up to 10 announced threads; returns how many there were."""
    async with db.transaction() as tx:
        threads = [row["thread_id"] for row in await SQL.claim_untold(tx.connection, limit=TOLD_AT_ONCE)]
        if threads:
            for row in await SQL.tell_watchers(tx.connection, threads=threads):
                tx.record(f"member:{row['member_id']}", "notification.created", row["id"])
        return len(threads)


async def announce_rooms(db: Database) -> int:
    """Announce up to 100 rooms in which something was said; returns how many there were."""
    async with db.transaction() as tx:
        rooms = await SQL.claim_rooms(tx.connection, limit=BATCH)
        for row in rooms:
            if row["network_id"] is not None:
                tx.record(f"network:{row['network_id']}", "room.touched", row["id"])
        return len(rooms)
