"""Networks and sub-groups: find, make, describe."""

from typing import Any

from msgspec import UNSET, structs

from forum import access, networks, removal, text
from forum.api import cursors, lists, shapes
from forum.api.bodies import ChangeNetwork, ListQuery, NewNetwork
from forum.api.routing import Call, Created
from forum.api.shapes import Network, Page
from forum.db import Connection
from forum.standing import Caller


async def network_of(connection: Connection, caller: Caller, slug: str) -> Network:
    """A network as it stands now, as much of it as the caller sees. Raises NotFound."""
    seen = await access.require_network(connection, caller, slug, "see")
    channels = []
    if seen.may_read:
        channels = [f"network:{seen.id}"]
        channels += [f"room:{seen.room_id}"] if caller.member_id is not None else []
        channels += [f"moderators:{seen.id}"] if seen.may_moderate else []
    follow = await lists.following(connection, *channels)
    # Read again, after the cursors: what changed in between comes as an update, and stands here already.
    row = await networks.current(connection, seen.id)
    inside: dict[str, Any] = {}
    if seen.may_read:
        inside = {
            "listed": row["listed"],
            "posting": row["posting"],
            "slow_s": seen.row["slow_s"],
            "approves_first": seen.row["approves_first"],
            "about": row["about"],
            "about_html": text.expand(row["about_html"], None, None),
        }
        if caller.member_id is not None:
            inside["reasons"] = list(removal.reasons_of(seen.row))
    return shapes.network(
        row,
        parent=seen.above and seen.above.slug,
        role=seen.role,
        room=row["room_id"] if seen.may_read and caller.member_id is not None else None,
        members=row["members"],
        channels=follow.channels,
        log=follow.log,
        **inside,
    )


async def listed(call: Call, connection: Connection, query: ListQuery) -> Page[Network]:
    """The networks that the caller sees: those at the top first, by name."""
    after = cursors.id_in("networks", query.after)
    mine = [] if call.caller.member_id is None else await networks.mine(connection, call.caller.member_id)
    follow = await lists.following(connection, *(f"network:{row['id']}" for row in mine))
    rows = await networks.tree(connection, call.caller)
    seen = {row["id"] for row in rows}
    readable = {row["id"] for row in mine}

    def shape(row: Any) -> Network:
        inside = row["id"] in readable or (row["visibility"] != "private" and call.caller.member_id is not None)
        return shapes.network(
            row,
            # What one does not see is not named by what is below it.
            parent=row["parent_slug"] if row["parent_id"] in seen else None,
            role=row["role"],
            room=row["room_id"] if inside else None,
            members=row["members"],
        )

    # The whole tree is small and comes in one order: a page begins behind the network that the cursor names.
    start = 0
    if after is not None:
        start = next((place + 1 for place, row in enumerate(rows) if row["id"] == after), len(rows))
    stretch = rows[start : start + query.limit + 1]
    return lists.page(stretch, query.limit, shape, lambda row: cursors.encode("networks", row["id"]), follow)


async def create(call: Call, body: NewNetwork) -> Created[Network]:
    """Make a network (administrators), or a sub-group (who runs its parent); who makes it leads it."""
    row = await networks.create(call.db, call.caller, **structs.asdict(body), key=call.key)
    async with call.db.connection() as connection:
        made = await network_of(connection, call.caller, row["slug"])
    return Created(made, f"/api/v1/networks/{made.slug}")


async def show(call: Call, connection: Connection, slug: str) -> Network:
    """A network, as much of it as the caller sees."""
    return await network_of(connection, call.caller, slug)


async def change(call: Call, slug: str, body: ChangeNetwork) -> Network:
    """Describe a network anew, or change who sees it: who runs it."""
    given = {name: value for name, value in structs.asdict(body).items() if value is not UNSET}
    await networks.describe(call.db, call.caller, slug, **given)
    async with call.db.connection() as connection:
        return await network_of(connection, call.caller, slug)
