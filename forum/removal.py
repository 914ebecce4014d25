"""Removal: moderators take the words of posts and messages away from everybody, and bring them back.

A removal answered is a removal done: the words have moved into the sealed table in the same transaction, and every
screen that showed them reads a gap. Each is a row of its own (`removals`): its author is told of it, may appeal against
it, and its words are purged when the network's time is over, or at once where they must not be kept. Each post is
decided about by the moderators of the network it was written through; a message by those of its room's network, and in
a direct conversation by the administrators, once it was reported.

One act takes away one thing, or several of one kind of words: those that repeat it, or all that a member wrote.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from forum import access, contributions, holds, moderation_log, notifications, posts, purge, rooms, text
from forum.contributions import BackWords, Noun
from forum.db import Connection, Database, Row, Transaction, statements
from forum.errors import Forbidden, Invalid, NotFound
from forum.standing import Caller

SQL = statements("removal")
REASONS = (
    "Private information",
    "Unkind or insulting",
    "Advertising",
    "Off the subject",
    "Wrong or misleading",
    "Something else",
)
MAX_REASONS = 12
MAX_KEPT_DAYS = 730
MAX_TOGETHER = 200
"""So many more may go with one thing, in one transaction."""
BATCH = 100
MAX_HOURS = 24 * 31
NOUNS: Sequence[Noun] = ("post", "message")
CHANNEL = {"post": "thread", "message": "room"}

Item = tuple[Noun, int]
"""A post or a message, by its id."""


@dataclass(frozen=True, slots=True)
class Why:
    """What is said of an act that takes words away, as it is kept; without `keep` they are purged at once."""

    reason: str
    note: str
    keep: bool = True

    @classmethod
    def of(cls, reason: str, note: str, keep: bool = True) -> "Why":
        """Checked. Raises Invalid with its sentence."""
        return cls(*moderation_log.checked(reason, note), keep)


@dataclass(frozen=True, slots=True)
class Swept:
    """What one act took away, or brought back: how many, and the id that their removals share (None: nothing)."""

    posts: int = 0
    messages: int = 0
    batch: int | None = None


def reasons_of(network: Mapping[str, Any]) -> Sequence[str]:
    """The reasons that a network (a row of networks) gives for removals: its own list, else the one all begin with."""
    return network["reasons"] or REASONS


# Taking away ----------------------------------------------------------------------------------------------------------


async def remove_post(
    db: Database, caller: Caller, post_id: int, reason: str, note: str = "", *, keep: bool = True,
    also: Sequence[Item] = (),
) -> asyncpg.Record:  # fmt: skip
    """Take a post's words away from everybody; its replies stay. Returns the gap (a row of shown_posts).

    A held post's hold ends with it. Removed already: nothing more happens, unless its words must not be kept. What is
    named in `also` goes in the same act, but for what has lost its words meanwhile. Raises NotFound, Forbidden,
    Invalid, Conflict.
    """
    async with db.transaction() as tx:
        await remove_in(tx, caller, ("post", post_id), Why.of(reason, note, keep), also)
    return await posts.one(db, post_id)


async def remove_message(
    db: Database, caller: Caller, message_id: int, reason: str, note: str = "", *, keep: bool = True,
    also: Sequence[Item] = (),
) -> asyncpg.Record:  # fmt: skip
    """The same for a message. Returns the gap (a row of shown_messages)."""
    async with db.transaction() as tx:
        await remove_in(tx, caller, ("message", message_id), Why.of(reason, note, keep), also)
    return await rooms.one(db, message_id)


async def remove_in(tx: Transaction, caller: Caller, item: Item, why: Why, also: Sequence[Item] = ()) -> None:
    """Take one thing away, and what goes with it, within an act that may do more."""
    items = dict.fromkeys([item, *also])
    if len(items) > MAX_TOGETHER + 1:
        raise Invalid("also", f"At most {MAX_TOGETHER} may go with it in one act.")
    found = {noun: await _decided(tx, caller, noun, [each for kind, each in items if kind == noun]) for noun in NOUNS}
    wanted = found[item[0]][item[1]]
    already: Sequence[contributions.State] = ("removed",) if why.keep else ("removed", "purged")
    contributions.require_state(wanted, "shown", "held", *already)
    removals: list[int] = []
    words = None
    for noun in NOUNS:
        going = [row for row in found[noun].values() if row["state"] in {"shown", "held"}]
        if going:
            words = words or await moderation_log.keep_words(tx, why.reason, why.note)
            removals += await _take_away(tx, caller, noun, going, words, keep=why.keep)
    if removals:
        await _tell(tx, caller, removals)
    if not why.keep:
        for noun in NOUNS:
            await purge.purge(tx, noun, list(found[noun].values()), caller)


async def _decided(tx: Transaction, caller: Caller, noun: Noun, ids: Sequence[int]) -> dict[int, Row]:
    """These posts or messages by id, locked; the caller decides about each. Raises NotFound, Forbidden."""
    if not ids:
        return {}
    await contributions.lock(tx, noun, caller.member_id, ids)
    statement = SQL.posts_to_decide if noun == "post" else SQL.messages_to_decide
    rows = {row["id"]: row for row in await statement(tx.connection, member=caller.member_id, ids=list(ids))}
    if any(each not in rows or not rows[each]["may_read"] for each in ids):
        raise NotFound
    for row in rows.values():
        if not row["decides"]:
            who = "administrators" if row["network_id"] is None else f"moderators of {row['network_name']}"
            raise Forbidden(f"The {who} decide about this {noun}.")
    return rows


async def _take_away(
    tx: Transaction, caller: Caller, noun: Noun, rows: Sequence[Row], words: moderation_log.Words, *,
    keep: bool, batch: int | None = None,
) -> Sequence[int]:  # fmt: skip
    """Remove these shown or held posts or messages, which are locked; returns the ids of their removals."""
    ids = [row["id"] for row in rows]
    after = await contributions.seal_all(tx, noun, ids, "removed", by=caller.member_id)
    held = [row["id"] for row in rows if row["state"] == "held"]
    lines = [
        moderation_log.Line(row["network_id"], row["id"], row["author_id"], row["version"], after[row["id"]])
        for row in rows
    ]
    asked = await holds.end(tx, held, "removed")
    # The side that asked for a hold reads in its own log how it ended.
    lines += [
        replace(line, network_id=asked[line.object_id])
        for line in lines
        if asked.get(line.object_id, line.network_id) != line.network_id
    ]
    for row in rows:
        tx.record(f"{CHANNEL[noun]}:{row['place_id']}", f"{noun}.removed", row["id"])
    await contributions.tell_references(tx, noun, *ids)
    await moderation_log.write_each(tx, caller, "remove", noun, lines, words)
    made = await SQL.insert(
        tx.connection, noun=noun, ids=ids, networks=[row["network_id"] for row in rows],
        authors=[row["author_id"] for row in rows], member=caller.member_id, reason=words.reason_id,
        note=words.note_id, batch=batch, keep=keep,
    )  # fmt: skip
    return [row["id"] for row in made]


async def _tell(tx: Transaction, caller: Caller, removals: Sequence[int], *, together: bool = False) -> int:
    """Tell each author, once; what went in one act is one batch, whose id this returns."""
    batch = min(removals)
    if together or len(removals) > 1:
        await SQL.join_batch(tx.connection, batch=batch, removals=removals)
    for row in await SQL.tell_authors(tx.connection, removals=removals, member=caller.member_id):
        tx.record(f"member:{row['member_id']}", "notification.created", row["id"])
    return batch


@dataclass(frozen=True, slots=True)
class _Sweep:
    """What one act takes away of a member's words: where (and below), whose, since when, why."""

    slug: str
    member: int
    since: datetime
    why: Why


