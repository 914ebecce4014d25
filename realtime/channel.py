"""A channel as one process sees it: how far it was read, whom it is handed to, and who waits to join.

It holds what is so and decides nothing but where the next read begins. Only `reading.Reading` moves the cursor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import NamedTuple

from realtime.screen import Screen
from realtime.source import Head
from realtime.transport import Frames


class Joiner(NamedTuple):
    """A follow that is admitted and waits for the next read."""

    after: int | None
    """The cursor that the screen came with; None: from the head on."""
    token: int
    log: str | None
    access_version: int | None
    """A version known before the screen's access was checked; None where there is nothing to check."""
    behind: str = ""
    """What is put behind the name of its subprotocol here: see `Source.may_follow`."""


class Channel:
    """See the module's head. `reader` is set while its reader task runs."""

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
        """By subprotocol, with what is put behind it: the screens that are handed each update, with their socket's
        `send`, which a thousand times a round is quicker at hand than looked up."""
        self.joining: dict[Screen, Joiner] = {}
        self.watchers: set[Screen] = set()
        """Screens of the member whose channel this is: they are closed when an update says so, followed or not."""
        self.reader: asyncio.Task[None] | None = None
        self.behind_since: float | None = None

    def screens(self) -> list[Screen]:
        """Return those that are live, in whichever subprotocol."""
        return [screen for screens in self.live.values() for screen in screens]

    def take_out(self, screen: Screen) -> None:
        """Hand it nothing more; it may still watch."""
        self.joining.pop(screen, None)
        words = self.words_of(screen)
        if words is not None:
            del self.live[words][screen]
            if not self.live[words]:
                del self.live[words]

    def words_of(self, screen: Screen) -> str | None:
        """Return in which subprotocol it is live, with what is put behind it; None where it is not."""
        return next((words for words, screens in self.live.items() if screen in screens), None)

    def is_deserted(self) -> bool:
        """Say whether nobody is interested."""
        return not (self.live or self.joining or self.watchers)

    def has_work(self) -> bool:
        """Say whether the log is to be read once more."""
        return bool(self.joining) or self.wanted > self.cursor or self.suspect

    def read_from(self, joining: Iterable[Joiner], most: int) -> int:
        """Return the cursor from which one read serves the live screens and every joiner that can be caught up: who is
        at most so many updates behind.
        """
        return min(
            (
                joiner.after
                for joiner in joining
                if joiner.after is not None
                and 0 < self.cursor - joiner.after <= most
                and (joiner.log is None or self.log is None or joiner.log == self.log)
            ),
            default=self.cursor,
        )
