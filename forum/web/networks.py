"""Networks: the tree, one network's threads, about, log and settings, making one, joining and leaving."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from forum import access, listings, memberships, networks
from forum.db import Connection, Connections, held
from forum.errors import Conflict, Forbidden, ForumError, Invalid, NotFound
from forum.standing import Caller, Need, Network
from forum.stretches import Place
from forum.views import Row
from forum.web import answers, shell
from forum.web.context import caller_of, reading, site_of, snapshot, writer_of
from forum.web.forms import Form, cursor, form_of, new_key, place_of
from forum.web.paths import SlugConvertor, matches
from forum.web.rooms import who_is_here
from forum.web.shell import Frame

FIELDS: Final = ("name", "slug", "kind", "visibility", "listed", "posting", "purpose", "about")
SHOWN: Final = (
    *("id", "slug", "name", "kind", "parent_id", "visibility", "listed", "posting", "purpose", "about", "about_html"),
    *("version", "created_at", "room_id", "parent_slug", "parent_name", "members", "leads"),
)
"""The columns of shown_networks: what a network's pages show is handed nothing of how the caller stands to it."""
SUB_GROUP_KIND: Final = "topic"


@dataclass(frozen=True, slots=True)
class Seen:
    """One of a network's pages for one caller: what templates/networks/_page.html needs, and the rest to be added."""

    network: Network
    frame: Frame
    caller: Caller
    context: Mapping[str, Any]

    def page(self, request: Request, template: str, *, status: int = 200, **context: object) -> Response:
        """The page."""
        here = self.frame.shell(f"network:{self.network.id}")
        return answers.page(request, template, status=status, shell=here, **self.context, **context)


async def see(request: Request, connection: Connection, caller: Caller, tab: str, *, need: Need) -> Seen:
    """What a network's pages share. Raises NotFound, Unauthenticated, Forbidden.

    Follows the network's channel; its moderators follow theirs on every page.
    """
    slug: str = request.path_params["slug"]
    frame = await shell.frame(request, connection, network=slug)
    network = await access.require_network(connection, caller, slug, need)
    row = await networks.current(connection, network.id)
    return await _seen(request, held(connection), frame, network, row, tab)


async def _seen(request: Request, at: Connections, frame: Frame, network: Network, row: Row, tab: str) -> Seen:
    """The same, of a network that was read: `row` is one of shown_networks."""
    caller = frame.caller
    if not network.may_read:
        frame = frame.without(f"network:{network.id}")
    here = 0
    people: Sequence[Row] = ()
    if network.may_read and caller.member_id is not None:
        here, people = await who_is_here(request, at, network.room_id)
    context: dict[str, object] = {
        "network": row,
        "above": network.above,
        "tab": tab,
        "my_role": network.role or "",
        "counts": {"threads": frame.unread_threads_of(network.id), "here": here},
        "may_write": network.may_write,
    }
    if tab == "threads":
        context["people"] = people
    return Seen(network, frame, caller, context)


async def tree(request: Request) -> Response:
    """Every network that I may see."""
    async with snapshot(request) as (connection, caller):
        rows = await networks.tree(connection, caller)
        readable = {"public"} if caller.member_id is None else {"public", "open"}
        frame = await shell.frame(
            request, connection, [f"network:{row['id']}" for row in rows if row["visibility"] in readable]
        )
    around = frame.shell("networks")
    return answers.page(
        request,
        "networks/tree.html",
        shell=around,
        below=networks.below(rows),
        unread={mine.id: mine.threads for mine in around.all_networks()},
        may_found=caller.administrator,
    )


