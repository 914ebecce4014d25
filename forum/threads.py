"""Threads: start, retitle, lock, pin, hold jointly, move, follow, read.

A thread is held by one network or jointly by several. It is seen by the members of every holder; its audience beyond
them is stored on it and is never wider than any holder allows. Title and split belong to the network it was opened
through, lock is any holder's, pin is per holder. What concerns all sides (a further holder, a move, a wider audience)
waits for each of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import asyncpg

from forum import access, cases, contributions, idempotency, moderation_log, newcomers, posts, text
from forum.access import Caller, Holder, Network, Thread
from forum.db import Connection, Database, Transaction, statements
from forum.errors import Conflict, Forbidden, Invalid, NotFound

SQL = statements("threads")
PAGE = 50
TITLE_MAX_CHARS = 200
MAX_HOLDERS = 12

Agreement = Literal["hold_in", "move", "widen"]


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
        words = await contributions.prepare(connection, "post", body, [network.id for network in networks])
    async with db.transaction() as tx:
        for network in sorted(networks, key=lambda network: network.id):
            await access.lock_room(tx.connection, caller, network.room_id, "write")
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
    first = networks[0]
    if not approved:
        await newcomers.require_known(tx.connection, caller, first.id, first.role, first.row["approves_first"])
    holders = [network.id for network in networks]
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


def _require_opener(thread: Thread) -> Holder:
    """The holder the thread was opened through, for its moderators. Raises Forbidden."""
    if not thread.opened_through.may_moderate:
        raise Forbidden(f"Only moderators of {thread.opened_through.name} may do this.")
    return thread.opened_through


def _require_moderator(thread: Thread) -> Holder:
    """Any holder that the caller moderates. Raises Forbidden."""
    for holder in thread.holders:
        if holder.may_moderate:
            return holder
    raise Forbidden("Only moderators of the networks that hold this thread may do this.")


async def retitle(db: Database, caller: Caller, thread_id: int, title: str) -> asyncpg.Record:
    """Change the title: its author, or a moderator of the network it was opened through. Returns the thread."""
    title = text.line(title, TITLE_MAX_CHARS, field="title")
    async with db.transaction() as tx:
        thread = await access.lock_thread(tx.connection, caller, thread_id)
        by_author = thread.row["author_id"] == caller.member and thread.opened_through.may_write and not thread.locked
        if not by_author:
            _require_opener(thread)
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
        holder = _require_moderator(thread)
        if thread.locked != locked:
            await SQL.lock(tx.connection, thread=thread_id, locked=locked)
            record_change(tx, thread)
            await moderation_log.write(tx, holder.id, caller, "lock" if locked else "unlock", "thread", thread_id)
        return await current(tx.connection, thread_id)


async def pin(db: Database, caller: Caller, thread_id: int, slug: str, *, pinned: bool) -> asyncpg.Record:
    """Keep a thread at the top of one holder's list, or no longer: that holder's moderators. Returns the thread."""
    async with db.transaction() as tx:
        thread = await access.lock_thread(tx.connection, caller, thread_id)
        holder = next((each for each in thread.holders if each.slug == slug), None)
        if holder is None:
            raise Invalid("network", "That network does not hold this thread.")
        if not holder.may_moderate:
            raise Forbidden(f"Only moderators of {holder.name} may do this.")
        if holder.pinned != pinned:
            await SQL.pin(tx.connection, thread=thread_id, network=holder.id, pinned=pinned)
            tx.record(f"network:{holder.id}", "thread.changed", thread_id)
            tx.record(f"thread:{thread_id}", "thread.changed", thread_id)
            await moderation_log.write(tx, holder.id, caller, "pin" if pinned else "unpin", "thread", thread_id)
        return await current(tx.connection, thread_id)


async def ask_agreement(
    db: Database,
    caller: Caller,
    thread_id: int,
    act: Agreement,
    *,
    slug: str | None = None,
    audience: str | None = None,
) -> bool:
    """Ask every side for a further holder, a move to another network, or a wider audience.

    The sides that the caller moderates agree at once; returns whether that was all, and so done already. Raises
    NotFound, Forbidden, Invalid, Conflict (something else waits for agreement).
    """
    async with db.transaction() as tx:
        thread = await access.lock_thread(tx.connection, caller, thread_id)
        if act == "hold_in":
            _require_moderator(thread)
        else:
            _require_opener(thread)
        network = None
        if act in {"hold_in", "move"}:
            network = await access.require_network(tx.connection, caller, slug or "", "write")
            if act == "hold_in" and thread.holder(network.id) is not None:
                raise Conflict(f"{network.name} holds this thread already.")
            if act == "move" and network.id == thread.network_id:
                raise Conflict(f"The thread belongs to {network.name} already.")
        elif audience not in {"public", "open", "private"}:
            raise Invalid("audience", "The audience is public, open or private.")
        row = await SQL.ask_agreement(
            tx.connection, thread=thread_id, act=act, network=network and network.id, audience=audience,
            member=caller.member, agreed=[],
        )  # fmt: skip
        if row is None:
            raise Conflict("Something else waits for the agreement of this thread's networks. Decide that first.")
        return await _agree(tx, caller, thread, row)


async def agree(db: Database, caller: Caller, thread_id: int) -> bool:
    """Agree for the sides that the caller moderates to what was asked; returns whether it is done now."""
    async with db.transaction() as tx:
        thread = await lock_for_agreement(tx, caller, thread_id)
        row = await SQL.open_agreement(tx.connection, thread=thread_id)
        if row is None:
            raise Conflict("Nothing waits for agreement here.")
        return await _agree(tx, caller, thread, row)


async def decline(db: Database, caller: Caller, thread_id: int) -> None:
    """Decline, for a side that the caller moderates, what was asked; who asked may take it back in the same way."""
    async with db.transaction() as tx:
        thread = await lock_for_agreement(tx, caller, thread_id)
        row = await SQL.open_agreement(tx.connection, thread=thread_id)
        if row is None:
            raise Conflict("Nothing waits for agreement here.")
        own = row["asked_by"] == caller.member
        if not own and not thread.moderates and not await _moderates(tx.connection, caller, row["network_id"]):
            raise Forbidden("Only moderators of the networks concerned may do this.")
        outcome = "withdrawn" if own else "declined"
        await SQL.end_agreement(tx.connection, agreement=row["id"], outcome=outcome)
        tx.record(f"thread:{thread_id}", "thread.changed", thread_id)


async def lock_for_agreement(tx: Transaction, caller: Caller, thread_id: int) -> Thread:
    """The thread, locked: for its readers, and for the moderators of a network that is asked to hold it."""
    try:
        return await access.lock_thread(tx.connection, caller, thread_id)
    except NotFound:
        row = await SQL.open_agreement(tx.connection, thread=thread_id)
        if row is None or not await _moderates(tx.connection, caller, row["network_id"]):
            raise
        return await access.thread_unchecked(tx.connection, caller, thread_id)


async def _moderates(connection: Connection, caller: Caller, network_id: int | None) -> bool:
    if network_id is None:
        return False
    network = await access.require_network_id(connection, caller, network_id, "see")
    return network.may_moderate


async def _agree(tx: Transaction, caller: Caller, thread: Thread, row: asyncpg.Record) -> bool:
    sides = {holder.id for holder in thread.holders}
    agreed = set(row["agreed"]) | thread.moderates
    if row["network_id"] is not None:
        sides.add(row["network_id"])
        if await _moderates(tx.connection, caller, row["network_id"]):
            agreed.add(row["network_id"])
    if agreed == set(row["agreed"]) and not agreed >= sides:
        raise Forbidden("Only moderators of the networks concerned may do this.")
    await SQL.agree(tx.connection, agreement=row["id"], agreed=sorted(agreed & sides))
    if not agreed >= sides:
        record_change(tx, thread)
        return False
    await SQL.end_agreement(tx.connection, agreement=row["id"], outcome="done")
    await CARRY_OUT[row["act"]](tx, caller, thread, row)
    return True


async def _hold_in(tx: Transaction, caller: Caller, thread: Thread, row: asyncpg.Record) -> None:
    network_id: int = row["network_id"]
    await SQL.add_holder(tx.connection, thread=thread.id, network=network_id)
    await cases.moved(tx, thread.id, [holder.id for holder in thread.holders])
    await _narrow_to_holders(tx, thread)
    tx.raise_access(f"thread:{thread.id}")
    record_change(tx, thread)
    tx.record(f"network:{network_id}", "thread.created", thread.id)
    await moderation_log.write(tx, network_id, caller, "hold_in", "thread", thread.id)


async def _move(tx: Transaction, caller: Caller, thread: Thread, row: asyncpg.Record) -> None:
    network_id: int = row["network_id"]
    await SQL.add_holder(tx.connection, thread=thread.id, network=network_id)
    await SQL.move(tx.connection, thread=thread.id, network=network_id, old=thread.network_id)
    await SQL.drop_holder(tx.connection, thread=thread.id, network=thread.network_id)
    await cases.moved(tx, thread.id, [holder.id for holder in thread.holders])
    await _narrow_to_holders(tx, thread)
    tx.raise_access(f"thread:{thread.id}")
    tx.reset(f"thread:{thread.id}", "thread.moved", thread.id)
    for holder in thread.holders:
        tx.record(f"network:{holder.id}", "thread.moved", thread.id)
    tx.record(f"network:{network_id}", "thread.created", thread.id)
    await moderation_log.write(tx, thread.network_id, caller, "move_away", "thread", thread.id)
    await moderation_log.write(tx, network_id, caller, "move_here", "thread", thread.id)


async def _widen(tx: Transaction, caller: Caller, thread: Thread, row: asyncpg.Record) -> None:
    await SQL.narrow(tx.connection, thread=thread.id, audience=row["audience"])
    await _narrow_to_holders(tx, thread)
    tx.raise_access(f"thread:{thread.id}")
    record_change(tx, thread)
    for holder in thread.holders:
        await moderation_log.write(tx, holder.id, caller, "widen", "thread", thread.id)


CARRY_OUT = {"hold_in": _hold_in, "move": _move, "widen": _widen}


async def _narrow_to_holders(tx: Transaction, thread: Thread) -> None:
    """Never a wider audience than the least visible holder allows."""
    least = await SQL.audience_of_holders(tx.connection, thread=thread.id)
    row = await current(tx.connection, thread.id)
    if BREADTH[row["audience"]] > BREADTH[least]:
        await SQL.narrow(tx.connection, thread=thread.id, audience=least)


BREADTH = {"private": 1, "open": 2, "public": 3}


async def leave(db: Database, caller: Caller, thread_id: int, slug: str) -> None:
    """A holder leaves a joint thread: its moderators decide alone. What was written through it stays."""
    async with db.transaction() as tx:
        thread = await access.lock_thread(tx.connection, caller, thread_id)
        holder = next((each for each in thread.holders if each.slug == slug), None)
        if holder is None:
            raise Invalid("network", "That network does not hold this thread.")
        if not holder.may_moderate:
            raise Forbidden(f"Only moderators of {holder.name} may do this.")
        if len(thread.holders) == 1:
            raise Conflict("A thread needs a network that holds it.")
        remaining = next(each for each in thread.holders if each.id != holder.id)
        heir = remaining.id if holder.id == thread.network_id else thread.network_id
        await SQL.move(tx.connection, thread=thread_id, network=heir, old=holder.id)
        await SQL.drop_holder(tx.connection, thread=thread_id, network=holder.id)
        await cases.moved(tx, thread_id, [each.id for each in thread.holders])
        tx.raise_access(f"thread:{thread_id}")
        tx.reset(f"thread:{thread_id}", "thread.moved", thread_id)
        for each in thread.holders:
            tx.record(f"network:{each.id}", "thread.changed", thread_id)
        await moderation_log.write(tx, holder.id, caller, "leave", "thread", thread_id)


async def remove_title(db: Database, caller: Caller, thread_id: int, reason: str, note: str = "") -> None:
    """Take the words of a title away: moderators of the network it was opened through."""
    async with db.transaction() as tx:
        thread = await access.lock_thread(tx.connection, caller, thread_id)
        _require_opener(thread)
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
        _require_opener(thread)
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
) -> Page:  # fmt: skip
    """Threads of a network by last activity, that not before `since` and before `until`. Checks no access.

    Rows of listed_threads with `unread`, how many posts of it the member has not read; with `pinned`, also `first`:
    those that are pinned come before the others, beyond the limit, and once more among them.
    """
    at, before_id = before or (None, None)
    rows = await SQL.listed(
        connection, network=network_id, member=member, before=at, before_id=before_id, since=since, until=until,
        limit=limit + 1, pinned=pinned,
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
