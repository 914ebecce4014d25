"""My settings: who I am, how pages look and listen, my password, where I am signed in, my programs. Each part saves by
itself.
"""

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from forum import members, sessions
from forum.errors import Invalid
from forum.standing import Caller
from forum.web import answers, shell
from forum.web.context import counted, reading, site_of, writer_of
from forum.web.forms import Form, form_of

PROFILE: Final = ("name", "title", "organisation", "region", "about")
PARTS: Final = ("profile", "preferences", "password", "session", "token")
TOKEN_DAYS: Final = (30, 90, 365)


async def show(request: Request) -> Response:
    """All parts."""
    saved = request.query_params.get("saved", "")
    return await _show(request, saved=saved if saved in PARTS else "")


async def _show(
    request: Request, *, saved: str = "", form: Form | None = None, error: Invalid | None = None, made: str = ""
) -> Response:
    """`made` is a token that was just made: it is shown this once."""
    async with reading(request) as (connection, caller):
        frame = await shell.frame(request, connection)
        member = await members.current(connection, caller.member)
        mine = await sessions.mine(connection, caller)
        tokens = await sessions.tokens(connection, caller.member)
    values = {name: member[name] or "" for name in PROFILE}
    program: Mapping[str, Any] = {"name": "", "scopes": (), "days": str(sessions.TOKEN_DAYS)}
    errors: Mapping[str, str] = {} if error is None else error.errors
    program_errors: Mapping[str, str] = {}
    if form is not None and form.text("part") == "profile":
        values = {name: form.text(name) for name in PROFILE}
    elif form is not None and form.text("part") == "new_token":
        program = {"name": form.text("token_name"), "scopes": form.texts("scope"), "days": form.text("days")}
        errors, program_errors = {}, errors
    # A new password that is too short is the fault of the field that it came from.
    errors = {**errors, "new": errors.get("new", errors.get("password", ""))}
    return answers.page(
        request, "settings/settings.html", status=200 if error is None else error.status,
        shell=frame.shell("settings"), member=member, values=values, saved=saved, sessions=mine, tokens=tokens,
        errors={name: errors.get(name, "") for name in (*PROFILE, "old", "new")}, session_id=caller.session_id,
        made=made, program=program, program_errors=program_errors, token_days=TOKEN_DAYS,
        moderates=caller.administrator or bool(frame.shell().moderates),
    )  # fmt: skip


async def save(request: Request) -> Response:
    """One part of it."""
    form = await form_of(request)
    caller = await writer_of(request, "mark")
    part = form.text("part")
    if part == "new_token":
        return await _make_token(request, caller, form)
    try:
        await _save(request, caller, part, form)
    except Invalid as error:
        if part not in PARTS:
            raise
        return await _show(request, form=form, error=error)
    return answers.done(request, f"/settings?saved={part}")


async def _save(request: Request, caller: Caller, part: str, form: Form) -> None:
    site = site_of(request)
    if part == "profile":
        await members.edit_profile(site.db, caller, **{name: form.text(name) for name in PROFILE})
    elif part == "preferences":
        await members.set_preferences(
            site.db, caller, theme=form.text("theme", "auto"), keys=form.truth("keys"),
            enter_sends=form.truth("enter_sends"),
        )  # fmt: skip
    elif part == "password":
        await counted(request, "account", caller.member_id)
        await members.change_password(site.db, caller, form.text("old"), form.text("new"))
    elif part == "session":
        await sessions.end(site.db, caller, form.number("session") or 0)
    elif part == "token":
        await sessions.end_token(site.db, caller.member, form.number("token") or 0)
    else:
        raise Invalid("part", "These settings have no such part.")


async def _make_token(request: Request, caller: Caller, form: Form) -> Response:
    try:
        token = await sessions.make_token(
            site_of(request).db, caller, name=form.text("token_name"), scopes=("read", *form.texts("scope")),
            days=form.number("days") or 0,
        )  # fmt: skip
    except Invalid as error:
        return await _show(request, form=form, error=error)
    return await _show(request, made=token)


def routes() -> list[BaseRoute]:
    """Settings."""
    return [
        Route("/settings", show, methods=["GET"]),
        Route("/settings", save, methods=["POST"]),
    ]
