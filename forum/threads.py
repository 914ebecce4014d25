"""Threads: start, retitle, lock, pin, follow, read.

A thread is held by one network or jointly by several. It is seen by the members of every holder; its audience beyond
them is stored on it and is never wider than any holder allows. Title and split belong to the network it was opened
through, lock is any holder's, pin is per holder. What concerns all sides is in forum/agreements.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from forum import access, contributions, idempotency, moderation_log, newcomers, posts, text
from forum.db import Connection, Database, Transaction, statements
from forum.errors import Forbidden, Invalid, NeedsApproval, NotFound
from forum.standing import Caller, Network, Thread

SQL = statements("threads")
PAGE = 50
TITLE_MAX_CHARS = 200
MAX_HOLDERS = 12


@dataclass(frozen=True, slots=True)
class Started:
    """What `start` made: the thread (a row of listed_threads) and the id of its opening post."""

    thread: asyncpg.Record
    post_id: int


async def start(
    db: Database,
    caller: Caller,
    slug: str,
    title: str,
    body: str,
    *,
    jointly_with: Sequence[str] = (),
    key: str | None = None,
) -> Started:
    """Open a thread through a network, jointly with others of the caller's networks. The caller writes in all of them.

    Its audience is the least of its holders'. Raises NotFound, Forbidden, Invalid.
    """
    title = text.line(title, TITLE_MAX_CHARS, field="title")
    slugs = holders_of(slug, jointly_with)
    async with db.connection() as connection:
        networks = [await access.require_network(connection, caller, each, "write") for each in slugs]
    words = await contributions.prepare(db, caller, "post", body, [network.id for network in networks])
    async with db.transaction() as tx:
        await access.lock_rooms(tx.connection, caller, networks)
        thread_id = await idempotency.earlier(tx, caller.member, key, "start", slugs, title, body)
        if thread_id is None:
            thread_id = await insert(tx, caller, networks, title, words)
            await idempotency.made(tx, caller.member, key, thread_id)
    async with db.connection() as connection:
        return Started(await current(connection, thread_id), await posts.SQL.opening(connection, thread=thread_id))


def holders_of(slug: str, jointly_with: Sequence[str]) -> list[str]:
    """The slugs of the networks that a new thread is to belong to, the opener first. Raises Invalid."""
    slugs = [slug, *dict.fromkeys(other for other in jointly_with if other != slug)]
    if len(slugs) > MAX_HOLDERS:
        raise Invalid("with", f"A thread is held by at most {MAX_HOLDERS} networks.")
    return slugs


async def insert(
    tx: Transaction,
    caller: Caller,
    networks: Sequence[Network],
    title: str,
    words: contributions.Words,
    *,
    approved: bool = False,
) -> int:
    """Store a thread through the first of these locked networks and record it; returns its id.

    Raises NeedsApproval unless it is `approved`.
    """
    if not approved and await newcomers.asks(tx.connection, caller, networks) is not None:
        raise NeedsApproval
    holders = [network.id for network in networks]
    await access.SQL.keep_visibility(tx.connection, networks=holders)
    audience = await SQL.least_visibility(tx.connection, networks=holders)
    row = await SQL.insert(
        tx.connection,
        network=holders[0],
        holders=holders,
        author=caller.member,
        title=title,
        audience=audience,
        **words.columns(),
    )
    thread_id, post_id = int(row["id"]), int(row["post"])
    await posts.require_quotable(tx.connection, thread_id, words)
    if words.rendered.mentions:
        told = await SQL.tell_mentioned(
            tx.connection, thread=thread_id, post=post_id, author=caller.member, mentions=list(words.rendered.mentions)
        )
        contributions.record_told(tx, told)
    tx.record(f"thread:{thread_id}", "post.created", post_id)
    for holder in holders:
        tx.record(f"network:{holder}", "thread.created", thread_id)
    return thread_id


async def current(connection: Connection, thread_id: int) -> asyncpg.Record:
    """The thread as it stands now, a row of listed_threads. Checks no access. Raises NotFound."""
    row: asyncpg.Record | None = await SQL.one(connection, thread=thread_id)
    if row is None:
        raise NotFound
    return row


def record_change(tx: Transaction, thread: Thread, kind: str = "thread.changed") -> None:
    """Tell the thread's own screens and the lists of its holders."""
    tx.record(f"thread:{thread.id}", kind, thread.id)
    for holder in thread.holders:
        tx.record(f"network:{holder.id}", kind, thread.id)


async def retitle(db: Database, caller: Caller, thread_id: int, title: str) -> asyncpg.Record:
    """Change the title: its author, or a moderator of the network it was opened through. Returns the thread."""
    title = text.line(title, TITLE_MAX_CHARS, field="title")
    async with db.transaction() as tx:
        thread = await access.lock_thread(tx.connection, caller, thread_id)
        by_author = thread.row["author_id"] == caller.member and thread.opened_through.may_write and not thread.locked
        if not by_author:
            thread.require_opener()
        elif thread.row["title"] is None:
            raise Forbidden("A moderator has removed the title; a moderator can give it a new one.")
        if title != thread.row["title"]:
            await SQL.retitle(tx.connection, thread=thread_id, title=title)
            record_change(tx, thread)
            if not by_author:
                await moderation_log.write(
                    tx, thread.network_id, caller, "retitle", "thread", thread_id, subject=thread.row["author_id"]
                )
        return await current(tx.connection, thread_id)


