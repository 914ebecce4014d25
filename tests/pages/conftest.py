"""The pages on the session's servers, and the people of tests/people.py with browsers of their own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest_asyncio
from starlette.applications import Starlette

from forum import idempotency, web
from forum.db import Database
from forum.settings import Settings
from forum.standing import Caller
from forum.views import Views
from forum.web.context import Site
from forum.web.dispatch import ByFirstWord
from forum.web.limits import Limits
from tests.pages.visitors import Visitor, visiting
from tests.people import World, make_world

Visit = Callable[[Caller | None], Awaitable[Visitor]]


@pytest_asyncio.fixture(scope="session")
async def app(settings: Settings, db: Database) -> AsyncIterator[Starlette]:
    """The pages alone: no jobs and no live delivery stir what a test looks at."""
    idempotency.use_secret(settings.secret_key)
    app = Starlette(middleware=web.middleware(settings), exception_handlers=web.exception_handlers())
    app.router = ByFirstWord(web.routes())
    views = Views(site_name=settings.site_name, zone=settings.time_zone)
    app.state.site = Site(db, settings, views, Limits(settings.redis_url, settings.secret_key))
    yield app
    await app.state.site.settle()


@pytest_asyncio.fixture
async def world(db: Database) -> World:
    return await make_world(db)


@pytest_asyncio.fixture
async def visit(app: Starlette) -> AsyncIterator[Visit]:
    async with AsyncExitStack() as stack:

        async def come(caller: Caller | None = None) -> Visitor:
            return await stack.enter_async_context(visiting(app, caller))

        yield come
