"""How often something may happen: a token bucket, and pauses that grow while somebody does not answer."""

from __future__ import annotations

from typing import Final

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 1.0


class Pace:
    """At most `burst` at once, and `per_s` a second in the long run. Times are of one monotonic clock, in seconds."""

    __slots__ = ("_at", "_left", "burst", "per_s")

    def __init__(self, per_s: float, burst: int) -> None:
        self.per_s = per_s
        self.burst = burst
        self._left = float(burst)
        self._at = 0.0

    def take(self, now: float) -> bool:
        """Take one, if there is one left."""
        self._left = min(self.burst, self._left + (now - self._at) * self.per_s)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Pause:
    """How long to wait before somebody who did not answer is asked again: twice as long each time, up to a second."""

    __slots__ = ("_next_s",)

    def __init__(self) -> None:
        self._next_s = FIRST_PAUSE_S

    def longer(self) -> float:
        """Return the next pause, in seconds."""
        pause_s, self._next_s = self._next_s, min(self._next_s * 2, LONGEST_PAUSE_S)
        return pause_s

    def over(self) -> None:
        """There was an answer: begin with short ones again."""
        self._next_s = FIRST_PAUSE_S
