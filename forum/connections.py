"""A connection's bounds: how much may come on it, how long one may wait for that, and how many there may be.

uvicorn reads a head of any size, and its keep-alive timer begins only after an answer; it takes in whatever is asked
before there is an answer. `BoundedProtocol` is its protocol with what is missing:

- A head (request line and headers) has MAX_HEAD_BYTES; a larger one is answered 431. So are trailers.
- A head has HEAD_MAX_S, from the connection's first moment or the first byte of a further request, and a body
  BODY_MAX_S, from the end of its head. What takes longer is answered 408, or cut off where an answer has begun or
  nothing was asked. The time does not end while it is this side that keeps the client waiting.
- While requests wait for their turn, no more are read. Of those that came together, MAX_WAITING may wait: they are
  answered, the last answer says so, and what came behind them is not looked at.
- A process has MAX_CONNECTIONS, sockets included, or as many as it may have files open; what comes beyond is answered
  503, as long as that is not too much itself.

Use it as `uvicorn.Config(…, http=BoundedProtocol)`. What is known of uvicorn's inside here and in realtime/transport.py
is why its version is pinned.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Sequence
from typing import Any, Final, Literal

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from forum.answering import AnsweringProtocol

MAX_CONNECTIONS: Final = 20_000
SPARE_FILES: Final = 256
"""Which are none of these: the database's, Redis', the log's."""
REFUSED_AT_ONCE: Final = 128
"""So many are told that there are too many while they are; the others are cut off, since to tell takes a file, too."""
MAX_WAITING: Final = 256
MAX_HEAD_BYTES: Final = 64 * 1024
HEAD_MAX_S: Final = 20.0
BODY_MAX_S: Final = 60.0
LINGER_S: Final = 2.0
"""How long what a client still sends is thrown away after a refusal: to close at once would lose the answer too."""

TOO_LARGE: Final = f"The request's line and headers together may have {MAX_HEAD_BYTES // 1024} KiB."
TOO_LATE: Final = "The request took too long to arrive."
TOO_MANY: Final = "There are too many connections right now. Try again in a few seconds."
RETRY_AFTER: Final = (b"retry-after", b"5")


class NoFurther(Exception):
    """Ends the parser's work on a read: what is to be said to the client has been settled by then."""


