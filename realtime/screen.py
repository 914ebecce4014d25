"""A screen: one page in one browser, as the hub sees it."""

from __future__ import annotations

from typing import Protocol

from realtime.source import Caller
from realtime.transport import Socket


class Screen:
    """One page in one browser: who it is, where to write, and what it follows."""

    __slots__ = ("caller", "closed", "follows", "must_reset", "socket", "subprotocol")

    def __init__(self, caller: Caller, socket: Socket, subprotocol: str, must_reset: bool) -> None:
        self.caller = caller
        self.socket = socket
        self.subprotocol = subprotocol
        self.must_reset = must_reset
        """It was too slow twice within a minute: what it missed is declared instead of sent."""
        self.follows: dict[str, int] = {}
        """Channel → the token of the newest follow of it."""
        self.closed = False

    def holds(self, channel: str, token: int) -> bool:
        """Say whether that follow is still the newest: an older one, on its way through an await, must end."""
        return self.follows.get(channel) == token


class Listener(Protocol):
    """Who wants to know which screens look at which channel."""

    def came(self, screen: Screen, channel: str, /) -> None:
        """The screen follows the channel now."""

    def left(self, screen: Screen, channel: str, /) -> None:
        """It does so no longer, or never came to."""
