"""A chat log into a network's room.

Reads what the common programs write: `[12:18] <nick> text` and `=== nick joined` (channel loggers, mIRC),
`12:18 <@nick> text`, `12:18 -!- nick …` and `--- Day changed …` (irssi), `2005-06-27 12:18:00<tab>nick<tab>text`
(WeeChat), `Jun 27 12:18:00 <nick><tab>text` (HexChat), `2005-06-27T12:18:00Z <nick> text`. Joins, parts and other lines
of the program are left out and counted by kind; `* nick waves` is kept as it stands, also as `=== nick waves`.

The day comes from the line, else from a line that names it, else from the file's name (`2005-06-27…`), else from
the file's own date. A clock that goes back by more than an hour has passed midnight, or, from twelve to one, noon on a
clock of twelve hours. Messages are appended in the log's order: a room shows in that order what was said in it.

A line is known again by its time, who said it, its words, and which of the same it is within its minute: so a log that
grew adds only what is new, and a line that was removed stays removed.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from pathlib import Path

from forum import text
from forum.db import Database
from forum.errors import Invalid
from forum.imports import store
from forum.imports.charsets import decode
from forum.imports.headers import EARLIEST
from forum.imports.keys import Keys
from forum.imports.plain import to_message
from forum.imports.report import Progress, Report, silent
from forum.imports.sources import Sources, choose
from forum.imports.store import Item, Network

MAX_LINE_BYTES = 16 * 1024
MAX_NICK_CHARS = 40
BACKWARDS = timedelta(hours=1)
HALF_A_YEAR = timedelta(days=182)

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CLOCK = (
    r"\[?(?:(?P<day>\d{4}-\d\d-\d\d)[ T]|(?P<month>" + "|".join(_MONTHS) + r")\s+(?P<of_month>\d{1,2})\s+)?"
    r"(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d)(?:\.\d{1,9})?)?(?P<zone>Z|[+-]\d\d:?\d\d)?\]?"
)
_SAID = re.compile(_CLOCK + r"\s+<[ @+%&~!]?(?P<nick>[^<>\s][^>\s]{0,80})>(?:[ \t](?P<words>.*))?$")
# mIRC and HexChat write what they note themselves like what `/me` says.
_OF_PROGRAM = (
    r"\*\s+(?:Now talking (?:on|in) |(?:Joins|Parts|Quits): |\S+ (?:[(\[]\S*[)\]] )?"
    r"(?:has (?:joined|left|quit|changed the topic)|is now known as |sets mode|changes topic))"
)
_ACTED = re.compile(_CLOCK + r"\s+(?!" + _OF_PROGRAM + r")\*\s+(?P<nick>[^\s*]{1,80})(?P<words> .*)?$")
_TABBED = re.compile(_CLOCK + r"\t(?P<nick>[^\t]{0,80})\t(?P<words>.*)$")
# Old loggers write what `/me` says like what they note themselves, and without a time.
_ACTED_UNDATED = re.compile(
    r"=== (?P<nick>\S{1,80})(?P<words> (?!\[|is now known as |has (?:joined|left|quit|changed|set) |was kicked )"
    r"(?!.*\b(?:topic|mode) ).+)$"
)
_NOTED = re.compile(
    r"(?:" + _CLOCK + r"\s*)?(?:===|-!-|---|\*\*\*|-->|<--|--|(?=" + _OF_PROGRAM + r"))\s?(?P<what>.*)$"
)
_DAY_NAMED = re.compile(
    r"(?:Day changed|Log opened|Log started|Session Start:?|BEGIN LOGGING AT)\s+\w{3},?\s+"
    r"(?:(?P<m1>[A-Z][a-z]{2})\s+(?P<d1>\d{1,2})|(?P<d2>\d{1,2})\s+(?P<m2>[A-Z][a-z]{2}))\s+(?:\d\d:\d\d(?::\d\d)?\s+)?"
    r"(?P<year>\d{4})"
)
_DAY_IN_NAME = re.compile(r"(?<!\d)(\d{4})-?(\d\d)-?(\d\d)(?!\d)")
_FORMATTING = re.compile(r"\x03\d{0,2}(?:,\d{1,2})?|\x04[0-9a-fA-F]{0,6}|[\x00-\x08\x0a-\x1f\x7f-\x9f\ufffe\uffff]")
_KINDS = (
    (re.compile(r"\bjoined\b"), "somebody came"),
    (re.compile(r"\b(?:left|quit)\b"), "somebody left"),
    (re.compile(r"\bis now known as\b"), "somebody changed their nick"),
    (re.compile(r"\btopic\b|\bsets? mode\b|\bmode/", re.IGNORECASE), "topic or mode"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was said."""

    where: str
    written: datetime
    nick: str
    words: str


