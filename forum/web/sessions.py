"""Signing in and out, and the two kinds of link that let somebody in: invitations and one-time links.

Invariants: opening a link changes nothing, since mail scanners open them all; a new session id at every sign-in, and
the old session ends; the answer to a wrong address and to a wrong password is the same, and costs the same.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from forum import members, memberships, networks, sessions
from forum.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthenticated
from forum.web import answers, shell
from forum.web.context import Site, caller_of, counted, reading, site_of
from forum.web.forms import Form, form_of, labelled, new_key
from forum.web.security import is_local_path, next_of

MAX_AGE_S: Final = sessions.SESSION_DAYS * 24 * 3600
GUEST_FACES: Final = 6
DOORS: Final = ("/sign-", "/links/", "/invitations/")
"""Pages from which nobody wants to be led back to them."""

BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrom", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)


def set_cookie(site: Site, response: Response, token: str) -> None:
    """Give a browser its session."""
    response.set_cookie(
        site.cookie, token, max_age=MAX_AGE_S, path="/", secure=site.secure, httponly=True, samesite="lax"
    )


def clear_cookie(site: Site, response: Response) -> None:
    """Take a browser's session away."""
    response.delete_cookie(site.cookie, path="/", secure=site.secure, httponly=True, samesite="lax")


def browser_of(request: Request) -> str:
    """What a member knows their browser by: "Firefox on Windows"; nothing more of what it says is kept."""
    said = request.headers.get("user-agent", "")
    name = next((name for mark, name in BROWSERS if mark in said), "")
    system = next((name for mark, name in SYSTEMS if mark in said), "")
    return " on ".join(part for part in (name, system) if part)


async def started(request: Request, email: str, password: str) -> tuple[str, int]:
    """Sign somebody in whose attempt was counted; ends the session that the browser had.

    Returns the cookie's token and the member's id.

    Raises Unauthenticated, Forbidden (suspended), Unavailable.
    """
    site = site_of(request)
    token, member = await sessions.sign_in(site.db, email, password, browser=browser_of(request))
    await site.limits.forgive("sign_in", email)
    await end_old(request)
    return token, member


async def end_old(request: Request) -> None:
    """End the session that came with the request, if there is one."""
    try:
        caller = await caller_of(request)
        if caller.session_id is not None:
            await sessions.sign_out(site_of(request).db, caller)
    except (Unauthenticated, NotFound):
        pass  # it has ended by itself meanwhile


async def sign_in_page(request: Request) -> Response:
    """The form; who is signed in already goes on. It leads back to the page that it was asked for from."""
    asked = next_of([request.query_params.get("next")], "")
    if (await caller_of(request)).member_id is not None:
        return answers.go(asked or "/")
    why = answers.ENDED if answers.has_ended(request) else answers.NEEDED if asked else ""
    before = answers.page_before(request)
    return answers.sign_in(request, why=why, on=asked or next_of(["" if before.startswith(DOORS) else before], ""))


async def sign_in(request: Request) -> Response:
    """Sign in, and go on to where one came from; with what was being written, if the session ended in mid-writing."""
    form = await form_of(request)
    email = form.text("email")
    on = next_of([form.optional("next")], "")
    try:
        await counted(request, "sign_in", email)
        token, _ = await started(request, email, form.text("password"))
    except (Unauthenticated, Forbidden, TooMany, Invalid) as error:
        response = answers.sign_in(
            request, status=error.status, email=email[:320], error=error.detail, on=on, action=form.text("action"),
            kept=form.text("kept"),
        )  # fmt: skip
        if isinstance(error, TooMany):
            response.headers["Retry-After"] = str(error.retry_after_s)
        return response
    response = _resumed(request, form, on) or answers.go(on or "/")
    set_cookie(site_of(request), response, token)
    return response


def _resumed(request: Request, form: Form, on: str) -> Response | None:
    """The text that waited while somebody signed in again, with the button that posts it; None where nothing waited."""
    action = form.text("action")
    try:
        fields = msgspec.json.decode(form.text("kept") or "[]", type=list[tuple[str, str]])
    except msgspec.MsgspecError:
        return None
    if not fields or not is_local_path(action):
        return None
    return answers.page(request, "account/resume.html", action=action, fields=labelled(fields), next=on, key=new_key())


