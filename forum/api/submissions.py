"""Submissions: what newcomers wrote and moderators read first."""

from typing import Annotated, Literal

from msgspec import Meta

from forum import access, newcomers, submissions
from forum.api import cursors, lists, shapes
from forum.api.bodies import In, ListQuery
from forum.api.routing import Call
from forum.api.shapes import Page, Submission
from forum.db import Connection
from forum.errors import Invalid


class DecideSubmission(In, frozen=True):
    """What becomes of it. Declining takes a reason, that its author is told."""

    decision: Literal["approve", "decline"]
    reason: Annotated[str, Meta(max_length=200)] = ""
    note: Annotated[str, Meta(max_length=4_000)] = ""


class Newcomers(In, frozen=True):
    """How many first contributions of a newcomer a moderator reads; 0: none."""

    approves_first: Annotated[int, Meta(ge=0, le=newcomers.MAX_APPROVED)]


async def set_approved(call: Call, slug: str, body: Newcomers) -> None:
    """How much of its newcomers a network reads first: who runs it."""
    await newcomers.set_approved(call.db, call.caller, slug, body.approves_first)


async def listed(call: Call, connection: Connection, slug: str, query: ListQuery) -> Page[Submission]:
    """What waits in a network, the oldest first: for its moderators."""
    network = await access.require_network(connection, call.caller, slug, "moderate")
    after = cursors.id_in("submissions", query.after)
    follow = await lists.following(connection, f"moderators:{network.id}")
    rows = await submissions.waiting(connection, call.caller, slug, after=after, limit=query.limit + 1)
    return lists.page(
        rows, query.limit, shapes.submission, lambda row: cursors.encode("submissions", row["id"]), follow
    )


async def show(call: Call, connection: Connection, submission: int) -> Submission:
    """A submission, for its author and the moderators of its network. It has words only while it waits."""
    row, _ = await submissions.find(connection, call.caller, submission)
    return shapes.submission(row)


async def decide(call: Call, submission: int, body: DecideSubmission) -> Submission:
    """Approve it, and it stands where its author wanted it; or decline it."""
    if body.decision == "approve":
        return shapes.submission(await submissions.approve(call.db, call.caller, submission))
    if not body.reason:
        raise Invalid("reason", "Its author is told why.")
    return shapes.submission(await submissions.decline(call.db, call.caller, submission, body.reason, body.note))


async def withdraw(call: Call, submission: int) -> Submission:
    """Take one's own back before it is decided."""
    return shapes.submission(await submissions.withdraw(call.db, call.caller, submission))
