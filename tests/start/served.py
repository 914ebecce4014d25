"""A tiny application behind the site's own protocol, in the test's loop, and a client that sends what it likes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from uvicorn.server import ServerState

Act = Callable[[Request], Awaitable[Response]]
SHORT_S = 0.3
LONG_S = 30.0
"""Not reached in any test; each has to end long before."""
LARGE_BYTES = 32 * 1024 * 1024
"""More than the kernel takes off a server's hands."""


class Client:
    """A client that sends what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def sent(self) -> None:
        await self._writer.drain()

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """The next answer: status, headers, body."""
        status, headers = await self.head()
        async with asyncio.timeout(10):
            return status, headers, await self._reader.readexactly(int(headers["content-length"]))

    async def head(self) -> tuple[int, dict[str, str]]:
        """The head of the next answer: status and headers."""
        async with asyncio.timeout(10):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        line, *lines = head.strip().split("\r\n")
        return int(line.split()[1]), dict(each.split(": ", 1) for each in lines)

    async def refusal(self) -> int:
        """The status of an answer that is the last one."""
        status, headers, body = await self.answer()
        assert headers["connection"] == "close"
        assert headers["content-type"] == "text/plain; charset=utf-8"
        assert body.endswith(b".")
        assert await self.rest() == b""
        return status

    async def some(self, size: int) -> bytes:
        """At most so much of what has come."""
        async with asyncio.timeout(10):
            return await self._reader.read(size)

    async def rest(self) -> bytes:
        """What comes until the server closes."""
        async with asyncio.timeout(10):
            return await self._reader.read()


class Served:
    """A tiny application, served as the site is, in the test's loop."""

    def __init__(self, port: int, state: ServerState, go: asyncio.Event, end: asyncio.Event, saw: list[str]) -> None:
        self.port = port
        self.state = state
        self.go = go
        """What /slow, /unread and /stream wait for."""
        self.end = end
        """What /late waits for."""
        self.saw = saw

    async def connect(self) -> Client:
        return Client(*(await asyncio.open_connection("127.0.0.1", self.port)))

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        client = await self.connect()
        try:
            yield client
        finally:
            client._writer.close()
            with contextlib.suppress(OSError):
                await client._writer.wait_closed()

    async def let_time_pass(self) -> None:
        """Returns when a head that began before this has had its time."""
        async with self.client() as silent:
            assert await silent.rest() == b""

    async def until_all_are_gone(self) -> None:
        """Returns when the server has no connection any more, though no client closed one."""
        await until(lambda: not self.state.connections)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # what is waited for happens inside uvicorn
            await asyncio.sleep(0.01)


def application(go: asyncio.Event, end: asyncio.Event, saw: list[str]) -> Starlette:
    """Routes that answer at once or late, with little or much, and that read what comes or do not."""
    return Starlette(routes=[*_quick_and_slow(go, end, saw), *_reading(go, saw), WebSocketRoute("/echo", _echo)])


def _routes(*acts: Act) -> list[Route]:
    return [Route(f"/{act.__name__}", act, methods=["GET", "POST"]) for act in acts]


async def _echo(socket: WebSocket) -> None:
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(text)


def _quick_and_slow(go: asyncio.Event, end: asyncio.Event, saw: list[str]) -> list[Route]:
    async def quick(request: Request) -> Response:
        return PlainTextResponse("quick")

    async def slow(request: Request) -> Response:
        saw.append("slow")
        await go.wait()
        return PlainTextResponse("slow")

    async def late(request: Request) -> Response:
        saw.append("late")
        await end.wait()
        return PlainTextResponse("late")

    async def large(request: Request) -> Response:
        saw.append("large")
        return Response(b"x" * LARGE_BYTES)

    return _routes(quick, slow, late, large)


def _reading(go: asyncio.Event, saw: list[str]) -> list[Route]:
    async def size(request: Request) -> Response:
        try:
            return PlainTextResponse(str(len(await request.body())))
        except ClientDisconnect:
            saw.append("gone")
            raise

    async def unread(request: Request) -> Response:
        """Reads the body late."""
        saw.append("unread")
        await go.wait()
        return await size(request)

    async def stream(request: Request) -> Response:
        """Begins its answer before the body is there."""

        async def parts() -> AsyncIterator[bytes]:
            yield b"begun"
            await go.wait()

        return StreamingResponse(parts(), headers={"content-length": "10"})

    return _routes(size, unread, stream)


def head_of(size: int, first: str = "GET /quick", more: str = "") -> bytes:
    """A head of that many bytes."""
    begin = f"{first} HTTP/1.1\r\nhost: forum.test\r\n{more}".encode()
    lines = [b"x-%d: " % each + b"x" * 1000 + b"\r\n" for each in range(100, 100 + (size - len(begin)) // 1100)]
    rest = size - len(begin) - sum(map(len, lines)) - len(b"x-rest: \r\n\r\n")
    head = begin + b"".join(lines) + b"x-rest: " + b"x" * rest + b"\r\n\r\n"
    assert len(head) == size
    return head
