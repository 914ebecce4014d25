"""Threads."""

from datetime import datetime
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from forum.api.shapes.common import Person, Row, Visibility, person
from forum.api.shapes.contributions import Post


class ThreadHead(Struct, frozen=True, kw_only=True):
    """What the head of a thread says. The network it was opened through is `network`, and the first of `networks`."""

    id: int
    title: str | None
    networks: list[str]
    network: str
    locked: bool
    audience: Visibility
    version: int


class Thread(ThreadHead, frozen=True, kw_only=True):
    """A titled discussion. `posts` is how many are shown, `unread` how many of them the caller has not read."""

    pinned: bool
    posts: int
    last_number: int
    author: Person | None
    created_at: datetime
    active_at: datetime
    unread: int | UnsetType | None = UNSET
    post: Post | UnsetType = UNSET
    """The opening post, where the thread was asked for by itself."""
    channels: dict[str, int] | UnsetType = UNSET
    log: str | UnsetType = UNSET


def thread_head(row: Row) -> ThreadHead:
    """The columns id, title, networks, network_id, locked_at, audience and version of a thread."""
    return ThreadHead(**_head(row))


def _head(row: Row) -> dict[str, Any]:
    # The one it was opened through comes first, except while a move is half read: so it is looked for.
    slugs = {each["id"]: each["slug"] for each in row["networks"]}
    return {
        "id": row["id"],
        "title": row["title"],
        "networks": list(slugs.values()),
        "network": slugs.get(row["network_id"]) or next(iter(slugs.values())),
        "locked": row["locked_at"] is not None,
        "audience": row["audience"],
        "version": row["version"],
    }


def thread(row: Row, *, counted: tuple[int, int] | None = None, **more: Any) -> Thread:
    """A row of listed_threads; `counted`, the last number and how many posts are shown, is newer than the row's.

    `more` is for what the row does not say.
    """
    last, shown = counted or (row["last_number"], row["shown"])
    return Thread(
        **_head(row),
        pinned=row["pinned_at"] is not None,
        posts=shown,
        last_number=last,
        author=person(row["author_id"], row["author_name"], row["author_title"], row["author_organisation"]),
        created_at=row["created_at"],
        active_at=row["active_at"],
        **more,
    )
