"""Who is here and who types: one process alone, and two with Redis between them."""

from __future__ import annotations

import asyncio
import secrets

import pytest
import redis.asyncio as redis

from realtime import presence as presence_module
from realtime import protocol
from realtime.bus import Kind
from realtime.hub import Hub
from realtime.memory_bus import Exchange, MemoryBus
from realtime.presence import Presence, RedisStore
from realtime.source import Caller
from tests.realtime.memory_source import KeptSocket, MemorySource, until

ROOM = "room:3"
QUEUE = "moderators:3"


class Process:
    """A web process without its sockets."""

    def __init__(self, exchange, source, store=None):
        self.source = source
        self.hub = Hub(source)
        self.bus = MemoryBus(exchange)
        self.presence = Presence(self.hub, self.bus, self.names, store, tell_every_s=0.02)
        self.hub.listener = self.presence
        self.failing = False
        self.gate = self.asked = None

    async def names(self, members):
        if self.failing:
            raise ConnectionError
        if self.gate is not None:
            self.asked.set()
            await self.gate.wait()
        return {member: f"Member {member}" for member in members if member != 404}

    async def start(self):
        await self.bus.start()
        await self.presence.start()

    async def stop(self):
        await self.hub.stop()
        await self.presence.stop()
        await self.bus.stop()

    async def ask_for_names(self):
        """Returns while a round waits for its names, until `gate` is set."""
        self.gate, self.asked = asyncio.Event(), asyncio.Event()
        await self.enter(1)
        await self.asked.wait()

    async def enter(self, member, channel=ROOM):
        socket = KeptSocket()
        screen = self.hub.open(Caller(member), socket, protocol.JSON)
        self.hub.follow(screen, {channel: 0})
        await until(lambda: socket.of(channel))
        return screen, socket


def here(socket):
    """The ids that the screen was told last."""
    told = [frame for frame in socket.frames if frame["type"] == "presence"]
    return [one["id"] for one in told[-1]["here"]] if told else None


@pytest.fixture
def source():
    source = MemorySource()
    source.channel(ROOM)
    source.channel("network:3")
    source.channel(QUEUE)
    return source


@pytest.fixture
async def alone(source):
    process = Process(Exchange(), source)
    await process.start()
    yield process
    await process.stop()


@pytest.fixture
async def two(source, redis_url):
    exchange, prefix = Exchange(), secrets.token_hex(8)
    processes = [Process(exchange, source, RedisStore(redis_url, prefix=prefix)) for _ in range(2)]
    for process in processes:
        process.prefix = prefix
        await process.start()
    yield processes
    for process in processes:
        await process.stop()


async def test_who_comes_and_leaves_is_told(alone):
    _, ana = await alone.enter(1)
    await until(lambda: here(ana) == [1])
    ben_screen, ben = await alone.enter(2)
    await until(lambda: here(ana) == here(ben) == [1, 2])
    assert ana.frames[-1] == {
        "type": "presence",
        "channel": ROOM,
        "here": [{"id": 1, "name": "Member 1"}, {"id": 2, "name": "Member 2"}],
        "count": 2,
    }
    alone.hub.leave(ben_screen)
    await until(lambda: here(ana) == [1])


async def test_a_member_with_two_screens_is_here_once_and_until_the_last(alone):
    first, _ = await alone.enter(1)
    second, _ = await alone.enter(1)
    _, ben = await alone.enter(2)
    await until(lambda: here(ben) == [1, 2])
    alone.hub.leave(first)
    _, max_ = await alone.enter(3)
    await until(lambda: here(ben) == [1, 2, 3])
    alone.hub.leave(second)
    await until(lambda: here(ben) == [2, 3])
    assert here(max_) == [2, 3]


async def test_guests_are_neither_told_nor_counted(alone):
    _, guest = await alone.enter(None)
    screen, ana = await alone.enter(1)
    await until(lambda: here(ana) == [1])
    _, ben = await alone.enter(2)
    alone.presence.typing(screen, ROOM)
    await until(lambda: here(ben) == [1, 2] and any(frame["type"] == "typing" for frame in ben.frames))
    assert not [frame for frame in guest.frames if frame["type"] in {"presence", "typing"}]


