"""Stretches of a thread: read once, kept in this process, and shown again while the database says that they stand.

A page of a thread asks one question first (`look`; an answer to a program `glance`): who looks, from which cursors, may
they read the thread, and do the posts that this process has kept of it stand as they were written. Only where they do
not are they read.

Invariants: access is checked and cursors are read in the statement that says whether a stretch stands. It stands if
each of its posts is the row that was read, known by the transaction that wrote it, so that words which an act has moved
or changed are never shown, whatever that act forgot; if no name of the site has changed (site.names, raised by
triggers); and if the thread's channel and last number have not moved, by which posts come, go and change their places,
and what lies before and behind them is counted. A stretch that quotes posts from elsewhere is not kept: it shows words
that these rows do not hold.
"""

from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeAlias

from forum import access, sessions
from forum.db import Connection, Database, Row, statements
from forum.errors import NotFound
from forum.sessions import GUEST, Credential, Visit
from forum.standing import Thread

SQL = statements("stretches")
MAX_KEPT_CHARS: Final = 8 * 1024 * 1024
"""Of words and their HTML. What is drawn of them weighs about twice as much again."""
COLUMNS: Final = (
    *("thread_id", "network_id", "author_id", "byline_id", "thread_title", "audience", "created_at", "locked_at"),
    *("thread_version", "last_number", "shown", "people", "active_at", "may_read", "holders", "numbers", "read_at"),
    "watching",
)
NAMES: Final = tuple(name.removeprefix("thread_") if name != "thread_id" else "id" for name in COLUMNS)
_of_thread: Final = itemgetter(*COLUMNS)

Place: TypeAlias = Hashable
"""Which stretch of which thread or network, in which form."""


class Stamp(NamedTuple):
    """By what the rows of a stretch are the same ones, in the same places, with the same names beside them."""

    log: str
    names: int
    head: int
    last: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows as they were read, posts of a thread or threads of a network: `found` is what was read of them, in the form
    that its place asks for.
    """

    found: Any
    stamp: Stamp
    ids: str
    """Theirs, ascending, as Postgres reads an array."""
    written: str
    """The transactions that wrote them, as a statement names them."""
    chars: int
    drawn: dict[Hashable, Any] = field(default_factory=dict)
    """What was made of it: the same for every viewer."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was asked first: who looks, the thread as they stand to it, and the kept stretch if it stands."""

    visit: Visit
    stamp: Stamp
    kept: Stretch | None
    _thread: Thread | None
    _may_read: bool

    def require(self) -> None:
        """Raises NotFound for who may not read the thread, and where there is none."""
        if not self._may_read:
            raise NotFound

    @property
    def thread(self) -> Thread:
        """The thread, as `look` reads it. Raises NotFound."""
        self.require()
        if self._thread is None:
            raise TypeError("expected a look at the thread, got a glance")
        return self._thread


class Asked(NamedTuple):
    """Who wants to look at which thread, and what is kept of it."""

    shown: Credential
    thread: int | None
    kept: Stretch | None


async def look(db: Database, shown: Credential, thread_id: int, kept: Stretch | None) -> Look:
    """For a page. One statement, with all who look at once."""
    return await db.ask(looks_of_guests if shown == GUEST else looks, Asked(shown, thread_id, kept))


async def glance(db: Database, shown: Credential, thread_id: int | None, kept: Stretch | None) -> Look:
    """For an answer to a program. One statement, likewise."""
    return await db.ask(glances, Asked(shown, thread_id, kept))


async def looks(connection: Connection, asked: Sequence[Asked]) -> Sequence[Look]:
    """What each of these members sees who look at a page."""
    rows = await SQL.looks(connection, **_credentials(asked), **_wanted(asked))
    return [_page(row, each) for row, each in zip(rows, asked, strict=True)]


