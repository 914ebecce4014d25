"""Splitting a thread: posts that are a subject of their own go, with all that answers them, into a thread of their own.

The new thread has the holders and the audience of the old one, so nobody sees more or less than before. Posts keep
their ids: a permalink leads to wherever its post stands, for who may see it. What a member had read stays read.
"""

from collections.abc import Sequence

import asyncpg

from forum import access, moderation_log, text, threads
from forum.db import Database, statements
from forum.errors import Forbidden, Invalid
from forum.standing import Caller

SQL = statements("splits")
MAX_PICKED = 200


async def split(db: Database, caller: Caller, thread_id: int, picked: Sequence[int], title: str) -> asyncpg.Record:
    """Move these posts, each with its subtree, into a new thread: moderators of the network it was opened through.

    The earliest of them opens it; the other picked ones answer the opening. Returns the new thread (a row of
    listed_threads). Raises NotFound, Forbidden, Invalid.
    """
    title = text.line(title, threads.TITLE_MAX_CHARS, field="title")
    if not 1 <= len(picked) <= MAX_PICKED:
        raise Invalid("posts", f"Pick at least one post, and at most {MAX_PICKED}.")
    async with db.transaction() as tx:
        thread = await access.lock_thread(tx.connection, caller, thread_id)
        if not thread.opened_through.may_moderate:
            raise Forbidden(f"Only moderators of {thread.opened_through.name} may do this.")
        found = await SQL.picked(tx.connection, thread=thread_id, posts=list(picked))
        if len(found["picked"] or ()) != len(set(picked)):
            raise Invalid("posts", "Pick posts of this thread; its opening post stays where it is.")
        new_id = await SQL.open(tx.connection, thread=thread_id, title=title, moved=found["moved"])
        where = {"thread": thread_id, "new": new_id, "moved": found["moved"]}
        await SQL.hold(tx.connection, thread=thread_id, new=new_id)
        await SQL.read(tx.connection, **where)
        await SQL.move(tx.connection, new=new_id, moved=found["moved"])
        await SQL.count(tx.connection, **where)
        tx.reset(f"thread:{thread_id}", "thread.split", thread_id)
        for holder in thread.holders:
            tx.record(f"network:{holder.id}", "thread.created", new_id)
            tx.record(f"network:{holder.id}", "thread.changed", thread_id)
            await moderation_log.write(tx, holder.id, caller, "split", "thread", new_id)
        for row in await SQL.told_of(tx.connection, moved=found["moved"]):
            tx.record(f"member:{row['member_id']}", "notification.changed", row["id"])
        return await threads.current(tx.connection, int(new_id))
