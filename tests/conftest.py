"""What every test stands on: real servers, a database that has the schema, and a fresh copy of it for who asks.

DATABASE_URL (and DATABASE_OWNER_URL, whose role may create databases) and REDIS_URL, where set, name the servers to
test on; else embedded ones are started once, in a folder that goes with the session. Tests never touch a database
that they did not make.
"""

import asyncio
import contextlib
import fcntl
import functools
import os
import secrets
import shutil
import ssl
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import hypothesis
import pytest
import pytest_asyncio
import uvloop
from argon2 import PasswordHasher

from forum import passwords
from forum.db import Database
from forum.embedded import Servers, attach
from forum.migrate import migrate, role_of
from forum.settings import Settings
from forum.views import Assets, pages
from forum.views.environment import Environment

# The same examples in every run, so that a red run is about the change and not about luck; HYPOTHESIS_PROFILE=explore
# looks for new ones.
hypothesis.settings.register_profile("same", derandomize=True)
hypothesis.settings.register_profile("explore", derandomize=False)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


# httpx looks for this module at each request that it hands to an application of this process, in every folder.
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]

UNSAFE = """
fsync = off
full_page_writes = off
synchronous_commit = off
max_wal_size = '4GB'
autovacuum = off
"""
"""Of the session's Postgres, through the operator's own file. To wait for the disk would prove Postgres' promise, not
ours; tests/faults and tests/start kill servers of their own, which keep their promises. What Postgres would do by
itself in hundreds of short-lived databases would only stand in the way of who drops them.
"""
PREFIX, LOCK = "forum-test-", "session.lock"
ROOM_BYTES = 4 * 1024**3
"""A worker's databases take a few hundred megabytes."""
PATIENCE_S, AGAIN_AFTER_S = 60.0, 0.5


LONGEST = (
    "trust/test_removed_is_gone.py", "trust/test_roles.py", "api/test_generated.py", "trust/test_out_means_out.py",
    "live/test_live_equals_reload.py", "realtime/test_hub_stateful.py", "forum/test_loop.py", "start/test_cli.py",
    "trust/test_logs_hold_no_words.py", "trust/test_queries.py", "forum/test_text.py", "forum/test_states.py",
)  # fmt: skip
"""Files in the order of their time: they begin first, and what is short fills the cores to the end."""


IN_TURN = ("browser", "faults")
"""What watches the clock, and has the machine's cores to itself."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """`make test` asks for one part after the other; which tests of it is for -m and -k to say."""
    parser.addoption(
        "--part", choices=("side-by-side", "in-turn"), help="only what may run side by side, or only what may not"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Those of the part; the longest files first; else as they stand."""
    if part := config.getoption("part"):
        in_turn = part == "in-turn"
        config.hook.pytest_deselected(items=[item for item in items if _runs_in_turn(item) != in_turn])
        items[:] = [item for item in items if _runs_in_turn(item) == in_turn]
    places = {Path(__file__).parent / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(LONGEST)))


def _runs_in_turn(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in IN_TURN)


def on_database(url: str, name: str) -> str:
    """The same server and role, another database."""
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that the site runs on."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def data_folder(pytestconfig: pytest.Config) -> Iterator[Path]:
    """FORUM_DATA of the session; a short path, that sockets fit in. Compiled templates outlive it."""
    memory = _in_memory()
    _take_away_what_was_left(Path(memory or tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=memory))
    folder.chmod(0o711)
    lock = (folder / "new.lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    (folder / "new.lock").rename(folder / LOCK)
    (folder / "postgres.conf").write_text(UNSAFE)
    (folder / "templates").symlink_to(pytestconfig.cache.mkdir("templates"))
    yield folder
    shutil.rmtree(folder)
    lock.close()


def _take_away_what_was_left(where: Path) -> None:
    """By sessions that were killed: nobody holds the lock of their folders any more."""
    for path in where.glob(f"{PREFIX}*/{LOCK}"):
        with contextlib.suppress(OSError), path.open() as lock:  # held, another user's, or gone meanwhile
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path.parent)


def _in_memory() -> str | None:
    """A folder that is no disk's, where there is one with room and from which programs may be started: a database is
    made of three hundred files, and each module has its own.
    """
    folder = Path("/dev/shm")
    if not folder.is_dir() or os.statvfs(folder).f_flag & os.ST_NOEXEC:
        return None
    return str(folder) if shutil.disk_usage(folder).free > ROOM_BYTES else None


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Argon2 at its least, in this process alone: tests sign in hundreds of times. tests/forum/test_passwords.py holds
    what the site spends.
    """
    least = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", least)
        patch.setattr(passwords, "DUMMY", least.hash("nobody's password"))
        yield


@pytest.fixture(scope="session", autouse=True)
def _read_once() -> Iterator[None]:
    """Templates are compiled, static files and certificates read once, though a hundred sites and thousands of clients
    are made here one after the other.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Environment, "compile", _compile_once)
        patch.setattr(pages, "Assets", functools.cache(Assets))
        patch.setattr(ssl, "create_default_context", functools.cache(ssl.create_default_context))
        yield


