"""What every shape is made of: rows, people by reference, stretches of lists."""

from collections.abc import Mapping
from typing import Any, Generic, Literal, Protocol, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Row(Protocol):
    """A row of a view, or what has its columns."""

    def __getitem__(self, name: str, /) -> Any: ...


State = Literal["shown", "held", "withdrawn", "removed", "purged"]
Role = Literal["observer", "member", "moderator", "lead"]
Visibility = Literal["public", "open", "private"]
Kind = Literal["national", "regional", "professional", "topic"]
EXCERPT_MAX_CHARS = 140


class Page(Struct, Generic[T], frozen=True, kw_only=True):
    """A stretch of a list. Ask on with `?after=` and `next`; null is the end."""

    items: list[T]
    next: str | None
    channels: dict[str, int]
    """What to follow so that the list stays current, and from which cursor."""
    log: str
    """The log that these cursors belong to."""


class Person(Struct, frozen=True, kw_only=True):
    """Somebody, by reference. A null name was removed; a null id is a name without an account, from an import."""

    id: int | None
    name: str | None
    title: str | None
    organisation: str | None


class Mention(Struct, frozen=True, kw_only=True):
    """Who stands behind `@{id}`."""

    id: int
    name: str | None


def person(member: int | None, name: str | None, title: str | None, organisation: str | None) -> Person:
    """Somebody, by what a row says of them."""
    return Person(id=member, name=name, title=title or None, organisation=organisation or None)


def author(row: Row) -> Person | None:
    """Who wrote a post or message; of a gap nobody."""
    if row["state"] != "shown":
        return None
    return person(row["author_id"], row["author_name"], row["author_title"], row["author_organisation"])


def mentioned(row: Row) -> list[Mention]:
    """Who is mentioned in a body."""
    names: Mapping[str, str | None] = row["mention_names"] or {}
    return [Mention(id=int(member), name=name) for member, name in names.items()]


def known(member: int | None, name: str | None) -> Mention | None:
    """A member by reference, where there is one."""
    return None if member is None else Mention(id=member, name=name)
