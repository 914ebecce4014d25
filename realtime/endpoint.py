"""The WebSocket route `/live`, and the long poll for where sockets do not pass.

Both are screens of one hub: a poll is a screen whose socket collects, and which ends with its first answer. How the
application puts it together::

    metrics = Metrics()
    bus = RedisBus(redis_url, metrics=metrics, drop_rate=…)          # or MemoryBus()
    live = Live(source, identify, names, bus, store=RedisStore(redis_url), metrics=metrics)
    app = Starlette(routes=[*live.routes(), …], lifespan=…)          # await live.start() … await live.stop()

    live.wake([("thread:9", 42), …])       # after a commit: here at once, then elsewhere; never waits, never fails
    live.release()                         # on SIGTERM, first: closes screens with 1012 and answers waiting polls
    live.hub.end(member=7, code=4003, reason="suspended")            # at once in this process (see `hub`)
    live.metrics, live.hub.gauges()
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from typing import Final

import msgspec
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Message, Receive, Scope, Send

from realtime import protocol
from realtime.bus import Bus, Kind
from realtime.hub import Hub, TooManyScreens
from realtime.metrics import Metrics
from realtime.pace import Pace
from realtime.polling import Collector, read_query
from realtime.presence import Presence, Store
from realtime.screen import Screen
from realtime.source import Caller, Identify, Names, Refused, Source
from realtime.transport import EXTENSION, Handle, Socket, TextSocket

POLL_S: Final = 25.0
RETRY_AFTER_S: Final = 2
"""When to come again, where a poll cannot be answered now."""
ENTERING_AT_ONCE: Final = 32
"""Screens that are being let in at once: a thousand who return together take turns, and a page does not wait for all of
them.
"""
FRAMES_PER_S: Final = 20.0
FRAMES_AT_ONCE: Final = 100
MISTAKES_PER_S: Final = 0.1
MISTAKES_AT_ONCE: Final = 10

_log = logging.getLogger(__name__)


class Live:
    """Live delivery as one thing: the hub, who is here, the bus between processes, and the two routes."""

    def __init__(
        self,
        source: Source,
        identify: Identify,
        names: Names,
        bus: Bus,
        *,
        store: Store | None = None,
        metrics: Metrics | None = None,
        poll_s: float = POLL_S,
        look_every_s: float = 0.5,
    ) -> None:
        self.metrics = metrics or Metrics()
        self.hub = Hub(source, metrics=self.metrics, look_every_s=look_every_s)
        self.presence = Presence(self.hub, bus, names, store)
        self.hub.listener = self.presence
        self._bus = bus
        self._identify = identify
        self._poll_s = poll_s
        self._released = False
        self.entering = asyncio.Semaphore(ENTERING_AT_ONCE)
        bus.listen(Kind.WAKE, self.hub.wake)

    def routes(self) -> list[BaseRoute]:
        """Return the routes `/live` and `/api/v1/updates`."""
        return [
            WebSocketRoute("/live", _Socket(self), name="live"),
            Route("/api/v1/updates", self.poll, methods=["GET"], name="updates"),
        ]

    async def start(self) -> None:
        """Begin to deliver. Returns at once, Redis or not."""
        await self._bus.start()
        await self.hub.start()
        await self.presence.start()

    async def stop(self) -> None:
        """Close what is open with 1012, and end."""
        self.release()
        await self.hub.stop()
        await self.presence.stop()
        await self._bus.stop()

    def release(self) -> None:
        """Let every screen go and take no new one: the process is about to end. Waiting polls are answered."""
        self._released = True
        self.hub.close_all(protocol.RESTARTING, "restarting")

    def wake(self, committed: Iterable[tuple[str, int]]) -> None:
        """Tell that these channels were written up to these seqs: here at once, then the other processes."""
        for channel, seq in committed:
            self.hub.wake(channel, seq)
            self._bus.publish(Kind.WAKE, channel, seq)

    async def who(self, connection: HTTPConnection) -> Caller:
        """Say who opened the connection, or raise `Refused`; with 1012 or 1013 where that cannot be said now."""
        if self._released:
            raise Refused(protocol.RESTARTING, "restarting")
        try:
            return await self._identify(connection)
        except Refused:
            self.metrics.refused += 1
            raise
        except Exception as error:  # noqa: BLE001 (a source may raise anything)
            raise self._unavailable(error) from None

    async def enter(self, caller: Caller, socket: Socket, subprotocol: str, *, silently: bool) -> Screen:
        """Open a screen. Raises `Refused`."""
        if self._released:  # while it was asked who this is: what opens from here on would be let go by nobody
            raise Refused(protocol.RESTARTING, "restarting")
        try:
            words = subprotocol if caller.member is not None else subprotocol + protocol.FOR_GUESTS
            screen = self.hub.open(caller, socket, words)
        except TooManyScreens:
            raise Refused(protocol.TOO_SLOW, "too many screens") from None
        entered = False
        try:
            await self.hub.watch(screen, silently=silently)
            # A session that ended between the first look and the watch has told nobody: so look once more.
            if caller.session is not None and await self.hub.is_over(caller.session):
                raise Refused(protocol.SIGNED_OUT, "signed out")
            entered = True
        except Refused:
            raise
        except Exception as error:  # noqa: BLE001 (a source may raise anything)
            raise self._unavailable(error) from None
        finally:
            if not entered:
                self.hub.leave(screen)
        return screen

    def _unavailable(self, error: Exception) -> Refused:
        self.metrics.source_errors += 1
        _log.warning("a screen could not be let in: %s", type(error).__name__)
        return Refused(protocol.TOO_SLOW, "not now: return with your cursors")

    async def poll(self, request: Request) -> Response:
        """Answer `GET /api/v1/updates?after[thread:9]=41&…` as soon as there is something, or after 25 s."""
        self.metrics.polls += 1
        try:
            after, log, subprotocol = read_query(request)
        except protocol.Malformed as error:
            return _problem(400, "Bad request", str(error))
        collected = Collector(set(after))
        try:
            async with self.entering:
                caller = await self.who(request)
                screen = await self.enter(caller, collected, subprotocol, silently=True)
        except Refused as refusal:
            return _refusal(refusal)
        gone = asyncio.create_task(_disconnected(request))
        try:
            self.hub.follow(screen, after, log)
            ready = asyncio.create_task(collected.ready.wait())
            await asyncio.wait({ready, gone}, timeout=self._poll_s, return_when=asyncio.FIRST_COMPLETED)
            ready.cancel()
        finally:
            gone.cancel()
            self.hub.leave(screen)
        if collected.closed is not None and collected.closed[0] in (protocol.SIGNED_OUT, protocol.SUSPENDED):
            return _refusal(Refused(*collected.closed))
        return Response(collected.answer(after), media_type="application/json", headers={"Cache-Control": "no-store"})


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


_STATUS: Final = {
    protocol.SIGNED_OUT: (401, "Signed out"),
    protocol.SUSPENDED: (403, "Suspended"),
    protocol.REFUSED: (403, "Refused"),
}


def _refusal(refusal: Refused) -> Response:
    status, title = _STATUS.get(refusal.code, (503, "Not now"))
    return _problem(status, title, refusal.detail)


def _problem(status: int, title: str, detail: str) -> Response:
    problem: dict[str, object] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    headers = {"Cache-Control": "no-store"}
    if status == 503:
        problem["retry_after"] = RETRY_AFTER_S
        headers["Retry-After"] = str(RETRY_AFTER_S)
    return Response(msgspec.json.encode(problem), status, headers, media_type="application/problem+json")


class _Socket:
    """The ASGI application behind `/live`.

    A bare one: thousands of these wait, and each layer would cost memory in each.
    """

    def __init__(self, live: Live) -> None:
        self._live = live

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (await receive())["type"] != "websocket.connect":
            return
        offered = scope.get("subprotocols", [])
        chosen = next((name for name in offered if name in protocol.SUBPROTOCOLS), None)
        handle: Handle | None = scope.get("extensions", {}).get(EXTENSION)
        if handle is not None:
            await self._serve(scope, receive, send, handle, chosen)
            return
        socket = TextSocket(send)
        writer = asyncio.create_task(socket.run(), name="live writer")
        try:
            await self._serve(scope, receive, send, socket, chosen)
        finally:
            if socket.is_closing:
                await asyncio.gather(writer, return_exceptions=True)
            writer.cancel()

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, socket: Handle | TextSocket, chosen: str | None
    ) -> None:
        async with self._live.entering:
            screen = await self._let_in(scope, send, socket, chosen)
        if screen is None:
            return
        # Nobody asks for these again, and thousands of sockets idle for hours.
        scope["headers"] = []
        try:
            await self._listen(screen, receive)
        finally:
            self._live.hub.leave(screen)

    async def _let_in(self, scope: Scope, send: Send, socket: Handle | TextSocket, chosen: str | None) -> Screen | None:
        """Accept, and open a screen; or say why not, and close."""
        connection = HTTPConnection(scope)
        accept: Message = {"type": "websocket.accept", "subprotocol": chosen, "headers": []}
        try:
            caller = await self._live.who(connection)
        except Refused as refusal:
            # Only a socket that was accepted can be closed with a code that the client gets to see; else it is a
            # plain 403.
            if refusal.code != protocol.REFUSED:
                await send(accept)
            await send({"type": "websocket.close", "code": refusal.code, "reason": refusal.detail})
            return None
        await send(accept)
        try:
            return await self._live.enter(caller, socket, chosen or protocol.JSON, silently=False)
        except Refused as refusal:
            socket.close(refusal.code, refusal.detail)
            return None

    async def _listen(self, screen: Screen, receive: Receive) -> None:
        frames = mistakes = None
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect" or screen.closed:
                return
            if len(message.get("text") or "") > protocol.MAX_FRAME_BYTES:
                self._live.hub.close(screen, protocol.TOO_BIG, f"a frame is at most {protocol.MAX_FRAME_BYTES} bytes")
                return
            frames = frames or Pace(FRAMES_PER_S, FRAMES_AT_ONCE)
            mistakes = mistakes or Pace(MISTAKES_PER_S, MISTAKES_AT_ONCE)
            error = self._take(screen, message, frames)
            if error is not None:
                self._live.metrics.bad_frames += 1
                if not mistakes.take(time.monotonic()):
                    self._live.hub.close(screen, protocol.REFUSED, "too many mistakes")
                    return
                screen.socket.tell(error)

    def _take(self, screen: Screen, message: Message, frames: Pace) -> protocol.Error | None:
        """Do what a client's frame asks for, or return what is wrong with it."""
        if not frames.take(time.monotonic()):
            return protocol.Error("too_often", f"at most {FRAMES_PER_S:.0f} frames a second; wait a second")
        text = message.get("text")
        if text is None:
            return protocol.Error("malformed", "expected a text frame, got a binary one")
        try:
            said = protocol.parse(text)
        except protocol.Malformed as error:
            return protocol.Error("malformed", str(error))
        match said:
            case protocol.Follow(channels, log):
                self._live.hub.follow(screen, channels, log)
            case protocol.Unfollow(channel):
                self._live.hub.unfollow(screen, channel)
            case protocol.Typing(channel, about):
                self._live.presence.typing(screen, channel, about)
        return None
