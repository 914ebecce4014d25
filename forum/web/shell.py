"""The frame of a page for who looks at it: their networks with counts, and the channels that the page follows.

Invariant: cursors are read in one statement with who looks, before the content that they go with; a page that does it
the other way round could miss an update for ever.
"""

import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from starlette.requests import HTTPConnection

from forum import networks, reports, sessions, updates
from forum.db import Connection, Connections, held
from forum.errors import ForumError, Suspended
from forum.sessions import Known, Visit, Visitor
from forum.standing import GUEST, Caller
from forum.views import Me, RailNetwork, Shell
from forum.web.context import credential, remember, site_of

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
    reports: int = 0
    conversations: int = 0
    unread_threads: int = 0
    """Over all networks, a joint one once."""

    def shell(self, here: str = "") -> Shell:
        """The frame, for a page that is `here` (see `Shell.here`)."""
        return Shell(
            me=None if self.known is None else me_of(self.known),
            networks=rail(self.networks, self.here),
            notifications=self.notifications,
            requests=self.requests,
            reports=self.reports,
            conversations=self.conversations,
            unread_threads=self.unread_threads,
            here=here,
            channels=self.channels,
            log=self.log,
            moderates=moderated_by(self.caller, self.networks),
        )

    @property
    def caller(self) -> Caller:
        """Who looks."""
        return GUEST if self.known is None else self.known.caller

    @property
    def own(self) -> int:
        """The cursor of the caller's own channel."""
        return self.channels.get(f"member:{self.caller.member_id}", 0)

    def without(self, channel: str) -> "Frame":
        """The frame of a page that may not follow this channel after all."""
        return replace(self, channels={name: seq for name, seq in self.channels.items() if name != channel})

    def unread_threads_of(self, network_id: int) -> int:
        """How many threads of one of my networks are unread."""
        return next((row["unread_threads"] for row in self.networks if row["id"] == network_id), 0)


@contextlib.asynccontextmanager
async def framed(
    request: HTTPConnection, channels: Sequence[str] = (), *, network: str | None = None
) -> AsyncIterator[tuple[Connection, Frame]]:
    """A database connection for one page, and its frame: `reading` and `frame` in one."""
    async with site_of(request).db.connection() as connection:
        yield connection, await frame(request, connection, channels, network=network)


async def of_network(request: HTTPConnection, slug: str) -> Frame:
    """The frame of a network's page: read with those of others who look now, on no connection of its own."""
    db, shown = site_of(request).db, credential(request)
    if shown == sessions.GUEST:
        async with db.connection() as connection:
            return await frame(request, connection, network=slug)
    return await around(request, db.connection, await db.ask(sessions.visits, Visitor(shown, network=slug)))


async def frame(
    request: HTTPConnection, connection: Connection, channels: Iterable[str] = (), *, network: str | None = None
) -> Frame:
    """Read the frame of a page that also follows these channels: to be called before the page reads its content.

    `network` is the slug of one whose channel it follows. Whether the caller may follow is for the page to check.
    """
    wanted = list(dict.fromkeys(channels))[: MAX_CHANNELS - 1]
    visit = await sessions.visit(connection, credential(request), wanted, network=network)
    return await around(request, held(connection), visit)


async def around(request: HTTPConnection, at: Connections, visit: Visit) -> Frame:
    """The frame of a page whose own first statement has read who looks; `at` has the connection for what is not kept
    of it.

    Raises Suspended: a page that anyone may read would else be loaded anew for ever, since its socket says so too.
    """
    remember(request, visit.known)
    if visit.known is None:
        if await is_suspended(request, at):
            raise Suspended
        return Frame(None, (), visit.log, visit.channels, 0, 0, {})
    visit.known.caller.require_scope("read")
    counts = await site_of(request).counts.of(at, visit)
    rows = []
    cursors = dict(visit.channels)
    for row in visit.networks:
        unread = counts[row["id"]]
        rows.append(
            {
                **row,
                "unread_threads": unread.threads,
                "unread_messages": unread.messages,
                "unread_mentions": unread.mentions,
            }
        )
        if len(cursors) < MAX_CHANNELS:
            cursors[f"network:{row['id']}"] = row["cursor"]
    here = site_of(request).here([f"room:{row['room_id']}" for row in rows])
    moderated = moderated_by(visit.known.caller, rows)
    waiting = 0
    if moderated:
        async with at() as connection:
            _, queues = await updates.cursors(connection, [f"moderators:{network}" for network in moderated])
            waiting = await reports.waiting(connection, moderated)
        cursors = dict([*cursors.items(), *queues.items()][:MAX_CHANNELS])
    direct = await site_of(request).counts.conversations(at, visit)
    return Frame(
        visit.known, rows, visit.log, cursors, visit.notifications, visit.requests, here, waiting, direct,
        networks.threads_once(counts.values()),
    )  # fmt: skip


async def is_suspended(request: HTTPConnection, at: Connections) -> bool:
    """Whether a request of nobody comes from somebody who is suspended from the site."""
    shown = credential(request)
    if shown == sessions.GUEST:
        return False
    async with at() as connection:
        return (await sessions.suspended(connection, [shown]))[0]


def moderated_by(caller: Caller, networks: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
    """Those of the caller's networks that they moderate; 0 for an administrator: what is in none."""
    return (*(row["id"] for row in networks if row["role"] in MODERATES), *((0,) if caller.administrator else ()))


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
        blocks=tuple(row["blocks"]),
    )


def rail(rows: Sequence[Mapping[str, Any]], here: Mapping[str, Sequence[int]]) -> tuple[RailNetwork, ...]:
    """My networks as a tree; one whose parent is not mine stands at the root."""
    below = networks.below(rows)

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
        async with framed(request) as (_, seen):
            found = replace(seen, here={}).shell()
    except ForumError:
        return Shell()
    return replace(found, notifications=0, conversations=0, requests=0, reports=0, channels={}, log="")
