"""Posts and messages, or the gaps that they have become."""

from datetime import datetime
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from forum import text
from forum.api.shapes.common import Mention, Person, Row, State, author, mentioned


class PostGap(Struct, frozen=True, kw_only=True):
    """Why there are no words: the moderators of `network` decide about the post, for a hold until `until`."""

    state: State
    network: str
    at: datetime | None
    until: datetime | None


class Post(Struct, frozen=True, kw_only=True):
    """One contribution in a thread, written through `network`. The opening one has depth 0 and no parent."""

    id: int
    thread: int
    network: str
    author: Person | None
    parent: int | None
    number: int
    depth: int
    state: State
    body: str | None
    html: str | None
    mentions: list[Mention]
    created_at: datetime
    edited_at: datetime | None
    version: int
    gap: PostGap | None
    removal: int | UnsetType = UNSET
    """The id of the removal, for who has just removed it."""


class MessageGap(Struct, frozen=True, kw_only=True):
    """Why a message has no words."""

    state: State
    at: datetime | None


class Message(Struct, frozen=True, kw_only=True):
    """One contribution in a room."""

    id: int
    room: int
    author: Person | None
    reply_to: int | None
    number: int
    state: State
    body: str | None
    html: str | None
    mentions: list[Mention]
    created_at: datetime
    edited_at: datetime | None
    version: int
    gap: MessageGap | None
    removal: int | UnsetType = UNSET
    """The id of the removal, for who has just removed it."""


class Revision(Struct, frozen=True, kw_only=True):
    """What a contribution said before an edit."""

    version: int
    body: str
    at: datetime


class Found(Struct, frozen=True, kw_only=True):
    """A post or a message that matches."""

    kind: Literal["post", "message"]
    id: int
    thread: int | None
    room: int | None
    network: str
    title: str | None
    """The title of the post's thread."""
    author: Person | None
    number: int
    body: str
    html: str
    mentions: list[Mention]
    created_at: datetime
    version: int


def post(row: Row) -> Post:
    """A row of shown_posts."""
    gap = None
    if row["state"] != "shown":
        gap = PostGap(state=row["state"], network=row["network_slug"], at=row["gap_at"], until=row["gap_until"])
    return Post(
        id=row["id"],
        thread=row["thread_id"],
        network=row["network_slug"],
        author=author(row),
        parent=row["parent_id"],
        number=row["number"],
        depth=row["depth"],
        state=row["state"],
        body=row["body"],
        html=None if row["html"] is None else text.expand(row["html"], row["mention_names"], row["quotes"]),
        mentions=mentioned(row),
        created_at=row["created_at"],
        edited_at=row["edited_at"] if gap is None else None,
        version=row["version"],
        gap=gap,
    )


def message(row: Row) -> Message:
    """A row of shown_messages."""
    gap = None if row["state"] == "shown" else MessageGap(state=row["state"], at=row["gap_at"])
    return Message(
        id=row["id"],
        room=row["room_id"],
        author=author(row),
        reply_to=row["reply_to_id"],
        number=row["number"],
        state=row["state"],
        body=row["body"],
        html=None if row["html"] is None else text.expand(row["html"], row["mention_names"], None),
        mentions=mentioned(row),
        created_at=row["created_at"],
        edited_at=row["edited_at"] if gap is None else None,
        version=row["version"],
        gap=gap,
    )


def revision(row: Row) -> Revision:
    """A row of a history."""
    return Revision(version=row["version"], body=row["body"], at=row["at"])


def found(row: Row, kind: Literal["post", "message"]) -> Found:
    """A row of shown_posts with its thread's title, or of shown_messages with its network."""
    is_post = kind == "post"
    return Found(
        kind=kind,
        id=row["id"],
        thread=row["thread_id"] if is_post else None,
        room=None if is_post else row["room_id"],
        network=row["network_slug"],
        title=row["thread_title"] if is_post else None,
        author=author(row),
        number=row["number"],
        body=row["body"],
        html=text.expand(row["html"], row["mention_names"], row["quotes"] if is_post else None),
        mentions=mentioned(row),
        created_at=row["created_at"],
        version=row["version"],
    )
