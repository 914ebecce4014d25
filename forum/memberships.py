"""Who belongs to a network: join, ask and decide, invite, leave, roles.

A place is given by joining what is open, by a request that was approved, by an invitation, or by who runs the network;
a suspension outlives it, so leaving and coming back clears nothing. A network always keeps a lead.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from forum import access, moderation_log, networks, text
from forum.db import Connection, Database, Transaction, statements
from forum.errors import Conflict, Forbidden, Invalid, NotFound
from forum.passwords import token_hash
from forum.standing import RANK, Caller, Need, Network, Role

SQL = statements("memberships")
ROLES: Sequence[Role] = ("observer", "member", "moderator", "lead")
INVITATION_DAYS = 14
MAX_INVITED = 500


async def join(db: Database, caller: Caller, slug: str) -> None:
    """Become a member of a public or open network; of one's own, nothing happens. Raises NotFound, Forbidden (private:
    ask instead; suspended).
    """
    async with db.transaction() as tx:
        network = await access.require_network(tx.connection, caller, slug, "see")
        member = caller.member
        if network.role is not None:
            return
        if network.row["visibility"] == "private":
            raise Forbidden(f"{network.name} is private. You can ask to join it.")
        await require_not_suspended(tx.connection, network, member)
        await add(tx, network.id, member, "member")


async def require_not_suspended(connection: Connection, network: Network, member: int) -> None:
    """Raises Forbidden where a suspension is in force: leaving and joining again clears nothing."""
    sentence = await suspended_sentence(connection, network, member)
    if sentence is not None:
        raise Forbidden(sentence)


async def suspended_sentence(connection: Connection, network: Network, member: int) -> str | None:
    """Why a member is shut out of a network, and until when; None for who is not."""
    row = await SQL.suspension(connection, network=network.id, member=member)
    if row is None:
        return None
    until = f" until {row['until']:%-d %B}" if row["until"] is not None else ""
    why = f" Reason: {row['reason']}." if row["reason"] else ""
    return f"You are suspended from {network.name}{until}.{why} Your settings say what was done to you."


async def add(tx: Transaction, network_id: int, member: int, role: Role) -> bool:
    """Give a place in a network, keeping a higher one that stands; returns whether it is new."""
    await access.SQL.lock_standing(tx.connection, member=member, networks=[network_id])
    added = await SQL.add_member(tx.connection, network=network_id, member=member, role=role)
    if added is None:
        return False
    await SQL.read_past(tx.connection, network=network_id, member=member)
    tx.raise_access(f"network:{network_id}")
    tx.record(f"network:{network_id}", "membership.joined", member)
    tx.record(f"network:{network_id}", "network.changed", network_id)
    tx.record(f"member:{member}", "membership.changed", network_id)
    return True


async def leave(db: Database, caller: Caller, slug: str) -> None:
    """Leave a network; one's posts stay. Raises NotFound, Conflict (the last lead)."""
    async with db.transaction() as tx:
        network = await access.require_network(tx.connection, caller, slug, "see")
        await _take_out(tx, network, caller.member)


async def remove_member(db: Database, caller: Caller, slug: str, member: int) -> None:
    """Take somebody out of a network: who runs it. Raises NotFound, Forbidden, Conflict (the last lead)."""
    async with db.transaction() as tx:
        need: Need = "see" if member == caller.member_id else "run"
        network = await access.require_network(tx.connection, caller, slug, need)
        await _take_out(tx, network, member)
        await moderation_log.write(tx, network.id, caller, "take out", "member", member, subject=member)


async def _take_out(tx: Transaction, network: Network, member: int) -> None:
    await access.SQL.lock_standing(tx.connection, member=member, networks=[network.id])
    await networks.SQL.lock(tx.connection, network=network.id)
    role = await SQL.role_of(tx.connection, network=network.id, member=member)
    if role is None:
        raise NotFound
    if role == "lead":
        await _require_another_lead(tx.connection, network, member)
    await SQL.drop_member(tx.connection, network=network.id, member=member)
    tx.raise_access(f"network:{network.id}")
    tx.record(f"network:{network.id}", "membership.left", member)
    tx.record(f"network:{network.id}", "network.changed", network.id)
    tx.record(f"member:{member}", "membership.changed", network.id)


