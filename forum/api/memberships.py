"""Who belongs to a network: its members, joining and leaving, requests to join, invitations."""

from forum import access, members, memberships, standing
from forum.api import cursors, lists, shapes
from forum.api.bodies import Ask, Decide, MembersQuery, NewInvitation, SetRole
from forum.api.networks import network_of
from forum.api.routing import Accepted, Call, Created
from forum.api.shapes import Invitation, JoinRequest, Membership, Network, Page, RequestState, Role
from forum.db import Connection


async def listed(call: Call, connection: Connection, slug: str, query: MembersQuery) -> Page[Membership]:
    """The members of a network, by name: for members of the site who may read it."""
    _ = call.caller.member  # like the page: guests do not see who belongs
    network = await access.require_network(connection, call.caller, slug)
    after = cursors.decode("members", query.after, tuple[str, cursors.Id])
    follow = await lists.following(connection, f"network:{network.id}")
    rows = await memberships.people(connection, network.id, query=query.q, after=after, limit=query.limit + 1)
    return lists.page(
        rows,
        query.limit,
        shapes.membership,
        lambda row: cursors.encode("members", row["name"] or "", row["id"]),
        follow,
    )


async def set_role(call: Call, slug: str, member: int, body: SetRole) -> Membership:
    """Give a member of the site a role in the network: who runs it."""
    await memberships.set_role(call.db, call.caller, slug, member, body.role)
    async with call.db.connection() as connection:
        return shapes.Membership(
            id=member, member=shapes.member_head(await members.current(connection, member)), role=body.role
        )


async def take_out(call: Call, slug: str, member: int) -> None:
    """Take a member out of the network: who runs it. Oneself: leave."""
    await memberships.remove_member(call.db, call.caller, slug, member)


async def join(call: Call, slug: str, body: Ask) -> Network | Accepted[RequestState]:
    """Join a network. A private one is asked, with a few words if wanted: then its moderators decide (202)."""
    async with call.db.connection() as connection:
        network = await access.require_network(connection, call.caller, slug, "see")
    if network.role is None and network.row["visibility"] == "private":
        request = await memberships.ask(call.db, call.caller, slug, body.body)
        return Accepted(RequestState(id=request, state="asked"))
    if network.role is None:
        await memberships.join(call.db, call.caller, slug)
    async with call.db.connection() as connection:
        return await network_of(connection, call.caller, slug)


async def leave(call: Call, slug: str) -> None:
    """Leave the network; what one wrote stays."""
    await memberships.leave(call.db, call.caller, slug)


async def requests(call: Call, slug: str) -> Page[JoinRequest]:
    """The requests that wait, the oldest first: for who decides."""
    network, _ = await memberships.requests(call.db, call.caller, slug)
    async with call.db.connection() as connection:
        follow = await lists.following(connection, *_moderators(network))
    _, rows = await memberships.requests(call.db, call.caller, slug)
    return lists.page(rows, len(rows), shapes.request, lambda _: "", follow)


def _moderators(network: standing.Network) -> list[str]:
    return [f"moderators:{network.id}"] if network.may_moderate else []


async def decide(call: Call, slug: str, request: int, body: Decide) -> RequestState:
    """Approve or decline a request: its network's moderators."""
    await memberships.decide(call.db, call.caller, slug, request, approve=body.state == "approved")
    return RequestState(id=request, state=body.state)


async def invitations(call: Call, slug: str) -> Page[Invitation]:
    """The links that still count, the newest first: for moderators."""
    network, _ = await memberships.invitations(call.db, call.caller, slug)
    async with call.db.connection() as connection:
        follow = await lists.following(connection, *_moderators(network))
    _, rows = await memberships.invitations(call.db, call.caller, slug)

    def shape(row: dict[str, object]) -> Invitation:
        return Invitation(**{name: row[name] for name in ("id", "role", "uses", "max_uses", "expires_at")})  # type: ignore[arg-type]

    return lists.page([dict(row) for row in rows], len(rows), shape, lambda _: "", follow)


async def invite(call: Call, slug: str, body: NewInvitation) -> Created[Invitation]:
    """Make a link into the network. Its token is shown now and never again."""
    made = await memberships.invite(call.db, call.caller, slug, role=body.role, max_uses=body.max_uses, days=body.days)
    role: Role = body.role
    invitation = Invitation(
        id=made.id,
        role=role,
        uses=0,
        max_uses=body.max_uses,
        expires_at=made.expires_at,
        token=made.token,
        url=f"{call.site.settings.base_url}/invitations/{made.token}",
    )
    return Created(invitation, f"/api/v1/networks/{slug}/invitations")


async def revoke(call: Call, slug: str, invitation: int) -> None:
    """End a link."""
    await memberships.revoke_invitation(call.db, call.caller, slug, invitation)
