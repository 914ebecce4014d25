"""Splitting a thread: the page on which posts are picked, and the act."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from forum import access, posts, splits, threads
from forum.errors import Conflict, Forbidden, ForumError, Invalid
from forum.web import answers, shell
from forum.web.context import reading, site_of, writer_of
from forum.web.forms import Form, form_of, is_id

SHOWN_AT_ONCE: Final = 500


async def split_page(request: Request) -> Response:
    """The posts of a thread, to pick from; `?from=77` has one picked already."""
    wanted = request.query_params.get("from", "")
    return await _page(request, picked={int(wanted)} if is_id(wanted) else set())


async def _page(request: Request, *, picked: set[int], title: str = "", error: ForumError | None = None) -> Response:
    thread_id: int = request.path_params["thread"]
    async with reading(request) as (connection, caller):
        frame = await shell.frame(request, connection, [f"thread:{thread_id}"])
        thread = await access.require_thread(connection, caller, thread_id)
        if not thread.opened_through.may_moderate:
            _ = caller.member
            raise Forbidden(f"Only moderators of {thread.opened_through.name} may do this.")
        row = await threads.current(connection, thread_id)
        shown = await posts.in_tree(connection, thread_id, limit=SHOWN_AT_ONCE)
    errors = error.errors if isinstance(error, Invalid) else {} if error is None else {"posts": error.detail}
    return answers.page(
        request, "threads/split.html", status=200 if error is None else error.status, shell=frame.shell(),
        thread=row, posts=shown, picked=picked, values={"title": title},
        errors={name: errors.get(name, "") for name in ("title", "posts")},
    )  # fmt: skip


async def split(request: Request) -> Response:
    """Move the picked posts into a thread of their own."""
    form = await form_of(request)
    caller = await writer_of(request, "moderate")
    picked = _picked(form)
    try:
        made = await splits.split(
            site_of(request).db, caller, request.path_params["thread"], sorted(picked), form.text("title")
        )
    except (Invalid, Conflict) as error:
        return await _page(request, picked=picked, title=form.text("title"), error=error)
    return answers.done(request, f"/threads/{made['id']}?order=tree")


def _picked(form: Form) -> set[int]:
    said = form.texts("post")
    if not all(map(is_id, said)):
        raise Invalid("posts", "Pick posts of this thread; its opening post stays where it is.")
    return {int(each) for each in said}


def routes() -> list[BaseRoute]:
    """Splitting."""
    return [
        Route("/threads/{thread:id}/split", split_page, methods=["GET"]),
        Route("/threads/{thread:id}/split", split, methods=["POST"]),
    ]
