"""Members: a profile, for members of the site."""

from forum import members
from forum.api import shapes
from forum.api.routing import Call
from forum.api.shapes import Member
from forum.db import Connection


async def show(call: Call, connection: Connection, member: int) -> Member:
    """A profile, with the networks of theirs that I see too."""
    row, shared = await members.profile(connection, call.caller, member)
    return shapes.member(row, [shapes.place(each) for each in shared])
