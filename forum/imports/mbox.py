"""A mailing list's archive into threads: an mbox file, a mail (`.eml`), or a folder of these.

Two looks at the archive. The first reads headers into a temporary index (forum/imports/tree.py, which states the rule
of threading); the second reads one batch of mails after another, in the order in which they are stored.

Every mail becomes a post, its parent and its author's name kept. Decided here:
  * a mail that cannot be read is stored as a post that says so, so that its answers keep their place; it is reported;
  * a text longer than a post may be goes on in replies to itself, up to 16 parts;
  * two mails with one Message-ID are two posts: an archive is not corrected;
  * dates: Date, else Received, else the archive's own line, else the previous mail's; clamped to 1970 … now.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from forum import text
from forum.db import Database
from forum.imports import store
from forum.imports.archive import MAX_MAIL_BYTES, Scanned, is_archive, scan
from forum.imports.bodies import UNREADABLE, text_of
from forum.imports.headers import Headers, plausible
from forum.imports.keys import Keys
from forum.imports.plain import mask, to_markdown
from forum.imports.report import Progress, Report, silent
from forum.imports.sources import Sources, choose
from forum.imports.store import Item, Network
from forum.imports.tree import Index, Planned

CANNOT_BE_READ = "(This mail could not be read.)"
MAX_PARTS = 16
PART_CHARS = 24_000
BATCH_CHARS = 400_000
LOOK_UPS = 200


async def run(
    db: Database,
    path: Path,
    slug: str,
    *,
    secret: str,
    on_progress: Progress = silent,
    full_list: Path | None = None,
) -> Report:
    """Import the archive into the network's threads; returns what was done and what was left out.

    `secret` is the site's SECRET_KEY; `full_list` names a file for every line of the report. May be run again, after
    a kill as well: what is there is not touched. Raises NotFound for the network, SourceError or OSError for files.
    """
    keys = Keys(secret)
    await store.require_network(db, slug)
    sources = choose(path, is_archive, full_list)
    with Report(full_list) as report, Index() as index:
        report.leave_all_out(sources.left_out)
        source = _read_headers(sources, index, keys, report, on_progress)
        network = await store.begin(db, slug, "mbox", source)
        await _link(db, network, index, report)
        await _store(db, network, index, keys, report, on_progress)
        await store.finish(db, network, _channels(network, index, changed=report.added > 0 or network.resumed))
        return report


def _read_headers(sources: Sources, index: Index, keys: Keys, report: Report, on_progress: Progress) -> bytes:
    """Fill the index; returns the hash by which this archive will be known again."""
    total = sources.total_bytes()
    now = datetime.now(UTC)
    previous: datetime | None = None
    whole = hashlib.sha256()
    for scanned in scan(sources, lambda done: on_progress("Reading headers", done, total)):
        whole.update(scanned.digest)
        headers = Headers(scanned.head)
        if not headers and not scanned.envelope:
            report.leave_out(scanned.place.where, "no mail: it has no header")
            continue
        dates = list(headers.dates(scanned.envelope))
        if not dates:
            report.leave_out(scanned.place.where, "no date that can be read: it got the one of the mail before")
        previous = plausible(dates, previous, now)
        if dates and previous not in dates:
            report.leave_out(
                scanned.place.where, "a date before 1970 or to come: it was moved to the nearest that can be"
            )
        _add(scanned, headers, previous, index, keys, report)
    return keys.of("mbox", whole.digest())


def _add(scanned: Scanned, headers: Headers, written: datetime, index: Index, keys: Keys, report: Report) -> None:
    message_id = headers.message_id()
    mail_id = keys.of("id", message_id) if message_id else keys.of("text", *headers.identity(), scanned.digest)
    again = index.again(mail_id)
    key = mail_id if again == 0 else keys.of("again", mail_id, str(again))
    if again:
        report.leave_out(scanned.place.where, "its Message-ID came before: it is a post of its own")
    if scanned.place.length > MAX_MAIL_BYTES:
        report.leave_out(scanned.place.where, "longer than 32 MiB: the rest was not read")
    named = (keys.of("id", one) for one in headers.references())
    index.add(scanned.place, mail_id, again, key, written, named)
    address = headers.author().address
    if address:
        index.add_writer(keys.of("address", address))


async def _link(db: Database, network: Network, index: Index, report: Report) -> None:
    """Find each mail's parent: in the archive, else among what was imported before, else by what is missing."""
    for where in index.link_inside():
        report.leave_out(where, "it would answer its own answer: that was ignored")
    for batch in index.orphans(LOOK_UPS):
        wanted = list({one for _, named in batch for one in named})
        async with db.connection() as connection:
            rows = await store.SQL.known(connection, network=network.id, keys=wanted)
        known = {row["item_key"] for row in rows if row["post"] is not None and row["held"]}
        for position, named in batch:
            nearest = next((one for one in named if one in known), None)
            if nearest is not None:
                index.link_outside(position, nearest)
    index.link_missing()
    index.plan()


