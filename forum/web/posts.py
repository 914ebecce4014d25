"""Posts: reply, the permalink, and the acts on one post."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from forum import holds, posts, removal, submissions
from forum.db import Connection
from forum.errors import Forbidden, ForumError, Invalid, Unauthenticated
from forum.standing import Caller, Thread
from forum.submissions import Submission
from forum.views import Row, words
from forum.web import answers, shell
from forum.web.context import reading, site_of, writer_of
from forum.web.contributions import Noun, Pages, Place
from forum.web.forms import form_of, new_key, query_number, wants_fragment


def place_in_thread(post: Row) -> str:
    """Where a post is read: its thread, opened around it."""
    return f"/threads/{post['thread_id']}?at={post['number']}#post-{post['id']}"


def channel_of(post: Row) -> str:
    """The channel that tells of a post."""
    return f"thread:{post['thread_id']}"


async def find(connection: Connection, caller: Caller, post_id: int) -> Place:
    """A post as the caller stands to it. Raises NotFound."""
    thread, post = await posts.require(connection, caller, post_id)
    network = {"id": post["network_id"], "slug": post["network_slug"], "name": post["network_name"]}
    title = thread.row["title"] or words.TITLE_REMOVED
    return Place(post, network, may_on(thread, post, caller), place_in_thread(post), title)


def may_on(thread: Thread, post: Row, caller: Caller) -> frozenset[str]:
    """Which acts this caller has on this post, as the domain would allow them now."""
    writes = any(holder.may_write for holder in thread.holders)
    own = caller.member_id is not None and post["author_id"] == caller.member_id
    holder = thread.holder(post["network_id"])
    writes_own = own and holder is not None and holder.may_write
    decides = post["network_id"] in thread.moderates
    acts = {
        "shown": {
            "reply": writes and not thread.locked,
            "quote": writes and not thread.locked,
            "edit": writes_own and not thread.locked,
            "withdraw": own,
            "withdraw_for_now": writes_own,
            "report": caller.member_id is not None and not own,
            "remove": decides,
            "hold": bool(thread.moderates) and not decides,
        },
        "withdrawn": {"undo": writes_own, "read": own},
        "removed": {"restore": decides, "read": decides},
        "held": {"release": bool(thread.moderates), "restore": decides, "read": decides, "remove": decides},
    }
    return frozenset(act for act, allowed in acts.get(post["state"], {}).items() if allowed)


NOUN: Final = Noun(
    name="post",
    find=find,
    draw=lambda views, row: views.post(row),
    channel=channel_of,
    edit=posts.edit,
    history=posts.history,
    withdraw=posts.withdraw,
    undo=posts.undo,
    remove=removal.remove_post,
    restore=removal.restore_post,
    menu="posts/_menu.html",
    hold=holds.hold_post,
    release=holds.release_post,
)
PAGES: Final = Pages(NOUN)


async def permalink(request: Request) -> Response:
    """To the post in its thread; for our scripts the acts that I have on it."""
    if wants_fragment(request):
        return await PAGES.acts(request)
    async with reading(request) as (connection, caller):
        place = await PAGES.find(request, connection, caller)
    return answers.go(place.at)


def composer_of(thread: Thread, *, said: str = "", error: str = "", key: str = "") -> dict[str, Any] | None:
    """What the composer of a thread is made of, or None where the caller may not write. See templates/composer.html."""
    mine = [{"id": holder.id, "name": holder.name} for holder in thread.holders if holder.may_write]
    if not mine or thread.locked:
        return None
    return {"key": key or new_key(), "text": said, "error": error, "networks": mine, "through": mine[0]["id"]}


def closed_of(request: Request, thread: Thread, caller: Caller) -> str:
    """The sentence that stands in the composer's place; "" where there is a composer."""
    views = site_of(request).views
    if thread.locked:
        return words.locked(thread.row["locked_at"], views.now(), views.zone)
    if caller.member_id is None:
        return "Sign in to reply."
    try:
        thread.through()
    except Forbidden as error:
        return error.detail
    return ""


async def reply_page(request: Request) -> Response:
    """Answer one post, on a page of its own: for who has no script."""
    return await _reply_page(request, to=query_number(request, "to"), quote=query_number(request, "quote"))


async def _reply_page(
    request: Request, *, to: int | None, quote: int | None = None, said: str = "", key: str = "",
    error: ForumError | None = None,
) -> Response:  # fmt: skip
    thread_id: int = request.path_params["thread"]
    async with reading(request) as (connection, caller):
        if caller.member_id is None:
            raise Unauthenticated("Sign in to reply.")
        frame = await shell.frame(request, connection, [f"thread:{thread_id}"])
        opening = await posts.SQL.opening(connection, thread=thread_id)
        thread, answered = await posts.require(connection, caller, to or opening or 0)
    if thread.id != thread_id:
        raise Invalid("to", "That post is not in this thread.")
    if quote is not None and not said:
        said = f"> [#{quote}]\n\n"
    holder = thread.holder(answered["network_id"]) or thread.opened_through
    return answers.page(
        request, "threads/reply.html", status=200 if error is None else error.status,
        shell=frame.shell(f"thread:{holder.id}"),
        thread={"id": thread.id, "title": thread.row["title"]}, to=answered, parent=answered["id"],
        composer=composer_of(thread, said=said, error="" if error is None else error.detail, key=key),
        closed=closed_of(request, thread, caller), network=holder,
    )  # fmt: skip


async def create(request: Request) -> Response:
    """Reply in a thread."""
    form = await form_of(request)
    caller = await writer_of(request, "write")
    thread_id: int = request.path_params["thread"]
    db, parent = site_of(request).db, form.number("parent")
    try:
        row = await submissions.reply(
            db, caller, thread_id, form.text("body"), parent=parent, through=form.number("network"),
            key=form.key(request),
        )  # fmt: skip
    except Invalid as error:
        if wants_fragment(request):
            raise
        # What cannot be answered is not shown as what is: the form answers the thread.
        to = None if "parent" in error.errors else parent
        return await _reply_page(request, to=to, said=form.text("body"), key=form.text("key"), error=error)
    if isinstance(row, Submission):
        return answers.waits(request, row.id)
    return answers.written(
        request, site_of(request).views.post(row), object_id=row["id"], version=row["version"],
        channel=channel_of(row), at=place_in_thread(row), status=201,
    )  # fmt: skip


def routes() -> list[BaseRoute]:
    """Posts."""
    return [
        Route("/threads/{thread:id}/reply", reply_page, methods=["GET"]),
        Route("/threads/{thread:id}/posts", create, methods=["POST"]),
        Route("/posts/{id:id}", permalink, methods=["GET"]),
        *PAGES.routes(),
    ]