async def _require_another_lead(connection: Connection, network: Network, member: int) -> None:
    if not await SQL.another_lead(connection, network=network.id, member=member):
        raise Conflict(f"{network.name} needs a lead. Make somebody else a lead first.")


async def set_role(db: Database, caller: Caller, slug: str, member: int, role: str) -> None:
    """Give a member of the site a role in a network: who runs it. An administrator may take one, which the log shows.

    Raises NotFound (no such network or member), Forbidden, Invalid, Conflict (the last lead).
    """
    wanted: Role = next((each for each in ROLES if each == role), "observer")
    networks.one_of("role", role, ROLES)
    async with db.transaction() as tx:
        network = await access.require_network(tx.connection, caller, slug, "run")
        await access.SQL.lock_standing(tx.connection, member=member, networks=[network.id])
        await networks.SQL.lock(tx.connection, network=network.id)
        if not await SQL.is_active(tx.connection, member=member):
            raise NotFound
        old = await SQL.role_of(tx.connection, network=network.id, member=member)
        if old == wanted:
            return
        if old is None:
            await add(tx, network.id, member, wanted)
        else:
            if old == "lead":
                await _require_another_lead(tx.connection, network, member)
            await SQL.set_role(tx.connection, network=network.id, member=member, role=wanted)
            tx.raise_access(f"network:{network.id}")
            tx.record(f"network:{network.id}", "membership.changed", member)
            tx.record(f"member:{member}", "membership.changed", network.id)
        if member != caller.member_id:
            await _notify(tx, member, "role", network.id, caller.member_id, role=wanted)
        await moderation_log.write(tx, network.id, caller, f"make {wanted}", "member", member, subject=member)


async def _notify(
    tx: Transaction, member: int, kind: str, network_id: int, actor: int | None, *, request: int | None = None,
    role: Role | None = None,
) -> None:  # fmt: skip
    row = await SQL.notify(
        tx.connection, member=member, kind=kind, network=network_id, actor=actor, request=request, role=role
    )
    tx.record(f"member:{member}", "notification.created", row)


async def ask(db: Database, caller: Caller, slug: str, body: str = "") -> int:
    """Ask to join a private network; its leads and moderators are told. Returns the request's id.

    Asked already: the same request. Raises NotFound, Forbidden (suspended), Invalid, Conflict (a member already).
    """
    body = text.check(body, max_bytes=2_000) if body.strip() else ""
    async with db.transaction() as tx:
        network = await access.require_network(tx.connection, caller, slug, "see")
        member = caller.member
        if network.role is not None:
            raise Conflict(f"You are in {network.name} already.")
        await require_not_suspended(tx.connection, network, member)
        request_id = await SQL.ask(tx.connection, network=network.id, member=member, body=body)
        if request_id is None:
            # In a statement of its own: the other one may have been committed while this one waited for it.
            waiting = await SQL.my_request(tx.connection, network=network.id, member=member)
            if waiting is None:
                raise Conflict("Somebody has decided this already.")
            return int(waiting["id"])
        tx.record(f"moderators:{network.id}", "request.asked", request_id)
        for decider in await SQL.deciders(tx.connection, network=network.id):
            await _notify(tx, decider["member_id"], "request", network.id, member, request=request_id)
        return int(request_id)


def _require_decider(network: Network, caller: Caller) -> None:
    """Raises Unauthenticated for a guest, and Forbidden for who neither moderates nor runs the network."""
    if not (caller.member and (network.may_moderate or network.may_run)):
        raise Forbidden(f"Only moderators of {network.name} may do this.")


async def decide(db: Database, caller: Caller, slug: str, request_id: int, *, approve: bool) -> None:
    """Approve or decline a request to join: leads and moderators. Raises NotFound, Forbidden, Conflict (decided)."""
    async with db.transaction() as tx:
        network = await access.require_network(tx.connection, caller, slug, "see")
        _require_decider(network, caller)
        row = await SQL.lock_request(tx.connection, request=request_id, network=network.id)
        if row is None:
            raise NotFound
        if row["state"] != "asked":
            raise Conflict("Somebody has decided this already.")
        state = "approved" if approve else "declined"
        await SQL.decide(tx.connection, request=request_id, state=state, member=caller.member)
        if approve:
            await add(tx, network.id, row["member_id"], "member")
        tx.record(f"moderators:{network.id}", "request.decided", request_id)
        await _notify(tx, row["member_id"], state, network.id, None, request=request_id)
        await moderation_log.write(
            tx, network.id, caller, "approve" if approve else "decline", "member", row["member_id"],
            subject=row["member_id"],
        )  # fmt: skip