async def test_a_newcomer_is_told_though_nothing_changed(alone):
    await alone.enter(1)
    _, again = await alone.enter(1)
    await until(lambda: here(again) == [1])


async def test_one_frame_for_many_changes(alone):
    _, ana = await alone.enter(1)
    await until(lambda: here(ana) == [1])
    before = len(ana.frames)
    alone.presence._tell_every_s = 0.3
    await until(lambda: not alone.presence._changed)
    await asyncio.gather(*[alone.enter(member) for member in range(2, 40)])
    await until(lambda: here(ana) == list(range(1, 40)))
    assert len(ana.frames) - before <= 2


async def test_other_channels_have_no_presence(alone):
    _, ana = await alone.enter(1, "network:3")
    _, ben = await alone.enter(2)
    await until(lambda: here(ben) == [2])
    assert here(ana) is None


async def test_names_are_bounded_and_the_count_goes_on(alone, monkeypatch):
    monkeypatch.setattr(presence_module, "MANY", 5)
    sockets = [(await alone.enter(member))[1] for member in range(1, 9)]
    await until(lambda: sockets[-1].frames[-1].get("count") == 8)
    assert here(sockets[-1]) == [1, 2, 3, 4, 5]


async def test_names_that_fail_are_asked_again(alone):
    alone.failing = True
    _, ana = await alone.enter(1)
    await asyncio.sleep(0.05)
    assert here(ana) is None
    alone.failing = False
    await until(lambda: here(ana) == [1])


async def test_who_comes_while_a_list_is_made_is_in_the_next(two):
    left, _ = two
    await left.ask_for_names()
    _, ben = await left.enter(2)
    left.gate.set()
    await until(lambda: here(ben) == [1, 2])


async def test_who_leaves_while_a_list_is_made_is_not_in_the_next(two):
    left, _ = two
    ben_screen, _ = await left.enter(2)
    _, max_ = await left.enter(3)
    await until(lambda: here(max_) == [2, 3])
    await left.ask_for_names()
    left.hub.leave(ben_screen)
    left.gate.set()
    await until(lambda: here(max_) == [1, 3])


class SlowStore:
    """Has read who is here, and answers when it may."""

    def __init__(self):
        self.elsewhere = set()
        self.gate, self.asked = asyncio.Event(), asyncio.Event()

    async def exchange(self, _changed, asked):
        found = {channel: set(self.elsewhere) for channel in asked}
        self.asked.set()
        await self.gate.wait()
        return found

    async def stop(self):
        pass


async def test_who_comes_elsewhere_while_the_store_answers_is_in_the_next(source):
    exchange, store = Exchange(), SlowStore()
    process, other = Process(exchange, source, store), MemoryBus(exchange)
    await process.start()
    await other.start()
    _, ana = await process.enter(1)
    await store.asked.wait()
    store.elsewhere = {9}
    other.publish(Kind.PRESENCE, ROOM, 0)
    other.publish(Kind.WAKE, ROOM, 0)
    await until(lambda: process.bus.metrics.wakeups_received)
    store.gate.set()
    await until(lambda: here(ana) == [1, 9])
    await process.stop()


async def test_two_processes_see_each_other(two):
    left, right = two
    _, ana = await left.enter(1)
    ben_screen, ben = await right.enter(2)
    await until(lambda: here(ana) == here(ben) == [1, 2])
    right.hub.leave(ben_screen)
    await until(lambda: here(ana) == [1])


async def test_a_member_on_both_processes_stays_until_both_let_go(two):
    left, right = two
    _, ana = await left.enter(1)
    here_screen, _ = await left.enter(2)
    there_screen, _ = await right.enter(2)
    await until(lambda: here(ana) == [1, 2])
    left.hub.leave(here_screen)
    _, max_ = await left.enter(3)
    await until(lambda: here(ana) == [1, 2, 3])
    right.hub.leave(there_screen)
    await until(lambda: here(ana) == here(max_) == [1, 3])


