"""A list's archive into threads: the tree, what is odd, what was removed, and what a kill leaves."""

import asyncio
import email.utils
import gzip
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forum.errors import NotFound
from forum.imports import mbox
from forum.imports.archive import is_archive, scan
from forum.imports.headers import Headers
from forum.imports.keys import Keys
from forum.imports.report import Report
from forum.imports.sources import SourceError, choose
from tests.imports.conftest import SECRET, Here

TREE = Path(__file__).parent / "pipermail-2001-November.tree"


async def imported(here: Here, path: Path, **options: object) -> Report:
    return await mbox.run(here.db, path, here.slug, secret=SECRET, **options)  # type: ignore[arg-type]


def mail(number: int, *headers: str, body: str = "Words.", date: str | None = None) -> str:
    """One mail of an mbox; its Message-ID is `<m{number}@a.example>` unless a header says another."""
    lines = [f"From ana at a.example  Thu Nov  1 11:19:{number % 60:02} 2001"]
    if not any(header.startswith("From:") for header in headers):
        lines.append("From: ana at a.example (Ana Ruiz)")
    written = datetime(2001, 11, 1, 11, tzinfo=UTC) + timedelta(minutes=number)
    lines.append(f"Date: {date or email.utils.format_datetime(written)}")
    lines.append(f"Subject: [list] Re: Mail {number}")
    if not any(header.lower().startswith("message-id") for header in headers):
        lines.append(f"Message-ID: <m{number}@a.example>")
    return "\n".join([*lines, *headers, "", body, "", ""])


def archive(tmp_path: Path, *mails: str) -> Path:
    path = tmp_path / "list.mbox"
    path.write_text("".join(mails))
    return path


async def parents(here: Here) -> dict[str, str | None]:
    """Of each post, by its title's or its own number, what it answers; bodies must be numbers."""
    rows = await here.posts()
    bodies = {row["id"]: row["body"] for row in rows}
    return {row["body"]: bodies.get(row["parent_id"]) for row in rows}


@pytest.mark.long
async def test_a_month_of_a_list_keeps_its_tree(here: Here, samples: Path) -> None:
    path = samples / "lists" / "pipermail-2001-November.mbox.txt"
    expected = dict(line.split() for line in TREE.read_text().splitlines() if not line.startswith("#"))
    stages: set[str] = set()
    report = await imported(here, path, on_progress=lambda stage, _done, _total: stages.add(stage))
    assert (report.added, report.known, report.threads) == (164, 0, sum(p == "-" for p in expected.values()))
    assert stages == {"Reading headers", "Storing"}

    order = await here.rows(
        "SELECT p.id, p.parent_id, p.thread_id, p.number, p.depth, p.path FROM posts p WHERE p.network_id = $1"
    )
    places = await place_of_posts(here, path)
    found = {str(places[row["id"]]): str(places[row["parent_id"]]) if row["parent_id"] else "-" for row in order}
    assert found == expected

    by_id = {row["id"]: row for row in order}
    for row in order:
        parent = by_id.get(row["parent_id"])
        assert row["depth"] == (parent["depth"] + 1 if parent else 0)
        assert row["path"] == (parent["path"] if parent else b"") + row["number"].to_bytes(4)
        assert parent is None or (parent["thread_id"], parent["number"] < row["number"]) == (row["thread_id"], True)

    before = await here.state()
    again = await imported(here, path)
    assert (again.added, again.known) == (0, 164)
    assert await here.state() == before


async def place_of_posts(here: Here, path: Path) -> dict[int, int]:
    """Of each post its mail's place in the file, by the key that it was stored under."""
    keys = Keys(SECRET)
    places: dict[bytes, int] = {}
    for place, scanned in enumerate(scan(choose(path, is_archive), lambda _: None), 1):
        key = keys.of("id", Headers(scanned.head).message_id())
        places[keys.of("again", key, "1") if key in places else key] = place
    rows = await here.rows("SELECT item_key, post_id FROM import_items WHERE network_id = $1")
    return {row["post_id"]: places[row["item_key"]] for row in rows}


