"""Counts that all processes share: how often something happened within a sliding window, in Redis, by one script.

One question counts several acts, each against all of its limits, and says what is left, where a library asks three
times for one. An act that is past one limit is counted against none that comes after. Redis' clock counts, not that of
a process.
"""

import itertools
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from redis.asyncio import Redis

# KEYS: one for each limit. ARGV, three for each: how many, in how many seconds, and which act it counts.
# Answers three for each: whether it was counted, how many are left, and in how many milliseconds there are more.
# A window is what its last two stretches of the same length have, the earlier one by the share that is still inside.
COUNT: Final = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local answers, act, past = {}, nil, false
for i, key in ipairs(KEYS) do
    local quota, window = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1])
    if ARGV[3 * i] ~= act then
        act, past = ARGV[3 * i], false
    end
    local stretch = math.floor(now / window)
    local gone = now / window - stretch
    local kept = redis.call('HMGET', key, 'stretch', 'current', 'before')
    local current, before = 0, 0
    if tonumber(kept[1]) == stretch then
        current, before = tonumber(kept[2]), tonumber(kept[3])
    elseif tonumber(kept[1]) == stretch - 1 then
        before = tonumber(kept[2])
    end
    local used = before * (1 - gone) + current
    local wait = 1 - gone
    local counted = not past and used + 1 <= quota
    if counted then
        redis.call('HSET', key, 'stretch', stretch, 'current', current + 1, 'before', before)
        redis.call('EXPIRE', key, 2 * window)
    elseif current + 1 <= quota and before > 0 then
        wait = math.max(0, 1 - (quota - 1 - current) / before - gone)
    elseif current > 0 then
        wait = wait + math.max(0, 1 - (quota - 1) / current)
    end
    past = not counted
    answers[3 * i - 2] = counted and 1 or 0
    answers[3 * i - 1] = math.max(0, math.floor(quota - used - 1))
    answers[3 * i] = math.ceil(wait * window * 1000)
end
return answers
"""


class Window(NamedTuple):
    """One limit of an act: `quota` within `window_s`, counted under a key."""

    key: str
    quota: int
    window_s: int


class Count(NamedTuple):
    """What became of it: whether it was counted, how many are left, and in how many seconds there are more."""

    counted: bool
    remaining: int
    reset_s: float


class SharedWindows:
    """The counts in one Redis."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self._redis = Redis.from_url(url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s)
        self._script = self._redis.register_script(COUNT)

    async def count(self, acts: Sequence[Sequence[Window]]) -> list[list[Count]]:
        """Count each of these acts against its limits, in their order. Raises what redis-py raises."""
        keys = [window.key for windows in acts for window in windows]
        bounds = [
            number for act, windows in enumerate(acts) for window in windows for number in (*window[1:], act)
        ]  # fmt: skip
        told: Any = await self._script(keys=keys, args=bounds)
        counts = (Count(bool(told[at]), told[at + 1], told[at + 2] / 1000) for at in range(0, len(told), 3))
        return [list(itertools.islice(counts, len(windows))) for windows in acts]

    async def forget(self, key: str) -> None:
        """Begin to count anew."""
        await self._redis.delete(key)

    async def close(self) -> None:
        """Let the connections go."""
        await self._redis.aclose()
