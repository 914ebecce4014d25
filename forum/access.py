"""Who may see and do what: fetch and check in one function.

What a caller may not see is NotFound, as if it never was; what they see but may not do is Forbidden. Acts call these
inside their transaction, after the locks, so pages, API, commands and jobs share one answer. An administrator runs
networks, and reads no private words without a role there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from forum.db import Connection, statements
from forum.errors import Forbidden, Invalid, NotFound, Unauthenticated
from forum.updates import parse

SQL = statements("access")

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


GUEST = Caller()
FORMER_MEMBER: Final = "A former member"


def muted_sentence(network: str, mute: Mapping[str, Any]) -> str:
    """Why there is no composer for who is muted in a network, and until when; `mute` as the view standing has it."""
    until = "for now" if mute["until"] is None else f"until {datetime.fromisoformat(mute['until']):%-d %B}"
    why = f" Reason: {mute['reason']}." if mute["reason"] else ""
    return f"A moderator of {network} has muted you {until}.{why} You can read, but not write. Your text is safe."


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
        return f"Join {self.name} to write here."

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

    def through(self, wanted: str | None = None) -> Holder:
        """The network that the caller writes through: the wanted one, else the first that allows it.

        Raises Forbidden with the sentence for the composer where none does.
        """
        if wanted is not None:
            for holder in self.holders:
                if holder.slug == wanted and holder.may_write:
                    return holder
                if holder.slug == wanted and holder.mute is not None:
                    raise Forbidden(muted_sentence(holder.name, holder.mute))
            raise Forbidden("You can write here only through a network that holds this thread and that you belong to.")
        for holder in self.holders:
            if holder.may_write:
                return holder
        for holder in self.holders:
            if holder.mute is not None:
                raise Forbidden(muted_sentence(holder.name, holder.mute))
        raise Forbidden(f"Join {self.holders[0].name} to reply.")

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


def network_of(row: Mapping[str, Any] | None, caller: Caller, need: Need) -> Network:
    """The network that a statement has read with how the caller stands to it. Raises as `require_network`."""
    if row is None or not (row["may_see"] or caller.administrator):
        raise NotFound
    network = Network(
        row, row["id"], row["slug"], row["name"], row["room_id"], row["role"], row["mute"], row["may_read"],
        caller.administrator,
    )  # fmt: skip
    if need == "see" or (need == "run" and network.may_run):
        return network
    if not network.may_read:
        if need == "run" or not row["may_see"]:
            raise NotFound
        raise Forbidden(f"{network.name} is private. You can ask to join it.")
    allowed = {
        "read": True,
        "write": network.may_write,
        "moderate": network.may_moderate,
        "lead": network.may_lead,
        "run": network.may_run,
    }[need]
    if not allowed:
        _refuse(caller, network, need)
    return network


def _refuse(caller: Caller, network: Network, need: Need) -> None:
    if caller.member_id is None:
        raise Unauthenticated
    if need == "write":
        if network.mute is not None:
            raise Forbidden(muted_sentence(network.name, network.mute))
        raise Forbidden(f"Join {network.name} to write here.")
    raise Forbidden({
        "moderate": f"Only moderators of {network.name} may do this.",
        "lead": f"Only a lead of {network.name} may do this.",
        "run": f"Only a lead of {network.name} may do this.",
    }[need])  # fmt: skip


async def require_network(connection: Connection, caller: Caller, slug: str, need: Need = "read") -> Network:
    """The network, if the caller sees it and may do what is needed. Raises NotFound, Unauthenticated or Forbidden."""
    return network_of(await SQL.network(connection, member=caller.member_id, slug=slug), caller, need)


async def require_network_id(connection: Connection, caller: Caller, network_id: int, need: Need = "read") -> Network:
    """The same by id."""
    slug = await SQL.network_slug(connection, network=network_id)
    if slug is None:
        raise NotFound
    return await require_network(connection, caller, slug, need)


async def require_room(connection: Connection, caller: Caller, room_id: int, need: Need = "read") -> Network:
    """The network of a room, for who may read it: members of the site who may read the network; guests never."""
    if caller.member_id is None:
        raise NotFound
    row = await SQL.room(connection, member=caller.member_id, room=room_id)
    if row is None or not row["may_read"]:
        raise NotFound
    return network_of(row, caller, need)


async def require_conversation(connection: Connection, caller: Caller, room_id: int) -> Conversation:
    """A direct conversation, for its two. Raises NotFound."""
    row = None
    if caller.member_id is not None:
        row = await SQL.conversation(connection, member=caller.member_id, room=room_id)
    if row is None:
        raise NotFound
    other = {name: row[f"other_{name}"] for name in ("id", "name", "title", "organisation", "version")}
    return Conversation(row["room_id"], other, row["reachable"], row["blocked"])


async def require_any_room(connection: Connection, caller: Caller, room_id: int) -> Room:
    """A network's room or a direct conversation, for who may read it. Raises NotFound."""
    try:
        return await require_room(connection, caller, room_id)
    except NotFound:
        return await require_conversation(connection, caller, room_id)


