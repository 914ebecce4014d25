"""Submissions: what newcomers wrote, for its author and for the moderators who read it first."""

from typing import Final

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from forum import contributions, removal, submissions, text
from forum.db import Row
from forum.errors import Invalid
from forum.standing import Caller
from forum.web import answers, shell
from forum.web.context import reading, site_of, writer_of
from forum.web.forms import Form, cursor, form_of, new_key, place_of, wants_fragment
from forum.web.networks import see

PAGE: Final = 50


async def waiting(request: Request) -> Response:
    """What waits in a network, the oldest first."""
    slug: str = request.path_params["slug"]
    async with reading(request) as (connection, caller):
        seen = await see(request, connection, caller, "submissions", need="moderate")
        after = place_of(request, "after", tuple[int])
        rows = await submissions.waiting(
            connection, caller, slug, after=None if after is None else after[0], limit=PAGE + 1
        )
    shown = rows[:PAGE]
    more = f"/networks/{slug}/submissions?after={cursor(shown[-1]['id'])}" if len(rows) > PAGE else ""
    return seen.page(request, "networks/submissions.html", submissions=shown, after=more, reasons=removal.REASONS)


async def show(request: Request) -> Response:
    """One of them: to its author where it stands, to a moderator with the decision."""
    return await _show(request)


async def _show(request: Request, form: Form | None = None, error: Invalid | None = None) -> Response:
    async with reading(request) as (connection, caller):
        frame = await shell.frame(request, connection)
        row, decides = await submissions.find(connection, caller, request.path_params["submission"])
    html = ""
    if row["body"] is not None:
        rendered = await text.render_async(row["body"], whose=caller.member_id, quoting=row["noun"] != "message")
        html = text.expand(rendered.html, row["mention_names"], None, absent=text.QUOTE_LEFT_OUT)
    return answers.page(
        request, "submissions/submission.html", status=200 if error is None else error.status,
        shell=frame.shell(f"network:{row['network_id']}"), s=row, html=Markup(html), decides=decides,  # noqa: S704
        mine=row["member_id"] == caller.member_id, reasons=removal.REASONS, note=form.text("note") if form else "",
        error="" if error is None else error.detail, key=new_key(), at=_at(row["noun"], row["object_id"]),
    )  # fmt: skip


def _at(noun: contributions.Noun | str, object_id: int | None) -> str:
    """Where what it has become is read; "" where it has become nothing."""
    return "" if object_id is None else f"/{noun}s/{object_id}"


async def decide(request: Request) -> Response:
    """Approve, decline, or take one's own back: the button names which."""
    form = await form_of(request)
    state = form.text("state")
    caller = await writer_of(request, "write" if state == "withdrawn" else "moderate")
    async with reading(request) as (connection, _):
        before, _ = await submissions.find(connection, caller, request.path_params["submission"])
    try:
        row = await _decide(request, caller, state, form)
    except Invalid as error:
        if wants_fragment(request) or state != "declined":
            raise
        return await _show(request, form, error)
    if not wants_fragment(request):
        at = _at(row["noun"], row["object_id"]) if state == "approved" else ""
        own = f"/submissions/{row['id']}" if state == "withdrawn" else ""
        return answers.go(at or own or _queue(before["network_slug"]))
    answer = answers.fragment("")
    answer.headers["Forum-Id"] = str(row["id"])
    return answer


def _queue(slug: str) -> str:
    return f"/networks/{slug}/submissions"


async def _decide(request: Request, caller: Caller, state: str, form: Form) -> Row:
    db, submission_id = site_of(request).db, request.path_params["submission"]
    if state == "approved":
        return await submissions.approve(db, caller, submission_id)
    if state == "declined":
        return await submissions.decline(db, caller, submission_id, form.text("reason"), form.text("note"))
    if state == "withdrawn":
        return await submissions.withdraw(db, caller, submission_id)
    raise Invalid("state", "The decision is approved, declined or withdrawn.")


def routes() -> list[BaseRoute]:
    """Submissions."""
    return [
        Route("/networks/{slug:slug}/submissions", waiting, methods=["GET"]),
        Route("/submissions/{submission:id}", show, methods=["GET"]),
        Route("/submissions/{submission:id}", decide, methods=["POST"]),
    ]
