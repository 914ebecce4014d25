"""The update log: what changed, numbered within its channel. It holds ids, never words.

`Transaction.record` writes it (forum/db.py). Here it is read: each update joined *through its channel* to the row as it
stands now, in one statement and so in one snapshot with the channel's head and access version. What has left the
channel reads as no row at all; what lost its words reads as the gap that it is.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import asyncpg

from forum.db import Connection, Row, statements

SQL = statements("updates")
CHANNEL = re.compile(r"(thread|network|room|member|moderators):([1-9][0-9]{0,17})\Z")
ADMINISTRATORS = "moderators:0"
"""Where the administrators are told of what is in no network, and theirs to decide about."""
MAX_CATCH_UP = 500
GUESTS_SEE = frozenset({"post", "thread", "network"})
"""Kinds, by their nouns, of which a guest is shown what a member is."""
GUESTS_ARE_TOLD_OF = GUESTS_SEE | {"member"}
"""Of a member a guest is told by the id alone that something has changed: a public page that shows them is asked for
anew. Of anything else (who belongs, what goes on in a room) that there was an update, since numbers have no gaps.
"""
HIDDEN = "hidden", 0
"""The kind and the id of such an update."""

Reader = Literal["member", "outsider", "guest"]
"""Whom a frame is for: who belongs to the network of its channel (in other channels: any member), a member who does
not, and who is not signed in.
"""
Told = Literal["all", "gone", "id", "hidden"]
"""What a reader is told of an update: all there is, that it left what they see, its id alone, or only its number."""
READ: Mapping[Reader, frozenset[str]] = {"outsider": frozenset({"public", "open"}), "guest": frozenset({"public"})}
"""The audiences, and the visibilities, that those who do not belong read."""
NARROWING = frozenset({"thread.changed", "thread.moved", "network.changed"})
"""Kinds of what may have been seen until then: it is to be cleared."""

READERS = {
    "thread": SQL.read_thread,
    "network": SQL.read_network,
    "room": SQL.read_room,
    "member": SQL.read_member,
    "moderators": SQL.read_moderators,
}


@dataclass(frozen=True, slots=True)
class LogRead:
    """A channel after a cursor: head, access version, the log's identity, the smallest cursor it reaches to, rows.

    Each row has seq, kind, object, at, `there` (is it still in this channel?), and the columns of what it is about.
    """

    head: int
    access_version: int
    log: str
    kept_after: int
    rows: Sequence[asyncpg.Record]


def parse(channel: str) -> tuple[str, int] | None:
    """`("thread", 9)` for `thread:9`; None for what can be no channel."""
    if channel == ADMINISTRATORS:
        return "moderators", 0
    match = CHANNEL.match(channel)
    return (match[1], int(match[2])) if match else None


def told(row: Row, channel: str, reader: Reader) -> Told:
    """What this reader is told of a row of `read(…, channel, …)`.

    A network is seen by more people than a thread of its past, or one that a private network holds too.
    """
    kind: str = row["kind"]
    noun = kind.partition(".")[0]
    if reader == "guest" and noun not in GUESTS_SEE:
        return "id" if noun in GUESTS_ARE_TOLD_OF else "hidden"
    if reader == "member" or not channel.startswith("network:") or not row["there"] or _is_shown(row, channel, reader):
        return "all"
    return "gone" if kind in NARROWING else "hidden"


def _is_shown(row: Row, channel: str, reader: Reader) -> bool:
    """Whether a thread or network, in a network's channel, is there for who does not belong."""
    noun = row["kind"].partition(".")[0]
    if noun == "thread":
        return row["audience"] in READ[reader]
    if noun != "network":
        return True
    network = int(channel.partition(":")[2])
    listed = reader == "outsider" and row["n_listed"] and row["n_parent_id"] == network
    return row["n_id"] == network or row["n_visibility"] in READ[reader] or listed


async def read(connection: Connection, channel: str, after: int, limit: int = MAX_CATCH_UP) -> LogRead | None:
    """What was recorded in `channel` after the cursor, at most `limit` updates; None where there is no such channel."""
    parsed = parse(channel)
    if parsed is None:
        return None
    noun, object_id = parsed
    rows = await READERS[noun](connection, channel=channel, object=object_id, after=after, limit=limit)
    if not rows:
        return None
    first = rows[0]
    return LogRead(
        first["head"],
        first["access_version"],
        first["log"],
        first["kept_after"],
        [] if first["seq"] is None else rows,
    )


async def heads(connection: Connection, channels: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Head and access version of each channel that exists."""
    rows = await SQL.heads(connection, channels=list(channels))
    return {row["name"]: (row["head"], row["access_version"]) for row in rows}


async def cursors(connection: Connection, channels: Sequence[str]) -> tuple[str, dict[str, int]]:
    """The log's identity, and a cursor for each channel: read these *before* the content that they are to go with."""
    rows = await SQL.cursors(connection, channels=list(channels))
    found: Mapping[str, int] = {row["name"]: row["head"] for row in rows if row["name"] is not None}
    return rows[0]["log"], dict(found)


async def renew_log(connection: Connection) -> str:
    """Give the log a new identity, after the database was restored or promoted; returns it.

    Cursors of the old log then get `reset`: numbers that were handed out since the copy was made would come again.
    """
    return str(await SQL.renew_log(connection))


async def trim(connection: Connection) -> int:
    """Forget updates older than 14 days, but never the last 500 of a channel; returns how many went."""
    count: Any = await SQL.trim(connection)
    return int(count or 0)
