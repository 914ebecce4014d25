"""Search: posts and messages that I may read, newest first; and threads like the one that I begin."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from forum import access, members, search
from forum.db import Connection
from forum.errors import Invalid, NotFound
from forum.standing import Caller, Network
from forum.web import answers, shell
from forum.web.context import counted, reading, site_of, snapshot
from forum.web.forms import query_number
from forum.web.paths import SlugConvertor, matches

MESSAGES = 5


async def show(request: Request) -> Response:
    """The field, and what was found."""
    query = request.query_params.get("q", "").strip()[: search.MAX_CHARS]
    if any(not char.isprintable() for char in query):
        raise Invalid("q", "This cannot be searched for.")
    before = query_number(request, "before")
    async with reading(request) as (connection, caller):
        await counted(request, "search", caller.member_id)
    # One snapshot for what is found and for the cursors of its channels: neither is older than the other.
    async with snapshot(request) as (connection, caller):
        network = await _network(request, connection, caller)
        author = await _author(request, connection, caller)
        slug = None if network is None else network.slug
        author_id = None if author is None else author["id"]
        posts = await search.search(
            connection, caller, query, network=slug, author=author_id, before=before, limit=search.PAGE + 1
        )
        messages: Sequence[Any] = []
        if before is None:
            messages = await search.messages(connection, caller, query, network=slug, author=author_id, limit=MESSAGES)
        frame = await shell.frame(request, connection, await _followed(connection, caller, posts, messages))
    shown, after = posts[: search.PAGE], ""
    if len(posts) > search.PAGE:
        after = answers.with_query("/search", q=query, network=slug, author=author_id, before=shown[-1]["id"])
    return answers.page(
        request, "search/search.html", shell=frame.shell("search"), query=query, network=network, author=author,
        networks=frame.networks, posts=shown, messages=messages, after=after,
        everywhere=answers.with_query("/search", q=query, author=author_id),
    )  # fmt: skip


async def _followed(
    connection: Connection, caller: Caller, posts: Sequence[Any], messages: Sequence[Any]
) -> Sequence[str]:
    """The channels of what was found: its threads and rooms, and the networks in which names change."""
    channels = [f"thread:{row['thread_id']}" for row in posts] + [f"room:{row['room_id']}" for row in messages]
    channels += [f"network:{row['network_id']}" for row in posts]
    may = await access.may_follow(connection, [(caller.member_id, each) for each in dict.fromkeys(channels)])
    return sorted(channel for _, channel in may)


async def _network(request: Request, connection: Connection, caller: Caller) -> Network | None:
    """The network that the search is limited to. Raises NotFound for one that the caller may not read."""
    slug = request.query_params.get("network", "")
    if not slug:
        return None
    if not matches(SlugConvertor, slug):
        raise NotFound
    return await access.require_network(connection, caller, slug)


async def _author(request: Request, connection: Connection, caller: Caller) -> Mapping[str, Any] | None:
    author = query_number(request, "author")
    if author is None:
        return None
    row, _ = await members.profile(connection, caller, author)
    return {"id": row["id"], "name": row["name"]}


async def similar(request: Request) -> Response:
    """Threads like the one whose title is being written, to be put under the field."""
    async with reading(request) as (connection, caller):
        await counted(request, "similar", caller.member_id)
        await access.require_network(connection, caller, request.path_params["slug"], "write")
        found = await search.threads_like(connection, caller, request.query_params.get("title", ""))
    return answers.fragment(site_of(request).views.page("threads/_similar.html", similar=found))


def routes() -> list[BaseRoute]:
    """Search."""
    return [
        Route("/search", show, methods=["GET"]),
        Route("/networks/{slug:slug}/threads/similar", similar, methods=["GET"]),
    ]
