"""The real thing, to be maltreated: Postgres, Valkey, proxies to both, and web processes that share one port.

Postgres is the embedded one, kept up by its supervisor; Valkey is a child of the test, so that it can be stopped and
stay so. The site is `python -m forum serve`, from this checkout or from a copy of it in which something was broken.
"""

import asyncio
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg

from forum.db import Database
from forum.embedded import Servers, attach
from forum.embedded.confinement import choose_account
from forum.embedded.valkey import Valkey
from forum.migrate import migrate, role_of
from forum.settings import Settings
from tests.faults.proxy import Proxy
from tests.faults.wire import Client, Lost

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
START_MAX_S = 60.0
DISK_SIZE = "3g"
FILLING_TRIES = 20
"""More than Postgres keeps of its own log; it takes memory only as it is used."""
Metrics = dict[int, dict[str, float]]


class Bell:
    """Valkey, as a child of ours."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.socket = folder / "valkey.sock"
        self._valkey = Valkey(folder, folder, choose_account(folder, folder / "none"))
        self._log = folder / "valkey.log"
        self.process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        self._valkey.prepare(0)
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(self._valkey.command(), stdout=log, stderr=log)
        await until(lambda: self._valkey.is_ready(0), "Valkey answers")

    def stop(self) -> None:
        """As `kill -9` does."""
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process = None

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    async def flush(self) -> None:
        """Forget everything."""
        reader, writer = await asyncio.open_unix_connection(str(self.socket))
        writer.write(b"FLUSHALL\r\n")
        assert (await reader.readline()).startswith(b"+OK")
        writer.close()


class Site:
    """`python -m forum serve`: a parent and its web processes, which share one port."""

    def __init__(self, folder: Path, tree: Path, environ: dict[str, str], processes: int) -> None:
        folder.mkdir()
        self.log = folder / "site.log"
        self.data = folder / "data"
        """A link, which a test may lead elsewhere."""
        (folder / "kept").mkdir()
        self.data.symlink_to(folder / "kept", target_is_directory=True)
        self.port = free_port()
        self.base_url = f"http://{HOST}:{self.port}"
        self.processes = processes
        with self.log.open("ab") as log:
            self.parent = subprocess.Popen(
                [sys.executable, "-m", "forum", "serve", "--port", str(self.port), "--processes", str(processes)],
                cwd=tree,
                env={
                    **os.environ, **environ, "PYTHONPATH": str(tree), "FORUM_DATA": str(self.data), "HOST": HOST,
                    "BASE_URL": self.base_url, "LOG_LEVEL": "warning",
                },
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def client(self, **headers: str) -> Client:
        return Client(HOST, self.port, headers)

    def pids(self) -> set[int]:
        """The web processes that there are now."""
        try:
            children = Path(f"/proc/{self.parent.pid}/task/{self.parent.pid}/children").read_text().split()
        except FileNotFoundError:
            return set()
        return {int(pid) for pid in children}

    async def ready(self) -> None:
        """Return when all processes answer."""
        end = time.monotonic() + START_MAX_S
        while time.monotonic() < end:
            assert self.parent.poll() is None, f"the site ended: {self.log.read_text()[-2000:]}"
            if len(self.pids()) == self.processes and await self._answers():
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"the site did not start: {self.log.read_text()[-2000:]}")

    async def _answers(self) -> bool:
        try:
            return set(await self.metrics(timeout_s=3)) == self.pids()
        except (Lost, OSError, TimeoutError):
            return False

    async def metrics(self, timeout_s: float = 10.0) -> Metrics:
        """What each process says of itself, by its id. Raises TimeoutError where one does not say it in time."""
        found: Metrics = {}
        async with asyncio.timeout(timeout_s):
            while not found.keys() >= self.pids():
                async with self.client() as client:  # a new connection may come to another process
                    for line in (await client.get("/metrics")).body.decode().splitlines():
                        if line.startswith("forum_"):
                            name, _, rest = line.partition("{")
                            pid, _, value = rest.removeprefix('process="').partition('"} ')
                            found.setdefault(int(pid), {})[name.removeprefix("forum_")] = float(value)
        return {pid: found[pid] for pid in self.pids()}

    def errors(self, most: int = 8) -> list[str]:
        """The last errors in its log, and the last warnings, which a fault brings about: they tell why it refused."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        warnings = [line for line in lines if " warning " in line]
        return [*[line for line in lines if " warning " not in line][-most:], *warnings[-most:]]

    def stop(self) -> None:
        self.parent.terminate()
        try:
            self.parent.wait(15)
        except subprocess.TimeoutExpired:
            self.parent.kill()
            self.parent.wait()


