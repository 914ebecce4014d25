"""Migrations: numbered SQL files, each applied once, in order, in a transaction of its own.

Invariants: one process migrates at a time (an advisory lock); a file that was applied is never changed (its SHA-256
is kept); no migration waits long for a lock that a running site holds (it is tried again, so that the site's queries
get in between). A database that is newer than these files is left as it is: the schema stays usable by the release
before.
"""

import asyncio
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import asyncpg

SQL_FOLDER = Path(__file__).resolve().parent.parent / "sql"
EXTENSIONS = ("pg_trgm", "unaccent", "citext")
LOCK_TIMEOUT_S = 3
ATTEMPTS = 10

_ADVISORY_LOCK = 0x666F72756D  # "forum"
_NAME = re.compile(r"(\d{3})_([a-z0-9_]+)\.sql")

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class MigrationError(Exception):
    """The database cannot be brought up to date. Its text is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file."""

    version: int
    name: str
    sql: str
    sha256: str


async def migrate(
    owner_url: str, app_role: str, on_step: Callable[[str], None] = lambda _: None, folder: Path = SQL_FOLDER
) -> list[str]:
    """Brings the database of `owner_url` up to date and grants `app_role` what `folder`/grants.sql says.

    Calls `on_step` with the name of each migration before it runs; returns the names of those that ran. Safe to run
    at any time, by several processes at once, and again after it was cut short. Raises MigrationError, with nothing
    of the failing file applied.
    """
    migrations = read_migrations(folder / "migrations")
    grants = (folder / "grants.sql").read_text(encoding="utf-8")
    connection = await _connect(owner_url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _ADVISORY_LOCK)
        await _prepare(connection)
        applied = await _applied(connection, migrations)
        pending = [migration for migration in migrations if migration.version not in applied]
        for migration in pending:
            on_step(migration.name)
            await _patiently(connection, migration.sql, migration)
        await _grant(connection, app_role, grants)
        return [migration.name for migration in pending]
    finally:
        await connection.close()


async def require_up_to_date(url: str, folder: Path = SQL_FOLDER) -> None:
    """Raises MigrationError where the database of `url` lacks a migration of `folder`, or cannot be reached."""
    connection = await _connect(url)
    try:
        rows = await connection.fetch("SELECT version FROM schema_migrations")
    except asyncpg.UndefinedTableError:
        rows = []
    finally:
        await connection.close()
    applied = {row["version"] for row in rows}
    lacking = sum(migration.version not in applied for migration in read_migrations(folder / "migrations"))
    if lacking:
        counted = "1 migration" if lacking == 1 else f"{lacking} migrations"
        raise MigrationError(f"The database lacks {counted} of this version: run `python -m forum migrate` first.")


async def role_of(url: str) -> str:
    """The role that one becomes by connecting to `url`. Raises MigrationError where that cannot be."""
    connection = await _connect(url)
    try:
        return str(await connection.fetchval("SELECT current_user"))
    finally:
        await connection.close()


async def _connect(url: str) -> Connection:
    try:
        return await asyncpg.connect(url)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise MigrationError(f"The database cannot be reached: {error}") from error


def read_migrations(folder: Path) -> list[Migration]:
    """The migrations in `folder`, in order. Raises MigrationError for names that do not tell an order."""
    migrations: list[Migration] = []
    for path in sorted(folder.glob("*.sql")):
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"{path.name} must be called like 012_what_it_does.sql.")
        content = path.read_bytes()
        migration = Migration(int(match[1]), path.stem, content.decode(), hashlib.sha256(content).hexdigest())
        if migrations and migrations[-1].version == migration.version:
            raise MigrationError(f"{migrations[-1].name} and {migration.name} have the same number.")
        migrations.append(migration)
    return migrations


async def _prepare(connection: Connection) -> None:
    for extension in EXTENSIONS:
        try:
            await connection.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
        except asyncpg.InsufficientPrivilegeError:
            raise MigrationError(
                f"The database lacks the extension {extension}, and its owner may not create it: let an administrator "
                f"of the database server run CREATE EXTENSION {extension} in it."
            ) from None
        except asyncpg.UndefinedFileError:
            raise MigrationError(
                f"The database server lacks the extension {extension}: install its contrib package."
            ) from None
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations (version int PRIMARY KEY, name text NOT NULL, "
        "sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
    )


async def _applied(connection: Connection, migrations: list[Migration]) -> set[int]:
    """The versions that the database has. Raises MigrationError where a file was changed since, or comes too late."""
    rows = await connection.fetch("SELECT version, sha256 FROM schema_migrations")
    applied: dict[int, str] = {row["version"]: row["sha256"] for row in rows}
    newest = max(applied, default=0)
    for migration in migrations:
        if migration.version in applied and applied[migration.version] != migration.sha256:
            raise MigrationError(
                f"{migration.name} was changed after it had been applied: restore the file, and put the change into a "
                "new one."
            )
        if migration.version not in applied and migration.version < newest:
            raise MigrationError(
                f"{migration.name} comes before {newest:03}, which was applied already: give it a new number."
            )
    return set(applied)


async def _patiently(connection: Connection, sql: str, migration: Migration | None) -> None:
    """Runs `sql` in a transaction and notes the migration in it; tries again where another transaction holds a lock."""
    name = migration.name if migration else "grants.sql"
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'")
                await connection.execute(sql)
                if migration is not None:
                    await connection.execute(
                        "INSERT INTO schema_migrations (version, name, sha256) VALUES ($1, $2, $3)",
                        migration.version,
                        migration.name,
                        migration.sha256,
                    )
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            if attempt == ATTEMPTS:
                raise MigrationError(
                    f"{name} did not get its locks in {ATTEMPTS} attempts of {LOCK_TIMEOUT_S} s: end the long "
                    "transactions, then migrate again."
                ) from None
            await asyncio.sleep(0.1 * attempt)
        except asyncpg.PostgresError as error:
            raise MigrationError(f"{name} failed: {error}") from error
        else:
            return


async def _grant(connection: Connection, app_role: str, grants: str) -> None:
    """Renders and runs the grants: the role's name is written into them, quoted, wherever they say {role}.

    Where the application is the owner there is nothing to grant, and what the file revokes would be taken from the
    owner.
    """
    if app_role == await connection.fetchval("SELECT current_user"):
        return
    quoted = await connection.fetchval("SELECT quote_ident($1)", app_role)
    await _patiently(connection, grants.replace("{role}", quoted), None)
