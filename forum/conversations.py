"""Direct conversations: a room with no network, and the two members who are in it.

Invariants: two members have one conversation at most, whoever opens it and however often; nobody else can ever read it,
administrators included, who see of it what was reported to them (forum/reports.py); its messages are those of a room,
with the same acts (forum/rooms.py). Who may write: two who share a network in which both count, unless one of them has
blocked the other. That is asked at every message; what was said before stays with both.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg

from forum import access, rooms
from forum.db import Connection, Database, Row, Transaction, statements
from forum.errors import NotFound
from forum.standing import Caller, Conversation

SQL = statements("conversations")
PAGE = 50


async def may_begin(connection: Connection, caller: Caller, member: int) -> bool:
    """Whether the caller finds this member to write to: both count in one network. It says nothing of blocks."""
    return caller.member_id is not None and bool(await SQL.may_begin(connection, member=caller.member_id, other=member))


async def open(db: Database, caller: Caller, member: int) -> Conversation:  # noqa: A001 - the verb that it is
    """The conversation with this member, made if there is none yet; the same one, whoever asks first.

    The other sees it once something was said. Raises NotFound for whom the caller does not find: nobody of that id,
    themselves, and who shares no network with them (an old conversation stays open to both all the same).
    """
    async with db.transaction() as tx:
        pair = {"member": caller.member, "other": member}
        room_id, made = await SQL.of_pair(tx.connection, **pair), None
        if room_id is None:
            if not await may_begin(tx.connection, caller, member):
                raise NotFound
            made = await SQL.open(tx.connection, **pair)
            room_id = made or await SQL.of_pair(tx.connection, **pair)
        listed = await SQL.list_it(tx.connection, room=room_id, member=caller.member)
        if made is not None or listed is not None:
            tx.record(f"member:{caller.member}", "conversation.changed", room_id)
        return await access.require_conversation(tx.connection, caller, room_id)


async def say(
    db: Database, caller: Caller, room_id: int, body: str, *, reply_to: int | None = None, key: str | None = None
) -> asyncpg.Record:
    """Send a message to the other. Returns it as a row of shown_messages. Raises NotFound, Forbidden, Invalid."""
    async with db.connection() as connection:
        room = await access.require_conversation(connection, caller, room_id)
    return await rooms.say_in(db, caller, room, body, reply_to=reply_to, key=key)


async def mark_read(db: Database, caller: Caller, room_id: int, number: int) -> None:
    """Everything in it up to this number is read, and so is what the member was told of it. Raises NotFound."""
    async with db.transaction() as tx:
        await access.require_conversation(tx.connection, caller, room_id)
        own = {"member": caller.member, "room": room_id, "number": number}
        changed = await rooms.SQL.mark_read(tx.connection, **own) is not None
        for row in await rooms.SQL.read_directly(tx.connection, **own):
            tx.record(f"member:{caller.member}", "notification.read", row["id"])
        if changed:
            tx.record(f"member:{caller.member}", "conversation.changed", room_id)


async def listed(
    connection: Connection, caller: Caller, *, before: tuple[datetime, int] | None = None, limit: int = PAGE
) -> Sequence[Any]:
    """The caller's, as rows of shown_conversations: where something was said last first.

    `before` is the place (listed_at, id) of the last one seen.
    """
    at, room_id = before or (None, None)
    rows: Sequence[Any] = await SQL.listed(
        connection, member=caller.member, before_at=at, before_id=room_id, limit=limit
    )
    return rows


async def one(connection: Connection, caller: Caller, room_id: int) -> Row:
    """One of the caller's, as a row of shown_conversations. Raises NotFound."""
    row: Row | None = await SQL.one(connection, member=caller.member, room=room_id)
    if row is None:
        raise NotFound
    return row


async def unread(connection: Connection, member: int) -> int:
    """In how many of a member's conversations something is unread, counted to 100."""
    return int(await SQL.unread(connection, member=member))


async def lock(tx: Transaction, member: int, other: int) -> None:
    """Nothing is said between these two until commit."""
    await SQL.lock_pair(tx.connection, member=member, other=other)
