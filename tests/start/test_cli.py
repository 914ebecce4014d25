"""The command line: sentences for people, statuses for scripts, no questions."""

import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from forum import __version__
from forum.cli import running
from forum.embedded import Servers
from forum.settings import Settings
from tests.conftest import on_database

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]


def forum(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "forum", *arguments],
        cwd=ROOT,
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
async def environ(servers: Servers, tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    """An environment whose database is new and empty."""
    name = f"forum_test_cli_{secrets.token_hex(4)}"
    owner = await asyncpg.connect(servers.database_owner_url)
    await owner.execute(f"CREATE DATABASE {name}")
    yield {
        "FORUM_DATA": str(tmp_path),
        "DATABASE_URL": on_database(servers.database_url, name),
        "DATABASE_OWNER_URL": on_database(servers.database_owner_url, name),
        "REDIS_URL": servers.redis_url,
        "SECRET_KEY": "s" * 32,
    }
    await owner.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await owner.close()


def test_version() -> None:
    assert forum("version").stdout == f"{__version__}\n"


def test_mistakes_are_sentences_and_nothing_else(tmp_path: Path) -> None:
    result = forum("migrate", FORUM_DATA=str(tmp_path), PORT="eighty", TIME_ZONE="Nowhere", DATABASE_URL="")

    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "PORT must be a whole number from 1 to 65535, not 'eighty'.",
        "TIME_ZONE must name a time zone, such as Europe/London; 'Nowhere' is none.",
    ]


def test_options_are_checked_like_settings(tmp_path: Path) -> None:
    result = forum("serve", "--port", "99999", FORUM_DATA=str(tmp_path), DATABASE_URL="")

    assert result.stderr == "PORT must be a whole number from 1 to 65535, not '99999'.\n"


def test_a_database_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    there = {"DATABASE_URL": f"postgresql://forum@/forum?host={tmp_path}", "REDIS_URL": "redis://cache"}
    result = forum("migrate", FORUM_DATA=str(tmp_path), SECRET_KEY="s" * 32, **there)

    assert result.returncode == 1
    assert result.stderr.startswith("The database cannot be reached: ")
    assert "Traceback" not in result.stderr


async def test_migrate_twice(environ: dict[str, str]) -> None:
    first, second = forum("migrate", **environ), forum("migrate", **environ)

    assert (first.returncode, second.returncode) == (0, 0)
    assert "migration 001_foundation" in first.stderr
    assert second.stdout == "The database is up to date.\n"


async def test_a_token_is_made_listed_and_ended(environ: dict[str, str]) -> None:
    assert forum("migrate", **environ).returncode == 0
    assert forum("member", "add", "ana@example.org", "--name", "Ana", **environ).returncode == 0
    made = forum("token", "ana@example.org", "--name", "A screen", **environ)
    listed = forum("token", "ana@example.org", "--list", **environ).stdout
    assert "A screen" in listed
    assert made.stdout.splitlines()[-1] not in listed
    number = listed.split()[0]
    assert forum("token", "ana@example.org", "--end", number, **environ).returncode == 0
    assert forum("token", "ana@example.org", "--list", **environ).stdout == ""
    assert forum("token", "ana@example.org", "--end", number, **environ).returncode == 1


async def test_a_command_gets_a_database_that_is_ready(environ: dict[str, str]) -> None:
    async with running(Settings.from_environ(environ)) as database:
        async with database.connection() as connection:
            assert await connection.fetchval("SELECT count(*) FROM members") == 0
