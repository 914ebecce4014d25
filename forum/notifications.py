"""What a member is told: ids and facts. The excerpt is cut from the row that it is about, when it is shown."""

from collections.abc import Sequence
from typing import Any

from forum.db import Connection, Database, Transaction, statements
from forum.standing import Caller

SQL = statements("notifications")
PAGE = 30


async def listed(
    connection: Connection, member: int, *, before: int | None = None, unread_only: bool = False, limit: int = PAGE
) -> Sequence[Any]:
    """A member's notifications, newest first, as rows of shown_notifications."""
    rows: Sequence[Any] = await SQL.listed(
        connection, member=member, before=before, unread_only=unread_only, limit=limit
    )
    return rows


async def unread(connection: Connection, member: int) -> int:
    """How many the member has not read, counted to 100."""
    return int(await SQL.unread(connection, member=member))


async def mark_read(db: Database, caller: Caller, ids: Sequence[int] | None = None) -> int:
    """These notifications are read, or all; told to the member's other screens. Returns how many changed."""
    async with db.transaction() as tx:
        wanted = None if ids is None else list(ids)[:500]
        rows = await SQL.mark_read(tx.connection, member=caller.member, ids=wanted)
        for row in rows:
            tx.record(f"member:{caller.member}", "notification.read", row["id"])
        return len(rows)


async def tell_decision(
    tx: Transaction,
    member: int | None,
    caller: Caller,
    kind: str,
    reason_id: int | None,
    *,
    network: int | None,
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