_compile = Environment.compile
_compiled: dict[Any, Any] = {}


def _compile_once(self: Environment, source: Any, *names: Any, **how: Any) -> Any:
    key = (source, names, *how.items())
    if key not in _compiled:
        _compiled[key] = _compile(self, source, *names, **how)
    return _compiled[key]


@pytest.fixture(scope="session")
def servers(data_folder: Path) -> Iterator[Servers]:
    """Postgres and Redis, for the session."""
    named = {
        name: os.environ[name] for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL") if name in os.environ
    }
    with attach(Settings.from_environ({"FORUM_DATA": str(data_folder), "SECRET_KEY": "s" * 32, **named})) as servers:
        yield servers


@pytest_asyncio.fixture(scope="session")
async def template(servers: Servers) -> AsyncIterator[str]:
    """The name of a database that has the schema and nothing else: to be copied, not to be written."""
    name = f"forum_test_{secrets.token_hex(4)}"
    await as_owner(servers, f"CREATE DATABASE {name}")
    await migrate(on_database(servers.database_owner_url, name), await role_of(servers.database_url))
    yield name
    await _drop(servers, name)


@pytest_asyncio.fixture(scope="session")
async def database_url(servers: Servers, template: str) -> AsyncIterator[str]:
    """The session's database, as the application's role: shared, so what a test leaves there is seen by the next."""
    async for url in copy_of(servers, template):
        yield url


@pytest_asyncio.fixture(scope="module")
async def own_database_url(servers: Servers, template: str) -> AsyncIterator[str]:
    """A database of the module's own, as the application's role."""
    async for url in copy_of(servers, template):
        yield url


@pytest_asyncio.fixture(scope="module")
async def own_db(own_database_url: str) -> AsyncIterator[Database]:
    """The module's own database, open."""
    async for database in _opened(own_database_url):
        yield database


@pytest_asyncio.fixture
async def fresh_database_url(servers: Servers, template: str) -> AsyncIterator[str]:
    """A database of the test's own, as the application's role."""
    async for url in copy_of(servers, template):
        yield url


@pytest_asyncio.fixture(scope="session")
async def db(database_url: str) -> AsyncIterator[Database]:
    """The session's database, open."""
    async for database in _opened(database_url):
        yield database


async def _opened(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    await database.open()
    yield database
    await database.close()


@pytest.fixture(scope="session")
def redis_url(servers: Servers) -> str:
    """The session's Redis: shared, so a test uses keys or channels of its own."""
    return servers.redis_url


@pytest.fixture(scope="session")
def settings(servers: Servers, database_url: str, data_folder: Path) -> Settings:
    """Valid settings on the session's database, as the application's role. Few connections: each is made warm first,
    which takes a fifth of a second.
    """
    settings = Settings.from_environ({"FORUM_DATA": str(data_folder), "POOL_SIZE": "4"})
    return replace(servers.settings(settings), database_url=database_url, database_owner_url=database_url)


async def copy_of(servers: Servers, template: str) -> AsyncIterator[str]:
    """A copy of the template for as long as it is iterated over, as the application's role."""
    name = f"{template}_{secrets.token_hex(4)}"
    await as_owner(servers, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    # As in UNSAFE, where the servers were named.
    await as_owner(servers, f"ALTER DATABASE {name} SET synchronous_commit = off")
    yield on_database(servers.database_url, name)
    await _drop(servers, name)


async def _drop(servers: Servers, name: str) -> None:
    """Whoever is in there. Postgres' own processes, which its owner may not end, leave by themselves."""
    until_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await as_owner(servers, f"DROP DATABASE {name} WITH (FORCE)")
        except (asyncpg.InsufficientPrivilegeError, asyncpg.ObjectInUseError):
            if time.monotonic() > until_s:
                raise
            await asyncio.sleep(AGAIN_AFTER_S)


async def as_owner(servers: Servers, statement: str) -> None:
    """Run a statement as the role that owns the schema."""
    connection = await asyncpg.connect(servers.database_owner_url)
    try:
        await connection.execute(statement, timeout=PATIENCE_S)
    finally:
        await connection.close(timeout=PATIENCE_S)
