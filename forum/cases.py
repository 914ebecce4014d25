"""Cases: a post or message that was reported or held, from then until somebody decides.

Invariants: a thing has at most one open case; whatever takes a thing away or brings it back settles or changes its case
in the same transaction (forum.contributions calls this), so no queue waits for what is decided already; a case is
decided by the network through which the thing was written, and seen by every network that holds its thread.
"""

from collections.abc import Iterable
from typing import Literal

from forum.db import Transaction, statements

SQL = statements("cases")

Noun = Literal["post", "message"]
Outcome = Literal["removed", "left", "withdrawn"]

UNDO_FOR_S = 600
"""So long who decided may take it back, and the case is open again."""
TOLD = {"removed": "report_removed", "left": "report_left"}


def of(noun: Noun, *object_ids: int) -> dict[str, list[int]]:
    """These things as statements take them: a list for each noun."""
    ids = list(object_ids)
    return {"posts": ids if noun == "post" else [], "messages": ids if noun == "message" else []}


async def record(tx: Transaction, case_id: int, kind: str, former: Iterable[int] = ()) -> None:
    """Record a change for all whose moderators see the case, and for those networks whose did."""
    rows = await SQL.audience(tx.connection, case=case_id)
    for network_id in {*former, *(row["id"] for row in rows)}:
        tx.record(f"moderators:{network_id}", kind, case_id)


async def put(
    tx: Transaction, noun: Noun, object_id: int, network_id: int | None, *, version: int, urgent: bool
) -> tuple[int, bool]:
    """The open case of a thing, opened if there is none. Returns its id and whether it is new.

    `version` is what was seen of the thing by who complains.
    """
    row = await SQL.open_case(tx.connection, **of(noun, object_id))
    if row is not None:
        await SQL.touch(tx.connection, case=row["id"], urgent=urgent, seen=version)
        await record(tx, row["id"], "case.changed")
        return int(row["id"]), False
    case_id = await SQL.insert(tx.connection, **of(noun, object_id), network=network_id, urgent=urgent, seen=version)
    await record(tx, case_id, "case.opened")
    return int(case_id), True


async def held(tx: Transaction, noun: Noun, object_id: int) -> None:
    """The thing is about to be held: it waits in the queue of who decides, at its head."""
    thing = await SQL.thing(tx.connection, **of(noun, object_id))
    await put(tx, noun, object_id, thing["network_id"], version=thing["version"], urgent=True)


async def changed(tx: Transaction, noun: Noun, *object_ids: int) -> None:
    """What their open cases show of these things has changed: an edit, the end of a hold."""
    for row in await SQL.touch_open(tx.connection, **of(noun, *object_ids)):
        await record(tx, row["id"], "case.changed")


async def settle(tx: Transaction, noun: Noun, object_ids: Iterable[int], outcome: Outcome, by: int | None) -> None:
    """The open cases of these things are decided by a member (None: the clock), and who reported them is told."""
    for case in await SQL.settle(tx.connection, **of(noun, *object_ids), outcome=outcome, by=by):
        await record(tx, case["id"], "case.decided")
        if outcome in TOLD:
            for row in await SQL.tell_reporters(tx.connection, case=case["id"], kind=TOLD[outcome]):
                tx.record(f"member:{row['member_id']}", "notification.created", row["id"])


async def came_back(tx: Transaction, noun: Noun, object_id: int, by: int | None) -> None:
    """The thing is about to be shown again. `by` is who decided so; None: a hold ended by itself or was taken back.

    Bringing back a held one decides its case; without anybody who reported it, so does the end of the hold. What its
    author takes back from withdrawal waits in the queue again, and so does what a moderator removed by mistake.
    """
    row = await SQL.standing(tx.connection, **of(noun, object_id), undo_s=UNDO_FOR_S)
    if row["id"] is None:
        return
    if row["outcome"] is None:
        if by is not None or not row["reported"]:
            await settle(tx, noun, [object_id], "left", by)
        else:
            await changed(tx, noun, object_id)
    elif (row["state"], row["outcome"]) == ("withdrawn", "withdrawn") or (
        (row["state"], row["outcome"]) == ("removed", "removed") and row["lately"] and row["decided_by"] == by
    ):
        await reopen(tx, row["id"])


async def reopen(tx: Transaction, case_id: int) -> None:
    """The case waits again, and what its reporters were told of the decision is gone."""
    for row in await SQL.untell(tx.connection, case=case_id):
        tx.record(f"member:{row['member_id']}", "notification.changed", row["id"])
    await SQL.reopen(tx.connection, case=case_id)
    await record(tx, case_id, "case.opened")


async def moved(tx: Transaction, thread_id: int, former: Iterable[int]) -> None:
    """A thread has other holders than before (`former`): its cases go with its posts."""
    for row in await SQL.moved(tx.connection, thread=thread_id):
        await record(tx, row["id"], "case.changed", former)
