"""The command line: sentences for people, statuses for scripts, no questions."""

import json
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from forum import __version__, cli
from forum.cli import running
from forum.embedded import Servers
from forum.migrate import SQL_FOLDER, read_migrations
from forum.settings import Settings
from tests.conftest import on_database

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]


BEGUN = """
import json, os, sys
import pydantic  # which typer reads with the first command
from forum.cli import main
for line in sys.stdin:
    asked = json.loads(line)
    if child := os.fork():
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        continue
    for place, name in enumerate((os.devnull, asked["stdout"], asked["stderr"])):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT), place)
    os.environ.update(asked["environ"])
    sys.argv[1:] = asked["arguments"]
    sys.exit(main())
"""
"""A process that has read its code and splits off one for each command: to read it costs more than most commands."""
Done = subprocess.CompletedProcess[str]
Forum = Callable[..., Done]


@pytest.fixture(scope="module")
def begun() -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-c", BEGUN], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process


@pytest.fixture
def forum(begun: "subprocess.Popen[str]", tmp_path: Path) -> Forum:
    """Runs a command with these arguments and variables."""

    def run(*arguments: str, **environ: str) -> Done:
        said = {name: tmp_path / f"{name}-{secrets.token_hex(4)}" for name in ("stdout", "stderr")}
        asked = {"arguments": arguments, "environ": environ, **{name: str(path) for name, path in said.items()}}
        assert begun.stdin
        assert begun.stdout
        print(json.dumps(asked), file=begun.stdin, flush=True)
        status = int(begun.stdout.readline())
        return subprocess.CompletedProcess(arguments, status, *(path.read_text() for path in said.values()))

    return run


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
    command = [sys.executable, "-m", "forum", "version"]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout == f"{__version__}\n"


def test_mistakes_are_sentences_and_nothing_else(forum: Forum, tmp_path: Path) -> None:
    result = forum("migrate", FORUM_DATA=str(tmp_path), PORT="eighty", TIME_ZONE="Nowhere", DATABASE_URL="")

    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "PORT must be a whole number from 1 to 65535, not 'eighty'.",
        "TIME_ZONE must name a time zone, such as Europe/London; 'Nowhere' is none.",
    ]


def test_options_are_checked_like_settings(forum: Forum, tmp_path: Path) -> None:
    result = forum("serve", "--port", "99999", FORUM_DATA=str(tmp_path), DATABASE_URL="")

    assert result.stderr == "PORT must be a whole number from 1 to 65535, not '99999'.\n"


def test_a_database_that_is_not_there_is_a_sentence(forum: Forum, tmp_path: Path) -> None:
    there = {"DATABASE_URL": f"postgresql://forum@/forum?host={tmp_path}", "REDIS_URL": "redis://cache"}
    result = forum("migrate", FORUM_DATA=str(tmp_path), SECRET_KEY="s" * 32, **there)

    assert result.returncode == 1
    assert result.stderr.startswith("The database cannot be reached: ")
    assert "Traceback" not in result.stderr


async def test_migrate_twice(forum: Forum, environ: dict[str, str]) -> None:
    first, second = forum("migrate", **environ), forum("migrate", **environ)

    assert (first.returncode, second.returncode) == (0, 0)
    assert "migration 001_foundation" in first.stderr
    assert second.stdout == "The database is up to date.\n"


def test_a_hint_can_be_pasted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.chdir(tmp_path)
    assert cli._called() == ".venv/bin/python -m forum"
    python.parent.mkdir(parents=True)
    python.touch(0o755)
    monkeypatch.setenv("PATH", str(python.parent))
    assert cli._called() == "python -m forum"
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "executable", "/opt/forum/bin/python")
    assert cli._called() == "/opt/forum/bin/python -m forum"


async def test_the_site_does_not_start_on_a_database_that_was_not_migrated(
    forum: Forum, environ: dict[str, str]
) -> None:
    result = forum("serve", "--port", "18765", **environ)

    assert result.returncode == 1
    assert result.stderr == (
        f"The database lacks {len(read_migrations(SQL_FOLDER / 'migrations'))} migrations of this version: "
        "run `python -m forum migrate` first.\n"
    )


def test_the_site_says_that_its_database_is_not_there(forum: Forum, tmp_path: Path) -> None:
    there = {"DATABASE_URL": f"postgresql://forum@/forum?host={tmp_path}", "REDIS_URL": "redis://cache"}
    result = forum("serve", FORUM_DATA=str(tmp_path), SECRET_KEY="s" * 32, **there)

    assert result.returncode == 1
    assert result.stderr.startswith("The database cannot be reached: ")
    assert len(result.stderr.splitlines()) == 1