async def remove_written_by(
    db: Database, caller: Caller, slug: str, member: int, *, hours: int, reason: str, note: str = "", keep: bool = True
) -> Swept:
    """Take away all that a member wrote in a network in the last hours, and in those below that the caller moderates.

    In transactions of at most a hundred things each; what is written meanwhile goes too. Their author is told once.
    Raises NotFound, Forbidden, Invalid.
    """
    if not 1 <= hours <= MAX_HOURS:
        raise Invalid("hours", f"This is 1 to {MAX_HOURS} hours.")
    sweep = _Sweep(slug, member, datetime.now(UTC) - timedelta(hours=hours), Why.of(reason, note, keep))
    counts: dict[Noun, int] = dict.fromkeys(NOUNS, 0)
    batch: int | None = None
    for noun in NOUNS:
        taken = BATCH
        while taken:
            async with db.transaction() as tx:
                taken, batch = await _sweep(tx, caller, sweep, noun, batch)
            counts[noun] += taken
    return Swept(counts["post"], counts["message"], batch)


async def _sweep(
    tx: Transaction, caller: Caller, sweep: _Sweep, noun: Noun, batch: int | None
) -> tuple[int, int | None]:
    """One step of it; returns how many went, and the batch that they belong to."""
    network = await access.require_network(tx.connection, caller, sweep.slug, "moderate")
    below = await SQL.moderated_below(tx.connection, network=network.id, member=caller.member_id)
    statement = SQL.written_by_posts if noun == "post" else SQL.written_by_messages
    listed = await statement(
        tx.connection, author=sweep.member, networks=[row["id"] for row in below], since=sweep.since, limit=BATCH
    )
    found = await _decided(tx, caller, noun, [row["id"] for row in listed])
    rows = [row for row in found.values() if row["state"] in {"shown", "held"}]
    if not rows:
        return 0, batch
    words = await moderation_log.keep_words(tx, sweep.why.reason, sweep.why.note)
    removals = await _take_away(tx, caller, noun, rows, words, keep=sweep.why.keep, batch=batch)
    if batch is None:
        batch = await _tell(tx, caller, removals, together=True)
    if not sweep.why.keep:
        await purge.purge(tx, noun, rows, caller)
    return len(rows), batch


