"""Posts: read in tree order or by time, reply, edit, withdraw, history."""

from typing import Any, cast

import msgspec
from starlette.requests import Request

from forum import posts, stretches, submissions
from forum.api import cursors, incoming, lists, shapes
from forum.api.bodies import ChangeBody, NewPost, PostsQuery
from forum.api.routing import Accepted, Call, Created
from forum.api.shapes import Page, Post, Revision, Waiting
from forum.db import Connection
from forum.errors import Invalid
from forum.stretches import Look, Place, Stretch
from forum.submissions import Submission
from forum.web.context import credential, site_of


async def glance(request: Request) -> Look:
    """What `listed` asks first."""
    thread, site = request.path_params["thread"], site_of(request)
    kept = site.stretches.get(_place(request, thread))
    return await stretches.glance(site.db, credential(request), incoming.id_or_none(thread), kept)


def _place(request: Request, thread: object) -> Place:
    return ("json", str(thread), request.scope["query_string"])


async def listed(call: Call, look: Look, thread: int, query: PostsQuery) -> Page[Post]:
    """The posts of a thread, the opening one first, in tree order; or as they were written."""
    look.require()
    stretch = look.kept
    if stretch is None:
        read = _by_time if query.order == "time" else _in_tree
        async with call.db.connection() as connection:
            rows = await read(connection, thread, query)
        stretch = call.site.stretches.keep_posts(_place(call.request, thread), look, rows, rows)
    items, after = stretch.drawn.get("json") or _drawn(stretch, query)
    return Page(items=items, next=after, channels={f"thread:{thread}": look.stamp.head}, log=look.stamp.log)


def _drawn(stretch: Stretch, query: PostsQuery) -> tuple[list[Post], str | None]:
    """The items as JSON, which goes into the answer as it is, and the cursor of the next page: made once."""
    shown = stretch.found[: query.limit]
    items = msgspec.Raw(msgspec.json.encode([shapes.post(row) for row in shown]))
    more = len(stretch.found) > query.limit
    after = cursors.encode(f"posts {query.order}", shown[-1]["number"]) if more else None
    drawn = stretch.drawn["json"] = (cast("list[Post]", items), after)
    return drawn


async def _in_tree(connection: Connection, thread: int, query: PostsQuery) -> Any:
    if query.since is not None or query.until is not None:
        raise Invalid("order", "Dates go with order=time.")
    after = cursors.number_in("posts tree", query.after)
    path = b""
    if after is not None:
        place = await posts.SQL.place_by_number(connection, thread=thread, number=after)
        if place is None:
            raise Invalid("after", cursors.MADE_UP)
        path = place["path"]
    return await posts.in_tree(connection, thread, after=path, limit=query.limit + 1)


async def _by_time(connection: Connection, thread: int, query: PostsQuery) -> Any:
    after = cursors.number_in("posts time", query.after)
    return await posts.by_time(
        connection, thread, after=after or 0, since=query.since, until=query.until, limit=query.limit + 1
    )


async def reply(call: Call, thread: int, body: NewPost) -> Created[Post] | Accepted[Waiting]:
    """Reply to a post of the thread. 202: a moderator reads it first."""
    row = await submissions.reply(
        call.db, call.caller, thread, body.body, parent=body.parent, through=body.network, key=call.key
    )
    if isinstance(row, Submission):
        return Accepted(Waiting(submission=row.id))
    return Created(shapes.post(row), f"/api/v1/posts/{row['id']}")


async def show(call: Call, connection: Connection, post: int) -> Post:
    """A post, or its gap."""
    _, row = await posts.require(connection, call.caller, post)
    return shapes.post(row)


async def edit(call: Call, post: int, body: ChangeBody) -> Post:
    """Change the words of one's own post; what it said before goes into its history."""
    return shapes.post(await posts.edit(call.db, call.caller, post, body.body, version=body.version, key=call.key))


async def withdraw(call: Call, post: int) -> Post:
    """Take one's own post back: its words go for everyone, its replies stay. Answers the gap."""
    return shapes.post(await posts.withdraw(call.db, call.caller, post))


async def undo(call: Call, post: int) -> Post:
    """Bring one's own withdrawn post back."""
    return shapes.post(await posts.undo(call.db, call.caller, post))


async def history(call: Call, post: int) -> Page[Revision]:
    """What a post said before each edit, the oldest first; nothing of a post that is a gap."""
    async with call.db.connection() as connection:
        thread, _ = await posts.require(connection, call.caller, post)
        follow = await lists.following(connection, f"thread:{thread.id}")
    _, rows = await posts.history(call.db, call.caller, post)
    return lists.page(rows, len(rows), shapes.revision, lambda _: "", follow)
