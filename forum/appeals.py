"""Appeals: the author of what was removed asks, once and in their own words, that somebody else decides again.

Whoever removed it does not decide, nor does its author: a moderator or lead of the network does, where none is left a
lead of the network above, else an administrator (`appeal_deciders` in the database says who). What nobody decides in
time the clock passes on to the next of them. Deciding grants the sight
of this one case while it is open: what was said, and the five things that stand nearest. Whoever follows the queue in
which it stands knows that it exists; for everybody else it does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from forum import access, contributions, idempotency, moderation_log, removal, text
from forum.contributions import Noun
from forum.db import Connection, Database, Row, Transaction, statements
from forum.errors import Conflict, Forbidden, Invalid, NotFound
from forum.standing import Caller

SQL = statements("appeals")
MAX_BYTES = 4_000
PAGE = 50
NEXT_DAYS = 7
"""So long whoever an overdue appeal was passed on to has for it."""
Outcome = Literal["upheld", "overturned"]
ACTS: dict[str, str] = {"upheld": "uphold removal of", "overturned": "overturn removal of"}


@dataclass(frozen=True, slots=True)
class Case:
    """An appeal as whoever decides sees it; without words, and alone, once it is decided."""

    row: Row
    noun: Noun
    words: Sequence[Row]
    """version, body, at: the newest first; none where they have been purged."""
    around: Sequence[Row]
    """Rows of shown_posts or shown_messages, in their order."""


# The author's side ----------------------------------------------------------------------------------------------------


async def mine(connection: Connection, caller: Caller, removal_id: int) -> Row:
    """A removal of something that the caller wrote, as a row of shown_removals: never the words. Raises NotFound."""
    row: Row | None = None
    if caller.member_id is not None:
        row = await SQL.mine(connection, removal=removal_id, member=caller.member_id)
    if row is None:
        raise NotFound
    return row


def may_appeal(row: Row) -> bool:
    """Whether the author may appeal against this removal (a row of shown_removals) still."""
    return row["appeal_id"] is None and row["restored_at"] is None and row["appeal_closed_at"] is None


async def make(db: Database, caller: Caller, removal_id: int, body: str, *, key: str | None = None) -> Row:
    """Appeal against the removal of one's own words. Returns the removal, with the appeal in it.

    Who may decide is told. Raises NotFound, Invalid, Conflict (a second one, too late, or it is back already).
    """
    body = text.check(body, max_bytes=MAX_BYTES)
    async with db.transaction() as tx:
        member = caller.member
        gone = await SQL.lock_removal(tx.connection, removal=removal_id, member=member)
        if gone is None:
            raise NotFound
        if await idempotency.earlier(tx, member, key, "appeal", removal_id, body) is None:
            appeal_id = await _insert(tx, caller, gone, body)
            await idempotency.made(tx, member, key, appeal_id)
        return await mine(tx.connection, caller, removal_id)


async def _insert(tx: Transaction, caller: Caller, gone: Row, body: str) -> int:
    if gone["restored_at"] is not None:
        raise Conflict("It is back already: there is nothing left to appeal against.")
    if gone["appeal_closed_at"] is not None:
        raise Conflict(f"You could appeal until {gone['appeal_until']:%-d %B}.")
    made = await SQL.insert(tx.connection, removal=gone["id"], member=caller.member, body=body)
    if made is None:
        raise Conflict("You have appealed already. Each removal is looked at again once.")
    noun, object_id = _thing(gone)
    await moderation_log.write(tx, gone["network_id"], caller, "appeal about", noun, object_id, subject=caller.member)
    if made["decides_id"] is not None:
        tx.record(f"moderators:{made['decides_id']}", "appeal.made", made["id"])
    await _tell_deciders(tx, gone["id"])
    return int(made["id"])


async def _tell_deciders(tx: Transaction, removal_id: int) -> None:
    for row in await SQL.tell_deciders(tx.connection, removal=removal_id):
        tx.record(f"member:{row['member_id']}", "notification.created", row["id"])


# The deciding side ----------------------------------------------------------------------------------------------------


async def _require_decider(connection: Connection, caller: Caller, appeal_id: int) -> Row:
    """The appeal, for who may decide about it. Raises NotFound; Forbidden for the others in whose queue it stands."""
    row: Row | None = await SQL.place(connection, appeal=appeal_id, member=caller.member_id)
    if row is None or not (row["may_decide"] or row["in_queue"]):
        raise NotFound
    if not row["may_decide"]:
        raise Forbidden("Somebody else decides about this one.")
    return row


async def case(connection: Connection, caller: Caller, appeal_id: int) -> Case:
    """The appeal with all that it takes to decide. Raises NotFound, Forbidden."""
    noun, object_id = _thing(await _require_decider(connection, caller, appeal_id))
    row = await SQL.case(connection, appeal=appeal_id)
    if row["outcome"] is not None:
        return Case(row, noun, (), ())
    around = SQL.posts_around if noun == "post" else SQL.messages_around
    return Case(
        row,
        noun,
        await SQL.words(connection, noun=noun, object=object_id),
        await around(connection, object=object_id),
    )


async def of_removal(connection: Connection, caller: Caller, removal_id: int) -> int | None:
    """The id of the appeal against a removal, for who may decide about it; None for everybody else."""
    appeal_id: int | None = await SQL.of_removal(connection, removal=removal_id, member=caller.member_id)
    return appeal_id


async def decide(db: Database, caller: Caller, appeal_id: int, outcome: str, answer: str = "") -> Row:
    """Uphold the removal, or overturn it: what was removed is shown again, unless its words were purged.

    The author is told, with the answer. Returns the appeal, as `case` has it. Raises NotFound, Forbidden, Invalid,
    Conflict (somebody was quicker).
    """
    if outcome not in ACTS:
        raise Invalid("outcome", "This is upheld or overturned.")
    answer = text.check(answer, max_bytes=MAX_BYTES, field="answer") if answer.strip() else ""
    for back in contributions.bringing_back(caller.member_id):
        async with back, db.transaction() as tx:
            row = await _require_decider(tx.connection, caller, appeal_id)
            noun, object_id = _thing(row)
            await contributions.lock(tx, noun, caller.member_id, [object_id])
            await SQL.lock(tx.connection, appeal=appeal_id)
            # Asked again behind the locks: they may have been shut out, or been outrun.
            row = await _require_decider(tx.connection, caller, appeal_id)
            await _require_open(tx.connection, appeal_id)
            decided = await SQL.decide(
                tx.connection, appeal=appeal_id, outcome=outcome, answer=answer, member=caller.member
            )
            if outcome == "overturned":
                thing = await SQL.thing_to_bring_back(tx.connection, noun=noun, object=object_id)
                if thing["state"] == "removed":
                    await removal.bring_back(tx, caller, noun, thing, back)
            await moderation_log.write(
                tx, row["network_id"], caller, ACTS[outcome], noun, object_id, subject=row["author_id"],
                words=moderation_log.Words(None, decided["answer_id"]),
            )  # fmt: skip
            if row["decides_id"] is not None:
                tx.record(f"moderators:{row['decides_id']}", "appeal.decided", appeal_id)
            told = await SQL.tell_author(tx.connection, appeal=appeal_id, kind=f"appeal_{outcome}")
            tx.record(f"member:{row['author_id']}", "notification.created", told)
    async with db.connection() as connection:
        found: Row = await SQL.case(connection, appeal=appeal_id)
        return found


async def _require_open(connection: Connection, appeal_id: int) -> None:
    decided = await SQL.decided_by(connection, appeal=appeal_id)
    if decided["outcome"] is not None:
        how = "upheld the removal" if decided["outcome"] == "upheld" else "overturned the removal"
        raise Conflict(f"{decided['name'] or 'Somebody else'} {how} already.")


async def waiting(connection: Connection, network_id: int) -> Sequence[Row]:
    """What waits in the queue of a network, as rows of shown_appeals. Checks no access."""
    rows: Sequence[Row] = await SQL.waiting(connection, network=network_id)
    return rows


async def listed(
    connection: Connection, caller: Caller, slug: str, *, waiting: bool = True, before: int | None = None,
    limit: int = PAGE,
) -> Sequence[Row]:  # fmt: skip
    """What waits in the queue of a network, or was decided there, the newest first: for its moderators.

    Raises NotFound, Forbidden.
    """
    network = await access.require_network(connection, caller, slug, "moderate")
    rows: Sequence[Row] = await SQL.listed(connection, network=network.id, open=waiting, before=before, limit=limit)
    return rows


async def for_me(connection: Connection, caller: Caller) -> Sequence[Row]:
    """All appeals that the caller may decide about now, wherever they stand; the most urgent first."""
    rows: Sequence[Row] = await SQL.for_me(connection, member=caller.member)
    return rows


async def pass_on(db: Database) -> int:
    """Appeals that nobody can decide where they stand, or somebody nearer can, go to another queue: the clock's act.

    Returns how many.
    """
    async with db.connection() as connection:
        rows = await SQL.decides_elsewhere(connection)
    for row in rows:
        async with db.transaction() as tx:
            passed = await SQL.pass_on(tx.connection, appeal=row["id"])
            if passed is not None:
                await _passed(tx, row["id"], passed)
    return len(rows)


async def pass_on_overdue(db: Database, *, now: datetime | None = None) -> int:
    """Appeals that nobody decided in time go a step further, to leads, leads above, administrators: the clock's act.

    Who decides now and the author are told. Where nobody further is free, who decides is told once more. Returns how
    many were overdue.
    """
    now = now or datetime.now(UTC)
    async with db.connection() as connection:
        rows = await SQL.overdue(connection, now=now)
    for row in rows:
        async with db.transaction() as tx:
            passed = await SQL.pass_on_overdue(tx.connection, appeal=row["id"], now=now, days=NEXT_DAYS)
            if passed is not None:
                await _further(tx, row["id"], passed)
    return len(rows)


async def close_due(db: Database, *, now: datetime | None = None) -> int:
    """The time for an appeal ends, whether there was one or not: the clock's act. Returns for how many removals."""
    async with db.transaction() as tx:
        rows = await SQL.close_due(tx.connection, now=now or datetime.now(UTC))
        for row in rows:
            if row["author_id"] is not None:
                tx.record(f"member:{row['author_id']}", "removal.closed", row["id"])
    return len(rows)


async def _further(tx: Transaction, appeal_id: int, passed: Row) -> None:
    await _passed(tx, appeal_id, passed)
    if passed["further"]:
        told = await SQL.tell_passed_on(tx.connection, appeal=appeal_id)
        tx.record(f"member:{passed['author_id']}", "notification.created", told)
    act = "pass on appeal about" if passed["further"] else "remind of appeal about"
    noun, object_id = _thing(passed)
    await moderation_log.write(tx, passed["network_id"], None, act, noun, object_id, subject=passed["author_id"])


async def _passed(tx: Transaction, appeal_id: int, passed: Row) -> None:
    """Every queue that it left, entered or stays in shows it as it stands now."""
    for network in {passed["before"], passed["after"]} - {None}:
        tx.record(f"moderators:{network}", "appeal.passed_on", appeal_id)
    await _tell_deciders(tx, passed["removal_id"])


def _thing(row: Row) -> tuple[Noun, int]:
    return ("post", row["post_id"]) if row["post_id"] is not None else ("message", row["message_id"])
