"""Rooms: a network's messages, and one's own in them."""

from typing import Annotated

from msgspec import UNSET, Meta

from forum import access, rooms, submissions
from forum.api import cursors, lists, shapes
from forum.api.bodies import ChangeBody, In, MessagesQuery, NewMessage, ReadRoom
from forum.api.routing import Accepted, Call, Created
from forum.api.shapes import Message, Page, Revision, Waiting
from forum.db import Connection
from forum.submissions import Submission

EVERYTHING = 2**31 - 1
"""No message has a larger number."""


async def listed(call: Call, connection: Connection, slug: str, query: MessagesQuery) -> Page[Message]:
    """The messages of a network's room: the newest first, or with `order=time` as they were written."""
    seen = await access.require_network(connection, call.caller, slug)
    network = await access.require_room(connection, call.caller, seen.room_id)
    return await messages_of(connection, network.room_id, query)


async def messages_of(connection: Connection, room_id: int, query: MessagesQuery) -> Page[Message]:
    """The messages of any room that the caller may read."""
    place = f"messages {query.order}"
    number = cursors.number_in(place, query.after)
    follow = await lists.following(connection, f"room:{room_id}")
    if query.order == "time":
        rows = await rooms.between(
            connection, room_id, after=number or 0, limit=query.limit + 1, since=query.since, until=query.until
        )
    else:
        rows = await rooms.between(
            connection, room_id, before=number, limit=query.limit + 1, since=query.since, until=query.until
        )
    return lists.page(rows, query.limit, shapes.message, lambda row: cursors.encode(place, row["number"]), follow)


async def say(call: Call, slug: str, body: NewMessage) -> Created[Message] | Accepted[Waiting]:
    """Send a message into the room of a network. 202: a moderator reads it first. 429: slow mode."""
    row = await submissions.say(call.db, call.caller, slug, body.body, reply_to=body.reply_to, key=call.key)
    if isinstance(row, Submission):
        return Accepted(Waiting(submission=row.id))
    return Created(shapes.message(row), f"/api/v1/messages/{row['id']}")


async def show(call: Call, connection: Connection, message: int) -> Message:
    """A message, or its gap."""
    _, row = await rooms.require(connection, call.caller, message)
    return shapes.message(row)


async def edit(call: Call, message: int, body: ChangeBody) -> Message:
    """Change the words of one's own message."""
    return shapes.message(
        await rooms.edit(call.db, call.caller, message, body.body, version=body.version, key=call.key)
    )


async def withdraw(call: Call, message: int) -> Message:
    """Take one's own message back. Answers the gap."""
    return shapes.message(await rooms.withdraw(call.db, call.caller, message))


async def undo(call: Call, message: int) -> Message:
    """Bring one's own withdrawn message back."""
    return shapes.message(await rooms.undo(call.db, call.caller, message))


async def history(call: Call, message: int) -> Page[Revision]:
    """What a message said before each edit, the oldest first; nothing of a message that is a gap."""
    async with call.db.connection() as connection:
        network, _ = await rooms.require(connection, call.caller, message)
        follow = await lists.following(connection, f"room:{network.room_id}")
    _, rows = await rooms.history(call.db, call.caller, message)
    return lists.page(rows, len(rows), shapes.revision, lambda _: "", follow)


class Slow(In, frozen=True):
    """Seconds between two messages of one member; 0 ends it."""

    seconds: Annotated[int, Meta(ge=0, le=rooms.MAX_SLOW_S)]


async def slow_down(call: Call, slug: str, body: Slow) -> None:
    """Slow mode of a network's room: a moderator's act, who may go on at once."""
    await rooms.slow_down(call.db, call.caller, slug, body.seconds)


async def read(call: Call, slug: str, body: ReadRoom) -> None:
    """Everything in the room up to a message is read; without its number, everything."""
    await rooms.mark_read(call.db, call.caller, slug, EVERYTHING if body.number is UNSET else body.number)
