"""Removal: moderators take the words of posts and messages away from everybody, and bring them back.

A removal answered is a removal done: the words have moved into the sealed table in the same transaction, and every
screen that showed them reads a gap. Each post is decided about by the moderators of the network it was written
through; a message by those of its room's network.
"""

from collections.abc import Sequence

import asyncpg

from forum import access, contributions, holds, moderation_log, notifications, posts, rooms
from forum.access import Caller, Holder, Thread
from forum.db import Database, Transaction
from forum.errors import Forbidden, NotFound

REASONS = (
    "Private information",
    "Unkind or insulting",
    "Advertising",
    "Off the subject",
    "Wrong or misleading",
    "Something else",
)


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
    async with db.transaction() as tx:
        await remove_post_in(tx, caller, post_id, reason, note)
    return await posts.one(db, post_id)


async def remove_post_in(tx: Transaction, caller: Caller, post_id: int, reason: str, note: str = "") -> None:
    """`remove_post` within an act that does more."""
    reason, note = moderation_log.checked(reason, note)
    thread = await access.lock_thread_of_post(tx.connection, caller, post_id)
    post = await posts.current(tx.connection, post_id)
    holder = _require_decider(thread, post)
    contributions.require_state(post, "shown", "held", "removed")
    if post["state"] != "removed":
        version = await contributions.seal(tx, "post", post_id, "removed", by=caller.member_id)
        await holds.end(tx, post_id, "removed", thread)
        tx.record(f"thread:{thread.id}", "post.removed", post_id)
        await contributions.tell_references(tx, "post", post_id)
        reason_id = await moderation_log.write(
            tx, holder.id, caller, "remove", "post", post_id,
            subject=post["author_id"], reason=reason, note=note, versions=(post["version"], version),
        )  # fmt: skip
        await notifications.tell_decision(
            tx, post["author_id"], caller, "removal", reason_id, network=holder.id, post=post_id
        )


async def restore_post(db: Database, caller: Caller, post_id: int) -> asyncpg.Record:
    """Bring a removed post back, or release a held one: the deciding side. Returns the post."""
    async with db.transaction() as tx:
        await restore_post_in(tx, caller, post_id)
    return await posts.one(db, post_id)


async def restore_post_in(tx: Transaction, caller: Caller, post_id: int) -> None:
    """`restore_post` within an act that does more."""
    thread = await access.lock_thread_of_post(tx.connection, caller, post_id)
    post = await posts.current(tx.connection, post_id)
    holder = _require_decider(thread, post)
    contributions.require_state(post, "removed", "held", "shown")
    if post["state"] != "shown":
        version = await contributions.unseal(tx, "post", post_id, by=caller.member_id)
        await holds.end(tx, post_id, "restored", thread)
        tx.record(f"thread:{thread.id}", "post.restored", post_id)
        await contributions.tell_references(tx, "post", post_id)
        await moderation_log.write(
            tx, holder.id, caller, "restore", "post", post_id,
            subject=post["author_id"], versions=(post["version"], version),
        )  # fmt: skip
        await notifications.tell_decision(
            tx, post["author_id"], caller, "restoration", None, network=holder.id, post=post_id
        )


async def remove_message(db: Database, caller: Caller, message_id: int, reason: str, note: str = "") -> asyncpg.Record:
    """Take a message's words away from everybody: the moderators of its network. Returns the gap."""
    async with db.transaction() as tx:
        await remove_message_in(tx, caller, message_id, reason, note)
    return await rooms.one(db, message_id)


async def remove_message_in(tx: Transaction, caller: Caller, message_id: int, reason: str, note: str = "") -> None:
    """`remove_message` within an act that does more."""
    reason, note = moderation_log.checked(reason, note)
    network = await access.lock_room_of_message(tx.connection, caller, message_id)
    if not network.may_moderate:
        raise Forbidden(f"Only moderators of {network.name} may do this.")
    message = await rooms.current(tx.connection, message_id)
    contributions.require_state(message, "shown", "removed")
    if message["state"] == "shown":
        version = await contributions.seal(tx, "message", message_id, "removed", by=caller.member_id)
        tx.record(f"room:{network.room_id}", "message.removed", message_id)
        await contributions.tell_references(tx, "message", message_id)
        reason_id = await moderation_log.write(
            tx, network.id, caller, "remove", "message", message_id,
            subject=message["author_id"], reason=reason, note=note, versions=(message["version"], version),
        )  # fmt: skip
        await notifications.tell_decision(
            tx, message["author_id"], caller, "removal", reason_id, network=network.id, message=message_id
        )


async def restore_message(db: Database, caller: Caller, message_id: int) -> asyncpg.Record:
    """Bring a removed message back. Returns it."""
    async with db.transaction() as tx:
        await restore_message_in(tx, caller, message_id)
    return await rooms.one(db, message_id)


async def restore_message_in(tx: Transaction, caller: Caller, message_id: int) -> None:
    """`restore_message` within an act that does more."""
    network = await access.lock_room_of_message(tx.connection, caller, message_id)
    if not network.may_moderate:
        raise Forbidden(f"Only moderators of {network.name} may do this.")
    message = await rooms.current(tx.connection, message_id)
    contributions.require_state(message, "removed", "shown")
    if message["state"] == "removed":
        version = await contributions.unseal(tx, "message", message_id, by=caller.member_id)
        tx.record(f"room:{network.room_id}", "message.restored", message_id)
        await contributions.tell_references(tx, "message", message_id)
        await moderation_log.write(
            tx, network.id, caller, "restore", "message", message_id,
            subject=message["author_id"], versions=(message["version"], version),
        )  # fmt: skip
        await notifications.tell_decision(
            tx, message["author_id"], caller, "restoration", None, network=network.id, message=message_id
        )


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
