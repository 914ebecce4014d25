"""Networks: create, describe, narrow and widen, list. Who belongs to one is in forum/memberships.py.

A sub-group is a network whose parent is a network: same table, same code, its own members, room and moderators. It is
never more visible than its parent: narrowing a network narrows those below it, and the threads that it holds, in the
same act.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import asyncpg

from forum import access, idempotency, moderation_log, text
from forum.db import Connection, Database, Row, Transaction, statements
from forum.errors import Conflict, Forbidden, Invalid, NotFound
from forum.standing import Caller, Network

SQL = statements("networks")
R = TypeVar("R", bound=Row)
KINDS = ("national", "regional", "professional", "topic")
VISIBILITIES = ("public", "open", "private")
RESERVED = frozenset({"new"})
"""What would be the address of a page of the site's own, below `/networks/`."""
SLUG_MAX_CHARS = 60
NAME_MAX_CHARS = 80
PURPOSE_MAX_CHARS = 300


def one_of(field: str, value: str, allowed: Sequence[str]) -> str:
    """The value, if it is one of these. Raises Invalid."""
    if value not in allowed:
        raise Invalid(field, f"This is one of: {', '.join(allowed)}.")
    return value


async def create(
    db: Database,
    caller: Caller,
    *,
    name: str,
    slug: str,
    kind: str,
    parent: str | None = None,
    visibility: str = "private",
    purpose: str = "",
    key: str | None = None,
) -> asyncpg.Record:
    """Make a network (an administrator), or a sub-group (a lead of its parent); who makes it leads it. Returns its row.

    Raises NotFound (the parent), Forbidden, Invalid, Conflict (the slug is not to be had).
    """
    name = text.line(name, NAME_MAX_CHARS, field="name")
    purpose = text.line(purpose, PURPOSE_MAX_CHARS, field="purpose") if purpose.strip() else ""
    one_of("kind", kind, KINDS)
    one_of("visibility", visibility, VISIBILITIES)
    async with db.transaction() as tx:
        member = caller.member
        network_id = await idempotency.earlier(tx, member, key, "network", name, slug, kind, parent, visibility)
        if network_id is None:
            above = None
            if parent is not None:
                above = await access.require_network(tx.connection, caller, parent, "run")
                await access.SQL.keep_visibility(tx.connection, networks=[above.id])
                # As it stands now that nobody narrows it.
                above = await access.require_network(tx.connection, caller, parent, "run")
                if access_breadth(visibility) > access_breadth(above.row["visibility"]):
                    raise Invalid("visibility", f"A sub-group is never more visible than {above.name}.")
            elif not caller.administrator:
                raise Forbidden("Only administrators of the site may make a network.")
            try:
                row = None if slug in RESERVED else await SQL.insert(
                    tx.connection, name=name, slug=slug, kind=kind, parent=above and above.id,
                    visibility=visibility, purpose=purpose, member=member,
                )  # fmt: skip
            except asyncpg.CheckViolationError as error:
                raise Invalid("slug", f"Small letters, digits and hyphens, at most {SLUG_MAX_CHARS}.") from error
            if row is None:
                raise Conflict(_not_to_be_had(slug, parent))
            network_id = int(row["id"])
            await idempotency.made(tx, member, key, network_id)
            if above is not None:
                tx.record(f"network:{above.id}", "network.added", network_id)
            tx.record(f"network:{network_id}", "membership.joined", member)
            tx.record(f"member:{member}", "membership.changed", network_id)
            await moderation_log.write(tx, network_id, caller, "create", "network", network_id)
        return await current(tx.connection, network_id)


def _not_to_be_had(slug: str, parent: str | None) -> str:
    """The same of what the site needs and of what is taken, for whoever has it may not be seen."""
    likely = f"{parent}-{slug}"
    such_as = f", such as {likely}" if parent is not None and len(likely) <= SLUG_MAX_CHARS else ""
    return f"This address is not to be had. Choose another one{such_as}."


def access_breadth(visibility: str) -> int:
    """How many see it: private 1, open 2, public 3."""
    return ("private", "open", "public").index(visibility) + 1


async def current(connection: Connection, network_id: int) -> asyncpg.Record:
    """A network as it stands now, with its room, parent and member count. Checks no access. Raises NotFound."""
    row: asyncpg.Record | None = await SQL.one(connection, network=network_id)
    if row is None:
        raise NotFound
    return row


