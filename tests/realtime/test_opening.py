"""Sockets that come at once are opened in their order, a few in each turn of the event loop, and none is lost."""

from __future__ import annotations

import asyncio
import json

from websockets.asyncio.client import connect

from realtime import transport
from realtime.transport import OPENED_AT_ONCE
from tests.realtime.memory_source import until
from tests.realtime.tiny import Tiny

MANY = 5 * OPENED_AT_ONCE


def live(tiny: Tiny, member: int) -> connect:
    headers = {"Authorization": f"Bearer {member}"}
    return connect(f"ws://127.0.0.1:{tiny.port}/live", additional_headers=headers, compression=None)


async def test_few_are_opened_in_a_turn_of_the_loop():
    done: list[int] = []
    by_turn: list[int] = []
    turns = transport._FewAtATime()
    for number in range(MANY):
        turns(lambda number=number: done.append(number))
    while len(done) < MANY:
        before = len(done)
        await asyncio.sleep(0)
        by_turn.append(len(done) - before)
    assert done == list(range(MANY))
    assert max(by_turn) == OPENED_AT_ONCE


async def test_one_that_fails_keeps_no_other_from_its_turn():
    done: list[int] = []
    said: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context["exception"]))
    turns = transport._FewAtATime()
    for number in range(-2, MANY):
        turns(lambda number=number: done.append(1 // (number + 1)))
    await until(lambda: len(done) == MANY + 1)
    assert [type(each) for each in said] == [ZeroDivisionError]


async def test_a_crowd_is_let_in_and_who_went_meanwhile_is_not_missed():
    async with Tiny().served() as tiny:
        tiny.source.channel("thread:9")
        handshake = (
            f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{tiny.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            "Authorization: Bearer 1\r\n\r\n"
        ).encode()
        for _, writer in [await asyncio.open_connection("127.0.0.1", tiny.port) for _ in range(MANY)]:
            writer.write(handshake)
            writer.transport.abort()
        sockets = await asyncio.gather(*(live(tiny, number) for number in range(2, MANY + 2)))
        for socket in sockets:
            await socket.send(json.dumps({"type": "follow", "channels": {"thread:9": 0}}))
        tiny.write("thread:9")
        heard = await asyncio.gather(*(socket.recv() for socket in sockets))
        assert len(heard) == MANY
        await asyncio.gather(*(socket.close() for socket in sockets))
        await until(lambda: not tiny.live.hub.gauges()["screens"])
