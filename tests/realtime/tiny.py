"""A small application around `Live`, on the real server's protocols, in the test's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from uvicorn.server import ServerState

from realtime import protocol
from realtime.endpoint import Live
from realtime.memory_bus import MemoryBus
from realtime.source import Caller, Refused
from tests.realtime.memory_source import MemorySource


class Tiny:
    """The application, its source, and who is who: `Authorization: Bearer 7` is member 7, session 70."""

    def __init__(self, bus=None, source=None, **options) -> None:
        self.source = source or MemorySource()
        self.live = Live(self.source, self.identify, self.names, bus or MemoryBus(), **options)
        self.refuse: dict[int, tuple[int, str]] = {}
        self.port = 0

    async def identify(self, connection: HTTPConnection) -> Caller:
        kind, _, number = connection.headers.get("authorization", "").partition(" ")
        if kind != "Bearer":
            if connection.headers.get("origin") != "http://forum.test" and connection.scope["type"] == "websocket":
                raise Refused(protocol.REFUSED, "expected our Origin")
            return Caller(None)
        member = int(number)
        if member in self.refuse:
            raise Refused(*self.refuse[member])
        return Caller(member, member * 10)

    async def names(self, members):
        return {member: f"Member {member}" for member in members}

    def write(self, channel: str, text: str = "words", **more) -> int:
        """Commit an update and wake."""
        seq = self.source.write(channel, text, **more)
        self.live.wake([(channel, seq)])
        return seq

    @contextlib.asynccontextmanager
    async def served(self, ws="realtime.transport:SocketProtocol", **settings) -> AsyncIterator[Tiny]:
        defaults = {
            "log_level": "warning",
            "ws_ping_interval": 25,
            "ws_per_message_deflate": False,
            "ws_max_size": protocol.MAX_FRAME_BYTES,
        }
        config = uvicorn.Config(Starlette(routes=self.live.routes()), ws=ws, lifespan="off", **(defaults | settings))
        config.load()
        state = ServerState()
        server = await asyncio.get_running_loop().create_server(
            lambda: config.http_protocol_class(config=config, server_state=state, app_state={}), "127.0.0.1", 0
        )
        self.port = server.sockets[0].getsockname()[1]
        await self.live.start()
        try:
            yield self
        finally:
            await self.live.stop()
            for connection in list(state.connections):
                connection.shutdown()
            server.close()
            async with asyncio.timeout(5):
                await asyncio.gather(*state.tasks, return_exceptions=True)
