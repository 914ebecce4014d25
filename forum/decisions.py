"""Decisions: what becomes of a case. Remove, leave or hold what was reported, take it, note, and open it once more.

Invariants: a case is decided in one transaction that holds the thing and then the case, so of two moderators at once
exactly one decides; a decision counts only for the words that the moderator saw. Who moderates another holder of the
thread may hold the post; of a direct conversation administrators see the words that were reported and nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import asyncpg

from forum import cases, contributions, holds, moderation_log, removal, reports, text
from forum.cases import Noun
from forum.db import Connection, Database, Transaction, statements
from forum.errors import Conflict, Forbidden, NotFound
from forum.standing import Caller

SQL = statements("decisions")
Decision = Literal["remove", "leave", "hold"]
Act = Literal["remove", "leave", "hold", "take", "note", "reopen"]

SOMEBODY_ELSE: Final = "Somebody else decides about this one."
EDITED: Final = "This has been edited since it was reported. Look at both versions, then decide again."
CHANGED: Final = "This has changed since you opened it. Look at it once more, then decide again."
TOO_LATE: Final = "This was decided too long ago to be undone here. It can still be restored, or reported again."


class Decided(Conflict):
    """Somebody was quicker. `row` is the case as they decided it."""

    def __init__(self, row: asyncpg.Record) -> None:
        what = {"removed": "removed", "left": "left", "withdrawn": "withdrew"}[row["outcome"]]
        super().__init__(f"{row['decided_name'] or 'Somebody'} {what} this already.")
        self.row = row


@dataclass(frozen=True, slots=True)
class Standing:
    """A case as one moderator stands to it. `row` is one of shown_cases."""

    row: asyncpg.Record
    decides: bool
    """Moderates the network through which it was written."""
    networks: Sequence[int]
    """Through which of their networks they see it."""
    about_me: bool

    @property
    def noun(self) -> Noun:
        """What it is about."""
        return "post" if self.row["post_id"] is not None else "message"

    @property
    def object_id(self) -> int:
        """Its id."""
        return int(self.row["post_id"] or self.row["message_id"])

    def may(self, caller: Caller) -> frozenset[Act]:
        """What this moderator may do with the case now."""
        row = self.row
        if self.about_me:
            return frozenset()
        acts: dict[Act, bool] = {
            "remove": row["outcome"] is None and self.decides,
            "leave": row["outcome"] is None and self.decides,
            "take": row["outcome"] is None and self.decides,
            "note": row["outcome"] is None,
            "hold": row["outcome"] is None and not self.decides and self.noun == "post" and row["state"] == "shown",
            "reopen": row["outcome"] in {"removed", "left"}
            and row["decided_by"] == caller.member_id
            and row["state"] != "purged",
        }
        return frozenset(act for act, allowed in acts.items() if allowed)


async def standing(connection: Connection, caller: Caller, case_id: int) -> Standing:
    """The case as the caller stands to it. Raises NotFound for who moderates none of its networks."""
    member = caller.member_id
    mine = [] if member is None else await reports.SQL.moderated(connection, member=member)
    seen = await SQL.seen_through(connection, networks=[row["id"] for row in mine], case=case_id)
    if not seen:
        raise NotFound
    row = await reports.SQL.one(connection, case=case_id)
    networks = [each["id"] for each in seen]
    about_me = row["author_id"] == member or member in (row["mentions"] or ())
    if row["network_id"] is None:
        about_me = not await SQL.decides_directly(connection, member=member, message=row["message_id"])
    return Standing(row, (row["network_id"] or 0) in networks, networks, about_me)


async def _lock_case(tx: Transaction, caller: Caller, case_id: int) -> Standing:
    """The case and what it is about, locked in the house's order: nothing of either changes until the commit."""
    place = await SQL.place(tx.connection, case=case_id)
    if place is None:
        raise NotFound
    noun: Noun = "post" if place["post_id"] is not None else "message"
    if place["network_id"] is None:
        # Administrators decide about a message without a way into the conversation.
        await contributions.lock(tx, noun, None, [place["message_id"]])
    else:
        await reports.lock(tx, caller, noun, place["post_id"] or place["message_id"])
    await SQL.lock_case(tx.connection, case=case_id)
    return await standing(tx.connection, caller, case_id)


