"""People and networks of the test's own."""

import pytest_asyncio

from forum.db import Database
from tests.people import World, make_world


@pytest_asyncio.fixture
async def world(db: Database) -> World:
    """A private network, another one, and everybody in them."""
    return await make_world(db)
