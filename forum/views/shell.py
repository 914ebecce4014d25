"""What every page has around its content: who looks, their networks with counts, the channels that the page follows.

Invariants: a shell holds nothing of a network that its member may not see; `channels` were read before the content.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """The member who looks at the page."""

    id: int
    name: str | None
    title: str = ""
    organisation: str = ""
    theme: str = "auto"
    """auto, light or dark."""
    keys: bool = True
    """Whether single letters are commands."""
    enter_sends: bool = True
    """Whether Enter sends a message (else Ctrl+Enter does)."""
    administrator: bool = False
    blocks: tuple[int, ...] = ()
    """Whom I block: my pages fold what they write."""


class RailNetwork(NamedTuple):
    """One of my networks, as the rail and `/networks` draw it; its sub-groups of mine below it."""

    id: int
    slug: str
    name: str
    room_id: int
    threads: int = 0
    """Unread threads."""
    messages: int = 0
    """Unread messages in its room."""
    mentions: int = 0
    """Unread messages in its room that mention me."""
    here: int = 0
    """People in its room now."""
    networks: tuple["RailNetwork", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """The frame of one page for one member, or for a guest (`me` is None)."""

    me: Me | None = None
    networks: tuple[RailNetwork, ...] = ()
    """My networks as a tree: the roots."""
    notifications: int = 0
    """Unread ones."""
    conversations: int = 0
    """Direct conversations in which something is unread."""
    requests: int = 0
    """Requests to join that wait for me, over all networks that I lead."""
    reports: int = 0
    """Cases that wait in the networks that I moderate, or for me as an administrator, counted to 100."""
    unread_threads: int = 0
    """Over all networks; a joint thread counts once."""
    here: str = ""
    """Where the page is, for `aria-current`: home, notifications, conversations, networks, reports, rooms, search,
    settings; or by a network's id network:3, room:3, thread:3 (a thread of it)."""
    channels: Mapping[str, int] = field(default_factory=dict)
    """What the page follows, and from which cursor: {"thread:9": 44}."""
    log: str = ""
    """The identity of the update log that the cursors belong to."""
    moderates: tuple[int, ...] = ()
    """Networks in which I am a moderator or lead; 0 for an administrator: what is in none."""

    @property
    def unread_mentions(self) -> int:
        """Messages that mention me, over all rooms."""
        return sum(network.mentions for network in self.all_networks())

    @property
    def all_read(self) -> bool:
        """Whether nothing that is unread is for me, and no thread is unread."""
        return not (self.notifications or self.conversations or self.unread_threads or self.unread_mentions)

    def all_networks(self) -> tuple[RailNetwork, ...]:
        """The tree laid flat, parents first."""
        found: list[RailNetwork] = []
        waiting = list(reversed(self.networks))
        while waiting:
            network = waiting.pop()
            found.append(network)
            waiting.extend(reversed(network.networks))
        return tuple(found)
