"""Who is here, and who is typing.

A member is here in a room or a thread while one of their screens follows it. Each process keeps its own members in
Redis, in a sorted set a channel, each entry `member:process` with the time at which it lapses; it renews them every
20 s. So nothing has to be taken back when a process dies, and Redis holds ids only. Away from Redis a process knows
its own members.

Screens are told the whole list, at most once a second a channel (less often where hundreds are here). Guests are not
counted.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import Counter
from collections.abc import Iterable
from typing import Final, Protocol

import redis.asyncio as redis
from msgspec import UNSET
from redis.exceptions import RedisError

from realtime import protocol
from realtime.bus import Bus, Kind
from realtime.screen import Screen
from realtime.source import Names
from realtime.tasks import end

KEPT_FOR: Final = ("room:", "thread:")
TYPING_IN: Final = (*KEPT_FOR, "moderators:")
TELL_EVERY_S: Final = 1.0
TELL_MANY_EVERY_S: Final = 5.0
MANY: Final = 100
"""So many names are sent at most; the count goes on. Where more are here, the list is told less often."""
RENEW_EVERY_S: Final = 20.0
LAPSES_AFTER_S: Final = 50.0
TYPING_EVERY_S: Final = 2.5
"""Clients say it every 3 s; what comes sooner than this is not passed on."""
TIMEOUT_S: Final = 1.0

_log = logging.getLogger(__name__)


class Store(Protocol):
    """Where the processes see each other's members."""

    async def exchange(
        self, changed: dict[str, tuple[set[int], set[int]]], asked: Iterable[str], /
    ) -> dict[str, set[int]] | None:
        """Put in and take out members of this process (channel → here, left), and return who is here in the asked
        channels.

        None: the store is away.
        """

    async def stop(self) -> None:
        """Let go of the connection."""


class NoStore:
    """One process alone."""

    async def exchange(
        self, _changed: dict[str, tuple[set[int], set[int]]], _asked: Iterable[str], /
    ) -> dict[str, set[int]] | None:
        """Know nothing of others."""
        return None

    async def stop(self) -> None:
        """Do nothing."""


class RedisStore:
    """Sorted sets in Redis; every key lapses by itself."""

    def __init__(self, url: str, *, prefix: str = "forum:here:") -> None:
        # What bounds an answer's time is in `exchange`: the client's own way can lose a cancellation (see `tasks`).
        self._client = redis.Redis.from_url(
            url, socket_timeout=None, socket_connect_timeout=TIMEOUT_S, retry=None, retry_on_error=[]
        )
        self._prefix = prefix
        self._process = os.urandom(4).hex()

    async def exchange(
        self, changed: dict[str, tuple[set[int], set[int]]], asked: Iterable[str], /
    ) -> dict[str, set[int]] | None:
        """See `Store`. One round trip."""
        now = time.time()
        asked = list(asked)
        try:
            async with asyncio.timeout(TIMEOUT_S), self._client.pipeline(transaction=False) as pipe:
                for channel, (here, left) in changed.items():
                    key = self._prefix + channel
                    if here:
                        pipe.zadd(key, {self._entry(member): now + LAPSES_AFTER_S for member in here})
                        pipe.expire(key, int(LAPSES_AFTER_S) + 10)
                    if left:
                        pipe.zrem(key, *[self._entry(member) for member in left])
                for channel in asked:
                    pipe.zrangebyscore(self._prefix + channel, now, "+inf")
                answers = await pipe.execute()
        except (RedisError, OSError, TimeoutError) as error:
            _log.info("who is here elsewhere is not known: %s", type(error).__name__)
            return None
        lists = answers[len(answers) - len(asked) :]
        return {channel: {_member(entry) for entry in entries} for channel, entries in zip(asked, lists, strict=True)}

    def _entry(self, member: int) -> str:
        return f"{member}:{self._process}"

    async def stop(self) -> None:
        """See `Store`."""
        await self._client.aclose()


def _member(entry: bytes) -> int:
    return int(entry.partition(b":")[0])


class Audience(Protocol):
    """What presence needs of the hub."""

    def broadcast(self, channel: str, message: protocol.ServerMessage, *, besides: int | None = None) -> None:
        """Write to the screens that follow the channel, but for those of the member `besides`."""

    def is_followed(self, channel: str) -> bool:
        """Say whether any screen of this process follows the channel."""

    def is_live(self, screen: Screen, channel: str) -> bool:
        """Say whether the screen follows the channel."""


