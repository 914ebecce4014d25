"""The references over HTTP: what the machine can do with the same parts and none of the promises.

A page is twenty rows by one query into one small template: no session, no permission, no cursor; it is padded to
PAD_BYTES, so that it weighs what the page weighs that it is compared with. A write is one INSERT, committed: no
permission, no number, no update, nobody who is told.
"""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import jinja2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

READ = """
SELECT p.id, p.number, p.created_at, p.html, m.id AS author_id, m.name, m.title
FROM posts p JOIN members m ON m.id = p.author_id WHERE p.thread_id = $1 ORDER BY p.number LIMIT 20"""
TEMPLATE = jinja2.Environment(autoescape=True).from_string(
    '<!doctype html><html lang="en"><title>{{ thread }}</title><main>'
    '{% for post in posts %}<article id="post-{{ post.id }}">'
    '<h2><a href="/members/{{ post.author_id }}">{{ post.name }}</a> {{ post.title }}</h2>'
    '<time datetime="{{ post.created_at.isoformat() }}">{{ post.created_at.strftime("%d %b %Y, %H:%M") }}</time>'
    '<div>{{ post.html|safe }}</div><a href="#reply-{{ post.number }}">Reply</a></article>{% endfor %}</main>'
    "<!--{{ pad|safe }}--></html>"
)
TABLE = """
CREATE TABLE IF NOT EXISTS bare_writes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, thread bigint NOT NULL, body text NOT NULL,
    at timestamptz NOT NULL DEFAULT now())"""
WRITE = "INSERT INTO bare_writes (thread, body) VALUES ($1, $2) RETURNING id"
PAD = "." * int(os.environ.get("PAD_BYTES", "0"))


async def _posts(request: Request) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await request.app.state.pool.fetch(READ, request.path_params["thread"])
    return rows


async def page(request: Request) -> Response:
    """Twenty posts as HTML."""
    return HTMLResponse(TEMPLATE.render(thread=request.path_params["thread"], posts=await _posts(request), pad=PAD))


async def as_json(request: Request) -> Response:
    """Twenty posts as JSON."""
    rows = [dict(row) for row in await _posts(request)]
    return Response(json.dumps({"items": rows, "pad": PAD}, default=str), media_type="application/json")


async def write(request: Request) -> Response:
    """One row, committed."""
    body = json.loads(await request.body())["body"]
    number = await request.app.state.pool.fetchval(WRITE, request.path_params["thread"], body)
    return Response(json.dumps({"id": number, "body": body}), 201, media_type="application/json")


@asynccontextmanager
async def _lifespan(application: Starlette) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=2, max_size=10) as pool:
        await pool.execute(TABLE)
        application.state.pool = pool
        yield


app = Starlette(
    lifespan=_lifespan,
    routes=[
        Route("/page/{thread:int}", page),
        Route("/json/{thread:int}", as_json),
        Route("/write/{thread:int}", write, methods=["POST"]),
    ],
)
