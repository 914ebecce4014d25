"""Screens and polls of one member on one process, over real sockets, that note what arrives and when."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import websockets
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from tests.trust.processes import Process

PATIENCE_S = 10.0


class Screen:
    """A socket, with every frame that came over it."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.frames: list[dict[str, Any]] = []
        self.at_s: list[float] = []
        self.closed: int | None = None
        self.closed_at_s = 0.0
        self._news = asyncio.Condition()

    async def listen(self) -> None:
        try:
            async for text in self._socket:
                await self._note(json.loads(text))
        except ConnectionClosed:
            pass
        self.closed, self.closed_at_s = self._socket.close_code, time.monotonic()
        async with self._news:
            self._news.notify_all()

    async def _note(self, frame: dict[str, Any]) -> None:
        async with self._news:
            self.frames.append(frame)
            self.at_s.append(time.monotonic())
            self._news.notify_all()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until what has come makes it true."""
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(condition)

    async def follow(self, channels: Iterable[str]) -> None:
        """Follow these from where they stand; returns when all of them are live."""
        for channel in channels:
            await self._socket.send(json.dumps({"type": "follow", "channel": channel, "after": 0}))
            await self.until(lambda channel=channel: channel in self.of_type("following"))  # type: ignore[misc]

    async def settled(self) -> None:
        """Everything that was written on this socket so far has come."""
        try:
            await (await self._socket.ping())
        except ConnectionClosed:
            return

    def of_type(self, kind: str) -> set[str]:
        return {frame.get("channel", "") for frame in self.frames if frame["type"] == kind}

    def updates(self, kind: str) -> set[int]:
        """The ids that updates of this kind told of."""
        return {frame["id"] for frame in self.frames if frame["type"] == "update" and frame["kind"] == kind}

    def gone_at_s(self, channels: set[str]) -> float:
        """When the last of these channels was told to be gone."""
        return max(
            at
            for frame, at in zip(self.frames, self.at_s, strict=True)
            if frame["type"] == "gone" and frame["channel"] in channels
        )


@asynccontextmanager
async def screen_of(site: Process, door: Mapping[str, str], channels: Iterable[str]) -> AsyncIterator[Screen]:
    """A screen of whom these headers name, by a session's cookie or by a token, which follows these channels."""
    async with websockets.connect(
        site.url.replace("http", "ws") + "/live",
        origin=Origin(site.url),
        subprotocols=[Subprotocol("forum.v1.html")],
        additional_headers=door,
        compression=None,
    ) as socket:
        screen = Screen(socket)
        listening = asyncio.create_task(screen.listen())
        await screen.follow(channels)
        yield screen
        await socket.close()
        await listening


async def poll(client: httpx.AsyncClient, cursors: dict[str, int]) -> tuple[httpx.Response, float]:
    """One long poll of these channels, and when it was answered."""
    params = {f"after[{channel}]": str(seq) for channel, seq in cursors.items()}
    answer = await client.get("/api/v1/updates", params=params)
    return answer, time.monotonic()
