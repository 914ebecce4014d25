"""The frame of a page for who looks at it: their networks with counts, and the channels that the page follows.

Invariant: `cursors` are read before the content that they go with, on the same connection; a page that does it the
other way round could miss an update for ever.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import HTTPConnection

from forum import networks, updates
from forum.db import Connection
from forum.errors import ForumError
from forum.sessions import Known
from forum.views import Me, RailNetwork, Shell
from forum.web.context import known, site_of

MAX_CHANNELS: Final = 100
MODERATES: Final = frozenset({"moderator", "lead"})


@dataclass(frozen=True, slots=True)
class Frame:
    """What was read for the frame of a page before its content: rows of my networks, cursors, who I am."""

    known: Known | None
    networks: Sequence[Mapping[str, Any]]
    log: str
    channels: Mapping[str, int]
    notifications: int
    requests: int
    here: Mapping[str, Sequence[int]]

    def shell(self, here: str = "") -> Shell:
        """The frame, for a page that is `here` (see `Shell.here`)."""
        return Shell(
            me=None if self.known is None else me_of(self.known),
            networks=rail(self.networks, self.here),
            notifications=self.notifications,
            requests=self.requests,
            here=here,
            channels=self.channels,
            log=self.log,
            moderates=tuple(row["id"] for row in self.networks if row["role"] in MODERATES),
        )

    def unread_threads(self, network_id: int) -> int:
        """How many threads of one of my networks are unread."""
        return next((row["unread_threads"] for row in self.networks if row["id"] == network_id), 0)


async def frame(request: HTTPConnection, connection: Connection, channels: Iterable[str] = ()) -> Frame:
    """Read the frame of a page that also follows these channels: to be called before the page reads its content."""
    who = await known(request, connection)
    if who is None:
        log, cursors = await updates.cursors(connection, list(channels))
        return Frame(None, (), log, cursors, 0, 0, {})
    who.caller.require_scope("read")
    member = who.row["id"]
    wanted = list(dict.fromkeys([f"member:{member}", *channels]))[:MAX_CHANNELS]
    read = await updates.frame_cursors(connection, member, wanted, MAX_CHANNELS)
    rows = await networks.mine(connection, member)
    # A network from which a suspension shuts them out is followed by no page of theirs, unless the page shows it.
    follows = {*wanted, *(f"network:{row['id']}" for row in rows)}
    cursors = {name: seq for name, seq in read.channels.items() if name in follows}
    here = site_of(request).here([f"room:{row['room_id']}" for row in rows])
    return Frame(who, rows, read.log, cursors, read.notifications, read.requests, here)


def me_of(who: Known) -> Me:
    """The member who looks."""
    row = who.row
    return Me(
        id=row["id"],
        name=row["name"],
        title=row["title"],
        organisation=row["organisation"],
        theme=row["theme"],
        keys=row["keys"],
        enter_sends=row["enter_sends"],
        administrator=row["administrator"],
    )


def rail(rows: Sequence[Mapping[str, Any]], here: Mapping[str, Sequence[int]]) -> tuple[RailNetwork, ...]:
    """My networks as a tree; one whose parent is not mine stands at the root."""
    mine = {row["id"] for row in rows}
    below: dict[int | None, list[Mapping[str, Any]]] = {}
    for row in rows:
        below.setdefault(row["parent_id"] if row["parent_id"] in mine else None, []).append(row)

    def branch(parent: int | None) -> tuple[RailNetwork, ...]:
        return tuple(
            RailNetwork(
                id=row["id"],
                slug=row["slug"],
                name=row["name"],
                room_id=row["room_id"],
                threads=row["unread_threads"],
                messages=row["unread_messages"],
                mentions=row["unread_mentions"],
                here=len(here.get(f"room:{row['room_id']}", ())),
                networks=branch(row["id"]),
            )
            for row in below.get(parent, ())
        )

    return branch(None)


async def error_shell(request: HTTPConnection) -> Shell:
    """The frame of an error's page: the same whatever the error is, and there even when the database is not.

    It follows no channel, so that it says nothing of the moment at which it was made.
    """
    try:
        async with site_of(request).db.connection() as connection:
            who = await known(request, connection)
            if who is None:
                return Shell()
            rows = await networks.mine(connection, who.row["id"])
            return Shell(me=me_of(who), networks=rail(rows, {}))
    except ForumError:
        return Shell()
