"""Posts: reply, edit, withdraw and its undo, and reading them in tree order or by time.

A reply records in its thread's channel, and for the at most 20 people whom it addresses. Lists, badges and watchers are
told by a job from what was committed (forum/announcements.py): a busy thread must not make its network's counter hot.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

import asyncpg

from forum import access, contributions, idempotency, newcomers, text
from forum.contributions import SQL as CONTRIBUTIONS
from forum.db import Connection, Database, Transaction
from forum.errors import Conflict, ForumError, Invalid, NotFound, Unavailable
from forum.standing import Caller, Holder, Thread

SQL = CONTRIBUTIONS["post"]
PAGE = 200
MISPLACED: Final = "The post that this answers is not in this thread."


async def reply(
    db: Database,
    caller: Caller,
    thread_id: int,
    body: str,
    *,
    parent: int | None = None,
    through: int | str | None = None,
    key: str | None = None,
) -> asyncpg.Record:
    """Reply in a thread: to the post `parent`, or to the opening one. Returns the post as a row of shown_posts.

    `through` is the holder to write through, by id or slug; without it the first one that allows it. With a `key` that
    came before, the post that it made, as it stands now. Raises NotFound, Forbidden, Invalid, Conflict (locked).
    """
    keyed = idempotency.Keyed.of(key, "reply", thread_id, body, parent, through)
    for _ in range(contributions.LOOKS):
        thread = await access.thread_to_write(db, caller, thread_id)
        words = await contributions.prepare(db, caller, "post", body, [holder.id for holder in thread.holders])
        try:
            holder = await _require_writer(db, caller, thread, words, through)
        except ForumError:
            # They may not any more; what they made when they might is answered all the same.
            if (made := await contributions.made_before(db, caller, keyed, current)) is None:
                raise
            return made
        wanted = WantedReply(
            caller.member, thread_id, thread.row["standing"], holder.id, parent, *idempotency.columns(keyed),
            words.body, words.rendered.html, words.mentions, words.rendered.quotes, text.RENDERER,
        )  # fmt: skip
        row = await db.write_together(_write, wanted, place=thread_id)
        match row["outcome"]:
            case "written":
                return row
            case "taken":
                if (made := await contributions.made_before(db, caller, keyed, current)) is not None:
                    return made
            case "misplaced":
                raise Invalid("parent", MISPLACED)
    raise Unavailable


class WantedReply(NamedTuple):
    """A reply as the statement takes it: the type wanted_reply of the database."""

    member: int
    thread: int
    standing: str
    network: int
    parent: int | None
    key: str | None
    hash: bytes | None
    body: str
    html: str
    mentions: Sequence[int]
    quotes: Sequence[int]
    renderer: int


async def _write(connection: Connection, rows: Sequence[WantedReply], wait: bool) -> Sequence[asyncpg.Record]:
    written: Sequence[asyncpg.Record] = await SQL.write(connection, rows=rows, wait=wait)
    return written


async def _require_writer(
    db: Database, caller: Caller, thread: Thread, words: contributions.Words, through: int | str | None
) -> Holder:
    """The holder that a reply is written through. Raises Forbidden, Conflict (locked), NeedsApproval, Invalid."""
    holder = thread.through(through)
    require_unlocked(thread)
    await newcomers.require_known_at(db, caller, holder.id, holder.role, holder.first)
    if words.rendered.quotes:
        async with db.connection() as connection:
            await require_quotable(connection, thread.id, words)
    return holder


async def insert(
    tx: Transaction,
    caller: Caller,
    thread: Thread,
    words: contributions.Words,
    parent: int | None,
    through: str | None,
) -> int:
    """Store a reply in a locked thread and record it, after a moderator has approved it; returns its id."""
    holder = thread.through(through)
    require_unlocked(thread)
    await require_quotable(tx.connection, thread.id, words)
    row = await SQL.insert(
        tx.connection,
        thread=thread.id,
        network=holder.id,
        author=caller.member,
        parent=parent,
        **words.columns(),
    )
    if row is None:
        raise Invalid("parent", MISPLACED)
    tx.record(f"thread:{thread.id}", "post.created", row["id"])
    contributions.record_told(tx, row)
    return int(row["id"])


def require_unlocked(thread: Thread) -> None:
    """Raises Conflict with sentence 33 where the thread is locked."""
    if thread.locked:
        locked_at: datetime = thread.row["locked_at"]
        raise Conflict(
            f"Locked by a moderator on {locked_at:%-d %B}. You can read it, but not reply. Your text is safe."
        )


async def require_quotable(connection: Connection, thread_id: int, words: contributions.Words) -> None:
    """Raises Invalid where the text quotes a post that not every reader of the thread may read."""
    wanted = words.rendered.quotes
    if wanted:
        rows = await SQL.quotable(connection, quotes=list(wanted), thread=thread_id)
        missing = sorted(set(wanted) - {row["id"] for row in rows})
        if missing:
            raise Invalid(
                "body", f"You cannot quote #{missing[0]} here: not everybody who reads this thread may read it."
            )


async def one(db: Database, post_id: int) -> asyncpg.Record:
    """The post as it stands now, as a row of shown_posts. For acts: it checks no access. Raises NotFound."""
    async with db.connection() as connection:
        return await current(connection, post_id)


async def current(connection: Connection, post_id: int) -> asyncpg.Record:
    """The post as it stands now, read on this connection. Checks no access. Raises NotFound."""
    row: asyncpg.Record | None = await SQL.one(connection, post=post_id)
    if row is None:
        raise NotFound
    return row


async def require(connection: Connection, caller: Caller, post_id: int) -> tuple[Thread, asyncpg.Record]:
    """The post and its thread, for who may read them. Raises NotFound."""
    place = await SQL.place(connection, post=post_id)
    if place is None:
        raise NotFound
    thread = await access.require_thread(connection, caller, place["thread_id"])
    return thread, await current(connection, post_id)


async def edit(
    db: Database, caller: Caller, post_id: int, body: str, *, version: int | None = None, key: str | None = None
) -> asyncpg.Record:
    """Change the words of one's own shown post; what it said before goes into its history. Returns the post.

    With `version` the edit counts only if the post still has it. Raises NotFound, Forbidden, Invalid, Conflict.
    """
    async with db.connection() as connection:
        thread, _ = await require(connection, caller, post_id)
    words = await contributions.prepare(db, caller, "post", body, [holder.id for holder in thread.holders])
    async with db.transaction() as tx:
        thread = await access.lock_thread_of_post(tx.connection, caller, post_id)
        if await idempotency.earlier(tx, caller.member, key, "edit", post_id, body, version) is None:
            await _edit(tx, caller, thread, post_id, words, version)
            await idempotency.made(tx, caller.member, key, post_id)
    return await one(db, post_id)


async def _edit(
    tx: Transaction, caller: Caller, thread: Thread, post_id: int, words: contributions.Words, version: int | None
) -> None:
    post = await current(tx.connection, post_id)
    contributions.require_author(post, caller)
    contributions.require_state(post, "shown")
    thread.through(post["network_slug"])
    require_unlocked(thread)
    if version is not None and version != post["version"]:
        raise Conflict("This post has changed since you opened it. Your text is safe; look at the new version first.")
    if words.body == post["body"]:
        return
    await require_quotable(tx.connection, thread.id, words)
    row = await SQL.edit(tx.connection, object=post_id, **words.columns())
    tx.record(f"thread:{thread.id}", "post.edited", post_id)
    contributions.record_told(tx, row)
    await contributions.tell_references(tx, "post", post_id)


async def withdraw(db: Database, caller: Caller, post_id: int) -> asyncpg.Record:
    """Take one's own post back: its words go for everyone, its replies stay. Returns the gap.

    Raises NotFound, Forbidden, Conflict (held or removed). A post withdrawn already stays so.
    """
    async with db.transaction() as tx:
        thread = await access.lock_thread_of_post(tx.connection, caller, post_id)
        post = await current(tx.connection, post_id)
        contributions.require_author(post, caller)
        contributions.require_state(post, "shown", "withdrawn")
        if post["state"] == "shown":
            await contributions.tell_references(tx, "post", post_id)
            await contributions.seal(tx, "post", post_id, "withdrawn", by=caller.member_id)
            tx.record(f"thread:{thread.id}", "post.withdrawn", post_id)
    return await one(db, post_id)


async def undo(db: Database, caller: Caller, post_id: int) -> asyncpg.Record:
    """Bring one's withdrawn post back, for who may still write there. Returns it.

    Raises NotFound, Forbidden, Conflict.
    """
    for back in contributions.bringing_back(caller.member_id):
        async with back, db.transaction() as tx:
            thread = await access.lock_thread_of_post(tx.connection, caller, post_id)
            post = await current(tx.connection, post_id)
            contributions.require_author(post, caller)
            contributions.require_state(post, "withdrawn", "shown")
            if post["state"] == "withdrawn":
                thread.through(post["network_slug"])
                await contributions.unseal(tx, "post", post_id, back)
                tx.record(f"thread:{thread.id}", "post.restored", post_id)
                await contributions.tell_references(tx, "post", post_id)
    return await one(db, post_id)


async def history(db: Database, caller: Caller, post_id: int) -> tuple[asyncpg.Record, Sequence[asyncpg.Record]]:
    """The post, and what it said before each edit (version, body, at), oldest first; nothing of a gap."""
    async with db.connection() as connection:
        _, post = await require(connection, caller, post_id)
        return post, await SQL.history(connection, object=post_id)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a thread: its opening post and replies in order, and how many replies stand before and after these.

    All are rows of shown_posts.
    """

    opening: asyncpg.Record
    posts: Sequence[asyncpg.Record]
    before: int
    after: int


