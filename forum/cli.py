"""The command line: what the operator does with the site.

Invariants: no command asks a question unless its standard input is a terminal; what is wrong is said in sentences on
standard error, with status 1 (2 for how the command was called); a command that runs beside the site uses the same
embedded servers.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer
from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import TaskID

from forum import __version__, logs
from forum.db import Database
from forum.embedded import EmbeddedError, Servers, attach
from forum.errors import NotFound
from forum.imports import irc, mbox
from forum.imports.report import Progress, Report
from forum.migrate import MigrationError, migrate, role_of
from forum.serve import ServeError, listen, serve
from forum.settings import Settings, SettingsError

COMMAND_POOL_SIZE = 2
LEFT_OUT_SHOWN = 20

app = typer.Typer(
    name="python -m forum",
    help="A network of networks: threads for what should be found again, rooms for now.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they show the values of variables
)
imports = typer.Typer(
    help="Brings in what was written elsewhere. May be run again, after a kill too.", no_args_is_help=True
)
app.add_typer(imports, name="import")
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


Archive = Annotated[Path, typer.Argument(exists=True, help="A file, or a folder of them.")]
NetworkSlug = Annotated[str, typer.Option("--network", help="The network's slug, as in its address.")]
FullList = Annotated[Path | None, typer.Option("--report", help="File for all that was left out, one a line.")]


@imports.command("mbox")
def import_mbox(file: Archive, network: NetworkSlug, report: FullList = None) -> None:
    """A mailing list's archive (mbox, or a folder of .eml) into threads."""
    secret = _settings().secret_key
    _import(
        "posts",
        network,
        lambda db, show: mbox.run(db, file, network, secret=secret, on_progress=show, full_list=report),
    )


@imports.command("irc")
def import_irc(file: Archive, network: NetworkSlug, report: FullList = None) -> None:
    """A chat log (IRC loggers, irssi, WeeChat) into the network's room. Its clock is the site's TIME_ZONE."""
    settings = _settings()
    _import(
        "messages",
        network,
        lambda db, show: irc.run(
            db,
            file,
            network,
            secret=settings.secret_key,
            time_zone=settings.time_zone,
            on_progress=show,
            full_list=report,
        ),
    )


def _import(noun: str, slug: str, run: Callable[[Database, Progress], Awaitable[Report]]) -> None:
    async def work() -> Report:
        async with running(_settings()) as database:
            with _bars() as show:
                return await run(database, show)

    try:
        report = asyncio.run(work())
    except NotFound:
        _fail(f"There is no network with the slug {slug}.")
        return
    threads = f" in {report.threads} new threads" if report.threads else ""
    out.print(f"{report.added} {noun} added{threads}; {report.known} were there already.")
    for reason, count in report.reasons.most_common():
        out.print(f"{count:>6} × {reason}", markup=False, soft_wrap=True)
    for where, reason in report.left_out if len(report.left_out) <= LEFT_OUT_SHOWN else ():
        out.print(f"{where}: {reason}", markup=False, soft_wrap=True)
    if report.full_list is not None:
        out.print(f"All of it, one a line: {report.full_list}", markup=False, soft_wrap=True)
    elif report.left_out_count > LEFT_OUT_SHOWN:
        out.print("Where each of these is: run it again with --report FILE.")


@contextmanager
def _bars() -> Iterator[Progress]:
    """A progress bar for each stage on standard error."""
    with Bars(console=err) as bars:
        tasks: dict[str, TaskID] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield show


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
