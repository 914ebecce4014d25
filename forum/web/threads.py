"""Threads: the page that opens at the first unread post, start, change, follow, read."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from forum import access, agreements, networks, posts, removal, rooms, search, stretches, submissions, threads
from forum.agreements import Agreement
from forum.db import Connection
from forum.errors import Conflict, Forbidden, ForumError, Invalid, NotFound
from forum.posts import Window
from forum.standing import Caller, Holder, Network, Thread
from forum.stretches import Stretch
from forum.submissions import Submission
from forum.views import Row, Views
from forum.web import answers, shell
from forum.web.context import credential, reading, site_of, writer_of
from forum.web.forms import Form, form_of, new_key, path_of, query_number, wants_fragment
from forum.web.posts import closed_of, composer_of
from forum.web.ranges import Ranges
from forum.web.shell import Frame

PLACES: Final = ("at", "after", "before", "order")
ORDERS: Final = ("tree", "time")
MAX_READ_AT_ONCE: Final = 1_000
HEAD: Final = ("id", "network_id", "title", "audience", "locked_at", "shown", "people")


async def show(request: Request) -> Response:
    """A thread; without a place in the address it opens at the first unread post, by redirect."""
    thread_id: int = request.path_params["thread"]
    site = site_of(request)
    asked = request.query_params
    place = ("page", thread_id, *(asked.get(name) for name in PLACES))
    look = await stretches.look(site.db, credential(request), thread_id, site.stretches.get(place))
    frame = await shell.around(request, site.db.connection, look.visit)
    caller, thread = frame.caller, look.thread
    if caller.member_id is not None and not any(name in asked for name in PLACES):
        async with site.db.connection() as connection:
            first = await threads.SQL.first_unread(connection, member=caller.member_id, thread=thread_id)
        if first is not None and first["number"] is not None and first["number"] > 1:
            return answers.go(f"/threads/{thread_id}?at={first['number']}#post-{first['post']}")
    stretch = look.kept
    if stretch is None:
        async with site.db.connection() as connection:
            window = await _window(request, connection, thread_id)
        stretch = site.stretches.keep_posts(place, look, window, (window.opening, *window.posts))
    if caller.member_id is None:
        return _to_guest(request, frame, thread, stretch)
    return HTMLResponse(_drawn(request, frame, thread, stretch))


def _to_guest(request: Request, frame: Frame, thread: Thread, stretch: Stretch) -> Response:
    """The page as every guest sees it: kept with its stretch, by the day and by everything else that it is made of."""
    views = site_of(request).views
    facts = (views.today(), frame.channels, thread.row)
    kept = stretch.drawn.get("guest")
    if kept is None or kept[0] != facts:
        kept = stretch.drawn["guest"] = (facts, _drawn(request, frame, thread, stretch).encode())
    return HTMLResponse(kept[1])


def _drawn(request: Request, frame: Frame, thread: Thread, stretch: Stretch) -> str:
    caller = frame.caller
    context = _content(request, caller, thread, stretch)
    holder = _holder_for(thread)
    return site_of(request).views.page(
        "threads/thread.html", shell=frame.shell(f"thread:{holder.id}"), network=holder,
        above=holder.parent,
        composer=composer_of(thread) if caller.member_id is not None else None,
        closed=closed_of(request, thread, caller), join=_join(thread, caller),
        may_change=_may_change(thread, caller), **context,
    )  # fmt: skip


async def _window(request: Request, connection: Connection, thread_id: int) -> Window:
    """The posts that the address asks for. Raises Invalid."""
    order = request.query_params.get("order", "tree")
    if order not in ORDERS:
        raise Invalid("order", "The order is tree or time.")
    if order == "time":
        return await posts.window_by_time(
            connection, thread_id, at=query_number(request, "at"), after=query_number(request, "after"),
            before=query_number(request, "before"),
        )  # fmt: skip
    return await posts.window(
        connection, thread_id, at=query_number(request, "at"), after=path_of(request, "after"),
        before=path_of(request, "before"),
    )  # fmt: skip


def _content(request: Request, caller: Caller, thread: Thread, stretch: Stretch) -> dict[str, Any]:
    """What the page shows of the thread itself: see templates/threads/thread.html."""
    window: Window = stretch.found
    me, row = caller.member_id, thread.row
    read = Ranges.parse(row["numbers"])
    unread = [] if me is None else [
        post for post in window.posts
        if post["state"] == "shown" and post["author_id"] != me and post["number"] not in read
    ]  # fmt: skip
    read_at = row["read_at"]
    all_later = read_at is not None and all(post["created_at"] > read_at for post in unread)
    return {
        **_places(request, window, thread.id),
        "thread": _head(thread),
        "opening": window.opening,
        "posts": window.posts,
        "drawn": stretch.drawn,
        "unread": {post["number"] for post in unread},
        "since": since(read_at, site_of(request).views) if all_later else "",
        "read": "" if me is None else row["numbers"],
        "following": None if me is None else row["watching"],
    }


def _head(thread: Thread) -> Mapping[str, Any]:
    """What templates/threads/_head.html and the side show of a thread: the same for every viewer."""
    networks_ = [{name: getattr(each, name) for name in ("id", "slug", "name", "since")} for each in thread.holders]
    return {name: thread.row[name] for name in HEAD} | {"networks": networks_}


def _places(request: Request, window: Window, thread_id: int) -> dict[str, Any]:
    """The order, what lies beyond a stretch of the thread, and where it begins and ends."""
    by_time = request.query_params.get("order") == "time"
    places: dict[str, Any] = {
        "order": "time" if by_time else "tree",
        "earlier": None,
        "later": None,
        "first": "",
        "last": "",
    }
    if not window.posts:
        return places
    home = f"/threads/{thread_id}?" + ("order=time&" if by_time else "")
    first, last = window.posts[0], window.posts[-1]
    if window.before:
        cursor = first["number"] if by_time else first["path"].hex()
        places |= {"earlier": {"count": window.before, "href": f"{home}before={cursor}"}, "first": first["path"].hex()}
    if window.after:
        cursor = last["number"] if by_time else last["path"].hex()
        places |= {"later": {"count": window.after, "href": f"{home}after={cursor}"}, "last": last["path"].hex()}
    return places


def since(at: datetime, views: Views) -> str:
    """When somebody read here last, as a heading says it: "Friday, 17:42", or today "08:51"; what stands before a comma
    is the day.
    """
    local, today = at.astimezone(views.zone), views.now().astimezone(views.zone).date()
    past = (today - local.date()).days
    if past <= 0:
        return f"{local:%H:%M}"
    if past < 7:
        day = f"{WEEKDAYS[local.weekday()]}" if past > 1 else "yesterday"
    else:
        day = f"{local.day} {MONTHS[local.month - 1]}"
    return f"{day}, {local:%H:%M}"


WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def _holder_for(thread: Thread) -> Holder:
    """The network through which somebody looks: one of theirs, else the one that it was opened through."""
    return next((holder for holder in thread.holders if holder.role is not None), thread.holders[0])


def _join(thread: Thread, caller: Caller) -> Mapping[str, str] | None:
    """The button beside the sentence in the composer's place."""
    if thread.locked or any(holder.may_write or holder.muted for holder in thread.holders):
        return None
    if caller.member_id is None:
        return {"href": f"/sign-in?next=/threads/{thread.id}", "words": "Sign in"}
    holder = thread.holders[0]
    return None if holder.role is not None else {"href": f"/networks/{holder.slug}", "words": f"Join {holder.name}"}