async def require_thread(connection: Connection, caller: Caller, thread_id: int) -> Thread:
    """The thread, if the caller may read it. Raises NotFound."""
    thread = await thread_unchecked(connection, caller, thread_id)
    if not thread.row["may_read"]:
        raise NotFound
    return thread


async def thread_unchecked(connection: Connection, caller: Caller, thread_id: int) -> Thread:
    """The thread for who has a reason of their own to act on it, such as a network that is asked to hold it."""
    row = await SQL.thread(connection, member=caller.member_id, thread=thread_id)
    if row is None:
        raise NotFound
    return thread_of(row)


def thread_of(row: Mapping[str, Any]) -> Thread:
    """A row of thread_for, of a thread that there is. Checks nothing."""
    return Thread(row, row["id"], row["network_id"], [Holder(**holder) for holder in row["holders"]])


async def lock_thread(connection: Connection, caller: Caller, thread_id: int, post_id: int | None = None) -> Thread:
    """`require_thread` for an act: the caller's memberships there, the thread and the post stay until commit."""
    await SQL.lock_thread(connection, member=caller.member_id, thread=thread_id, post=post_id)
    return await require_thread(connection, caller, thread_id)


async def lock_thread_of_post(connection: Connection, caller: Caller, post_id: int) -> Thread:
    """`lock_thread` for the thread in which the post stands. Raises NotFound for a post that the caller may not see."""
    thread_id = await SQL.thread_of_post(connection, post=post_id)
    if thread_id is None:
        raise NotFound
    thread = await lock_thread(connection, caller, thread_id, post_id)
    # Between finding and locking it may have been moved or split away.
    if await SQL.thread_of_post(connection, post=post_id) != thread_id:
        return await lock_thread_of_post(connection, caller, post_id)
    return thread


async def lock_room(connection: Connection, caller: Caller, room_id: int, need: Need = "read") -> Network:
    """`require_room` for an act: the caller's membership and the room stay as they are until commit."""
    await SQL.lock_room(connection, member=caller.member_id, room=room_id)
    return await require_room(connection, caller, room_id, need)


async def lock_any_room(connection: Connection, caller: Caller, room_id: int) -> Room:
    """`require_any_room` for an act: what lets the caller in, and the room, stay as they are until commit."""
    await SQL.lock_room(connection, member=caller.member_id, room=room_id)
    return await require_any_room(connection, caller, room_id)


async def lock_room_of_message(connection: Connection, caller: Caller, message_id: int) -> Room:
    """`lock_any_room` for that of the message. Raises NotFound for a message that the caller may not see."""
    room_id = await SQL.room_of_message(connection, message=message_id)
    if room_id is None:
        raise NotFound
    return await lock_any_room(connection, caller, room_id)


async def may_follow(
    connection: Connection, members: Iterable[int | None], channels: Iterable[str]
) -> set[tuple[int | None, str]]:
    """Of all pairs of these members (None: a guest) and channels, those in which the member may follow the channel."""
    parsed = [(channel, *noun_id) for channel in channels if (noun_id := parse(channel)) is not None]
    pairs = [(member, channel, noun, object_id) for member in members for channel, noun, object_id in parsed]
    if not pairs:
        return set()
    people, names, nouns, objects = zip(*pairs, strict=True)
    rows = await SQL.may_follow(connection, members=people, nouns=nouns, objects=objects, channels=names)
    return {(row["member"], row["channel"]) for row in rows}
