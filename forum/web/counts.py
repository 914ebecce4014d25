"""Unread counts for the rail, kept in this process by the cursors of the channels that tell of their change.

Invariants: what one member has not read in one network changes only with an update in that network's channel or in the
member's own, since pages of theirs that stand open have to follow it; so counts belong to these two cursors, which come
from the database in the same request, and are counted anew when either has moved. Nothing is kept but numbers: no word
and no access depends on it.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from forum import conversations, networks
from forum.db import Connections
from forum.networks import Unread
from forum.sessions import Visit

MAX_KEPT: Final = 50_000
"""Of pairs of a member and a network: about 10 MB."""

DIRECT: Final = 0
"""In the place of a network: the member's direct conversations."""

Version = tuple[str, int, int]
"""The log, and the cursors of the member's and of the network's channel."""


class KeptCounts:
    """Counts by member and network, the ones not asked for longest out first."""

    def __init__(self, max_kept: int = MAX_KEPT) -> None:
        self._max_kept = max_kept
        self._kept: OrderedDict[tuple[int, int], tuple[Version, Unread]] = OrderedDict()

    async def of(self, at: Connections, visit: Visit) -> Mapping[int, Unread]:
        """What the member whose visit this is has not read, by network; at most one statement."""
        if visit.known is None or not visit.networks:
            return {}
        member: int = visit.known.row["id"]
        own = visit.channels.get(f"member:{member}", 0)
        versions: dict[int, Version] = {row["id"]: (visit.log, own, row["cursor"]) for row in visit.networks}
        found: dict[int, Unread] = {}
        for network, version in versions.items():
            kept = self._kept.get((member, network))
            if kept is not None and kept[0] == version:
                self._kept.move_to_end((member, network))
                found[network] = kept[1]
        if len(found) < len(versions):
            missing = [network for network in versions if network not in found]
            # Read after the cursors, so at least as new as they are.
            async with at() as connection:
                counted = await networks.unread(connection, member, missing)
            for network, unread in counted.items():
                found[network] = unread
                self._keep((member, network), versions[network], unread)
        return found

    async def conversations(self, at: Connections, visit: Visit) -> int:
        """In how many direct conversations something is unread: told in the member's own channel alone."""
        if visit.known is None:
            return 0
        member: int = visit.known.row["id"]
        place, version = (member, DIRECT), (visit.log, visit.channels.get(f"member:{member}", 0), 0)
        kept = self._kept.get(place)
        if kept is not None and kept[0] == version:
            self._kept.move_to_end(place)
            return kept[1].messages
        async with at() as connection:
            unread = Unread(messages=await conversations.unread(connection, member))
        self._keep(place, version, unread)
        return unread.messages

    def _keep(self, place: tuple[int, int], version: Version, unread: Unread) -> None:
        self._kept[place] = (version, unread)
        self._kept.move_to_end(place)
        if len(self._kept) > self._max_kept:
            self._kept.popitem(last=False)
