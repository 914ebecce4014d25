"""The world in which tests begin is one that acts would have made."""

import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from forum import members, memberships, networks
from forum.db import Database
from forum.embedded import Servers
from forum.standing import Caller
from tests.conftest import copy_of
from tests.people import PEOPLE, PLACES, make_world

LEFT_OUT = ("at", "created_at", "since", "read_at", "directory")


@pytest_asyncio.fixture
async def two(servers: Servers, template: str) -> AsyncIterator[tuple[Database, Database]]:
    """Two empty databases."""
    async for one in copy_of(servers, template):
        async for other in copy_of(servers, template):
            databases = Database(one), Database(other)
            for database in databases:
                await database.open()
            yield databases
            for database in databases:
                await database.close()


async def _act(db: Database, tag: str) -> None:
    callers = {}
    for who in PEOPLE:
        row = await members.add(
            db, f"{who}-{tag}@example.org", f"{who.capitalize()} {tag}", administrator=who == "admin"
        )
        callers[who] = Caller(row["id"], administrator=who == "admin")
    admin, made = callers["admin"], set()
    for slug, who, role in PLACES:
        if slug not in made:
            await networks.create(
                db, admin, name=f"Network {slug}-{tag}", slug=f"{slug}-{tag}", kind="regional", visibility="private"
            )
            made.add(slug)
        await memberships.set_role(db, admin, f"{slug}-{tag}", callers[who].member, role)
    for slug in made:
        await memberships.leave(db, admin, f"{slug}-{tag}")


async def _rows(db: Database, tag: str) -> dict[str, Any]:
    """All that stands in the database, but for times and what is generated; of updates, which were told at all."""
    tables = [row[0] for row in await db.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    found: dict[str, Any] = {}
    for table in tables:
        without = ["seq"] if table == "updates" else ["access_version"] if table == "channels" else []
        rows = [
            {name: value for name, value in row.items() if name not in (*LEFT_OUT, *without)}
            for row in await db.pool.fetch(f"SELECT * FROM {table}")
        ]
        if table not in {"site", "schema_migrations"}:
            found[table] = {str(row).replace(tag, "TAG") for row in rows}
    return found


async def test_one_statement_writes_what_acts_write(two: tuple[Database, Database]) -> None:
    by_acts, at_once = two
    tag = secrets.token_hex(4)
    await _act(by_acts, tag)
    world = await make_world(at_once)
    acted, made = await _rows(by_acts, tag), await _rows(at_once, world.tag)
    assert acted["memberships"]
    assert made == acted
