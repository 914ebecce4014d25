"""The hub: channel → its screens and its cursor. Woken, it reads the log on and hands the updates out.

Invariants, for every screen and channel, whatever is lost, late or doubled in between:

- updates arrive once each, in seq order, without a hole after the cursor that the screen came with; what cannot be
  caught up is declared (`reset`), what may no longer be followed ends with `gone`;
- one reader task per channel; only it moves the cursor and writes updates, and between a read's answer and the last
  write of that round nothing is awaited;
- who comes during a read waits for the next one. `screen.follows[channel]` is a token of the newest follow: an older
  one that is still on its way finds another token and ends;
- a wake-up, the look at the heads and a follow only raise what is wanted and start the reader: one path, always walked;
- access was checked *after* the snapshot's access version was known. Where a read returns another version than that
  under which the followers were checked, they are checked again before anything is handed out.

How it is used::

    hub = Hub(source)                                    # source: realtime.source.Source
    await hub.start(); …; await hub.stop()               # stop closes every screen with 1012
    hub.wake("thread:9", 42)                             # committed here, or heard from another process
    hub.end(member=7, session=3, code=4001, reason="…")  # here; elsewhere by an update `session.ended` on member:7

    screen = hub.open(caller, socket, subprotocol)       # TooManyScreens; then `await hub.watch(screen)`
    hub.follow(screen, {"thread:9": 41}, log=None)
    hub.unfollow(screen, "thread:9")
    hub.leave(screen)                                    # the connection has gone

Runs on one event loop; no function but `start`, `stop` and `watch` waits.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from realtime import protocol
from realtime.metrics import Metrics
from realtime.screen import Listener, Screen
from realtime.source import Batch, Caller, Head, Source, Update
from realtime.transport import Frames, Socket

LOOK_EVERY_S: Final = 0.5
LOOK_SLICE: Final = 500
MAX_CATCH_UP: Final = 500
MAX_CATCH_UP_BYTES: Final = 512 * 1024
MAX_HANDOUT_BYTES: Final = 256 * 1024
"""What is written to a screen in one round: far below a socket's bound, or a burst would cut off good clients."""
MAX_READS: Final = 4
MAX_CHECKS: Final = 2
"""Checks of follows that run at once; apart from the reads, so that a thousand who return do not delay what is live."""
SOURCE_TIMEOUT_S: Final = 10.0
FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 1.0
SLOW_AGAIN_S: Final = 60.0
FEW: Final = 10
"""So few updates even a screen that was too slow twice is sent, or in a busy channel it could be reset for ever."""

SESSION_ENDED: Final = "session.ended"
MEMBER_SUSPENDED: Final = "member.suspended"

_log = logging.getLogger(__name__)
_NOTHING: Final = Head(0, 0)


class TooManyScreens(Exception):
    """The process, the member or the guests have as many screens as they may."""


class _Joiner(NamedTuple):
    after: int | None
    """The cursor that the screen came with; None: from the head on."""
    token: int
    log: str | None
    access_version: int | None
    """A version known before the screen's access was checked; None where there is nothing to check."""


class _Channel:
    __slots__ = (
        "access_version",
        "behind_since",
        "cursor",
        "joining",
        "live",
        "log",
        "name",
        "reader",
        "suspect",
        "wanted",
        "watchers",
    )

    def __init__(self, name: str, head: Head) -> None:
        self.name = name
        self.cursor = head.seq
        self.access_version = head.access_version
        self.log: str | None = None
        self.wanted = 0
        self.suspect = False
        """Something other than a new update may have changed: read once more."""
        self.live: dict[str, dict[Screen, Callable[[Frames], None]]] = {}
        """By subprotocol: the screens that are handed each update, with their socket's `send`, which a thousand times a
        round is quicker at hand than looked up."""
        self.joining: dict[Screen, _Joiner] = {}
        self.watchers: set[Screen] = set()
        """Screens of the member whose channel this is: they are closed when an update says so, followed or not."""
        self.reader: asyncio.Task[None] | None = None
        self.behind_since: float | None = None

    def screens(self) -> list[Screen]:
        return [screen for screens in self.live.values() for screen in screens]

    def take_out(self, screen: Screen) -> None:
        self.joining.pop(screen, None)
        screens = self.live.get(screen.subprotocol)
        if screens is not None:
            screens.pop(screen, None)
            if not screens:
                del self.live[screen.subprotocol]

    def is_deserted(self) -> bool:
        return not (self.live or self.joining or self.watchers)

    def has_work(self) -> bool:
        return bool(self.joining) or self.wanted > self.cursor or self.suspect

    def read_from(self, joining: Iterable[_Joiner]) -> int:
        """Return the cursor from which one read serves the live screens and every joiner that can be caught up."""
        return min(
            (
                joiner.after
                for joiner in joining
                if joiner.after is not None
                and 0 < self.cursor - joiner.after <= MAX_CATCH_UP
                and (joiner.log is None or self.log is None or joiner.log == self.log)
            ),
            default=self.cursor,
        )


