"""What a bus promises: the same for the one in memory and the one through Redis."""

from __future__ import annotations

import asyncio
import secrets

import pytest
import redis.asyncio as redis

from realtime import bus as bus_module
from realtime.bus import Kind, RedisBus
from realtime.memory_bus import Exchange, MemoryBus
from realtime.metrics import Metrics
from tests.realtime.memory_source import until


class Ear:
    """A process's bus and what it heard."""

    def __init__(self, bus):
        self.bus = bus
        self.heard = []
        for kind in Kind:
            bus.listen(kind, lambda channel, number, kind=kind: self.heard.append((kind, channel, number)))


@pytest.fixture(params=["memory", "redis"])
async def pair(request):
    """Two processes that hear each other."""
    if request.param == "memory":
        exchange = Exchange()
        ears = [Ear(MemoryBus(exchange, metrics=Metrics())) for _ in range(2)]
    else:
        url, name = request.getfixturevalue("redis_url"), secrets.token_hex(8)
        ears = [Ear(RedisBus(url, metrics=Metrics(), channel=name)) for _ in range(2)]
    for ear in ears:
        await ear.bus.start()
        if isinstance(ear.bus, RedisBus):
            await asyncio.wait_for(ear.bus.hears.wait(), 5)
    yield ears
    for ear in ears:
        await ear.bus.stop()


async def test_a_note_reaches_the_other_process_and_not_its_own(pair):
    ana, ben = pair
    ana.bus.publish(Kind.WAKE, "thread:9", 2**63 - 1)
    await until(lambda: ben.heard)
    assert ben.heard == [(Kind.WAKE, "thread:9", 2**63 - 1)]
    ben.bus.publish(Kind.TYPING, "room:3", 7)
    await until(lambda: ana.heard)
    assert ana.heard == [(Kind.TYPING, "room:3", 7)]
    assert (ana.bus.metrics.wakeups_sent, ben.bus.metrics.wakeups_received) == (1, 1)
    assert (ben.bus.metrics.wakeups_sent, ana.bus.metrics.wakeups_received) == (0, 0)


async def test_many_notes_arrive_in_order(pair):
    ana, ben = pair
    for seq in range(1, 3001):
        ana.bus.publish(Kind.WAKE, "room:3", seq)
    await until(lambda: len(ben.heard) == 3000)
    assert [number for _, _, number in ben.heard] == list(range(1, 3001))


async def test_a_note_that_nobody_listens_for_is_let_go(pair):
    ana, ben = pair
    ben.bus._listeners.clear()
    ana.bus.publish(Kind.WAKE, "room:3", 1)
    await until(lambda: ben.bus.metrics.wakeups_received == 1)


async def test_after_stop_nothing_is_heard(pair):
    ana, ben = pair
    await ben.bus.stop()
    ana.bus.publish(Kind.WAKE, "room:3", 1)
    await until(lambda: ana.bus.metrics.wakeups_sent == 1)
    assert ben.heard == []


@pytest.mark.parametrize("bus", [MemoryBus(drop_rate=1.0), RedisBus("redis://x", drop_rate=1.0)])
async def test_wake_ups_can_be_lost_on_purpose(bus):
    bus.publish(Kind.WAKE, "room:3", 1)
    assert bus.metrics.wakeups_sent == 0
    assert not getattr(bus, "_waiting", None)


# Redis alone


async def test_garbage_on_the_redis_channel_is_let_go(redis_url):
    name = secrets.token_hex(8)
    ear = Ear(RedisBus(redis_url, channel=name))
    await ear.bus.start()
    await ear.bus.hears.wait()
    async with redis.Redis.from_url(redis_url) as client:
        for garbage in (b"", b"\x00\xff", b"nonsense", b"\x92\xc4\x01a\x91\x93\xa1x\xa1y\x01"):
            await client.publish(name, garbage)
    other = Ear(RedisBus(redis_url, channel=name))
    await other.bus.start()
    other.bus.publish(Kind.WAKE, "room:3", 5)
    await until(lambda: ear.heard == [(Kind.WAKE, "room:3", 5)])
    await ear.bus.stop()
    await other.bus.stop()


async def test_a_lost_connection_is_made_again(redis_url):
    name = secrets.token_hex(8)
    ana, ben = (Ear(RedisBus(redis_url, channel=name)) for _ in range(2))
    for ear in (ana, ben):
        await ear.bus.start()
        await ear.bus.hears.wait()
    async with redis.Redis.from_url(redis_url) as client:
        await client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        await client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    await until(lambda: ben.bus.metrics.bus_reconnects >= 1 and ben.bus.hears.is_set())
    ana.bus.publish(Kind.WAKE, "room:3", 1)  # on a connection that was cut: may be lost
    ana.bus.publish(Kind.WAKE, "room:3", 2)
    await until(lambda: ana.bus.metrics.wakeups_sent + ana.bus.metrics.wakeups_dropped == 2)
    ana.bus.publish(Kind.WAKE, "room:3", 3)
    await until(lambda: (Kind.WAKE, "room:3", 3) in ben.heard)
    for ear in (ana, ben):
        await ear.bus.stop()


@pytest.mark.parametrize("steps", range(5, 20))
async def test_it_stops_in_whatever_step_of_a_publication_it_is(redis_url, steps):
    for _ in range(3):
        bus = RedisBus(redis_url, channel=secrets.token_hex(8))
        await bus.start()
        await bus.hears.wait()
        bus.publish(Kind.WAKE, "room:3", 1)
        for _ in range(steps):
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await bus.stop()


async def test_without_redis_publishing_neither_waits_nor_fails(monkeypatch):
    monkeypatch.setattr(bus_module, "MAX_WAITING", 100)
    bus = RedisBus("redis://127.0.0.1:1")
    await bus.start()
    for seq in range(1, 1001):
        bus.publish(Kind.WAKE, "room:3", seq)
    assert bus.metrics.wakeups_dropped == 900
    await until(lambda: bus.metrics.wakeups_dropped == 1000)
    assert bus.metrics.wakeups_sent == 0
    assert not bus.hears.is_set()
    await bus.stop()


async def test_a_frozen_redis_is_noticed(monkeypatch):
    """It accepts connections and says nothing, as one that was stopped in mid-air does."""
    monkeypatch.setattr(bus_module, "TIMEOUT_S", 0.05)
    monkeypatch.setattr(bus_module, "PING_EVERY_S", 0.05)

    async def silent(reader, writer):
        while await reader.read(1000):
            pass
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    bus = RedisBus(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    await bus.start()
    bus.publish(Kind.WAKE, "room:3", 1)
    await until(lambda: bus.metrics.wakeups_dropped == 1 and bus.metrics.bus_reconnects >= 1)
    await bus.stop()
    server.close()
