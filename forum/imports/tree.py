"""Tree: which mail answers which, decided from the headers alone. Kept in a file, not in memory.

The rule:
  1. A mail names those that it answers: References in their order, then what In-Reply-To names besides. Its parent is
     the nearest of them, from the last back, that is in the archive; else that came with an earlier import into the
     same network. So where the parent is missing, the nearest ancestor that is known takes its place.
  2. Where all of them are missing, the first mail that names one of them opens a thread, and the next ones that name
     it reply there: answers to one lost mail stay together.
  3. A mail that names none opens a thread. Nothing is guessed from subjects.
  4. A mail is never its own ancestor: the answer that would close a circle is ignored, and the next one is tried.
  5. Where several mails bear one Message-ID, each is a mail of its own; who answers it answers the last one before,
     else the first one after.

Order: threads by the date of their opening mail; in a thread by date, but no mail before the one that it answers.

Memory: eight bytes a mail. The rest is a temporary database that the system removes even if the process is killed.
"""

import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from forum.imports.archive import Place

CACHE_KIB = 8_192

_SCHEMA = """
PRAGMA cache_size = -{cache};
PRAGMA temp_store = FILE;
CREATE TABLE mail (
    position INTEGER PRIMARY KEY, label TEXT, path TEXT, offset INT, length INT, envelope INT,
    id BLOB, again INT, key BLOB, written REAL, parent INT, outside BLOB);
CREATE INDEX mail_by_id ON mail (id, again);
CREATE TABLE named (position INT, rank INT, id BLOB, PRIMARY KEY (position, rank)) WITHOUT ROWID;
CREATE TABLE missing (id BLOB PRIMARY KEY, position INT) WITHOUT ROWID;
CREATE TABLE writer (address BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE touched (thread INT PRIMARY KEY) WITHOUT ROWID;
"""

_PLAN = """
CREATE TABLE plan AS
WITH RECURSIVE below (position, root, began, at, depth) AS (
    SELECT position, position, written, written, 0 FROM mail WHERE parent IS NULL
    UNION ALL
    SELECT m.position, b.root, b.began, max(m.written, b.at), b.depth + 1
    FROM below b JOIN mail m ON m.parent = b.position)
SELECT position FROM below ORDER BY began, root, at, depth, position;
"""

_NEAREST = """
SELECT position FROM (
    SELECT * FROM (SELECT position FROM mail WHERE id = :id AND position < :own ORDER BY position DESC LIMIT 1)
    UNION ALL
    SELECT * FROM (SELECT position FROM mail WHERE id = :id AND position > :own ORDER BY position LIMIT 1))
"""


@dataclass(frozen=True, slots=True)
class Planned:
    """One mail in its turn: where it lies, what it will be known by, when it was written, and what it answers."""

    place: Place
    key: bytes
    written: datetime
    parent_key: bytes | None
    """The key of the mail that it answers, in this archive or in an earlier import; None: it opens a thread."""


