"""An application with just enough in it to watch how it is served."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from forum.settings import Settings


def create_app(settings: Settings) -> Starlette:
    async def who(request: Request) -> JSONResponse:
        owner = settings.database_owner_url
        client = request.client.host if request.client else None
        return JSONResponse({"pid": os.getpid(), "owner": owner, "scheme": request.url.scheme, "client": client})

    async def slow(request: Request) -> PlainTextResponse:
        await asyncio.sleep(1)
        return PlainTextResponse("finished")

    async def poll(request: Request) -> PlainTextResponse:
        await request.app.state.stopping.wait()
        return PlainTextResponse("nothing new")

    async def broken(request: Request) -> PlainTextResponse:
        raise ValueError("unspeakable")

    async def live(socket: WebSocket) -> None:
        await socket.accept(headers=[(b"pid", str(os.getpid()).encode())])
        while True:
            await socket.send_text(str(len(await socket.receive_text())))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield

    routes = [Route(f"/{act.__name__}", act) for act in (who, slow, poll, broken)]
    app = Starlette(routes=[*routes, WebSocketRoute("/live", live)], lifespan=lifespan)
    app.state.stopping = asyncio.Event()
    return app


def create_broken_app(settings: Settings) -> Starlette:
    raise RuntimeError("unspeakable")
