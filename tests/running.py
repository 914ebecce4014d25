"""The real site on a free port, in this process: real Postgres, real Valkey, real sockets."""

import asyncio
import socket
from dataclasses import replace
from typing import Self

import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, expect
from starlette.applications import Starlette

from forum import sessions
from forum.app import create_app
from forum.db import Database
from forum.serve import config_for
from forum.settings import Settings
from forum.standing import Caller


class RunningSite:
    """One web process of the site, as a context manager. `url` is where it is."""

    def __init__(self, settings: Settings) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.settings = replace(settings, port=port, base_url=self.url)
        self.app: Starlette = create_app(self.settings)
        self._server = uvicorn.Server(config_for(self.app, self.settings))
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        self._task = asyncio.create_task(self._server.serve([self._socket]))
        while not self._server.started:
            if self._task.done():
                self._task.result()
            await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.should_exit = True
        assert self._task is not None
        self.app.state.stopping.set()
        await self._task
        self._socket.close()

    async def window(self, chromium: Browser, db: Database, caller: Caller | None, **how: object) -> BrowserContext:
        """A browser of somebody who is signed in, or of a guest."""
        context = await chromium.new_context(base_url=self.url, **how)  # type: ignore[arg-type]
        context.set_default_timeout(8_000)
        if caller is not None:
            token = await sessions.start(db, caller.member, browser="test")
            await context.add_cookies([{"name": "forum", "value": token, "url": self.url}])
        return context

    async def live_page(self, chromium: Browser, db: Database, caller: Caller | None, path: str, **how: object) -> Page:
        """A page in a window of its own, once it says that it is live."""
        page = await (await self.window(chromium, db, caller, **how)).new_page()
        await page.goto(path)
        await expect(page.locator("[data-connection]").first).to_have_text("Live", timeout=15_000)
        return page
