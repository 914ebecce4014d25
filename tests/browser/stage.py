"""A small site: static pages with our scripts, live delivery from a log in memory, and answers that a test gives."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from realtime import protocol
from realtime.endpoint import Live
from realtime.memory_bus import MemoryBus
from realtime.source import Batch, Caller, Head, Pair, Refused

STATIC = Path(__file__).parents[2] / "static"
ME = 7
POLICY = "default-src 'self'; script-src 'self'; style-src 'self'; connect-src 'self'"


@dataclass(frozen=True)
class Note:
    """An update, with what its frame says besides."""

    channel: str
    seq: int
    kind: str
    id: int
    facts: dict[str, Any]

    def encode(self, _subprotocol: str) -> bytes:
        return protocol.encode_update(self.channel, self.seq, self.kind, self.id, **self.facts)


class MemoryLog:
    """A source of updates for one site."""

    def __init__(self) -> None:
        self.name = "first"
        self.notes: dict[str, list[Note]] = {}
        self.oldest: dict[str, int] = {}
        self.shut: set[str] = set()
        self.version = 0

    async def may_follow(self, pairs: list[Pair]) -> dict[Pair, str]:
        return {(member, channel): "" for member, channel in pairs if channel not in self.shut}

    async def ended(self, _sessions: list[int]) -> set[int]:
        return set()

    async def read(self, channel: str, after: int, limit: int) -> Batch:
        notes = self.notes.get(channel, [])
        return Batch(len(notes), self.version, self.name, self.oldest.get(channel, 0), notes[after : after + limit])

    async def heads(self, channels: list[str]) -> dict[str, Head]:
        return {channel: Head(len(self.notes.get(channel, [])), self.version) for channel in channels}


@dataclass
class Post:
    """A write that the page sent."""

    path: str
    form: dict[str, str]
    key: str | None
    member: str | None
    """Whose page it says it is."""


Answer = Callable[[Post], Awaitable[Response] | Response]


def fragment(html: str, object_id: int, channel: str, version: int = 1) -> Response:
    """The answer to a write, as the forum gives it."""
    headers = {"Forum-Id": str(object_id), "Forum-Version": str(version), "Forum-Channel": channel}
    return Response(html, 201, headers, "application/vnd.forum.fragment+html")


def problem(status: int, **fields: Any) -> Response:
    """A refusal, as the forum gives it."""
    return JSONResponse({"status": status, **fields}, status, media_type="application/problem+json")


@dataclass
class Stage:
    """The site. `url` is where it is; `posts` are the writes that came."""

    pages: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    posts: list[Post] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    answer: Answer | None = None
    sockets_pass: bool = True
    session_stands: bool = True
    signed_in: int = ME
    """Whose session it is."""
    url: str = ""

    async def __aenter__(self) -> Self:
        self.log = MemoryLog()
        self.live = Live(self.log, self._identify, self._names, MemoryBus(), poll_s=5.0)
        app = Starlette(
            routes=[
                *self.live.routes(),
                Mount("/static", StaticFiles(directory=STATIC)),
                Route("/{path:path}", self._get, methods=["GET"]),
                Route("/{path:path}", self._post, methods=["POST"]),
            ]
        )
        config = uvicorn.Config(self._gate(app), lifespan="off", log_level="error", ws="websockets-sansio")
        config.load()
        self._state = ServerState()
        self._server = await asyncio.get_running_loop().create_server(
            lambda: config.http_protocol_class(config=config, server_state=self._state, app_state={}), "127.0.0.1", 0
        )
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        await self.live.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.live.stop()
        for connection in list(self._state.connections):
            connection.shutdown()
        self._server.close()
        async with asyncio.timeout(5):
            await asyncio.gather(*self._state.tasks, return_exceptions=True)

    def clear(self) -> None:
        """Forget what the last test did."""
        self.log.__init__()  # type: ignore[misc]
        self.pages.clear()
        self.answers.clear()
        self.posts.clear()
        self.asked.clear()
        self.answer = None
        self.sockets_pass = self.session_stands = True
        self.signed_in = ME
        self.answers["/unread"] = {"notifications": 0, "networks": {}, "threads": {}}

    def drop(self, code: int = protocol.RESTARTING) -> None:
        """Close every socket."""
        self.live.hub.close_all(code, "test")

    def record(self, channel: str, kind: str, object_id: int, html: str | None = None, **facts: Any) -> int:
        """Commit an update, and wake who follows. Returns its seq."""
        notes = self.log.notes.setdefault(channel, [])
        seq = len(notes) + 1
        if html is not None:
            facts["html"] = html
        notes.append(Note(channel, seq, kind, object_id, {"version": 1, **facts}))
        self.live.wake([(channel, seq)])
        return seq

    def show(self, path: str, main: str, channels: dict[str, int], *, html: str = "", main_attributes: str = "") -> str:
        """Put a page at `path`, following these channels. Returns the path."""
        follows = json.dumps(channels).replace('"', "&quot;")
        self.pages[path] = f"""<!doctype html><html lang="en-GB" data-me="{ME}" data-zone="Europe/London" {html}>
