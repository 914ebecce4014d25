"""What an open page asks for between two loads: its counts, a fresh rail, how a text will look."""

from typing import Any, Final

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from forum import access, contributions, posts, text, threads
from forum.db import Connection
from forum.errors import Invalid, NotFound
from forum.standing import Caller
from forum.web import answers, shell
from forum.web.context import reading, site_of, writer_of
from forum.web.forms import form_of, is_id

MAX_THREADS: Final = 100


async def unread(request: Request) -> Response:
    """Counts that are mine: `{"notifications": 4, "networks": {"3": {"threads": 5, …}}, "threads": {"9": 5}}`.

    `unread_threads` is over all networks, a joint thread once.
    """
    wanted = [part for part in request.query_params.get("threads", "").split(",") if part]
    if len(wanted) > MAX_THREADS or not all(is_id(part) for part in wanted):
        raise Invalid("threads", f"These are at most {MAX_THREADS} whole numbers.")
    async with shell.framed(request) as (connection, frame):
        member = frame.caller.member
        may = await access.may_follow(connection, [(member, f"thread:{part}") for part in wanted])
        ids = [int(channel.partition(":")[2]) for _, channel in may]
        counts = await threads.unread_in(connection, member, ids)
    return JSONResponse(
        {
            "notifications": frame.notifications,
            "reports": frame.reports,
            "conversations": frame.conversations,
            "unread_threads": frame.unread_threads,
            "networks": {
                str(row["id"]): {
                    "threads": row["unread_threads"],
                    "room": row["unread_messages"],
                    "mentions": row["unread_mentions"],
                }
                for row in frame.networks
            },
            "threads": {str(thread): counts.get(thread, 0) for thread in sorted(ids)},
        }
    )


async def rail(request: Request) -> Response:
    """The left rail as it stands now, with the channels to follow from now on."""
    async with shell.framed(request) as (_, frame):
        pass
    return answers.fragment(site_of(request).views.page("_rail.html", shell=frame.shell()))


async def preview(request: Request) -> Response:
    """How a text will look: mentions and quotes as its readers will see them."""
    form = await form_of(request)
    caller = await writer_of(request, "preview")
    network = form.number("network")
    async with reading(request) as (connection, _):
        holders = [] if network is None else [(await access.require_network_id(connection, caller, network)).id]
    words = await contributions.prepare(site_of(request).db, caller, "post", form.text("body"), holders)
    async with reading(request) as (connection, _):
        names = await _names(connection, words.rendered.mentions)
        quotes = await _quotes(connection, caller, words.rendered.quotes)
    return answers.fragment(Markup(text.expand(words.rendered.html, names, quotes)))  # noqa: S704 (sanitised)


async def _names(connection: Connection, ids: tuple[int, ...]) -> dict[str, str | None]:
    rows = await contributions.PEOPLE.names(connection, members=list(ids)) if ids else []
    return {str(row["id"]): row["name"] for row in rows}


async def _quotes(connection: Connection, caller: Caller, ids: tuple[int, ...]) -> dict[str, dict[str, Any]]:
    """The quoted posts that the writer may read themselves; whether its readers may is settled on writing."""
    quotes: dict[str, dict[str, Any]] = {}
    for post_id in ids:
        try:
            _, post = await posts.require(connection, caller, post_id)
        except NotFound:
            continue
        if post["state"] == "shown":
            quotes[str(post_id)] = {"author": post["author_name"], "author_id": post["author_id"], "html": post["html"]}
        elif post["state"] == "withdrawn":
            quotes[str(post_id)] = {"withdrawn": True}
    return quotes


def routes() -> list[BaseRoute]:
    """Counts, rail, preview."""
    return [
        Route("/unread", unread, methods=["GET"]),
        Route("/rail", rail, methods=["GET"]),
        Route("/preview", preview, methods=["POST"]),
    ]