async def decide(
    db: Database,
    caller: Caller,
    case_id: int,
    decision: Decision,
    *,
    reason: str = "",
    note: str = "",
    version: int | None = None,
    keep: bool = True,
) -> asyncpg.Record:
    """Remove what was reported, leave it, or hold it (the other side of a joint thread). Returns the case.

    Without `keep`, what is removed is purged at once. `version` is that of the post or message that was looked at;
    without it, the one that was reported. Raises NotFound, Forbidden, Invalid (a removal or hold has a reason), Decided
    (somebody was quicker), Conflict (edited meanwhile).
    """
    for back in contributions.bringing_back(caller.member_id):
        async with back, db.transaction() as tx:
            case = await _lock_case(tx, caller, case_id)
            await _require_decision(tx, case, decision, version)
            noun, object_id = case.noun, case.object_id
            if decision == "hold":
                await holds.hold_post_in(tx, caller, object_id, reason, note)
            elif decision == "remove":
                await removal.remove_in(tx, caller, (noun, object_id), removal.Why.of(reason, note, keep))
            elif case.row["state"] == "held":
                await removal.restore_in(tx, caller, (noun, object_id), back)
            else:
                await _leave(tx, caller, case, note)
    return await reports.one(db, case_id)


async def _require_decision(tx: Transaction, case: Standing, decision: Decision, version: int | None) -> None:
    row = case.row
    if row["outcome"] is not None:
        raise Decided(row)
    if case.about_me:
        raise Forbidden(SOMEBODY_ELSE)
    if not case.decides and decision != "hold":
        raise Forbidden(f"The moderators of {row['network_name']} decide about this one. You can hold it.")
    if case.noun == "message" and decision == "hold":
        raise Conflict("A message is in one room: remove it, or leave it.")
    if version is not None and version != row["about_version"]:
        raise Conflict(CHANGED)
    if version is None and len(await _versions_since(tx.connection, case)) > 1:
        raise Conflict(EDITED)


async def _leave(tx: Transaction, caller: Caller, case: Standing, note: str) -> None:
    note = _checked_note(note)
    row = case.row
    await cases.settle(tx, case.noun, [case.object_id], "left", caller.member)
    await moderation_log.write(
        tx, row["network_id"], caller, "leave_as_it_is", case.noun, case.object_id, subject=row["author_id"], note=note
    )


def _checked_note(note: str) -> str:
    return text.check(note, max_bytes=moderation_log.NOTE_MAX_BYTES, field="note") if note.strip() else ""


async def take(db: Database, caller: Caller, case_id: int, *, taken: bool) -> asyncpg.Record:
    """Say that one looks after it, or no longer does. Returns the case."""
    async with db.transaction() as tx:
        case = await _lock_case(tx, caller, case_id)
        _require_open(case)
        if not case.decides:
            raise Forbidden(f"The moderators of {case.row['network_name']} decide about this one. You can hold it.")
        if await SQL.take(tx.connection, case=case_id, member=caller.member if taken else None) is not None:
            await cases.record(tx, case_id, "case.changed")
    return await reports.one(db, case_id)


async def note(db: Database, caller: Caller, case_id: int, body: str) -> asyncpg.Record:
    """Leave a note for the other moderators. Returns the case."""
    body = text.check(body, max_bytes=moderation_log.NOTE_MAX_BYTES, field="note")
    async with db.transaction() as tx:
        case = await _lock_case(tx, caller, case_id)
        _require_open(case)
        note_id = await moderation_log.SQL.write_note(tx.connection, body=body)
        await SQL.insert_note(tx.connection, case=case_id, author=caller.member, note=note_id)
        await cases.SQL.touch(tx.connection, case=case_id, urgent=False, seen=0)
        await cases.record(tx, case_id, "case.changed")
    return await reports.one(db, case_id)