async def show(request: Request) -> Response:
    """Its threads by last activity; for who is not in it, how to come in."""
    slug: str = request.path_params["slug"]
    site = site_of(request)
    frame = await shell.of_network(request, slug)
    place = _place(request, frame.caller, belongs=any(row["slug"] == slug for row in frame.networks))
    look = await listings.look(site.db, frame.caller.member_id, slug, site.stretches.get(place))
    network = access.network_of(look.network, frame.caller, "see")
    if place != (now := _place(request, frame.caller, belongs=network.role is not None)):
        place, look = now, look._replace(kept=None)  # they came, or left, since the frame was read
    row = network.row
    shown = {name: row[name] for name in SHOWN}
    seen = await _seen(request, site.db.connection, frame, network, shown, "threads")
    listed = await _threads(request, frame, network, look, place) if network.may_read else NO_THREADS
    joining, asked_at = await _joining(site.db.connection, network, frame.caller)
    subgroups = row["subgroups"] or ()
    here = site_of(request).here([f"room:{row['room_id']}" for row in subgroups if row["role"] is not None])
    cards = [
        {
            "network": row,
            "mine": row["role"] is not None,
            "count": seen.frame.unread_threads_of(row["id"]),
            "here": len(here.get(f"room:{row['room_id']}", ())),
        }
        for row in subgroups
    ]
    return seen.page(
        request, "networks/network.html", joining=joining, asked_at=asked_at, subgroups=cards,
        may_found=network.may_run, running=row["running"] or (), **listed,
    )  # fmt: skip


def _place(request: Request, caller: Caller, *, belongs: bool) -> Place:
    """Which list this is: who does not belong to the network is shown fewer threads, a guest fewer still."""
    reader = "member" if belongs else "guest" if caller.member_id is None else "outsider"
    return ("list", reader, request.path_params["slug"], request.query_params.get("after"))


NO_THREADS: Final[Mapping[str, Any]] = {"threads": [], "unread": {}, "after": "", "paged": False, "drawn": {}}


async def _threads(
    request: Request, frame: Frame, network: Network, look: listings.Look, place: Place
) -> Mapping[str, Any]:
    """Pinned ones first, on the first page; a cursor is the place of the last one shown."""
    site = site_of(request)
    before = place_of(request, "after", tuple[datetime, int])
    audiences = access.audiences(network, frame.caller)
    stretch = await listings.read(
        site.db.connection, site.stretches, place, look, network.id, before=before, audiences=audiences
    )
    found: listings.Found = stretch.found
    unread: Mapping[int, int] = {}
    if frame.caller.member_id is not None:
        unread = await site.unread.of(site.db.connection, frame.caller.member_id, frame.own, place, stretch)
    return {
        "threads": found.rows,
        "unread": unread,
        "after": "" if found.next is None else f"/networks/{network.slug}?after={cursor(*found.next)}",
        "paged": before is not None,
        "drawn": stretch.drawn,
    }


async def _joining(at: Connections, network: Network, caller: Caller) -> tuple[str, datetime | None]:
    """How the caller may come in, and when they asked: see templates/networks/network.html."""
    if network.role is not None:
        return "", None
    if caller.member_id is None:
        return "sign_in", None
    async with at() as connection:
        if await memberships.suspended_sentence(connection, network, caller.member_id) is not None:
            return "suspended", None
        if network.row["visibility"] != "private":
            return "join", None
        asked = await memberships.SQL.my_request(connection, network=network.id, member=caller.member_id)
    return ("asked", asked["asked_at"]) if asked is not None else ("ask", None)


async def about(request: Request) -> Response:
    """What it is for, and who runs it."""
    async with reading(request) as (connection, caller):
        seen = await see(request, connection, caller, "about", need="see")
        running = await networks.SQL.runners(connection, network=seen.network.id)
    return seen.page(request, "networks/about.html", running=running)


async def new_page(request: Request) -> Response:
    """The form of a network, or of a sub-group."""
    return await _new_page(request, request.query_params.get("parent", ""))