# Bringing back --------------------------------------------------------------------------------------------------------


async def restore_post(db: Database, caller: Caller, post_id: int) -> asyncpg.Record:
    """Bring a removed post back, or release a held one: the deciding side. Returns the post."""
    for back in contributions.bringing_back(caller.member_id):
        async with back, db.transaction() as tx:
            await restore_in(tx, caller, ("post", post_id), back)
    return await posts.one(db, post_id)


async def restore_message(db: Database, caller: Caller, message_id: int) -> asyncpg.Record:
    """Bring a removed message back. Returns it."""
    for back in contributions.bringing_back(caller.member_id):
        async with back, db.transaction() as tx:
            await restore_in(tx, caller, ("message", message_id), back)
    return await rooms.one(db, message_id)


async def restore_in(tx: Transaction, caller: Caller, item: Item, back: BackWords) -> None:
    """Bring one thing back, within an act that may do more, and goes round until `back` has its words."""
    noun, object_id = item
    row = (await _decided(tx, caller, noun, [object_id]))[object_id]
    contributions.require_state(row, "removed", "held", "shown")
    if row["state"] != "shown":
        await bring_back(tx, caller, noun, row, back)
        await notifications.tell_decision(
            tx, row["author_id"], caller, "restoration", None, network=row["network_id"], **{noun: object_id}
        )


async def bring_back(tx: Transaction, caller: Caller, noun: Noun, row: Row, back: BackWords) -> None:
    """Show a removed or held post or message again, which is locked; the caller has been found to decide about it.

    An appeal that waits about it has then come out well. Its author is told by whoever calls.
    """
    object_id: int = row["id"]
    version = await contributions.unseal(tx, noun, object_id, back, by=caller.member_id)
    asked = await holds.end(tx, [object_id] if noun == "post" else [], "restored")
    tx.record(f"{CHANNEL[noun]}:{row['place_id']}", f"{noun}.restored", object_id)
    await contributions.tell_references(tx, noun, object_id)
    line = moderation_log.Line(row["network_id"], object_id, row["author_id"], row["version"], version)
    sides = [row["network_id"], *asked.values()]
    await moderation_log.write_each(tx, caller, "restore", noun, [replace(line, network_id=side) for side in sides])
    removal_id = await SQL.take_back(tx.connection, noun=noun, object=object_id)
    for appeal in await SQL.overturn(tx.connection, removal=removal_id, member=caller.member_id):
        if appeal["decides_id"] is not None:
            tx.record(f"moderators:{appeal['decides_id']}", "appeal.decided", appeal["id"])


async def restore_together(db: Database, caller: Caller, removal_id: int) -> Swept:
    """Bring back all that went in one act with a removal, it included: what still stands of it, and the caller decides.

    In transactions of at most a hundred things each. Their author is told once. Raises NotFound.
    """
    async with db.connection() as connection:
        if not await SQL.may_restore(connection, removal=removal_id, member=caller.member):
            raise NotFound
    counts: dict[Noun, int] = dict.fromkeys(NOUNS, 0)
    told: set[int] = set()
    for noun in NOUNS:
        after: int | None = 0
        while after is not None:
            last = after
            for back in contributions.bringing_back(caller.member_id):
                async with back, db.transaction() as tx:
                    restored, after = await _restore_some(tx, caller, (noun, removal_id), last, told, back)
                    counts[noun] += restored
    return Swept(counts["post"], counts["message"], removal_id)


