"""Search over what is shown: the columns are generated from the words themselves, so what has no words is not found."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from forum.db import Connection, statements
from forum.standing import Caller

SQL = statements("search")
PAGE = 20
MAX_CHARS = 200
MIN_LIKE_CHARS = 4
MAX_LIKE = 5


async def search(
    connection: Connection,
    caller: Caller,
    query: str,
    *,
    network: str | None = None,
    author: int | None = None,
    before: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = PAGE,
) -> Sequence[Any]:
    """Posts that the caller may read and that match, newest first; a row has the post's columns and its thread's title.

    A title that matches brings its opening post. An empty query finds nothing.
    """
    query = query.strip()[:MAX_CHARS]
    if not query or "\0" in query:
        return []
    rows: Sequence[Any] = await SQL.posts(
        connection,
        member=caller.member_id,
        query=query,
        network=network,
        author=author,
        before=before,
        since=since,
        until=until,
        limit=limit,
    )
    return rows


async def messages(
    connection: Connection, caller: Caller, query: str, *, network: str | None = None, author: int | None = None,
    before: int | None = None, since: datetime | None = None, until: datetime | None = None, limit: int = PAGE,
) -> Sequence[Any]:  # fmt: skip
    """Messages in rooms that the caller may read and that match, newest first; guests find none."""
    query = query.strip()[:MAX_CHARS]
    if not query or "\0" in query or caller.member_id is None:
        return []
    rows: Sequence[Any] = await SQL.messages(
        connection,
        member=caller.member_id,
        query=query,
        network=network,
        author=author,
        before=before,
        since=since,
        until=until,
        limit=limit,
    )
    return rows


async def threads_like(connection: Connection, caller: Caller, title: str) -> Sequence[Any]:
    """At most five threads of the caller's networks whose title is like this one, the likest first: {id, title}.

    A title of under four characters is like none.
    """
    title = title.strip()[:MAX_CHARS]
    if len(title) < MIN_LIKE_CHARS or not title.isprintable() or caller.member_id is None:
        return []
    rows: Sequence[Any] = await SQL.threads_like(connection, member=caller.member_id, title=title, limit=MAX_LIKE)
    return rows
