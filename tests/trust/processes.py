"""Real web processes of the site, each served by `python -m forum serve` on an address of its own, and a Valkey that a
test may end.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from forum.embedded.software import bring_valkey
from forum.settings import Settings

ROOT = Path(__file__).parents[2]
START_MAX_S, STOP_MAX_S = 60.0, 20.0
LOOK_EVERY_S = 0.02


@dataclass
class Process:
    """One web process with its parent: where it is, and what it logs."""

    url: str
    log: Path
    parent: "subprocess.Popen[bytes]"

    def await_ready(self) -> None:
        """Returns when it takes requests."""
        address = ("127.0.0.1", int(self.url.rpartition(":")[2]))
        until_s = time.monotonic() + START_MAX_S
        while True:
            assert self.parent.poll() is None, self.log.read_text()
            with contextlib.suppress(OSError), socket.create_connection(address, 5) as connection:
                connection.settimeout(START_MAX_S)
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: site\r\nConnection: close\r\n\r\n")
                if connection.recv(64).startswith(b"HTTP/1.1 200"):
                    return
            assert time.monotonic() < until_s, self.log.read_text()
            time.sleep(LOOK_EVERY_S)

    def stop(self) -> str:
        """End it; returns all that it wrote."""
        if self.parent.poll() is None:
            self.parent.send_signal(signal.SIGTERM)
            try:
                self.parent.wait(STOP_MAX_S)
            except subprocess.TimeoutExpired:
                self.parent.kill()
                self.parent.wait()
        return self.log.read_text()


def start(
    settings: Settings, folder: Path, name: str, *, command: tuple[str, ...] = ("-m", "forum", "serve"), **environ: str
) -> Process:
    """Start one web process on the database and the Valkey of these settings. It may not be ready yet."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url, log = f"http://127.0.0.1:{port}", folder / f"{name}.log"
    wanted = {
        "FORUM_DATA": str(settings.data), "DATABASE_URL": settings.database_url or "", "DATABASE_OWNER_URL": "",
        "REDIS_URL": settings.redis_url or "", "SECRET_KEY": settings.secret_key, "BASE_URL": url, "PORT": str(port),
        "PROCESSES": "1", "POOL_SIZE": str(settings.pool_size), "LOG_LEVEL": "debug", "LIMITS_SCALE": "100000",
        "PYTHONPATH": str(ROOT), "TIME_ZONE": "UTC", **environ,
    }  # fmt: skip
    with log.open("wb") as written:
        parent = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=_environ(wanted), stdin=subprocess.DEVNULL, stdout=written,
            stderr=written,
        )  # fmt: skip
    return Process(url, log, parent)


def _environ(wanted: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, **wanted}


class OwnValkey:
    """A Valkey of the test's own."""

    def __init__(self) -> None:
        # A short path, that a socket's name fits in.
        self._folder = Path(tempfile.mkdtemp(prefix="forum-valkey-"))
        binary = bring_valkey(self._folder / "software")
        at = self._folder / "socket"
        self.url = f"unix://{at}?db=0"
        self._server = subprocess.Popen(
            [binary, "--port", "0", "--save", "", "--appendonly", "no", "--unixsocket", at, "--dir", self._folder],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until_s = time.monotonic() + START_MAX_S
        while not at.exists():
            assert self._server.poll() is None
            assert time.monotonic() < until_s
            time.sleep(LOOK_EVERY_S)

    def end(self) -> None:
        """Kill it. Nobody is told."""
        self._server.kill()
        self._server.wait()

    def clear(self) -> None:
        """End it, and leave nothing behind."""
        self.end()
        shutil.rmtree(self._folder)


@contextlib.contextmanager
def own_valkey() -> Iterator[OwnValkey]:
    """A Valkey for as long as the block."""
    valkey = OwnValkey()
    try:
        yield valkey
    finally:
        valkey.clear()