async def requests(db: Database, caller: Caller, slug: str) -> tuple[Network, Sequence[Any]]:
    """The open requests to join, oldest first: for those who decide."""
    async with db.connection() as connection:
        network = await access.require_network(connection, caller, slug, "see")
        _require_decider(network, caller)
        return network, await SQL.open_requests(connection, network=network.id)


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation as it is shown once: the token is stored hashed and cannot be read again."""

    id: int
    token: str
    expires_at: datetime


async def invite(
    db: Database, caller: Caller, slug: str, *, role: str = "member", max_uses: int = 1, days: int = INVITATION_DAYS
) -> Invitation:
    """Make an invitation link to a network: moderators up to `member`, those who run it for every role."""
    networks.one_of("role", role, ROLES)
    if not 1 <= max_uses <= MAX_INVITED:
        raise Invalid("max_uses", f"A link can be used 1 to {MAX_INVITED} times.")
    if not 1 <= days <= 90:
        raise Invalid("days", "A link is good for 1 to 90 days.")
    token = secrets.token_urlsafe(32)
    expires_at = datetime.now(UTC) + timedelta(days=days)
    async with db.transaction() as tx:
        network = await access.require_network(tx.connection, caller, slug, "see")
        if not network.may_run and not (network.may_moderate and RANK[role] <= RANK["member"]):
            raise Forbidden(f"Only a lead of {network.name} may do this.")
        invitation_id = await SQL.insert_invitation(
            tx.connection, network=network.id, hash=token_hash(token), role=role, member=caller.member,
            max_uses=max_uses, expires_at=expires_at,
        )  # fmt: skip
        await moderation_log.write(tx, network.id, caller, "invite", "invitation", invitation_id)
        return Invitation(invitation_id, token, expires_at)


async def invitations(db: Database, caller: Caller, slug: str) -> tuple[Network, Sequence[Any]]:
    """The invitations that still count, newest first: for moderators."""
    async with db.connection() as connection:
        network = await access.require_network(connection, caller, slug, "see")
        _require_decider(network, caller)
        return network, await SQL.invitations(connection, network=network.id)


async def revoke_invitation(db: Database, caller: Caller, slug: str, invitation_id: int) -> None:
    """End an invitation link. Raises NotFound, Forbidden."""
    async with db.transaction() as tx:
        network = await access.require_network(tx.connection, caller, slug, "see")
        _require_decider(network, caller)
        if await SQL.revoke_invitation(tx.connection, network=network.id, invitation=invitation_id) is None:
            raise NotFound
        await moderation_log.write(tx, network.id, caller, "revoke", "invitation", invitation_id)


async def invitation(connection: Connection, token: str) -> asyncpg.Record | None:
    """A valid invitation with its network and who invites, or None: used up, too old, revoked or made up."""
    row: asyncpg.Record | None = await SQL.invitation(connection, hash=token_hash(token))
    return row


async def accept(db: Database, caller: Caller, token: str) -> str:
    """Accept an invitation as a signed-in member; returns the network's slug. Raises NotFound where it does not
    count.
    """
    async with db.transaction() as tx:
        return await use_invitation(tx, token, caller.member)


async def use_invitation(tx: Transaction, token: str, member: int) -> str:
    """Count one use of an invitation and give its place; returns the network's slug. Raises NotFound, Forbidden."""
    row = await SQL.use_invitation(tx.connection, hash=token_hash(token))
    if row is None:
        raise NotFound
    caller = Caller(member, administrator=True)
    network = await access.require_network(tx.connection, caller, row["slug"], "see")
    await require_not_suspended(tx.connection, network, member)
    await add(tx, network.id, member, row["role"])
    return str(row["slug"])


async def people(
    connection: Connection, network_id: int, *, query: str = "", after: tuple[str, int] | None = None, limit: int = 100
) -> Sequence[Any]:
    """Members of a network by name, found by name, title and organisation. Checks no access."""
    name, member = after or (None, None)
    rows: Sequence[Any] = await SQL.people(
        connection, network=network_id, query=query.strip(), after_name=name, after_member=member, limit=limit
    )
    return rows
