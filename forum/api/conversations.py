"""Direct conversations: mine, one with a member, and what is said in it. Everything else about a message is as ever."""

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta

from forum import access, conversations
from forum.api import cursors, lists, rooms, shapes
from forum.api.bodies import Id, In, ListQuery, MessagesQuery, NewMessage, ReadRoom
from forum.api.routing import Call, Created
from forum.api.shapes import Conversation, Message, Page
from forum.db import Connection

Moment = Annotated[datetime, Meta(tz=True)]


class NewConversation(In, frozen=True):
    """With whom: a member who shares a network with the caller."""

    member: Id


async def listed(call: Call, connection: Connection, query: ListQuery) -> Page[Conversation]:
    """The caller's direct conversations, where something was said last first."""
    before = cursors.decode("conversations", query.after, tuple[Moment, cursors.Id])
    follow = await lists.following(connection, f"member:{call.caller.member}")
    rows = await conversations.listed(connection, call.caller, before=before, limit=query.limit + 1)
    return lists.page(
        rows,
        query.limit,
        shapes.conversation,
        lambda row: cursors.encode("conversations", row["listed_at"], row["id"]),
        follow,
    )


async def open_one(call: Call, body: NewConversation) -> Created[Conversation]:
    """The conversation with a member: the one that there is, or a new one. The other sees it once something is said."""
    room = await conversations.open(call.db, call.caller, body.member)
    async with call.db.connection() as connection:
        row = await conversations.one(connection, call.caller, room.room_id)
    return Created(shapes.conversation(row), f"/api/v1/conversations/{room.room_id}/messages")


async def messages(call: Call, connection: Connection, conversation: int, query: MessagesQuery) -> Page[Message]:
    """What was said in it: the newest first, or with `order=time` as it was written."""
    room = await access.require_conversation(connection, call.caller, conversation)
    return await rooms.messages_of(connection, room.room_id, query)


async def say(call: Call, conversation: int, body: NewMessage) -> Created[Message]:
    """Send a message to the other. 403 where they are not to be reached: why is theirs to know."""
    row = await conversations.say(call.db, call.caller, conversation, body.body, reply_to=body.reply_to, key=call.key)
    return Created(shapes.message(row), f"/api/v1/messages/{row['id']}")


async def read(call: Call, conversation: int, body: ReadRoom) -> None:
    """Everything in it up to a message is read; without its number, everything."""
    number = rooms.EVERYTHING if body.number is UNSET else body.number
    await conversations.mark_read(call.db, call.caller, conversation, number)
