"""The command line: what the operator does with the site.

Invariants: no command asks a question unless its standard input is a terminal; what is wrong is said in sentences on
standard error, with status 1 (2 for how the command was called); a command that runs beside the site uses the same
embedded servers.
"""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import asyncpg
import typer
from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import TaskID

from forum import __version__, demo, logs, members, sessions, updates
from forum.db import Database
from forum.embedded import EmbeddedError, Servers, attach
from forum.errors import ForumError, NotFound
from forum.imports import irc, mbox
from forum.imports.report import Progress, Report
from forum.imports.sources import SourceError
from forum.migrate import MigrationError, migrate, require_up_to_date, role_of
from forum.serve import ServeError, listen, serve
from forum.settings import Settings, SettingsError

COMMAND_POOL_SIZE = 2
LEFT_OUT_SHOWN = 20
TOKEN_MAX = 2**63 - 1

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
members_app = typer.Typer(help="Accounts.", no_args_is_help=True)
app.add_typer(members_app, name="member")
# What is printed are sentences and other people's words: neither wrapped nor read as markup.
out = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
bars = Console(stderr=True)

Host = Annotated[str | None, typer.Option(help="Address to listen on; HOST, else 127.0.0.1.")]
Port = Annotated[int | None, typer.Option(help="Port to listen on; PORT, else 8000.")]
Processes = Annotated[int | None, typer.Option(help="Web processes; PROCESSES, else one for each core, at most 4.")]


def main() -> None:
    """Runs the command that the arguments name, and ends the process."""
    try:
        app()
    except SettingsError as error:
        _fail(*error.mistakes)
    except (EmbeddedError, MigrationError, ServeError, SourceError) as error:
        _fail(str(error))
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        _fail(f"The database could not do it: {error}")
    except OSError as error:
        _fail(f"{error.strerror}: {error.filename}" if error.filename else f"It could not be done: {error}")


@app.command("run")
def run(host: Host = None, port: Port = None, processes: Processes = None) -> None:
    """Everything in one: servers, migrations, and the site. What `make run` calls."""
    settings = _settings(host, port, processes)
    with attach(settings) as servers:
        asyncio.run(_bring_up_to_date(servers))
        asyncio.run(_offer_demo(servers))
        _serve(servers.settings(settings))


async def _offer_demo(servers: Servers) -> None:
    """On an empty database: loads the demo where FORUM_DEMO says yes, asks on a terminal, and else says how."""
    async with _open(servers) as database:
        if not await demo.is_empty(database):
            return
        wanted = os.environ.get("FORUM_DEMO", "").strip().lower()
        if wanted in {"1", "y", "yes", "true"} or (
            not wanted and sys.stdin.isatty() and typer.confirm("The site is empty. Fill it with a demo?", default=True)
        ):
            await _load_demo(database)
        else:
            err.print(f"The site is empty. `{_called()} demo` fills it with invented networks to look round in;")
            err.print(f"`{_called()} member add EMAIL --name NAME --admin` makes the first account.")


def _called() -> str:
    """How a command is called from here: by this Python, whose environment has what it needs."""
    if shutil.which("python") == sys.executable:
        return "python -m forum"
    near = os.path.relpath(sys.executable)
    return f"{sys.executable if near.startswith(os.pardir) else near} -m forum"


async def _load_demo(database: Database) -> None:
    with bars.status("Loading the demo") as status:
        loaded = await demo.load(database, lambda step: status.update(f"Loading the demo: {step}"))
    out.print(f"The demo is loaded. Sign in with the password  [bold]{loaded.password}[/bold]  as:", markup=True)
    for person in loaded.people:
        out.print(f"  {person.email}  {person.name}, {person.role}")
    out.print(f"The others have no password: `{_called()} member link {loaded.other}` makes a link for one.")


@app.command("demo")
def demo_command() -> None:
    """Fills an empty database with invented networks, people, threads and chat; prints how to sign in."""

    async def work() -> None:
        async with running(_settings()) as database:
            await _load_demo(database)

    _carry_out(work())


@members_app.command("add")
def member_add(
    email: Annotated[str, typer.Argument(help="The address that they sign in with.")],
    name: Annotated[str, typer.Option(help="Their name, as it will be shown.")],
    admin: Annotated[bool, typer.Option("--admin", help="Administrator of the site.")] = False,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from a line.")] = False,
) -> None:
    """Makes an account. Without a password it prints a one-time link with which its owner sets one."""
    settings = _settings()
    password = sys.stdin.readline().rstrip("\n") if password_stdin else None

    async def work() -> None:
        async with running(settings) as database:
            row = await members.add(database, email, name, administrator=admin, password=password)
            err.print(f"Member {row['id']} added: {row['name']} <{row['email']}>")
            if password is None:
                await _print_link(database, settings, row["id"])

    _carry_out(work())


@members_app.command("link")
def member_link(
    email: Annotated[str, typer.Argument(help="The address that they sign in with.")],
) -> None:
    """Prints a one-time link with which somebody who has lost their password sets a new one."""
    settings = _settings()

    async def work() -> None:
        async with running(settings) as database:
            await _print_link(database, settings, await _member_at(database, email))

    _carry_out(work())


async def _member_at(database: Database, email: str) -> int:
    """The id of who has this address; ends the command where there is nobody."""
    async with database.connection() as connection:
        member: int | None = await members.SQL.id_by_email(connection, email=email)
    if member is None:
        _fail(f"There is no member with the address {email}.")
    return member


