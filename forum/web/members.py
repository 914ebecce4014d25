"""Members: a profile, the people of a network, and what who runs a network may settle about them."""

from collections.abc import Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from forum import access, blocks, conversations, members, memberships, removal, sanctions
from forum.db import Connection
from forum.errors import Invalid, NotFound, Unauthenticated
from forum.standing import Caller
from forum.views.words import role
from forum.web import answers, shell
from forum.web.context import counted, reading, site_of, writer_of
from forum.web.forms import cursor, form_of, place_of, query_number
from forum.web.networks import see
from forum.web.sanctions import until_of

PAGE: Final = 100
MAX_QUERY_CHARS: Final = 200
SANCTIONS: Final[dict[str, sanctions.Sanction]] = {"warning": "warning", "mute": "mute", "suspension": "suspension"}


async def profile(request: Request) -> Response:
    """A member, for members."""
    member_id: int = request.path_params["member"]
    async with reading(request) as (connection, caller):
        if caller.member_id is None:
            raise NotFound
        frame = await shell.frame(request, connection)
        member, shared = await members.profile(connection, caller, member_id)
        inactive = member["state"] != "active" and not caller.administrator
        runs = [] if inactive else await _runs(connection, caller, member_id, shared)
        blocked = member_id in {row["id"] for row in await blocks.listed(connection, caller)}
        writes = not blocked and await conversations.may_begin(connection, caller, member_id)
    return answers.page(
        request, "members/profile.html", shell=frame.shell(), member=member, inactive=inactive, networks=shared,
        mine=member_id == caller.member_id, runs=runs, roles=memberships.ROLES, reasons=removal.REASONS,
        blocked=blocked, writes=writes, suspends=caller.administrator and member_id != caller.member_id,
        link_hours=members.LINK_HOURS,
    )  # fmt: skip


async def _runs(connection: Connection, caller: Caller, member: int, shared: Sequence[Any]) -> Sequence[Any]:
    """The networks with this member in them in which the caller decides something about members, and the sanctions in
    force there (not those on the whole site): `leads` whether that is the role too; who only moderates decides about
    observers and members.
    """
    if member == caller.member_id:
        return []
    lead = {row["id"] for row in await memberships.SQL.led_by(connection, member=caller.member)}
    if caller.administrator:
        lead |= {row["id"] for row in shared}
    mine = await memberships.SQL.memberships_of(connection, member=caller.member)
    moderated = {row["id"] for row in mine if row["role"] == "moderator"}
    return [
        {
            "id": row["id"],
            "slug": row["slug"],
            "name": row["name"],
            "role": row["role"],
            "leads": row["id"] in lead,
            "sanctions": await sanctions.standing(connection, row["id"], member),
        }
        for row in await memberships.SQL.memberships_of(connection, member=member)
        if row["id"] in lead or (row["id"] in moderated and row["role"] in {"observer", "member"})
    ]


async def settle(request: Request) -> Response:
    """Role, place, mute or suspension of one member in one network: each button names its act."""
    form = await form_of(request)
    act = form.text("act")
    caller = await writer_of(request, "write" if act in {"role", "remove"} else "moderate")
    db, slug, member = site_of(request).db, request.path_params["slug"], request.path_params["member"]
    if act == "role":
        await memberships.set_role(db, caller, slug, member, form.text("role"))
    elif act == "remove":
        await memberships.remove_member(db, caller, slug, member)
    elif act in SANCTIONS:
        await sanctions.impose(
            db, caller, slug, member, SANCTIONS[act],
            until=until_of(form), reason=form.text("reason"), note=form.text("note"),
        )  # fmt: skip
    elif act.removeprefix("lift_") in SANCTIONS:
        await sanctions.lift(db, caller, slug, member, SANCTIONS[act.removeprefix("lift_")])
    else:
        raise Invalid("act", "This form has no such act.")
    return answers.done(request, f"/members/{member}")


async def people(request: Request) -> Response:
    """Who is in a network, by name; found by name, title and organisation."""
    query = _query(request)
    async with reading(request) as (connection, caller):
        seen = await see(request, connection, caller, "people", need="read")
        if caller.member_id is None:
            raise Unauthenticated("Members see who is in a network. Sign in first.")
        place = place_of(request, "after", tuple[str, int])
        rows = await memberships.people(connection, seen.network.id, query=query, after=place, limit=PAGE + 1)
    shown = rows[:PAGE]
    after = ""
    if len(rows) > PAGE:
        last = cursor(shown[-1]["name"] or "", shown[-1]["id"])
        after = answers.with_query(f"/networks/{seen.network.slug}/people", q=query, after=last)
    return seen.page(request, "networks/people.html", people=shown, query=query, after=after)


def _query(request: Request) -> str:
    query = request.query_params.get("q", "").strip()[:MAX_QUERY_CHARS]
    if not query.isprintable():
        raise Invalid("q", "This cannot be searched for.")
    return query


async def mentionable(request: Request) -> Response:
    """Whom a text in a network may mention, for the list under the composer."""
    query, network_id = _query(request), query_number(request, "network")
    async with reading(request) as (connection, caller):
        _ = caller.member
        await counted(request, "people", caller.member_id)
        if network_id is None:
            raise Invalid("network", "This names a network.")
        network = await access.require_network_id(connection, caller, network_id)
        rows = await members.mentionable(connection, caller, [network.id], query)
    found = [{"id": row["id"], "name": row["name"], "role": role(row["title"], row["organisation"])} for row in rows]
    return JSONResponse({"people": found})


def routes() -> list[BaseRoute]:
    """Members."""
    return [
        Route("/members/{member:id}", profile, methods=["GET"]),
        Route("/people", mentionable, methods=["GET"]),
        Route("/networks/{slug:slug}/people", people, methods=["GET"]),
        Route("/networks/{slug:slug}/people/{member:id}", settle, methods=["POST"]),
    ]
