"""Store: batches of imported items into the database, each in one short transaction.

Invariants: an item is stored once, by its key; the posts of a thread are numbered in the order in which they come; what
is known already is never looked into, so what was removed stays removed.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from forum import access, text
from forum.db import Connection, Database, statements
from forum.errors import NotFound

SQL = statements("imports")
MAX_BATCH = 200
MIN_BATCH = 10
SLOW_S = 0.2
QUICK_S = 0.08
READ_ROWS = 5_000
MAX_PATH_BYTES = 1_596
RESET_CHANNELS = 200


@dataclass(frozen=True, slots=True)
class Network:
    """Where the import goes, and the row of `imports` that it is."""

    id: int
    room_id: int | None
    import_id: int
    resumed: bool
    """An earlier run of the same source did not come to its end: what it left to do at the end is done now."""


@dataclass(frozen=True, slots=True)
class Item:
    """One post or message to be stored."""

    key: bytes
    author_key: bytes
    name: str
    written: datetime
    body: str
    html: str
    title: str = ""
    parent_key: bytes | None = None


@dataclass(slots=True)
class Stored:
    """What became of a batch."""

    added: int = 0
    known: int = 0
    opened: int = 0
    """How many threads it opened."""
    threads: frozenset[int] = frozenset()
    """The threads that it wrote into; of a resumed import also those that it found items in."""


class Pace:
    """How many items the next transaction takes: fewer after a slow one, so that the site stays quick."""

    def __init__(self) -> None:
        self.batch = 50

    def took(self, seconds: float) -> None:
        """Learn from the last one."""
        if seconds > SLOW_S:
            self.batch = max(MIN_BATCH, self.batch // 2)
        elif seconds < QUICK_S:
            self.batch = min(MAX_BATCH, self.batch * 2)


async def require_network(db: Database, slug: str) -> None:
    """Before much is read: raises NotFound where there is no such network."""
    async with db.connection() as connection:
        if await SQL.network(connection, slug=slug) is None:
            raise NotFound


async def begin(db: Database, slug: str, kind: str, source_hash: bytes) -> Network:
    """Find the network and note the import. Raises NotFound."""
    async with db.transaction() as tx:
        row = await SQL.network(tx.connection, slug=slug)
        if row is None:
            raise NotFound
        begun = await SQL.begin(tx.connection, network=row["id"], kind=kind, source=source_hash)
        return Network(row["id"], row["room_id"], begun["id"], begun["resumed"])


async def posts(db: Database, network: Network, items: Sequence[Item], pace: Pace) -> Stored:
    """Store posts whose parents are stored, or come before them in `items`; then mark them read."""
    began = time.perf_counter()
    async with db.transaction() as tx:
        connection = tx.connection
        await SQL.one_at_a_time(connection, network=network.id)
        await access.SQL.keep_visibility(connection, networks=[network.id])
        batch = await _place(connection, network, items)
        if batch.new:
            await _insert_posts(connection, network, batch)
    pace.took(time.perf_counter() - began)
    await _read_threads(db, network, batch.stored.threads)
    return batch.stored


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a post stands in its thread."""

    post: int
    thread: int
    parent: int | None
    number: int
    depth: int
    path: bytes


@dataclass(slots=True)
class _Batch:
    new: list[tuple[Item, _Spot]]
    stored: Stored


async def _place(connection: Connection, network: Network, items: Sequence[Item]) -> _Batch:
    """Decide which items are new, and where each of those will stand."""
    keys = {item.key for item in items} | {item.parent_key for item in items if item.parent_key is not None}
    rows = {row["item_key"]: row for row in await SQL.known(connection, network=network.id, keys=list(keys))}
    new = [item for item in items if item.key not in rows]
    found = {row["thread"] for item in items if (row := rows.get(item.key)) and row["thread"] is not None}
    # What was moved to another network since is left alone: an answer to it opens a thread here.
    parents = {
        key: _Spot(row["post"], row["thread"], None, 0, row["depth"], row["path"])
        for key, row in rows.items()
        if row["post"] is not None and row["held"]
    }
    answered = {parents[item.parent_key].thread for item in new if item.parent_key in parents}
    last: dict[int, int] = {}
    if answered:
        await SQL.lock_threads(connection, threads=sorted(answered))
        last = {row["thread"]: row["number"] for row in await SQL.last_numbers(connection, threads=sorted(answered))}
    in_batch = {item.key for item in new}
    openings = sum(item.parent_key not in parents and item.parent_key not in in_batch for item in new)
    ids = await SQL.take_ids(connection, threads=openings, posts=len(new))
    thread_ids, post_ids = iter(ids["threads"]), iter(ids["posts"])
    placed: list[tuple[Item, _Spot]] = []
    for item in new:
        parent = parents.get(item.parent_key) if item.parent_key is not None else None
        thread = parent.thread if parent else next(thread_ids)
        number = last[thread] = last.get(thread, 0) + 1
        path = (parent.path[:MAX_PATH_BYTES] if parent else b"") + number.to_bytes(4)
        spot = _Spot(
            next(post_ids), thread, parent.post if parent else None, number, parent.depth + 1 if parent else 0, path
        )
        parents[item.key] = spot
        placed.append((item, spot))
    touched = {spot.thread for _, spot in placed} | (found if network.resumed else set())
    return _Batch(placed, Stored(len(new), len(items) - len(new), openings, frozenset(touched)))