class Index:
    """The archive's mails and their tree: `add` each, then `outside` where ids are looked up, then `planned`."""

    def __init__(self) -> None:
        # An empty name is a database on disk that is unlinked as soon as it is opened.
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(_SCHEMA.format(cache=CACHE_KIB))
        self._db.execute("BEGIN")
        self._roots = array("q", [0])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._db.close()

    def __len__(self) -> int:
        return len(self._roots) - 1

    def again(self, mail_id: bytes) -> int:
        """How many mails with this id there are already."""
        (last,) = self._db.execute("SELECT max(again) FROM mail WHERE id = ?", (mail_id,)).fetchone()
        return 0 if last is None else last + 1

    def add(
        self, place: Place, mail_id: bytes, again: int, key: bytes, written: datetime, named: Iterable[bytes]
    ) -> None:
        """The next mail: its id (hashed) and key, and the ids that it answers, the nearest first."""
        position = len(self._roots)
        self._roots.append(position)
        where = (place.where, str(place.path), place.offset, place.length, place.envelope)
        self._db.execute(
            "INSERT INTO mail VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
            (position, *where, mail_id, again, key, written.timestamp()),
        )
        self._db.executemany(
            "INSERT INTO named VALUES (?, ?, ?)", ((position, rank, one) for rank, one in enumerate(named))
        )

    def add_writer(self, address: bytes) -> None:
        """Somebody with this address (hashed) wrote here."""
        self._db.execute("INSERT OR IGNORE INTO writer VALUES (?)", (address,))

    def is_writer(self, address: bytes) -> bool:
        """Did somebody with this address write here?"""
        return self._db.execute("SELECT 1 FROM writer WHERE address = ?", (address,)).fetchone() is not None

    def link_inside(self) -> list[str]:
        """Give each mail the nearest one that it names in the archive. Returns where an answer would close a circle."""
        circles: list[str] = []
        for position in range(1, len(self._roots)):
            for (mail_id,) in self._named(position):
                found = [row[0] for row in self._db.execute(_NEAREST, {"id": mail_id, "own": position})]
                if found and self._attach(position, found[0]):
                    break
                if found and len(circles) < 1_000:
                    circles.append(self._label(position))
        return circles

    def orphans(self, limit: int) -> Iterator[list[tuple[int, list[bytes]]]]:
        """In batches: mails that name others of which none is in the archive, with the ids, the nearest first."""
        after = 0
        while True:
            rows = self._db.execute(
                "SELECT position FROM mail m WHERE parent IS NULL AND position > ? "
                "AND EXISTS (SELECT 1 FROM named n WHERE n.position = m.position) ORDER BY position LIMIT ?",
                (after, limit),
            ).fetchall()
            if not rows:
                return
            after = rows[-1][0]
            yield [(position, [row[0] for row in self._named(position)]) for (position,) in rows]

    def link_outside(self, position: int, key: bytes) -> None:
        """The orphan answers what came with an earlier import."""
        self._db.execute("UPDATE mail SET outside = ? WHERE position = ?", (key, position))

    def link_missing(self) -> None:
        """Keep together what answers one lost mail."""
        for batch in self.orphans(1_000):
            for position, named in batch:
                (outside, own_id) = self._db.execute(
                    "SELECT outside, id FROM mail WHERE position = ?", (position,)
                ).fetchone()
                if outside is None:
                    self._gather(position, own_id, named)

    def _gather(self, position: int, own_id: bytes, named: Sequence[bytes]) -> None:
        opened = position
        for one in named:
            row = self._db.execute(
                "SELECT m.position, m.id FROM missing x JOIN mail m ON m.position = x.position WHERE x.id = ?", (one,)
            ).fetchone()
            if row and row[1] != own_id and self._attach(position, row[0]):
                opened = row[0]
                break
        self._db.executemany(
            "INSERT INTO missing VALUES (?1, ?2) ON CONFLICT DO UPDATE SET position = ?2 WHERE ?2 = ?3",
            ((one, opened, position) for one in named),
        )

    def plan(self) -> None:
        """Put the mails into the order in which they will be stored."""
        self._db.execute("CREATE INDEX mail_by_parent ON mail (parent)")
        self._db.execute(_PLAN)

    def planned(self) -> Iterator[Planned]:
        """The mails in that order."""
        rows = self._db.execute(
            "SELECT m.label, m.path, m.offset, m.length, m.envelope, m.key, m.written, coalesce(u.key, m.outside) "
            "FROM plan p JOIN mail m ON m.position = p.position LEFT JOIN mail u ON u.position = m.parent "
            "ORDER BY p.rowid"
        )
        for label, path, offset, length, envelope, key, written, parent_key in rows:
            place = Place(label, Path(path), offset, length, bool(envelope))
            yield Planned(place, key, datetime.fromtimestamp(written, UTC), parent_key)

    def touch(self, threads: Iterable[int]) -> None:
        """Remember threads whose screens are to be told at the end."""
        self._db.executemany("INSERT OR IGNORE INTO touched VALUES (?)", ((thread,) for thread in threads))

    def touched(self, limit: int) -> Iterator[list[int]]:
        """Those threads, in batches, sorted."""
        after = 0
        while True:
            rows = self._db.execute(
                "SELECT thread FROM touched WHERE thread > ? ORDER BY thread LIMIT ?", (after, limit)
            ).fetchall()
            if not rows:
                return
            after = rows[-1][0]
            yield [row[0] for row in rows]

    def _named(self, position: int) -> list[tuple[bytes]]:
        return self._db.execute("SELECT id FROM named WHERE position = ? ORDER BY rank", (position,)).fetchall()

    def _label(self, position: int) -> str:
        return str(self._db.execute("SELECT label FROM mail WHERE position = ?", (position,)).fetchone()[0])

    def _attach(self, position: int, parent: int) -> bool:
        """Make `parent` the parent, unless that closes a circle: then `position` is the root of its tree."""
        root = self._root(parent)
        if root == position:
            return False
        self._roots[position] = root
        self._db.execute("UPDATE mail SET parent = ? WHERE position = ?", (parent, position))
        return True

    def _root(self, position: int) -> int:
        root = position
        while self._roots[root] != root:
            root = self._roots[root]
        while self._roots[position] != root:
            self._roots[position], position = root, self._roots[position]
        return root
