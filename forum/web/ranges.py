"""Numbers that were read, as Postgres writes an int4multirange: `{[1,21),[25,26)}`."""

import re
from bisect import bisect_right
from dataclasses import dataclass

_RANGE = re.compile(r"\[(\d+),(\d+)\)")


@dataclass(frozen=True, slots=True)
class Ranges:
    """Half-open ranges in ascending order."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    def parse(cls, multirange: str) -> "Ranges":
        """The ranges of a text that Postgres wrote."""
        found = _RANGE.findall(multirange)
        return cls(tuple(int(start) for start, _ in found), tuple(int(end) for _, end in found))

    def __contains__(self, number: int) -> bool:
        place = bisect_right(self.starts, number) - 1
        return place >= 0 and number < self.ends[place]
