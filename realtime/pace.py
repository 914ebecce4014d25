"""A token bucket: how often something may happen."""

from __future__ import annotations


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
