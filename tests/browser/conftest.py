"""A real Chromium for the tests that look at pages."""

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from forum.db import Database
from forum.settings import Settings
from tests.browser.stage import Stage
from tests.browser.windows import Windows
from tests.people import World, make_world
from tests.running import RunningSite

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest_asyncio.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The system's Chromium, started once."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="module")
async def site(settings: Settings) -> AsyncIterator[RunningSite]:
    """The real site, on the session's database."""
    async with RunningSite(settings) as running:
        yield running


@pytest_asyncio.fixture
async def world(db: Database) -> World:
    """A private network, another one, and everybody in them."""
    return await make_world(db)


@pytest_asyncio.fixture
async def window(site: RunningSite, chromium: Browser, db: Database) -> AsyncIterator[Windows]:
    """Windows of members on the site."""
    async with AsyncExitStack() as stack:
        windows = Windows(site, chromium, db, stack, [])
        yield windows
        assert windows.errors == []


@pytest_asyncio.fixture(scope="session")
async def _stage() -> AsyncIterator[Stage]:
    async with Stage() as stage:
        yield stage


@pytest_asyncio.fixture
async def stage(_stage: Stage) -> AsyncIterator[Stage]:
    """Pages of the test's own, served with our scripts and real live delivery."""
    _stage.clear()
    yield _stage
    _stage.drop()


@pytest_asyncio.fixture
async def page(chromium: Browser, stage: Stage) -> AsyncIterator[Page]:
    """A fresh window on the stage; an exception in a script fails the test."""
    context = await chromium.new_context(base_url=stage.url, viewport={"width": 1000, "height": 700})
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_default_timeout(8_000)
    yield page
    await context.close()
    assert errors == []
