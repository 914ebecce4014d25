"""Direct conversations: my list, one as a room's page, and the way into one from somebody's profile."""

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from forum import access, conversations
from forum.db import Connection
from forum.errors import ForumError, Invalid
from forum.standing import Caller, Conversation
from forum.web import answers, rooms, shell
from forum.web.context import reading, site_of, writer_of
from forum.web.forms import Form, cursor, form_of, place_of, wants_fragment


async def mine(request: Request) -> Response:
    """All of mine, where something was said last first."""
    async with reading(request) as (connection, caller):
        _ = caller.member
        frame = await shell.frame(request, connection)
        before = place_of(request, "after", tuple[datetime, int])
        rows = await conversations.listed(connection, caller, before=before, limit=conversations.PAGE + 1)
    shown, after = rows[: conversations.PAGE], ""
    if len(rows) > conversations.PAGE:
        after = f"/conversations?after={cursor(shown[-1]['listed_at'], shown[-1]['id'])}"
    return answers.page(
        request, "conversations/conversations.html", shell=frame.shell("conversations"), conversations=shown,
        after=after, paged=before is not None,
    )  # fmt: skip


async def open_one(request: Request) -> Response:
    """Into the conversation with a member: the one that there is, or a new one."""
    caller = await writer_of(request, "open")
    room = await conversations.open(site_of(request).db, caller, request.path_params["member"])
    return answers.go(f"/conversations/{room.room_id}")


async def show(request: Request) -> Response:
    """One of mine, at its end or at the unread line."""
    return await _show(request)


async def _show(request: Request, form: Form | None = None, error: ForumError | None = None) -> Response:
    async with reading(request) as (connection, caller):
        room = await _require(request, connection, caller)
        frame = await shell.frame(request, connection, [f"room:{room.room_id}"])
        room = await _require(request, connection, caller)
        context = await rooms.content(request, connection, caller, room)
        composer = await rooms.composer_of(request, connection, room, form, error)
    return answers.page(
        request, "conversations/conversation.html", status=200 if error is None else error.status,
        shell=frame.shell("conversations"), other=room.other, composer=composer, closed=room.closed, join=None,
        **context,
    )  # fmt: skip


async def _require(request: Request, connection: Connection, caller: Caller) -> Conversation:
    return await access.require_conversation(connection, caller, request.path_params["conversation"])


async def earlier(request: Request) -> Response:
    """Earlier messages: to be put above the others by our script, else as a page."""
    if not wants_fragment(request):
        return await _show(request)
    async with reading(request) as (connection, caller):
        return await rooms.earlier_in(request, connection, caller, await _require(request, connection, caller))


async def create(request: Request) -> Response:
    """Send a message."""
    form = await form_of(request)
    caller = await writer_of(request, "say")
    site, room_id = site_of(request), request.path_params["conversation"]
    try:
        row = await conversations.say(
            site.db, caller, room_id, form.text("body"), reply_to=form.number("reply_to"), key=form.key(request)
        )
    except Invalid as error:
        if wants_fragment(request):
            raise
        return await _show(request, form, error)
    return answers.written(
        request, site.views.message(row), object_id=row["id"], version=row["version"], channel=rooms.channel_of(row),
        at=f"/conversations/{room_id}#message-{row['id']}", status=201,
    )  # fmt: skip


async def read(request: Request) -> Response:
    """Everything up to this number is read."""
    form = await form_of(request)
    caller = await writer_of(request, "mark")
    number = rooms.number_read(form)
    await conversations.mark_read(site_of(request).db, caller, request.path_params["conversation"], number)
    return Response(status_code=204)


def routes() -> list[BaseRoute]:
    """Direct conversations."""
    return [
        Route("/conversations", mine, methods=["GET"]),
        Route("/conversations/{conversation:id}", show, methods=["GET"]),
        Route("/conversations/{conversation:id}/messages", earlier, methods=["GET"]),
        Route("/conversations/{conversation:id}/messages", create, methods=["POST"]),
        Route("/conversations/{conversation:id}/read", read, methods=["POST"]),
        Route("/members/{member:id}/conversation", open_one, methods=["POST"]),
    ]