async def _store(
    db: Database, network: Network, index: Index, keys: Keys, report: Report, on_progress: Progress
) -> None:
    pace = store.Pace()
    done, total = 0, len(index)

    def is_author(address: str) -> bool:
        return index.is_writer(keys.of("address", address))

    for mails in _batches(index.planned(), pace):
        on_progress("Storing", done, total)
        items = [item for mail in mails for item in _items(mail, keys, is_author, report)]
        for start in range(0, len(items), store.MAX_BATCH):
            stored = await store.posts(db, network, items[start : start + store.MAX_BATCH], pace)
            report.added += stored.added
            report.known += stored.known
            report.threads += stored.opened
            index.touch(stored.threads)
        done += len(mails)
    on_progress("Storing", done, total)


def _batches(mails: Iterable[Planned], pace: store.Pace) -> Iterator[Sequence[Planned]]:
    """As many mails as one transaction takes, by count and by length."""
    batch: list[Planned] = []
    length = 0
    for mail in mails:
        batch.append(mail)
        length += mail.place.length
        if len(batch) >= pace.batch or length > BATCH_CHARS:
            yield batch
            batch, length = [], 0
    if batch:
        yield batch


def _items(mail: Planned, keys: Keys, is_author: Callable[[str], bool], report: Report) -> Iterator[Item]:
    """The post or posts that a mail becomes."""
    where = mail.place.where
    raw = mail.place.read()
    headers = _headers(raw)
    author = headers.author()
    try:
        words = text_of(raw)
    except UNREADABLE as error:
        report.leave_out(where, f"its text could not be read ({type(error).__name__})")
        words = CANNOT_BE_READ
    parts = list(_parts(words, is_author))
    if len(parts) > MAX_PARTS:
        report.leave_out(where, f"longer than {MAX_PARTS} posts: the rest was left out")
    author_key = keys.of("mail", author.address or f"name:{author.name}")
    for number, body in enumerate(parts[:MAX_PARTS]):
        yield Item(
            key=mail.key if number == 0 else keys.of("part", mail.key, str(number)),
            author_key=author_key,
            name=author.name,
            written=mail.written,
            body=body,
            html=text.render(body, quoting=False).html,
            title=mask(headers.subject(), is_author),
            parent_key=mail.parent_key if number == 0 else mail.key,
        )


def _headers(raw: bytes) -> Headers:
    """The header of a mail as a whole: up to its first empty line."""
    head = raw.lstrip(b"\r\n").replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    return Headers(head)


def _parts(words: str, is_author: Callable[[str], bool]) -> Iterator[str]:
    """The text as Markdown, in parts that each fit a post."""
    while words:
        piece = words[:PART_CHARS]
        if len(words) > PART_CHARS:
            cut = max(piece.rfind("\n\n"), 0) or max(piece.rfind("\n"), 0)
            piece = piece[:cut] if cut > PART_CHARS // 2 else piece
        words = words[len(piece) :]
        yield from _fitting(piece, is_author)


def _fitting(piece: str, is_author: Callable[[str], bool]) -> Iterator[str]:
    body = to_markdown(piece, is_author).strip("\n")
    if not body.strip():
        return
    if len(body.encode()) <= text.MAX_BODY_BYTES:
        yield body
        return
    half = len(piece) // 2
    with suppress(ValueError):
        half = piece.index("\n", half) + 1
    yield from _fitting(piece[:half] if half < len(piece) else piece[: len(piece) // 2], is_author)
    yield from _fitting(piece[half:] if half < len(piece) else piece[len(piece) // 2 :], is_author)


def _channels(network: Network, index: Index, *, changed: bool) -> Iterator[Sequence[tuple[str, int]]]:
    """Every channel that shows something of what came; none where nothing came."""
    if not changed:
        return
    for threads in index.touched(store.RESET_CHANNELS):
        yield [(f"thread:{thread}", thread) for thread in threads]
    yield [(f"network:{network.id}", network.id)]
