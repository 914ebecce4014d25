"""Facts: the columns of a row that a kept fragment is made of: handed to its template, no others, and its key."""

import operator
from collections.abc import Callable, Hashable, Iterable
from typing import Any, Final, Protocol


class Row(Protocol):
    """What the views hand out: an asyncpg Record, or a dict with the same names."""

    def __getitem__(self, name: str, /) -> Any: ...

    def values(self) -> Iterable[Any]:
        """All its facts."""
        ...


class Facts:
    """What the template of a noun is handed of a row, and so all that it can show. These facts are its key."""

    def __init__(self, *names: str, lists: tuple[str, ...] = ()) -> None:
        """`lists` are the names of those that have no hash, and are told apart by how they are written."""
        self._names = (*names, *lists)
        self._plain = len(names)
        self.of: Callable[[Row], tuple[Any, ...]] = operator.itemgetter(*self._names)

    def key(self, facts: tuple[Any, ...]) -> Hashable:
        """The facts as a key."""
        return (*facts[: self._plain], *map(repr, facts[self._plain :]))

    def named(self, facts: tuple[Any, ...]) -> Row:
        """The facts as a template reads them."""
        return dict(zip(self._names, facts, strict=True))


POST: Final = Facts(
    *("id", "thread_id", "network_id", "author_id", "byline_id", "parent_id", "number", "depth", "state", "html"),
    *("renderer", "version", "created_at", "edited_at", "gap_at", "gap_until", "author_name", "author_title"),
    *("author_organisation", "parent_state", "parent_author_id", "parent_name", "network_name"),
    lists=("mentions", "mention_names", "quotes"),
)
"""Of a row of `shown_posts`."""
THREAD_ROW: Final = Facts(
    *("id", "author_id", "author_name", "title", "in_network_id", "last_number", "last_author_id"),
    *("last_name", "shown", "listed_at", "locked_at", "pinned_at"),
    lists=("networks",),
)
"""Of a row of `listed_threads`."""
