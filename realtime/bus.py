"""Wake-ups between web processes, through Redis publish/subscribe.

A note is a kind, a channel and a number: no words. The bus promises little, and whoever uses it needs no more: a note
reaches every *other* process that is connected, usually within a millisecond, perhaps twice, perhaps late, perhaps
never. Publishing never waits and never fails; what cannot be carried is dropped and counted. Lost connections are
made again for ever.
"""

from __future__ import annotations

import asyncio
import enum
import logging
import os
import random
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec
import redis.asyncio as redis
from redis.exceptions import RedisError

from realtime.metrics import Metrics
from realtime.tasks import end

CHANNEL: Final = "forum:live"
MAX_WAITING: Final = 10_000
MAX_NOTES_A_MESSAGE: Final = 500
TIMEOUT_S: Final = 2.0
PING_EVERY_S: Final = 5.0
FIRST_PAUSE_S: Final = 0.05
LONGEST_PAUSE_S: Final = 1.0

_log = logging.getLogger(__name__)


class Kind(enum.StrEnum):
    """What a note is about, and what its number means."""

    WAKE = "w"
    """Something was committed in the channel, up to this seq."""
    TYPING = "t"
    """This member is typing in the channel."""
    PRESENCE = "p"
    """Who is here in the channel has changed; the number is 0."""


Listener = Callable[[str, int], None]


class Bus(Protocol):
    """What the memory bus and the Redis bus have in common."""

    async def start(self) -> None:
        """Begin to hear; returns at once, connected or not."""

    async def stop(self) -> None:
        """Hear no more."""

    def listen(self, kind: Kind, listener: Listener, /) -> None:
        """Call `listener(channel, number)` for each note of this kind from another process; one listener a kind."""

    def publish(self, kind: Kind, channel: str, number: int, /) -> None:
        """Tell the other processes. Never waits, never fails."""


_Note = tuple[Kind, str, int]


class _Message(msgspec.Struct, array_like=True):
    sender: bytes
    notes: list[_Note]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Message)


class RedisBus:
    """See `Bus`. One Redis channel carries everything; what waits while a message is on its way goes as one message."""

    def __init__(
        self, url: str, *, metrics: Metrics | None = None, drop_rate: float = 0.0, channel: str = CHANNEL
    ) -> None:
        self.metrics = metrics or Metrics()
        self._url = url
        self._channel = channel
        self._drop_rate = drop_rate
        """The share of notes that are lost on purpose: for tests of what does without them."""
        self._me = os.urandom(8)
        self._listeners: dict[Kind, Listener] = {}
        self._waiting: deque[_Note] = deque()
        self._more = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.hears = asyncio.Event()
        """Set while the subscription stands."""

    async def start(self) -> None:
        """See `Bus`."""
        self._tasks = [
            asyncio.create_task(self._publish_on(), name="bus publish"),
            asyncio.create_task(self._hear_on(), name="bus hear"),
        ]

    async def stop(self) -> None:
        """See `Bus`."""
        await end(self._tasks)
        self._tasks = []

    def listen(self, kind: Kind, listener: Listener, /) -> None:
        """See `Bus`."""
        self._listeners[kind] = listener

    def publish(self, kind: Kind, channel: str, number: int, /) -> None:
        """See `Bus`."""
        if self._drop_rate and random.random() < self._drop_rate:  # noqa: S311
            return
        if len(self._waiting) >= MAX_WAITING:
            self._count_dropped([self._waiting.popleft()])
        self._waiting.append((kind, channel, number))
        self._more.set()

    def _count_dropped(self, notes: list[_Note]) -> None:
        self.metrics.wakeups_dropped += sum(note[0] is Kind.WAKE for note in notes)

    def _client(self) -> redis.Redis:
        # Reconnecting is done here, with a pause of our own: a client that retries inside would hold notes back. So is
        # what bounds an answer's time: the client's own way to do that can lose a cancellation (see `tasks`).
        return redis.Redis.from_url(
            self._url, socket_timeout=None, socket_connect_timeout=TIMEOUT_S, retry=None, retry_on_error=[]
        )

    async def _publish_on(self) -> None:
        pause_s = FIRST_PAUSE_S
        async with self._client() as client:
            while True:
                self._more.clear()
                if not self._waiting:
                    await self._more.wait()
                notes = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_NOTES_A_MESSAGE))]
                try:
                    async with asyncio.timeout(TIMEOUT_S):
                        await client.publish(self._channel, _encoder.encode(_Message(self._me, notes)))
                except (RedisError, OSError, TimeoutError) as error:
                    # Not sent again: the look at the heads finds what these would have told, and newer ones wait.
                    self._count_dropped(notes)
                    _log.info("wake-ups could not be published: %s", type(error).__name__)
                    await asyncio.sleep(pause_s)
                    pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
                else:
                    self.metrics.wakeups_sent += sum(note[0] is Kind.WAKE for note in notes)
                    pause_s = FIRST_PAUSE_S

    async def _hear_on(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                async with self._client() as client, client.pubsub() as subscription:
                    async with asyncio.timeout(TIMEOUT_S):
                        await subscription.subscribe(self._channel)
                    while True:
                        message = await self._next(subscription)
                        if message is not None and message["type"] == "subscribe":
                            self.hears.set()
                            pause_s = FIRST_PAUSE_S
                        elif message is not None and message["type"] == "message":
                            self._hear(message["data"])
            except (RedisError, OSError, TimeoutError) as error:
                _log.info("wake-ups are not heard: %s", type(error).__name__)
            self.hears.clear()
            self.metrics.bus_reconnects += 1
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))  # noqa: S311
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def _next(self, subscription: Any) -> dict[str, Any] | None:
        """Return the next message; where none comes for a while, ask whether the other side still lives."""
        message: dict[str, Any] | None = await subscription.get_message(timeout=PING_EVERY_S)
        if message is None:
            async with asyncio.timeout(TIMEOUT_S):
                await subscription.ping()
            message = await subscription.get_message(timeout=PING_EVERY_S)
            if message is None:
                raise TimeoutError("no answer to a ping")
        return message

    def _hear(self, data: bytes) -> None:
        try:
            message = _decoder.decode(data)
        except msgspec.DecodeError:
            _log.warning("a message on the bus is not of this version of the forum")
            return
        if message.sender == self._me:
            return
        for kind, channel, number in message.notes:
            if kind is Kind.WAKE:
                self.metrics.wakeups_received += 1
            listener = self._listeners.get(kind)
            if listener is not None:
                listener(channel, number)
