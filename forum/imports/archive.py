"""Archive: where the mails of a file or a folder lie. Reads line by line and keeps one mail's header at a time.

A mail of an mbox begins at a line `From … Thu Nov  1 11:19:12 2001` that stands at the start or after an empty line and
is followed by a header; any other `From ` belongs to the text. In a folder each `.eml` is one mail, and each `.mbox` is
read as above.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

MAX_HEAD_BYTES = 256 * 1024
MAX_MAIL_BYTES = 32 * 1024 * 1024
LINE_BYTES = 64 * 1024

_ENVELOPE = re.compile(
    rb"From (?:.{0,300}\s)?(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?\s+(?:\d{1,2}\s+)?"
    rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b.{0,30}\d:\d\d.{0,40}$"
)
_HEADER = re.compile(rb">?[!-9;-~]{1,100}[ \t]*:|>From ")
_ESCAPED = re.compile(rb"^>(?=>*From )", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one mail lies: for people (`where`) and for reading it again."""

    where: str
    path: Path
    offset: int
    length: int
    envelope: bool
    """It begins with a line `From …`, and lines of its text that begin so are escaped with ">"."""

    def read(self) -> bytes:
        """The mail without its envelope; no more than its first 32 MiB."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            raw = file.read(min(self.length, MAX_MAIL_BYTES))
        return _ESCAPED.sub(b"", raw.partition(b"\n")[2]) if self.envelope else raw


@dataclass(frozen=True, slots=True)
class Scanned:
    """What one look at a mail tells: its place, its envelope and header, and a digest of all that comes after."""

    place: Place
    envelope: bytes
    head: bytes
    digest: bytes


def files(path: Path) -> list[Path]:
    """The file itself, or the `.eml` and `.mbox` files below the folder, sorted."""
    if path.is_dir():
        return sorted(found for found in path.rglob("*") if found.suffix in (".eml", ".mbox") and found.is_file())
    return [path]


def scan(path: Path, on_bytes: Callable[[int], None]) -> Iterator[Scanned]:
    """The mails of a file or a folder, in order; `on_bytes` gets how many bytes have been read so far."""
    read = 0
    root = path if path.is_dir() else path.parent
    for file in files(path):
        label = file.relative_to(root).as_posix()
        for number, scanned in enumerate(_scan_file(file, label, single=file.suffix == ".eml"), 1):
            if number % 200 == 0:
                on_bytes(read + scanned.place.offset)
            yield scanned
        read += file.stat().st_size
        on_bytes(read)


def total_bytes(path: Path) -> int:
    """How much there is to read."""
    return sum(file.stat().st_size for file in files(path))


def _scan_file(path: Path, label: str, *, single: bool) -> Iterator[Scanned]:
    number = 1
    mail = _Open(path, label, 0, b"")
    offset = 0
    after_empty = True
    pending: tuple[int, bytes] | None = None
    with path.open("rb") as file:
        while line := file.readline(LINE_BYTES):
            if pending:
                begins, envelope = pending
                pending = None
                if _HEADER.match(line):
                    if mail.something:
                        yield mail.close(begins, number)
                        number += 1
                    mail = _Open(path, label, begins, envelope)
                else:
                    mail.add(envelope)
            if (
                after_empty
                and line.startswith(b"From ")
                and (offset == 0 or not single)
                and _ENVELOPE.match(line.rstrip())
            ):
                pending = (offset, line)
            else:
                mail.add(line)
            offset += len(line)
            after_empty = not line.strip(b"\r\n")
    if pending:
        mail.add(pending[1])
    if mail.something:
        yield mail.close(offset, number)


class _Open:
    """The mail that is being read."""

    def __init__(self, path: Path, label: str, offset: int, envelope: bytes) -> None:
        self._path, self._label, self._offset, self._envelope = path, label, offset, envelope
        self._head: list[bytes] = []
        self._head_bytes = 0
        self._in_head = True
        self._digest = hashlib.sha256()
        self._empty_lines = 0
        self.something = False

    def add(self, line: bytes) -> None:
        content = line.rstrip(b"\r\n")
        if not self._in_head:
            # Empty lines at the end are the archive's, not the mail's.
            if content:
                self._digest.update(b"\n" * self._empty_lines + content + b"\n")
                self._empty_lines = 0
            else:
                self._empty_lines += 1
        elif content:
            self.something = True
            if self._head_bytes < MAX_HEAD_BYTES:
                self._head.append(content)
                self._head_bytes += len(content)
        elif self._head:
            self._in_head = False

    def close(self, end: int, number: int) -> Scanned:
        place = Place(
            f"{self._label}, mail {number}", self._path, self._offset, end - self._offset, bool(self._envelope)
        )
        return Scanned(place, self._envelope.strip(), b"\n".join(self._head), self._digest.digest())
