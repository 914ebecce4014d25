"""A source in memory, with the faults that a test asks for, and a socket that keeps what it is handed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from realtime import protocol
from realtime.source import Batch, Head, Pair
from realtime.transport import Frames


@dataclass(frozen=True)
class Note:
    """An update."""

    channel: str
    seq: int
    kind: str
    id: int
    text: str

    def encode(self, subprotocol: str) -> bytes:
        if self.text == "cannot be shown":
            raise ValueError(self.text)
        if subprotocol.endswith(protocol.FOR_OUTSIDERS):
            return protocol.encode_update(self.channel, self.seq, "hidden", 0)
        field_name = "html" if subprotocol.startswith(protocol.HTML) else "body"
        return protocol.encode_update(self.channel, self.seq, self.kind, self.id, **{field_name: self.text})


@dataclass
class Log:
    """A channel's log."""

    notes: list[Note] = field(default_factory=list)
    access_version: int = 0
    trimmed: int = 0
    """How many of the oldest are gone."""
    shut_out: set[int | None] = field(default_factory=set)
    outsiders: set[int | None] = field(default_factory=set)
    """They hear of each update, and not its words."""

    @property
    def head(self) -> int:
        return self.notes[-1].seq if self.notes else 0


class MemorySource:
    def __init__(self) -> None:
        self.logs: dict[str, Log] = {}
        self.log = "first"
        self.ended_sessions: set[int] = set()
        self.delay_s: Callable[[], float] = lambda: 0.0
        self.failures = 0
        """So many questions fail next."""
        self.asked: list[str] = []
        self.gate: asyncio.Event | None = None
        """Where set, a read has taken its snapshot and waits for this before it answers."""
        self.reading = asyncio.Event()

    def channel(self, name: str) -> Log:
        return self.logs.setdefault(name, Log())

    def write(self, name: str, text: str = "words", kind: str = "post.created", target: int = 7) -> int:
        log = self.channel(name)
        seq = log.head + 1
        log.notes.append(Note(name, seq, kind, target, text))
        return seq

    def shut(self, name: str, *members: int | None) -> None:
        log = self.channel(name)
        log.shut_out |= set(members)
        log.access_version += 1

    def stand(self, name: str, *members: int | None, outside: bool) -> None:
        """These belong to the network of the channel from now on, or do not."""
        log = self.channel(name)
        log.outsiders = log.outsiders | set(members) if outside else log.outsiders - set(members)
        log.access_version += 1

    async def may_follow(self, pairs: list[Pair]) -> dict[Pair, str]:
        await self._answer("may_follow")
        return {
            (who, name): protocol.FOR_OUTSIDERS if who in self.logs[name].outsiders else ""
            for who, name in pairs
            if name in self.logs and who not in self.logs[name].shut_out
        }

    async def ended(self, sessions: list[int]) -> set[int]:
        return set(sessions) & self.ended_sessions

    async def read(self, channel: str, after: int, limit: int) -> Batch:
        log = self.logs.get(channel, Log())
        kept = [note for note in log.notes if note.seq > log.trimmed]
        batch = Batch(
            log.head, log.access_version, self.log, log.trimmed, [note for note in kept if note.seq > after][:limit]
        )
        self.reading.set()
        if self.gate is not None:
            await self.gate.wait()
        await self._answer("read")
        return batch

    async def heads(self, channels: list[str]) -> dict[str, Head]:
        assert len(channels) <= 500
        heads = {
            name: Head(self.logs[name].head, self.logs[name].access_version) for name in channels if name in self.logs
        }
        await self._answer("heads")
        return heads

    async def _answer(self, question: str) -> None:
        self.asked.append(question)
        await asyncio.sleep(self.delay_s())
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the database is away")


class KeptSocket:
    """Keeps frames as a client would see them."""

    def __init__(self) -> None:
        self.frames: list[dict] = []
        self.closed: tuple[int, str] | None = None
        self.writes = 0
        self.when_full: Callable[[], None] | None = None

    def send(self, frames: Frames, /) -> None:
        if self.closed is None:
            self.writes += 1
            self.frames += [json.loads(text) for text in frames.texts]

    def tell(self, message: protocol.ServerMessage, /) -> None:
        if self.closed is None:
            self.frames.append(json.loads(protocol.encode(message)))

    def close(self, code: int, reason: str, /) -> None:
        self.closed = self.closed or (code, reason)

    def on_full(self, act: Callable[[], None], /) -> None:
        self.when_full = act

    def of(self, channel: str) -> list[str]:
        """What came for a channel, short: `3` is update 3, `following 3` and so on."""
        return [short(frame) for frame in self.frames if frame.get("channel") == channel]


def short(frame: dict) -> str:
    match frame["type"]:
        case "update":
            return str(frame["seq"])
        case "following" | "reset":
            return f"{frame['type']} {frame['seq']}"
        case "error":
            return f"error {frame['code']}"
        case other:
            return other


async def until(condition: Callable[[], object], timeout_s: float = 15.0) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 (the condition may lie on another loop)
            await asyncio.sleep(0.002)


def updates(first: int, last: int) -> list[str]:
    return [str(seq) for seq in range(first, last + 1)]


def texts(frames: Sequence[dict]) -> list[str]:
    return [frame.get("html", frame.get("body", "")) for frame in frames if frame["type"] == "update"]
