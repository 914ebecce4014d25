"""Archive: where the mails of a file or a folder lie. Reads line by line and keeps one mail's header at a time.

A mail of an mbox begins at a line `From … Thu Nov  1 11:19:12 2001` that stands at the start or after an empty line and
is followed by a header; any other `From ` belongs to the text. Each `.eml` is one mail.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from forum.imports.sources import Sources

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


def is_archive(file: Path) -> bool:
    """Whether a file of a folder holds mails: by its name, or since it begins as an mbox does (Mailman's `.txt`)."""
    if file.suffix in (".eml", ".mbox"):
        return True
    with file.open("rb") as stream:
        return _ENVELOPE.match(stream.readline(LINE_BYTES).rstrip()) is not None


def scan(sources: Sources, on_bytes: Callable[[int], None]) -> Iterator[Scanned]:
    """The mails of the files, in order; `on_bytes` gets how many bytes have been read so far."""
    read = 0
    for file in sources.files:
        for number, scanned in enumerate(_scan_file(file, sources.label(file), single=file.suffix == ".eml"), 1):
            if number % 200 == 0:
                on_bytes(read + scanned.place.offset)
            yield scanned
        read += file.stat().st_size
        on_bytes(read)


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
