"""Who may see and do what: fetch and check in one function.

What a caller may not see is NotFound, as if it never was; what they see but may not do is Forbidden. Acts call these
inside their transaction, after the locks, so pages, API, commands and jobs share one answer. An administrator runs
networks, and reads no private words without a role there.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from forum.db import Connection, Database, statements
from forum.errors import Forbidden, NotFound, Unauthenticated
from forum.standing import Caller, Conversation, Holder, Need, Network, Room, Thread, reading_sentence, require_unmuted
from forum.updates import READ, parse

SQL = statements("access")


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
        require_unmuted(network)
        raise Forbidden(reading_sentence(network.name, network.role, "write here"))
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


async def thread_to_write(db: Database, caller: Caller, thread_id: int) -> Thread:
    """`require_thread` for an act that writes by one statement: `row` has `standing`, on which the right depends.

    The statement takes it, and writes only where it stands as it was read.
    """
    row = await db.ask(_threads_to_write, (caller.member_id, thread_id))
    if not row["may_read"]:
        raise NotFound
    return thread_of(row)


async def _threads_to_write(
    connection: Connection, asked: Sequence[tuple[int | None, int]]
) -> Sequence[Mapping[str, Any]]:
    rows: Sequence[Mapping[str, Any]] = await SQL.threads_to_write(
        connection, members=[member for member, _ in asked], threads=[thread for _, thread in asked]
    )
    return rows


async def network_to_write(db: Database, caller: Caller, slug: str) -> Network:
    """`require_network` for an act that writes into its room by one statement: `row` has `standing`."""
    row = await db.ask(_networks_to_write, (caller.member_id, slug))
    return network_of(None if row["id"] is None else row, caller, "read")


async def _networks_to_write(
    connection: Connection, asked: Sequence[tuple[int | None, str]]
) -> Sequence[Mapping[str, Any]]:
    rows: Sequence[Mapping[str, Any]] = await SQL.networks_to_write(
        connection, members=[member for member, _ in asked], slugs=[slug for _, slug in asked]
    )
    return rows


async def thread_unchecked(connection: Connection, caller: Caller, thread_id: int) -> Thread:
    """The thread for who has a reason of their own to act on it, such as a network that is asked to hold it."""
    row = await SQL.thread(connection, member=caller.member_id, thread=thread_id)
    if row is None:
        raise NotFound
    return thread_of(row)


def thread_of(row: Mapping[str, Any]) -> Thread:
    """A row of thread_for, of a thread that there is. Checks nothing."""
    return Thread(row, row["id"], row["network_id"], [Holder(**holder) for holder in row["holders"]])


async def lock_thread(connection: Connection, caller: Caller, thread_id: int) -> Thread:
    """`require_thread` for an act: the caller's memberships there and the thread stay as they are until commit."""
    await SQL.lock_thread(connection, member=caller.member_id, thread=thread_id)
    return await require_thread(connection, caller, thread_id)


async def lock_thread_of_post(connection: Connection, caller: Caller, post_id: int) -> Thread:
    """`lock_thread` for the thread in which the post stands, and the post stays as it is too. Raises NotFound for a
    post that the caller may not see.
    """
    await SQL.lock_posts(connection, member=caller.member_id, posts=[post_id])
    thread_id = await SQL.thread_of_post(connection, post=post_id)
    if thread_id is None:
        raise NotFound
    return await require_thread(connection, caller, thread_id)


async def lock_room(connection: Connection, caller: Caller, room_id: int, need: Need = "read") -> Network:
    """`require_room` for an act: the caller's membership and the room stay as they are until commit."""
    await SQL.lock_room(connection, member=caller.member_id, room=room_id)
    return await require_room(connection, caller, room_id, need)


async def lock_rooms(connection: Connection, caller: Caller, networks: Iterable[Network]) -> None:
    """`lock_room`, to write, in each of several networks."""
    for network in sorted(networks, key=lambda network: network.id):
        await lock_room(connection, caller, network.room_id, "write")


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


def audiences(network: Network, caller: Caller) -> Sequence[str] | None:
    """Which audiences the threads have that the network's list shows the caller; None: whichever, who belongs to it.

    A network may be wider than its threads: they keep the audience of their day, and joint ones that of the least.
    """
    if network.role is not None:
        return None
    return sorted(READ["guest" if caller.member_id is None else "outsider"])


async def may_follow(
    connection: Connection, pairs: Iterable[tuple[int | None, str]]
) -> dict[tuple[int | None, str], bool]:
    """Of these pairs of a member (None: a guest) and a channel, those in which the member may follow the channel, and
    whether from outside: a member, the channel of a network that they do not belong to.
    """
    parsed = [(member, channel, *noun_id) for member, channel in pairs if (noun_id := parse(channel)) is not None]
    if not parsed:
        return {}
    people, names, nouns, objects = zip(*parsed, strict=True)
    rows = await SQL.may_follow(connection, members=people, nouns=nouns, objects=objects, channels=names)
    return {(row["member"], row["channel"]): row["outside"] for row in rows}
