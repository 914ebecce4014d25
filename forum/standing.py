"""Who asks, and how they stand to a network, a room and a thread: what they may do there.

Pure: what was read is handed in (forum/access.py reads it, and refuses), and nothing here asks a database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from forum.errors import Forbidden, Invalid, Unauthenticated

Role = Literal["observer", "member", "moderator", "lead"]
Need = Literal["see", "read", "write", "moderate", "lead", "run"]
RANK: Mapping[str | None, int] = {None: 0, "observer": 1, "member": 2, "moderator": 3, "lead": 4}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. A guest has no member_id; `scopes` is None for a browser session, which may do all that the member may
    do.
    """

    member_id: int | None = None
    administrator: bool = False
    scopes: frozenset[str] | None = None
    session_id: int | None = None
    token_id: int | None = None

    @property
    def member(self) -> int:
        """The member's id. Raises Unauthenticated for a guest."""
        if self.member_id is None:
            raise Unauthenticated
        return self.member_id

    def require_scope(self, scope: str) -> None:
        """Raises Unauthenticated for a guest, and Forbidden for a token that lacks the scope."""
        if self.member_id is None:
            raise Unauthenticated
        if self.scopes is not None and scope not in self.scopes:
            raise Forbidden(f"This token may not do that: it lacks the scope {scope}.")

    def require_session(self) -> None:
        """Raises Unauthenticated for a guest, and Forbidden for a token: what lets somebody in is made in a browser."""
        if self.member_id is None:
            raise Unauthenticated
        if self.scopes is not None:
            raise Forbidden("A token may not do that: sign in in a browser.")

    @property
    def may_moderate(self) -> bool:
        """Whether what was shown opens what is for moderators, to who is one."""
        return self.scopes is None or "moderate" in self.scopes

    def require_administrator(self) -> None:
        """Raises Unauthenticated for a guest, and Forbidden for who is no administrator of the site."""
        if self.member_id is None:
            raise Unauthenticated
        if not self.administrator:
            raise Forbidden("Only administrators of the site may do this.")


GUEST = Caller()
FORMER_MEMBER: Final = "A former member"


def muted_sentence(network: str, mute: Mapping[str, Any]) -> str:
    """Why there is no composer for who is muted in a network, and until when; `mute` as the view standing has it."""
    until = "for now" if mute["until"] is None else f"until {datetime.fromisoformat(mute['until']):%-d %B}"
    why = f" Reason: {mute['reason']}." if mute["reason"] else ""
    return f"A moderator of {network} has muted you {until}.{why} You can read, but not write."


def require_unmuted(place: "Holder | Network") -> None:
    """Raises Forbidden for who is muted there: nothing of theirs may come onto screens."""
    if place.mute is not None:
        raise Forbidden(muted_sentence(place.name, place.mute))


def reading_sentence(network: str, role: Role | None, to: str) -> str:
    """Why there is no composer for who reads a network and is not a member of it; `to`: write here, reply."""
    if role == "observer":
        return f"You are an observer in {network}: you read along, and do not write."
    return f"Join {network} to {to}."


class Above(NamedTuple):
    """The network above another, for who may see it."""

    id: int
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Network:
    """A network as one caller stands to it. `row` has the columns of networks, room_id, parent_slug and parent_name."""

    row: Mapping[str, Any]
    id: int
    slug: str
    name: str
    room_id: int
    role: Role | None
    mute: Mapping[str, Any] | None
    """The mute in force, with `until` (None: until it is lifted) and `reason`."""
    may_read: bool
    administrator: bool

    @property
    def above(self) -> Above | None:
        """The network above it, where the caller may see that one."""
        if not self.row["may_see_parent"]:
            return None
        return Above(self.row["parent_id"], self.row["parent_slug"], self.row["parent_name"])

    @property
    def muted(self) -> bool:
        """Reads, and may not write."""
        return self.mute is not None

    @property
    def mentionable(self) -> Sequence[int]:
        """The networks whose people a text may mention here."""
        return [self.id]

    @property
    def may_write(self) -> bool:
        """May start threads and reply here."""
        return RANK[self.role] >= RANK["member"] and not self.muted

    @property
    def may_say(self) -> bool:
        """May write into the room."""
        return self.may_write and (self.row["posting"] == "member" or self.may_moderate)

    @property
    def closed(self) -> str:
        """Why there is no composer in the room; "" where there is one."""
        if self.may_say:
            return ""
        if self.mute is not None:
            return muted_sentence(self.name, self.mute)
        if self.may_write:
            return f"In this room only the leads and moderators of {self.name} write."
        return reading_sentence(self.name, self.role, "write here")

    @property
    def may_moderate(self) -> bool:
        """Decides about what was written through this network."""
        return RANK[self.role] >= RANK["moderator"]

    @property
    def may_lead(self) -> bool:
        """Runs the network as its lead."""
        return self.role == "lead"

    @property
    def may_run(self) -> bool:
        """Settles who belongs and what the network is: a lead, or an administrator of the site."""
        return self.may_lead or self.administrator