async def sign_out_page(request: Request) -> Response:
    """Asks first: drafts go. Who is signed out reads so, and can sign in again."""
    async with reading(request) as (connection, caller):
        if caller.member_id is None:
            return answers.sign_in(request, why=answers.SIGNED_OUT)
        frame = await shell.frame(request, connection)
    return answers.page(request, "account/sign_out.html", shell=frame.shell())


async def sign_out(request: Request) -> Response:
    """End this session, on all of its screens at once."""
    await end_old(request)
    response = answers.go("/sign-out")
    clear_cookie(site_of(request), response)
    return response


def _token_of(request: Request) -> str:
    token: str = request.path_params["token"]
    return token if re.fullmatch(r"[A-Za-z0-9_-]{10,100}", token) else "-"


async def invitation_page(request: Request) -> Response:
    """Who invites, and to what; or that the link does not count any more."""
    return await _invitation(request, {}, {})


async def _invitation(
    request: Request, values: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> Response:
    token = _token_of(request)
    async with reading(request) as (connection, _):
        frame = await shell.frame(request, connection)
        found = await memberships.invitation(connection, token)
        faces: Any = [] if found is None else await networks.SQL.runners(connection, network=found["network_id"])
    fields = ("email", "name", "title", "organisation")
    return answers.page(
        request, "account/invitation.html", status=status if found is not None else 404, shell=frame.shell(),
        invitation=found, faces=faces[:GUEST_FACES], token=token,
        values={name: values.get(name, "") for name in fields},
        errors={name: errors.get(name, "") for name in (*fields, "password", "form")},
    )  # fmt: skip


async def accept_invitation(request: Request) -> Response:
    """Take the place: with the account that is signed in, or with a new one."""
    site, token = site_of(request), _token_of(request)
    form = await form_of(request)
    caller = await caller_of(request)
    await counted(request, "account", caller.member_id)
    if caller.member_id is not None:
        try:
            slug = await memberships.accept(site.db, caller, token)
        except NotFound:
            return await _invitation(request, {}, {}, 404)
        return answers.go(f"/networks/{slug}")
    values = {name: form.text(name) for name in ("email", "name", "title", "organisation")}
    try:
        member, slug = await members.join_by_invitation(site.db, token, password=form.text("password"), **values)
    except Invalid as error:
        return await _invitation(request, values, error.errors, error.status)
    except Conflict as error:
        return await _invitation(request, values, {"form": error.detail}, error.status)
    except NotFound:
        return await _invitation(request, values, {}, 404)
    response = answers.go(f"/networks/{slug}")
    set_cookie(site, response, await sessions.start(site.db, member, browser=browser_of(request)))
    return response


async def link_page(request: Request) -> Response:
    """The form that sets a password, or why there is none: the link does not count any more, they are suspended."""
    return await _link(request, {})


async def _link(request: Request, errors: Mapping[str, str], status: int = 200) -> Response:
    token, refused = _token_of(request), ""
    async with reading(request) as (connection, _):
        try:
            found = await members.member_of_link(connection, token)
            status = 404 if found is None else status
        except Forbidden as error:
            found, refused, status = None, error.detail, error.status
    return answers.page(
        request, "account/link.html", status=status, link=found, refused=refused, token=token,
        errors={"password": errors.get("password", "")},
    )  # fmt: skip


async def use_link(request: Request) -> Response:
    """Set the password, end all sessions, and sign in."""
    site, token = site_of(request), _token_of(request)
    form = await form_of(request)
    await counted(request, "account", None)
    try:
        member = await members.set_password_by_link(site.db, token, form.text("password"))
    except Invalid as error:
        return await _link(request, error.errors, error.status)
    except (NotFound, Forbidden):
        return await _link(request, {}, 404)
    response = answers.go("/")
    set_cookie(site, response, await sessions.start(site.db, member, browser=browser_of(request)))
    return response


def routes() -> list[BaseRoute]:
    """Sign-in, sign-out, invitations, one-time links."""
    return [
        Route("/sign-in", sign_in_page, methods=["GET"]),
        Route("/sign-in", sign_in, methods=["POST"]),
        Route("/sign-out", sign_out_page, methods=["GET"]),
        Route("/sign-out", sign_out, methods=["POST"]),
        Route("/invitations/{token}", invitation_page, methods=["GET"]),
        Route("/invitations/{token}", accept_invitation, methods=["POST"]),
        Route("/links/{token}", link_page, methods=["GET"]),
        Route("/links/{token}", use_link, methods=["POST"]),
    ]