async def test_a_process_that_stops_takes_its_members_out(two, redis_url):
    left, right = two
    await left.enter(1)
    await right.enter(2)
    async with redis.Redis.from_url(redis_url) as client:
        key = right.prefix + ROOM
        async with asyncio.timeout(5):
            while await client.zcard(key) != 2:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        assert 0 < await client.ttl(key) <= 60
        await right.presence.stop()
        assert await client.zcard(key) == 1
        assert b"Member" not in b"".join(await client.zrange(key, 0, -1))


async def test_a_process_that_died_lapses(two, monkeypatch, redis_url):
    left, right = two
    monkeypatch.setattr(presence_module, "LAPSES_AFTER_S", 0.5)
    monkeypatch.setattr(presence_module, "RENEW_EVERY_S", 0.1)
    for process in two:
        process.presence._renew_at = 0.0
    _, ana = await left.enter(1)
    await right.enter(2)
    await until(lambda: here(ana) == [1, 2])
    right.presence._task.cancel()
    await until(lambda: here(ana) == [1])


async def test_without_redis_a_process_knows_its_own(source):
    process = Process(Exchange(), source, RedisStore("redis://127.0.0.1:1"))
    await process.start()
    _, ana = await process.enter(1)
    _, ben = await process.enter(2)
    await until(lambda: here(ana) == here(ben) == [1, 2])
    await process.stop()


async def test_typing_reaches_the_others_on_both_processes(two):
    left, right = two
    ana_screen, ana = await left.enter(1)
    _, ben = await left.enter(2)
    _, max_ = await right.enter(3)
    left.presence.typing(ana_screen, ROOM)
    left.presence.typing(ana_screen, ROOM)  # too soon: not passed on
    typing = {"type": "typing", "channel": ROOM, "member": 1, "name": "Member 1"}
    await until(lambda: typing in ben.frames and typing in max_.frames)
    await until(lambda: not left.presence._typing and not right.presence._typing)
    assert (ben.frames.count(typing), max_.frames.count(typing)) == (1, 1)
    assert typing not in ana.frames


async def test_moderators_say_which_case_they_look_at(two):
    left, right = two
    mod_screen, mod = await left.enter(1, QUEUE)
    _, lead = await right.enter(2, QUEUE)
    _, ben = await right.enter(3)
    await until(lambda: left.hub.is_live(mod_screen, QUEUE))
    left.presence.typing(mod_screen, QUEUE, 12)
    left.presence.typing(mod_screen, QUEUE, 13)
    told = [{"type": "typing", "channel": QUEUE, "member": 1, "name": "Member 1", "about": case} for case in (12, 13)]
    await until(lambda: all(each in lead.frames for each in told))
    assert not any(each in mod.frames or each in ben.frames for each in told)
    assert "presence" not in lead.of(QUEUE), "who is in the queue is not told, only who looks at what"


async def test_who_does_not_follow_cannot_type(alone):
    _, ben = await alone.enter(2)
    socket = KeptSocket()
    eve = alone.hub.open(Caller(5), socket, protocol.JSON)
    guest_screen, _ = await alone.enter(None)
    alone.presence.typing(eve, ROOM)
    alone.presence.typing(guest_screen, ROOM)
    assert not alone.presence._typing
    assert "typing" not in ben.of(ROOM)


async def test_where_many_are_here_a_newcomer_is_told_at_once_and_the_others_later(alone, monkeypatch):
    monkeypatch.setattr(presence_module, "MANY", 1)
    monkeypatch.setattr(presence_module, "TELL_MANY_EVERY_S", 0.5)
    _, ana = await alone.enter(1)
    _, ben = await alone.enter(2)
    await until(lambda: count(ana) == count(ben) == 2)
    screen, max_ = await alone.enter(3)
    await until(lambda: count(max_) == 3)
    assert count(ana) == 2, "told a moment ago"
    await until(lambda: count(ana) == count(ben) == 3)
    _, lead = await alone.enter(4)
    await until(lambda: count(lead) == 4)
    alone.hub.leave(screen)  # it is as they were told, but for her
    await until(lambda: count(lead) == 3)


def count(socket):
    """How many are here, as the screen was told last."""
    told = [frame for frame in socket.frames if frame["type"] == "presence"]
    return told[-1]["count"] if told else None
