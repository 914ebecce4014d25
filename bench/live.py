"""Live: from the POST of a reply or a message to the last of 200 screens, log, render and sockets included.

The followers are asyncio clients on the load's core: what they cost is in the figure, so it is an upper bound.
"""

import asyncio
import statistics
import time
from collections.abc import Collection, Iterator
from contextlib import AsyncExitStack

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from bench import site
from bench.fanout import Row
from bench.pages import Bench

THREAD = 202
SCREENS = 200
TARGETS_MS = {"reply_live": 12.0, "message_live": 15.0}


def rows(bench: Bench, wanted: Collection[str]) -> Iterator[Row]:
    """Measure each of the rows that is wanted."""
    port = site.free_port()
    with site.web(bench.servers, port):
        for name, target in TARGETS_MS.items():
            if name in wanted:
                bench.say(name)
                p50, p99 = asyncio.run(_measure(port, name, rounds=20 * bench.turns))
                note = f"p99 {p99:.1f} ms; {SCREENS} asyncio followers share the load's core"
                yield Row(name, round(p50, 1), "ms", None, None, f"≤ {target:g} ms p50", p50 <= target, note)


async def _measure(port: int, name: str, rounds: int) -> tuple[float, float]:
    base = f"http://127.0.0.1:{port}"
    headers = {"Authorization": "Bearer 1"}
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=f"{base}/api/v1", headers=headers))
        path = f"/threads/{THREAD}/posts" if name == "reply_live" else "/networks/network-1/messages"
        cursors: dict[str, int] = (await client.get(path)).json()["channels"]
        channel = next(each for each in cursors if each.startswith(("thread:", "room:")))
        url = f"ws://127.0.0.1:{port}/live"
        followers = [await _follow(stack, url, n, channel, cursors[channel]) for n in range(1, SCREENS + 1)]
        took_ms = []
        for number in range(rounds + 5):
            waiting = [asyncio.create_task(_next_update(follower, channel)) for follower in followers]
            await asyncio.sleep(0.02)
            began = time.perf_counter()
            answer = await client.post(path, json={"body": f"Number {number}"})
            answer.raise_for_status()
            ends = await asyncio.gather(*waiting)
            if number >= 5:
                took_ms.append((max(ends) - began) * 1000)
    took_ms.sort()
    return statistics.median(took_ms), took_ms[int(len(took_ms) * 0.99)]


async def _follow(stack: AsyncExitStack, url: str, number: int, channel: str, after: int) -> ClientConnection:
    """A screen of one of the forty members, which follows the channel."""
    headers = {"Authorization": f"Bearer {number}"}
    html = Subprotocol("forum.v1.html")
    socket = await stack.enter_async_context(
        connect(url, subprotocols=[html], additional_headers=headers, compression=None)
    )
    await socket.send(f'{{"type":"follow","channel":"{channel}","after":{after}}}')
    while not ('"following"' in (frame := str(await socket.recv())) and f'"{channel}"' in frame):
        pass
    return socket


async def _next_update(socket: ClientConnection, channel: str) -> float:
    """When the next post or message of the channel came."""
    while True:
        frame = str(await socket.recv())
        # What an announcement says of the thread a moment later is not what was sent.
        if '.created"' in frame and f'"channel":"{channel}"' in frame:
            return time.perf_counter()