async def _new_page(
    request: Request, parent: str, form: Form | None = None, error: ForumError | None = None
) -> Response:
    async with reading(request) as (connection, caller):
        _ = caller.member
        frame = await shell.frame(request, connection)
        above = None
        if parent:
            if not matches(SlugConvertor, parent):
                raise NotFound
            above = await access.require_network(connection, caller, parent, "run")
    if above is None and not caller.administrator:
        raise Forbidden("Only administrators of the site may make a network.")
    allowed = _allowed_below(None if above is None else above.row["visibility"])
    values = dict.fromkeys(FIELDS, "") | {"kind": SUB_GROUP_KIND, "visibility": "private", "listed": True}
    if form is not None:
        values |= {name: form.text(name) for name in ("name", "slug", "kind", "visibility", "purpose")}
    return answers.page(
        request, "networks/settings.html", status=200 if error is None else error.status,
        shell=frame.shell("networks"), network=None, parent=above, values=values, errors=_errors(error, "slug"),
        key=(form.text("key") if form is not None else "") or new_key(), action="/networks", kinds=networks.KINDS,
        visibilities=allowed,
    )  # fmt: skip


def _allowed_below(parent: str | None) -> Sequence[str]:
    """The visibilities that a network may have below one of this visibility; all of them where there is none above."""
    breadth = networks.access_breadth(parent or "public")
    return [each for each in networks.VISIBILITIES if networks.access_breadth(each) <= breadth]


def _errors(error: ForumError | None, otherwise: str) -> Mapping[str, str]:
    """Sentences by field; what belongs to no field stands at the one that it came from most likely."""
    if error is None:
        found: Mapping[str, str] = {}
    else:
        found = error.errors if isinstance(error, Invalid) else {otherwise: error.detail}
    return {name: found.get(name, "") for name in FIELDS}


async def create(request: Request) -> Response:
    """Make a network."""
    form = await form_of(request)
    caller = await writer_of(request, "start")
    parent = form.text("parent")
    try:
        row = await networks.create(
            site_of(request).db, caller, name=form.text("name"), slug=form.text("slug"), kind=form.text("kind"),
            parent=parent or None, visibility=form.text("visibility", "private"), purpose=form.text("purpose"),
            key=form.key(request),
        )  # fmt: skip
    except (Invalid, Conflict) as error:
        return await _new_page(request, parent, form, error)
    return answers.go(f"/networks/{row['slug']}")


async def settings_page(request: Request) -> Response:
    """Name, purpose, about, who sees it: for who runs it."""
    return await _settings_page(request)


async def _settings_page(request: Request, form: Form | None = None, error: ForumError | None = None) -> Response:
    async with reading(request) as (connection, caller):
        frame = await shell.frame(request, connection)
        network = await access.require_network(connection, caller, request.path_params["slug"], "run")
        row = await networks.current(connection, network.id)
        above = None if row["parent_id"] is None else await networks.current(connection, row["parent_id"])
    allowed = _allowed_below(None if above is None else above["visibility"])
    values: dict[str, Any] = {name: row[name] for name in FIELDS}
    if form is not None:
        values |= {name: form.text(name) for name in ("name", "purpose", "about", "visibility", "posting")}
        values["listed"] = form.truth("listed")
    return answers.page(
        request, "networks/settings.html", status=200 if error is None else error.status,
        shell=frame.shell(f"network:{network.id}"), network=row, parent=None, values=values,
        errors=_errors(error, "name"), action=f"/networks/{network.slug}/settings",
        kinds=networks.KINDS, visibilities=allowed,
    )  # fmt: skip


async def describe(request: Request) -> Response:
    """Change what a network says of itself, and who sees it."""
    form = await form_of(request)
    caller = await writer_of(request, "write")
    changes = {name: form.text(name) for name in ("name", "purpose", "about", "visibility", "posting")}
    slug: str = request.path_params["slug"]
    try:
        await networks.describe(site_of(request).db, caller, slug, **changes, listed=form.truth("listed"))
    except Invalid as error:
        return await _settings_page(request, form, error)
    return answers.go(f"/networks/{slug}/about")


async def join(request: Request) -> Response:
    """Come in, or ask to."""
    form = await form_of(request)
    caller = await writer_of(request, "write")
    db, slug = site_of(request).db, request.path_params["slug"]
    async with reading(request) as (connection, _):
        network = await access.require_network(connection, caller, slug, "see")
    if network.row["visibility"] == "private" and network.role is None:
        await memberships.ask(db, caller, slug, form.text("body"))
    else:
        await memberships.join(db, caller, slug)
    return answers.done(request, f"/networks/{slug}")


