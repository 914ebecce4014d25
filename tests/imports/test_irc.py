"""A chat log into a room: the formats, the clock, what is left out, and doing it twice."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from forum.imports import irc
from forum.imports.report import Report
from tests.imports.conftest import SECRET, Here

Lines = Callable[..., list[tuple[str, str, str]]]


@pytest.fixture
def read(tmp_path: Path) -> Lines:
    """What was said in a log: day and time, nick, words."""

    def reader(*rows: str, name: str = "2005-06-27_12.txt") -> list[tuple[str, str, str]]:
        path = tmp_path / name
        path.write_text("\n".join(rows) + "\n", errors="surrogateescape")
        found = irc.read(path, UTC, Report())
        return [(f"{line.written:%m-%d %H:%M:%S}", line.nick, line.words) for _, line in found]

    return reader


def test_channel_logs(read: Lines) -> None:
    assert read(
        "[12:18] <|trey|> usual, quite stable  :)",
        "=== ana [~ana@host.example]  has joined #ubuntu []",
        "[12:19] <Who[ares> ben: <tag> and > arrows",
        "[12:19]  * homejoe waves",
        "=== ogra thinks MrBurns is a good name",
        "=== ogra is now known as ogra_",
    ) == [
        ("06-27 12:18:00", "|trey|", "usual, quite stable  :)"),
        ("06-27 12:19:00", "Who[ares", "ben: <tag> and > arrows"),
        ("06-27 12:19:00", "homejoe", "* homejoe waves"),
        ("06-27 12:19:00", "ogra", "* ogra thinks MrBurns is a good name"),
    ]


def test_irssi(read: Lines) -> None:
    assert read(
        "--- Log opened Mon Jun 27 23:58:01 2005",
        "23:59 -!- ana [~ana@host.example] has joined #a",
        "23:59 <@ana> op",
        "23:59 < ben> hello",
        "--- Day changed Tue Jun 28 2005",
        "00:01  * ben nods",
        name="a.log",
    ) == [
        ("06-27 23:59:00", "ana", "op"),
        ("06-27 23:59:00", "ben", "hello"),
        ("06-28 00:01:00", "ben", "* ben nods"),
    ]


def test_weechat(read: Lines) -> None:
    assert read(
        "2005-06-27 09:19:01\t-->\tana (~ana@host.example) has joined #a",
        "2005-06-27 09:19:02\t@ana\thello\tthere",
        "2005-06-28 09:19:03\t *\tana waves",
        "2005-06-28 09:19:04\t--\tMode #a [+o ana] by ben",
        name="a.weechatlog",
    ) == [("06-27 09:19:02", "ana", "hello\tthere"), ("06-28 09:19:03", "ana", "* ana waves")]


def test_hexchat(read: Lines) -> None:
    assert read(
        "**** BEGIN LOGGING AT Fri Dec 31 23:58:00 2004",
        "Dec 31 23:58:09 *\tNow talking on #a",
        "Dec 31 23:59:00 <ana>\thello there",
        "Dec 31 23:59:01 *\tcara (c@host.example) has joined",
        "Dec 31 23:59:02 -->\tdan (d@host.example) has joined",
        "Jan  1 00:00:01 *\tben waves",
        name="a.log",
    ) == [
        ("12-31 23:59:00", "ana", "hello there"),
        ("01-01 00:00:01", "ben", "* ben waves"),
    ]


def test_mirc_notes_are_not_said(read: Lines) -> None:
    assert read(
        "[12:19] * ben (b@host.example) has joined #x",
        "[12:19] * ben sets mode: +o ana",
        "[12:19] * ben is now known as benny",
        "[12:19] * Quits: cara (c@host.example)",
        "[12:19] * benny has a question",
    ) == [("06-27 12:19:00", "benny", "* benny has a question")]


def test_a_line_may_name_its_zone(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text(
        "2005-06-27T12:18:00Z <ana> one\n[2005-06-27T12:18:00.123+0200] <ana> two\n[2005-06-27 12:18:00] <ana> three\n"
    )
    found = irc.read(path, ZoneInfo("Europe/London"), Report())
    assert [f"{line.written:%H:%M}" for _, line in found] == ["12:18", "10:18", "11:18"]


def test_the_clock_passes_midnight_and_noon(read: Lines) -> None:
    def times(*clocks: str) -> list[str]:
        return [when for when, _, _ in read(*(f"[{clock}] <a> b" for clock in clocks))]

    assert times("23:50", "23:45", "00:10", "12:00", "11:00") == [
        *("06-27 23:50:00", "06-27 23:50:00"),
        *("06-28 00:10:00", "06-28 12:00:00", "06-28 12:00:00"),
    ]
    assert times("11:50", "12:10", "01:12", "02:00", "12:05") == [
        *("06-27 11:50:00", "06-27 12:10:00", "06-27 13:12:00", "06-27 14:00:00"),
        "06-28 00:05:00",
    ]


async def test_a_log_becomes_messages_once(here: Here, samples: Path) -> None:
    log = samples / "chat" / "2004-11-15_03.raw.txt"
    said = sum(line.startswith("[") for line in log.read_text(errors="replace").splitlines())
    began = time.monotonic()
    report = await irc.run(here.db, log, here.slug, secret=SECRET, time_zone=ZoneInfo("Europe/London"))
    assert said <= report.added <= said + 60
    assert time.monotonic() - began < 60
    rows = await here.messages()
    assert [row["number"] for row in rows] == list(range(1, report.added + 1))
    assert {row["created_at"].date() for row in rows} == {date(2004, 11, 15)}
    assert set(report.reasons) <= {
        *("somebody came", "somebody left", "somebody changed their nick"),
        *("topic or mode", "a line of the program", "nothing was said"),
    }
    reads = await here.rows("SELECT number FROM room_reads r JOIN rooms x ON x.id = r.room_id WHERE x.network_id = $1")
    assert [row["number"] for row in reads] == [report.added] * 3


async def test_twice_changes_nothing_and_a_removal_stands(here: Here, tmp_path: Path) -> None:
    log = tmp_path / "2005-06-27.log"
    log.write_text("[12:18] <ana> one\n[12:18] <ana> one\n[12:19] <ben> *two* <b> @{1}\n[12:20] <ben> \n")
    report = await irc.run(here.db, log, here.slug, secret=SECRET)
    assert (report.added, dict(report.reasons)) == (3, {"nothing was said": 1})
    assert [(row["name"], row["html"]) for row in await here.messages()] == [
        ("ana", "<p>one</p>"),
        ("ana", "<p>one</p>"),
        ("ben", "<p>*two* &lt;b&gt; @{1}</p>"),
    ]
    await here.rows(
        "UPDATE messages SET state = 'removed', body = NULL, html = NULL WHERE number = 1 AND room_id = $2 AND $1 > 0",
        here.room,
    )
    before = await here.state()
    assert (await irc.run(here.db, log, here.slug, secret=SECRET)).known == 3
    assert await here.state() == before
    with log.open("a") as more:
        more.write("[12:21] <ana> three\n")
    report = await irc.run(here.db, log, here.slug, secret=SECRET)
    assert (report.added, report.known) == (1, 3)
    assert [row["state"] for row in await here.messages()] == ["removed", "shown", "shown", "shown"]
    (room,) = await here.rows(
        "SELECT kept_after, channel_head(name) AS head FROM channels WHERE $1 > 0 AND name = 'room:' || $2::bigint",
        here.room,
    )
    assert room["kept_after"] == room["head"] == 2


async def test_who_had_not_read_to_the_end_finds_the_place_again(here: Here, tmp_path: Path) -> None:
    await here.rows(
        "INSERT INTO messages (room_id, author_id, number, body, html) SELECT $2, $3, 1, 'live', 'live' WHERE $1 > 0",
        here.room,
        here.members[0],
    )
    log = tmp_path / "2005-06-27.log"
    log.write_text("[12:18] <ana> one\n")
    await irc.run(here.db, log, here.slug, secret=SECRET)
    reads = await here.rows("SELECT member_id, number FROM room_reads WHERE room_id = $2 AND $1 > 0", here.room)
    assert [tuple(row) for row in reads] == [(here.members[0], 2)]


async def test_a_day_to_come_is_now_and_the_line_is_still_known_again(here: Here, tmp_path: Path) -> None:
    log = tmp_path / f"{datetime.now(UTC).year + 3}-01-01.log"
    log.write_text("[12:18] <ana> one\n")
    await irc.run(here.db, log, here.slug, secret=SECRET)
    assert (await irc.run(here.db, log, here.slug, secret=SECRET)).known == 1
    (row,) = await here.messages()
    assert row["created_at"] <= datetime.now(UTC)
