"""Moderation: remove and restore posts and messages, hold the other side's post in a joint thread, suspend and mute.

A removal answered is a removal done: the words have moved into the sealed table in the same transaction, and every
screen that showed them reads a gap. Each post is decided about by the moderators of the network it was written
through.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import asyncpg

from forum import access, contributions, moderation_log, posts, rooms, text
from forum.access import Caller, Holder, Thread
from forum.db import Connection, Database, Transaction, statements
from forum.errors import Conflict, Forbidden, Invalid, NotFound

SQL = statements("moderation")
HOLD_FOR = timedelta(days=3)
REASON_MAX_CHARS = 200
NOTE_MAX_BYTES = 4_000

REASONS = (
    "Private information",
    "Unkind or insulting",
    "Advertising",
    "Off the subject",
    "Wrong or misleading",
    "Something else",
)

Sanction = Literal["mute", "suspension"]


def _words(reason: str, note: str) -> tuple[str, str]:
    reason = text.line(reason, REASON_MAX_CHARS, field="reason")
    return reason, text.check(note, max_bytes=NOTE_MAX_BYTES, field="note") if note.strip() else ""


def _require_decider(thread: Thread, post: asyncpg.Record) -> Holder:
    """The holder that the post was written through, for its moderators. Raises Forbidden."""
    holder = thread.holder(post["network_id"])
    if holder is None or not holder.may_moderate:
        raise Forbidden(f"The moderators of {post['network_name']} decide about this post.")
    return holder


async def remove_post(db: Database, caller: Caller, post_id: int, reason: str, note: str = "") -> asyncpg.Record:
    """Take a post's words away from everybody; its replies stay. Returns the gap (a row of shown_posts).

    A held post's hold ends with it. Removed already: nothing more happens. Raises NotFound, Forbidden, Invalid,
    Conflict.
    """
    reason, note = _words(reason, note)
    async with db.transaction() as tx:
        thread = await access.lock_thread_of_post(tx.connection, caller, post_id)
        post = await posts.current(tx.connection, post_id)
        holder = _require_decider(thread, post)
        contributions.require_state(post, "shown", "held", "removed")
        if post["state"] != "removed":
            version = await contributions.seal(tx, "post", post_id, "removed")
            await _end_hold(tx, post_id, "removed", thread)
            tx.record(f"thread:{thread.id}", "post.removed", post_id)
            await contributions.tell_references(tx, "post", post_id)
            reason_id = await moderation_log.write(
                tx, holder.id, caller, "remove", "post", post_id,
                subject=post["author_id"], reason=reason, note=note, versions=(post["version"], version),
            )  # fmt: skip
            await _tell_author(tx, post["author_id"], caller, "removal", reason_id, network=holder.id, post=post_id)
    return await posts.one(db, post_id)


async def restore_post(db: Database, caller: Caller, post_id: int) -> asyncpg.Record:
    """Bring a removed post back, or release a held one: the deciding side. Returns the post."""
    async with db.transaction() as tx:
        thread = await access.lock_thread_of_post(tx.connection, caller, post_id)
        post = await posts.current(tx.connection, post_id)
        holder = _require_decider(thread, post)
        contributions.require_state(post, "removed", "held", "shown")
        if post["state"] != "shown":
            version = await contributions.unseal(tx, "post", post_id)
            await _end_hold(tx, post_id, "restored", thread)
            tx.record(f"thread:{thread.id}", "post.restored", post_id)
            await contributions.tell_references(tx, "post", post_id)
            await moderation_log.write(
                tx, holder.id, caller, "restore", "post", post_id,
                subject=post["author_id"], versions=(post["version"], version),
            )  # fmt: skip
            await _tell_author(tx, post["author_id"], caller, "restoration", None, network=holder.id, post=post_id)
    return await posts.one(db, post_id)


async def hold_post(db: Database, caller: Caller, post_id: int, reason: str, note: str = "") -> asyncpg.Record:
    """Hide the other side's post in a joint thread until that side decides, three days at most. Returns the gap."""
    reason, note = _words(reason, note)
    async with db.transaction() as tx:
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
            await _tell_author(tx, post["author_id"], caller, "hold", None, network=post["network_id"], post=post_id)
    return await posts.one(db, post_id)


