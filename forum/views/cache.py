"""Rendered fragments, kept in this process. A key holds every fact that the fragment shows, so an entry is never stale.

Invariant: the sum of the characters kept never passes `max_chars`; the ones not asked for longest go first.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, MutableMapping, Sequence
from typing import Any

from markupsafe import Markup


class FragmentCache:
    """Least recently used out first, bounded by size and not by number: one long post weighs as much as it is."""

    def __init__(self, max_chars: int) -> None:
        self._max_chars = max_chars
        self._chars = 0
        self._kept: OrderedDict[Hashable, str] = OrderedDict()
        self.hits = 0
        self.misses = 0

    def get(self, key: Hashable, render: Callable[[], str]) -> str:
        """The fragment of this key, rendered if it is not kept."""
        kept = self._kept.get(key)
        if kept is not None:
            self.hits += 1
            self._kept.move_to_end(key)
            return kept
        self.misses += 1
        fragment = render()
        self._kept[key] = fragment
        self._chars += len(fragment)
        while self._chars > self._max_chars:
            _, dropped = self._kept.popitem(last=False)
            self._chars -= len(dropped)
        return fragment

    def __len__(self) -> int:
        return len(self._kept)


def drawn_once(
    drawn: MutableMapping[Hashable, Any] | None, name: str, today: int, draw: Callable[[], Sequence[str]]
) -> tuple[Sequence[str], Markup]:
    """Fragments and all of them joined: drawn once a day for as long as `drawn` is kept."""
    kept: tuple[int, Sequence[str], Markup] | None = None if drawn is None else drawn.get(name)
    if kept is None or kept[0] != today:
        fragments = draw()
        kept = (today, fragments, Markup("".join(fragments)))
        if drawn is not None:
            drawn[name] = kept
    return kept[1], kept[2]