@dataclass
class Stage:
    """Everything together. `db` goes straight to Postgres, the site through a proxy."""

    folder: Path
    servers: Servers
    database: Proxy
    redis: Proxy
    bell: Bell
    db: Database
    can_be_filled: bool
    """Whether the disk under Postgres is one of ours."""
    environ: dict[str, str] = field(repr=False)

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """Not a page is left under Postgres while the block runs."""
        folder = self.folder / "data"
        try:
            _fill(folder)
            yield
        finally:
            _resize(folder, DISK_SIZE)

    @asynccontextmanager
    async def site(self, tree: Path = ROOT, processes: int = 2, **environ: str) -> AsyncIterator[Site]:
        """The site, from a tree of its sources."""
        site = Site(self.folder / f"site-{secrets.token_hex(3)}", tree, {**self.environ, **environ}, processes)
        try:
            await site.ready()
            yield site
        finally:
            await asyncio.to_thread(site.stop)

    def postmaster(self) -> int:
        """The process id of Postgres."""
        path = next((self.folder / "data").glob("postgres-*/data/postmaster.pid"))
        return int(path.read_text().splitlines()[0])

    @asynccontextmanager
    async def owner(self, database: str = "forum") -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        """A connection of the schema's owner."""
        url = urlsplit(self.servers.database_owner_url)._replace(path=f"/{database}").geturl()
        connection = await asyncpg.connect(url)
        try:
            yield connection
        finally:
            await connection.close()

    def operator(self) -> dict[str, str]:
        """The environment of a command beside the site, with the database at hand."""
        return {
            **os.environ, **self.environ, "PYTHONPATH": str(ROOT), "FORUM_DATA": str(self.folder / "operator"),
            "DATABASE_URL": self.servers.database_url, "DATABASE_OWNER_URL": self.servers.database_owner_url,
        }  # fmt: skip


@contextmanager
def small_file_system(folder: Path, size: str) -> Iterator[bool]:
    """Mount one on the folder while the block runs; whether we may."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=711", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _fill(folder: Path) -> None:
    """Leave not a page. What is written between the look and the act makes it too small a size: then once more."""
    for tries_left in reversed(range(FILLING_TRIES)):
        try:
            _resize(folder, str(shutil.disk_usage(folder).used))
            return
        except subprocess.CalledProcessError:
            if not tries_left:
                raise


def _resize(folder: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True)


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    """Servers in a folder of their own, which they end with; on a file system of ours, where we may mount one."""
    folder.chmod(0o711)
    (folder / "data").mkdir(mode=0o711)
    async with AsyncExitStack() as stack:
        can_be_filled = stack.enter_context(small_file_system(folder / "data", DISK_SIZE))
        settings = Settings.from_environ({"FORUM_DATA": str(folder / "data")})
        servers = stack.enter_context(attach(settings))
        await migrate(servers.database_owner_url, await role_of(servers.database_url))
        sockets = Path(unquote(parse_qs(urlsplit(servers.database_url).query)["host"][0]))
        bell = Bell(folder / "bell")
        stack.callback(bell.stop)
        await bell.start()
        database, redis = Proxy(sockets / ".s.PGSQL.5432"), Proxy(bell.socket)
        for proxy in (database, redis):
            await proxy.start()
            stack.push_async_callback(proxy.stop)
        db = Database(servers.database_url, pool_size=4)
        await db.open()
        stack.push_async_callback(db.close)
        environ = {
            "DATABASE_URL": through(servers.database_url, database.port),
            "DATABASE_OWNER_URL": through(servers.database_owner_url, database.port),
            "REDIS_URL": f"redis://{HOST}:{redis.port}/0",
            "SECRET_KEY": secrets.token_hex(32),
        }
        yield Stage(folder, servers, database, redis, bell, db, can_be_filled, environ)


def through(url: str, port: int) -> str:
    """The address of the same database, by way of a proxy."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@{HOST}:{port}", query="").geturl()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


async def until(condition: Callable[[], bool], what: str, within_s: float = 20.0) -> None:
    """Return when it is so. Raises AssertionError where it is not so in time."""
    assert await comes_true(condition, within_s), f"expected within {within_s:g} s: {what}"


async def comes_true(condition: Callable[[], bool], within_s: float) -> bool:
    """Whether it is so, now or in this time."""
    end = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.02)
    return True
