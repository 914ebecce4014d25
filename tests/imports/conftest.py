"""Where imports go, and the samples that they are tried on."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from forum.db import Database

SECRET = "a secret of the tests, longer than it must be"


@dataclass(slots=True)
class Here:
    """A network with a room and three members, on the shared database."""

    db: Database
    id: int
    slug: str
    room: int
    members: list[int]

    async def rows(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        """What a query finds; $1 is the network."""
        return await self.db.pool.fetch(query, self.id, *arguments)

    async def posts(self) -> list[asyncpg.Record]:
        """The network's posts, by thread and number."""
        return await self.rows(
            "SELECT p.*, b.name, t.title FROM posts p JOIN bylines b ON b.id = p.byline_id"
            " JOIN threads t ON t.id = p.thread_id WHERE p.network_id = $1 ORDER BY p.thread_id, p.number"
        )

    async def messages(self) -> list[asyncpg.Record]:
        """The room's messages."""
        return await self.rows(
            "SELECT m.*, b.name FROM messages m JOIN rooms r ON r.id = m.room_id"
            " LEFT JOIN bylines b ON b.id = m.byline_id WHERE r.network_id = $1 ORDER BY m.number"
        )

    async def state(self) -> list[tuple[object, ...]]:
        """All that an import writes, to compare."""
        queries = (
            "SELECT * FROM posts WHERE network_id = $1 ORDER BY id",
            "SELECT t.* FROM threads t WHERE t.network_id = $1 ORDER BY id",
            "SELECT r.* FROM thread_reads r JOIN threads t ON t.id = r.thread_id WHERE t.network_id = $1 ORDER BY 1, 2",
            "SELECT * FROM import_items WHERE network_id = $1 ORDER BY item_key",
            "SELECT m.* FROM messages m JOIN rooms r ON r.id = m.room_id WHERE r.network_id = $1 ORDER BY m.id",
            "SELECT * FROM imports WHERE network_id = $1 ORDER BY id",
            "SELECT name, kept_after, channel_head(name) FROM channels WHERE name = 'network:' || $1::bigint",
        )
        return [tuple(row) for query in queries for row in await self.rows(query)]


@pytest_asyncio.fixture
async def here(db: Database) -> Here:
    """Somewhere to import to."""
    slug = f"import-{secrets.token_hex(4)}"
    async with db.transaction() as tx:
        network = await tx.connection.fetchval(
            "INSERT INTO networks (slug, name, kind) VALUES ($1, $1, 'topic') RETURNING id", slug
        )
        room = await tx.connection.fetchval("INSERT INTO rooms (network_id) VALUES ($1) RETURNING id", network)
        members = []
        for number in range(3):
            member = await tx.connection.fetchval("INSERT INTO members (name) VALUES ($1) RETURNING id", f"M {number}")
            await tx.connection.execute("INSERT INTO memberships VALUES ($1, $2, 'member')", network, member)
            members.append(member)
    return Here(db, network, slug, room, members)


@pytest.fixture(scope="session")
def samples() -> Path:
    """The material to import: FORUM_SAMPLE_DATA, else `shared/data` beside the checkout."""
    folder = Path(os.environ.get("FORUM_SAMPLE_DATA") or Path(__file__).parents[3] / "shared" / "data")
    assert folder.is_dir(), f"expected the sample data in {folder}; FORUM_SAMPLE_DATA names another folder"
    return folder
