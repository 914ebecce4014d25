"""Sanctions: a moderator mutes a member of one network (reads, cannot write) or suspends them (an outsider there).

They stand apart from memberships, so leaving and joining again clears nothing. One is in force until an act ends it:
a moderator's, or the clock's when its time is over.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from forum import access, moderation_log
from forum.access import Caller
from forum.db import Connection, Database, Transaction, statements
from forum.errors import Conflict, Forbidden, Invalid, NotFound

SQL = statements("sanctions")

Sanction = Literal["mute", "suspension"]


async def impose(
    db: Database,
    caller: Caller,
    slug: str,
    member: int,
    kind: Sanction,
    *,
    until: datetime | None,
    reason: str,
    note: str = "",
) -> int:
    """Mute (reads, cannot write) or suspend (an outsider) a member of one network, until a time or until lifted.

    Returns the sanction's id. Raises NotFound, Forbidden, Invalid, Conflict (one of that kind is in force).
    """
    reason, note = moderation_log.checked(reason, note)
    if until is not None and until <= datetime.now(UTC):
        raise Invalid("until", "The end lies in the past.")
    async with db.transaction() as tx:
        network = await access.require_network(tx.connection, caller, slug, "moderate")
        await access.SQL.lock_standing(tx.connection, member=member, networks=[network.id])
        role = await SQL.role_of(tx.connection, network=network.id, member=member)
        if role is None or member == caller.member:
            raise NotFound
        if role in {"moderator", "lead"} and not network.may_run:
            raise Forbidden(f"Only a lead of {network.name} may do this to a moderator.")
        sanction_id = await SQL.impose(
            tx.connection, member=member, network=network.id, kind=kind, until=until, by=caller.member
        )
        if sanction_id is None:
            raise Conflict("That is in force already.")
        _shut_out(tx, network.id, member)
        await moderation_log.write(
            tx, network.id, caller, kind, "member", member, subject=member, reason=reason, note=note
        )
        return int(sanction_id)


async def lift(db: Database, caller: Caller, slug: str, member: int, kind: Sanction) -> bool:
    """End a mute or a suspension; returns whether one was in force."""
    async with db.transaction() as tx:
        network = await access.require_network(tx.connection, caller, slug, "moderate")
        await access.SQL.lock_standing(tx.connection, member=member, networks=[network.id])
        ended = await SQL.lift(tx.connection, member=member, network=network.id, kind=kind)
        if ended is None:
            return False
        _shut_out(tx, network.id, member)
        await moderation_log.write(tx, network.id, caller, f"lift {kind}", "member", member, subject=member)
        return True


async def end_due(db: Database, *, now: datetime | None = None) -> int:
    """End the sanctions whose time is over: the clock's act. Returns how many ended."""
    async with db.connection() as connection:
        due: Sequence[Any] = await SQL.due_sanctions(connection, now=now or datetime.now(UTC))
    for row in due:
        async with db.transaction() as tx:
            await access.SQL.lock_standing(tx.connection, member=row["member_id"], networks=[row["network_id"]])
            if await SQL.end_sanction(tx.connection, sanction=row["id"]) is None:
                continue
            if row["network_id"] is not None:
                _shut_out(tx, row["network_id"], row["member_id"])
            await moderation_log.write(
                tx, row["network_id"], None, f"end {row['kind']}", "member", row["member_id"], subject=row["member_id"]
            )
    return len(due)


def _shut_out(tx: Transaction, network_id: int, member: int) -> None:
    """Have the member's screens checked again, and tell them that their networks have changed."""
    tx.raise_access(f"network:{network_id}")
    tx.record(f"network:{network_id}", "membership.changed", member)
    tx.record(f"member:{member}", "membership.changed", network_id)


async def standing(connection: Connection, network_id: int, member: int) -> Sequence[Any]:
    """The sanctions in force for a member in a network (kind, until)."""
    rows: Sequence[Any] = await SQL.in_force(connection, network=network_id, member=member)
    return rows