async def release_post(db: Database, caller: Caller, post_id: int) -> asyncpg.Record:
    """Take one's own side's hold back: the post returns. Returns it."""
    async with db.transaction() as tx:
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
            await _end_held(tx, thread, post, "released", caller)
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
    async with db.transaction() as tx:
        thread_id = await access.SQL.thread_of_post(tx.connection, post=post_id)
        await access.SQL.lock_thread(tx.connection, member=None, thread=thread_id, post=post_id)
        hold = await SQL.open_hold(tx.connection, post=post_id)
        post = await posts.current(tx.connection, post_id)
        if hold is None or post["state"] != "held" or hold["until"] > (now or datetime.now(UTC)):
            return False
        thread = await access.thread_unchecked(tx.connection, access.GUEST, post["thread_id"])
        await _end_held(tx, thread, post, "lapsed", None)
        return True


async def _end_held(tx: Transaction, thread: Thread, post: asyncpg.Record, outcome: str, caller: Caller | None) -> None:
    version = await contributions.unseal(tx, "post", post["id"])
    await _end_hold(tx, post["id"], outcome, thread)
    tx.record(f"thread:{thread.id}", "post.restored", post["id"])
    await contributions.tell_references(tx, "post", post["id"])
    for holder in thread.holders:
        await moderation_log.write(
            tx, holder.id, caller, "release" if outcome == "released" else "lapse", "post", post["id"],
            subject=post["author_id"], versions=(post["version"], version),
        )  # fmt: skip


async def _end_hold(tx: Transaction, post_id: int, outcome: str, thread: Thread) -> None:
    hold_id = await SQL.end_hold(tx.connection, post=post_id, outcome=outcome)
    if hold_id is not None:
        for holder in thread.holders:
            tx.record(f"moderators:{holder.id}", "hold.ended", hold_id)


async def _tell_author(
    tx: Transaction,
    member: int | None,
    caller: Caller,
    kind: str,
    reason_id: int | None,
    *,
    network: int,
    post: int | None = None,
    message: int | None = None,
) -> None:
    """Tell a member what was done: by a moderator of the network, whose name is not told."""
    if member is None or member == caller.member_id:
        return
    notification = await SQL.notify(
        tx.connection, member=member, kind=kind, network=network, post=post, message=message, reason=reason_id
    )
    tx.record(f"member:{member}", "notification.created", notification)


async def remove_message(db: Database, caller: Caller, message_id: int, reason: str, note: str = "") -> asyncpg.Record:
    """Take a message's words away from everybody: the moderators of its network. Returns the gap."""
    reason, note = _words(reason, note)
    async with db.transaction() as tx:
        network = await access.lock_room_of_message(tx.connection, caller, message_id)
        if not network.may_moderate:
            raise Forbidden(f"Only moderators of {network.name} may do this.")
        message = await rooms.current(tx.connection, message_id)
        contributions.require_state(message, "shown", "removed")
        if message["state"] == "shown":
            version = await contributions.seal(tx, "message", message_id, "removed")
            tx.record(f"room:{network.room_id}", "message.removed", message_id)
            await contributions.tell_references(tx, "message", message_id)
            reason_id = await moderation_log.write(
                tx, network.id, caller, "remove", "message", message_id,
                subject=message["author_id"], reason=reason, note=note, versions=(message["version"], version),
            )  # fmt: skip
            await _tell_author(
                tx, message["author_id"], caller, "removal", reason_id, network=network.id, message=message_id
            )
    return await rooms.one(db, message_id)


async def restore_message(db: Database, caller: Caller, message_id: int) -> asyncpg.Record:
    """Bring a removed message back. Returns it."""
    async with db.transaction() as tx:
        network = await access.lock_room_of_message(tx.connection, caller, message_id)
        if not network.may_moderate:
            raise Forbidden(f"Only moderators of {network.name} may do this.")
        message = await rooms.current(tx.connection, message_id)
        contributions.require_state(message, "removed", "shown")
        if message["state"] == "removed":
            version = await contributions.unseal(tx, "message", message_id)
            tx.record(f"room:{network.room_id}", "message.restored", message_id)
            await contributions.tell_references(tx, "message", message_id)
            await moderation_log.write(
                tx, network.id, caller, "restore", "message", message_id,
                subject=message["author_id"], versions=(message["version"], version),
            )  # fmt: skip
            await _tell_author(
                tx, message["author_id"], caller, "restoration", None, network=network.id, message=message_id
            )
    return await rooms.one(db, message_id)


