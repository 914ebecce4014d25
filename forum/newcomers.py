"""Newcomers: who has contributed little to a network that reads the first contributions before they are shown.

Such a network says how many (`approves_first`). Until so many of a plain member's stand there, each new one is a
submission (forum/submissions.py), and there are fewer links and mentions in it. Moderators and leads are no newcomers.
The check stands in the acts that write, so there is no way round it.
"""

import re
from typing import Final

from forum.access import Caller, Role
from forum.db import Connection, statements
from forum.errors import Invalid, NeedsApproval

SQL = statements("newcomers")
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


def require_modest(body: str, mentions: int) -> None:
    """Raises Invalid for more links or mentions than a newcomer's text may have."""
    if len(_LINK.findall(body)) > MAX_LINKS:
        raise Invalid("body", f"Until you are known here, a text has at most {MAX_LINKS} links.")
    if mentions > MAX_MENTIONS:
        raise Invalid("body", f"Until you are known here, a text mentions at most {MAX_MENTIONS} people.")
