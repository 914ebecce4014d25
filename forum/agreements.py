"""Agreements: what concerns all sides of a thread (a further holder, a move, a wider audience) waits for each of them.

Whoever asks agrees for the sides that they moderate; when the last side has agreed, it is carried out in that
transaction. A holder leaves on its own. A thread's audience is never wider than any of its holders allows.
"""

from collections.abc import Set as AbstractSet
from typing import Literal

import asyncpg

from forum import access, cases, moderation_log, threads
from forum.db import Connection, Database, Transaction, statements
from forum.errors import Conflict, Forbidden, Invalid, NotFound
from forum.standing import Caller, Thread

SQL = statements("agreements")
Agreement = Literal["hold_in", "move", "widen"]


async def ask(
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
        kept = await _keep_sides(tx, caller, thread_id, slug)
        thread = await access.lock_thread(tx.connection, caller, thread_id)
        if act == "hold_in":
            thread.require_moderator()
        else:
            thread.require_opener()
        network = None
        if act in {"hold_in", "move"}:
            network = await access.require_network(tx.connection, caller, slug or "", "write")
            if act == "hold_in" and thread.holder(network.id) is not None:
                raise Conflict(f"{network.name} holds this thread already.")
            if act == "move" and network.id == thread.network_id:
                raise Conflict(f"The thread belongs to {network.name} already.")
        elif audience not in {"public", "open", "private"}:
            raise Invalid("audience", "The audience is public, open or private.")
        row = await SQL.ask(
            tx.connection, thread=thread_id, act=act, network=network and network.id, audience=audience,
            member=caller.member, agreed=[],
        )  # fmt: skip
        if row is None:
            raise Conflict("Something else waits for the agreement of this thread's networks. Decide that first.")
        return await _agree(tx, caller, thread, row, kept)


async def agree(db: Database, caller: Caller, thread_id: int) -> bool:
    """Agree for the sides that the caller moderates to what was asked; returns whether it is done now."""
    async with db.transaction() as tx:
        kept = await _keep_sides(tx, caller, thread_id)
        return await _agree(tx, caller, *await _lock_open(tx, caller, thread_id), kept)


async def decline(db: Database, caller: Caller, thread_id: int) -> None:
    """Decline, for a side that the caller moderates, what was asked; who asked may take it back in the same way."""
    async with db.transaction() as tx:
        thread, row = await _lock_open(tx, caller, thread_id)
        own = row["asked_by"] == caller.member
        if not own and not thread.moderates and not await _moderates(tx.connection, caller, row["network_id"]):
            raise Forbidden("Only moderators of the networks concerned may do this.")
        outcome = "withdrawn" if own else "declined"
        await SQL.end(tx.connection, agreement=row["id"], outcome=outcome)
        tx.record(f"thread:{thread_id}", "thread.changed", thread_id)


async def _keep_sides(tx: Transaction, caller: Caller, thread_id: int, slug: str | None = None) -> AbstractSet[int]:
    """The networks that hold the thread, or are asked to: nobody narrows them, and the caller's place in them stays,
    until commit. Before the thread is locked.
    """
    sides = [row["id"] for row in await SQL.sides(tx.connection, thread=thread_id, slug=slug)]
    await access.SQL.lock_memberships(tx.connection, member=caller.member_id, networks=sides)
    await access.SQL.keep_visibility(tx.connection, networks=sides)
    return set(sides)


async def _lock_open(tx: Transaction, caller: Caller, thread_id: int) -> tuple[Thread, asyncpg.Record]:
    """A thread and what waits there, both locked: for its readers, and for who moderates a network that is asked to
    hold it. Raises NotFound, Conflict (nothing waits).
    """
    try:
        thread = await access.lock_thread(tx.connection, caller, thread_id)
    except NotFound:
        asked = await SQL.open(tx.connection, thread=thread_id)
        if asked is None or not await _moderates(tx.connection, caller, asked["network_id"]):
            raise
        thread = await access.thread_unchecked(tx.connection, caller, thread_id)
    row = await SQL.open(tx.connection, thread=thread_id)
    if row is None:
        raise Conflict("Nothing waits for agreement here.")
    return thread, row


async def _moderates(connection: Connection, caller: Caller, network_id: int | None) -> bool:
    if network_id is None:
        return False
    network = await access.require_network_id(connection, caller, network_id, "see")
    return network.may_moderate


async def _agree(tx: Transaction, caller: Caller, thread: Thread, row: asyncpg.Record, kept: AbstractSet[int]) -> bool:
    sides = {holder.id for holder in thread.holders}
    agreed = set(row["agreed"]) | thread.moderates
    if row["network_id"] is not None:
        sides.add(row["network_id"])
        if await _moderates(tx.connection, caller, row["network_id"]):
            agreed.add(row["network_id"])
    # Between keeping them and locking the thread there may have come another one, which is not kept.
    if not sides <= kept:
        raise Conflict("The networks that this concerns have just changed. Look at it again.")
    if agreed == set(row["agreed"]) and not agreed >= sides:
        raise Forbidden("Only moderators of the networks concerned may do this.")
    await SQL.agree(tx.connection, agreement=row["id"], agreed=sorted(agreed & sides))
    if not agreed >= sides:
        threads.record_change(tx, thread)
        return False
    await SQL.end(tx.connection, agreement=row["id"], outcome="done")
    await CARRY_OUT[row["act"]](tx, caller, thread, row)
    return True


async def _hold_in(tx: Transaction, caller: Caller, thread: Thread, row: asyncpg.Record) -> None:
    network_id: int = row["network_id"]
    await SQL.add_holder(tx.connection, thread=thread.id, network=network_id)
    await cases.moved(tx, thread.id, [holder.id for holder in thread.holders])
    await _narrow_to_holders(tx, thread)
    tx.raise_access(f"thread:{thread.id}")
    threads.record_change(tx, thread)
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
    threads.record_change(tx, thread)
    for holder in thread.holders:
        await moderation_log.write(tx, holder.id, caller, "widen", "thread", thread.id)


CARRY_OUT = {"hold_in": _hold_in, "move": _move, "widen": _widen}


async def _narrow_to_holders(tx: Transaction, thread: Thread) -> None:
    """Never a wider audience than the least visible holder allows."""
    least = await SQL.audience_of_holders(tx.connection, thread=thread.id)
    row = await threads.current(tx.connection, thread.id)
    if BREADTH[row["audience"]] > BREADTH[least]:
        await SQL.narrow(tx.connection, thread=thread.id, audience=least)


BREADTH = {"private": 1, "open": 2, "public": 3}


async def leave(db: Database, caller: Caller, thread_id: int, slug: str) -> None:
    """A holder leaves a joint thread: its moderators decide alone. What was written through it stays."""
    async with db.transaction() as tx:
        thread = await access.lock_thread(tx.connection, caller, thread_id)
        holder = thread.require_holder(slug)
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
