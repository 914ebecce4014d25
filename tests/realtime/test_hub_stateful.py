"""The hub under any sequence of writes, follows, lost wake-ups, failures and bans: no hole, no double, in order.

A model of a client keeps, for each follow, what it was handed; whatever the machine does, at the end each screen that
still follows has everything up to the head, and no screen ever saw a hole, a double or what it may not see.
"""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, rule, run_state_machine_as_test

from realtime import pace, protocol, reading
from realtime.hub import Hub
from realtime.reading import Reading
from realtime.screen import Screen
from realtime.source import Caller
from tests.realtime.memory_source import KeptSocket, MemorySource

pytestmark = pytest.mark.long

CHANNELS = ["thread:1", "room:2", "member:1"]
MEMBERS = [None, 1, 2]


class Client(KeptSocket):
    """A screen that checks each frame as it comes."""

    def __init__(self, source):
        super().__init__()
        self.source = source
        self.cursors: dict[str, int] = {}
        """What the client has applied; only of channels that it follows."""
        self.following: set[str] = set()
        self.wrong: list[str] = []
        self.screen = None

    def send(self, frames, /):
        before = len(self.frames)
        super().send(frames)
        for frame in self.frames[before:]:
            self.apply(frame["channel"], frame["seq"])

    def apply(self, channel, seq):
        """Take an update. What is wrong is kept: an exception here would be the hub's, and be lost in its task."""
        if channel not in self.cursors:
            self.wrong.append(f"{channel}: {seq}, which is not followed")
            return
        # Of its own channel, from the head on, the first one tells where that is.
        if self.cursors[channel] not in (None, seq - 1):
            self.wrong.append(f"{channel}: {seq} after {self.cursors[channel]}")
        if self.screen.caller.member in self.source.banned_at(channel, seq):
            self.wrong.append(f"{channel}: {seq}, words for one who is out")
        self.cursors[channel] = seq

    def tell(self, message, /):
        super().tell(message)
        if self.closed:
            return
        match message:
            case protocol.Following(channel, seq):
                if self.cursors.get(channel, -1) not in (seq, None):
                    self.wrong.append(f"{channel}: following {seq} after {self.cursors.get(channel)}")
                self.cursors[channel] = seq
                self.following.add(channel)
            case protocol.Unfollowed(channel) | protocol.Gone(channel) | protocol.Error(channel=str(channel)):
                self.stop(channel)
            case protocol.Reset(channel):
                self.stop(channel)

    def stop(self, channel):
        self.cursors.pop(channel, None)
        self.following.discard(channel)


class Source(MemorySource):
    """Remembers who was shut out when an update was committed."""

    def __init__(self):
        super().__init__()
        self.bans: dict[tuple[str, int], frozenset] = {}

    def write(self, name, text="words", **more):
        seq = super().write(name, text, **more)
        self.bans[name, seq] = frozenset(self.channel(name).shut_out)
        return seq

    def let_in(self, name, member):
        """Whoever is let in again may read what was written meanwhile, as a fresh page would show it."""
        log = self.channel(name)
        log.shut_out.discard(member)
        log.access_version += 1
        self.bans = {(at, seq): out - {member} if at == name else out for (at, seq), out in self.bans.items()}

    def banned_at(self, name, seq):
        return self.bans.get((name, seq), frozenset())