def _may_change(thread: Thread, caller: Caller) -> bool:
    return bool(_may(thread, caller))


def _may(thread: Thread, caller: Caller) -> set[str]:
    """Which parts of /threads/N/edit are mine."""
    opener = thread.network_id in thread.moderates
    by_author = (
        caller.member_id is not None
        and thread.row["author_id"] == caller.member_id
        and thread.opened_through.may_write
        and not thread.locked
        and thread.row["title"] is not None
    )
    allowed = {
        "title": opener or by_author,
        "lock": bool(thread.moderates),
        "remove_title": opener and thread.row["title"] is not None,
        "restore_title": opener and thread.row["title"] is None,
        "split": opener,
        "leave": bool(thread.moderates),
        "ask": bool(thread.moderates),
    }
    return {act for act, is_mine in allowed.items() if is_mine}


async def new_page(request: Request) -> Response:
    """The form of a new thread; begun from a message, by its id, it leads back there."""
    return await _new_page(request, Form({}), begun=query_number(request, "message"))


async def _new_page(
    request: Request, form: Form, error: ForumError | None = None, begun: int | None = None
) -> Response:
    slug: str = request.path_params["slug"]
    async with reading(request) as (connection, caller):
        network = await access.require_network(connection, caller, slug, "write")
        frame = await shell.frame(request, connection, [f"network:{network.id}", f"room:{network.room_id}"])
        message = None if begun is None else await _began(connection, caller, network, begun)
        seen = {row["id"]: row for row in await networks.tree(connection, caller)}
        mine = [row for row in frame.networks if row["role"] != "observer" and row["id"] != network.id]
        similar = await search.threads_like(connection, caller, form.text("title"))
    errors = error.errors if isinstance(error, Invalid) else {} if error is None else {"body": error.detail}
    return answers.page(
        request, "threads/new.html", status=200 if error is None else error.status,
        shell=frame.shell(f"thread:{network.id}"), network=network, above=network.above,
        others=[seen[row["id"]] for row in mine if row["id"] in seen],
        message=message,
        values={"title": form.text("title"), "body": form.text("body", _led_back(message)), "with": form.texts("with")},
        errors={name: errors.get(name, "") for name in ("title", "body", "with")}, similar=similar,
        key=form.text("key") or new_key(),
    )  # fmt: skip