class Hub:
    """Delivers what the source records to the screens that follow it; see the module's head."""

    def __init__(
        self,
        source: Source,
        *,
        metrics: Metrics | None = None,
        look_every_s: float = LOOK_EVERY_S,
        max_screens: int = 20_000,
        max_guest_screens: int = 5_000,
        max_screens_per_member: int = 50,
    ) -> None:
        self.metrics = metrics or Metrics()
        self.listener: Listener | None = None
        self._source = source
        self._look_every_s = look_every_s
        self._max_screens = max_screens
        self._max_guest_screens = max_guest_screens
        self._max_screens_per_member = max_screens_per_member
        self._screens: set[Screen] = set()
        self._by_member: dict[int | None, set[Screen]] = {}
        self._channels: dict[str, _Channel] = {}
        self._tokens = itertools.count(1)
        self._reads = asyncio.Semaphore(MAX_READS)
        self._checks = asyncio.Semaphore(MAX_CHECKS)
        self._admissions: set[asyncio.Task[None]] = set()
        self._looking: asyncio.Task[None] | None = None
        self._slow_until: dict[int, float] = {}
        self._reset_until: dict[int, float] = {}

    # A screen's life

    async def start(self) -> None:
        """Begin to look at the heads."""
        self._looking = asyncio.create_task(self._look_on(), name="realtime look")

    async def stop(self) -> None:
        """Close every screen with 1012 and end all tasks."""
        self.close_all(protocol.RESTARTING, "restarting")
        readers = [channel.reader for channel in self._channels.values() if channel.reader]
        tasks = [*self._admissions, *readers, *([self._looking] if self._looking else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._channels.clear()

    def open(self, caller: Caller, socket: Socket, subprotocol: str) -> Screen:
        """Take in a new screen, or raise `TooManyScreens`."""
        mine = self._by_member.get(caller.member, set())
        bound = self._max_guest_screens if caller.member is None else self._max_screens_per_member
        if len(mine) >= bound or len(self._screens) >= self._max_screens:
            self.metrics.refused += 1
            raise TooManyScreens
        must_reset = caller.session is not None and self._reset_until.pop(caller.session, 0.0) > time.monotonic()
        screen = Screen(caller, socket, subprotocol, must_reset)
        self._screens.add(screen)
        self._by_member.setdefault(caller.member, mine).add(screen)
        socket.on_full(lambda: self._shed(screen))
        return screen

    async def watch(self, screen: Screen, *, silently: bool = False) -> None:
        """Follow the member's own channel from its head on, so that the end of a session reaches this screen.

        After it, a session's end closes the screen; before it, it may not: so whoever opens a screen looks once more
        whether the session still stands. `silently` tells the client nothing of that channel. Raises what the source
        raises.
        """
        member = screen.caller.member
        if member is None:
            return
        name = f"member:{member}"
        async with asyncio.timeout(SOURCE_TIMEOUT_S):
            heads = {} if name in self._channels else await self._source.heads([name])
        if screen.closed:
            return
        channel = self._channel(name, heads)
        channel.watchers.add(screen)
        if not silently and name not in screen.follows:
            token = screen.follows[name] = next(self._tokens)
            self._join(screen, channel, _Joiner(None, token, None, None))

    def leave(self, screen: Screen) -> None:
        """Forget a screen whose connection has gone. Does nothing the second time."""
        screen.closed = True
        if screen not in self._screens:
            return
        self._screens.discard(screen)
        mine = self._by_member[screen.caller.member]
        mine.discard(screen)
        if not mine:
            del self._by_member[screen.caller.member]
        for name in list(screen.follows):
            self._forget(screen, name)
        if screen.caller.member is not None:
            watched = self._channels.get(f"member:{screen.caller.member}")
            if watched is not None:
                watched.watchers.discard(screen)
                self._drop_if_deserted(watched)

    def close(self, screen: Screen, code: int, reason: str) -> None:
        """Close a screen's socket and forget it."""
        if not screen.closed:
            self.leave(screen)
            screen.socket.close(code, reason)

    def close_all(self, code: int, reason: str) -> None:
        """Close every screen."""
        for screen in list(self._screens):
            self.close(screen, code, reason)

    def end(self, *, member: int, code: int, reason: str, session: int | None = None) -> None:
        """Close the screens of a member, or of one of their sessions, in this process."""
        for screen in list(self._by_member.get(member, ())):
            if session is None or screen.caller.session == session:
                self.close(screen, code, reason)

    # Following

    def follow(self, screen: Screen, channels: Mapping[str, int], log: str | None = None) -> None:
        """Follow channels, each after a cursor. What becomes of it is told to the screen's socket."""
        if screen.closed:
            return
        wanted: dict[str, _Joiner] = {}
        for name, after in channels.items():
            if name not in screen.follows and len(screen.follows) >= protocol.MAX_FOLLOWS:
                detail = f"a screen follows at most {protocol.MAX_FOLLOWS} channels"
                screen.socket.tell(protocol.Error("too_many", detail, name))
                continue
            token = screen.follows[name] = next(self._tokens)
            known = self._channels.get(name)
            if known is not None:
                known.take_out(screen)
            wanted[name] = _Joiner(after, token, log, None)
        if wanted:
            task = asyncio.create_task(self._admit(screen, wanted), name="realtime follow")
            self._admissions.add(task)
            task.add_done_callback(self._admissions.discard)

    def unfollow(self, screen: Screen, channel: str) -> None:
        """Stop following. No update of the channel comes after the `unfollowed`."""
        self._forget(screen, channel)
        screen.socket.tell(protocol.Unfollowed(channel))

    def broadcast(self, channel: str, message: protocol.ServerMessage, *, besides: int | None = None) -> None:
        """Write something passing to the screens that follow the channel, but for those of the member `besides`."""
        known = self._channels.get(channel)
        if known is None or not known.live:
            return
        frames = Frames(channel, None, [protocol.encode(message)])
        for screen in known.screens():
            if besides is None or screen.caller.member != besides:
                screen.socket.send(frames)

    def is_followed(self, channel: str) -> bool:
        """Say whether any screen of this process follows the channel."""
        return channel in self._channels

    def is_live(self, screen: Screen, channel: str) -> bool:
        """Say whether the screen is being handed the channel's updates."""
        known = self._channels.get(channel)
        return known is not None and screen in known.live.get(screen.subprotocol, ())

    def wake(self, channel: str, seq: int) -> None:
        """Something was committed in the channel, up to `seq`."""
        known = self._channels.get(channel)
        if known is not None:
            self._want(known, seq)

    def gauges(self) -> dict[str, float]:
        """Return what is true now: screens, follows, channels, and the lag of the slowest channel in seconds."""
        now = time.monotonic()
        behind = [channel.behind_since for channel in self._channels.values() if channel.behind_since is not None]
        return {
            "screens": len(self._screens),
            "followers": sum(len(screen.follows) for screen in self._screens),
            "channels": len(self._channels),
            "lag_s": now - min(behind) if behind else 0.0,
        }

    async def _admit(self, screen: Screen, wanted: dict[str, _Joiner]) -> None:
        """Check a follow, and let those channels join that the member may see. Asks until the source answers."""
        pause_s = FIRST_PAUSE_S
        while True:
            wanted = {name: joiner for name, joiner in wanted.items() if screen.holds(name, joiner.token)}
            if not wanted:
                return
            try:
                async with self._checks, asyncio.timeout(SOURCE_TIMEOUT_S):
                    # The versions first, then the check: the check is at least as new as the versions.
                    versions = {name: self._channels[name].access_version for name in wanted if name in self._channels}
                    unknown = [name for name in wanted if name not in versions]
                    heads = await self._source.heads(unknown) if unknown else {}
                    allowed = await self._source.may_follow_many(screen.caller.member, list(wanted))
                    if screen.caller.session is not None and await self._source.ended([screen.caller.session]):
                        # Its member's channel will say so and cut it; until then there is nothing for it.
                        allowed = set()
            except Exception as error:  # noqa: BLE001 (a source may raise anything)
                self._source_failed(error)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
                continue
            break
        for name, joiner in wanted.items():
            if not screen.holds(name, joiner.token):
                continue
            if name not in allowed:
                self._forget(screen, name)
                screen.socket.tell(protocol.Error("not_found", "no such channel", name))
                continue
            version = versions[name] if name in versions else heads.get(name, _NOTHING).access_version
            self._join(screen, self._channel(name, heads), joiner._replace(access_version=version))

    def _channel(self, name: str, heads: Mapping[str, Head]) -> _Channel:
        """Return the channel, which begins at its head where nobody here followed it so far."""
        channel = self._channels.get(name)
        if channel is None:
            channel = self._channels[name] = _Channel(name, heads.get(name, _NOTHING))
        return channel

    def _join(self, screen: Screen, channel: _Channel, joiner: _Joiner) -> None:
        channel.joining[screen] = joiner
        self._start_reader(channel)

    def _forget(self, screen: Screen, name: str) -> None:
        if screen.follows.pop(name, None) is None:
            return
        channel = self._channels.get(name)
        if channel is not None:
            channel.take_out(screen)
            self._drop_if_deserted(channel)
        if self.listener is not None:
            self.listener.left(screen, name)

    def _drop_if_deserted(self, channel: _Channel) -> None:
        # While a reader runs the channel stays, or a second reader could start beside it; that one drops it at its end.
        if channel.reader is None and channel.is_deserted():
            self._channels.pop(channel.name, None)

    # Reading on

    def _want(self, channel: _Channel, seq: int) -> None:
        channel.wanted = max(channel.wanted, seq)
        if channel.wanted > channel.cursor and channel.behind_since is None:
            channel.behind_since = time.monotonic()
        self._start_reader(channel)

    def _start_reader(self, channel: _Channel) -> None:
        if channel.reader is None and channel.has_work():
            channel.reader = asyncio.create_task(self._read_on(channel), name="realtime reader")

    async def _read_on(self, channel: _Channel) -> None:
        pause_s = FIRST_PAUSE_S
        try:
            while channel.has_work() and not channel.is_deserted():
                joining, channel.joining = channel.joining, {}
                wanted, channel.wanted = channel.wanted, 0
                channel.suspect = False
                low = channel.read_from(joining.values())
                try:
                    async with self._reads, asyncio.timeout(SOURCE_TIMEOUT_S):
                        batch = await self._source.read(channel.name, low, MAX_CATCH_UP)
                        shut_out = await self._recheck(channel, joining, batch.access_version)
                except Exception as error:  # noqa: BLE001 (a source may raise anything)
                    self._source_failed(error)
                    channel.joining = joining | channel.joining
                    channel.wanted = max(channel.wanted, wanted)
                    channel.suspect = True
                    await asyncio.sleep(pause_s)
                    pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
                    continue
                pause_s = FIRST_PAUSE_S
                self._hand_out(channel, joining, low, batch, shut_out)
        finally:
            channel.reader = None
            self._drop_if_deserted(channel)

    async def _recheck(self, channel: _Channel, joining: Mapping[Screen, _Joiner], version: int) -> list[Screen]:
        """Return the screens that may no longer follow the channel."""
        stale = [
            screen
            for screen, joiner in joining.items()
            if joiner.access_version is not None and joiner.access_version != version
        ]
        if channel.access_version != version:
            stale += channel.screens()
        if not stale:
            return []
        self.metrics.rechecks += 1
        members = {screen.caller.member for screen in stale}
        allowed = await self._source.may_follow(list(members), channel.name)
        # A session that has ended is told so by its member's channel, which may be read later than this one.
        sessions = {screen.caller.session for screen in stale if screen.caller.session is not None}
        ended = await self._source.ended(list(sessions)) if sessions else set()
        return [s for s in stale if s.caller.member not in allowed or s.caller.session in ended]

    def _hand_out(
        self, channel: _Channel, joining: dict[Screen, _Joiner], low: int, batch: Batch, shut_out: Sequence[Screen]
    ) -> None:
        """Give one read to the screens it was made for. Nothing is awaited here."""
        self.metrics.reads += 1
        self.metrics.updates_read += len(batch.updates)
        channel.access_version = batch.access_version
        for screen in shut_out:
            joiner = joining.pop(screen, None)
            token = screen.follows.get(channel.name)
            if token is not None and (joiner is None or joiner.token == token):
                self._shut_out(screen, channel)
        joining = {s: joiner for s, joiner in joining.items() if s.holds(channel.name, joiner.token)}
        channel.wanted = max(channel.wanted, batch.head)

        if (channel.log is not None and channel.log != batch.log) or batch.head < channel.cursor:
            self._begin_anew(channel, joining, batch)
            return
        channel.log = batch.log
        served_from = self._served_from(channel, low, batch)
        if low < served_from:
            self._declare_lost(channel, joining, low, served_from, batch)
            return
        fresh = self._fit(channel, batch.updates[channel.cursor - low :])
        end = channel.cursor + len(fresh)
        for subprotocol, screens in channel.live.items():
            if fresh:
                self._write(channel, screens, subprotocol, end, fresh)
        channel.cursor = end
        self._let_join(channel, joining, low, batch)
        if channel.cursor >= channel.wanted:
            channel.behind_since = None
        if channel.watchers:
            self._obey(channel, fresh)

    def _served_from(self, channel: _Channel, low: int, batch: Batch) -> int:
        """Return the smallest cursor that this read can serve: `low`, if the log reaches back and is whole."""
        if low < batch.oldest:
            return batch.oldest
        expected = range(low + 1, min(batch.head, low + MAX_CATCH_UP) + 1)
        try:
            if [update.seq for update in batch.updates] == list(expected):
                for update in batch.updates:
                    for subprotocol in channel.live:
                        update.encode(subprotocol)
                return low
        except Exception as error:  # noqa: BLE001 (it is the application that encodes)
            # An update that cannot be shown must not stop its channel for ever: it is declared; the page says it all.
            _log.error("an update of a channel could not be encoded: %s", type(error).__name__)
        self.metrics.holes += 1
        return batch.head

    def _fit(self, channel: _Channel, updates: Sequence[Update]) -> Sequence[Update]:
        """Return as many of the updates as fit into one round, at least one; the next round reads the others."""
        for subprotocol in channel.live:
            size = 0
            for count, update in enumerate(updates):
                size += len(update.encode(subprotocol))
                if size > MAX_HANDOUT_BYTES and count:
                    updates = updates[:count]
                    break
        return updates

    def _write(
        self,
        channel: _Channel,
        screens: Mapping[Screen, Callable[[Frames], None]],
        subprotocol: str,
        seq: int,
        updates: Sequence[Update],
    ) -> None:
        frames = Frames(channel.name, seq, [update.encode(subprotocol) for update in updates])
        for send in screens.values():
            send(frames)
        self.metrics.deliveries += len(screens) * len(updates)

    def _let_join(self, channel: _Channel, joining: dict[Screen, _Joiner], low: int, batch: Batch) -> None:
        """Catch each joiner up to the cursor and make it live; or reset it, or let it wait for the next round."""
        prepared: dict[tuple[int, str], Frames | None] = {}
        for screen, joiner in joining.items():
            after = channel.cursor if joiner.after is None else joiner.after
            if (
                after > batch.head
                or after < batch.oldest
                or batch.head - after > MAX_CATCH_UP
                or (joiner.log is not None and joiner.log != batch.log)
                or (screen.must_reset and batch.head - after > FEW)
            ):
                self._reset(screen, channel, batch)
                continue
            if after > channel.cursor or after < low:
                channel.joining.setdefault(screen, joiner)
                continue
            if after < channel.cursor:
                key = (after, screen.subprotocol)
                if key not in prepared:
                    prepared[key] = self._catch_up(channel, batch.updates[after - low : channel.cursor - low], key[1])
                frames = prepared[key]
                if frames is None:
                    self._reset(screen, channel, batch)
                    continue
                screen.socket.send(frames)
                self.metrics.deliveries += len(frames.texts)
            screen.socket.tell(protocol.Following(channel.name, channel.cursor, batch.log))
            channel.live.setdefault(screen.subprotocol, {})[screen] = screen.socket.send
            if self.listener is not None:
                self.listener.came(screen, channel.name)

    def _catch_up(self, channel: _Channel, updates: Sequence[Update], subprotocol: str) -> Frames | None:
        """Return the updates that a joiner missed, or None where they are too many bytes or cannot be encoded."""
        try:
            texts = [update.encode(subprotocol) for update in updates]
        except Exception as error:  # noqa: BLE001 (it is the application that encodes)
            _log.error("an update of a channel could not be encoded: %s", type(error).__name__)
            return None
        if sum(map(len, texts)) > MAX_CATCH_UP_BYTES:
            return None
        return Frames(channel.name, channel.cursor, texts)

    def _begin_anew(self, channel: _Channel, joining: Mapping[Screen, _Joiner], batch: Batch) -> None:
        """Another log: nothing that a screen here knows can be continued."""
        for screen in [*channel.screens(), *joining]:
            self._reset(screen, channel, batch)
        # Sessions may have ended in what was lost: those screens come back and are identified again.
        for screen in list(channel.watchers):
            self.close(screen, protocol.RESTARTING, "the log has changed")
        channel.log, channel.cursor, channel.wanted = batch.log, batch.head, 0
        channel.behind_since = None

    def _declare_lost(
        self, channel: _Channel, joining: Mapping[Screen, _Joiner], low: int, served_from: int, batch: Batch
    ) -> None:
        """The read does not reach back to `low`: reset whom it was for, and serve the others in the next round."""
        for screen, joiner in joining.items():
            if joiner.after is not None and joiner.after < served_from:
                self._reset(screen, channel, batch)
            else:
                channel.joining.setdefault(screen, joiner)
        if low == channel.cursor:
            for screen in channel.screens():
                self._reset(screen, channel, batch)
            for screen in list(channel.watchers):
                self.close(screen, protocol.RESTARTING, "updates were lost")
            channel.cursor = batch.head

    def _obey(self, channel: _Channel, updates: Iterable[Update]) -> None:
        """Close the screens of a session that ended, or of a member who was suspended."""
        member = int(channel.name.partition(":")[2])
        for update in updates:
            if update.kind == SESSION_ENDED:
                self.end(member=member, session=update.id, code=protocol.SIGNED_OUT, reason="signed out")
            elif update.kind == MEMBER_SUSPENDED:
                self.end(member=member, code=protocol.SUSPENDED, reason="suspended")

    def _reset(self, screen: Screen, channel: _Channel, batch: Batch) -> None:
        self.metrics.resets += 1
        self._forget(screen, channel.name)
        screen.socket.tell(protocol.Reset(channel.name, batch.head, batch.log))

    def _shut_out(self, screen: Screen, channel: _Channel) -> None:
        self.metrics.gone += 1
        self._forget(screen, channel.name)
        screen.socket.tell(protocol.Gone(channel.name))

    # The look at the heads, and what else goes by the clock

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(self._look_every_s)
            self._end_what_is_over()
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 (a source may raise anything)
                self._source_failed(error)

    async def look(self) -> None:
        """Compare every followed channel with its head, and read on where it is behind.

        Raises what the source raises.
        """
        names = list(self._channels)
        for start in range(0, len(names), LOOK_SLICE):
            part = names[start : start + LOOK_SLICE]
            cursors = {name: known.cursor for name in part if (known := self._channels.get(name)) is not None}
            async with asyncio.timeout(SOURCE_TIMEOUT_S):
                heads = await self._source.heads(list(cursors))
            for name, cursor in cursors.items():
                channel = self._channels.get(name)
                if channel is not None:
                    self._compare(channel, cursor, heads.get(name, _NOTHING))
        self.metrics.looks += 1

    def _compare(self, channel: _Channel, cursor: int, head: Head) -> None:
        if head.seq > channel.cursor:
            if channel.reader is None:
                self.metrics.wakeups_missed += 1
            self._want(channel, head.seq)
        # A head behind a cursor that was known before the question was asked: another log. A false alarm costs a read.
        if head.seq < cursor or head.access_version != channel.access_version:
            channel.suspect = True
            self._start_reader(channel)

    def _end_what_is_over(self) -> None:
        now = time.time()
        for screen in [s for s in self._screens if s.caller.ends_at is not None and s.caller.ends_at <= now]:
            self.close(screen, protocol.SIGNED_OUT, "the session has ended")
        for until in (self._slow_until, self._reset_until):
            for session in [session for session, end in until.items() if end <= time.monotonic()]:
                del until[session]

    def _shed(self, screen: Screen) -> None:
        """Close a screen that reads too slowly."""
        if screen.closed:
            return
        self.metrics.slow_closes += 1
        session = screen.caller.session
        if session is not None:
            now = time.monotonic()
            if self._slow_until.get(session, 0.0) > now:
                self._reset_until[session] = now + SLOW_AGAIN_S
            self._slow_until[session] = now + SLOW_AGAIN_S
        self.close(screen, protocol.TOO_SLOW, "too slow: return with your cursors")

    def _source_failed(self, error: Exception) -> None:
        self.metrics.source_errors += 1
        _log.warning("the source of updates failed and is asked again: %s", type(error).__name__)