async def test_every_odd_mail_is_imported_or_told_of(here: Here, samples: Path, tmp_path: Path) -> None:
    folder = samples / "lists" / "odd-emails"
    mails = len(list(folder.rglob("*.eml")))
    full_list = tmp_path / "left-out.txt"
    report = await imported(here, folder, full_list=full_list)
    assert mails > 90
    not_there = [reason for _, reason in report.left_out if reason.startswith("no mail")]
    assert report.added + len(not_there) >= mails
    assert len(full_list.read_text().splitlines()) == report.left_out_count
    for row in await here.posts():
        assert row["body"].strip()
        assert "@" not in row["name"]
        assert datetime(1970, 1, 1, tzinfo=UTC) <= row["created_at"] <= datetime.now(UTC)
    bodies = [row["body"] for row in await here.posts()]
    assert any("Attachment: ciële.txt" in body or "Attachment: " in body for body in bodies)
    assert any("まみむめも" in row["title"] for row in await here.posts())


async def test_the_rule_of_threading(here: Here, tmp_path: Path) -> None:
    path = archive(
        tmp_path,
        mail(1, body="1"),
        mail(2, "In-Reply-To: <m1@a.example>", body="2"),
        mail(3, "References: <m1@a.example> <m2@a.example>", body="3"),
        # The grandparents in References, the parent in In-Reply-To.
        mail(4, "References: <m1@a.example>", "In-Reply-To: Ana's message <m3@a.example>", body="4"),
        # The parent is lost: the nearest ancestor that is known.
        mail(5, "References: <m2@a.example> <lost@a.example>", body="5"),
        # All are lost: what answers one lost mail stays together.
        mail(6, "In-Reply-To: <gone@a.example>", body="6"),
        mail(7, "References: <gone@a.example> <gone2@a.example>", body="7"),
        mail(8, "References: <gone2@a.example>", body="8"),
        # Its own parent; then two in a circle.
        mail(9, "In-Reply-To: <m9@a.example>", body="9"),
        mail(10, "In-Reply-To: <m11@a.example>", body="10"),
        mail(11, "In-Reply-To: <m10@a.example>", body="11"),
        # No reference: nothing is guessed from "Re:".
        mail(12, body="12"),
        # An answer dated before what it answers.
        mail(13, "In-Reply-To: <m1@a.example>", body="13", date="Thu, 1 Nov 2001 08:00:00 +0000"),
    )
    report = await imported(here, path)
    assert await parents(here) == {
        "1": None, "2": "1", "3": "2", "4": "3", "5": "2", "6": None, "7": "6", "8": "6", "9": None, "10": "11",
        "11": None, "12": None, "13": "1",
    }  # fmt: skip
    assert ("list.mbox, mail 11", "it would answer its own answer: that was ignored") in report.left_out
    thread = [row["body"] for row in await here.posts() if row["title"] == "Mail 1"]
    assert thread == ["1", "13", "2", "3", "4", "5"]


async def test_a_later_archive_goes_on_where_the_earlier_one_ended(here: Here, tmp_path: Path) -> None:
    await imported(here, archive(tmp_path, mail(1, body="1")))
    report = await imported(
        here, archive(tmp_path, mail(1, body="1"), mail(2, "In-Reply-To: <m1@a.example>", body="2"))
    )
    assert (report.added, report.known, report.threads) == (1, 1, 0)
    later = archive(tmp_path, mail(3, "References: <m1@a.example> <m2@a.example>", body="3"))
    assert (await imported(here, later)).threads == 0
    assert await parents(here) == {"1": None, "2": "1", "3": "2"}
    (thread,) = await here.rows("SELECT last_number, shown, people, active_at FROM threads WHERE network_id = $1")
    assert tuple(thread) == (3, 3, 1, datetime(2001, 11, 1, 11, 3, tzinfo=UTC))


async def test_no_and_double_message_ids(here: Here, tmp_path: Path) -> None:
    nothing = "X-Nothing: there"
    path = archive(
        tmp_path,
        mail(1, f"Message-ID-Not: 1\n{nothing}".replace("Message-ID-Not", "message-id-not"), body="1"),
        mail(2, "Message-ID: <m1@a.example>", body="2"),
        mail(3, "Message-ID: <m1@a.example>", body="3"),
        mail(4, "Message-ID:", body="4"),
        mail(4, "Message-ID:", body="4"),
    )
    report = await imported(here, path)
    assert report.added == 5
    assert sorted(row["body"] for row in await here.posts()) == ["1", "2", "3", "4", "4"]
    assert (await imported(here, path)).added == 0


