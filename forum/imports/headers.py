"""Headers of a mail, read as they come: folded, in the wrong charset, half encoded, missing.

Invariants: nothing here raises on any bytes; what is returned is text without controls; an address is never part of a
name.
"""

import base64
import binascii
import quopri
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from forum.errors import Invalid
from forum.imports.charsets import decode
from forum.text import line

MAX_TITLE_CHARS = 200
MAX_NAME_CHARS = 80
MAX_REFERENCES = 200
NO_SUBJECT = "(no subject)"
UNKNOWN = "Unknown"
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)

_USUAL = frozenset(
    (b"from", b"sender", b"reply-to", b"to", b"cc", b"date", b"subject", b"message-id", b"received", b"return-path",
     b"in-reply-to", b"references", b"mime-version", b"content-type")
)  # fmt: skip
_FIELD = re.compile(rb"([!-9;-~]{1,100})[ \t]*:[ \t]*")
_ENCODED_WORD = re.compile(rb"=\?([^?\s*]{1,40})(?:\*[^?\s]{0,20})?\?([bBqQ])\?([^?]*)\?=")
_BETWEEN = re.compile(rb"(\?=)\s+(?==\?[^?\s]{1,40}\?[bBqQ]\?)")
_ID = re.compile(rb"<([^<>\s]{1,500})>")
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"]{1,100}@[^\s<>()\[\],;:\"]{1,200}")
_OBFUSCATED = re.compile(
    r"([^\s<>()\"]{1,100}) (?:at|\(at\)|_at_) ([^\s<>()\"]{1,100}\.[^\s<>()\".]{1,30})(?=[\s()>]|$)"
)
_REPLY = re.compile(r"^(?:(?:re|aw|sv|antw|fwd?)(?:\[\d+\])?\s*:\s*|\[[\w .&+-]{1,40}\]\s*)+", re.IGNORECASE)
_COMMENT = re.compile(r"\(((?:[^()\\]|\\.)*)\)")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_ENVELOPE_DATE = re.compile(rb"\b((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?\s+(?:\d{1,2}\s+)?\w{3}\s.*)$")
_ASCTIME = re.compile(r"^\w{3},? +(\w{3}) +(\d{1,2}) +(\d{1,2}:\d\d(?::\d\d)?)(?: +([A-Z]{3,4}|[+-]\d{4}))? +(\d{4})")


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a mail: a name that may be shown, and an address (lower case, "" if none) that may not."""

    name: str
    address: str


class Headers:
    """The header of one mail."""

    def __init__(self, head: bytes) -> None:
        self._fields: dict[bytes, list[bytes]] = {}
        current: list[bytes] | None = None
        for row in head.split(b"\n"):
            if row[:1] in (b" ", b"\t"):
                if current:
                    current[-1] += b" " + row.strip()
                continue
            match = _FIELD.match(row)
            current = self._fields.setdefault(match[1].lower(), []) if match else None
            if match and current is not None:
                current.append(row[match.end() :].strip())

    def __bool__(self) -> bool:
        """Is it the header of a mail? In any text there may be a line that looks like one field."""
        return not _USUAL.isdisjoint(self._fields)

    def message_id(self) -> bytes:
        """What stands between "<" and ">" in Message-ID; without brackets all of it; b"" for none."""
        value = self._first(b"message-id")
        match = _ID.search(value)
        return match[1] if match else b"".join(value.split())[:500]

    def references(self) -> list[bytes]:
        """The ids that this mail answers, the nearest first, each once, without its own.

        The chain is References, after which come those of In-Reply-To that References does not name: some programs put
        the grandparents there and the parent here.
        """
        chain = [match[1] for value in self._fields.get(b"references", ()) for match in _ID.finditer(value)]
        answered = [match[1] for value in self._fields.get(b"in-reply-to", ()) for match in _ID.finditer(value)]
        chain += [one for one in reversed(answered) if one not in set(chain)]
        own = self.message_id()
        return [one for one in dict.fromkeys(reversed(chain[-MAX_REFERENCES:])) if one != own]

    def subject(self) -> str:
        """The subject as a title: without "Re:" and the list's "[name]" before it; "(no subject)" for none."""
        words = decode_words(self._first(b"subject"))
        return (
            _one_line(_REPLY.sub("", words.strip()), MAX_TITLE_CHARS) or _one_line(words, MAX_TITLE_CHARS) or NO_SUBJECT
        )

    def author(self) -> Author:
        """From, else Sender, else Reply-To."""
        for field in (b"from", b"sender", b"reply-to"):
            value = self._first(field)
            if value:
                return _author(value)
        return Author(UNKNOWN, "")

    def dates(self, envelope: bytes) -> Iterator[datetime]:
        """When it was written, the most trusted first: Date, each Received, the archive's line before the mail."""
        stamps = [
            *self._fields.get(b"date", ()),
            *(v.rpartition(b";")[2] for v in self._fields.get(b"received", ())[:10]),
        ]
        match = _ENVELOPE_DATE.search(envelope)
        if match:
            stamps.append(match[1])
        for stamp in stamps:
            found = _date(decode(stamp[:200], "latin-1"))
            if found:
                yield found

    def identity(self) -> tuple[bytes, ...]:
        """What tells mails without a Message-ID apart, beside their text."""
        return tuple(self._first(field) for field in (b"from", b"date", b"subject"))

    def _first(self, field: bytes) -> bytes:
        return next(filter(None, self._fields.get(field, ())), b"")