async def _print_link(database: Database, settings: Settings, member: int) -> None:
    token, expires_at = await members.one_time_link(database, member)
    err.print(f"This link sets the password, once, until {expires_at:%-d %B, %H:%M} UTC:")
    out.print(f"{settings.base_url}/links/{token}")


@app.command("token")
def token_command(
    email: Annotated[str, typer.Argument(help="Whose token it is.")],
    scope: Annotated[list[str] | None, typer.Option(help="read, write, moderate; may be given several times.")] = None,
    days: Annotated[int, typer.Option(help="How long it is good for.")] = 90,
    name: Annotated[str, typer.Option(help="What it is for.")] = "",
    tokens: Annotated[bool, typer.Option("--list", help="Lists those that count instead, with their numbers.")] = False,
    end: Annotated[
        int | None, typer.Option(min=1, max=TOKEN_MAX, help="Ends the one with this number instead.")
    ] = None,
) -> None:
    """Makes a token for programs, and prints it alone on the last line. It cannot be read again.

    An ended one counts no more at once, and what it has open is cut within a second.
    """
    if tokens and end is not None:
        raise typer.BadParameter("--list and --end do not go together.")

    async def work() -> None:
        async with running(_settings()) as database:
            member = await _member_at(database, email)
            if tokens:
                await _list_tokens(database, member)
                return
            if end is not None:
                await _end_token(database, member, end)
                return
            scopes = scope or list(sessions.SCOPES)
            token = await sessions.create_token(database, member, name=" ".join(name.split()), scopes=scopes, days=days)
            err.print(f"A token with {', '.join(scopes)}, good for {days} days:")
            out.print(token)

    _carry_out(work())


async def _end_token(database: Database, member: int, number: int) -> None:
    try:
        await sessions.end_token(database, member, number)
    except NotFound:
        _fail(f"They have no token with the number {number} that counts; --list shows those that do.")
    err.print(f"Token {number} has ended.")


async def _list_tokens(database: Database, member: int) -> None:
    async with database.connection() as connection:
        rows = await sessions.tokens(connection, member)
    if not rows:
        err.print("They have no token that counts.")
    for row in rows:
        used = "never used" if row["used_at"] is None else f"used {row['used_at']:%Y-%m-%d}"
        about = f"{', '.join(row['scopes'])}; {used}; until {row['expires_at']:%Y-%m-%d}"
        out.print(f"{row['id']}  {row['name'] or '-'}  {about}")


@app.command("renew-log")
def renew_log_command() -> None:
    """After a restore or a promotion: gives the update log a new identity, so that open pages load anew."""

    async def work() -> None:
        async with running(_settings()) as database, database.connection() as connection:
            out.print(f"The log is now {await updates.renew_log(connection)}.")

    _carry_out(work())


def _carry_out(work: Coroutine[Any, Any, None]) -> None:
    """Runs it; what the forum refuses is said as its sentence."""
    try:
        asyncio.run(work)
    except ForumError as error:
        _fail(error.detail)


@app.command("serve")
def serve_command(host: Host = None, port: Port = None, processes: Processes = None) -> None:
    """Web processes that share one port. Migrates first where the database is the embedded one."""
    settings = _settings(host, port, processes)
    with attach(settings) as servers:
        if settings.database_url is None:
            asyncio.run(_bring_up_to_date(servers))
        else:
            asyncio.run(require_up_to_date(servers.database_url))
        _serve(servers.settings(settings))


@app.command("migrate")
def migrate_command() -> None:
    """Brings the database's schema up to date. Safe while the site runs."""
    with attach(_settings()) as servers:
        done = asyncio.run(_bring_up_to_date(servers))
    out.print(f"{_counted(len(done), 'migration')} applied." if done else "The database is up to date.")


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
    _tell(report, noun)
    if not report.added + report.known:
        _fail(f"Nothing was imported: there is nothing that could be read as {noun}.")


def _tell(report: Report, noun: str) -> None:
    """What was done, what was left out and how often, and each of these where they are few."""
    threads = f" in {_counted(report.threads, 'new thread')}" if report.threads else ""
    known = "1 was" if report.known == 1 else f"{report.known} were"
    out.print(f"{_counted(report.added, noun.removesuffix('s'))} added{threads}; {known} there already.")
    for reason, count in report.reasons.most_common():
        out.print(f"{count:>6} × {reason}")
    for where, reason in report.left_out if len(report.left_out) <= LEFT_OUT_SHOWN else ():
        out.print(f"{where}: {reason}")
    if report.full_list is not None:
        out.print(f"All of it, one a line: {report.full_list}")
    elif report.left_out_count > LEFT_OUT_SHOWN:
        out.print("Where each of these is: run it again with --report FILE.")


def _counted(count: int, noun: str) -> str:
    """`1 post`, `2 posts`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


@contextmanager
def _bars() -> Iterator[Progress]:
    """A progress bar for each stage on standard error."""
    with Bars(console=bars) as shown:
        tasks: dict[str, TaskID] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = shown.add_task(stage, total=total)
            shown.update(tasks[stage], completed=done, total=total)

        yield show


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Database]:
    """An open, migrated database, for a command that works on it; the embedded servers stay for as long.

    Nobody is woken by what is recorded through it: screens find that within a second by their own look.
    """
    with attach(settings) as servers:
        await _bring_up_to_date(servers)
        async with _open(servers) as database:
            yield database


@asynccontextmanager
async def _open(servers: Servers) -> AsyncIterator[Database]:
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


def _fail(*sentences: Any) -> NoReturn:
    for sentence in sentences:
        err.print(sentence, style="red")
    sys.exit(1)
