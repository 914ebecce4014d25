"""The log of a network: who did what to whom, why, when. It only grows; words stand in rows of their own (notes).

What was done in no network (to an account, in a direct conversation) is a line of the site's, for the administrators:
it is asked for by 0 in a network's place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from forum import text
from forum.db import Connection, Transaction, statements
from forum.errors import Invalid
from forum.standing import Caller

SQL = statements("moderation_log")
PAGE = 50
REASON_MAX_CHARS = 200
NOTE_MAX_BYTES = 4_000
NO_REASON = "Please choose a reason first."


def checked(reason: str, note: str) -> tuple[str, str]:
    """A moderator's reason (one line) and note (may be empty), as they are kept. Raises Invalid with its sentence."""
    if not reason.strip():
        raise Invalid("reason", NO_REASON)
    reason = text.line(reason, REASON_MAX_CHARS, field="reason")
    return reason, text.check(note, max_bytes=NOTE_MAX_BYTES, field="note") if note.strip() else ""


@dataclass(frozen=True, slots=True)
class Words:
    """The rows in which a reason and a note stand; None where there is none."""

    reason_id: int | None
    note_id: int | None


async def keep_words(tx: Transaction, reason: str, note: str = "") -> Words:
    """Keep a reason and a note, for whoever else is to refer to them beside the log."""
    reason_id = await SQL.write_note(tx.connection, body=reason) if reason else None
    return Words(reason_id, await SQL.write_note(tx.connection, body=note) if note else None)


async def write(
    tx: Transaction,
    network_id: int | None,
    actor: Caller | None,
    act: str,
    noun: str,
    object_id: int,
    *,
    subject: int | None = None,
    reason: str = "",
    note: str = "",
    words: Words | None = None,
    versions: tuple[int | None, int | None] = (None, None),
) -> int | None:
    """Add one line, in the transaction of the act; an `actor` of None is the clock. Its words are kept here, unless
    they are already (`words`). Returns the id of the reason's row.
    """
    words = words or await keep_words(tx, reason, note)
    log_id = await SQL.write(
        tx.connection,
        network=network_id,
        actor=None if actor is None else actor.member_id,
        act=act,
        noun=noun,
        object=object_id,
        subject=subject,
        reason=words.reason_id,
        note=words.note_id,
        before=versions[0],
        after=versions[1],
    )
    tx.record(f"moderators:{network_id or 0}", "log.written", log_id)
    return words.reason_id


@dataclass(frozen=True, slots=True)
class Line:
    """What one act did to one thing, for the log of a network: several at once say the same words."""

    network_id: int | None
    object_id: int
    subject_id: int | None
    before: int | None
    after: int | None


async def write_each(
    tx: Transaction, actor: Caller | None, act: str, noun: str, lines: Sequence[Line], words: Words | None = None
) -> None:
    """Add these lines; an `actor` of None is the clock."""
    rows = await SQL.write_each(
        tx.connection,
        actor=None if actor is None else actor.member_id,
        act=act,
        noun=noun,
        reason=None if words is None else words.reason_id,
        note=None if words is None else words.note_id,
        networks=[line.network_id for line in lines],
        objects=[line.object_id for line in lines],
        subjects=[line.subject_id for line in lines],
        befores=[line.before for line in lines],
        afters=[line.after for line in lines],
    )
    for row in rows:
        tx.record(f"moderators:{row['network_id'] or 0}", "log.written", row["id"])


async def read(
    connection: Connection,
    network_id: int,
    *,
    before: int | None = None,
    actor: int | None = None,
    reason: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = PAGE,
) -> Sequence[Any]:
    """Lines of a network's log (0: the site's), newest first, with names and words joined. Checks no access."""
    rows: Sequence[Any] = await SQL.read(
        connection, network=network_id, before=before, actor=actor, reason=reason, since=since, until=until, limit=limit
    )
    return rows


async def choices(connection: Connection, network_id: int) -> tuple[Sequence[Any], Sequence[str]]:
    """Who acted (id, name) and the reasons that were given in a network's log: what it can be asked for."""
    actors: Sequence[Any] = await SQL.actors(connection, network=network_id)
    return actors, [row["reason"] for row in await SQL.reasons(connection, network=network_id)]
