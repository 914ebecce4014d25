"""The hub: who has which screen, which screen follows which channel, and what wakes the reading of a channel.

Invariants, for every screen and channel, whatever is lost, late or doubled in between:

- updates arrive once each, in seq order, without a hole after the cursor that the screen came with; what cannot be
  caught up is declared (`reset`), what may no longer be followed ends with `gone`;
- one reader task per channel (`reading`); only it moves the cursor and writes updates, and between a read's answer and
  the last write of that round nothing is awaited;
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
import time
from collections.abc import Mapping
from typing import Final

from realtime import protocol
from realtime.channel import Channel, Joiner
from realtime.metrics import Metrics
from realtime.pace import Pause
from realtime.questions import HEADS_AT_ONCE, NOTHING, Questions
from realtime.reading import SOURCE_TIMEOUT_S, Reading
from realtime.screen import Listener, Screen
from realtime.source import Caller, Head, Source
from realtime.tasks import end
from realtime.transport import Frames, Socket

LOOK_EVERY_S: Final = 0.5
SLOW_AGAIN_S: Final = 60.0


class TooManyScreens(Exception):
    """The process, the member or the guests have as many screens as they may."""


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
        self._channels: dict[str, Channel] = {}
        self._tokens = itertools.count(1)
        self._reading = Reading(source, self.metrics, self)
        self._questions = Questions(source, self._channels)
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
        await end([*self._admissions, *readers, *([self._looking] if self._looking else [])])
        await self._questions.close()
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

        After it, a session's end closes the screen; before it, it may not: so whoever opens a screen asks afterwards
        whether it `is_over`. `silently` tells the client nothing of that channel. Raises what the source raises.
        """
        member = screen.caller.member
        if member is None:
            return
        name = f"member:{member}"
        heads = {} if name in self._channels else {name: await self._questions.head(name)}
        if screen.closed:
            return
        channel = self._channel(name, heads)
        channel.watchers.add(screen)
        if not silently and name not in screen.follows:
            token = screen.follows[name] = next(self._tokens)
            self._join(screen, channel, Joiner(None, token, None, None))

    async def is_over(self, session: int) -> bool:
        """Say whether a session no longer counts. Raises what the source raises."""
        return await self._questions.is_over(session)

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
            self.forget(screen, name)
        if screen.caller.member is not None:
            watched = self._channels.get(f"member:{screen.caller.member}")
            if watched is not None:
                watched.watchers.discard(screen)
                self.drop_if_deserted(watched)

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
        wanted: dict[str, Joiner] = {}
        for name, after in channels.items():
            if name not in screen.follows and len(screen.follows) >= protocol.MAX_FOLLOWS:
                detail = f"a screen follows at most {protocol.MAX_FOLLOWS} channels"
                screen.socket.tell(protocol.Error("too_many", detail, name))
                continue
            token = screen.follows[name] = next(self._tokens)
            known = self._channels.get(name)
            if known is not None:
                known.take_out(screen)
            wanted[name] = Joiner(after, token, log, None)
        if wanted:
            task = asyncio.create_task(self._admit(screen, wanted), name="realtime follow")
            self._admissions.add(task)
            task.add_done_callback(self._admissions.discard)

    def unfollow(self, screen: Screen, channel: str) -> None:
        """Stop following. No update of the channel comes after the `unfollowed`."""
        self.forget(screen, channel)
        screen.socket.tell(protocol.Unfollowed(channel))

    def broadcast(self, channel: str, message: protocol.ServerMessage, *, besides: int | None = None) -> None:
        """Write something passing to the members' screens that follow the channel, but for those of `besides`: who is
        here, or types, is for members to know.
        """
        known = self._channels.get(channel)
        if known is None or not known.live:
            return
        frames = Frames(channel, None, [protocol.encode(message)])
        for screen in known.screens():
            if screen.caller.member not in {None, besides}:
                screen.socket.send(frames)

    def is_followed(self, channel: str) -> bool:
        """Say whether any screen of this process follows the channel."""
        return channel in self._channels

    def is_live(self, screen: Screen, channel: str) -> bool:
        """Say whether the screen is being handed the channel's updates."""
        known = self._channels.get(channel)
        return known is not None and known.words_of(screen) is not None

    def wake(self, channel: str, seq: int) -> None:
        """Something was committed in the channel, up to `seq`."""
        known = self._channels.get(channel)
        if known is not None:
            self._reading.want(known, seq)

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

    async def _admit(self, screen: Screen, wanted: dict[str, Joiner]) -> None:
        """Check a follow, and let those channels join that the member may see. Asks until the source answers."""
        pause = Pause()
        while True:
            wanted = {name: joiner for name, joiner in wanted.items() if screen.holds(name, joiner.token)}
            if not wanted:
                return
            try:
                checked = await self._questions.may_follow(screen.caller, tuple(wanted))
            except Exception as error:  # noqa: BLE001 (a source may raise anything)
                self._reading.failed(error)
                await asyncio.sleep(pause.longer())
                continue
            break
        for name, joiner in wanted.items():
            if not screen.holds(name, joiner.token):
                continue
            if name not in checked.allowed or name.startswith(screen.caller.closed):
                self.forget(screen, name)
                screen.socket.tell(protocol.Error("not_found", "no such channel", name))
                continue
            version = checked.heads.get(name, NOTHING).access_version
            since = joiner._replace(access_version=version, behind=checked.allowed[name])
            self._join(screen, self._channel(name, checked.heads), since)

    def _channel(self, name: str, heads: Mapping[str, Head]) -> Channel:
        """Return the channel, which begins at its head where nobody here followed it so far."""
        channel = self._channels.get(name)
        if channel is None:
            channel = self._channels[name] = Channel(name, heads.get(name, NOTHING))
        return channel

    def _join(self, screen: Screen, channel: Channel, joiner: Joiner) -> None:
        channel.joining[screen] = joiner
        self._reading.start(channel)

    def forget(self, screen: Screen, name: str) -> None:
        """See `reading.Desk`."""
        if screen.follows.pop(name, None) is None:
            return
        channel = self._channels.get(name)
        if channel is not None:
            channel.take_out(screen)
            self.drop_if_deserted(channel)
        if self.listener is not None:
            self.listener.left(screen, name)

    def came(self, screen: Screen, name: str) -> None:
        """See `reading.Desk`."""
        if self.listener is not None:
            self.listener.came(screen, name)

    def drop_if_deserted(self, channel: Channel) -> None:
        """See `reading.Desk`."""
        # While a reader runs the channel stays, or a second reader could start beside it; that one drops it at its end.
        if channel.reader is None and channel.is_deserted():
            self._channels.pop(channel.name, None)

    # The look at the heads, and what else goes by the clock

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(self._look_every_s)
            self._end_what_is_over()
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 (a source may raise anything)
                self._reading.failed(error)

    async def look(self) -> None:
        """Compare every followed channel with its head, and read on where it is behind.

        Raises what the source raises.
        """
        names = list(self._channels)
        for start in range(0, len(names), HEADS_AT_ONCE):
            part = names[start : start + HEADS_AT_ONCE]
            cursors = {name: known.cursor for name in part if (known := self._channels.get(name)) is not None}
            async with asyncio.timeout(SOURCE_TIMEOUT_S):
                heads = await self._source.heads(list(cursors))
            for name, cursor in cursors.items():
                channel = self._channels.get(name)
                if channel is not None:
                    self._compare(channel, cursor, heads.get(name, NOTHING))
        self.metrics.looks += 1

    def _compare(self, channel: Channel, cursor: int, head: Head) -> None:
        if head.seq > channel.cursor:
            if channel.reader is None:
                self.metrics.wakeups_missed += 1
            self._reading.want(channel, head.seq)
        # A head behind a cursor that was known before the question was asked: another log. A false alarm costs a read.
        if head.seq < cursor or head.access_version != channel.access_version:
            channel.suspect = True
            self._reading.start(channel)

    def _end_what_is_over(self) -> None:
        now = time.time()
        for screen in [s for s in self._screens if s.caller.ends_at is not None and s.caller.ends_at <= now]:
            self.close(screen, protocol.SIGNED_OUT, "the session has ended")
        for until in (self._slow_until, self._reset_until):
            for session in [session for session, passes in until.items() if passes <= time.monotonic()]:
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