async def _restore_some(
    tx: Transaction, caller: Caller, of: Item, after: int, told: set[int], back: BackWords
) -> tuple[int, int | None]:
    """One step of it; returns how many came back, and the removal after which to go on (None: no more)."""
    noun, removal_id = of
    listed = await SQL.batch(
        tx.connection, removal=removal_id, member=caller.member, noun=noun, after=after, limit=BATCH
    )
    found = await _decided(tx, caller, noun, [row["object_id"] for row in listed])
    removed = [row for row in found.values() if row["state"] == "removed"]
    await back.of(tx, noun, [row["id"] for row in removed])  # what is missing of all of them at once
    for row in removed:
        await bring_back(tx, caller, noun, row, back)
    removals = [row["id"] for row in listed if found[row["object_id"]]["state"] == "removed"]
    for row in await SQL.tell_restored(tx.connection, removals=removals, member=caller.member, told=list(told)):
        tx.record(f"member:{row['member_id']}", "notification.created", row["id"])
        told.add(row["member_id"])
    return len(removals), listed[-1]["id"] if len(listed) == BATCH else None


# Reading, and what a network settles ----------------------------------------------------------------------------------


async def standing(connection: Connection, noun: Noun, object_id: int) -> Row | None:
    """The removal (a row of removals) that stands of this post or message. Checks no access."""
    row: Row | None = await SQL.standing(connection, noun=noun, object=object_id)
    return row


async def sealed_words(db: Database, caller: Caller, noun: Noun, object_id: int) -> Sequence[asyncpg.Record]:
    """What a removed or held contribution said (version, body, at), for the moderators who decide about it.

    A withdrawn one is nobody's but its author's. Raises NotFound for everybody else.
    """
    async with db.connection() as connection:
        if noun == "post":
            thread, row = await posts.require(connection, caller, object_id)
            decides = row["network_id"] in thread.moderates
        else:
            network, row = await rooms.require(connection, caller, object_id)
            decides = network.may_moderate
        own = row["author_id"] is not None and row["author_id"] == caller.member_id
        if not (row["state"] in {"removed", "held"} and decides) and not (row["state"] == "withdrawn" and own):
            raise NotFound
        rows: Sequence[asyncpg.Record] = await posts.SQL.sealed_words(connection, noun=noun, object=object_id)
        return rows


async def batches(connection: Connection, caller: Caller, lines: Sequence[Row]) -> Mapping[int, Row]:
    """Which of these lines of a log lead to a whole batch that can be brought back: by the line's id, `batch` and
    `together`, how much of it the caller decides about.
    """
    removed = [line for line in lines if line["act"] == "remove"]
    ids = {noun: [line["object_id"] for line in removed if line["noun"] == noun] for noun in NOUNS}
    found = await SQL.batches(connection, member=caller.member, posts=ids["post"], messages=ids["message"])
    by = {(row["object_id"], row["removed_at"]): row for row in found}
    at = {line["id"]: (line["object_id"], line["at"]) for line in removed}
    return {line: by[place] for line, place in at.items() if place in by}


async def settle(
    db: Database, caller: Caller, slug: str, *, reasons: Sequence[str], names_moderators: bool, keeps_removed_days: int
) -> None:
    """How a network removes: for who runs it.

    Its reasons (none: those that all begin with), whether authors are told the moderator's name, and for how many days
    words that are removed from now on are kept. Raises NotFound, Forbidden, Invalid.
    """
    lines = [text.line(each, moderation_log.REASON_MAX_CHARS, field="reasons") for each in reasons if each.strip()]
    lines = list(dict.fromkeys(lines))
    if len(lines) > MAX_REASONS:
        raise Invalid("reasons", f"A network has at most {MAX_REASONS} reasons.")
    if not 1 <= keeps_removed_days <= MAX_KEPT_DAYS:
        raise Invalid("keeps_removed_days", f"This is 1 to {MAX_KEPT_DAYS} days.")
    async with db.transaction() as tx:
        network = await access.require_network(tx.connection, caller, slug, "run")
        await SQL.settle(
            tx.connection, network=network.id, reasons=lines, names_moderators=names_moderators,
            keeps_removed_days=keeps_removed_days,
        )  # fmt: skip
        tx.record(f"network:{network.id}", "network.changed", network.id)
        await moderation_log.write(tx, network.id, caller, "settle removals of", "network", network.id)
