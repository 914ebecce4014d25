"""Processes of the real site on the session's servers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest_asyncio

from forum.embedded import Servers
from forum.settings import Settings
from tests.conftest import copy_of
from tests.running import RunningSite


@pytest_asyncio.fixture(scope="module")
async def site(settings: Settings) -> AsyncIterator[RunningSite]:
    """One web process."""
    async with RunningSite(settings) as site:
        yield site


@pytest_asyncio.fixture(scope="module")
async def two(settings: Settings) -> AsyncIterator[tuple[RunningSite, RunningSite]]:
    """Two web processes' worth: each has its own pool, caches, hub and connections to Redis."""
    async with AsyncExitStack() as stack:
        yield (
            await stack.enter_async_context(RunningSite(settings)),
            await stack.enter_async_context(RunningSite(settings)),
        )


@pytest_asyncio.fixture(scope="module")
async def own_database_url(servers: Servers, template: str) -> AsyncIterator[str]:
    """A database of the module's own, as the application's role."""
    async for url in copy_of(servers, template):
        yield url