async def test_a_token_is_made_listed_and_ended(forum: Forum, environ: dict[str, str]) -> None:
    assert forum("migrate", **environ).returncode == 0
    assert forum("member", "add", "ana@example.org", "--name", "Ana", **environ).returncode == 0
    made = forum("token", "ana@example.org", "--name", "A screen", **environ)
    listed = forum("token", "ana@example.org", "--list", **environ).stdout
    assert "A screen" in listed
    assert made.stdout.splitlines()[-1] not in listed
    number = listed.split()[0]
    assert forum("token", "ana@example.org", "--end", number, **environ).returncode == 0
    none = forum("token", "ana@example.org", "--list", **environ)
    assert (none.stdout, none.stderr) == ("", "They have no token that counts.\n")
    again = forum("token", "ana@example.org", "--end", number, **environ)
    said = f"They have no token with the number {number} that counts; --list shows those that do.\n"
    assert (again.returncode, again.stderr) == (1, said)
    assert forum("token", "ana@example.org", "--end", "9" * 20, **environ).returncode == 2
    assert forum("token", "ana@example.org", "--end", number, "--list", **environ).returncode == 2


async def test_who_has_lost_the_password_gets_a_link(forum: Forum, environ: dict[str, str]) -> None:
    assert forum("migrate", **environ).returncode == 0
    first = forum("member", "add", "ana@example.org", "--name", "Ana", **environ).stdout
    again = forum("member", "link", "Ana@example.org", **environ)
    assert (again.returncode, again.stdout.partition("/links/")[0]) == (0, first.partition("/links/")[0])
    assert again.stdout != first
    assert again.stderr.startswith("This link sets the password, once, until ")
    owner = await asyncpg.connect(environ["DATABASE_OWNER_URL"])
    assert await owner.fetchval("SELECT count(*) FROM one_time_links WHERE member_id = 1 AND used_at IS NULL") == 2
    await owner.execute("UPDATE members SET state = 'suspended'")
    suspended = forum("member", "link", "ana@example.org", **environ)
    assert (suspended.returncode, suspended.stdout) == (1, "")
    assert suspended.stderr.startswith("This account is suspended.")
    await owner.close()
    nobody = forum("member", "link", "nobody@example.org", **environ)
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert nobody.stderr == "There is no member with the address nobody@example.org.\n"


async def test_sentences_are_not_broken_where_no_terminal_reads_them(forum: Forum, environ: dict[str, str]) -> None:
    name = "Anastasia [bold]Maria[/bold] of the Very Long :warning: Name, Head of Everything"
    address = f"{'ana.' * 15}ruiz@example.org"
    added = forum("member", "add", address, "--name", name, **environ)

    assert f"Member 1 added: {name} <{address}>" in added.stderr.splitlines()


async def test_an_import_ends_well_only_where_something_was_read(
    forum: Forum, environ: dict[str, str], tmp_path: Path
) -> None:
    assert forum("migrate", **environ).returncode == 0
    owner = await asyncpg.connect(environ["DATABASE_OWNER_URL"])
    await owner.execute("INSERT INTO networks (slug, name, kind) VALUES ('here', 'Here', 'topic')")
    await owner.close()
    mail, words = tmp_path / "mail.mbox", tmp_path / "words.txt"
    mail.write_text("From ana@a.example Thu Nov  1 11:19:12 2001\nFrom: Ana <ana@a.example>\nSubject: Hi\n\nHi.\n")
    words.write_text("Only words.\n")

    first = forum("import", "mbox", str(mail), "--network", "here", **environ)
    assert (first.returncode, first.stdout) == (0, "1 post added in 1 new thread; 0 were there already.\n")
    again = forum("import", "mbox", str(mail), "--network", "here", **environ)
    assert (again.returncode, again.stdout) == (0, "0 posts added; 1 was there already.\n")
    nothing = forum("import", "mbox", str(words), "--network", "here", **environ)
    assert nothing.returncode == 1
    assert nothing.stderr.endswith("Nothing was imported: there is nothing that could be read as posts.\n")
    nowhere = forum("import", "mbox", str(mail), "--network", "here", "--report", "/nowhere/report", **environ)
    assert nowhere.returncode == 1
    assert nowhere.stderr.strip() == "No such file or directory: /nowhere/report"


async def test_a_command_gets_a_database_that_is_ready(environ: dict[str, str]) -> None:
    async with running(Settings.from_environ(environ)) as database:
        async with database.connection() as connection:
            assert await connection.fetchval("SELECT count(*) FROM members") == 0
