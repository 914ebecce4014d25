"""The lists of networks' threads: read once, kept in this process, and shown again while the database says they stand.

A network's page asks one question first (`look`): the network as the caller stands to it, and whether the threads that
this process has kept of it stand as they were written. Only where they do not are they read.

Invariants, as for posts (forum.stretches): access is checked in the statement that says whether a list stands. It
stands if each of its threads is the row that was read, known by the transaction that wrote it, so that a title which an
act has taken away is never shown; if no name of the site has changed; and if the network's channel has not moved, by
which threads come and go, are pinned, and change their places. What one member has not read in them changes with that
channel or with the member's own, as the counts of the rail do (forum.web.counts), and is kept by both.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from forum import threads
from forum.db import Connection, Connections, Database, Row, statements
from forum.stretches import KeptStretches, Place, Stamp, Stretch

SQL = statements("listings")
MAX_KEPT: Final = 20_000
"""Of pairs of a member and a list: some 10 MB."""
ROW_CHARS: Final = 300
"""What a row of a list weighs beside its title."""


class Asked(NamedTuple):
    """Who looks at which network, and what is kept of its list."""

    member: int | None
    slug: str
    kept: Stretch | None


class Look(NamedTuple):
    """The network as it is shown and as the caller stands to it (None where there is none), and the list if it stands.

    Of what the caller may do nothing has been checked.
    """

    network: Mapping[str, Any] | None
    stamp: Stamp
    kept: Stretch | None


class Found(NamedTuple):
    """What a list shows: rows of listed_threads, the pinned ones first on the first page, and where it goes on."""

    network: int
    rows: Sequence[Row]
    next: tuple[datetime, int] | None


async def look(db: Database, member: int | None, slug: str, kept: Stretch | None) -> Look:
    """One statement, with all who look at once."""
    return await db.ask(looks, Asked(member, slug, kept))


async def looks(connection: Connection, asked: Sequence[Asked]) -> Sequence[Look]:
    """What each of these sees first."""
    rows = await SQL.looks(
        connection, members=[each.member for each in asked], slugs=[each.slug for each in asked],
        threads=["{}" if each.kept is None else each.kept.ids for each in asked],
    )  # fmt: skip
    return [_look(row, each.kept) for row, each in zip(rows, asked, strict=True)]


def _look(row: Mapping[str, Any], kept: Stretch | None) -> Look:
    stamp = Stamp(row["log"], row["names"], row["head"] or 0, 0)
    stands = (
        kept is not None
        and kept.found.network == row["id"]  # its slug may have become another one's
        and kept.stamp == stamp
        and kept.written == (row["written"] or "")
    )
    return Look(None if row["id"] is None else row, stamp, kept if stands else None)


async def read(
    at: Connections,
    stretches: KeptStretches,
    place: Place,
    look: Look,
    network: int,
    *,
    before: tuple[datetime, int] | None,
    audiences: Sequence[str] | None,
) -> Stretch:
    """The list after this look: kept, or read anew. `found` is a `Found`. Checks no access: the place says for which
    audiences (see `access.audiences`) it is.
    """
    if look.kept is not None:
        return look.kept
    async with at() as connection:
        page = await threads.listed(connection, network, before=before, pinned=before is None, audiences=audiences)
    rows = [row for row in page.items if row["first"] or row["pinned_at"] is None]
    written = {row["id"]: row["written"] for row in rows}
    chars = sum(len(row["title"] or "") + ROW_CHARS for row in rows)
    return stretches.keep(place, look.stamp, Found(network, rows, page.next), written, chars)


class KeptUnread:
    """What members have not read of lists, the ones not asked for longest out first."""

    def __init__(self, max_kept: int = MAX_KEPT) -> None:
        self._max_kept = max_kept
        self._kept: OrderedDict[tuple[int, Place], tuple[tuple[Stamp, int], Mapping[int, int]]] = OrderedDict()

    async def of(self, at: Connections, member: int, own: int, place: Place, stretch: Stretch) -> Mapping[int, int]:
        """Threads of this list to how many of their posts the member has not read, whose own channel stands at `own`;
        those without any are left out.
        """
        version = (stretch.stamp, own)
        kept = self._kept.get((member, place))
        if kept is None or kept[0] != version:
            ids = [row["id"] for row in stretch.found.rows]
            async with at() as connection:
                # Read after the cursors, so at least as new as they are.
                kept = (version, await threads.unread_in(connection, member, ids))
            self._kept[member, place] = kept
        self._kept.move_to_end((member, place))
        if len(self._kept) > self._max_kept:
            self._kept.popitem(last=False)
        return kept[1]