class BoundedProtocol(AnsweringProtocol):
    """uvicorn's own HTTP protocol, with bounds for what a client sends and for how it takes what it is sent.

    This runs for each read of each request, so a request that comes in one read sets no clock at all, and a
    connection has one timer, which is not moved while the time it stands for only gets later.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._awaited: Literal["request", "head", "body"] | None = "request"
        """What has to come from the client: a request's first byte, the rest of its head, the rest of its body."""
        self._deadline: float | None = None
        """When that has to be there; None while nothing is awaited."""
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._before_bytes = 0
        """What came, before this read, since the last end of a head, piece of a body or end of a request."""
        self._read_bytes = 0
        self._got_on = False
        """Whether this read brought one of these."""
        self._over = False
        """Whether the client was refused, or the connection handed over: nothing that comes is looked at any more."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called by the server with a new connection; the time for a first request begins."""
        super().connection_made(transport)
        beyond = len(self.connections) - _connections_max()
        if beyond <= 0:
            self._give(HEAD_MAX_S)
        elif beyond <= REFUSED_AT_ONCE:
            self._refuse(503, TOO_MANY, [RETRY_AFTER])
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the transport when the connection has gone."""
        self._end_time()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Called by the transport with what came."""
        if not self._over:
            self._read_bytes = len(data)
            self._got_on = False
            super().data_received(data)
            self._after_read()

    def _after_read(self) -> None:
        if self._over:
            return
        if self._got_on:
            self._before_bytes = 0
        else:
            self._before_bytes += self._read_bytes
            if self._before_bytes > MAX_HEAD_BYTES:
                self._refuse(431, TOO_LARGE)
                return
        if self._awaited is None and not self._is_answering():  # an empty line, or the end of a body long answered
            self._awaited = "request"
        if self._awaited is not None and self._deadline is None:
            self._give(self._allowed_s())

    def on_message_begin(self) -> None:
        """Called by the parser at a request's first byte. Raises NoFurther where enough others wait."""
        if len(self.pipeline) >= MAX_WAITING:
            self._over = True
            self.cycle.keep_alive = False
            raise NoFurther
        self._awaited = "head"
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Called by the parser at the end of a head. Raises NoFurther when it has refused it."""
        if self._before_bytes + self._read_bytes > MAX_HEAD_BYTES and self._head_bytes() > MAX_HEAD_BYTES:
            self._refuse(431, TOO_LARGE)
            raise NoFurther
        self._got_on = True
        self._awaited = "body"
        self._deadline = None
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Called by the parser with a piece of a body."""
        self._got_on = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Called by the parser at the end of a request."""
        self._got_on = True
        self._awaited = None
        self._deadline = None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Called at the end of an answer, which lets uvicorn read on."""
        super().on_response_complete()
        if self.pipeline and not self.transport.is_closing():
            self.flow.pause_reading()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over; a socket has no time here."""
        self._over = True
        self._end_time()
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, unless it was refused already."""
        if not self._over:
            self._over = True
            super().send_400_response(msg)

    def _head_bytes(self) -> int:
        """The size of a complete head, as it came but for optional spaces."""
        line = len(self.parser.get_method()) + len(self.url) + len("  HTTP/1.1\r\n\r\n")
        return line + sum(len(name) + len(value) + len(": \r\n") for name, value in self.headers)

    def _is_answering(self) -> bool:
        """Whether an answer is owed, or on its way, to a request whose head has come."""
        return self.cycle is not None and not self.cycle.response_complete  # type: ignore[redundant-expr]

    def _allowed_s(self) -> float:
        return BODY_MAX_S if self._awaited == "body" else HEAD_MAX_S

    def _give(self, seconds: float) -> None:
        """Let what is awaited have this time, from now."""
        self._deadline = self.loop.time() + seconds
        if self._timer is None or self._timer_at > self._deadline:
            self._set_timer(self._deadline, seconds)

    def _set_timer(self, at: float, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, self._look)
        self._timer_at = at

    def _end_time(self) -> None:
        self._deadline = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        """Called by the timer, whose time may have been that of an earlier request."""
        self._timer = None
        if self._deadline is None:
            return
        left_s = self._deadline - self.loop.time()
        if left_s > 0:
            self._set_timer(self._deadline, left_s)
        elif self._over or self._awaited == "request":
            self.transport.abort()
        elif self._keeps_waiting():
            self._give(self._allowed_s())
        else:
            self._refuse(408, TOO_LATE)

    def _keeps_waiting(self) -> bool:
        """Whether the client cannot be blamed: this side does not read, or has an earlier request to answer."""
        if self._awaited == "body":
            return self.flow.read_paused or bool(self.pipeline)
        return self._is_answering()

    def _refuse(self, status: int, sentence: str, more: Sequence[tuple[bytes, bytes]] = ()) -> None:
        """Answer with the sentence and close; only close where an answer has begun, or another's turn is first."""
        self._over = True
        if self.transport.is_closing() or not self._can_answer():
            self.transport.abort()
            return
        if self._is_answering():  # the application finds the client gone
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        body = sentence.encode()
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
            *more,
        ]
        lines = b"".join(b"%s: %s\r\n" % header for header in headers)
        self.transport.write(STATUS_LINE[status] + lines + b"\r\n" + body)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._give(LINGER_S)

    def _can_answer(self) -> bool:
        if self._awaited == "body" and self._is_answering():
            return not self.cycle.response_started and not self.pipeline
        return self._awaited != "body" and not self._is_answering()


def _connections_max() -> int:
    """How many connections this process may have."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return min(MAX_CONNECTIONS, max(files - SPARE_FILES, files // 2))
