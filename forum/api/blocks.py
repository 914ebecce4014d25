"""Blocks: whom I do not want to read. They are not told."""

from datetime import datetime

from msgspec import Struct

from forum import blocks
from forum.api import lists, shapes
from forum.api.routing import Call
from forum.api.shapes import MemberHead, Page, Row
from forum.db import Connection


class Block(Struct, frozen=True, kw_only=True):
    """Whom I have blocked."""

    member: MemberHead
    since: datetime


def _block(row: Row) -> Block:
    return Block(member=shapes.member_head(row), since=row["since"])


async def listed(call: Call, connection: Connection) -> Page[Block]:
    """Whom I have blocked, the newest first. What they write is for you to fold; nobody else is told."""
    follow = await lists.following(connection, f"member:{call.caller.member}")
    rows = await blocks.listed(connection, call.caller)
    return lists.page(rows, len(rows), _block, lambda _: "", follow)


async def block(call: Call, member: int) -> None:
    """Block a member: no notification comes of what they do."""
    await blocks.block(call.db, call.caller, member)


async def unblock(call: Call, member: int) -> None:
    """Read a member again."""
    await blocks.unblock(call.db, call.caller, member)
