"""Moderation: removals and holds, each a thing that is put and deleted; and the log that keeps what was done."""

from typing import TypedDict

from msgspec import UNSET, UnsetType, structs

from forum import access, holds, moderation_log, removal, repeats, reports
from forum.api import cursors, lists, shapes
from forum.api.bodies import ChangeRemovalWays, LogQuery, Removal, Sweep, TakeAway
from forum.api.routing import Call
from forum.api.shapes import LogLine, Message, Page, Post, RemovalWays, Repeats, Swept
from forum.contributions import Noun
from forum.db import Connection
from forum.removal import restore_together as restoring
from forum.standing import Caller, Network


class _Going(TypedDict):
    keep: bool
    also: list[removal.Item]


def _going(body: TakeAway) -> _Going:
    also: list[removal.Item] = [("post", post) for post in body.also_posts]
    return {"keep": body.keep, "also": also + [("message", message) for message in body.also_messages]}


async def _removal_id(call: Call, noun: Noun, object_id: int) -> int | UnsetType:
    async with call.db.connection() as connection:
        row = await removal.standing(connection, noun, object_id)
    return UNSET if row is None else row["id"]


async def remove_post(call: Call, post: int, body: TakeAway) -> Post:
    """Take a post's words away from everybody; its replies stay. Answers the gap, with the id of the removal."""
    row = await removal.remove_post(call.db, call.caller, post, body.reason, body.note, **_going(body))
    return structs.replace(shapes.post(row), removal=await _removal_id(call, "post", post))


async def restore_post(call: Call, post: int) -> Post:
    """Bring a removed post back."""
    return shapes.post(await removal.restore_post(call.db, call.caller, post))


async def hold_post(call: Call, post: int, body: Removal) -> Post:
    """Hide the other side's post in a joint thread until that side decides, three days at most. Answers the gap."""
    return shapes.post(await holds.hold_post(call.db, call.caller, post, body.reason, body.note))


async def release_post(call: Call, post: int) -> Post:
    """Take one's own side's hold back."""
    return shapes.post(await holds.release_post(call.db, call.caller, post))


async def remove_message(call: Call, message: int, body: TakeAway) -> Message:
    """Take a message's words away from everybody. Answers the gap, with the id of the removal."""
    row = await removal.remove_message(call.db, call.caller, message, body.reason, body.note, **_going(body))
    return structs.replace(shapes.message(row), removal=await _removal_id(call, "message", message))


async def restore_message(call: Call, message: int) -> Message:
    """Bring a removed message back."""
    return shapes.message(await removal.restore_message(call.db, call.caller, message))


async def repeats_of_post(call: Call, connection: Connection, post: int) -> Repeats:
    """What repeats long runs of a post's words: for the moderators who decide about it."""
    return await _repeats(connection, call.caller, "post", post)


async def repeats_of_message(call: Call, connection: Connection, message: int) -> Repeats:
    """What repeats long runs of a message's words: for the moderators who decide about it."""
    return await _repeats(connection, call.caller, "message", message)


async def _repeats(connection: Connection, caller: Caller, noun: Noun, object_id: int) -> Repeats:
    found = await repeats.of(connection, caller, noun, object_id)
    return Repeats(items=[shapes.repeat(each.row, each.noun, each.chosen) for each in found])


async def sweep(call: Call, slug: str, member: int, body: Sweep) -> Swept:
    """Take away all that a member wrote in the last hours, here and in the sub-groups that the caller moderates."""
    swept = await removal.remove_written_by(
        call.db, call.caller, slug, member, hours=body.hours, reason=body.reason, note=body.note, keep=body.keep
    )
    return Swept(posts=swept.posts, messages=swept.messages, batch=swept.batch)


async def restore_together(call: Call, removal: int) -> Swept:
    """Bring back all that went in one act with this removal, it included: what still stands of it."""
    swept = await restoring(call.db, call.caller, removal)
    return Swept(posts=swept.posts, messages=swept.messages, batch=swept.batch)


async def removal_ways(call: Call, connection: Connection, slug: str) -> RemovalWays:
    """How the network removes: for its moderators."""
    return _ways(await access.require_network(connection, call.caller, slug, "moderate"))


async def settle_removals(call: Call, slug: str, body: ChangeRemovalWays) -> RemovalWays:
    """Change how the network removes: who runs it."""
    async with call.db.connection() as connection:
        row = (await access.require_network(connection, call.caller, slug, "run")).row
    await removal.settle(
        call.db,
        call.caller,
        slug,
        reasons=row["reasons"] if body.reasons is UNSET else body.reasons,
        names_moderators=row["names_moderators"] if body.names_moderators is UNSET else body.names_moderators,
        keeps_removed_days=row["keeps_removed_days"] if body.keeps_removed_days is UNSET else body.keeps_removed_days,
    )
    async with call.db.connection() as connection:
        return _ways(await access.require_network(connection, call.caller, slug, "run"))


def _ways(network: Network) -> RemovalWays:
    return RemovalWays(
        reasons=list(removal.reasons_of(network.row)),
        own_reasons=bool(network.row["reasons"]),
        names_moderators=network.row["names_moderators"],
        keeps_removed_days=network.row["keeps_removed_days"],
    )


async def log(call: Call, connection: Connection, slug: str, query: LogQuery) -> Page[LogLine]:
    """Who did what to whom, why, when: the newest first, for the network's moderators."""
    network = await access.require_network(connection, call.caller, slug, "moderate")
    return await _log(connection, network.id, query)


async def log_of_site(call: Call, connection: Connection, query: LogQuery) -> Page[LogLine]:
    """The same of what was done in no network, to accounts and in direct conversations: for administrators."""
    call.caller.require_administrator()
    return await _log(connection, reports.ADMINISTRATORS, query)


async def _log(connection: Connection, network: int, query: LogQuery) -> Page[LogLine]:
    before = cursors.id_in("log", query.after)
    follow = await lists.following(connection, f"moderators:{network}")
    rows = await moderation_log.read(
        connection,
        network,
        before=before,
        actor=query.actor,
        reason=query.reason,
        since=query.since,
        until=query.until,
        limit=query.limit + 1,
    )
    return lists.page(rows, query.limit, shapes.log_line, lambda row: cursors.encode("log", row["id"]), follow)