async def lock(db: Database, caller: Caller, thread_id: int, *, locked: bool) -> asyncpg.Record:
    """Nobody may reply any more, or everybody again: any holder's moderators. Returns the thread."""
    async with db.transaction() as tx:
        thread = await access.lock_thread(tx.connection, caller, thread_id)
        holder = thread.require_moderator()
        if thread.locked != locked:
            await SQL.lock(tx.connection, thread=thread_id, locked=locked)
            record_change(tx, thread)
            await moderation_log.write(tx, holder.id, caller, "lock" if locked else "unlock", "thread", thread_id)
        return await current(tx.connection, thread_id)


async def pin(db: Database, caller: Caller, thread_id: int, slug: str, *, pinned: bool) -> asyncpg.Record:
    """Keep a thread at the top of one holder's list, or no longer: that holder's moderators. Returns the thread."""
    async with db.transaction() as tx:
        thread = await access.lock_thread(tx.connection, caller, thread_id)
        holder = thread.require_holder(slug)
        if holder.pinned != pinned:
            await SQL.pin(tx.connection, thread=thread_id, network=holder.id, pinned=pinned)
            tx.record(f"network:{holder.id}", "thread.changed", thread_id)
            tx.record(f"thread:{thread_id}", "thread.changed", thread_id)
            await moderation_log.write(tx, holder.id, caller, "pin" if pinned else "unpin", "thread", thread_id)
        return await current(tx.connection, thread_id)


async def remove_title(db: Database, caller: Caller, thread_id: int, reason: str, note: str = "") -> None:
    """Take the words of a title away: moderators of the network it was opened through."""
    async with db.transaction() as tx:
        thread = await access.lock_thread(tx.connection, caller, thread_id)
        thread.require_opener()
        if thread.row["title"] is None:
            return
        await SQL.seal_title(tx.connection, thread=thread_id)
        record_change(tx, thread)
        await moderation_log.write(
            tx, thread.network_id, caller, "remove", "title", thread_id,
            subject=thread.row["author_id"], reason=reason, note=note,
        )  # fmt: skip


async def restore_title(db: Database, caller: Caller, thread_id: int) -> None:
    """Bring a removed title back: moderators of the network it was opened through."""
    async with db.transaction() as tx:
        thread = await access.lock_thread(tx.connection, caller, thread_id)
        thread.require_opener()
        if thread.row["title"] is not None:
            return
        await SQL.unseal_title(tx.connection, thread=thread_id)
        record_change(tx, thread)
        await moderation_log.write(
            tx, thread.network_id, caller, "restore", "title", thread_id, subject=thread.row["author_id"]
        )


async def watch(db: Database, caller: Caller, thread_id: int, *, watching: bool) -> None:
    """Be told of every reply in a thread, or no longer."""
    async with db.transaction() as tx:
        await access.require_thread(tx.connection, caller, thread_id)
        act = SQL.watch if watching else SQL.unwatch
        await act(tx.connection, thread=thread_id, member=caller.member)
        tx.record(f"member:{caller.member}", "reads.changed", thread_id)


async def mark_read(db: Database, caller: Caller, thread_id: int, numbers: Sequence[int]) -> None:
    """These posts (their numbers in the thread) are read. Told to the member's other screens."""
    async with db.transaction() as tx:
        await access.require_thread(tx.connection, caller, thread_id)
        wanted = sorted({number for number in numbers if 0 < number < 2**31 - 1})[:1000]
        changed = await SQL.mark_read(tx.connection, member=caller.member, thread=thread_id, numbers=wanted)
        if changed is not None:
            tx.record(f"member:{caller.member}", "reads.changed", thread_id)


async def mark_all_read(db: Database, caller: Caller, networks: Sequence[str]) -> int:
    """All posts of all threads of these networks are read; returns how many threads changed."""
    async with db.transaction() as tx:
        ids = [(await access.require_network(tx.connection, caller, slug)).id for slug in networks]
        rows = await SQL.mark_all_read(tx.connection, member=caller.member, networks=ids)
        if rows:
            tx.record(f"member:{caller.member}", "reads.changed", 0)
        return len(rows)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a list, and the cursor to ask on with: None at its end."""

    items: Sequence[asyncpg.Record]
    next: tuple[datetime, int] | None


async def listed(
    connection: Connection, network_id: int, *, member: int | None = None, before: tuple[datetime, int] | None = None,
    since: datetime | None = None, until: datetime | None = None, limit: int = PAGE, pinned: bool = False,
    audiences: Sequence[str] | None = None,
) -> Page:  # fmt: skip
    """Threads of a network by last activity, that not before `since` and before `until`. Checks no access.

    Rows of listed_threads with `unread`, how many posts of it the member has not read; with `pinned`, also `first`:
    those that are pinned come before the others, beyond the limit, and once more among them. `audiences` is what who
    looks sees of them (`access.audiences`).
    """
    at, before_id = before or (None, None)
    rows = await SQL.listed(
        connection, network=network_id, member=member, before=at, before_id=before_id, since=since, until=until,
        limit=limit + 1, pinned=pinned, audiences=audiences,
    )  # fmt: skip
    above = [row for row in rows if row["first"]]
    rows = rows[len(above) :]
    more = len(rows) > limit
    rows = rows[:limit]
    return Page([*above, *rows], (rows[-1]["listed_at"], rows[-1]["id"]) if more else None)


async def counted(connection: Connection, thread_id: int) -> tuple[int, int]:
    """The last number in a thread, and how many of its posts are shown, counted now. Checks no access."""
    row = await SQL.counted(connection, thread=thread_id)
    return int(row["last"]), int(row["shown"])


async def unread_in(connection: Connection, member: int, threads: Sequence[int]) -> dict[int, int]:
    """How many posts of each of these threads the member has not read; threads without any are left out."""
    rows: Sequence[Any] = await SQL.unread_in(connection, member=member, threads=list(threads))
    return {row["id"]: row["unread"] for row in rows}