@dataclass(frozen=True, slots=True)
class Conversation:
    """A direct conversation, which is a room with no network, as one of its two stands to it."""

    room_id: int
    other: Mapping[str, Any]
    """Who the other one is: id, name, title, organisation."""
    reachable: bool
    blocked: bool
    """Whether the caller has blocked the other."""

    id: None = None
    """It has no network,"""
    mentionable: Sequence[int] = ()
    """nobody to mention in it,"""
    may_write: bool = False
    """no threads,"""
    may_moderate: bool = False
    """and no moderators: what is reported goes to the administrators."""

    @property
    def name(self) -> str:
        """How it is called: by the other's name."""
        return self.other["name"] or FORMER_MEMBER

    @property
    def may_say(self) -> bool:
        """May write to the other."""
        return self.reachable and not self.blocked

    @property
    def closed(self) -> str:
        """Why there is no composer; "" where there is one.

        One sentence for all that is the other's affair, so that nobody is told that they were blocked.
        """
        if self.blocked:
            return f"You have blocked {self.name}. To write to them, unblock them on their profile."
        return "" if self.reachable else f"{self.name} is not to be reached by direct messages."


Room = Network | Conversation
"""A room as one caller stands to it."""


@dataclass(frozen=True, slots=True)
class Holder:
    """One network that holds a thread, as one caller stands to it."""

    id: int
    slug: str
    name: str
    role: Role | None
    mute: Mapping[str, Any] | None
    pinned: bool
    since: str
    parent: Mapping[str, Any] | None = None
    """The network above (id, slug, name), where the caller may see it."""
    first: int = 0
    """So many first contributions of a newcomer wait for approval."""

    @property
    def muted(self) -> bool:
        """Reads, and may not write through this network."""
        return self.mute is not None

    @property
    def may_write(self) -> bool:
        """May reply through this network."""
        return RANK[self.role] >= RANK["member"] and not self.muted

    @property
    def may_moderate(self) -> bool:
        """Moderates this network."""
        return RANK[self.role] >= RANK["moderator"]


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread that the caller may read, and its holders: the one it was opened through comes first.

    `row` has what its head says, and how the caller stands to it: numbers (those read), read_at, watching.
    """

    row: Mapping[str, Any]
    id: int
    network_id: int
    holders: Sequence[Holder] = field(default_factory=list)

    @property
    def locked(self) -> bool:
        """Nobody may reply."""
        return self.row["locked_at"] is not None

    @property
    def opened_through(self) -> Holder:
        """The network to which title and split belong."""
        return next(holder for holder in self.holders if holder.id == self.network_id)

    def holder(self, network_id: int) -> Holder | None:
        """This network among the holders, or None."""
        return next((holder for holder in self.holders if holder.id == network_id), None)

    def through(self, wanted: int | str | None = None) -> Holder:
        """The network that the caller writes through: the wanted one (by id or slug), else the first that allows it.

        Raises Forbidden with the sentence for the composer where none does.
        """
        if wanted is not None:
            for holder in self.holders:
                if wanted not in {holder.id, holder.slug}:
                    continue
                if holder.may_write:
                    return holder
                require_unmuted(holder)
            raise Forbidden("You can write here only through a network that holds this thread and that you belong to.")
        for holder in self.holders:
            if holder.may_write:
                return holder
        for holder in self.holders:
            require_unmuted(holder)
        read = next((holder for holder in self.holders if holder.role == "observer"), self.holders[0])
        raise Forbidden(reading_sentence(read.name, read.role, "reply"))

    def require_opener(self) -> Holder:
        """The holder that the thread was opened through, for its moderators. Raises Forbidden."""
        if not self.opened_through.may_moderate:
            raise Forbidden(f"Only moderators of {self.opened_through.name} may do this.")
        return self.opened_through

    def require_holder(self, slug: str) -> Holder:
        """This holder, for its moderators. Raises Invalid (it does not hold the thread), Forbidden."""
        holder = next((each for each in self.holders if each.slug == slug), None)
        if holder is None:
            raise Invalid("network", "That network does not hold this thread.")
        if not holder.may_moderate:
            raise Forbidden(f"Only moderators of {holder.name} may do this.")
        return holder

    def require_moderator(self) -> Holder:
        """Any holder that the caller moderates. Raises Forbidden."""
        for holder in self.holders:
            if holder.may_moderate:
                return holder
        raise Forbidden("Only moderators of the networks that hold this thread may do this.")

    @property
    def moderates(self) -> frozenset[int]:
        """The holders whose posts the caller decides about."""
        return frozenset(holder.id for holder in self.holders if holder.may_moderate)