<head><meta charset="utf-8"><title>Page – Site</title><link rel="stylesheet" href="/sheet.css">
<script type="module" src="/static/js/forum.js"></script></head>
<body><header class="rail" data-rail><div data-rail-content><small data-connection hidden></small></div></header>
<main id="main" tabindex="-1" {main_attributes}>{main}</main>
<forum-toast></forum-toast><forum-time></forum-time><forum-live data-channels="{follows}" data-log="first"></forum-live>
<div role="status" id="polite"></div><div role="alert" id="assertive"></div></body></html>"""
        return path

    def posts_to(self, path: str) -> list[Post]:
        """The writes to one address."""
        return [post for post in self.posts if post.path == path]

    async def until(self, holds: Callable[[], Any], timeout_s: float = 8.0) -> None:
        """Wait for a condition on this side."""
        async with asyncio.timeout(timeout_s):
            while not holds():  # noqa: ASYNC110 (whatever a test waits for)
                await asyncio.sleep(0.02)

    async def _identify(self, connection: HTTPConnection) -> Caller:
        if not self.session_stands or connection.headers.get("forum-member") not in {None, str(self.signed_in)}:
            raise Refused(protocol.SIGNED_OUT, "signed out")
        return Caller(self.signed_in, session=1)

    async def _names(self, members: Any) -> dict[int, str]:
        return {member: {7: "Ana Ortiz", 12: "Ben Okafor"}.get(member, f"Member {member}") for member in members}

    def _gate(self, app: ASGIApp) -> ASGIApp:
        async def gate(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "websocket" and not self.sockets_pass:
                await receive()
                await send({"type": "websocket.close", "code": 1000})
                return
            await app(scope, receive, send)

        return gate

    async def _get(self, request: Request) -> Response:
        path = "/" + request.path_params["path"]
        self.asked.append(path)
        if path == "/sheet.css":
            return Response(SHEET, media_type="text/css")
        if path in self.answers:
            answer = self.answers[path]
            if callable(answer):
                answer = await answer(request)
            if isinstance(answer, Response):
                return answer
            return Response(answer, media_type="text/html") if isinstance(answer, str) else JSONResponse(answer)
        if path not in self.pages:
            return Response("not found", 404)
        return HTMLResponse(self.pages[path], headers={"Content-Security-Policy": POLICY})

    async def _post(self, request: Request) -> Response:
        form = {key: str(value) for key, value in (await request.form()).items()}
        post = Post(request.url.path, form, request.headers.get("idempotency-key"), request.headers.get("forum-member"))
        self.posts.append(post)
        answer = self.answer(post) if self.answer is not None else Response(status_code=204)
        return await answer if isinstance(answer, Awaitable) else answer


SHEET = """
body { margin: 0; font: 16px/1.5 sans-serif } li { list-style: none } ol, ul { margin: 0; padding: 0 }
[hidden] { display: none !important } #polite, #assertive { position: fixed; clip-path: inset(50%) }
.post, .opening { min-height: 90px } .msg { min-height: 24px } .dock { position: sticky; bottom: 0; background: white }
"""
