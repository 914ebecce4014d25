"""What a contribution means for lists, badges and watchers: written by a job, from what was committed.

A reply marks its thread dirty, if it is not yet. At most once a second a process takes up to 100 dirty threads,
counts them anew, moves them in their holders' lists, and records one `thread.touched` for each holder and a
notification for each watcher: late by a second, never lost, since the mark is committed with the reply and taken away
with the announcement.
"""

from forum.db import Database, statements

SQL = statements("announcements")
BATCH = 100


async def announce_threads(db: Database) -> int:
    """Announce up to 100 dirty threads; returns how many there were."""
    async with db.transaction() as tx:
        threads = [row["id"] for row in await SQL.claim_threads(tx.connection, limit=BATCH)]
        if not threads:
            return 0
        await SQL.recount(tx.connection, threads=threads)
        for thread in threads:
            tx.record(f"thread:{thread}", "thread.touched", thread)
        for row in await SQL.touch_lists(tx.connection, threads=threads):
            tx.record(f"network:{row['network_id']}", "thread.touched", row["thread_id"])
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
