"""What the hub asks of the application: who may follow, what was recorded, and where a channel's head is.

The hub makes no assumption beyond what stands here. Each function may be called many times at once, and may raise
anything: the hub backs off and asks again. They answer from the primary database, never from a copy that may lag.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from starlette.requests import HTTPConnection


class Update(Protocol):
    """One live change in a channel, as it stands now."""

    @property
    def seq(self) -> int:
        """Its number in its channel."""

    @property
    def kind(self) -> str:
        """What happened, in the past tense: `post.created`."""

    @property
    def id(self) -> int:
        """What it happened to."""

    def encode(self, subprotocol: str, /) -> bytes:
        """Return the text of its frame. Called several times; remembers what it made.

        For guests the name of the subprotocol ends with `protocol.FOR_GUESTS`; for others with what `may_follow` said.
        """


class Batch(NamedTuple):
    """What one statement, hence one snapshot, found in a channel.

    `updates` are exactly those with `after < seq <= min(head, after + limit)`, ascending. A channel in which nothing
    was ever recorded has head 0, access version 0 and oldest 0, and the same `log` as every other.

    `access_version` must differ from any earlier one after any change of who may follow: followers are checked again
    only where it does.
    """

    head: int
    access_version: int
    log: str
    oldest: int
    """The smallest `after` that can still be served: the seq before the first update that is kept."""
    updates: Sequence[Update]


class Head(NamedTuple):
    """Where a channel stands."""

    seq: int
    access_version: int


Pair = tuple[int | None, str]
"""A member (None: a guest) and a channel."""


class Source(Protocol):
    """The four questions of the hub."""

    async def may_follow(self, pairs: list[Pair]) -> Mapping[Pair, str]:
        """Return those in which the member may follow the channel now, each with what is put behind the name of a
        subprotocol for them there: "", or `protocol.FOR_OUTSIDERS`; one query for all.
        """

    async def ended(self, sessions: list[int]) -> set[int]:
        """Return those of the sessions (see `Caller.session`) that no longer count; one query for all."""

    async def read(self, channel: str, after: int, limit: int) -> Batch:
        """Return the channel's updates after a cursor, from one snapshot."""

    async def heads(self, channels: list[str]) -> dict[str, Head]:
        """Return the heads of at most 500 channels; one in which nothing was recorded may be left out."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is at the other end of a screen."""

    member: int | None
    """The member, or None for a guest."""
    session: int | None = None
    """What was shown to say so: a session's id, as the update `session.ended` that ends it names it; or below zero that
    of a token, as `token.ended` does.
    """
    ends_at: float | None = None
    """When the session ends by itself, in seconds since the epoch."""
    closed: tuple[str, ...] = ()
    """What the names of channels begin with that what was shown does not open, whoever its member is."""


class Refused(Exception):
    """Raised by an `Identify`: the connection is not let in. `code` is a close code of the protocol."""

    def __init__(self, code: int, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


Identify = Callable[[HTTPConnection], Awaitable[Caller]]
"""Say who opened this connection (a WebSocket or a long poll), or raise `Refused`.

Checks the `Origin` of a WebSocket too.
"""

Names = Callable[[Sequence[int]], Awaitable[dict[int, str]]]
"""Return the names of these members, as they stand now; an unknown one is left out."""