class _Shown:
    """What the screens of one channel were told last, and what is to be told.

    Whoever comes and leaves changes `screens`, `mine` and `newcomers`, at any time; a round changes the rest, reads
    these, and takes out of `newcomers` whom it has told. `must_tell` is raised by all, and lowered by a round before it
    first waits: what is raised after that is for the next.
    """

    __slots__ = ("elsewhere", "may_tell_at", "mine", "must_tell", "newcomers", "screens", "told")

    def __init__(self) -> None:
        self.screens = 0
        self.mine: Counter[int] = Counter()
        """Member → how many of their screens are here."""
        self.elsewhere: set[int] = set()
        """As the store last said, this process included."""
        self.newcomers: set[Screen] = set()
        """Screens that were told nothing yet."""
        self.told: protocol.Presence | None = None
        self.must_tell = False
        self.may_tell_at = 0.0


class Presence:
    """Keeps who is here, and passes on who is typing. It is the hub's `listener`.

    There is one round at a time (`tell`), and channels go at its end alone: what it has begun with stays while it waits
    for the store and for names. What came and left meanwhile is in `_changed`, and the next round's. What the store did
    not take is lost: it is told all who are here when it is back, and who left meanwhile lapses there.
    """

    def __init__(
        self, hub: Audience, bus: Bus, names: Names, store: Store | None = None, *, tell_every_s: float = TELL_EVERY_S
    ) -> None:
        self._hub = hub
        self._bus = bus
        self._names = names
        self._store = store or NoStore()
        self._tell_every_s = tell_every_s
        self._channels: dict[str, _Shown] = {}
        self._where: dict[Screen, set[str]] = {}
        self._changed: dict[str, tuple[set[int], set[int]]] = {}
        self._typed_at: dict[tuple[int, str], float] = {}
        self._renew_at = 0.0
        self._task: asyncio.Task[None] | None = None
        self._typing: set[asyncio.Task[None]] = set()
        bus.listen(Kind.PRESENCE, self._changed_elsewhere)
        bus.listen(Kind.TYPING, self._typing_elsewhere)

    async def start(self) -> None:
        """Begin to tell."""
        self._task = asyncio.create_task(self._tell_on(), name="presence")

    async def stop(self) -> None:
        """Take this process's members out, and end."""
        if self._task is not None:
            await end([self._task])
            await asyncio.gather(*self._typing, return_exceptions=True)
        leaving: dict[str, tuple[set[int], set[int]]] = {
            name: (set(), set(shown.mine)) for name, shown in self._channels.items() if shown.mine
        }
        if leaving:
            await self._store.exchange(leaving, ())
        await self._store.stop()

    def here(self, channel: str) -> list[int]:
        """Return who is here in the channel, as far as this process was last told; ids, ascending."""
        shown = self._channels.get(channel)
        return sorted(shown.elsewhere | set(shown.mine)) if shown is not None else []

    # What the hub says

    def came(self, screen: Screen, channel: str, /) -> None:
        """See `hub.Listener`."""
        if not channel.startswith(KEPT_FOR):
            return
        where = self._where.setdefault(screen, set())
        if channel in where:
            return
        where.add(channel)
        shown = self._channels.setdefault(channel, _Shown())
        shown.screens += 1
        member = screen.caller.member
        if member is not None:
            shown.newcomers.add(screen)
            shown.mine[member] += 1
            if shown.mine[member] == 1:
                self._note_change(channel, member, here=True)

    def left(self, screen: Screen, channel: str, /) -> None:
        """See `hub.Listener`."""
        where = self._where.get(screen)
        if where is None or channel not in where:
            return
        where.discard(channel)
        if not where:
            del self._where[screen]
        shown = self._channels[channel]
        shown.screens -= 1
        shown.newcomers.discard(screen)
        member = screen.caller.member
        if member is not None:
            shown.mine[member] -= 1
            if not shown.mine[member]:
                del shown.mine[member]
                self._note_change(channel, member, here=False)

    def _note_change(self, channel: str, member: int, *, here: bool) -> None:
        came, gone = self._changed.setdefault(channel, (set(), set()))
        (came if here else gone).add(member)
        (gone if here else came).discard(member)
        self._channels[channel].must_tell = True

    def _changed_elsewhere(self, channel: str, _: int) -> None:
        shown = self._channels.get(channel)
        if shown is not None:
            shown.must_tell = True

    # Telling

    async def _tell_on(self) -> None:
        while True:
            await asyncio.sleep(self._tell_every_s)
            try:
                await self.tell()
            except Exception as error:  # noqa: BLE001
                # The names come from the source, which may fail in any way; the next round asks again.
                _log.warning("who is here could not be told: %s", type(error).__name__)

    async def tell(self) -> None:
        """One round: bring this process's changes to the store, and tell the screens of channels where somebody came
        or left.
        """
        now = time.monotonic()
        renewing = now >= self._renew_at
        changed, self._changed = self._changed, {}
        news = list(changed)
        if renewing:
            self._renew_at = now + RENEW_EVERY_S
            for name, shown in self._channels.items():
                changed.setdefault(name, (set(), set()))[0].update(shown.mine)
        due = [
            name
            for name, shown in self._channels.items()
            if renewing or shown.newcomers or (shown.must_tell and shown.may_tell_at <= now)
        ]
        if not due and not changed:
            return
        # What changes from here on may be too late for this round: it is the next one's.
        for name in due:
            self._channels[name].must_tell = False
        found = await self._store.exchange(changed, due)
        if found is None:
            self._renew_at = min(self._renew_at, now + 2.0)
        else:
            for name in news:
                self._bus.publish(Kind.PRESENCE, name, 0)
        for name in due:
            shown = self._channels[name]
            shown.elsewhere = found[name] if found is not None else set()
        await self._tell_screens(due, now)
        for name in due:
            if not self._channels[name].screens:
                del self._channels[name]

    async def _tell_screens(self, due: list[str], now: float) -> None:
        here = {name: self.here(name) for name in due}
        newcomers = {name: frozenset(self._channels[name].newcomers) for name in due}
        wanted = {member for members in here.values() for member in members[:MANY]}
        try:
            names = await self._names(sorted(wanted)) if wanted else {}
        except Exception:
            for name in due:
                self._channels[name].must_tell = True
            raise
        for name, members in here.items():
            shown = self._channels[name]
            listed = [protocol.Here(member, names[member]) for member in members[:MANY] if member in names]
            message = protocol.Presence(name, listed, len(members))
            if message != shown.told and shown.may_tell_at <= now:
                self._hub.broadcast(name, message)
                shown.told = message
                shown.may_tell_at = now + (TELL_MANY_EVERY_S if len(members) > MANY else 0.0)
            else:
                for screen in newcomers[name] & shown.newcomers:  # but for those that left meanwhile
                    screen.socket.tell(message)
                if message != shown.told:
                    # All are told when it is time, also if it is by then again as the others were told.
                    shown.told, shown.must_tell = None, True
            shown.newcomers -= newcomers[name]

    # Typing

    def typing(self, screen: Screen, channel: str, about: int | None = None) -> None:
        """Pass on that the screen's member is typing, or looking at something (`about` is its id), if the screen
        follows the channel; else, or too soon again, nothing.
        """
        member = screen.caller.member
        if member is None or not channel.startswith(TYPING_IN) or not self._hub.is_live(screen, channel):
            return
        place = channel if about is None else f"{channel}/{about}"
        now = time.monotonic()
        if now - self._typed_at.get((member, place), 0.0) < TYPING_EVERY_S:
            return
        if len(self._typed_at) > 1000:
            self._typed_at = {key: at for key, at in self._typed_at.items() if now - at < TYPING_EVERY_S}
        self._typed_at[member, place] = now
        self._bus.publish(Kind.TYPING, place, member)
        self._typing_elsewhere(place, member)

    def _typing_elsewhere(self, place: str, member: int) -> None:
        if self._hub.is_followed(place.partition("/")[0]) and len(self._typing) < 100:
            task = asyncio.create_task(self._show_typing(place, member), name="typing")
            self._typing.add(task)
            task.add_done_callback(self._typing.discard)

    async def _show_typing(self, place: str, member: int) -> None:
        channel, _, about = place.partition("/")
        try:
            name = (await self._names([member])).get(member)
        except Exception as error:  # noqa: BLE001 (a source may raise anything)
            _log.warning("who is typing could not be told: %s", type(error).__name__)
            return
        if name is not None:
            told = protocol.TypingBy(channel, member, name, int(about) if about else UNSET)
            self._hub.broadcast(channel, told, besides=member)
