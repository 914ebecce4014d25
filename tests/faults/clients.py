"""Hostile clients: they stop reading, send a byte a second, send garbage, ask for too much. They are closed with the
right code, and the others do not notice.
"""

import asyncio
import json
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from tests.faults.run import Run
from tests.faults.stage import HOST
from tests.faults.verdict import delays
from tests.faults.world import Person

REFUSED, TOO_BIG, TOO_SLOW = 1008, 1009, 1013
SCREENS_A_MEMBER = 50
BIG_CHARS = 30_000
CODE_WITHIN_S = 20.0
UNNOTICED_S = 0.25
"""A delay that nobody notices, whatever it was before."""


async def hostile(run: Run) -> None:
    """Clients that stop reading, drip, send garbage, ask for too much: all at once, while everybody else goes on."""
    before = time.monotonic()
    slow = await run.metric("slow_closes_total")
    calm_p99_s = _p99(delays(run, 0, before))
    attackers: dict[str, tuple[Callable[[Run], Awaitable[list[int | None]]], int]] = {
        "stop reading": (_stop_reading, TOO_SLOW),
        "garbage": (_garbage, REFUSED),
        "a frame that is too big": (_too_big, TOO_BIG),
        "thousands of follows": (_thousands_of_follows, REFUSED),
        "too many sockets": (_too_many_sockets, TOO_SLOW),
    }
    dripping = [asyncio.create_task(_drip(run)) for _ in range(20)]
    found = await asyncio.gather(*(attack(run) for attack, _ in attackers.values()))
    for task in dripping:
        task.cancel()
    for (name, (_, wanted)), codes in zip(attackers.items(), found, strict=True):
        # Who has not read for too long does not get to read the code either.
        allowed = {wanted, None} if attackers[name][0] is _stop_reading else {wanted}
        run.expect(bool(codes) and set(codes) <= allowed, f"{name}: closed with {wanted}, not {codes}")
    slow_closes = await run.metric("slow_closes_total") - slow
    run.expect(slow_closes == len(run.world.idlers), f"metrics tell of the clients that were too slow: {slow_closes}")
    p99_s = _p99(delays(run, before, time.monotonic()))
    run.figures |= {"calm_p99_ms": round(calm_p99_s * 1000, 1), "attacked_p99_ms": round(p99_s * 1000, 1)}
    most_s = max(2 * calm_p99_s, UNNOTICED_S) * run.size.patience
    run.expect(p99_s <= most_s, f"the others' p99 stays below {most_s * 1000:.0f} ms, not {p99_s * 1000:.0f} ms")


def _p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)] if values else 0.0


def _socket(run: Run, person: Person, **more: object) -> connect:
    return connect(
        f"ws://{HOST}:{run.site.port}/live", origin=Origin(run.site.base_url), compression=None, proxy=None,
        additional_headers={"authorization": person.bearer}, ping_interval=None, **more,
    )  # fmt: skip


async def _code(connection: ClientConnection) -> int | None:
    """The code that it is closed with, whatever comes before that."""
    with suppress(ConnectionClosed, TimeoutError):
        async with asyncio.timeout(CODE_WITHIN_S):
            while True:
                await connection.recv()
    return connection.close_code


async def _stop_reading(run: Run) -> list[int | None]:
    """Follow a thread in which large posts are written, and read nothing until it is over."""
    writer = run.world.lead
    async with run.client(writer) as client:
        path = f"/api/v1/networks/{run.world.places[0].slug}/threads"
        thread = (await client.ask("POST", path, {"title": "Large", "body": "Opening"})).json()["id"]
        channel = f"thread:{thread}"
        readers = []
        for person in run.world.idlers:
            small = socket.create_connection((HOST, run.site.port))
            small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader = await _socket(run, person, sock=small, max_queue=1, max_size=None)
            await reader.send(json.dumps({"type": "follow", "channel": channel, "after": 0}))
            readers.append(reader)
        await asyncio.sleep(0.2)
        closed = await run.metric("slow_closes_total")
        for number in range(400):
            body = {"body": "patient records " * (BIG_CHARS // 16) + str(number)}
            await client.ask("POST", f"/api/v1/threads/{thread}/posts", body)
            if number % 10 == 9 and await run.metric("slow_closes_total") >= closed + len(readers):
                break
    codes = []
    for reader in readers:
        codes.append(await _code(reader))
        await reader.close()
    return codes


async def _garbage(run: Run) -> list[int | None]:
    async with _socket(run, run.world.readers[-1]) as connection:
        with suppress(ConnectionClosed):
            for number in range(30):
                await connection.send(("{", b"\x00\xff", '{"type":"dance"}', "null")[number % 4])
        return [await _code(connection)]


async def _too_big(run: Run) -> list[int | None]:
    async with _socket(run, run.world.readers[-1]) as connection:
        with suppress(ConnectionClosed):
            await connection.send("x" * 17_000)
        return [await _code(connection)]


async def _thousands_of_follows(run: Run) -> list[int | None]:
    async with _socket(run, run.world.readers[-1]) as connection:
        with suppress(ConnectionClosed):
            for number in range(1, 3_000):
                await connection.send(json.dumps({"type": "follow", "channel": f"thread:{number}", "after": 0}))
        return [await _code(connection)]


async def _too_many_sockets(run: Run) -> list[int | None]:
    """More than a member may have, in all processes together: the others are closed."""
    most = SCREENS_A_MEMBER * run.site.processes
    member = run.world.moderator
    opened = [await _socket(run, member, close_timeout=0.5) for _ in range(most + 10)]
    refused = []
    for connection in opened:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                await connection.wait_closed()
        if connection.close_code is not None:
            refused.append(connection.close_code)
    run.expect(len(refused) >= 10, f"of {most + 10} sockets at least 10 are refused, not {len(refused)}")
    for connection in opened:
        connection.transport.abort()
    return refused


async def _drip(run: Run) -> None:
    """A request that comes a byte a second."""
    _, writer = await asyncio.open_connection(HOST, run.site.port)
    try:
        for byte in b"GET /api/v1/networks HTTP/1.1\r\nHost: somewhere\r\n" * 20:
            writer.write(bytes([byte]))
            await asyncio.sleep(1.0)
    except OSError:
        pass
    finally:
        writer.transport.abort()