async def _began(connection: Connection, caller: Caller, network: Network, message_id: int) -> Row:
    """The message of this network's room from which a thread begins. Raises NotFound."""
    room, message = await rooms.require(connection, caller, message_id)
    if room.id != network.id:
        raise NotFound
    return message


def _led_back(message: Row | None) -> str:
    """How the text begins: with the way back, by id. The words stay in the room, and go when they go there."""
    return "" if message is None else f"[From the room](/messages/{message['id']})\n\n"


async def create(request: Request) -> Response:
    """Start a thread."""
    form = await form_of(request)
    caller = await writer_of(request, "start")
    site, slug = site_of(request), request.path_params["slug"]
    try:
        started = await submissions.start(
            site.db, caller, slug, form.text("title"), form.text("body"), jointly_with=form.texts("with"),
            key=form.key(request),
        )  # fmt: skip
    except (Invalid, Conflict) as error:
        if wants_fragment(request):
            raise
        return await _new_page(request, form, error)
    if isinstance(started, Submission):
        return answers.waits(request, started.id)
    row = started.thread
    return answers.written(
        request, site.views.thread_row(row), object_id=row["id"], version=row["version"],
        channel=f"network:{row['network_id']}", at=f"/threads/{row['id']}", status=201,
    )  # fmt: skip


async def edit_page(request: Request) -> Response:
    """What may be changed about a thread."""
    return await _edit_page(request)


async def _edit_page(request: Request, form: Form | None = None, error: ForumError | None = None) -> Response:
    thread_id: int = request.path_params["thread"]
    async with reading(request) as (connection, caller):
        frame = await shell.frame(request, connection, [f"thread:{thread_id}"])
        thread = await access.require_thread(connection, caller, thread_id)
        may = _may(thread, caller)
        if not may:
            _ = caller.member
            raise Forbidden("Only its author and the moderators of the networks that hold it may change this thread.")
        row = await threads.current(connection, thread_id)
        agreement = await _agreement(connection, thread, caller)
    held = {holder.id for holder in thread.holders}
    targets = [row for row in frame.networks if row["role"] != "observer" and row["id"] not in held]
    errors = error.errors if isinstance(error, Invalid) else {} if error is None else {"network": error.detail}
    title = row["title"] or "" if form is None else form.text("title", row["title"] or "")
    return answers.page(
        request, "threads/edit.html", status=200 if error is None else error.status, shell=frame.shell(),
        thread=row, holders=thread.holders, may=may, targets=targets, agreement=agreement, reasons=removal.REASONS,
        values={"title": title}, errors={name: errors.get(name, "") for name in ("title", "network")},
    )  # fmt: skip


