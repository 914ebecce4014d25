"""How bytes reach a socket.

A frame is built once, with its header, and the same bytes are written to every socket; frames that wait are joined
into one write. For that the server's own transport is needed, which ASGI does not show: `SocketProtocol` puts a
`Handle` into `scope["extensions"]`. All that is known of uvicorn's inside stands in this module (hence its pinned
version). Where another server runs, there is no handle, and `TextSocket` sends through ASGI instead: slower, and
otherwise the same.

Use it as `uvicorn.run(…, ws="realtime.transport:SocketProtocol", ws_ping_interval=25, ws_per_message_deflate=False,
ws_max_size=16384)`.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, cast
from weakref import WeakKeyDictionary

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from realtime import protocol

EXTENSION: Final = "forum.socket"
MAX_BUFFER_BYTES: Final = 1024 * 1024
CLOSE_TIMEOUT_S: Final = 10.0
OPENED_AT_ONCE: Final = 16
"""Sockets opened in one turn of the event loop: fewer, and those who return together are asked after one by one."""

Send = Callable[[Any], Any]


def frame(text: bytes) -> bytes:
    """Return the text as one unmasked, final WebSocket text frame (RFC 6455, 5.2)."""
    size = len(text)
    if size < 126:
        return b"\x81" + size.to_bytes(1, "big") + text
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + text
    return b"\x81\x7f" + size.to_bytes(8, "big") + text


class Frames:
    """Text frames of one channel in one subprotocol, on their way to any number of screens.

    They are updates, of which `seq` is the last one's, or, where `seq` is None, something passing (who is here, who
    types).
    """

    __slots__ = ("channel", "seq", "texts", "wire")

    def __init__(self, channel: str, seq: int | None, texts: Sequence[bytes]) -> None:
        self.channel = channel
        self.seq = seq
        self.texts = texts
        self.wire = b"".join(map(frame, texts))
        """All of them, framed and joined."""


class Socket(Protocol):
    """What the hub writes to. No function waits or raises; after a close all are without effect."""

    def send(self, frames: Frames, /) -> None:
        """Write frames that go to many."""

    def tell(self, message: protocol.ServerMessage, /) -> None:
        """Write what is meant for this one, in order with the rest."""

    def close(self, code: int, reason: str, /) -> None:
        """Write what waits, then close; cut it off where that takes longer than `CLOSE_TIMEOUT_S`."""

    def on_full(self, act: Callable[[], None], /) -> None:
        """Call `act` (soon, not from within a write) when what waits has passed `MAX_BUFFER_BYTES`."""


def _discard(_: bytes) -> None:
    pass


def _none_sent(_: bytes) -> int:
    return 0


class Handle:
    """A `Socket` that writes to uvicorn's transport, or past it.

    Where nothing waits in the transport, frames are sent to its file descriptor at once, which is a good part of what
    the transport's own bookkeeping costs. What the kernel does not take goes to the transport, and all that follows
    goes there too until it is empty again, so the order is kept. The transport is asked whether it is empty only after
    something was written through it (`wrote`): a thousand times a round, the question is a tenth of a delivery.

    The descriptor is the transport's own, which closes it after `connection_lost`: before that it is let go here, and
    nothing is sent any more. Under TLS the transport has to see every byte.
    """

    __slots__ = ("_connection", "_send_now", "_socket", "_waiting", "_when_full", "write", "wrote")

    def __init__(self, connection: SocketProtocol) -> None:
        transport = connection.transport
        transport.set_write_buffer_limits(high=MAX_BUFFER_BYTES)
        self._connection = connection
        self._waiting = transport.get_write_buffer_size
        self._when_full: Callable[[], None] | None = None
        self._socket: socket.socket | None = None
        self._send_now: Callable[[bytes], int] = _none_sent
        if transport.get_extra_info("sslcontext") is None:
            of = transport.get_extra_info("socket")
            self._socket = socket.socket(of.family, of.type, of.proto, of.fileno())
            self._send_now = self._socket.send
        self.write: Callable[[bytes], object] = transport.write
        self.wrote = True
        """Whether something was written through the transport since it was last seen empty."""

    def send(self, frames: Frames, /) -> None:
        """See `Socket`."""
        wire = frames.wire
        if self.wrote:
            if self._waiting():
                self._write(wire)
                return
            self.wrote = False
        try:
            sent = self._send_now(wire)
        except OSError:  # it would block, or the connection has gone: the transport finds out
            sent = 0
        if sent < len(wire):
            self._write(wire[sent:])

    def _write(self, wire: bytes) -> None:
        self.wrote = True
        try:
            self.write(wire)
        except RuntimeError:  # uvloop's, for a transport that is closed; its connection_lost is on its way
            self._silence()

    def _silence(self) -> None:
        if self._socket is not None:
            self._socket.detach()
            self._socket = None
        self._send_now = _none_sent
        self.write = _discard

    def tell(self, message: protocol.ServerMessage, /) -> None:
        """See `Socket`."""
        self._write(frame(protocol.encode(message)))

    def close(self, code: int, reason: str, /) -> None:
        """See `Socket`."""
        self._silence()
        self._connection.close(code, reason)

    def on_full(self, act: Callable[[], None], /) -> None:
        """See `Socket`."""
        self._when_full = act

    def lost(self) -> None:
        """The connection has gone."""
        self._silence()
        self._when_full = None

    def full(self) -> None:
        """What waits has passed the bound."""
        if self._when_full is not None:
            asyncio.get_running_loop().call_soon(self._when_full)


class _Watched:
    """A connection's transport as uvicorn has it, whose own writes (pings, closes) its `Handle` is told of."""

    __slots__ = ("_handle", "plain")

    def __init__(self, plain: asyncio.Transport, handle: Handle) -> None:
        self.plain = plain
        self._handle = handle

    def write(self, data: bytes) -> None:
        self._handle.wrote = True
        self.plain.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plain, name)


