"""Direct conversations, as each of the two has them."""

from datetime import datetime

from msgspec import Struct

from forum import text
from forum.api.shapes.common import EXCERPT_MAX_CHARS, Person, Row, State, person


class LastMessage(Struct, frozen=True, kw_only=True):
    """The message that stands last. The excerpt is cut from it as it stands now; null where it is a gap."""

    id: int
    number: int
    author: int | None
    """The id of the one of the two who wrote it; null where it is a gap."""
    state: State
    excerpt: str | None
    created_at: datetime


class Conversation(Struct, frozen=True, kw_only=True):
    """A direct conversation: a room with no network. `room` is its id, and the channel `room:` of it is live."""

    id: int
    room: int
    member: Person
    """The other one."""
    unread: int
    """Messages of theirs after `read_to`, counted to 100."""
    read_to: int
    last: LastMessage | None
    listed_at: datetime | None
    """By which the list goes: when something was said last, or when the caller opened it."""


def conversation(row: Row) -> Conversation:
    """A row of shown_conversations."""
    last = None
    if row["last_id"] is not None:
        html: str | None = row["html"]
        last = LastMessage(
            id=row["last_id"],
            number=row["last_number"],
            author=row["last_author_id"] if row["last_state"] == "shown" else None,
            state=row["last_state"],
            excerpt=None if html is None else text.excerpt(html, EXCERPT_MAX_CHARS, row["mention_names"]),
            created_at=row["last_at"],
        )
    return Conversation(
        id=row["id"],
        room=row["id"],
        member=person(row["other_id"], row["other_name"], row["other_title"], row["other_organisation"]),
        unread=row["unread"],
        read_to=row["read_to"],
        last=last,
        listed_at=row["listed_at"],
    )
