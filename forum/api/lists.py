"""Lists: cut from one row more than was asked for, which tells whether there is a next page.

Cursors of channels are read before the rows (`following`), so what was committed in between comes as an update, and is
never missing from both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from forum import updates
from forum.api.shapes import Page
from forum.db import Connection

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Following:
    """Channels with their cursors, and the log that these belong to."""

    channels: dict[str, int]
    log: str


async def following(connection: Connection, *channels: str) -> Following:
    """Where these channels stand now: read it before the content that it is to go with."""
    log, cursors = await updates.cursors(connection, channels)
    return Following(cursors, log)


def page(
    rows: Sequence[Any],
    limit: int,
    shape: Callable[[Any], T],
    cursor: Callable[[Any], str],
    follow: Following,
) -> Page[T]:
    """At most `limit` of the rows, which were asked for with `limit + 1`."""
    shown = rows[:limit]
    return Page(
        items=[shape(row) for row in shown],
        next=cursor(shown[-1]) if len(rows) > limit else None,
        channels=follow.channels,
        log=follow.log,
    )