async def window(
    connection: Connection, thread_id: int, *, at: int | None = None, after: bytes | None = None,
    before: bytes | None = None, limit: int = PAGE,
) -> Window:  # fmt: skip
    """At most `limit` replies in tree order: around the post numbered `at`, after or before a path, or from the
    start. Checks no access. Raises NotFound.
    """
    rows = await SQL.window(connection, thread=thread_id, at=at, after=after, before=before, limit=limit)
    if not rows:
        raise NotFound
    return Window(rows[0], rows[1:], rows[0]["before"], rows[0]["after"])


async def window_by_time(
    connection: Connection, thread_id: int, *, at: int | None = None, after: int | None = None,
    before: int | None = None, limit: int = PAGE,
) -> Window:  # fmt: skip
    """The same as they were written: around the post numbered `at`, after or before a number, or from the start."""
    rows = await SQL.window_by_time(connection, thread=thread_id, at=at, after=after, before=before, limit=limit)
    if not rows:
        raise NotFound
    return Window(rows[0], rows[1:], rows[0]["before"], rows[0]["after"])


async def in_tree(
    connection: Connection, thread_id: int, *, after: bytes = b"", limit: int = PAGE
) -> Sequence[asyncpg.Record]:
    """Posts in tree order, the opening one first, that come after this path."""
    rows: Sequence[asyncpg.Record] = await SQL.tree_after(connection, thread=thread_id, after=after, limit=limit)
    return rows


async def by_time(
    connection: Connection, thread_id: int, *, after: int = 0, since: datetime | None = None,
    until: datetime | None = None, limit: int = PAGE,
) -> Sequence[asyncpg.Record]:  # fmt: skip
    """Posts in the order in which they were written, the opening one first, whose number is greater than `after`.

    Not before `since`, and before `until`.
    """
    rows: Sequence[asyncpg.Record] = await SQL.time_after(
        connection, thread=thread_id, after=after, since=since, until=until, limit=limit
    )
    return rows
