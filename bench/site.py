"""The site that is measured: embedded servers in a folder of their own, filled by SQL, one web process on core 0.

This process, and so the database, Valkey and the load that it starts, stays on core 1.
"""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from forum.embedded import attach
from forum.settings import Settings

HERE = Path(__file__).parent
START_MAX_S = 60.0


@dataclass(frozen=True)
class Servers:
    """Where the database is, and the environment with which a command reaches it."""

    database_url: str
    environ: dict[str, str]


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pinned(core: int) -> list[str]:
    """What to put before a command so that it stays on a core; nothing on a machine with one."""
    return ["taskset", "-c", str(core)] if len(os.sched_getaffinity(0)) > 1 or (os.cpu_count() or 1) > 1 else []


@contextmanager
def filled(folder: Path) -> Iterator[Servers]:
    """Servers with the bench's content; they end with the block."""
    cores = os.sched_getaffinity(0)
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {1})
    named = {"FORUM_DATA": str(folder), "LIMITS_SCALE": "1000000", "LOG_LEVEL": "warning"}
    environ = {**os.environ, **named, "DATABASE_URL": "", "REDIS_URL": "", "DATABASE_OWNER_URL": ""}
    with attach(Settings.from_environ(environ)) as servers:
        subprocess.run([sys.executable, "-m", "forum", "migrate"], env=environ, check=True, stdout=subprocess.DEVNULL)
        asyncio.run(_fill(servers.database_owner_url))
        yield Servers(servers.database_owner_url, environ)
    os.sched_setaffinity(0, cores)


async def _fill(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute((HERE / "fill.sql").read_text(encoding="utf-8"))
    finally:
        await connection.close()


@contextmanager
def web(servers: Servers, port: int) -> Iterator[None]:
    """The forum, one process."""
    command = [sys.executable, "-m", "forum", "serve", "--port", str(port), "--processes", "1"]
    with _running(command, servers.environ, port):
        yield


@contextmanager
def raw(servers: Servers, port: int, pad_bytes: int) -> Iterator[None]:
    """The reference, one process."""
    command = [sys.executable, "-m", "uvicorn", "bench.raw:app", "--port", str(port), "--loop", "uvloop"]
    environ = {**servers.environ, "DATABASE_URL": servers.database_url, "PAD_BYTES": str(max(0, pad_bytes))}
    with _running([*command, "--http", "httptools", "--no-access-log", "--log-level", "warning"], environ, port):
        yield


@contextmanager
def _running(command: list[str], environ: dict[str, str], port: int) -> Iterator[None]:
    process = subprocess.Popen([*pinned(0), *command], env=environ, stdout=subprocess.DEVNULL)
    try:
        _await_port(port, process)
        yield
    finally:
        process.terminate()
        process.wait(30)


def _await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_MAX_S
    while process.poll() is None and time.monotonic() < end:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.05)
    raise RuntimeError("the server did not start")
