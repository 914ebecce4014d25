"""People as others see them, and what is mine."""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from forum import text
from forum.api.shapes.common import EXCERPT_MAX_CHARS, Person, Role, Row, person


class MemberHead(Struct, frozen=True, kw_only=True):
    """A member, as lists show them."""

    id: int
    name: str | None
    title: str
    organisation: str
    region: str
    version: int


class Place(Struct, frozen=True, kw_only=True):
    """A network that somebody belongs to, and their role in it."""

    id: int
    slug: str
    name: str
    role: Role


class Member(MemberHead, frozen=True, kw_only=True):
    """A profile, with those networks of theirs that the caller sees too."""

    active: bool
    """False while the account is suspended: then others than administrators are told its name and nothing else."""
    about: str
    about_html: str
    networks: list[Place]
    created_at: datetime | None


class MyPlace(Place, frozen=True, kw_only=True):
    """A network of mine, and what is new in it. Counts end at 100."""

    room: int | None
    unread_threads: int
    unread_messages: int
    unread_mentions: int


class Me(MemberHead, frozen=True, kw_only=True):
    """The caller, their preferences and their networks."""

    email: str
    administrator: bool
    about: str
    about_html: str
    theme: Literal["auto", "light", "dark"]
    keys: bool
    enter_sends: bool
    networks: list[MyPlace]
    notifications: int
    """How many are unread, counted to 100."""
    created_at: datetime
    channels: dict[str, int]
    log: str


class Session(Struct, frozen=True, kw_only=True):
    """A browser that is signed in."""

    id: int
    browser: str
    current: bool
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


class Token(Struct, frozen=True, kw_only=True):
    """What a program signs in with. It was shown once, when it was made."""

    id: int
    name: str
    scopes: list[str]
    current: bool
    created_at: datetime
    used_at: datetime | None
    expires_at: datetime


class Notification(Struct, frozen=True, kw_only=True):
    """Something that the member is told. The excerpt is cut from the row that it is about, as that stands now."""

    id: int
    kind: str
    actor: Person | None
    post: int | None
    message: int | None
    conversation: int | None
    """The direct conversation in which somebody wrote."""
    thread: int | None
    network: str | None
    role: Role | None
    """Of kind `role`: what the member is in the network since then; null in what was told before this was kept."""
    title: str | None
    excerpt: str | None
    reason: str | None
    note: str | None
    removal: int | None
    until: datetime | None
    created_at: datetime
    read_at: datetime | None


def member_head(row: Row) -> MemberHead:
    """The columns of people."""
    return MemberHead(**_member(row))


def _member(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("id", "name", "title", "organisation", "region", "version")}


def place(row: Row) -> Place:
    """A network with the role in it."""
    return Place(id=row["id"], slug=row["slug"], name=row["name"], role=row["role"])


def member(row: Row, shared: list[Place]) -> Member:
    """A profile, and the networks that the caller sees too."""
    return Member(
        **_member(row),
        active=row["state"] == "active",
        about=row["about"],
        about_html=text.expand(row["about_html"], None, None),
        networks=shared,
        created_at=row["created_at"],
    )


def session(row: Row, current: int | None) -> Session:
    """One of the caller's sessions; `current` is the one that asks."""
    return Session(
        id=row["id"],
        browser=row["browser"],
        current=row["id"] == current,
        created_at=row["created_at"],
        seen_at=row["seen_at"],
        expires_at=row["expires_at"],
    )


def token(row: Row, current: int | None) -> Token:
    """One of the caller's tokens; `current` is the one that asks."""
    return Token(
        id=row["id"],
        name=row["name"],
        scopes=list(row["scopes"]),
        current=row["id"] == current,
        created_at=row["created_at"],
        used_at=row["used_at"],
        expires_at=row["expires_at"],
    )


def notification(row: Row) -> Notification:
    """A row of shown_notifications."""
    html: str | None = row["post_html"] or row["message_html"]
    names = row["post_mention_names"] if row["post_html"] else row["message_mention_names"]
    actor = row["actor_id"]
    return Notification(
        id=row["id"],
        kind=row["what"],
        actor=None
        if actor is None
        else person(actor, row["actor_name"], row["actor_title"], row["actor_organisation"]),
        post=row["post_id"],
        message=row["message_id"],
        conversation=row["room_id"],
        thread=row["thread_id"],
        network=row["network_slug"],
        role=row["role"],
        title=row["thread_title"],
        excerpt=None if html is None else text.excerpt(html, EXCERPT_MAX_CHARS, names),
        reason=row["reason"],
        note=row["note"],
        removal=row["removal_id"],
        until=row["until"],
        created_at=row["created_at"],
        read_at=row["read_at"],
    )
