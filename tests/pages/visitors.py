"""Browsers without a screen: each speaks to the real application, over ASGI, as one member or as a guest."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx
from starlette.applications import Starlette

from forum import sessions
from forum.standing import Caller
from forum.web.forms import FRAGMENT

SCRIPT = {"accept": FRAGMENT}


@dataclass(slots=True)
class Visitor:
    """One browser. `post` says where it comes from, as browsers do."""

    client: httpx.AsyncClient

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers=headers)

    async def post(
        self, path: str, fields: Mapping[str, str | int] | list[tuple[str, str]] | None = None, **headers: str
    ) -> httpx.Response:
        return await self.client.post(
            path,
            content=urlencode(fields or {}),
            headers={
                "sec-fetch-site": "same-origin",
                "content-type": "application/x-www-form-urlencoded",
                **{name.replace("_", "-"): value for name, value in headers.items()},
            },
        )

    async def script(self, path: str, fields: Mapping[str, str | int] | None = None, **headers: str) -> httpx.Response:
        """As our own script posts."""
        return await self.post(path, fields, accept=FRAGMENT, **headers)


@asynccontextmanager
async def visiting(app: Starlette, caller: Caller | None = None) -> AsyncIterator[Visitor]:
    """A browser that is signed in as this member, or nobody's."""
    site = app.state.site
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=site.settings.base_url) as client:
        if caller is not None:
            token = await sessions.start(site.db, caller.member, browser="A test")
            client.cookies.set(site.cookie, token, domain=client.base_url.host)
        yield Visitor(client)