async def describe(db: Database, caller: Caller, slug: str, **changes: Any) -> asyncpg.Record:
    """Change name, purpose, about, visibility, listed or posting of a network: who runs it. Returns its row.

    Narrowing the visibility narrows its sub-groups and the threads that it holds; widening publishes nothing of its
    past.
    """
    about_html = None
    if (name := changes.get("name")) is not None:
        changes["name"] = text.line(name, NAME_MAX_CHARS, field="name")
    if purpose := changes.get("purpose"):
        changes["purpose"] = text.line(purpose, PURPOSE_MAX_CHARS, field="purpose")
    if about := changes.get("about"):
        changes["about"] = text.check(about, field="about")
        about_html = (await text.render_async(changes["about"], whose=caller.member_id)).html
    elif about == "":
        about_html = ""
    if (visibility := changes.get("visibility")) is not None:
        one_of("visibility", visibility, VISIBILITIES)
    if (posting := changes.get("posting")) is not None:
        one_of("posting", posting, ("member", "lead"))
    async with db.transaction() as tx:
        network = await access.require_network(tx.connection, caller, slug, "run")
        if visibility is None:
            await SQL.lock(tx.connection, network=network.id)
        else:
            await _lock_tree(tx, network.id)
        network = await access.require_network(tx.connection, caller, slug, "run")
        if visibility is not None and visibility != network.row["visibility"]:
            await _set_visibility(tx, caller, network, visibility)
        await SQL.describe(
            tx.connection, network=network.id, name=changes.get("name"), purpose=changes.get("purpose"),
            about=changes.get("about"), about_html=about_html, listed=changes.get("listed"),
            posting=posting, renderer=text.RENDERER,
        )  # fmt: skip
        await _record_change(tx, network)
        await moderation_log.write(tx, network.id, caller, "describe", "network", network.id)
        return await current(tx.connection, network.id)


async def _lock_tree(tx: Transaction, network_id: int) -> None:
    """The network, the one above it and all below it stay as they are until commit."""
    locked = None
    # Until none is left: below what was just being made there, something may just be made as well.
    while (found := await SQL.lock_tree(tx.connection, network=network_id)) != locked:
        locked = found


async def _record_change(tx: Transaction, network: Network) -> None:
    """Tell the network's own screens, and those above and below it, which show its name."""
    tx.record(f"network:{network.id}", "network.changed", network.id)
    for row in await SQL.around(tx.connection, network=network.id):
        tx.record(f"network:{row['id']}", "network.changed", network.id)


async def _set_visibility(tx: Transaction, caller: Caller, network: Network, visibility: str) -> None:
    parent = network.row["parent_id"]
    if parent is not None:
        above = await current(tx.connection, parent)
        if access_breadth(visibility) > access_breadth(above["visibility"]):
            raise Invalid("visibility", f"A sub-group is never more visible than {above['name']}.")
    narrowed = await SQL.set_visibility(tx.connection, network=network.id, visibility=visibility)
    ids = [row["id"] for row in narrowed]
    # Until none is left: what is split from a thread meanwhile is there once that thread is locked.
    while await SQL.lock_wider(tx.connection, networks=ids, visibility=visibility):
        await SQL.narrow_threads(tx.connection, networks=ids)
    if access_breadth(visibility) < access_breadth(network.row["visibility"]):
        # Their lists show outsiders fewer threads now.
        for row in await SQL.holders_beside(tx.connection, networks=ids):
            tx.reset(f"network:{row['id']}", "network.changed", network.id)
    tx.raise_access(*(f"network:{each}" for each in ids))
    for each in ids:
        tx.record(f"network:{each}", "network.changed", each)
    await moderation_log.write(tx, network.id, caller, f"make {visibility}", "network", network.id)


async def tree(connection: Connection, caller: Caller) -> Sequence[Any]:
    """Every network that the caller sees, with parent, member count and the caller's role: parents first, by name."""
    rows: Sequence[Any] = await SQL.seen(connection, member=caller.member_id, administrator=caller.administrator)
    return rows


def below(rows: Sequence[R]) -> Mapping[int | None, list[R]]:
    """The networks of a list by the one that they stand below, in the order of the list; those whose parent is not in
    the list, and those that have none, by None.
    """
    there = {row["id"] for row in rows}
    found: dict[int | None, list[R]] = {}
    for row in rows:
        found.setdefault(row["parent_id"] if row["parent_id"] in there else None, []).append(row)
    return found


async def mine(connection: Connection, member: int) -> Sequence[Any]:
    """The networks in which the member counts, as the rail orders them.

    Rows of id, slug, name, kind, parent_id, role, room_id.
    """
    rows: Sequence[Any] = await SQL.mine(connection, member=member)
    return rows


@dataclass(frozen=True, slots=True)
class Unread:
    """What a member has not read in one network; each is counted to about a hundred."""

    threads: int = 0
    messages: int = 0
    mentions: int = 0
    """Of the messages, those that mention them."""
    joint: tuple[int, ...] = ()
    """Of the threads, those that other networks hold too: their ids."""


async def unread(connection: Connection, member: int, networks: Sequence[int]) -> dict[int, Unread]:
    """What the member has not read in each of these networks. Checks no access."""
    rows = await SQL.unread(connection, member=member, networks=list(networks))
    return {
        row["id"]: Unread(
            row["unread_threads"], row["unread_messages"], row["unread_mentions"], tuple(row["unread_joint"])
        )
        for row in rows
    }


def threads_once(all_unread: Iterable[Unread]) -> int:
    """How many threads are unread over several networks: a joint one counts once."""
    each = list(all_unread)
    joint = [thread for unread in each for thread in unread.joint]
    return sum(unread.threads for unread in each) - len(joint) + len(set(joint))
