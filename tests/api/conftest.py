"""The real application without a network, and people who hold tokens: each answer is held against the document."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest_asyncio
from starlette.applications import Starlette

from forum import sessions
from forum.app import create_app
from forum.db import Database
from forum.settings import Settings
from forum.standing import Caller
from tests.api.document import Document
from tests.people import World, make_world


@pytest_asyncio.fixture(scope="session")
async def app(settings: Settings) -> AsyncIterator[Starlette]:
    """The site on the session's database, with its jobs and live delivery."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest_asyncio.fixture(scope="session")
async def document(app: Starlette, settings: Settings) -> Document:
    """What the site says of itself."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=settings.base_url) as client:
        answer = await client.get("/api/openapi.json")
        assert answer.status_code == 200
        return Document(answer.json())


@dataclass
class Api:
    """The API as the people of a world see it: `await (await api("ana")).get(…)`."""

    app: Starlette
    base_url: str
    document: Document
    world: World
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    async def __call__(self, who: str = "guest", *scopes: str) -> httpx.AsyncClient:
        """A client with a token of this person's; `guest` has none."""
        name = " ".join((who, *scopes))
        if name not in self.clients:
            # Without a token a write has to look like one of our own pages'.
            headers = {"Sec-Fetch-Site": "same-origin"}
            if who != "guest":
                caller: Caller = getattr(self.world, who)
                token = await sessions.create_token(self.world.db, caller.member, scopes=scopes or sessions.SCOPES)
                headers = {"Authorization": f"Bearer {token}"}
            self.clients[name] = self.client(headers)
        return self.clients[name]

    def client(self, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
        """A client whose answers are held against the document."""

        async def check(response: httpx.Response) -> None:
            await response.aread()
            self.document.check(response)

        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
            base_url=self.base_url + "/api/v1",
            headers=headers,
            event_hooks={"response": [check]},
        )

    async def close(self) -> None:
        """Close what was opened."""
        for client in self.clients.values():
            await client.aclose()


@pytest_asyncio.fixture
async def api(app: Starlette, settings: Settings, document: Document, db: Database) -> AsyncIterator[Api]:
    """A private network, another one, and everybody in them, with tokens."""
    api = Api(app, settings.base_url, document, await make_world(db))
    yield api
    await api.close()