def _require_open(case: Standing) -> None:
    if case.row["outcome"] is not None:
        raise Decided(case.row)
    if case.about_me:
        raise Forbidden(SOMEBODY_ELSE)


async def reopen(db: Database, caller: Caller, case_id: int) -> asyncpg.Record:
    """Take one's own decision back, within ten minutes: what was removed is shown again, and the case waits.

    Returns the case; an open one stays as it is. Raises NotFound, Decided, Conflict (too late).
    """
    for back in contributions.bringing_back(caller.member_id):
        async with back, db.transaction() as tx:
            case = await _lock_case(tx, caller, case_id)
            row = case.row
            if row["outcome"] is not None:
                if "reopen" not in case.may(caller):
                    raise Decided(row)
                found = await cases.SQL.standing(
                    tx.connection, **cases.of(case.noun, case.object_id), undo_s=cases.UNDO_FOR_S
                )
                if found["id"] != case_id or not found["lately"]:
                    raise Conflict(TOO_LATE)
                if row["outcome"] == "left":
                    await cases.reopen(tx, case_id)
                else:
                    await removal.restore_in(tx, caller, (case.noun, case.object_id), back)
                await moderation_log.write(
                    tx, row["network_id"], caller, "reopen", case.noun, case.object_id, subject=row["author_id"]
                )
    return await reports.one(db, case_id)


@dataclass(frozen=True, slots=True)
class Context:
    """What a moderator needs to be fair: what stands around the words, who said what, and what was before.

    `versions` are the words (version, body, at) from the reported ones to those of now: one if nothing was edited, none
    of what is gone. `voices` is empty for whom the words are by or about.
    """

    parent: asyncpg.Record | None
    before: asyncpg.Record | None
    after: asyncpg.Record | None
    below: int
    versions: Sequence[asyncpg.Record]
    voices: Sequence[asyncpg.Record]
    notes: Sequence[asyncpg.Record]
    author: Mapping[str, Any] | None
    removed: Sequence[asyncpg.Record]
    hold: asyncpg.Record | None


async def context(connection: Connection, case: Standing) -> Context:
    """Read all that a case is decided by."""
    row, noun, object_id = case.row, case.noun, case.object_id
    around: Sequence[Any] = []
    parent, below, hold = None, 0, None
    if noun == "post":
        parent = await SQL.parent(connection, post=object_id)
        below = await SQL.below(connection, post=object_id)
        hold = await SQL.hold(connection, post=object_id)
    else:
        around = await SQL.around_message(connection, message=object_id)
    about = {"author": row["author_id"], "network": row["network_id"]}
    return Context(
        parent=parent,
        before=next((each for each in around if each["before"]), None),
        after=next((each for each in around if not each["before"]), None),
        below=below,
        versions=await _versions_since(connection, case) if _may_read(case) else [],
        voices=[] if case.about_me else await reports.voices(connection, [row["id"]]),
        notes=[] if case.about_me else await SQL.notes_of(connection, case=row["id"]),
        author=await SQL.author_here(connection, **about) if row["author_id"] else None,
        removed=await SQL.removed_before(connection, noun=noun, object=object_id, **about) if row["author_id"] else [],
        hold=hold,
    )


def _may_read(case: Standing) -> bool:
    """Words that are shown; or that wait under seal, for who decides about them."""
    return case.row["state"] == "shown" or (case.row["state"] == "held" and case.decides and not case.about_me)


async def _versions_since(connection: Connection, case: Standing) -> Sequence[asyncpg.Record]:
    """The words that were reported, and those of now if they are others.

    What was under seal has come back with a new version: the first one that is not older is what was reported.
    """
    rows: Sequence[asyncpg.Record] = await SQL.words(connection, noun=case.noun, object=case.object_id)
    seen = next((row for row in rows if row["version"] >= case.row["seen_version"]), None)
    return rows[-1:] if seen is None or seen is rows[-1] else [seen, rows[-1]]
