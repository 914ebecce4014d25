"""Reports: telling the moderators, and the queue in which several reports of one thing are one case."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, structs

from forum import decisions, reports
from forum.api import cursors, lists, shapes
from forum.api.bodies import CaseChange, CasesQuery, NewReport
from forum.api.routing import Call, Created
from forum.api.shapes import Case, Page, Reported, Voice
from forum.db import Connection
from forum.errors import Conflict, Invalid
from forum.standing import Caller
from forum.views import words

Moment = Annotated[datetime, Meta(tz=True)]


async def report_post(call: Call, post: int, body: NewReport) -> Created[Reported]:
    """Tell the moderators about a post. Reported before: nothing changes, and the answer is the same."""
    row = await reports.report_post(call.db, call.caller, post, body.reason, body.note)
    return Created(_reported(row), f"/api/v1/posts/{post}")


async def report_message(call: Call, message: int, body: NewReport) -> Created[Reported]:
    """The same about a message."""
    row = await reports.report_message(call.db, call.caller, message, body.reason, body.note)
    return Created(_reported(row), f"/api/v1/messages/{message}")


def _reported(row: Any) -> Reported:
    return Reported(
        id=row["case_id"],
        post=row["post_id"],
        message=row["message_id"],
        reason=row["reason"],
        reported_at=row["reported_at"],
    )


async def listed(call: Call, connection: Connection, slug: str, query: CasesQuery) -> Page[Case]:
    """The cases of a network, and those of threads that it holds jointly: for its moderators."""
    network = await reports.require_moderated(connection, call.caller, slug)
    return await _cases(call, connection, network.id, query)


async def of_administrators(call: Call, connection: Connection, query: CasesQuery) -> Page[Case]:
    """What was reported of direct conversations: for administrators, message by message."""
    call.caller.require_administrator()
    return await _cases(call, connection, reports.ADMINISTRATORS, query)


async def _cases(call: Call, connection: Connection, network: int, query: CasesQuery) -> Page[Case]:
    follow = await lists.following(connection, f"moderators:{network}")
    if query.state == "open":
        after = cursors.decode("cases", query.after, tuple[bool, Moment, cursors.Id])
        rows = await reports.queue(connection, [network], after=after, limit=query.limit + 1)
    else:
        before = cursors.decode("decided", query.after, tuple[Moment, cursors.Id])
        rows = await reports.decided(connection, [network], after=before, limit=query.limit + 1)
    voices = await _voices(connection, call.caller, rows[: query.limit])
    return lists.page(rows, query.limit, lambda row: _with(row, voices), _cursor(query.state), follow)


def _cursor(state: str) -> Any:
    if state == "open":
        return lambda row: cursors.encode("cases", *reports.place_of(row))
    return lambda row: cursors.encode("decided", row["decided_at"], row["id"])


async def _voices(connection: Connection, caller: Caller, rows: Any) -> dict[int, list[Voice]]:
    """By case; without those whose words are by or about the caller."""
    found: dict[int, list[Voice]] = {
        row["id"]: []
        for row in rows
        if row["author_id"] != caller.member and caller.member not in (row["mentions"] or ())
    }
    for row in await reports.voices(connection, list(found)):
        found[row["case_id"]].append(
            Voice(
                member=shapes.Mention(id=row["member_id"], name=row["member_name"]),
                reason=row["reason"],
                note=row["note"],
                reported_at=row["reported_at"],
            )
        )
    return found


def _with(row: Any, voices: dict[int, list[Voice]]) -> Case:
    return structs.replace(shapes.case(row), voices=voices.get(row["id"], UNSET))


async def change(call: Call, report: int, body: CaseChange) -> Case:
    """Take a case, note something, or decide about it: one decision counts, and who comes second is told (409)."""
    if sum((body.taken is not UNSET, body.decision is not UNSET)) > 1:
        raise Invalid("decision", "Take it, or decide: one at a time.")
    try:
        if body.taken is not UNSET:
            row = await decisions.take(call.db, call.caller, report, taken=body.taken)
        elif body.decision is not UNSET:
            version = None if body.version is UNSET else body.version
            row = await decisions.decide(
                call.db, call.caller, report, body.decision, reason=body.reason, note=body.note, version=version,
                keep=body.keep,
            )  # fmt: skip
        else:
            row = await decisions.note(call.db, call.caller, report, body.note)
    except decisions.Decided as error:
        raise Conflict(_decided(call, error.row)) from error
    return shapes.case(row)


def _decided(call: Call, row: Any) -> str:
    views = call.site.views
    return words.decided_by(row, views.now(), views.zone)
