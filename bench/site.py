"""The site that is measured: embedded servers in a folder of their own, filled by SQL, web processes on core 0.

This process, and so the database, Valkey and the load that it starts, stays on core 1.
"""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import asyncpg

from bench import machine
from bench.programs import Programs
from forum.embedded import attach
from forum.settings import Settings

HERE = Path(__file__).parent
START_MAX_S = 60.0
STOP_MAX_S = 30.0

THREAD = 202
"""A thread of twenty posts, which member 1 has not read: see fill.sql."""
BUSY = "busy"
BUSY_NETWORK = 9
BUSY_THREADS = (203, 402)
"""A network of 200 threads with an opening post each, for writing: see busy.sql."""


@dataclass(frozen=True)
class Servers:
    """Where the database is, and the environment with which a command reaches it."""

    database_url: str
    environ: dict[str, str]

    def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Rows of one statement, or of none where there are several without arguments."""
        return asyncio.run(_fetch(self.database_url, sql, arguments))

    def value(self, sql: str, *arguments: object) -> Any:
        """The first column of the first row."""
        return self.fetch(sql, *arguments)[0][0]

    @staticmethod
    def sql(file: str) -> str:
        """One of the files beside this one."""
        return (HERE / file).read_text(encoding="utf-8")

    def run(self, file: str) -> None:
        """Run one of them."""
        asyncio.run(_run(self.database_url, self.sql(file)))

    def fill_busy(self) -> None:
        """Put the network for writing there, unless it stands already; its rows do not change what pages read."""
        if not self.value("SELECT count(*) FROM networks WHERE slug = $1", BUSY):
            self.run("busy.sql")


async def _fetch(url: str, sql: str, arguments: tuple[object, ...]) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(sql, *arguments)
    finally:
        await connection.close()


async def _run(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


@dataclass(frozen=True)
class Bench:
    """What measures: the servers, the load, and how many turns of which length."""

    servers: Servers
    programs: Programs
    turns: int
    turn_s: float


@dataclass(frozen=True)
class Web:
    """A site that serves."""

    port: int
    pid: int

    def cpu_s(self) -> float:
        """The CPU time that its processes have had, in seconds."""
        return machine.cpu_s([self.pid, *machine.children(self.pid)])


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def filled(folder: Path, postgres: str = "") -> Iterator[Servers]:
    """Servers with the bench's content, Postgres with these lines of settings; they end with the block."""
    cores = os.sched_getaffinity(0)
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {machine.LOAD_CORE})
    named = {"FORUM_DATA": str(folder), "LIMITS_SCALE": "1000000", "LOG_LEVEL": "warning"}
    environ = {**os.environ, **named, "DATABASE_URL": "", "REDIS_URL": "", "DATABASE_OWNER_URL": ""}
    if postgres:
        folder.mkdir(mode=0o711)
        settings = folder / "postgres.conf"
        settings.write_text(postgres, encoding="utf-8")
        settings.chmod(0o644)  # Postgres runs as another account where we are root
    try:
        with attach(Settings.from_environ(environ)) as attached:
            command = [sys.executable, "-m", "forum", "migrate"]
            subprocess.run(command, env=environ, check=True, capture_output=True)
            servers = Servers(attached.database_owner_url, environ)
            servers.run("fill.sql")
            yield servers
    finally:
        os.sched_setaffinity(0, cores)


@contextmanager
def web(servers: Servers, processes: int = 1) -> Iterator[Web]:
    """The forum."""
    port = free_port()
    command = [sys.executable, "-m", "forum", "serve", "--port", str(port), "--processes", str(processes)]
    with running(command, port, servers.environ) as pid:
        # Its port takes connections before its processes have started.
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=START_MAX_S):
            yield Web(port, pid)


@contextmanager
def raw(servers: Servers, pad_bytes: int = 0) -> Iterator[Web]:
    """The reference, one process."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "bench.raw:app", "--port", str(port), "--loop", "uvloop"]
    environ = {**servers.environ, "DATABASE_URL": servers.database_url, "PAD_BYTES": str(max(0, pad_bytes))}
    with running([*command, "--http", "httptools", "--no-access-log", "--log-level", "warning"], port, environ) as pid:
        yield Web(port, pid)


@contextmanager
def running(command: list[str], port: int, environ: dict[str, str] | None = None) -> Iterator[int]:
    """A server on its core while the block runs; its process id. What fails in the block fails with its last words."""
    with tempfile.TemporaryFile("w+") as said:
        pinned = [*machine.pinned(machine.SERVER_CORE), *command]
        process = subprocess.Popen(pinned, env=environ, stdout=subprocess.DEVNULL, stderr=said)
        try:
            _await_port(port, process)
            yield process.pid
        except RuntimeError as error:
            said.seek(0)
            raise RuntimeError("; ".join([str(error), *said.read().splitlines()[-1:]])) from error
        finally:
            process.terminate()
            try:
                process.wait(STOP_MAX_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_MAX_S
    while process.poll() is None and time.monotonic() < end:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.05)
    raise RuntimeError("the server did not start")
