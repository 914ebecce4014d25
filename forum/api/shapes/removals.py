"""Removals, what repeats them, and appeals."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from forum.api.shapes.common import Mention, Person, Row, known, person
from forum.api.shapes.contributions import Message, Post, Revision, message, post, revision


class Repeat(Struct, frozen=True, kw_only=True):
    """A post or message that repeats the words of another; not `chosen`: only what those quote themselves."""

    kind: Literal["post", "message"]
    id: int
    place: str | None
    """The title of its thread, or the name of its network."""
    author: Person
    created_at: datetime
    chosen: bool


class Repeats(Struct, frozen=True, kw_only=True):
    """What repeats something: what stands in the same thread or room first."""

    items: list[Repeat]


class Swept(Struct, frozen=True, kw_only=True):
    """What one act took away of a member's words, or brought back; their removals share the id `batch`."""

    posts: int
    messages: int
    batch: int | None


class RemovalWays(Struct, frozen=True, kw_only=True):
    """How a network removes. Its own reasons, or those that every network begins with."""

    reasons: list[str]
    own_reasons: bool
    names_moderators: bool
    keeps_removed_days: int


class Appeal(Struct, frozen=True, kw_only=True):
    """An appeal in the queue of those who decide. A null `network` is one below theirs, or none."""

    id: int
    removal: int
    kind: Literal["post", "message"]
    network: str | None
    appealed_at: datetime
    due_at: datetime
    passed_on: bool
    """Nobody decided in time, so others than at first do."""
    outcome: Literal["upheld", "overturned"] | None
    decided_at: datetime | None


class AppealCase(Struct, frozen=True, kw_only=True):
    """An appeal for who decides: what was said (the newest first; nothing once it is decided), and what stands near."""

    id: int
    removal: int
    kind: Literal["post", "message"]
    network: str | None
    """Null: out of a direct conversation, which is the administrators' to decide."""
    author: Mention | None
    removed_by: Mention | None
    removed_at: datetime
    reason: str | None
    note: str | None
    body: str | None
    """The author's words of appeal."""
    words: list[Revision]
    posts: list[Post]
    messages: list[Message]
    """What stands nearest to it: posts, or messages."""
    appealed_at: datetime
    due_at: datetime
    passed_on: bool
    outcome: Literal["upheld", "overturned"] | None
    answer: str | None
    decided_by: Mention | None
    decided_at: datetime | None


class MyAppeal(Struct, frozen=True, kw_only=True):
    """An appeal of the caller's own."""

    id: int
    body: str | None
    appealed_at: datetime
    due_at: datetime
    passed_on: bool
    outcome: Literal["upheld", "overturned"] | None
    answer: str | None
    decided_at: datetime | None


class Removal(Struct, frozen=True, kw_only=True):
    """A removal of something that the caller wrote: by whom where the network names its moderators, never the words."""

    id: int
    network: str | None
    """Null: out of a direct conversation, by an administrator."""
    post: int | None
    message: int | None
    reason: str | None
    note: str | None
    removed_by: Mention | None
    removed_at: datetime
    appeal_until: datetime
    restored_at: datetime | None
    purged_at: datetime | None
    appeal: MyAppeal | None


def repeat(row: Row, kind: Literal["post", "message"], chosen: bool) -> Repeat:
    """A row of what repeats something."""
    return Repeat(
        kind=kind,
        id=row["id"],
        place=row["place_name"],
        author=person(row["author_id"], row["author_name"], row["author_title"], row["author_organisation"]),
        created_at=row["created_at"],
        chosen=chosen,
    )


def appeal(row: Row) -> Appeal:
    """A row of shown_appeals."""
    own = row["decides_id"] is None or row["decides_id"] == row["network_id"]
    return Appeal(
        id=row["id"],
        removal=row["removal_id"],
        kind=row["noun"],
        network=row["network_slug"] if own else None,
        appealed_at=row["appealed_at"],
        due_at=row["due_at"],
        passed_on=row["step"] > 0,
        outcome=row["outcome"],
        decided_at=row["decided_at"],
    )


def appeal_case(row: Row, kind: Literal["post", "message"], words: list[Row], around: list[Row]) -> AppealCase:
    """An appeal as who decides is told of it."""
    return AppealCase(
        id=row["id"],
        removal=row["removal_id"],
        kind=kind,
        network=row["network_slug"],
        author=known(row["author_id"], row["author_name"]),
        removed_by=known(row["removed_by"], row["removed_by_name"]),
        removed_at=row["removed_at"],
        reason=row["reason"],
        note=row["note"],
        body=row["appeal"],
        words=[revision(each) for each in words],
        posts=[post(each) for each in around] if kind == "post" else [],
        messages=[message(each) for each in around] if kind == "message" else [],
        appealed_at=row["appealed_at"],
        due_at=row["due_at"],
        passed_on=row["step"] > 0,
        outcome=row["outcome"],
        answer=row["answer"],
        decided_by=known(row["decided_by"], row["decided_by_name"]),
        decided_at=row["decided_at"],
    )


def removal(row: Row) -> Removal:
    """A row of shown_removals, for the author."""
    made = None
    if row["appeal_id"] is not None:
        made = MyAppeal(
            id=row["appeal_id"],
            body=row["appeal"],
            appealed_at=row["appealed_at"],
            due_at=row["due_at"],
            passed_on=row["step"] > 0,
            outcome=row["outcome"],
            answer=row["answer"],
            decided_at=row["decided_at"],
        )
    return Removal(
        id=row["id"],
        network=row["network_slug"],
        post=row["post_id"],
        message=row["message_id"],
        reason=row["reason"],
        note=row["note"],
        removed_by=known(row["removed_by"], row["removed_by_name"]),
        removed_at=row["removed_at"],
        appeal_until=row["appeal_until"],
        restored_at=row["restored_at"],
        purged_at=row["purged_at"],
        appeal=made,
    )
