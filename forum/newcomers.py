"""Newcomers: who has contributed little to a network that reads the first contributions before they are shown.

Such a network says how many (`approves_first`). Until so many of a plain member's stand there, each new one is a
submission (forum/submissions.py), and there are fewer links and mentions in it. Moderators and leads are no newcomers.
The check stands in the acts that write, so there is no way round it.
"""

import re
from collections.abc import Sequence
from typing import Final

from forum import access, moderation_log
from forum.db import Connection, Database, statements
from forum.errors import Invalid, NeedsApproval
from forum.standing import Caller, Network, Role

SQL = statements("newcomers")
MAX_APPROVED: Final = 20
MAX_LINKS: Final = 2
MAX_MENTIONS: Final = 3
_LINK = re.compile(r"https?://", re.IGNORECASE)


async def require_known(
    connection: Connection, caller: Caller, network_id: int, role: Role | None, approves_first: int
) -> None:
    """Raises NeedsApproval where what the caller writes through this network has to be read by a moderator first."""
    if approves_first and role == "member":
        known = await SQL.contributed(connection, member=caller.member, network=network_id, enough=approves_first)
        if known < approves_first:
            raise NeedsApproval


async def require_known_at(
    db: Database, caller: Caller, network_id: int, role: Role | None, approves_first: int
) -> None:
    """The same for an act that holds no connection: one is taken where it depends on what they have contributed."""
    if approves_first and role == "member":
        async with db.connection() as connection:
            await require_known(connection, caller, network_id, role, approves_first)


async def asks(connection: Connection, caller: Caller, networks: Sequence[Network]) -> Network | None:
    """The first of these networks whose moderators have to read what the caller writes, or None."""
    for network in networks:
        try:
            await require_known(connection, caller, network.id, network.role, network.row["approves_first"])
        except NeedsApproval:
            return network
    return None


def require_modest(body: str, mentions: int) -> None:
    """Raises Invalid for more links or mentions than a newcomer's text may have."""
    if len(_LINK.findall(body)) > MAX_LINKS:
        raise Invalid("body", f"Until you are known here, a text has at most {MAX_LINKS} links.")
    if mentions > MAX_MENTIONS:
        raise Invalid("body", f"Until you are known here, a text mentions at most {MAX_MENTIONS} people.")


async def set_approved(db: Database, caller: Caller, slug: str, approves_first: int) -> None:
    """So many first contributions of a newcomer are read before they are shown; 0: none. Who runs the network.

    What waits already goes on waiting. Raises NotFound, Forbidden, Invalid.
    """
    if not 0 <= approves_first <= MAX_APPROVED:
        raise Invalid("approves_first", f"This is 0 to {MAX_APPROVED}.")
    async with db.transaction() as tx:
        network = await access.require_network(tx.connection, caller, slug, "run")
        if await SQL.set_approved(tx.connection, network=network.id, approves_first=approves_first) is None:
            return
        tx.record(f"network:{network.id}", "network.changed", network.id)
        await moderation_log.write(tx, network.id, caller, f"approve first {approves_first}", "network", network.id)
