"""Notifications: all that I am told, and marking it as read."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from forum import networks, notifications, threads
from forum.errors import Invalid
from forum.web import answers, shell
from forum.web.context import reading, site_of, writer_of
from forum.web.forms import form_of, is_id, query_number

MAX_MARKED = 500


async def show(request: Request) -> Response:
    """Newest first."""
    async with reading(request) as (connection, caller):
        member = caller.member
        frame = await shell.frame(request, connection)
        before = query_number(request, "before")
        rows = await notifications.listed(connection, member, before=before, limit=notifications.PAGE + 1)
    shown = rows[: notifications.PAGE]
    after = f"/notifications?before={shown[-1]['id']}" if len(rows) > notifications.PAGE else ""
    return answers.page(
        request, "notifications/notifications.html", shell=frame.shell("notifications"), notes=shown, after=after,
        paged=before is not None,
    )  # fmt: skip


async def mark_read(request: Request) -> Response:
    """Some of them by `ids`, or all; with `threads=all` all threads of my networks."""
    form = await form_of(request)
    caller = await writer_of(request, "mark")
    db = site_of(request).db
    if form.text("threads") == "all":
        async with reading(request) as (connection, _):
            slugs = [row["slug"] for row in await networks.mine(connection, caller.member)]
        await threads.mark_all_read(db, caller, slugs)
        return answers.done(request, "/")
    said = [part for value in form.texts("ids") for part in value.replace(",", " ").split()]
    if len(said) > MAX_MARKED or not all(is_id(part) for part in said):
        raise Invalid("ids", f"These are at most {MAX_MARKED} whole numbers.")
    await notifications.mark_read(db, caller, [int(part) for part in said] if form.texts("ids") else None)
    return answers.done(request, "/notifications")


def routes() -> list[BaseRoute]:
    """Notifications."""
    return [
        Route("/notifications", show, methods=["GET"]),
        Route("/notifications/read", mark_read, methods=["POST"]),
    ]
