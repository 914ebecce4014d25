"""Attaching to the embedded servers: what every process of the forum does that needs a database."""

import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from forum.embedded.folder import EmbeddedError, socket_folder
from forum.settings import Settings

ATTACH_MAX_S = 90.0
DETACH_MAX_S = 15.0
LOG_MAX_BYTES = 1024 * 1024
SOCKET_NAME = "supervisor.sock"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the servers are, embedded or not."""

    database_url: str = field(repr=False)
    database_owner_url: str = field(repr=False)
    redis_url: str = field(repr=False)

    def settings(self, settings: Settings) -> Settings:
        """The same settings, with the servers' addresses in place."""
        return replace(
            settings,
            database_url=self.database_url,
            database_owner_url=self.database_owner_url,
            redis_url=self.redis_url,
        )


@contextmanager
def attach(settings: Settings) -> Iterator[Servers]:
    """The servers that these settings name, embedded ones where they name none; they stay at least until the block
    ends.

    Returns within the block once the servers take connections. After the block the embedded ones have stopped, unless
    another process is attached. Raises EmbeddedError with a sentence for the operator.
    """
    needs = [name for name, url in (("postgres", settings.database_url), ("valkey", settings.redis_url)) if url is None]
    urls = {
        "database_url": settings.database_url,
        "database_owner_url": settings.database_owner_url,
        "redis_url": settings.redis_url,
    }
    if not needs:
        yield Servers(**{name: url or "" for name, url in urls.items()})
        return
    attachment = Attachment(settings.data, needs)
    try:
        yield Servers(**{name: url or attachment.urls[name] for name, url in urls.items()})
    finally:
        attachment.leave()


class Attachment:
    """Our connection to the supervisor, watched by a thread: where the supervisor is killed, another is started.

    The servers come back at the same addresses, since these follow from the data folder.
    """

    def __init__(self, data: Path, needs: list[str]) -> None:
        self._data = data
        self._needs = needs
        self._leaving = threading.Event()
        self._connection, self._child, self.urls = _join(data, needs)
        self._watcher = threading.Thread(target=self._watch, name="embedded servers", daemon=True)
        # Signals are for the thread that waits for them; a thread inherits what its maker blocks.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        self._watcher.start()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def leave(self) -> None:
        """Detaches; returns when the supervisor has let go of us."""
        self._leaving.set()
        _say_goodbye(self._connection)
        self._watcher.join(DETACH_MAX_S)
        self._connection.close()
        if self._child is not None:
            os.waitpid(self._child, os.WNOHANG)

    def _watch(self) -> None:
        while not self._leaving.is_set():
            said = _hear(self._connection)
            if said:
                log.error("%s", json.loads(said)["error"])
                return
            if not self._leaving.is_set() and not self._attach_again():
                return

    def _attach_again(self) -> bool:
        log.warning("the embedded servers' supervisor has gone: starting another")
        self._connection.close()
        if self._child is not None:
            os.waitpid(self._child, 0)
            self._child = None
        try:
            self._connection, self._child, urls = _join(self._data, self._needs)
        except EmbeddedError as error:
            log.error("%s", error)
            return False
        if urls != self.urls:
            log.error("the embedded servers came back at other addresses: restart this process")
        if self._leaving.is_set():  # meanwhile, and it was the old connection that heard of it
            _say_goodbye(self._connection)
        return True


def _join(data: Path, needs: list[str]) -> tuple[socket.socket, int | None, dict[str, str]]:
    """A connection to the supervisor of `data`, its process id if it is our child, and where the servers are."""
    deadline = time.monotonic() + ATTACH_MAX_S
    child: int | None = None
    while time.monotonic() < deadline:
        connection = _connect(data)
        answer = _ask(connection, needs, deadline) if connection else None
        if connection and answer:
            if "error" in answer:
                _say_goodbye(connection)
                _hear(connection)
                connection.close()
                raise EmbeddedError(answer["error"])
            supervisor = int(answer.pop("pid"))
            if child is not None and child != supervisor:
                os.kill(child, signal.SIGTERM)  # another process was first; ours waits for a lock that it need not have
                os.waitpid(child, 0)
                child = None
            connection.settimeout(None)
            return connection, child, answer
        if child is None:
            child = _start_supervisor(data)
        elif (ended := os.waitpid(child, os.WNOHANG))[0]:
            if ended[1]:
                raise EmbeddedError(_last_words(data))
            child = None
        time.sleep(0.02)
    raise EmbeddedError(
        f"The embedded servers in {data} did not start within {ATTACH_MAX_S:.0f} s; servers.log there says why."
    )


def _connect(data: Path) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(socket_folder(data) / SOCKET_NAME))
    except PermissionError:
        connection.close()
        raise EmbeddedError(
            f"{data} belongs to another user: start as that user, or set FORUM_DATA to a folder of yours."
        ) from None
    except OSError:  # not there, nobody listens, or a path that is too long: no supervisor of ours made it
        connection.close()
        return None
    return connection


def _ask(connection: socket.socket, needs: list[str], deadline: float) -> dict[str, str] | None:
    """The supervisor's answer; None, and the connection closed, where it was just going."""
    connection.settimeout(max(0.1, deadline - time.monotonic()))
    answer = b""
    try:
        connection.sendall(" ".join(needs).encode())
        while not answer.endswith(b"\n") and (more := connection.recv(4096)):
            answer += more
    except OSError:
        answer = b""
    if not answer.endswith(b"\n"):
        connection.close()
        return None
    words: dict[str, str] = json.loads(answer)
    return words


def _say_goodbye(connection: socket.socket) -> None:
    with suppress(OSError):  # it has gone already
        connection.shutdown(socket.SHUT_WR)


def _hear(connection: socket.socket) -> bytes:
    """What the supervisor says next: why it gives up; nothing when the connection has ended."""
    try:
        return connection.recv(4096)
    except OSError:
        return b""


def _start_supervisor(data: Path) -> int:
    log = data / "servers.log"
    try:
        data.mkdir(mode=0o711, parents=True, exist_ok=True)
        if log.exists() and log.stat().st_size > LOG_MAX_BYTES:
            log.replace(data / "servers.log.1")
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise EmbeddedError(f"FORUM_DATA cannot be used: {error.strerror} ({error.filename}).") from error
    package = str(Path(__file__).resolve().parents[2])
    try:
        return os.posix_spawn(
            sys.executable,
            [sys.executable, "-m", "forum.embedded.supervisor", str(data)],
            os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, output, 1),
                (os.POSIX_SPAWN_DUP2, output, 2),
            ],
            setsigmask=(),
            setsid=True,  # a Ctrl-C in the terminal is for us: the servers go when we have gone
        )
    finally:
        os.close(output)


def _last_words(data: Path) -> str:
    lines = (data / "servers.log").read_text(encoding="utf-8", errors="replace").splitlines()
    return lines[-1] if lines else "The embedded servers' supervisor ended without a word."
