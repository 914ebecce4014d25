"""Search: posts or messages that match, of those that the caller may read."""

from forum import search
from forum.api import cursors, lists, shapes
from forum.api.bodies import SearchQuery
from forum.api.routing import Call
from forum.api.shapes import Found, Page
from forum.db import Connection


async def find(call: Call, connection: Connection, query: SearchQuery) -> Page[Found]:
    """Posts that match, or with `what=messages` messages; the newest first. Without words, all posts of the author."""
    place = f"search {query.what}"
    before = cursors.id_in(place, query.after)
    # Nothing to follow: what is found lies in any number of threads and rooms.
    follow = await lists.following(connection)
    read = search.search if query.what == "posts" else search.messages
    rows = await read(
        connection,
        call.caller,
        query.q,
        network=query.network,
        author=query.author,
        before=before,
        since=query.since,
        until=query.until,
        limit=query.limit + 1,
    )
    return lists.page(
        rows,
        query.limit,
        lambda row: shapes.found(row, "post" if query.what == "posts" else "message"),
        lambda row: cursors.encode(place, row["id"]),
        follow,
    )
