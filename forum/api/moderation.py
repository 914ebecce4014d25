"""Moderation: removals and holds, each a thing that is put and deleted; and the log that keeps what was done."""

from forum import access, holds, moderation_log, removal
from forum.api import cursors, lists, shapes
from forum.api.bodies import LogQuery, Removal
from forum.api.routing import Call
from forum.api.shapes import LogLine, Message, Page, Post
from forum.db import Connection


async def remove_post(call: Call, post: int, body: Removal) -> Post:
    """Take a post's words away from everybody; its replies stay. Answers the gap."""
    return shapes.post(await removal.remove_post(call.db, call.caller, post, body.reason, body.note))


async def restore_post(call: Call, post: int) -> Post:
    """Bring a removed post back."""
    return shapes.post(await removal.restore_post(call.db, call.caller, post))


async def hold_post(call: Call, post: int, body: Removal) -> Post:
    """Hide the other side's post in a joint thread until that side decides, three days at most. Answers the gap."""
    return shapes.post(await holds.hold_post(call.db, call.caller, post, body.reason, body.note))


async def release_post(call: Call, post: int) -> Post:
    """Take one's own side's hold back."""
    return shapes.post(await holds.release_post(call.db, call.caller, post))


async def remove_message(call: Call, message: int, body: Removal) -> Message:
    """Take a message's words away from everybody. Answers the gap."""
    return shapes.message(await removal.remove_message(call.db, call.caller, message, body.reason, body.note))


async def restore_message(call: Call, message: int) -> Message:
    """Bring a removed message back."""
    return shapes.message(await removal.restore_message(call.db, call.caller, message))


async def log(call: Call, connection: Connection, slug: str, query: LogQuery) -> Page[LogLine]:
    """Who did what to whom, why, when: the newest first, for the network's moderators."""
    network = await access.require_network(connection, call.caller, slug, "moderate")
    before = cursors.id_in("log", query.after)
    follow = await lists.following(connection, f"moderators:{network.id}")
    rows = await moderation_log.read(
        connection,
        network.id,
        before=before,
        actor=query.actor,
        reason=query.reason,
        since=query.since,
        until=query.until,
        limit=query.limit + 1,
    )
    return lists.page(rows, query.limit, shapes.log_line, lambda row: cursors.encode("log", row["id"]), follow)