async def test_dates(here: Here, tmp_path: Path) -> None:
    year = datetime.now(UTC).year + 5
    path = archive(
        tmp_path,
        mail(1, body="1", date="Thu, 1 Nov 2001 11:00:00 +0100"),
        mail(2, "Received: by a; Fri, 2 Nov 2001 10:00:00 +0000", body="2", date="yesterday"),
        mail(3, body="3", date="Foo"),
        mail(4, "Received: by a; Sat, 3 Nov 2001 10:00:00 +0000", body="4", date=f"Thu, 1 Nov {year} 11:00:00 +0000"),
        mail(5, body="5", date="Thu, 1 Nov 1951 11:00:00 +0000").replace("2001", "1951"),
    )
    await imported(here, path)
    dates = {row["body"]: row["created_at"] for row in await here.posts()}
    assert dates == {
        "1": datetime(2001, 11, 1, 10, tzinfo=UTC),
        "2": datetime(2001, 11, 2, 10, tzinfo=UTC),
        "3": datetime(2001, 11, 1, 11, 19, 3, tzinfo=UTC),
        "4": datetime(2001, 11, 3, 10, tzinfo=UTC),
        "5": datetime(1970, 1, 1, tzinfo=UTC),
    }


async def test_addresses_are_not_shown(here: Here, tmp_path: Path) -> None:
    path = archive(
        tmp_path,
        mail(1, body="Write to ana at a.example or ana@a.example, look at www.b.example, git@c.example:x."),
        mail(2, "From: eve@b.example", body="x"),
        mail(3, "From: carl at b.example (carl at b.example)", body="x"),
        mail(4, 'From: "dora@b.example" <dora@b.example>', body="x"),
        mail(5, "From: <>", body="x"),
    )
    await imported(here, path)
    rows = await here.posts()
    assert [row["name"] for row in rows] == ["Ana Ruiz", "eve", "carl", "dora", "Unknown"]
    assert rows[0]["body"] == "Write to ana at … or ana@…, look at www.b.example, git@c.example:x."
    dump = await here.rows("SELECT b::text FROM bylines b WHERE $1::bigint > 0 AND b::text LIKE '%a.example%'")
    assert dump == []


async def test_a_removed_post_stays_removed(here: Here, tmp_path: Path) -> None:
    path = archive(tmp_path, mail(1, body="unwelcome words"), mail(2, "In-Reply-To: <m1@a.example>", body="2"))
    await imported(here, path)
    assert [row["state"] for row in await here.posts()] == ["shown", "shown"]
    await here.rows("UPDATE posts SET state = 'removed', body = NULL, html = NULL WHERE network_id = $1 AND depth = 0")
    await here.rows("UPDATE threads SET title = NULL WHERE network_id = $1")
    await here.rows("UPDATE bylines SET name = NULL WHERE name = 'Ana Ruiz' AND $1::bigint > 0")
    longer = archive(tmp_path, path.read_text(), mail(3, "In-Reply-To: <m1@a.example>", body="3"))
    report = await imported(here, longer)
    assert (report.added, report.known) == (1, 2)
    rows = await here.posts()
    assert [(row["state"], row["body"], row["title"], row["name"]) for row in rows] == [
        ("removed", None, None, None), ("shown", "2", None, None), ("shown", "3", None, None),
    ]  # fmt: skip