class HubMachine(RuleBasedStateMachine):
    screens = Bundle("screens")

    def __init__(self):
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.source = Source()
        for name in CHANNELS:
            self.source.channel(name)
        self.delays = [0.0]
        self.source.delay_s = lambda: self.delays[0]
        self.hub = self.run(self._make())
        self.clients: list[Client] = []
        self.all_clients: list[Client] = []
        """Those that left too."""

    async def _make(self):
        return Hub(self.source)

    def run(self, coroutine):
        return self.loop.run_until_complete(coroutine)

    def turn(self, count=1):
        async def turn():
            for _ in range(count):
                await asyncio.sleep(0)

        self.run(turn())

    @rule(target=screens, member=st.sampled_from(MEMBERS), subprotocol=st.sampled_from(protocol.SUBPROTOCOLS))
    def open(self, member, subprotocol):
        client = Client(self.source)
        client.screen = self.run(self._open(client, member, subprotocol))
        self.clients.append(client)
        self.all_clients.append(client)
        return client

    async def _open(self, client, member, subprotocol):
        client.screen = self.hub.open(Caller(member, session=member), client, subprotocol)
        if member is not None:
            client.cursors.setdefault(f"member:{member}", None)
            failures, self.source.failures = self.source.failures, 0
            await self.hub.watch(client.screen)
            self.source.failures = failures
        return client.screen

    @rule(client=screens, channel=st.sampled_from(CHANNELS), behind=st.integers(-1, 8))
    def follow(self, client, channel, behind):
        if client.closed:
            return
        after = max(0, self.source.channel(channel).head - behind)
        self.run(self._follow(client, channel, after))

    async def _follow(self, client, channel, after):
        # In one turn with the follow: until then what arrives belongs to the follow before.
        if not client.closed:
            client.cursors[channel] = after
            client.following.discard(channel)
            self.hub.follow(client.screen, {channel: after})

    @rule(client=screens, channel=st.sampled_from(CHANNELS))
    def unfollow(self, client, channel):
        if not client.closed:
            self.hub.unfollow(client.screen, channel)

    @rule(client=consumes(screens))
    def leave(self, client):
        self.clients.remove(client)
        self.hub.leave(client.screen)
        client.closed = client.closed or (1000, "")

    @rule(channel=st.sampled_from(CHANNELS), count=st.integers(1, 4), woken=st.booleans())
    def write(self, channel, count, woken):
        for _ in range(count):
            seq = self.source.write(channel)
        if woken:
            self.run(self._wake(channel, seq))

    async def _wake(self, channel, seq):
        self.hub.wake(channel, seq)

    @rule(channel=st.sampled_from(CHANNELS), seq=st.integers(0, 40))
    def wake_up_out_of_nowhere(self, channel, seq):
        self.run(self._wake(channel, seq))

    @rule(count=st.integers(1, 12))
    def let_run(self, count):
        self.turn(count)

    @rule()
    def look(self):
        failures, self.source.failures = self.source.failures, 0
        self.run(self.hub.look())
        self.source.failures = failures

    @rule(count=st.integers(1, 3))
    def fail(self, count):
        self.source.failures = count

    @rule(channel=st.sampled_from(CHANNELS[:2]), member=st.sampled_from(MEMBERS))
    def shut_out(self, channel, member):
        self.source.shut(channel, member)

    @rule(channel=st.sampled_from(CHANNELS[:2]), member=st.sampled_from(MEMBERS))
    def let_in(self, channel, member):
        self.source.let_in(channel, member)

    @rule(channel=st.sampled_from(CHANNELS))
    def trim(self, channel):
        log = self.source.channel(channel)
        log.trimmed = max(log.trimmed, log.head - 3)

    @rule()
    def end_session(self):
        self.write("member:1", 1, woken=False)
        self.source.write("member:1", kind="session.ended", target=1)

    def teardown(self):
        try:
            self.run(self._settle())
            self._check()
            for client in self.clients:
                self.hub.leave(client.screen)
            self.turn(5)
            assert not self.hub._channels
            assert not self.hub._by_member
        finally:
            self.run(self.hub.stop())
            self.loop.close()

    async def _settle(self):
        self.source.failures = 0
        for _ in range(3):
            await self.hub.look()
            async with asyncio.timeout(5):
                while self._is_busy():  # noqa: ASYNC110
                    await asyncio.sleep(0)

    def _is_busy(self):
        return self.hub._admissions or any(c.reader or c.has_work() for c in self.hub._channels.values())

    def _check(self):
        for client in self.all_clients:
            assert client.wrong == []
        for client in self.clients:
            if client.closed:
                continue
            for channel, cursor in client.cursors.items():
                assert channel in client.following, "a follow that was never answered"
                assert cursor == self.source.channel(channel).head
                assert client.screen.caller.member not in self.source.channel(channel).shut_out
            assert set(client.screen.follows) == set(client.cursors)


def run_machine(monkeypatch, **more):
    monkeypatch.setattr(pace, "FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr(pace, "LONGEST_PAUSE_S", 0.0)
    monkeypatch.setattr(reading, "MAX_CATCH_UP", 6)
    run_state_machine_as_test(
        HubMachine, settings=settings(stateful_step_count=40, deadline=None, database=None, **more)
    )


def test_whatever_happens_every_screen_converges(monkeypatch):
    run_machine(monkeypatch, max_examples=150)


async def _nothing(*_):
    return []


@pytest.mark.parametrize(
    ("owner", "name", "broken"),
    [
        (Screen, "holds", lambda *_: True),
        (Reading, "_check_again", _nothing),
        (Hub, "look", _nothing),
    ],
    ids=["no token in the join", "access checked on follow only", "no look at the heads"],
)
def test_a_broken_hub_is_found(monkeypatch, owner, name, broken):
    """The machine above notices when the mechanism is broken on purpose."""
    monkeypatch.setattr(owner, name, broken)
    with pytest.raises((AssertionError, ExceptionGroup)):
        run_machine(monkeypatch, max_examples=3000, phases=[Phase.generate], report_multiple_bugs=False)