async def run(
    db: Database,
    path: Path,
    slug: str,
    *,
    secret: str,
    time_zone: tzinfo = UTC,
    on_progress: Progress = silent,
    full_list: Path | None = None,
) -> Report:
    """Import a log, or all logs below a folder (`*.log`, `*.txt`, `*.weechatlog`), into the network's room.

    `time_zone` is the one of the log's clock; the rest is as with `forum.imports.mbox.run`.
    """
    keys = Keys(secret)
    pace = store.Pace()
    await store.require_network(db, slug)
    sources = choose(path, is_log, full_list)
    with Report(full_list) as report:
        report.leave_all_out(sources.left_out)
        network = await store.begin(db, slug, "irc", keys.of("irc", _digest(sources)))
        total = sources.total_bytes()
        items: list[Item] = []
        for done, item in _items(sources, network, keys, time_zone, report):
            items.append(item)
            if len(items) >= pace.batch:
                await _store(db, network, items, pace, report)
                items = []
                on_progress("Storing", done, total)
        if items:
            await _store(db, network, items, pace, report)
        on_progress("Storing", total, total)
        changed = report.added > 0 or network.resumed
        channels = [(f"network:{network.id}", network.id), (f"room:{network.room_id}", network.room_id or 0)]
        await store.finish(db, network, [channels] if changed else [])
        return report


async def _store(db: Database, network: Network, items: list[Item], pace: store.Pace, report: Report) -> None:
    stored = await store.messages(db, network, items, pace)
    report.added += stored.added
    report.known += stored.known


def is_log(file: Path) -> bool:
    """Whether a file of a folder is a log, by its name."""
    return file.suffix in (".log", ".txt", ".weechatlog")


def _digest(sources: Sources) -> bytes:
    whole = hashlib.sha256()
    for file in sources.files:
        with file.open("rb") as stream:
            while block := stream.read(1 << 16):
                whole.update(block)
    return whole.digest()


def _items(
    sources: Sources, network: Network, keys: Keys, time_zone: tzinfo, report: Report
) -> Iterator[tuple[int, Item]]:
    """What was said, each with how many bytes have been read."""
    done = 0
    for file in sources.files:
        within: Counter[bytes] = Counter()
        minute: datetime | None = None
        for position, line in read(file, time_zone, report):
            if line.written != minute:
                within.clear()
                minute = line.written
            same = keys.of("line", line.written.isoformat(), line.nick, line.words)
            within[same] += 1
            item = _item(line, network, keys, keys.of("said", same, str(within[same])), report)
            if item:
                yield done + position, item
        done += file.stat().st_size


def _item(line: Line, network: Network, keys: Keys, key: bytes, report: Report) -> Item | None:
    try:
        body = text.check(to_message(line.words))
    except Invalid:
        report.leave_out(line.where, "nothing was said")
        return None
    try:
        name = text.name(line.nick, MAX_NICK_CHARS * 2)
    except Invalid:
        name = "Unknown"
    # A nick is only somebody's within one network: elsewhere it may be another's.
    author_key = keys.of("nick", str(network.id), line.nick.casefold())
    written = min(max(line.written, EARLIEST), datetime.now(UTC))
    return Item(key, author_key, name, written, body, text.render(body, quoting=False).html)


