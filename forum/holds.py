"""Holds: in a joint thread, a moderator of one side hides the other side's post until that side decides.

A hold has an end: where nobody decides, the post comes back. It is asked for once: what the deciding side has brought
back, or let lapse, is not held again by the same side.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from forum import access, contributions, moderation_log, notifications, posts
from forum.contributions import BackWords
from forum.db import Database, Transaction, statements
from forum.errors import Conflict, Forbidden
from forum.standing import GUEST, Caller, Thread

SQL = statements("holds")
HOLD_FOR = timedelta(days=3)


async def hold_post(db: Database, caller: Caller, post_id: int, reason: str, note: str = "") -> asyncpg.Record:
    """Hide the other side's post in a joint thread until that side decides, three days at most. Returns the gap."""
    async with db.transaction() as tx:
        await hold_post_in(tx, caller, post_id, reason, note)
    return await posts.one(db, post_id)


async def hold_post_in(tx: Transaction, caller: Caller, post_id: int, reason: str, note: str = "") -> None:
    """`hold_post` within an act that does more."""
    reason, note = moderation_log.checked(reason, note)
    thread = await access.lock_thread_of_post(tx.connection, caller, post_id)
    post = await posts.current(tx.connection, post_id)
    own = thread.holder(post["network_id"])
    if own is not None and own.may_moderate:
        raise Conflict("You decide about this post yourself: remove it, or leave it.")
    holder = next((each for each in thread.holders if each.may_moderate), None)
    if holder is None:
        raise Forbidden("Only moderators of the networks that hold this thread may do this.")
    contributions.require_state(post, "shown", "held")
    if post["state"] == "shown":
        if await SQL.held_before(tx.connection, post=post_id, network=holder.id):
            raise Conflict(f"{post['network_name']} has decided about this post already.")
        until = datetime.now(UTC) + HOLD_FOR
        version = await contributions.seal(tx, "post", post_id, "held", until=until)
        hold_id = await SQL.insert_hold(
            tx.connection, post=post_id, network=holder.id, member=caller.member, until=until
        )
        tx.record(f"thread:{thread.id}", "post.held", post_id)
        await contributions.tell_references(tx, "post", post_id)
        for side in (holder.id, post["network_id"]):
            tx.record(f"moderators:{side}", "hold.placed", hold_id)
            await moderation_log.write(
                tx, side, caller, "hold", "post", post_id,
                subject=post["author_id"], reason=reason, note=note, versions=(post["version"], version),
            )  # fmt: skip
        await notifications.tell_decision(
            tx, post["author_id"], caller, "hold", None, network=post["network_id"], post=post_id
        )


async def release_post(db: Database, caller: Caller, post_id: int) -> asyncpg.Record:
    """Take one's own side's hold back: the post returns. Returns it."""
    for back in contributions.bringing_back(caller.member_id):
        async with back, db.transaction() as tx:
            thread = await access.lock_thread_of_post(tx.connection, caller, post_id)
            post = await posts.current(tx.connection, post_id)
            hold = await SQL.open_hold(tx.connection, post=post_id)
            holder = None if hold is None else thread.holder(hold["network_id"])
            if not thread.moderates:
                raise Forbidden("Only moderators of the networks that hold this thread may do this.")
            contributions.require_state(post, "held", "shown")
            if post["state"] == "held":
                if holder is None or not holder.may_moderate:
                    raise Forbidden("The side that asked for the hold may take it back.")
                await _end_held(tx, thread, post, back, "released", caller)
    return await posts.one(db, post_id)


async def lapse_holds(db: Database, *, now: datetime | None = None) -> int:
    """Bring back the posts whose hold nobody decided in time: the clock's act. Returns how many came back."""
    async with db.connection() as connection:
        due = await SQL.due_holds(connection, now=now or datetime.now(UTC))
    for row in due:
        await lapse_hold(db, row["post_id"], now=now)
    return len(due)


async def lapse_hold(db: Database, post_id: int, *, now: datetime | None = None) -> bool:
    """Bring one held post back if its hold is over; returns whether it came back."""
    lapsed = False
    for back in contributions.bringing_back(None):
        async with back, db.transaction() as tx:
            lapsed = await _lapse(tx, post_id, back, now or datetime.now(UTC))
    return lapsed


async def _lapse(tx: Transaction, post_id: int, back: BackWords, now: datetime) -> bool:
    await contributions.lock(tx, "post", None, [post_id])
    hold = await SQL.open_hold(tx.connection, post=post_id)
    post = await posts.current(tx.connection, post_id)
    if hold is None or post["state"] != "held" or hold["until"] > now:
        return False
    thread = await access.thread_unchecked(tx.connection, GUEST, post["thread_id"])
    await _end_held(tx, thread, post, back, "lapsed", None)
    return True


async def _end_held(
    tx: Transaction, thread: Thread, post: asyncpg.Record, back: BackWords, outcome: str, caller: Caller | None
) -> None:
    version = await contributions.unseal(tx, "post", post["id"], back)
    await end(tx, [post["id"]], outcome)
    tx.record(f"thread:{thread.id}", "post.restored", post["id"])
    await contributions.tell_references(tx, "post", post["id"])
    for holder in thread.holders:
        await moderation_log.write(
            tx, holder.id, caller, "release" if outcome == "released" else "lapse", "post", post["id"],
            subject=post["author_id"], versions=(post["version"], version),
        )  # fmt: skip


async def end(tx: Transaction, post_ids: Sequence[int], outcome: str) -> Mapping[int, int]:
    """End the open holds of these posts, and tell all queues; returns by post which network had asked for its hold."""
    rows = await SQL.end_holds(tx.connection, posts=list(post_ids), outcome=outcome) if post_ids else []
    for row in rows:
        for side in row["sides"]:
            tx.record(f"moderators:{side}", "hold.ended", row["id"])
    return {row["post_id"]: row["network_id"] for row in rows}


async def waiting(db: Database, caller: Caller, slug: str) -> Sequence[Any]:
    """The open holds in threads that this network holds, by their end: for its moderators. Raises NotFound,
    Forbidden.
    """
    async with db.connection() as connection:
        network = await access.require_network(connection, caller, slug, "moderate")
        rows: Sequence[Any] = await SQL.open_holds(connection, network=network.id)
        return rows
