"""Search over what is shown: the columns are generated from the words themselves, so what has no words is not found."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from forum.db import Connection, statements
from forum.standing import Caller

SQL = statements("search")
PAGE = 20
MAX_CHARS = 200
MIN_LIKE_CHARS = 4
MAX_LIKE = 5

LATELY = 20_000
"""Among so many of the newest ids hits are looked for first, then among all: see sql/migrations/017_finding.sql."""


async def search(
    connection: Connection, caller: Caller, query: str, *, network: str | None = None, author: int | None = None,
    before: int | None = None, since: datetime | None = None, until: datetime | None = None, limit: int = PAGE,
) -> Sequence[Any]:  # fmt: skip
    """Posts that the caller may read and that match, newest first; a row has the post's columns and its thread's title.

    A title that matches brings its opening post. An empty query finds all that the author wrote, and without an
    author nothing.
    """
    scope = {
        "member": caller.member_id, "network": network, "author": author, "before": before, "since": since,
        "until": until,
    }  # fmt: skip
    if author is not None and not query.strip():
        written: Sequence[Any] = await SQL.posts_of(connection, limit=limit, **scope)
        return written
    return await _found(SQL.posts, connection, query, limit, **scope)


async def messages(
    connection: Connection, caller: Caller, query: str, *, network: str | None = None, author: int | None = None,
    before: int | None = None, since: datetime | None = None, until: datetime | None = None, limit: int = PAGE,
) -> Sequence[Any]:  # fmt: skip
    """Messages in rooms that the caller may read and that match, newest first; guests find none."""
    if caller.member_id is None:
        return []
    return await _found(
        SQL.messages, connection, query, limit, member=caller.member_id, network=network, author=author, before=before,
        since=since, until=until,
    )  # fmt: skip


async def _found(
    statement: Callable[..., Awaitable[Any]], connection: Connection, query: str, limit: int, **scope: object
) -> Sequence[Any]:
    """The newest `limit` hits; an empty query has none."""
    query = query.strip()[:MAX_CHARS]
    if not query or "\0" in query:
        return []
    found: Sequence[Any] = await statement(connection, query=query, limit=limit, lately=LATELY, **scope)
    return found


async def threads_like(connection: Connection, caller: Caller, title: str) -> Sequence[Any]:
    """At most five threads of the caller's networks whose title is like this one, the likest first: {id, title}.

    A title of under four characters is like none.
    """
    title = title.strip()[:MAX_CHARS]
    if len(title) < MIN_LIKE_CHARS or not title.isprintable() or caller.member_id is None:
        return []
    rows: Sequence[Any] = await SQL.threads_like(connection, member=caller.member_id, title=title, limit=MAX_LIKE)
    return rows