def decode_words(value: bytes) -> str:
    """A header's value as text: encoded words decoded, the rest in UTF-8 or, where that fails, in Windows' Latin."""
    value = _BETWEEN.sub(rb"\1", value)
    parts: list[str] = []
    done = 0
    # Neighbours in one charset are decoded together: some programs cut a character in two.
    run: list[bytes] = []
    charset = ""
    for match in _ENCODED_WORD.finditer(value):
        between = value[done : match.start()]
        words_charset = match[1].decode("ascii", "replace").lower()
        if run and (between or words_charset != charset):
            parts.append(decode(b"".join(run), charset))
            run = []
        parts.append(decode(between, "utf-8"))
        charset = words_charset
        run.append(_unpack(match[2], match[3]))
        done = match.end()
    parts += decode(b"".join(run), charset), decode(value[done:], "utf-8")
    return _CONTROLS.sub("", "".join(parts))


def _unpack(encoding: bytes, payload: bytes) -> bytes:
    if encoding in b"qQ":
        return quopri.decodestring(payload, header=True)
    try:
        return base64.b64decode(payload + b"=" * (-len(payload) % 4))
    except binascii.Error:
        return payload


def plausible(candidates: Sequence[datetime], previous: datetime | None, now: datetime) -> datetime:
    """The first date from 1970 to now; else the first one, clamped to that; else the previous mail's; else now."""
    for one in candidates:
        if EARLIEST <= one <= now:
            return one
    if candidates:
        return min(max(candidates[0], EARLIEST), now)
    return previous or now


def _date(text: str) -> datetime | None:
    text = " ".join(text.split())
    turned = _ASCTIME.match(text)
    if turned:
        month, day, clock, zone, year = turned.groups()
        text = f"{day} {month} {year} {clock} {zone or '+0000'}"
    try:
        found = parsedate_to_datetime(text)
        # No zone, or "-0000": the time is UTC for all that we know.
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _author(value: bytes) -> Author:
    words = _OBFUSCATED.sub(r"\1@\2", decode_words(value[:2_000]))
    found = _ADDRESS.search(words)
    address = found[0].strip("'.").lower() if found else ""
    comments = " ".join(_COMMENT.findall(words))
    while (flat := _COMMENT.sub(" ", words)) != words:
        words = flat
    before = words[: words.index("<")] if "<" in words else _ADDRESS.sub(" ", words)
    for candidate in (before, comments, address.partition("@")[0]):
        cleaned = _ADDRESS.sub(" ", candidate).replace('\\"', '"').strip(" \t\"'<>,;:")
        shown = _one_line(cleaned, MAX_NAME_CHARS)
        if any(character.isalnum() for character in shown):
            return Author(shown, address)
    return Author(UNKNOWN, address)


def _one_line(words: str, max_chars: int) -> str:
    """One line that may be stored; "" where nothing is left."""
    words = _CONTROLS.sub(" ", words)
    try:
        return line(words[: 10 * max_chars], 10 * max_chars) if len(words) <= max_chars else _cut(words, max_chars)
    except Invalid:
        return ""


def _cut(words: str, max_chars: int) -> str:
    words = line(words[: 10 * max_chars], 10 * max_chars)
    return words if len(words) <= max_chars else words[: max_chars - 1].rstrip() + "…"
