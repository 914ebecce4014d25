"""HTTP/1.1 over one connection that can be cut at any moment, which is what a fault test needs of a client.

A connection that breaks, an answer that is cut short and one that does not come in time are all `Lost`: nobody can
tell then whether the request was carried out.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import msgspec

ANSWER_MAX_S = 40.0
MAX_HEAD_BYTES = 64 * 1024


class Lost(Exception):
    """No whole answer came."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Client:
    """Asks one request after the other of one address, over a connection that is kept while it lasts."""

    def __init__(self, host: str, port: int, headers: Mapping[str, str] | None = None) -> None:
        self._host, self._port = host, port
        self._headers = dict(headers or {})
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()

    def cut(self) -> None:
        """Break the connection, whatever is under way."""
        if self._writer is not None:
            self._writer.transport.abort()
        self._reader = self._writer = None

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.ask("GET", path, headers=headers)

    async def ask(
        self, method: str, path: str, body: object = None, *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """The answer to one request; `body` goes as JSON. Raises Lost."""
        try:
            async with asyncio.timeout(ANSWER_MAX_S):
                await self.send(method, path, body, headers=headers)
                return await self._hear()
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError) as error:
            raise Lost(type(error).__name__) from error
        finally:
            if self._reader is None or self._reader.at_eof():
                self.cut()

    async def send(
        self, method: str, path: str, body: object = None, *, headers: Mapping[str, str] | None = None
    ) -> None:
        """Send a request and do not wait for its answer. Raises OSError."""
        if self._writer is None or self._writer.is_closing() or (self._reader is not None and self._reader.at_eof()):
            self.cut()
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        content = b"" if body is None else msgspec.json.encode(body)
        lines = {"host": f"{self._host}:{self._port}", "content-length": str(len(content)), **self._headers}
        if body is not None:
            lines["content-type"] = "application/json"
        lines.update(headers or {})
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + content)

    async def _hear(self) -> Answer:
        assert self._reader is not None
        whole = False
        try:
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            body = await self._reader.readexactly(int(headers.get("content-length", "0")))
            whole = True
        finally:
            if not whole:  # what comes late must not be taken for the answer to the next request
                self.cut()
        if headers.get("connection", "").lower() == "close":
            self.cut()
        return Answer(int(head[0].split(" ")[1]), headers, body)
