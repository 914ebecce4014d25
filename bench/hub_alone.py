"""The hub alone: the product's live delivery over a log in memory, which a byte on the control port writes on.

    python -m bench.hub_alone PORT CONTROL_PORT UPDATES

Each byte writes UPDATES messages into one room. The hub, the server and the frames are the product's; nothing but
delivery is measured.
"""

import asyncio
import sys

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import HTTPConnection

from realtime import protocol
from realtime.endpoint import Live
from realtime.memory_bus import MemoryBus
from realtime.source import Batch, Caller, Head, Pair

CHANNEL = "room:1"
FIRST_SEQ = 10**6 + 1
HTML = (
    '<li class="message" id="message-77" data-id="77" data-author="7" data-version="1" data-grouped>'
    '<img class="avatar" src="/static/avatars/7.svg" alt="" width="32" height="32"><div class="head">'
    '<a class="name" href="/members/7">Ruth Castellane</a><time datetime="2026-11-23T09:02:00Z">09:02</time></div>'
    '<div class="body"><p>Has anyone moved the e-referral feed to the new gateway yet? Ours drops about one in four '
    "hundred, and the supplier says it is our proxy. I would like to compare notes before the call on Thursday.</p>"
    '</div><footer><a href="/networks/london/room?reply=77">Reply</a></footer></li>'
)  # fmt: skip
KEPT = 100


class Message:
    """An update: a message of the room, rendered already."""

    kind = "message.created"
    id = 77

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self._text = protocol.encode_update(CHANNEL, seq, self.kind, self.id, version=1, html=HTML)

    def encode(self, _: str) -> bytes:
        """The text of its frame."""
        return self._text


class _Source:
    """A log in memory that anybody may follow; it keeps the last hundred updates."""

    def __init__(self) -> None:
        self.head = FIRST_SEQ
        self.updates = [Message(self.head)]

    def write(self, count: int) -> int:
        for _ in range(count):
            self.head += 1
            self.updates.append(Message(self.head))
        del self.updates[:-KEPT]
        return self.head

    async def may_follow(self, pairs: list[Pair]) -> dict[Pair, str]:
        return dict.fromkeys(pairs, "")

    async def ended(self, _sessions: list[int]) -> set[int]:
        return set()

    async def read(self, channel: str, after: int, limit: int) -> Batch:
        if channel != CHANNEL:
            return Batch(0, 0, "bench", 0, [])
        newer = [update for update in self.updates if update.seq > after]
        return Batch(self.head, 0, "bench", self.head - KEPT, newer[:limit])

    async def heads(self, channels: list[str]) -> dict[str, Head]:
        return {CHANNEL: Head(self.head, 0)} if CHANNEL in channels else {}


async def _identify(connection: HTTPConnection) -> Caller:
    member = int(connection.headers["authorization"].removeprefix("Bearer "))
    return Caller(member, member)


async def _names(_: object) -> dict[int, str]:
    return {}


class _Control(asyncio.Protocol):
    def __init__(self, live: Live, source: _Source, count: int) -> None:
        self._live, self._source, self._count = live, source, count

    def data_received(self, data: bytes) -> None:
        for _ in data:
            self._live.wake([(CHANNEL, self._source.write(self._count))])


async def _serve(port: int, control_port: int, count: int) -> None:
    source = _Source()
    live = Live(source, _identify, _names, MemoryBus())
    await live.start()
    control = await asyncio.get_running_loop().create_server(
        lambda: _Control(live, source, count), "127.0.0.1", control_port
    )
    config = uvicorn.Config(
        Starlette(routes=live.routes()), host="127.0.0.1", port=port, ws="realtime.transport:SocketProtocol",
        ws_ping_interval=25, ws_per_message_deflate=False, ws_max_size=protocol.MAX_FRAME_BYTES, log_level="warning",
        lifespan="off",
    )  # fmt: skip
    await uvicorn.Server(config).serve()
    control.close()
    await live.stop()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(*map(int, sys.argv[1:4])))
