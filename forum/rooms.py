"""Rooms: a network's live chat. Say, edit, withdraw and its undo, read on.

A message records in its room's channel and for the people whom it addresses; what the rest of the network sees of it
(an unread mark on the room) is told by a job, at most once a second (forum/announcements.py). A room with no network is
a direct conversation: who is in it, and how it begins, is in forum/conversations.py; its messages are as all are.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

import asyncpg

from forum import access, contributions, idempotency, moderation_log, newcomers, text
from forum.contributions import SQL as CONTRIBUTIONS
from forum.db import Connection, Database, Transaction
from forum.errors import Conflict, Forbidden, ForumError, Invalid, NotFound, TooMany, Unavailable
from forum.standing import Caller, Conversation, Room

SQL = CONTRIBUTIONS["message"]
PAGE = 50
MISPLACED: Final = "The message that this answers is not in this room."
MAX_BYTES = 10_000
MAX_SLOW_S = 3_600


async def say(
    db: Database, caller: Caller, slug: str, body: str, *, reply_to: int | None = None, key: str | None = None
) -> asyncpg.Record:
    """Send a message into the room of a network. Returns it as a row of shown_messages.

    With a `key` that came before: the message that it made, as it stands now. Raises NotFound, Forbidden, Invalid.
    """
    for _ in range(contributions.LOOKS):
        network = await access.network_to_write(db, caller, slug)
        words = await contributions.prepare(db, caller, "message", body, [network.id], max_bytes=MAX_BYTES)
        keyed = idempotency.Keyed.of(key, "say", network.id, body, reply_to)
        try:
            require_may_say(network)
            await newcomers.require_known_at(db, caller, network.id, network.role, network.row["approves_first"])
        except ForumError:
            # They may not any more; what they made when they might is answered all the same.
            if (made := await contributions.made_before(db, caller, keyed, current)) is None:
                raise
            return made
        wanted = WantedMessage(
            caller.member, network.room_id, network.row["standing"], network.id,
            0 if network.may_moderate else network.row["slow_s"], reply_to, *idempotency.columns(keyed),
            words.body, words.rendered.html, words.mentions, text.RENDERER,
        )  # fmt: skip
        row = await db.write_together(_write, wanted, place=network.room_id)
        match row["outcome"]:
            case "written":
                return row
            case "taken" | "slow":
                if (made := await contributions.made_before(db, caller, keyed, current)) is not None:
                    return made
                if row["outcome"] == "slow":
                    raise TooMany(row["wait_s"])
            case "misplaced":
                raise Invalid("reply_to", MISPLACED)
    raise Unavailable


class WantedMessage(NamedTuple):
    """A message as the statement takes it: the type wanted_message of the database."""

    member: int
    room: int
    standing: str
    network: int
    slow_s: int
    reply_to: int | None
    key: str | None
    hash: bytes | None
    body: str
    html: str
    mentions: Sequence[int]
    renderer: int


async def _write(connection: Connection, rows: Sequence[WantedMessage], wait: bool) -> Sequence[asyncpg.Record]:
    written: Sequence[asyncpg.Record] = await SQL.write(connection, rows=rows, wait=wait)
    return written


async def say_in(
    db: Database, caller: Caller, room: Conversation, body: str, *, reply_to: int | None = None, key: str | None = None
) -> asyncpg.Record:
    """The same into a direct conversation that was found already; what the caller may do there is asked again."""
    words = await contributions.prepare(db, caller, "message", body, room.mentionable, max_bytes=MAX_BYTES)
    request = ("say", f"room {room.room_id}", body, reply_to)
    async with db.transaction() as tx:
        found = await access.lock_any_room(tx.connection, caller, room.room_id)
        message_id = await idempotency.earlier(tx, caller.member, key, *request)
        if message_id is None:
            message_id = await insert(tx, caller, found, words, reply_to)
            await idempotency.made(tx, caller.member, key, message_id)
    return await one(db, message_id)


async def insert(
    tx: Transaction,
    caller: Caller,
    room: Room,
    words: contributions.Words,
    reply_to: int | None,
) -> int:
    """Store a message in a locked room and record it; returns its id.

    For a direct conversation, and for what a moderator has approved: it is read by nobody first, and waits for nobody.
    """
    require_may_say(room)
    row = await SQL.insert(
        tx.connection,
        room=room.room_id,
        network=room.id,
        author=caller.member,
        reply_to=reply_to,
        **words.message_columns(),
    )
    if row is None:
        raise Invalid("reply_to", MISPLACED)
    tx.record(f"room:{room.room_id}", "message.created", row["id"])
    contributions.record_told(tx, row)
    if isinstance(room, Conversation):
        await _tell_directly(tx, caller, room, row["id"])
    return int(row["id"])


async def _tell_directly(tx: Transaction, caller: Caller, room: Conversation, message_id: int) -> None:
    """Both have the conversation at the head of their lists; the other is told, once while it stands unread."""
    rows = await SQL.told_directly(tx.connection, room=room.room_id, message=message_id, author=caller.member)
    for row in rows:
        tx.record(f"member:{row['member_id']}", "conversation.changed", room.room_id)
        if row["id"] is not None:
            tx.record(f"member:{row['member_id']}", "notification.created", row["id"])


async def slow_down(db: Database, caller: Caller, slug: str, slow_s: int) -> None:
    """Slow mode: so many seconds between two messages of one member; 0 is off. A moderator's act, who may go on.

    Raises NotFound, Forbidden, Invalid.
    """
    if not 0 <= slow_s <= MAX_SLOW_S:
        raise Invalid("slow_s", f"This is 0 to {MAX_SLOW_S} seconds.")
    async with db.transaction() as tx:
        network = await access.require_network(tx.connection, caller, slug, "moderate")
        network = await access.lock_room(tx.connection, caller, network.room_id, "moderate")
        if network.row["slow_s"] == slow_s:
            return
        await SQL.slow_down(tx.connection, room=network.room_id, slow_s=slow_s)
        tx.record(f"room:{network.room_id}", "room.changed", network.room_id)
        act = f"slow mode {slow_s} s" if slow_s else "slow mode off"
        await moderation_log.write(tx, network.id, caller, act, "room", network.room_id)


def require_may_say(room: Room) -> None:
    """Raises Forbidden, with the sentence that stands in the composer's place."""
    if not room.may_say:
        raise Forbidden(room.closed)