async def _agreement(connection: Connection, thread: Thread, caller: Caller) -> Mapping[str, Any] | None:
    """What waits for the agreement of all sides, as templates/threads/edit.html names it."""
    row = await agreements.SQL.waiting(connection, thread=thread.id)
    if row is None:
        return None
    mine = row["asked_by"] == caller.member_id or thread.moderates <= set(row["agreed"])
    return {**row, "agreed": mine}


async def edit(request: Request) -> Response:
    """Title, lock, pin, holders: each form names its act."""
    form = await form_of(request)
    caller = await writer_of(request, "moderate" if form.text("act") != "title" else "write")
    thread_id: int = request.path_params["thread"]
    try:
        await _change(request, caller, thread_id, form)
    except (Invalid, Conflict) as error:
        if wants_fragment(request):
            raise
        return await _edit_page(request, form, error)
    return answers.done(request, f"/threads/{thread_id}?order=tree")


async def _change(request: Request, caller: Caller, thread_id: int, form: Form) -> None:
    db, act, slug = site_of(request).db, form.text("act"), form.text("network")
    if act == "title":
        await threads.retitle(db, caller, thread_id, form.text("title"))
    elif act in {"lock", "unlock"}:
        await threads.lock(db, caller, thread_id, locked=act == "lock")
    elif act in {"pin", "unpin"}:
        await threads.pin(db, caller, thread_id, slug, pinned=act == "pin")
    elif act in AGREEMENTS:
        audience = form.optional("audience") if act == "widen" else None
        await agreements.ask(db, caller, thread_id, AGREEMENTS[act], slug=slug or None, audience=audience)
    elif act in SIMPLE_ACTS:
        await SIMPLE_ACTS[act](db, caller, thread_id)
    elif act == "leave":
        await agreements.leave(db, caller, thread_id, slug)
    elif act == "remove_title":
        await threads.remove_title(db, caller, thread_id, form.text("reason"), form.text("note"))
    else:
        raise Invalid("act", "This form has no such act.")


AGREEMENTS: Final[Mapping[str, Agreement]] = {"hold_in": "hold_in", "move": "move", "widen": "widen"}
SIMPLE_ACTS: Final[Mapping[str, Any]] = {
    "agree": agreements.agree,
    "decline": agreements.decline,
    "restore_title": threads.restore_title,
}


async def watch(request: Request) -> Response:
    """Be told of every reply, or no longer."""
    form = await form_of(request)
    caller = await writer_of(request, "mark")
    thread_id: int = request.path_params["thread"]
    await threads.watch(site_of(request).db, caller, thread_id, watching=form.truth("watch"))
    return answers.done(request, f"/threads/{thread_id}?order=tree")


async def read(request: Request) -> Response:
    """These numbers are read."""
    form = await form_of(request)
    caller = await writer_of(request, "mark")
    said = [part for value in form.texts("numbers") for part in value.replace(",", " ").split()]
    if len(said) > MAX_READ_AT_ONCE or not all(part.isascii() and part.isdigit() and len(part) < 10 for part in said):
        raise Invalid("numbers", f"These are at most {MAX_READ_AT_ONCE} whole numbers.")
    await threads.mark_read(site_of(request).db, caller, request.path_params["thread"], [int(part) for part in said])
    return Response(status_code=204)


def routes() -> list[BaseRoute]:
    """Threads."""
    return [
        Route("/networks/{slug:slug}/threads/new", new_page, methods=["GET"]),
        Route("/networks/{slug:slug}/threads", create, methods=["POST"]),
        Route("/threads/{thread:id}", show, methods=["GET"]),
        Route("/threads/{thread:id}/edit", edit_page, methods=["GET"]),
        Route("/threads/{thread:id}/edit", edit, methods=["POST"]),
        Route("/threads/{thread:id}/watch", watch, methods=["POST"]),
        Route("/threads/{thread:id}/read", read, methods=["POST"]),
    ]
