"""Catch-up: the log of a channel after a cursor, for clients without sockets; the same frames as `/live` sends."""

from typing import cast

import msgspec

from forum import access, updates
from forum.api.bodies import UpdatesQuery
from forum.api.json_frames import frame
from forum.api.routing import Call
from forum.api.shapes import Reset, Update, Updates
from forum.db import Connection
from forum.errors import NotFound

MAX_BYTES = 512 * 1024


async def after(call: Call, connection: Connection, channel: str, query: UpdatesQuery) -> Updates:
    """What was recorded in a channel after a cursor, in order; or one `reset`: load anew, then follow after its seq.

    Apply the items in order, and ask again after the `seq` of the last one.
    """
    if channel.startswith("moderators:") and not call.caller.may_moderate:
        call.caller.require_scope("moderate")
    read = await updates.read(connection, channel, query.after)
    # Access is checked after reading: so nothing goes out that was committed after somebody was shut out.
    allowed = await access.may_follow(connection, [(call.caller.member_id, channel)])
    if read is None or not allowed:
        raise NotFound
    lost = query.log is not None and query.log != read.log
    frames: list[bytes] = []
    if not lost and read.kept_after <= query.after <= read.head <= query.after + updates.MAX_CATCH_UP:
        reader: updates.Reader = "member" if call.caller.member_id is not None else "guest"
        if allowed[call.caller.member_id, channel]:
            reader = "outsider"
        frames = [frame(row, channel, reader=reader) for row in read.rows]
        lost = sum(map(len, frames)) > MAX_BYTES
    else:
        lost = True
    items: list[Update | Reset] = [Reset(channel=channel, seq=read.head, log=read.log)] if lost else _encoded(frames)
    return Updates(items=items, next=None, channels={channel: read.head}, log=read.log)


def _encoded(frames: list[bytes]) -> list[Update | Reset]:
    """Frames that are JSON already, as what they are the JSON of."""
    return cast("list[Update | Reset]", [msgspec.Raw(each) for each in frames])