async def one(db: Database, message_id: int) -> asyncpg.Record:
    """The message as it stands now. For acts: it checks no access. Raises NotFound."""
    async with db.connection() as connection:
        return await current(connection, message_id)


async def current(connection: Connection, message_id: int) -> asyncpg.Record:
    """The message as it stands now, read on this connection. Checks no access. Raises NotFound."""
    row: asyncpg.Record | None = await SQL.one(connection, message=message_id)
    if row is None:
        raise NotFound
    return row


async def require(connection: Connection, caller: Caller, message_id: int) -> tuple[Room, asyncpg.Record]:
    """The message and its room, for who may read it. Raises NotFound."""
    place = await SQL.place(connection, message=message_id)
    if place is None:
        raise NotFound
    room = await access.require_any_room(connection, caller, place["room_id"])
    return room, await current(connection, message_id)


async def edit(
    db: Database, caller: Caller, message_id: int, body: str, *, version: int | None = None, key: str | None = None
) -> asyncpg.Record:
    """Change the words of one's own shown message. Returns it. Raises NotFound, Forbidden, Invalid, Conflict."""
    async with db.connection() as connection:
        room, _ = await require(connection, caller, message_id)
    words = await contributions.prepare(db, caller, "message", body, room.mentionable, max_bytes=MAX_BYTES)
    async with db.transaction() as tx:
        room = await access.lock_room_of_message(tx.connection, caller, message_id)
        if await idempotency.earlier(tx, caller.member, key, "edit message", message_id, body, version) is None:
            message = await current(tx.connection, message_id)
            contributions.require_author(message, caller)
            contributions.require_state(message, "shown")
            require_may_say(room)
            if version is not None and version != message["version"]:
                raise Conflict("This message has changed since you opened it. Your text is safe.")
            if words.body != message["body"]:
                await SQL.edit(tx.connection, object=message_id, **words.message_columns())
                tx.record(f"room:{room.room_id}", "message.edited", message_id)
                await contributions.tell_references(tx, "message", message_id)
            await idempotency.made(tx, caller.member, key, message_id)
    return await one(db, message_id)


