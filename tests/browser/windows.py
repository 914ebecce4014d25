"""Browsers of members, and windows in them, on the real site."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from playwright.async_api import Browser, BrowserContext, Page, expect

from forum import sessions
from forum.db import Database
from forum.standing import Caller
from tests.running import RunningSite


@dataclass
class Windows:
    """Opens them, and closes them all; an exception in a script fails the test."""

    site: RunningSite
    chromium: Browser
    db: Database
    stack: AsyncExitStack
    errors: list[str]

    async def __call__(self, caller: Caller, path: str, **how: object) -> Page:
        """A browser of its own with this page, which is live."""
        return await self.tab(await self.browser(caller, **how), path)

    async def browser(self, caller: Caller, **how: object) -> BrowserContext:
        """One in which this member is signed in."""
        context = await self.site.window(self.chromium, self.db, caller, **how)
        self.stack.push_async_callback(context.close)
        return context

    async def tab(self, browser: BrowserContext, path: str) -> Page:
        """One more page of this browser, which is live."""
        page = await browser.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        await page.goto(path)
        await expect(page.locator("[data-connection]").first).to_have_text("Live", timeout=15_000)
        return page

    async def sign_in(self, browser: BrowserContext, caller: Caller) -> None:
        """As somebody else does in another tab of this browser."""
        token = await sessions.start(self.db, caller.member, browser="test")
        await browser.add_cookies([{"name": "forum", "value": token, "url": self.site.url}])
