"""Reading on: one reader task per channel reads the log after its cursor and hands the updates out.

Invariants: only the reader moves the cursor and writes updates, and between a read's answer and the last write of that
round nothing is awaited; who comes during a read waits for the next one; where a read returns another access version
than that under which the followers were checked, they are checked again before anything is handed out; what cannot be
caught up is declared.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Protocol

from realtime import protocol
from realtime.channel import Channel, Joiner
from realtime.metrics import Metrics
from realtime.pace import Pause
from realtime.screen import Screen
from realtime.source import Batch, Source, Update
from realtime.transport import Frames

MAX_CATCH_UP: Final = 500
MAX_CATCH_UP_BYTES: Final = 512 * 1024
MAX_HANDOUT_BYTES: Final = 256 * 1024
"""What is written to a screen in one round: far below a socket's bound, or a burst would cut off good clients."""
MAX_READS: Final = 4
FEW: Final = 10
"""So few updates even a screen that was too slow twice is sent, or in a busy channel it could be reset for ever."""
SOURCE_TIMEOUT_S: Final = 10.0

SESSION_ENDED: Final = "session.ended"
TOKEN_ENDED: Final = "token.ended"  # noqa: S105 (a kind of update)
MEMBER_SUSPENDED: Final = "member.suspended"

_log = logging.getLogger(__name__)


class Desk(Protocol):
    """Who keeps the screens: the hub."""

    def forget(self, screen: Screen, name: str, /) -> None:
        """The screen does not follow the channel any more."""

    def came(self, screen: Screen, name: str, /) -> None:
        """It is handed the channel's updates from now on."""

    def close(self, screen: Screen, code: int, reason: str, /) -> None:
        """Close it."""

    def end(self, *, member: int, code: int, reason: str, session: int | None = None) -> None:
        """Close the screens of a member, or of one of their sessions."""

    def drop_if_deserted(self, channel: Channel, /) -> None:
        """Forget the channel if nobody is interested in it."""