async def _insert_posts(connection: Connection, network: Network, batch: _Batch) -> None:
    items = [item for item, _ in batch.new]
    bylines = await _bylines(connection, items)
    opening = [(item, spot) for item, spot in batch.new if spot.parent is None]
    await SQL.add_threads(
        connection,
        network=network.id,
        ids=[spot.thread for _, spot in opening],
        bylines=[bylines[item.author_key] for item, _ in opening],
        titles=[item.title for item, _ in opening],
        written=[item.written for item, _ in opening],
    )
    await SQL.add_posts(
        connection,
        network=network.id,
        renderer=text.RENDERER,
        keys=[item.key for item in items],
        ids=[spot.post for _, spot in batch.new],
        threads=[spot.thread for _, spot in batch.new],
        bylines=[bylines[item.author_key] for item in items],
        parents=[spot.parent for _, spot in batch.new],
        numbers=[spot.number for _, spot in batch.new],
        depths=[spot.depth for _, spot in batch.new],
        paths=[spot.path for _, spot in batch.new],
        bodies=[item.body for item in items],
        htmls=[item.html for item in items],
        written=[item.written for item in items],
    )
    await SQL.recount(connection, threads=sorted(batch.stored.threads))


async def _bylines(connection: Connection, items: Iterable[Item]) -> dict[bytes, int]:
    names = {item.author_key: item.name for item in items}
    await SQL.add_bylines(connection, author_keys=list(names), names=list(names.values()))
    rows = await SQL.bylines(connection, author_keys=list(names))
    return {row["author_key"]: row["id"] for row in rows}


async def _read_threads(db: Database, network: Network, threads: frozenset[int]) -> None:
    """In transactions of their own: a large network times many threads is more than a short one can write."""
    if not threads:
        return
    async with db.connection() as connection:
        members = await SQL.member_count(connection, network=network.id)
    at_once = max(1, READ_ROWS // max(1, members))
    wanted = sorted(threads)
    for start in range(0, len(wanted), at_once):
        async with db.transaction() as tx:
            await SQL.read_threads(tx.connection, network=network.id, threads=wanted[start : start + at_once])


async def messages(db: Database, network: Network, items: Sequence[Item], pace: Pace) -> Stored:
    """Store messages at the end of the network's room. Raises NotFound where it has none."""
    if network.room_id is None:
        raise NotFound
    began = time.perf_counter()
    async with db.transaction() as tx:
        connection = tx.connection
        await SQL.one_at_a_time(connection, network=network.id)
        rows = await SQL.known_messages(connection, network=network.id, keys=[item.key for item in items])
        known = {row["item_key"] for row in rows}
        # Logs that overlap bring one line twice.
        new = list({item.key: item for item in items if item.key not in known}.values())
        if new:
            await SQL.lock_room(connection, room=network.room_id)
            before = await SQL.last_message(connection, room=network.room_id)
            bylines = await _bylines(connection, new)
            await SQL.add_messages(
                connection,
                network=network.id,
                room=network.room_id,
                renderer=text.RENDERER,
                keys=[item.key for item in new],
                bylines=[bylines[item.author_key] for item in new],
                numbers=list(range(before + 1, before + 1 + len(new))),
                bodies=[item.body for item in new],
                htmls=[item.html for item in new],
                written=[item.written for item in new],
            )
            await SQL.read_room(
                connection, network=network.id, room=network.room_id, before=before, last=before + len(new)
            )
    pace.took(time.perf_counter() - began)
    return Stored(len(new), len(items) - len(new))


async def finish(db: Database, network: Network, channels: Iterable[Sequence[tuple[str, int]]]) -> None:
    """Have every screen on these channels (each with the id that it is of) load its page anew, and note the end.

    The channels come in batches. One update in each, before which the log no longer reaches: who follows it, or comes
    back to it with an older cursor, is told `reset`.
    """
    for batch in channels:
        async with db.transaction() as tx:
            for name, number in batch:
                tx.reset(name, "import.finished", number)
    async with db.transaction() as tx:
        await SQL.finish(tx.connection, import_id=network.import_id)
