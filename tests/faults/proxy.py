"""Between the site and its servers: a proxy that cuts, refuses, and does as it likes with what the server says.

The site knows the proxy's port alone, so what a test does here looks to it like a network or a server that fails.
"""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

PIECE_BYTES = 64 * 1024

Write = Callable[[bytes], None]
Cut = Callable[[], None]


class Answers(Protocol):
    """What becomes of the server's answers on one connection."""

    def take(self, piece: bytes, write: Write, cut: Cut, /) -> None:
        """Hand on what came, or not, or later."""


class Faithful:
    """Hands on everything, as it comes."""

    def take(self, piece: bytes, write: Write, cut: Cut, /) -> None:
        write(piece)


class Proxy:
    """From a TCP port of this machine to a server's unix socket."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.answers: Callable[[], Answers] = Faithful
        """Called for each connection."""
        self.refuses = False
        """While set, whoever connects is cut off."""

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def cut(self) -> None:
        """Break every connection that there is."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = [writer]
        self._writers.add(writer)
        try:
            if self.refuses:
                return
            answers, server = await asyncio.open_unix_connection(str(self._target))
            ends.append(server)
            self._writers.add(server)
            taker = self.answers()
            asks = asyncio.create_task(_hand_on(reader, server))

            def write(late: bytes) -> None:
                if not writer.is_closing():
                    writer.write(late)

            while piece := await answers.read(PIECE_BYTES):
                taker.take(piece, write, lambda: _abort(ends))
                await writer.drain()
            asks.cancel()
        except OSError:
            pass
        finally:
            _abort(ends)
            self._writers.difference_update(ends)


async def _hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(PIECE_BYTES):
            if writer.is_closing():
                break
            writer.write(piece)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


def _abort(ends: list[asyncio.StreamWriter]) -> None:
    for end in ends:
        end.transport.abort()


class LosesCommits:
    """For Postgres: commits, but the answer is lost with the connection; as often as `share` of 1 says."""

    COMMITTED = (b"C\x00\x00\x00\x0bCOMMIT\x00", b"\x00\x00\x00\x07written")
    """The end of a transaction; the answer of a statement that is one (forum.db.Database.writing)."""

    def __init__(self, rng: random.Random, share: float) -> None:
        self._rng, self._share = rng, share
        self.lost = 0

    def __call__(self) -> "LosesCommits":
        return self

    def end(self) -> None:
        """Lose no more: connections that were made meanwhile stay, and what comes after this fault has them."""
        self._share = 0.0

    def take(self, piece: bytes, write: Write, cut: Cut, /) -> None:
        if any(each in piece for each in self.COMMITTED) and self._rng.random() < self._share:
            self.lost += 1
            cut()
        else:
            write(piece)


class UnreliableBell:
    """For Redis: of the wake-ups, half are lost, some come twice, and some late and out of order."""

    LATEST_S = 0.8

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._waiting = b""
        self._bulk = 0

    def take(self, piece: bytes, write: Write, cut: Cut, /) -> None:
        self._waiting += piece
        while size := _size_of_value(self._waiting):
            value, self._waiting = self._waiting[:size], self._waiting[size:]
            if b"message\r\n" in value and b"forum:live\r\n" in value:
                self._mangle(value, write)
            else:
                write(value)

    def _mangle(self, value: bytes, write: Write) -> None:
        for _ in range(self._rng.choice((0, 0, 0, 1, 1, 2))):
            late_s = self._rng.choice((0.0, self._rng.uniform(0, self.LATEST_S)))
            asyncio.get_running_loop().call_later(late_s, write, value)


def _size_of_value(data: bytes, start: int = 0) -> int:
    """How many bytes the first value of the Redis protocol takes from `start` on; 0 where it is not whole yet."""
    end = data.find(b"\r\n", start)
    if end < 0:
        return 0
    kind, place = data[start : start + 1], end + 2
    if kind in b"$!=":
        count = int(data[start + 1 : end])
        place += count + 2 if count >= 0 else 0
        return place - start if place <= len(data) else 0
    if kind in b"*~>%":
        for _ in range(int(data[start + 1 : end]) * (2 if kind == b"%" else 1)):
            size = _size_of_value(data, place)
            if not size:
                return 0
            place += size
    return place - start
