"""What is asked on each connection of a web process before anybody waits for it.

Postgres reads what a statement's views are made of, and plans it, when a connection runs it for the first time: up to
25 ms each. Screens that return together, after a restart, ask the same few statements on every connection of the pool,
and each would wait for that in turn. So they are asked once beforehand, about nobody and nothing.
"""

import logging

import asyncpg

from forum import access, listings, members, posts, rooms, sessions, stretches, updates
from forum.db import Connection
from forum.sessions import Credential

NOTHING = 10**18 - 1
"""An id that nothing has: they are counted from 1."""
NOBODY = Credential(session=b"")

log = logging.getLogger(__name__)


async def warm(connection: Connection) -> None:
    """Ask what every screen and every page asks. What fails here fails again for who needs it: it keeps nobody out."""
    try:
        await _ask(connection)
    except asyncpg.PostgresError as error:
        log.warning("a connection was not made ready: %s", type(error).__name__)


async def _ask(connection: Connection) -> None:
    await sessions.who(connection, NOBODY)
    await sessions.visit(connection, NOBODY)
    await sessions.passage(connection, NOBODY)
    await sessions.SQL.ended_among(connection, sessions=[])
    channels = [f"{noun}:{NOTHING}" for noun in updates.READERS]
    await access.may_follow(connection, [(NOTHING, channel) for channel in channels])
    await updates.heads(connection, channels)
    await updates.cursors(connection, channels)
    for channel in channels:
        await updates.read(connection, channel, 0)
    await members.SQL.names(connection, members=[])
    nothing = [stretches.Asked(NOBODY, NOTHING, None)]
    for ask in (stretches.looks, stretches.looks_of_guests, stretches.glances):
        await ask(connection, nothing)
    await listings.looks(connection, [listings.Asked(NOTHING, "", None)])
    await access.SQL.threads_to_write(connection, members=[NOTHING], threads=[NOTHING])
    await access.SQL.networks_to_write(connection, members=[NOTHING], slugs=[""])
    # These write nothing where nothing is handed over, and what is asked in them is planned all the same.
    await posts.SQL.write(connection, rows=[], wait=False)
    await rooms.SQL.write(connection, rows=[], wait=False)
