"""Appeals: a removal as its author is told of it, their appeal, and the queue of those who decide."""

from forum import access, appeals
from forum.api import cursors, lists, shapes
from forum.api.bodies import AppealsQuery, DecideAppeal, NewAppeal
from forum.api.routing import Call, Created
from forum.api.shapes import Appeal, AppealCase, Page, Removal
from forum.db import Connection


async def show_removal(call: Call, connection: Connection, removal: int) -> Removal:
    """The removal of something that I wrote: why, by whom, and how to appeal. Never the words."""
    return shapes.removal(await appeals.mine(connection, call.caller, removal))


async def make(call: Call, removal: int, body: NewAppeal) -> Created[Removal]:
    """Appeal, once. Answers the removal, with the appeal in it."""
    row = await appeals.make(call.db, call.caller, removal, body.body, key=call.key)
    return Created(shapes.removal(row), f"/api/v1/removals/{removal}")


async def listed(call: Call, connection: Connection, slug: str, query: AppealsQuery) -> Page[Appeal]:
    """The appeals in the queue of a network, the newest first: for its moderators."""
    network = await access.require_network(connection, call.caller, slug, "moderate")
    before = cursors.id_in("appeals", query.after)
    follow = await lists.following(connection, f"moderators:{network.id}")
    rows = await appeals.listed(
        connection, call.caller, slug, waiting=query.state == "open", before=before, limit=query.limit + 1
    )
    return lists.page(rows, query.limit, shapes.appeal, lambda row: cursors.encode("appeals", row["id"]), follow)


async def for_me(call: Call, connection: Connection) -> Page[Appeal]:
    """All that wait for my decision, wherever they stand; the most urgent first, at most 200."""
    follow = await lists.following(connection, f"member:{call.caller.member}")
    rows = await appeals.for_me(connection, call.caller)
    return lists.page(rows, len(rows), shapes.appeal, lambda row: cursors.encode("appeals", row["id"]), follow)


async def show(call: Call, connection: Connection, appeal: int) -> AppealCase:
    """One appeal, for who decides: what was said and what stands near it, until it is decided."""
    found = await appeals.case(connection, call.caller, appeal)
    return shapes.appeal_case(found.row, found.noun, list(found.words), list(found.around))


async def decide(call: Call, appeal: int, body: DecideAppeal) -> AppealCase:
    """Uphold the removal, or overturn it."""
    row = await appeals.decide(call.db, call.caller, appeal, body.outcome, body.answer)
    return shapes.appeal_case(row, "message" if row["post_id"] is None else "post", [], [])
