"""A small application around `Live`, served by the real server in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import HTTPConnection

from realtime import protocol
from realtime.endpoint import Live
from realtime.memory_bus import MemoryBus
from realtime.source import Caller, Refused
from tests.realtime.memory_source import MemorySource


class Tiny:
    """The application, its source, and who is who: `Authorization: Bearer 7` is member 7, session 70."""

    def __init__(self, bus=None, source=None, **options) -> None:
        self.source = source or MemorySource()
        self.bus = bus or MemoryBus()
        self.options = options
        self.refuse: dict[int, tuple[int, str]] = {}
        self.identified = 0
        self.port = 0
        self.loop: asyncio.AbstractEventLoop
        self.live: Live

    async def identify(self, connection: HTTPConnection) -> Caller:
        self.identified += 1
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

    @contextlib.asynccontextmanager
    async def lifespan(self, _app):
        await self.live.start()
        yield
        await self.live.stop()

    def on_loop(self, function, *arguments):
        """Run a function on the server's loop and return what it returns."""

        async def call():
            return function(*arguments)

        return asyncio.run_coroutine_threadsafe(call(), self.loop).result(10)

    def write(self, channel: str, text: str = "words", *, wake: bool = True, **more) -> int:
        def act() -> int:
            seq = self.source.write(channel, text, **more)
            if wake:
                self.live.wake([(channel, seq)])
            return seq

        return self.on_loop(act)

    @contextlib.contextmanager
    def served(self, ws="realtime.transport:SocketProtocol", **config) -> Iterator[Tiny]:
        ready = threading.Event()
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        self.port = listening.getsockname()[1]

        async def serve() -> None:
            self.loop = asyncio.get_running_loop()
            self.live = Live(self.source, self.identify, self.names, self.bus, **self.options)
            app = Starlette(routes=self.live.routes(), lifespan=self.lifespan)
            settings = {
                "log_level": "warning",
                "ws_ping_interval": 25,
                "ws_per_message_deflate": False,
                "ws_max_size": protocol.MAX_FRAME_BYTES,
                "timeout_graceful_shutdown": 5,
            }
            self.server = uvicorn.Server(uvicorn.Config(app, ws=ws, loop="uvloop", **(settings | config)))
            self.server.install_signal_handlers = lambda: None
            serving = asyncio.create_task(self.server.serve(sockets=[listening]))
            while not self.server.started and not serving.done():  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            ready.set()
            await serving

        thread = threading.Thread(target=lambda: uvicorn_run(serve()), daemon=True)
        thread.start()
        assert ready.wait(10)
        try:
            yield self
        finally:
            self.server.should_exit = True
            thread.join(15)
            assert not thread.is_alive()


def uvicorn_run(main) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)
