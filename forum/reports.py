"""Reports: any member tells the moderators of a post or message, who find it as one case in their queue.

Invariants: who reported it is read by moderators alone, and not by those whom the words are by or about. Cases of other
networks do not exist for anybody, but for those who moderate another holder of the thread. A message of a direct
conversation is the administrators' to decide. What becomes of a case is in forum/decisions.py.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal

import asyncpg

from forum import access, cases, contributions, moderation_log, posts, removal, rooms
from forum.cases import Noun
from forum.db import Connection, Database, Row, Transaction, statements
from forum.errors import Conflict, NotFound
from forum.standing import Caller, Network

SQL = statements("reports")
PAGE: Final = 50
URGENT: Final = ("private information", "patient")
"""What a reason says of a case that cannot wait."""

ADMINISTRATORS: Final = 0
"""In the place of a network: the cases of none, which are the administrators'."""

State = Literal["open", "decided"]

OWN: Final = "This is your own. You can change it or withdraw it yourself."
LEFT_BEFORE: Final = "You have reported this before, and a moderator has left it as it is."


async def report_post(db: Database, caller: Caller, post_id: int, reason: str, note: str = "") -> asyncpg.Record:
    """Report a post that one may read. Returns one's report (case_id, reason, reported_at, post_id, message_id).

    Reported before: nothing changes. Raises NotFound, Invalid, Conflict.
    """
    return await _report(db, caller, "post", post_id, reason, note)


async def report_message(db: Database, caller: Caller, message_id: int, reason: str, note: str = "") -> asyncpg.Record:
    """The same of a message."""
    return await _report(db, caller, "message", message_id, reason, note)


async def _report(db: Database, caller: Caller, noun: Noun, object_id: int, reason: str, note: str) -> asyncpg.Record:
    member = caller.member
    reason, note = moderation_log.checked(reason, note)
    async with db.transaction() as tx:
        thing, network_id = await lock(tx, caller, noun, object_id)
        if thing["author_id"] == member:
            raise Conflict(OWN)
        mine = {"member": member, **cases.of(noun, object_id)}
        before: asyncpg.Record | None = await SQL.of_member(tx.connection, **mine)
        if before is not None and before["outcome"] is None:
            return before
        contributions.require_state(thing, "shown")
        if before is not None and before["seen_version"] >= thing["version"]:
            raise Conflict(LEFT_BEFORE)
        case_id, _ = await cases.put(
            tx, noun, object_id, network_id, version=thing["version"], urgent=is_urgent(reason)
        )
        reason_id = await moderation_log.SQL.write_note(tx.connection, body=reason)
        note_id = await moderation_log.SQL.write_note(tx.connection, body=note) if note else None
        await SQL.insert(tx.connection, case=case_id, member=member, reason=reason_id, note=note_id)
        made: asyncpg.Record = await SQL.of_member(tx.connection, **mine)
        return made


def is_urgent(reason: str) -> bool:
    """Whether what a member says of it cannot wait."""
    return any(word in reason.casefold() for word in URGENT)


async def reasons_for(connection: Connection, network_id: int | None) -> Sequence[str]:
    """What may be chosen as a reason in this network."""
    own = None if network_id is None else await SQL.reasons(connection, network=network_id)
    return tuple(own or removal.REASONS)


async def lock(tx: Transaction, caller: Caller, noun: Noun, object_id: int) -> tuple[asyncpg.Record, int | None]:
    """The thing, locked, for who may read it, and the network whose moderators decide about it (None: administrators).

    Raises NotFound.
    """
    if noun == "post":
        await access.lock_thread_of_post(tx.connection, caller, object_id)
        post = await posts.current(tx.connection, object_id)
        return post, post["network_id"]
    room = await access.lock_room_of_message(tx.connection, caller, object_id)
    return await rooms.current(tx.connection, object_id), room.id


async def one(db: Database, case_id: int) -> asyncpg.Record:
    """The case as it stands now. For acts: it checks no access."""
    async with db.connection() as connection:
        row: asyncpg.Record = await SQL.one(connection, case=case_id)
        return row


async def moderated(connection: Connection, caller: Caller) -> Sequence[Any]:
    """The networks (id, slug, name) that the caller moderates; of an administrator also 0, what is in none.

    Raises NotFound for who moderates nothing.
    """
    rows: Sequence[Any] = await SQL.moderated(connection, member=caller.member)
    if not rows:
        raise NotFound
    return rows


async def require_moderated(connection: Connection, caller: Caller, slug: str) -> Network:
    """A network for its moderators; for everybody else it has no queue. Raises NotFound."""
    network = await access.require_network(connection, caller, slug, "see")
    if not network.may_moderate:
        raise NotFound
    return network


async def queue(
    connection: Connection,
    networks: Sequence[int],
    *,
    after: tuple[bool, datetime, int] | None = None,
    limit: int = PAGE,
) -> Sequence[Any]:
    """Open cases of these networks and of threads that they hold jointly: urgent ones first, then the oldest.

    `after` is the place (`place_of`) of the last one seen. Checks no access.
    """
    later, at, case_id = after or (None, None, None)
    rows: Sequence[Any] = await SQL.open_queue(
        connection, networks=list(networks), after_later=later, after_at=at, after_id=case_id, limit=limit
    )
    return rows


def place_of(row: Row) -> tuple[bool, datetime, int]:
    """Where an open case stands in the queue."""
    return not row["urgent"], row["opened_at"], row["id"]


async def decided(
    connection: Connection, networks: Sequence[int], *, after: tuple[datetime, int] | None = None, limit: int = PAGE
) -> Sequence[Any]:
    """Decided cases of these networks, the newest first. Checks no access."""
    at, case_id = after or (None, None)
    rows: Sequence[Any] = await SQL.decided_queue(
        connection, networks=list(networks), after_at=at, after_id=case_id, limit=limit
    )
    return rows


async def waiting(connection: Connection, networks: Sequence[int]) -> int:
    """How many cases wait in these networks, counted to 100. Checks no access."""
    return int(await SQL.waiting(connection, networks=list(networks))) if networks else 0


async def voices(connection: Connection, case_ids: Sequence[int]) -> Sequence[Any]:
    """What members said (case_id, member_id, member_name, reason, note, reported_at). For moderators alone."""
    rows: Sequence[Any] = await SQL.voices(connection, cases=list(case_ids))
    return rows
