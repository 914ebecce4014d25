"""Sanctions: a moderator warns a member of a network, mutes them (reads, cannot write) or suspends them (an outsider).

They stand apart from memberships, so leaving and joining again clears nothing. A mute or a suspension is in force until
an act ends it: a moderator's, or the clock's when its time is over. A warning is said once and is never in force. Each
is told to the one to whom it was done, with reason, note and end; who did it is named where the network names its
moderators.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from forum import access, members, moderation_log
from forum.db import Connection, Database, Transaction, statements
from forum.errors import Conflict, Forbidden, Invalid, NotFound
from forum.standing import Caller

SQL = statements("sanctions")
PAGE = 50

Sanction = Literal["warning", "mute", "suspension"]


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
    """Warn, mute or suspend a member of one network, until a time or until lifted. A warning has no end.

    Returns the sanction's id. Raises NotFound, Forbidden, Invalid, Conflict (one of that kind is in force).
    """
    reason, note = moderation_log.checked(reason, note)
    if kind == "warning":
        until = None
    if until is not None and until <= datetime.now(UTC):
        raise Invalid("until", "The end lies in the past.")
    async with db.transaction() as tx:
        network = await access.require_network(tx.connection, caller, slug, "moderate")
        await access.SQL.lock_standing(tx.connection, member=member, networks=[network.id])
        role = await SQL.role_of(tx.connection, network=network.id, member=member)
        if role is None or member == caller.member_id:
            raise NotFound
        if role in {"moderator", "lead"} and not network.may_run:
            raise Forbidden(f"Only a lead of {network.name} may do this to a moderator.")
        words = await moderation_log.keep_words(tx, reason, note)
        sanction_id = await SQL.impose(
            tx.connection, member=member, network=network.id, kind=kind, until=until, by=caller.member,
            reason=words.reason_id, note=words.note_id,
        )  # fmt: skip
        if sanction_id is None:
            raise Conflict("That is in force already.")
        if kind != "warning":
            _shut_out(tx, network.id, member)
        await _tell(tx, member, kind, network.id, words, until)
        await moderation_log.write(tx, network.id, caller, kind, "member", member, subject=member, words=words)
        return int(sanction_id)


async def _tell(
    tx: Transaction,
    member: int,
    kind: str,
    network_id: int | None,
    words: moderation_log.Words,
    until: datetime | None = None,
) -> None:
    notification = await SQL.tell(
        tx.connection, member=member, kind=kind, network=network_id, reason=words.reason_id, note=words.note_id,
        until=until,
    )  # fmt: skip
    tx.record(f"member:{member}", "notification.created", notification)


NO_WORDS = moderation_log.Words(None, None)


async def lift(db: Database, caller: Caller, slug: str, member: int, kind: Sanction) -> bool:
    """End a mute or a suspension; returns whether one was in force."""
    async with db.transaction() as tx:
        network = await access.require_network(tx.connection, caller, slug, "moderate")
        await access.SQL.lock_standing(tx.connection, member=member, networks=[network.id])
        role = await SQL.role_of(tx.connection, network=network.id, member=member)
        if member == caller.member_id or (role in {"moderator", "lead"} and not network.may_run):
            raise Forbidden(f"Only another lead of {network.name} may do this.")
        ended = await SQL.lift(tx.connection, member=member, network=network.id, kind=kind)
        if ended is None:
            return False
        _shut_out(tx, network.id, member)
        await _tell(tx, member, "sanction_ended", network.id, NO_WORDS)
        await moderation_log.write(tx, network.id, caller, f"lift {kind}", "member", member, subject=member)
        return True


async def end_due(db: Database, *, now: datetime | None = None) -> int:
    """End the sanctions whose time is over: the clock's act. Returns how many ended."""
    async with db.connection() as connection:
        due: Sequence[Any] = await SQL.due_sanctions(connection, now=now or datetime.now(UTC))
    for row in due:
        network_id, member = row["network_id"], row["member_id"]
        async with db.transaction() as tx:
            networks = None if network_id is None else [network_id]
            await access.SQL.lock_standing(tx.connection, member=member, networks=networks)
            if await SQL.end_sanction(tx.connection, sanction=row["id"]) is None:
                continue
            if network_id is None:
                await members.let_in(tx, member)
            else:
                _shut_out(tx, network_id, member)
            await _tell(tx, member, "sanction_ended", network_id, NO_WORDS)
            await moderation_log.write(tx, network_id, None, f"end {row['kind']}", "member", member, subject=member)
    return len(due)


def _shut_out(tx: Transaction, network_id: int, member: int) -> None:
    """Have the member's screens checked again, and tell them that their networks have changed."""
    tx.raise_access(f"network:{network_id}")
    tx.record(f"network:{network_id}", "membership.changed", member)
    tx.record(f"member:{member}", "membership.changed", network_id)


async def current(connection: Connection, sanction_id: int) -> Any:
    """A sanction as it stands now, as a row of shown_sanctions. Checks no access."""
    return await SQL.one(connection, sanction=sanction_id)


async def standing(connection: Connection, network_id: int, member: int) -> Sequence[Any]:
    """The sanctions in force for a member in a network, as rows of shown_sanctions. Checks no access."""
    rows: Sequence[Any] = await SQL.in_force(connection, network=network_id, member=member)
    return rows


async def listed(
    connection: Connection, caller: Caller, slug: str, *, before: int | None = None, limit: int = PAGE
) -> Sequence[Any]:
    """The sanctions in force in a network, the newest first: for its moderators. Raises NotFound, Forbidden."""
    network = await access.require_network(connection, caller, slug, "moderate")
    rows: Sequence[Any] = await SQL.listed(connection, network=network.id, before=before, limit=limit)
    return rows


async def done_to(
    connection: Connection, caller: Caller, *, before: int | None = None, limit: int = PAGE
) -> Sequence[Any]:
    """What moderators imposed on the caller, ended ones too, the newest first: rows of shown_sanctions."""
    rows: Sequence[Any] = await SQL.done_to(connection, member=caller.member, before=before, limit=limit)
    return rows


async def removals_of(
    connection: Connection, caller: Caller, *, before: int | None = None, limit: int = PAGE
) -> Sequence[Any]:
    """What moderators removed of the caller's, by reference, the newest first."""
    rows: Sequence[Any] = await SQL.removals_of(connection, member=caller.member, before=before, limit=limit)
    return rows


async def words_removed_of(connection: Connection, caller: Caller, *, limit: int = PAGE) -> Sequence[Any]:
    """When administrators took the caller's name or about text away, newest first: noun, reason, removed_at."""
    rows: Sequence[Any] = await SQL.words_removed(connection, member=caller.member, limit=limit)
    return rows
