"""Networks, who is in them, who asks to be."""

from datetime import datetime
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from forum.api.shapes.common import Kind, Person, Role, Row, Visibility, person
from forum.api.shapes.members import MemberHead, member_head


class NetworkHead(Struct, frozen=True, kw_only=True):
    """What the head of a network says."""

    id: int
    slug: str
    name: str
    kind: Kind
    visibility: Visibility
    purpose: str
    version: int


class Network(NetworkHead, frozen=True, kw_only=True):
    """A community; `parent` (where the caller sees it) is the slug of the one above. `role` is the caller's own.

    `room` is null, and the rest left out, for who sees the network from outside only.
    """

    parent: str | None
    role: Role | None
    members: int
    room: int | None
    listed: bool | UnsetType = UNSET
    posting: Literal["member", "lead"] | UnsetType = UNSET
    slow_s: int | UnsetType = UNSET
    """Slow mode of its room: seconds between two messages of one member; 0 is off."""
    approves_first: int | UnsetType = UNSET
    """So many first contributions of a newcomer wait for a moderator."""
    reasons: list[str] | UnsetType = UNSET
    """What its pages offer as reasons of a report or removal; to guests, who do neither, they are not told."""
    about: str | UnsetType = UNSET
    about_html: str | UnsetType = UNSET
    channels: dict[str, int] | UnsetType = UNSET
    log: str | UnsetType = UNSET


class Membership(Struct, frozen=True, kw_only=True):
    """A member's place in one network; `id` is the member's."""

    id: int
    member: MemberHead
    role: Role


class JoinRequest(Struct, frozen=True, kw_only=True):
    """Somebody asks to join. Its words are gone once it is decided."""

    id: int
    member: Person
    state: Literal["asked", "approved", "declined", "withdrawn"]
    body: str | None
    asked_at: datetime


class RequestState(Struct, frozen=True, kw_only=True):
    """Where a request to join stands."""

    id: int
    state: Literal["asked", "approved", "declined"]


class Invitation(Struct, frozen=True, kw_only=True):
    """A link into a network."""

    id: int
    role: Role
    uses: int
    max_uses: int
    expires_at: datetime
    token: str | UnsetType = UNSET
    """Shown once, when it is made."""
    url: str | UnsetType = UNSET


def network_head(row: Row) -> NetworkHead:
    """The columns of networks."""
    return NetworkHead(**_network(row))


def _network(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("id", "slug", "name", "kind", "visibility", "purpose", "version")}


def network(row: Row, *, parent: str | None, role: Role | None, room: int | None, members: int, **more: Any) -> Network:
    """The columns of networks, and how the caller stands to it."""
    return Network(**_network(row), parent=parent, role=role, room=room, members=members, **more)


def membership(row: Row) -> Membership:
    """The columns of people, and a role."""
    return Membership(id=row["id"], member=member_head(row), role=row["role"])


def request(row: Row) -> JoinRequest:
    """The columns id, state, body and asked_at of a request, and those of who asks: member_id, member_name, title, …"""
    return JoinRequest(
        id=row["id"],
        member=person(row["member_id"], row["member_name"], row["title"], row["organisation"]),
        state=row["state"],
        body=row["body"],
        asked_at=row["asked_at"],
    )
