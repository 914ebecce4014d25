"""The command line: what the operator does with the site.

Invariants: no command asks a question unless its standard input is a terminal; what is wrong is said in sentences on
standard error, with status 1 (2 for how the command was called); a command that runs beside the site uses the same
embedded servers.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import asyncpg
import typer
from rich.console import Console

from forum import __version__, logs
from forum.db import Database
from forum.embedded import EmbeddedError, Servers, attach
from forum.migrate import MigrationError, migrate, role_of
from forum.serve import ServeError, listen, serve
from forum.settings import Settings, SettingsError

COMMAND_POOL_SIZE = 2

app = typer.Typer(
    name="python -m forum",
    help="A network of networks: threads for what should be found again, rooms for now.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they show the values of variables
)
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

Host = Annotated[str | None, typer.Option(help="Address to listen on; HOST, else 127.0.0.1.")]
Port = Annotated[int | None, typer.Option(help="Port to listen on; PORT, else 8000.")]
Processes = Annotated[int | None, typer.Option(help="Web processes; PROCESSES, else one for each core, at most 4.")]


def main() -> None:
    """Runs the command that the arguments name, and ends the process."""
    try:
        app()
    except SettingsError as error:
        _fail(*error.mistakes)
    except (EmbeddedError, MigrationError, ServeError) as error:
        _fail(str(error))
    except (OSError, asyncpg.PostgresError) as error:
        _fail(f"The database cannot be reached: {error}")


@app.command("run")
def run(host: Host = None, port: Port = None, processes: Processes = None) -> None:
    """Everything in one: servers, migrations, and the site. What `make run` calls."""
    settings = _settings(host, port, processes)
    with attach(settings) as servers:
        asyncio.run(_bring_up_to_date(servers))
        _serve(servers.settings(settings))


@app.command("serve")
def serve_command(host: Host = None, port: Port = None, processes: Processes = None) -> None:
    """Web processes that share one port. Migrates first where the database is the embedded one."""
    settings = _settings(host, port, processes)
    with attach(settings) as servers:
        if settings.database_url is None:
            asyncio.run(_bring_up_to_date(servers))
        _serve(servers.settings(settings))


@app.command("migrate")
def migrate_command() -> None:
    """Brings the database's schema up to date. Safe while the site runs."""
    with attach(_settings()) as servers:
        done = asyncio.run(_bring_up_to_date(servers))
    out.print("The database is up to date." if not done else f"{len(done)} migrations applied.")


@app.command("version")
def version() -> None:
    """Prints the version."""
    out.print(__version__)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Database]:
    """An open, migrated database, for a command that works on it; the embedded servers stay for as long.

    Nobody is woken by what is recorded through it: screens find that within a second by their own look.
    """
    with attach(settings) as servers:
        await _bring_up_to_date(servers)
        database = Database(servers.database_url, pool_size=COMMAND_POOL_SIZE)
        await database.open()
        try:
            yield database
        finally:
            await database.close()


def _settings(host: str | None = None, port: int | None = None, processes: int | None = None) -> Settings:
    """The environment's settings, with what the command line says in place of it, so that both are checked alike."""
    said = {"HOST": host, "PORT": port, "PROCESSES": processes}
    heard = {name: str(value) for name, value in said.items() if value is not None}
    settings = Settings.from_environ(os.environ | heard)
    logs.configure(settings.log_level)
    return settings


async def _bring_up_to_date(servers: Servers) -> list[str]:
    return await migrate(
        servers.database_owner_url, await role_of(servers.database_url), lambda name: err.print(f"migration {name}")
    )


def _serve(settings: Settings) -> None:
    def say_where() -> None:
        out.print(f"{settings.site_name} is at {settings.base_url} – stop it with Ctrl-C.")

    with listen(settings.host, settings.port) as listener:
        serve(settings, listener, on_ready=say_where)


def _fail(*sentences: Any) -> None:
    for sentence in sentences:
        err.print(sentence, style="red", markup=False, soft_wrap=True)
    sys.exit(1)