async def test_everything_counts_as_read_and_nothing_else(here: Here, tmp_path: Path) -> None:
    path = archive(tmp_path, mail(1, body="1"), mail(2, "In-Reply-To: <m1@a.example>", body="2"))
    await imported(here, path)
    reads = await here.rows(
        "SELECT r.numbers::text FROM thread_reads r JOIN threads t ON t.id = r.thread_id WHERE t.network_id = $1"
    )
    assert [row["numbers"] for row in reads] == ["{[1,3)}"] * 3
    # A member's own reply in between stays unread for the others.
    await here.rows(
        "INSERT INTO posts (thread_id, network_id, author_id, parent_id, number, depth, path, body, html)"
        " SELECT thread_id, network_id, $2, id, 3, 1, path || int4send(3), 'live', '' FROM posts"
        " WHERE network_id = $1 AND depth = 0",
        here.members[0],
    )
    await imported(here, archive(tmp_path, path.read_text(), mail(3, "In-Reply-To: <m1@a.example>", body="3")))
    reads = await here.rows(
        "SELECT r.numbers::text FROM thread_reads r JOIN threads t ON t.id = r.thread_id WHERE t.network_id = $1"
    )
    assert [row["numbers"] for row in reads] == ["{[1,3),[4,5)}"] * 3


async def test_screens_get_one_reset_and_nothing_else(here: Here, tmp_path: Path) -> None:
    await imported(here, archive(tmp_path, mail(1, body="1")))
    woken: dict[str, int] = {}
    here.db.wake = woken.update  # type: ignore[method-assign]
    await imported(here, archive(tmp_path, mail(1, body="1"), mail(2, "In-Reply-To: <m1@a.example>", body="2")))
    (thread,) = await here.rows("SELECT id FROM threads WHERE network_id = $1")
    channels = {f"network:{here.id}", f"thread:{thread['id']}"}
    rows = await here.rows(
        "SELECT name, kept_after, channel_head(name) AS head FROM channels WHERE $1 > 0 AND name = ANY ($2)",
        list(channels),
    )
    assert {row["name"]: row["head"] for row in rows} == woken == dict.fromkeys(channels, 2)
    assert all(row["kept_after"] == row["head"] for row in rows)


async def test_a_title_shows_no_authors_address(here: Here, tmp_path: Path) -> None:
    words = mail(1).replace("Mail 1", "A mail from ana@a.example, ana at a.example")
    await imported(here, archive(tmp_path, words))
    assert [row["title"] for row in await here.posts()] == ["A mail from ana@…, ana at …"]


async def test_text_that_is_too_long_goes_on_in_replies(here: Here, tmp_path: Path) -> None:
    words = "\n\n".join(f"Paragraph {number} " + "word " * 200 for number in range(60))
    report = await imported(here, archive(tmp_path, mail(1, body=words), mail(2, "In-Reply-To: <m1@a.example>")))
    rows = await here.posts()
    assert report.added == len(rows) == 4
    assert [row["depth"] for row in rows] == [0, 1, 1, 1]
    assert " ".join(row["body"] for row in rows[:3]).split() == words.split()


async def test_what_is_not_there_is_said(here: Here, tmp_path: Path) -> None:
    path = archive(tmp_path, mail(1))
    with pytest.raises(NotFound):
        await mbox.run(here.db, path, "nowhere", secret=SECRET)
    with pytest.raises(OSError, match="No such file"):
        await imported(here, tmp_path / "nothing")
    with pytest.raises(SourceError, match="neither a file nor a folder"):
        await imported(here, Path("/dev/null"))


async def test_what_is_no_mail_is_left_out(here: Here, tmp_path: Path) -> None:
    # A line like a field is in any text, and by chance among any bytes.
    (tmp_path / "junk.mbox").write_bytes(b"\x00\x9d\x1a words\nX: y\n\n" + bytes(range(256)) * 9)
    report = await imported(here, tmp_path / "junk.mbox")
    assert (report.added, report.left_out) == (0, [("junk.mbox, mail 1", "no mail: it has no header")])
    assert not await here.posts()


async def test_a_compressed_archive_is_refused(here: Here, tmp_path: Path) -> None:
    packed = tmp_path / "list.mbox.gz"
    packed.write_bytes(gzip.compress(mail(1).encode()))
    with pytest.raises(SourceError, match=r"compressed \(gzip\): unpack it first"):
        await imported(here, packed)
    assert not await here.posts()


