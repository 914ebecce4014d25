"""What the hub asks for the screens that come: for many at once, however many they are.

Invariant: nobody is answered by what was known before they asked (realtime.together), and of a check the access
versions were known before it was asked, so it is at least as new as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from realtime.channel import Channel
from realtime.reading import SOURCE_TIMEOUT_S
from realtime.source import Caller, Head, Source
from realtime.together import Together

HEADS_AT_ONCE: Final = 500
NOTHING: Final = Head(0, 0)
"""The head of a channel in which nothing was recorded."""
MAX_CHECKS: Final = 2
"""Checks of follows that run at once; apart from the reads, so that a thousand who return do not delay what is live."""
CHECKED_TOGETHER: Final = 32
"""Screens whose follows one check is about: some hundred channels, a few tens of milliseconds of the database."""


class Asked(NamedTuple):
    """Who wants to follow what."""

    caller: Caller
    channels: tuple[str, ...]


class Checked(NamedTuple):
    """What they may follow."""

    allowed: Mapping[str, str]
    """With what is put behind the name of a subprotocol there: see `Source.may_follow`."""
    heads: Mapping[str, Head]
    """Of all of these channels, known before it was asked what they may."""


class Questions:
    """Asks a source; `channels` are those that are followed here, with the access versions that are known."""

    def __init__(self, source: Source, channels: Mapping[str, Channel]) -> None:
        self._source = source
        self._channels = channels
        self._checked = Together(self._check, most=CHECKED_TOGETHER, at_once=MAX_CHECKS, timeout_s=SOURCE_TIMEOUT_S)
        self._head = Together(self._ask_heads, most=HEADS_AT_ONCE, timeout_s=SOURCE_TIMEOUT_S)
        self._over = Together(self._ask_over, most=HEADS_AT_ONCE, timeout_s=SOURCE_TIMEOUT_S)

    async def may_follow(self, caller: Caller, channels: tuple[str, ...]) -> Checked:
        """Say which of the channels the caller may follow now. Raises what the source raises, as all of these do."""
        return await self._checked(Asked(caller, channels))

    async def head(self, channel: str) -> Head:
        """Say where a channel stands."""
        return await self._head(channel)

    async def is_over(self, session: int) -> bool:
        """Say whether a session no longer counts."""
        return await self._over(session)

    async def close(self) -> None:
        """Ask nothing more."""
        for together in (self._checked, self._head, self._over):
            await together.close()

    async def _check(self, asked: list[Asked]) -> list[Checked]:
        """What these screens may follow: three questions for all of them."""
        # The versions first, then the check: the check is at least as new as the versions.
        names = {name for each in asked for name in each.channels}
        known = {name: self._channels[name] for name in names if name in self._channels}
        heads = {name: Head(channel.cursor, channel.access_version) for name, channel in known.items()}
        heads |= await self._heads([name for name in names if name not in known])
        allowed = await self._source.may_follow(
            list({(each.caller.member, name) for each in asked for name in each.channels})
        )
        # A session that has ended: its member's channel will say so and cut it; until then there is nothing for it.
        sessions = {each.caller.session for each in asked if each.caller.session is not None}
        ended = await self._source.ended(list(sessions)) if sessions else set()
        return [
            Checked(
                {
                    name: allowed[each.caller.member, name]
                    for name in each.channels
                    if each.caller.session not in ended and (each.caller.member, name) in allowed
                },
                heads,
            )
            for each in asked
        ]

    async def _ask_heads(self, names: list[str]) -> list[Head]:
        heads = await self._heads(names)
        return [heads.get(name, NOTHING) for name in names]

    async def _ask_over(self, sessions: list[int]) -> list[bool]:
        ended = await self._source.ended(sessions)
        return [session in ended for session in sessions]

    async def _heads(self, names: Sequence[str]) -> dict[str, Head]:
        """The heads of however many channels."""
        heads: dict[str, Head] = {}
        for start in range(0, len(names), HEADS_AT_ONCE):
            heads |= await self._source.heads(list(names[start : start + HEADS_AT_ONCE]))
        return heads