def read(path: Path, time_zone: tzinfo, report: Report) -> Iterator[tuple[int, Line]]:
    """What was said in a log, each with the position in bytes; what else it holds goes to the report."""
    clock = _Clock(_first_day(path), time_zone)
    with path.open("rb") as file:
        number = position = 0
        while raw := file.readline(MAX_LINE_BYTES):
            number += 1
            position += len(raw)
            row = _FORMATTING.sub("", decode(raw.rstrip(b"\r\n"), "utf-8"))
            where = f"{path.name}, line {number}"
            line = _line(where, row, clock, report)
            if line:
                yield position, line


def _line(where: str, row: str, clock: "_Clock", report: Report) -> Line | None:
    said = _SAID.match(row) or _TABBED.match(row)
    if said and said["nick"].strip(" @+%&~!") not in ("", "-->", "<--", "--", "*", "=!="):
        return Line(where, clock.at(said), said["nick"].strip(" @+%&~!"), said["words"] or "")
    acted = _ACTED.match(row) or (_TABBED_ACT.match(row) if said else None)
    if acted:
        nick, words = acted["nick"], acted["words"] or ""
        return Line(where, clock.at(acted), nick, f"* {nick}{words}")
    undated = _ACTED_UNDATED.match(row)
    if undated:
        return Line(where, clock.last(), undated["nick"], f"* {undated['nick']}{undated['words']}")
    named = _DAY_NAMED.search(row)
    if named:
        clock.turn(named)
        report.leave_out(where, "the log's own line about the day")
        return None
    noted = _NOTED.match(row)
    if noted or said:
        what = noted["what"] if noted else row
        report.leave_out(where, next((kind for known, kind in _KINDS if known.search(what)), "a line of the program"))
    elif row.strip():
        report.leave_out(where, "no line of a log that we know")
    return None


_TABBED_ACT = re.compile(_CLOCK + r"\t *\*\t(?P<nick>\S{1,80})(?P<words> .*)?$")


class _Clock:
    """Tells the date of a line that has only a time."""

    def __init__(self, day: date, time_zone: tzinfo) -> None:
        self._day = day
        self._time_zone = time_zone
        self._last: datetime | None = None
        self._noon = timedelta()

    def turn(self, named: re.Match[str]) -> None:
        """The log says which day it is."""
        month = _MONTHS.index(named["m1"] or named["m2"]) + 1 if (named["m1"] or named["m2"]) in _MONTHS else 0
        try:
            self._day = date(int(named["year"]), month, int(named["d1"] or named["d2"]))
        except ValueError:
            return
        self._last, self._noon = None, timedelta()

    def last(self) -> datetime:
        """When the line above was written; the beginning of the day where there is none."""
        local = self._last or datetime.combine(self._day, time())
        return local.replace(tzinfo=self._time_zone).astimezone(UTC)

    def at(self, match: re.Match[str]) -> datetime:
        """When the line was written; never before the line above it."""
        day = self._named(match)
        if day is not None:
            self._day, self._last, self._noon = day, None, timedelta()
        hour = int(match["hour"])
        local = datetime.combine(self._day, time(hour, int(match["minute"]), int(match["second"] or 0))) + self._noon
        if self._last is not None and local < self._last - BACKWARDS:
            if self._last.hour % 12 == 0 and hour == 1 and local + timedelta(hours=12) >= self._last:
                self._noon += timedelta(hours=12)
                local += timedelta(hours=12)
            else:
                self._day += timedelta(days=1)
                local += timedelta(days=1)
        if day is not None and match["zone"]:
            aware = datetime.fromisoformat(f"{local.isoformat()}{match['zone']}")
            local = aware.astimezone(self._time_zone).replace(tzinfo=None)
        self._last = max(local, self._last or local)
        return self._last.replace(tzinfo=self._time_zone).astimezone(UTC)

    def _named(self, match: re.Match[str]) -> date | None:
        """The day that the line itself names; where it names no year, the one that goes on from the line above."""
        try:
            if match["day"]:
                return date.fromisoformat(match["day"])
            if match["month"]:
                day = self._day.replace(month=_MONTHS.index(match["month"]) + 1, day=int(match["of_month"]))
                return day.replace(year=day.year + 1) if day < self._day - HALF_A_YEAR else day
        except ValueError:
            pass
        return None


def _first_day(path: Path) -> date:
    for found in _DAY_IN_NAME.finditer(path.name):
        try:
            return date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            continue
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