async def leave_page(request: Request) -> Response:
    """Asks first (sentence 38)."""
    return await _leave_page(request, "")


async def _leave_page(request: Request, error: str, status: int = 200) -> Response:
    async with reading(request) as (connection, caller):
        frame = await shell.frame(request, connection)
        network = await access.require_network(connection, caller, request.path_params["slug"], "see")
    if network.role is None:
        _ = caller.member
        raise NotFound
    return answers.page(
        request, "networks/leave.html", status=status, shell=frame.shell(f"network:{network.id}"), network=network,
        error=error,
    )  # fmt: skip


async def leave(request: Request) -> Response:
    """Leave; one's posts stay."""
    caller = await writer_of(request, "write")
    try:
        await memberships.leave(site_of(request).db, caller, request.path_params["slug"])
    except Conflict as error:
        return await _leave_page(request, error.detail, error.status)
    return answers.done(request, "/networks")


async def invitations_page(request: Request) -> Response:
    """The links that still count, and the form of a new one."""
    return await _invitations_page(request)


async def _invitations_page(
    request: Request, *, link: str = "", form: Form | None = None, error: Invalid | None = None
) -> Response:
    db, slug = site_of(request).db, request.path_params["slug"]
    caller = await caller_of(request)
    network, rows = await memberships.invitations(db, caller, slug)
    async with reading(request) as (connection, _):
        seen = await see(request, connection, caller, "invitations", need="see")
    values: dict[str, Any] = {"role": "member", "max_uses": "1", "days": str(memberships.INVITATION_DAYS)}
    if form is not None and error is not None:
        values = {name: form.text(name) for name in values}
    errors = {} if error is None else error.errors
    roles = memberships.ROLES if network.may_run else memberships.ROLES[:2]
    return seen.page(
        request, "networks/invitations.html", status=200 if error is None else error.status, invitations=rows,
        link=link, roles=roles, values=values,
        errors={name: errors.get(name, "") for name in ("role", "max_uses", "days")},
    )  # fmt: skip


async def invite(request: Request) -> Response:
    """Make a link, shown once; or end one."""
    form = await form_of(request)
    caller = await writer_of(request, "write")
    site, slug = site_of(request), request.path_params["slug"]
    revoked = form.number("revoke")
    if revoked is not None:
        await memberships.revoke_invitation(site.db, caller, slug, revoked)
        return answers.done(request, f"/networks/{slug}/invitations")
    try:
        made = await memberships.invite(
            site.db, caller, slug, role=form.text("role", "member"), max_uses=form.number("max_uses") or 0,
            days=form.number("days") or 0,
        )  # fmt: skip
    except Invalid as error:
        return await _invitations_page(request, form=form, error=error)
    return await _invitations_page(request, link=f"{site.settings.base_url}/invitations/{made.token}")


def routes() -> list[BaseRoute]:
    """Networks. `new` cannot be a slug: its route comes first."""
    return [
        Route("/networks", tree, methods=["GET"]),
        Route("/networks", create, methods=["POST"]),
        Route("/networks/new", new_page, methods=["GET"]),
        Route("/networks/{slug:slug}", show, methods=["GET"]),
        Route("/networks/{slug:slug}/about", about, methods=["GET"]),
        Route("/networks/{slug:slug}/settings", settings_page, methods=["GET"]),
        Route("/networks/{slug:slug}/settings", describe, methods=["POST"]),
        Route("/networks/{slug:slug}/join", join, methods=["POST"]),
        Route("/networks/{slug:slug}/leave", leave_page, methods=["GET"]),
        Route("/networks/{slug:slug}/leave", leave, methods=["POST"]),
        Route("/networks/{slug:slug}/invitations", invitations_page, methods=["GET"]),
        Route("/networks/{slug:slug}/invitations", invite, methods=["POST"]),
    ]
