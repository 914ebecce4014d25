"""What must not be kept is in no table, and after the vacuum in no row version of any page of them either."""

import asyncio
import logging
import shutil
import struct
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from forum import posts, purge, removal, rooms
from forum.db import Connection, Database
from forum.embedded import Servers, attach
from forum.migrate import migrate, role_of
from forum.settings import Settings
from tests.conftest import on_database
from tests.people import World, make_world

TABLES = ("posts", "messages", "sealed", "revisions", "submissions", "notes")
STOPS_IN_S = 20
PAGE_BYTES = 8_192
HEADER_BYTES = 24
NORMAL = 1
"""The flag of a line pointer that leads to a row version."""
MAINTAIN_SINCE = 170_000


def _row_versions(relation: bytes) -> Iterator[bytes]:
    """Every row version that a page of the relation still points to, dead ones too."""
    for start in range(0, len(relation), PAGE_BYTES):
        page = relation[start : start + PAGE_BYTES]
        (lower,) = struct.unpack_from("<H", page, 12)
        for place in range(HEADER_BYTES, lower, 4):
            (pointer,) = struct.unpack_from("<I", page, place)
            offset, flags, length = pointer & 0x7FFF, pointer >> 15 & 3, pointer >> 17
            if flags == NORMAL:
                yield page[offset : offset + length]


@pytest.fixture
def owner_url(servers: Servers, fresh_database_url: str) -> str:
    return on_database(servers.database_owner_url, fresh_database_url.partition("?")[0].rpartition("/")[2])


@pytest_asyncio.fixture
async def owner(owner_url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(owner_url)
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def who_may(owner: Connection, owner_url: str, fresh_database_url: str) -> AsyncIterator[Database]:
    """As the application's role, or where the server knows no privilege to vacuum, as the tables' owner."""
    knows = await _version(owner) >= MAINTAIN_SINCE
    database = Database(fresh_database_url if knows else owner_url)
    await database.open()
    yield database
    await database.close()


async def _version(owner: Connection) -> int:
    return int(await owner.fetchval("SELECT current_setting('server_version_num')"))


@pytest_asyncio.fixture
async def world_of_its_own(fresh_database_url: str) -> AsyncIterator[World]:
    database = Database(fresh_database_url)
    await database.open()
    yield await make_world(database)
    await database.close()


async def _purged(world: World, word: str, note: str = "") -> None:
    post = await posts.reply(world.db, world.ben, await world.thread(), f"First {word}")
    await posts.edit(world.db, world.ben, post["id"], f"Then {word}")
    message = await rooms.say(world.db, world.ben, world.network, f"And {word}")
    await removal.remove_post(
        world.db, world.mod, post["id"], "Private information", note, keep=False, also=[("message", message["id"])]
    )


@pytest.mark.faults
async def test_purged_words_are_in_no_row_version_on_the_disk() -> None:
    """On a server of its own, which is stopped to be looked at: a dead row version is there until it is vacuumed."""
    folder = Path(tempfile.mkdtemp(prefix="forum-purge-"))
    folder.chmod(0o711)
    word, kept = "quarrington", "noticeboard"
    settings = Settings.from_environ({"FORUM_DATA": str(folder), "SECRET_KEY": "s" * 32, "REDIS_URL": "redis://unused"})
    try:
        with attach(settings) as servers:
            await migrate(servers.database_owner_url, await role_of(servers.database_url))
            database = Database(servers.database_url)
            await database.open()
            world = await make_world(database)
            await _purged(world, word, note=kept)
            assert await purge.vacuum(database) == 1
            rows = await database.pool.fetch(
                "SELECT t, pg_relation_filepath(t::regclass) AS file FROM unnest($1::text[]) t", TABLES
            )
            samples = await database.pool.fetchval(
                "SELECT count(*) FROM pg_stats WHERE pg_stats::text ILIKE $1", f"%{word}%"
            )
            await database.close()
        (cluster,) = [path.parent for path in folder.rglob("PG_VERSION") if (path.parent / "global").is_dir()]
        began = time.monotonic()
        while (cluster / "postmaster.pid").exists():
            assert time.monotonic() - began < STOPS_IN_S, "the server has not stopped"
            await asyncio.sleep(0.05)
        found = {row["t"]: list(_row_versions((cluster / row["file"]).read_bytes())) for row in rows}
        assert found["posts"]
        assert any(kept.encode() in version for version in found["notes"]), "what stays is found"
        assert not {name for name, versions in found.items() if any(word.encode() in each for each in versions)}
        assert samples == 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def test_it_is_done_once_more_and_then_no_more(world_of_its_own: World, who_may: Database) -> None:
    world = world_of_its_own
    assert await purge.vacuum(who_may) == 0
    await _purged(world, "quarrington")
    assert await purge.vacuum(who_may) == 1
    assert await purge.vacuum(who_may) == 1, "an older transaction may have seen the words during the first"
    await world.db.pool.execute("UPDATE removals SET purged_at = purged_at - interval '2 minutes'")
    assert await purge.vacuum(who_may) == 1
    assert await purge.vacuum(who_may) == 0


async def test_without_the_privilege_it_says_so(
    world_of_its_own: World, owner: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    world = world_of_its_own
    role = await world.db.pool.fetchval("SELECT quote_ident(current_user)")
    if await _version(owner) >= MAINTAIN_SINCE:
        await owner.execute(f"REVOKE MAINTAIN ON posts FROM {role}")
    await _purged(world, "quarrington")
    with caplog.at_level(logging.WARNING, logger="forum.purge"):
        assert await purge.vacuum(world.db) == 0
        assert await purge.vacuum(world.db) == 0
    assert len([record for record in caplog.records if record.name == "forum.purge"]) == 1