class Reading:
    """Reads the log for all channels of a process, a few at once."""

    def __init__(self, source: Source, metrics: Metrics, desk: Desk) -> None:
        self._source = source
        self._metrics = metrics
        self._desk = desk
        self._reads = asyncio.Semaphore(MAX_READS)

    def failed(self, error: Exception) -> None:
        """The source did not answer; it is asked again."""
        self._metrics.source_errors += 1
        _log.warning("the source of updates failed and is asked again: %s", type(error).__name__)

    def want(self, channel: Channel, seq: int) -> None:
        """Read on up to this seq at least."""
        channel.wanted = max(channel.wanted, seq)
        if channel.wanted > channel.cursor and channel.behind_since is None:
            channel.behind_since = time.monotonic()
        self.start(channel)

    def start(self, channel: Channel) -> None:
        """Start the channel's reader, if there is anything to do and none runs."""
        if channel.reader is None and channel.has_work():
            channel.reader = asyncio.create_task(self._read_on(channel), name="realtime reader")

    async def _read_on(self, channel: Channel) -> None:
        pause = Pause()
        try:
            while channel.has_work() and not channel.is_deserted():
                joining, channel.joining = channel.joining, {}
                wanted, channel.wanted = channel.wanted, 0
                channel.suspect = False
                low = channel.read_from(joining.values(), MAX_CATCH_UP)
                try:
                    async with self._reads, asyncio.timeout(SOURCE_TIMEOUT_S):
                        batch = await self._source.read(channel.name, low, MAX_CATCH_UP)
                        again = await self._check_again(channel, joining, batch.access_version)
                except Exception as error:  # noqa: BLE001 (a source may raise anything)
                    self.failed(error)
                    channel.joining = joining | channel.joining
                    channel.wanted = max(channel.wanted, wanted)
                    channel.suspect = True
                    await asyncio.sleep(pause.longer())
                    continue
                pause.over()
                self._hand_out(channel, joining, low, batch, again)
        finally:
            channel.reader = None
            self._desk.drop_if_deserted(channel)

    async def _check_again(
        self, channel: Channel, joining: Mapping[Screen, Joiner], version: int
    ) -> Mapping[Screen, str | None]:
        """Return the screens that were checked again, with what is put behind their subprotocol from now on: None for
        those that may no longer follow the channel.
        """
        stale = [
            screen
            for screen, joiner in joining.items()
            if joiner.access_version is not None and joiner.access_version != version
        ]
        if channel.access_version != version:
            stale += channel.screens()
        if not stale:
            return {}
        self._metrics.rechecks += 1
        members = {screen.caller.member for screen in stale}
        allowed = await self._source.may_follow([(member, channel.name) for member in members])
        # A session that has ended is told so by its member's channel, which may be read later than this one.
        sessions = {screen.caller.session for screen in stale if screen.caller.session is not None}
        ended = await self._source.ended(list(sessions)) if sessions else set()
        return {s: None if s.caller.session in ended else allowed.get((s.caller.member, channel.name)) for s in stale}

    def _hand_out(
        self,
        channel: Channel,
        joining: dict[Screen, Joiner],
        low: int,
        batch: Batch,
        again: Mapping[Screen, str | None],
    ) -> None:
        """Give one read to the screens it was made for. Nothing is awaited here."""
        self._metrics.reads += 1
        self._metrics.updates_read += len(batch.updates)
        channel.access_version = batch.access_version
        for screen, behind in again.items():
            self._stand_anew(screen, channel, joining, behind, batch)
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

    def _stand_anew(
        self, screen: Screen, channel: Channel, joining: dict[Screen, Joiner], behind: str | None, batch: Batch
    ) -> None:
        """A screen was checked again: shut it out, or let it follow as it stands now; see `_check_again`."""
        joiner = joining.get(screen)
        if behind is None:
            joining.pop(screen, None)
            token = screen.follows.get(channel.name)
            if token is not None and (joiner is None or joiner.token == token):
                self._shut_out(screen, channel)
        elif joiner is not None:
            joining[screen] = joiner._replace(behind=behind)
        elif channel.words_of(screen) not in {None, screen.subprotocol + behind}:
            self._reset(screen, channel, batch)  # it shows more than it may see by now, or less

    def _served_from(self, channel: Channel, low: int, batch: Batch) -> int:
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
        self._metrics.holes += 1
        return batch.head

    def _fit(self, channel: Channel, updates: Sequence[Update]) -> Sequence[Update]:
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
        channel: Channel,
        screens: Mapping[Screen, Callable[[Frames], None]],
        subprotocol: str,
        seq: int,
        updates: Sequence[Update],
    ) -> None:
        frames = Frames(channel.name, seq, [update.encode(subprotocol) for update in updates])
        for send in screens.values():
            send(frames)
        self._metrics.deliveries += len(screens) * len(updates)

    def _let_join(self, channel: Channel, joining: dict[Screen, Joiner], low: int, batch: Batch) -> None:
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
            words = screen.subprotocol + joiner.behind
            if after < channel.cursor:
                key = (after, words)
                if key not in prepared:
                    prepared[key] = self._catch_up(channel, batch.updates[after - low : channel.cursor - low], key[1])
                frames = prepared[key]
                if frames is None:
                    self._reset(screen, channel, batch)
                    continue
                screen.socket.send(frames)
                self._metrics.deliveries += len(frames.texts)
            screen.socket.tell(protocol.Following(channel.name, channel.cursor, batch.log))
            channel.live.setdefault(words, {})[screen] = screen.socket.send
            self._desk.came(screen, channel.name)

    def _catch_up(self, channel: Channel, updates: Sequence[Update], subprotocol: str) -> Frames | None:
        """Return the updates that a joiner missed, or None where they are too many bytes or cannot be encoded."""
        try:
            texts = [update.encode(subprotocol) for update in updates]
        except Exception as error:  # noqa: BLE001 (it is the application that encodes)
            _log.error("an update of a channel could not be encoded: %s", type(error).__name__)
            return None
        if sum(map(len, texts)) > MAX_CATCH_UP_BYTES:
            return None
        return Frames(channel.name, channel.cursor, texts)

    def _begin_anew(self, channel: Channel, joining: Mapping[Screen, Joiner], batch: Batch) -> None:
        """Another log: nothing that a screen here knows can be continued."""
        for screen in [*channel.screens(), *joining]:
            self._reset(screen, channel, batch)
        # Sessions may have ended in what was lost: those screens come back and are identified again.
        for screen in list(channel.watchers):
            self._desk.close(screen, protocol.RESTARTING, "the log has changed")
        channel.log, channel.cursor, channel.wanted = batch.log, batch.head, 0
        channel.behind_since = None

    def _declare_lost(
        self, channel: Channel, joining: Mapping[Screen, Joiner], low: int, served_from: int, batch: Batch
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
                self._desk.close(screen, protocol.RESTARTING, "updates were lost")
            channel.cursor = batch.head

    def _obey(self, channel: Channel, updates: Iterable[Update]) -> None:
        """Close the screens of a session or token that ended, or of a member who was suspended."""
        member = int(channel.name.partition(":")[2])
        for update in updates:
            if update.kind == SESSION_ENDED:
                self._desk.end(member=member, session=update.id, code=protocol.SIGNED_OUT, reason="signed out")
            elif update.kind == TOKEN_ENDED:
                self._desk.end(
                    member=member, session=-update.id, code=protocol.SIGNED_OUT, reason="the token has ended"
                )
            elif update.kind == MEMBER_SUSPENDED:
                self._desk.end(member=member, code=protocol.SUSPENDED, reason="suspended")

    def _reset(self, screen: Screen, channel: Channel, batch: Batch) -> None:
        self._metrics.resets += 1
        self._desk.forget(screen, channel.name)
        screen.socket.tell(protocol.Reset(channel.name, batch.head, batch.log))

    def _shut_out(self, screen: Screen, channel: Channel) -> None:
        self._metrics.gone += 1
        self._desk.forget(screen, channel.name)
        screen.socket.tell(protocol.Gone(channel.name))