async def sealed_words(
    db: Database, caller: Caller, noun: contributions.Noun, object_id: int
) -> Sequence[asyncpg.Record]:
    """What a removed or held contribution said (version, body, at), for the moderators who decide about it.

    A withdrawn one is nobody's but its author's. Raises NotFound for everybody else.
    """
    async with db.connection() as connection:
        if noun == "post":
            thread, row = await posts.require(connection, caller, object_id)
            decides = row["network_id"] in thread.moderates
        else:
            network, row = await rooms.require(connection, caller, object_id)
            decides = network.may_moderate
        own = row["author_id"] is not None and row["author_id"] == caller.member_id
        if not (row["state"] in {"removed", "held"} and decides) and not (row["state"] == "withdrawn" and own):
            raise NotFound
        rows: Sequence[asyncpg.Record] = await posts.SQL.sealed_words(connection, noun=noun, object=object_id)
        return rows


async def sanction(
    db: Database,
    caller: Caller,
    slug: str,
    member: int,
    kind: Sanction,
    *,
    until: datetime | None,
    reason: str,
    note: str = "",
) -> int:
    """Mute (reads, cannot write) or suspend (an outsider) a member of one network, until a time or until lifted.

    Returns the sanction's id. Raises NotFound, Forbidden, Invalid, Conflict (one of that kind is in force).
    """
    reason, note = _words(reason, note)
    if until is not None and until <= datetime.now(UTC):
        raise Invalid("until", "The end lies in the past.")
    async with db.transaction() as tx:
        network = await access.require_network(tx.connection, caller, slug, "moderate")
        await access.SQL.lock_standing(tx.connection, member=member, networks=[network.id])
        role = await SQL.role_of(tx.connection, network=network.id, member=member)
        if role is None or member == caller.member:
            raise NotFound
        if role in {"moderator", "lead"} and not network.may_run:
            raise Forbidden(f"Only a lead of {network.name} may do this to a moderator.")
        sanction_id = await SQL.impose(
            tx.connection, member=member, network=network.id, kind=kind, until=until, by=caller.member
        )
        if sanction_id is None:
            raise Conflict("That is in force already.")
        _shut_out(tx, network.id, member)
        await moderation_log.write(
            tx, network.id, caller, kind, "member", member, subject=member, reason=reason, note=note
        )
        return int(sanction_id)


async def lift(db: Database, caller: Caller, slug: str, member: int, kind: Sanction) -> bool:
    """End a mute or a suspension; returns whether one was in force."""
    async with db.transaction() as tx:
        network = await access.require_network(tx.connection, caller, slug, "moderate")
        await access.SQL.lock_standing(tx.connection, member=member, networks=[network.id])
        ended = await SQL.lift(tx.connection, member=member, network=network.id, kind=kind)
        if ended is None:
            return False
        _shut_out(tx, network.id, member)
        await moderation_log.write(tx, network.id, caller, f"lift {kind}", "member", member, subject=member)
        return True


async def end_sanctions(db: Database, *, now: datetime | None = None) -> int:
    """End the sanctions whose time is over: the clock's act. Returns how many ended."""
    async with db.connection() as connection:
        due: Sequence[Any] = await SQL.due_sanctions(connection, now=now or datetime.now(UTC))
    for row in due:
        async with db.transaction() as tx:
            await access.SQL.lock_standing(tx.connection, member=row["member_id"], networks=[row["network_id"]])
            if await SQL.end_sanction(tx.connection, sanction=row["id"]) is None:
                continue
            if row["network_id"] is not None:
                _shut_out(tx, row["network_id"], row["member_id"])
            await moderation_log.write(
                tx, row["network_id"], None, f"end {row['kind']}", "member", row["member_id"], subject=row["member_id"]
            )
    return len(due)


def _shut_out(tx: Transaction, network_id: int, member: int) -> None:
    """Have the member's screens checked again, and tell them that their networks have changed."""
    tx.raise_access(f"network:{network_id}")
    tx.record(f"network:{network_id}", "membership.changed", member)
    tx.record(f"member:{member}", "membership.changed", network_id)


async def standing(connection: Connection, network_id: int, member: int) -> Sequence[Any]:
    """The sanctions in force for a member in a network (kind, until)."""
    rows: Sequence[Any] = await SQL.in_force(connection, network=network_id, member=member)
    return rows


async def holds(db: Database, caller: Caller, slug: str) -> Sequence[Any]:
    """The open holds in threads that this network holds, by their end: for its moderators. Raises NotFound,
    Forbidden.
    """
    async with db.connection() as connection:
        network = await access.require_network(connection, caller, slug, "moderate")
        rows: Sequence[Any] = await SQL.open_holds(connection, network=network.id)
        return rows
