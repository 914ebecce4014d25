"""The bus within one process: what `bus.Bus` promises, without Redis.

For one web process without Redis, and for tests: buses on one `Exchange` hear each other as processes do.
"""

from __future__ import annotations

import asyncio
import random

from realtime.bus import Kind, Listener
from realtime.metrics import Metrics


class Exchange:
    """What connects several memory buses."""

    def __init__(self) -> None:
        self.buses: list[MemoryBus] = []


class MemoryBus:
    """See `bus.Bus`."""

    def __init__(
        self, exchange: Exchange | None = None, *, metrics: Metrics | None = None, drop_rate: float = 0.0
    ) -> None:
        self.metrics = metrics or Metrics()
        self._exchange = exchange or Exchange()
        self._drop_rate = drop_rate
        self._listeners: dict[Kind, Listener] = {}

    async def start(self) -> None:
        """Begin to hear."""
        self._exchange.buses.append(self)

    async def stop(self) -> None:
        """Hear no more."""
        if self in self._exchange.buses:
            self._exchange.buses.remove(self)

    def listen(self, kind: Kind, listener: Listener) -> None:
        """Call `listener(channel, number)` for each note of this kind from another bus."""
        self._listeners[kind] = listener

    def publish(self, kind: Kind, channel: str, number: int) -> None:
        """Tell the other buses, in a later turn of the loop."""
        if self._drop_rate and random.random() < self._drop_rate:  # noqa: S311
            return
        if kind is Kind.WAKE:
            self.metrics.wakeups_sent += 1
        for other in self._exchange.buses:
            if other is not self:
                asyncio.get_running_loop().call_soon(other.hear, kind, channel, number)

    def hear(self, kind: Kind, channel: str, number: int) -> None:
        """Take a note from another bus."""
        if kind is Kind.WAKE:
            self.metrics.wakeups_received += 1
        listener = self._listeners.get(kind)
        if listener is not None and self in self._exchange.buses:
            listener(channel, number)