async def test_of_a_folder_every_file_is_read_or_told_of(here: Here, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "2001-November.txt").write_text(mail(1, body="1"))  # as Mailman calls them
    (tmp_path / "one.eml").write_text("From: ana@a.example\nSubject: One\n\n2\n")
    (tmp_path / "notes.txt").write_text("From time to time.\n")
    (tmp_path / "2001-October.txt.gz").write_bytes(gzip.compress(b"x"))
    report = await imported(here, tmp_path)
    assert report.added == 2
    assert report.left_out[:2] == [
        ("2001-October.txt.gz", "a compressed file (gzip): unpack it first"),
        ("notes.txt", "a file of another kind"),
    ]


async def test_the_report_is_never_written_over_what_is_imported(here: Here, tmp_path: Path) -> None:
    path = archive(tmp_path, mail(1))
    before = path.read_bytes()
    (tmp_path / "link").symlink_to(path)
    for full_list in (path, tmp_path / "link"):
        with pytest.raises(SourceError, match="name another file"):
            await imported(here, path, full_list=full_list)
    with pytest.raises(NotFound):
        await mbox.run(here.db, path, "nowhere", secret=SECRET, full_list=tmp_path / "report")
    assert path.read_bytes() == before
    assert not (tmp_path / "report").exists()


async def test_what_a_killed_import_left_to_do_at_its_end_is_done(here: Here, tmp_path: Path) -> None:
    path = archive(tmp_path, mail(1, body="1"))
    await imported(here, path)
    # As if it had been killed right after the commit of its last post.
    await here.rows("UPDATE imports SET finished_at = NULL WHERE network_id = $1")
    await here.rows("DELETE FROM thread_reads r USING threads t WHERE t.id = r.thread_id AND t.network_id = $1")
    assert (await imported(here, path)).added == 0
    reads = await here.rows(
        "SELECT r.numbers::text FROM thread_reads r JOIN threads t ON t.id = r.thread_id WHERE t.network_id = $1"
    )
    assert [row["numbers"] for row in reads] == ["{[1,2)}"] * 3
    (channel,) = await here.rows(
        "SELECT c.kept_after FROM channels c JOIN threads t ON c.name = 'thread:' || t.id WHERE t.network_id = $1"
    )
    assert channel["kept_after"] == 2
    (row,) = await here.rows("SELECT finished_at FROM imports WHERE network_id = $1")
    assert row["finished_at"] is not None


SCRIPT = """
import asyncio, sys
from pathlib import Path
from forum.db import Database
from forum.imports import mbox

async def main():
    db = Database(sys.argv[1], pool_size=2)
    await db.open()
    def say(stage, done, total):
        print(stage, done, flush=True)
    await mbox.run(db, Path(sys.argv[2]), sys.argv[3], secret=sys.argv[4], on_progress=say)

asyncio.run(main())
"""


@pytest.mark.faults
async def test_a_killed_import_is_resumed(here: Here, tmp_path: Path, database_url: str) -> None:
    mails = [mail(1, body="0")]
    mails += [mail(number, f"In-Reply-To: <m{number - 1}@a.example>", body=str(number)) for number in range(2, 600)]
    path = archive(tmp_path, *mails)
    arguments = [sys.executable, "-c", SCRIPT, database_url, str(path), here.slug, SECRET]
    root = Path(__file__).parents[2]
    killed = await asyncio.create_subprocess_exec(*arguments, cwd=root, stdout=asyncio.subprocess.PIPE)
    assert killed.stdout is not None
    deadline = time.monotonic() + 30
    while not (line := await asyncio.wait_for(killed.stdout.readline(), 30)).startswith(b"Storing 1"):
        assert line
        assert time.monotonic() < deadline
    killed.send_signal(signal.SIGKILL)
    await killed.wait()
    stored = len(await here.posts())
    assert 0 < stored < 599

    report = await imported(here, path)
    assert (report.added, report.known) == (599 - stored, stored)
    rows = await here.posts()
    assert [row["number"] for row in rows] == list(range(1, 600))
    assert [row["depth"] for row in rows] == list(range(599))
    assert max(len(row["path"]) for row in rows) == 1_600
    reads = await here.rows(
        "SELECT DISTINCT r.numbers::text AS n FROM thread_reads r JOIN threads t ON t.id = r.thread_id"
        " WHERE t.network_id = $1"
    )
    assert [row["n"] for row in reads] == ["{[1,600)}"]
    assert (await imported(here, path)).added == 0
