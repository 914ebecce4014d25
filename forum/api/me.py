"""The caller: who I am, what I prefer, what I was told."""

from typing import Any

from msgspec import UNSET, structs

from forum import members, networks, notifications
from forum.api import cursors, lists, shapes
from forum.api.bodies import ChangeMe, NotificationsQuery, ReadNotifications
from forum.api.routing import Call
from forum.api.shapes import Me, MyPlace, Notification, Page
from forum.db import Connection

PREFERENCES = ("theme", "keys", "enter_sends")


async def me_of(connection: Connection, member: int) -> Me:
    """A member as they see themselves."""
    follow = await lists.following(connection, f"member:{member}")
    row = await members.current(connection, member)
    places = await networks.mine(connection, member)
    unread = await networks.unread(connection, member, [place["id"] for place in places])
    return Me(
        **structs.asdict(shapes.member_head(row)),
        email=row["email"],
        administrator=row["administrator"],
        about=row["about"],
        about_html=row["about_html"],
        theme=row["theme"],
        keys=row["keys"],
        enter_sends=row["enter_sends"],
        networks=[_place(place, unread[place["id"]]) for place in places],
        notifications=await notifications.unread(connection, member),
        created_at=row["created_at"],
        channels=follow.channels,
        log=follow.log,
    )


def _place(row: Any, unread: networks.Unread) -> MyPlace:
    return MyPlace(
        **structs.asdict(shapes.place(row)),
        room=row["room_id"],
        unread_threads=unread.threads,
        unread_messages=unread.messages,
        unread_mentions=unread.mentions,
    )


async def show(call: Call, connection: Connection) -> Me:
    """Who I am, my networks, and what is new in them."""
    return await me_of(connection, call.caller.member)


async def change(call: Call, body: ChangeMe) -> Me:
    """Change my profile and my preferences; told live wherever my name stands."""
    given = {name: value for name, value in structs.asdict(body).items() if value is not UNSET}
    preferences = {name: given.pop(name) for name in PREFERENCES if name in given}
    if given:
        await members.edit_profile(call.db, call.caller, **given)
    if preferences:
        await members.set_preferences(call.db, call.caller, **preferences)
    async with call.db.connection() as connection:
        return await me_of(connection, call.caller.member)


async def told(call: Call, connection: Connection, query: NotificationsQuery) -> Page[Notification]:
    """What I was told, the newest first."""
    member = call.caller.member
    before = cursors.id_in("notifications", query.after)
    follow = await lists.following(connection, f"member:{member}")
    rows = await notifications.listed(
        connection, member, before=before, unread_only=query.unread, limit=query.limit + 1
    )
    return lists.page(
        rows, query.limit, shapes.notification, lambda row: cursors.encode("notifications", row["id"]), follow
    )


async def read(call: Call, body: ReadNotifications) -> None:
    """These notifications, or all, are read."""
    await notifications.mark_read(call.db, call.caller, None if body.ids is UNSET else body.ids)
