"""Migrations: once each, in order, whole or not at all, never changed afterwards."""

import asyncio
import time
from pathlib import Path

import asyncpg
import pytest

from forum.embedded import Servers
from forum.migrate import SQL_FOLDER, MigrationError, migrate, read_migrations, role_of
from tests.conftest import on_database


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "migrations").mkdir()
    write(tmp_path, "001_books", "CREATE TABLE books (id int)")
    write(tmp_path, "002_pages", "CREATE TABLE pages (id int); INSERT INTO pages VALUES (1)")
    (tmp_path / "grants.sql").write_text("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};")
    return tmp_path


@pytest.fixture
async def owner_url(servers: Servers) -> str:
    """An empty database."""
    connection = await asyncpg.connect(servers.database_owner_url)
    await connection.execute("DROP DATABASE IF EXISTS forum_test_migrations WITH (FORCE)")
    await connection.execute("CREATE DATABASE forum_test_migrations")
    await connection.close()
    return on_database(servers.database_owner_url, "forum_test_migrations")


def write(folder: Path, name: str, sql: str) -> None:
    (folder / "migrations" / f"{name}.sql").write_text(sql)


async def ask(url: str, question: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_each_runs_once_in_order(owner_url: str, folder: Path) -> None:
    steps: list[str] = []

    assert await migrate(owner_url, "forum", steps.append, folder) == ["001_books", "002_pages"]
    assert await migrate(owner_url, "forum", steps.append, folder) == []
    assert steps == ["001_books", "002_pages"]
    assert await ask(owner_url, "SELECT count(*) FROM pages") == 1


async def test_the_application_gets_what_the_grants_say(owner_url: str, folder: Path, servers: Servers) -> None:
    await migrate(owner_url, await role_of(servers.database_url), folder=folder)

    as_application = on_database(servers.database_url, "forum_test_migrations")
    assert await ask(as_application, "SELECT count(*) FROM pages") == 1
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await ask(as_application, "INSERT INTO pages VALUES (2) RETURNING 1")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await ask(as_application, "CREATE TABLE more (id int)")


async def test_an_owner_who_is_the_application_loses_nothing(owner_url: str, folder: Path) -> None:
    (folder / "grants.sql").write_text("REVOKE ALL ON schema_migrations FROM {role};")
    owner = await role_of(owner_url)

    await migrate(owner_url, owner, folder=folder)
    write(folder, "003_more", "CREATE TABLE more (id int)")

    assert await migrate(owner_url, owner, folder=folder) == ["003_more"]


async def test_many_at_once_are_one(owner_url: str, folder: Path) -> None:
    ran = await asyncio.gather(*(migrate(owner_url, "forum", folder=folder) for _ in range(4)))

    assert sorted(ran) == [[], [], [], ["001_books", "002_pages"]]


async def test_a_file_that_fails_leaves_nothing_of_itself(owner_url: str, folder: Path) -> None:
    write(folder, "003_broken", "CREATE TABLE half (id int); SELECT nothing_like_that()")

    with pytest.raises(MigrationError, match="003_broken failed"):
        await migrate(owner_url, "forum", folder=folder)

    assert await ask(owner_url, "SELECT max(version) FROM schema_migrations") == 2
    assert await ask(owner_url, "SELECT to_regclass('half')") is None


async def test_a_changed_file_is_refused(owner_url: str, folder: Path) -> None:
    await migrate(owner_url, "forum", folder=folder)
    write(folder, "001_books", "CREATE TABLE books (id bigint)")

    with pytest.raises(MigrationError, match="001_books was changed"):
        await migrate(owner_url, "forum", folder=folder)


async def test_a_file_that_comes_too_late_is_refused(owner_url: str, folder: Path) -> None:
    write(folder, "004_last", "SELECT 1")
    await migrate(owner_url, "forum", folder=folder)
    write(folder, "003_late", "SELECT 1")

    with pytest.raises(MigrationError, match="003_late comes before 004"):
        await migrate(owner_url, "forum", folder=folder)


async def test_two_files_with_one_number_are_refused(owner_url: str, folder: Path) -> None:
    write(folder, "002_other", "SELECT 1")

    with pytest.raises(MigrationError, match="same number"):
        await migrate(owner_url, "forum", folder=folder)


async def test_a_newer_database_is_left_alone(owner_url: str, folder: Path) -> None:
    await migrate(owner_url, "forum", folder=folder)
    (folder / "migrations" / "002_pages.sql").unlink()

    assert await migrate(owner_url, "forum", folder=folder) == []


async def test_a_lock_that_a_running_site_holds_is_waited_for(
    owner_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(owner_url, "forum", folder=folder)
    write(folder, "003_column", "ALTER TABLE books ADD COLUMN title text")
    monkeypatch.setattr("forum.migrate.LOCK_TIMEOUT_S", 0.1)
    site, watcher = await asyncpg.connect(owner_url), await asyncpg.connect(owner_url)
    try:
        transaction = site.transaction()
        await transaction.start()
        await site.execute("LOCK TABLE books")

        migrating = asyncio.create_task(migrate(owner_url, "forum", folder=folder))
        waiting = "SELECT xact_start FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'ALTER TABLE%'"
        attempts: set[object] = set()
        deadline = time.monotonic() + 10
        while len(attempts) < 2 and time.monotonic() < deadline and not migrating.done():
            attempts |= {await watcher.fetchval(waiting)} - {None}
        await transaction.rollback()

        assert await migrating == ["003_column"]
        assert len(attempts) == 2
    finally:
        await site.close()
        await watcher.close()


async def test_the_schema_is_there_for_the_application(database_url: str) -> None:
    assert await role_of(database_url) != "postgres"
    assert await ask(database_url, "SELECT count(*) > 0 FROM schema_migrations")


def test_what_was_released_stays_as_it_is() -> None:
    """Databases keep the checksum of each file that they have applied, and refuse to start with another one."""
    released = dict(line.split("  ")[::-1] for line in (SQL_FOLDER / "migrations.sha256").read_text().splitlines())
    found = {f"migrations/{each.name}.sql": each.sha256 for each in read_migrations(SQL_FOLDER / "migrations")}
    changed = [name for name, sha256 in released.items() if found.get(name) != sha256]
    assert not changed, "write a further migration: databases have these already"
    assert found.keys() == released.keys(), "add it: cd sql && sha256sum migrations/NNN_name.sql >> migrations.sha256"