async def looks_of_guests(connection: Connection, asked: Sequence[Asked]) -> Sequence[Look]:
    """What each of these guests sees who look at a page."""
    rows = await SQL.looks_of_guests(connection, **_wanted(asked))
    return [_page(row, each) for row, each in zip(rows, asked, strict=True)]


async def glances(connection: Connection, asked: Sequence[Asked]) -> Sequence[Look]:
    """What each of these is answered who ask with a program."""
    rows = await SQL.glances(connection, **_credentials(asked), **_wanted(asked))
    return [_answer(row, each) for row, each in zip(rows, asked, strict=True)]


def _credentials(asked: Sequence[Asked]) -> dict[str, Sequence[object]]:
    return {"sessions": [each.shown.session for each in asked], "tokens": [each.shown.token for each in asked]}


def _wanted(asked: Sequence[Asked]) -> dict[str, Sequence[object]]:
    return {
        "threads": [each.thread for each in asked],
        "posts": ["{}" if each.kept is None else each.kept.ids for each in asked],
    }


def _page(row: Mapping[str, Any], asked: Asked) -> Look:
    thread = None
    cursors: dict[str, int] = {}
    if row["thread_id"] is not None:
        thread = access.thread_of(dict(zip(NAMES, _of_thread(row), strict=True)))
        cursors = {f"thread:{asked.thread}": row["head"], **(row["cursors"] or {})}
    if row["id"] is not None:
        cursors[f"member:{row['id']}"] = row["own"]
    return _look(row, sessions.visit_of(row, cursors), asked.kept, thread)


def _answer(row: Mapping[str, Any], asked: Asked) -> Look:
    cursors = {} if row["head"] is None else {f"thread:{asked.thread}": row["head"]}
    return _look(row, sessions.visit_of(row, cursors), asked.kept, None)


def _look(row: Mapping[str, Any], visit: Visit, kept: Stretch | None, thread: Thread | None) -> Look:
    stamp = Stamp(visit.log, row["names"], row["head"] or 0, row["last"] or 0)
    stands = kept is not None and kept.stamp == stamp and kept.written == (row["written"] or "")
    return Look(visit, stamp, kept if stands else None, thread, bool(row["may_read"]))


class KeptStretches:
    """Stretches by place, the ones not asked for longest out first."""

    def __init__(self, max_chars: int = MAX_KEPT_CHARS) -> None:
        self._max_chars = max_chars
        self._chars = 0
        self._kept: OrderedDict[Place, Stretch] = OrderedDict()

    def get(self, place: Place) -> Stretch | None:
        """What was read there last, to be held against a look before it is shown."""
        kept = self._kept.get(place)
        if kept is not None:
            self._kept.move_to_end(place)
        return kept

    def keep_posts(self, place: Place, look: Look, found: Any, rows: Sequence[Row]) -> Stretch:
        """What was read (rows of shown_posts) after this look: kept, unless it shows words of other rows."""
        written = {row["id"]: row["written"] for row in rows}
        chars = sum(len(row["html"] or "") + len(row["body"] or "") for row in rows)
        whole = all(quoted in written for row in rows for quoted in row["quote_ids"] or ())
        return self.keep(place, look.stamp, found, written, chars, whole=whole)

    def keep(
        self, place: Place, stamp: Stamp, found: Any, written: Mapping[int, int], chars: int, *, whole: bool = True
    ) -> Stretch:
        """What was read: kept, if it is the `whole` of what it shows. `written` maps rows to their transactions."""
        ids = sorted(written)
        stretch = Stretch(
            found, stamp, f"{{{','.join(map(str, ids))}}}", ",".join(str(written[each]) for each in ids), chars
        )
        self._forget(place)
        if whole:
            self._kept[place] = stretch
            self._chars += chars
        while self._chars > self._max_chars:
            self._forget(next(iter(self._kept)))
        return stretch

    def _forget(self, place: Place) -> None:
        dropped = self._kept.pop(place, None)
        if dropped is not None:
            self._chars -= dropped.chars

    def __len__(self) -> int:
        return len(self._kept)