class _Inbox:
    """What uvicorn asks of a queue with one reader. An `asyncio.Queue` takes 2 KiB, empty, for each idle follower."""

    __slots__ = ("_items", "_waiter")

    def __init__(self) -> None:
        self._items: list[Any] = []
        self._waiter: asyncio.Future[None] | None = None

    def empty(self) -> bool:
        return not self._items

    def put_nowait(self, item: Any) -> None:
        self._items.append(item)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def get(self) -> Any:
        while not self._items:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._items.pop(0)


class _FewAtATime:
    """Does what it is given in its order, a few in each turn of the event loop: whatever else has come goes between."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()

    def __call__(self, act: Callable[[], None]) -> None:
        self._waiting.append(act)
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(min(len(self._waiting), OPENED_AT_ONCE)):
            loop.call_soon(self._waiting.popleft())
        if self._waiting:
            loop.call_soon(self._next)


_OPENING: WeakKeyDictionary[asyncio.AbstractEventLoop, _FewAtATime] = WeakKeyDictionary()


class SocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's own WebSocket protocol, with a `Handle` in the scope, and lighter while it idles.

    Opening handshakes take turns: half a second of them, when a thousand screens return at once, would keep a page
    waiting.
    """

    handle: Handle | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.queue = cast("asyncio.Queue[Any]", _Inbox())
        self._opening = b""

    def data_received(self, data: bytes) -> None:
        """Called by the transport, first with the opening handshake; what a client says before it is answered waits."""
        if self.handshake_initiated:
            super().data_received(data)
            return
        if not self._opening:
            self.transport.pause_reading()
            _OPENING.setdefault(self.loop, _FewAtATime())(self._open)
        self._opening += data

    def _open(self) -> None:
        if self.disconnected or self.transport.is_closing():
            return
        opening, self._opening = self._opening, b""
        super().data_received(opening)
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def start_keepalive(self) -> None:
        """Called when the handshake is over: what belonged to it is let go (3 KiB)."""
        super().start_keepalive()
        del self.request, self.response

    def handle_connect(self, event: Any) -> None:
        """Take the opening handshake; the application's task starts in the next turn of the loop and finds the
        handle.
        """
        super().handle_connect(event)
        if hasattr(self, "scope"):
            self.handle = Handle(self)
            self.transport = cast("asyncio.Transport", _Watched(self.transport, self.handle))
            extensions = cast("dict[str, object]", self.scope["extensions"])
            extensions[EXTENSION] = self.handle

    def pause_writing(self) -> None:
        """Called by the transport when more than `MAX_BUFFER_BYTES` wait."""
        super().pause_writing()
        if self.handle is not None:
            self.handle.full()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the transport when the connection has gone."""
        if self.handle is not None:
            self.handle.lost()
            self.handle = None
            self.transport = cast("_Watched", self.transport).plain
        super().connection_lost(exc)

    def close(self, code: int, reason: str) -> None:
        """Close without waiting for a full buffer, which uvicorn's `send` would do, and end the application's
        `receive`.
        """
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(CLOSE_TIMEOUT_S, self.transport.abort)


class TextSocket:
    """A `Socket` for any ASGI server: a queue, and a task (`run`) that empties it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._more = asyncio.Event()
        self._closing: tuple[int, str] | None = None
        self._when_full: Callable[[], None] | None = None
        self._task: asyncio.Task[None] | None = None

    def send(self, frames: Frames, /) -> None:
        """See `Socket`."""
        for text in frames.texts:
            self._put(text)

    def tell(self, message: protocol.ServerMessage, /) -> None:
        """See `Socket`."""
        self._put(protocol.encode(message))

    def close(self, code: int, reason: str, /) -> None:
        """See `Socket`."""
        if self._closing is None:
            self._closing = (code, reason)
            self._more.set()
            if self._task is not None:
                asyncio.get_running_loop().call_later(CLOSE_TIMEOUT_S, self._task.cancel)

    def on_full(self, act: Callable[[], None], /) -> None:
        """See `Socket`."""
        self._when_full = act

    def _put(self, text: bytes) -> None:
        if self._closing is not None:
            return
        self._waiting.append(text)
        self._bytes += len(text)
        self._more.set()
        if self._bytes > MAX_BUFFER_BYTES and self._when_full is not None:
            asyncio.get_running_loop().call_soon(self._when_full)
            self._when_full = None

    @property
    def is_closing(self) -> bool:
        """Whether this side has closed it."""
        return self._closing is not None

    async def run(self) -> None:
        """Send what waits until this side closes the socket. Raises what the server's `send` raises.

        Cancelled where a client lets the closing wait for longer than `CLOSE_TIMEOUT_S`.
        """
        self._task = asyncio.current_task()
        while True:
            while self._waiting:
                text = self._waiting.popleft()
                self._bytes -= len(text)
                await self._send({"type": "websocket.send", "text": text.decode()})
            if self._closing is not None:
                code, reason = self._closing
                await self._send({"type": "websocket.close", "code": code, "reason": reason})
                return
            self._more.clear()
            await self._more.wait()