async def withdraw(db: Database, caller: Caller, message_id: int) -> asyncpg.Record:
    """Take one's own message back. Returns the gap. Raises NotFound, Forbidden, Conflict."""
    async with db.transaction() as tx:
        room = await access.lock_room_of_message(tx.connection, caller, message_id)
        message = await current(tx.connection, message_id)
        contributions.require_author(message, caller)
        contributions.require_state(message, "shown", "withdrawn")
        if message["state"] == "shown":
            await contributions.seal(tx, "message", message_id, "withdrawn", by=caller.member_id)
            tx.record(f"room:{room.room_id}", "message.withdrawn", message_id)
            await contributions.tell_references(tx, "message", message_id)
    return await one(db, message_id)


async def undo(db: Database, caller: Caller, message_id: int) -> asyncpg.Record:
    """Bring one's withdrawn message back, for who may still say something there. Returns it.

    Raises NotFound, Forbidden, Conflict.
    """
    for back in contributions.bringing_back(caller.member_id):
        async with back, db.transaction() as tx:
            room = await access.lock_room_of_message(tx.connection, caller, message_id)
            message = await current(tx.connection, message_id)
            contributions.require_author(message, caller)
            contributions.require_state(message, "withdrawn", "shown")
            if message["state"] == "withdrawn":
                require_may_say(room)
                await contributions.unseal(tx, "message", message_id, back)
                tx.record(f"room:{room.room_id}", "message.restored", message_id)
                await contributions.tell_references(tx, "message", message_id)
    return await one(db, message_id)


async def history(db: Database, caller: Caller, message_id: int) -> tuple[asyncpg.Record, Sequence[asyncpg.Record]]:
    """The message, and what it said before each edit (version, body, at), oldest first."""
    async with db.connection() as connection:
        _, message = await require(connection, caller, message_id)
        return message, await SQL.history(connection, object=message_id)


async def messages(
    connection: Connection, room_id: int, *, before: int | None = None, after: int | None = None, limit: int = PAGE
) -> Sequence[asyncpg.Record]:
    """Messages of a room, oldest first: the newest `limit`, or those before or after a number. Checks no access."""
    if before is not None:
        rows = await SQL.before(connection, room=room_id, before=before, limit=limit)
    elif after is not None:
        rows = await SQL.after(connection, room=room_id, after=after, limit=limit)
    else:
        rows = await SQL.latest(connection, room=room_id, limit=limit)
    return list(rows)


async def between(
    connection: Connection, room_id: int, *, before: int | None = None, after: int | None = None,
    since: datetime | None = None, until: datetime | None = None, limit: int = PAGE,
) -> Sequence[asyncpg.Record]:  # fmt: skip
    """Messages from `since` on and before `until`: the newest first; with `after` the oldest. Checks no access."""
    dates = {"since": since, "until": until}
    rows: Sequence[asyncpg.Record]
    if after is not None:
        rows = await SQL.oldest_between(connection, room=room_id, after=after, limit=limit, **dates)
    else:
        rows = await SQL.newest_between(connection, room=room_id, before=before, limit=limit, **dates)
    return rows


async def mark_read(db: Database, caller: Caller, slug: str, number: int) -> None:
    """Everything in the room up to this number is read. Told to the member's other screens."""
    async with db.transaction() as tx:
        network = await access.require_network(tx.connection, caller, slug)
        if await SQL.mark_read(tx.connection, member=caller.member, room=network.room_id, number=number) is not None:
            tx.record(f"member:{caller.member}", "reads.changed", network.room_id)
