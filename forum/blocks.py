"""Blocks: whom a member does not want to read.

They fold the other's words on the member's own screens, quoted ones too, keep notifications of them away, and let
neither of the two write to the other directly; nothing that anybody else sees changes, and the other is not told.
"""

from collections.abc import Sequence
from typing import Any

from forum import conversations, members
from forum.db import Connection, Database, statements
from forum.errors import Conflict, Invalid, NotFound
from forum.standing import Caller

SQL = statements("blocks")
MAX_BLOCKED = 500


async def block(db: Database, caller: Caller, member: int) -> None:
    """Fold what this member writes, from now on and back. Raises NotFound, Invalid (oneself), Conflict (too many)."""
    if member == caller.member:
        raise Invalid("member", "You cannot block yourself.")
    async with db.transaction() as tx:
        if (await members.current(tx.connection, member))["state"] == "gone":
            raise NotFound
        if await SQL.count(tx.connection, member=caller.member) >= MAX_BLOCKED:
            raise Conflict(f"You can block at most {MAX_BLOCKED} members.")
        # After this no message of theirs comes any more, not even one that is on its way.
        await conversations.lock(tx, caller.member, member)
        if await SQL.block(tx.connection, member=caller.member, blocked=member) is not None:
            tx.record(f"member:{caller.member}", "block.made", member)
            for row in await SQL.hear_no_more(tx.connection, member=caller.member, blocked=member):
                tx.record(f"member:{caller.member}", "notification.read", row["id"])


async def unblock(db: Database, caller: Caller, member: int) -> None:
    """Read this member again. Does nothing where they are not blocked."""
    async with db.transaction() as tx:
        if await SQL.unblock(tx.connection, member=caller.member, blocked=member) is not None:
            tx.record(f"member:{caller.member}", "block.ended", member)


async def listed(connection: Connection, caller: Caller) -> Sequence[Any]:
    """Whom the caller has blocked, the newest first: id, name, title, organisation, since."""
    rows: Sequence[Any] = await SQL.listed(connection, member=caller.member)
    return rows
