"""Processes of the real site on the session's servers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest_asyncio

from forum.settings import Settings
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
