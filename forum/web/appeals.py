"""Appeals: what the author of something removed is told, their form of appeal, and the pages of those who decide."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from forum import access, appeals, text
from forum.db import Connection, Row
from forum.errors import Conflict, ForumError, Invalid, NotFound
from forum.standing import Caller
from forum.web import answers, shell
from forum.web.context import reading, site_of, writer_of
from forum.web.contributions import draw_versions
from forum.web.forms import Form, form_of, new_key, query_number
from forum.web.networks import see

PAGE: Final = 50


async def show_removal(request: Request) -> Response:
    """For the author: why, and how to appeal. For who decides about the appeal: on to it."""
    return await _removal_page(request)


async def _removal_page(request: Request, form: Form | None = None, error: ForumError | None = None) -> Response:
    removal_id: int = request.path_params["removal"]
    async with reading(request) as (connection, caller):
        frame = await shell.frame(request, connection)
        try:
            row = await appeals.mine(connection, caller, removal_id)
        except NotFound:
            appeal_id = await appeals.of_removal(connection, caller, removal_id)
            if appeal_id is None:
                raise
            return answers.go(f"/appeals/{appeal_id}")
    return answers.page(
        request, "appeals/removal.html", status=200 if error is None else error.status, shell=frame.shell(), r=row,
        may_appeal=appeals.may_appeal(row), said="" if form is None else form.text("body"),
        error="" if error is None else error.detail, key=(form and form.text("key")) or new_key(),
        max_chars=appeals.MAX_BYTES,
    )  # fmt: skip


async def make(request: Request) -> Response:
    """Appeal."""
    form = await form_of(request)
    caller = await writer_of(request, "write")
    removal_id: int = request.path_params["removal"]
    try:
        await appeals.make(site_of(request).db, caller, removal_id, form.text("body"), key=form.key(request))
    except (Invalid, Conflict) as error:
        return await _removal_page(request, form, error)
    return answers.go(f"/removals/{removal_id}")


async def for_me(request: Request) -> Response:
    """All that wait for me, wherever."""
    async with reading(request) as (connection, caller):
        _ = caller.member
        frame = await shell.frame(request, connection)
        rows = await appeals.for_me(connection, caller)
    return answers.page(request, "appeals/mine.html", shell=frame.shell(), appeals=rows)


async def of_network(request: Request) -> Response:
    """What waits in a network's queue, and what was decided there."""
    async with reading(request) as (connection, caller):
        seen = await see(request, connection, caller, "appeals", need="moderate")
        before, slug = query_number(request, "before"), seen.network.slug
        waiting = await appeals.waiting(connection, seen.network.id)
        decided = await appeals.listed(connection, caller, slug, waiting=False, before=before, limit=PAGE + 1)
    shown = decided[:PAGE]
    after = f"/networks/{slug}/appeals?before={shown[-1]['id']}" if len(decided) > PAGE else ""
    return seen.page(request, "appeals/network.html", appeals=waiting, decided=shown, after=after)


async def show(request: Request) -> Response:
    """One appeal, with all that it takes to decide."""
    return await _appeal_page(request)


async def _appeal_page(request: Request, form: Form | None = None, error: Invalid | None = None) -> Response:
    async with reading(request) as (connection, caller):
        found = await appeals.case(connection, caller, request.path_params["appeal"])
        frame = await shell.frame(request, connection, await _channels(connection, caller, found))
        found = await appeals.case(connection, caller, request.path_params["appeal"])
    words = [(each["version"], each["at"], each["body"]) for each in found.words]
    versions = await draw_versions(site_of(request).db, caller, words)
    return answers.page(
        request, "appeals/appeal.html", status=200 if error is None else error.status, shell=frame.shell(),
        a=found.row, noun=found.noun, versions=versions, around=_around(found.around),
        answer="" if form is None else form.text("answer"), error="" if error is None else error.detail,
    )  # fmt: skip


async def _channels(connection: Connection, caller: Caller, found: appeals.Case) -> Sequence[str]:
    """What clears the words that stand near, for who may follow it: who decides from elsewhere may not."""
    channel = f"thread:{found.row['thread_id']}" if found.noun == "post" else f"room:{found.row['room_id']}"
    may = await access.may_follow(connection, [(caller.member_id, channel)])
    return [channel] if may else []


def _around(rows: Sequence[Row]) -> Sequence[Mapping[str, Any]]:
    """What stands near, without ways to what stands further."""
    return [
        {
            "row": row,
            "html": Markup(  # noqa: S704 - sanitised when written
                text.expand(row["html"], row["mention_names"], None, absent=text.QUOTE_LEFT_OUT)
            ),
        }
        for row in rows
    ]


async def decide(request: Request) -> Response:
    """Uphold the removal, or overturn it."""
    form = await form_of(request)
    caller = await writer_of(request, "moderate")
    appeal_id: int = request.path_params["appeal"]
    try:
        await appeals.decide(site_of(request).db, caller, appeal_id, form.text("outcome"), form.text("answer"))
    except Invalid as error:
        return await _appeal_page(request, form, error)
    return answers.go(f"/appeals/{appeal_id}")


def routes() -> list[BaseRoute]:
    """Removals, for their authors, and appeals."""
    return [
        Route("/removals/{removal:id}", show_removal, methods=["GET"]),
        Route("/removals/{removal:id}/appeal", make, methods=["POST"]),
        Route("/appeals", for_me, methods=["GET"]),
        Route("/appeals/{appeal:id}", show, methods=["GET"]),
        Route("/appeals/{appeal:id}", decide, methods=["POST"]),
        Route("/networks/{slug:slug}/appeals", of_network, methods=["GET"]),
    ]
