"""The supervisor: one process for each data folder, which starts the servers, keeps them up, and stops them when
nobody is left.

Run as `python -m forum.embedded.supervisor DATA` by `attachment`. It talks over a socket: a client says in one line
which servers it needs, is answered in one line of JSON with their addresses or an error, and stays attached until it
closes. To one that shuts down its sending side, the supervisor closes once it has let go of it: at once while others
are attached, else when the servers have stopped.

One thread: the servers are told of the death of the *thread* that started them.
"""

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from forum.embedded.confinement import Account, choose_account
from forum.embedded.folder import EmbeddedError, make_socket_folder, remove_socket_folder, take_lock
from forum.embedded.postgres import Postgres, postgres_home
from forum.embedded.valkey import Valkey

SOCKET_NAME = "supervisor.sock"
RESTARTS_MAX = 5
RESTARTS_WINDOW_S = 600.0
RESTART_PAUSE_S = 0.1
"""Before the first restart; four times as long before each further one."""
START_MAX_S = 60.0
STOP_MAX_S = 3.0
"""How long a server may take to stop cleanly; then it is made to. What was committed is safe either way."""
LOCK_MAX_S = 15.0
FIRST_CLIENT_MAX_S = 5.0
LOOK_EVERY_S = 0.5


class Server(Protocol):
    """What the supervisor must know of a server."""

    name: str
    stop_signal: signal.Signals
    kill_signal: signal.Signals

    def prepare(self, lock: int) -> None: ...
    def command(self) -> list[str]: ...
    def is_ready(self, pid: int) -> bool: ...
    def finish_start(self, lock: int) -> None: ...
    def urls(self) -> dict[str, str]: ...


class Kept:
    """A server that is kept up: started again when it ends, later each time, until it has ended too often."""

    def __init__(self, server: Server, data: Path, account: Account) -> None:
        self.server = server
        self._data = data
        self._account = account
        self._process: subprocess.Popen[bytes] | None = None
        self._restarts: deque[float] = deque()
        self._restart_at: float | None = None

    def start(self) -> None:
        """Returns once the server takes connections; raises EmbeddedError where it does not."""
        server = self.server
        lock = take_lock(self._data / f"{server.name}.lock", LOCK_MAX_S)
        if lock is None:
            raise EmbeddedError(
                f"Another {server.name} still works in {self._data} and does not stop: end it, then start again."
            )
        try:
            server.prepare(lock)
            self._process = subprocess.Popen(
                server.command(),
                stdin=subprocess.DEVNULL,
                env={"LC_ALL": "C", "TZ": "UTC"},
                pass_fds=(lock,),
                preexec_fn=self._account.enter(server.stop_signal),  # noqa: PLW1509  # this process has one thread
            )
            deadline = time.monotonic() + START_MAX_S
            while not server.is_ready(self._process.pid):
                if self._process.poll() is not None:
                    raise EmbeddedError(
                        f"The embedded {server.name} ended while it started; {self._data / 'servers.log'} says why."
                    )
                if time.monotonic() > deadline:
                    raise EmbeddedError(f"The embedded {server.name} did not start within {START_MAX_S:.0f} s.")
                time.sleep(0.01)
            server.finish_start(lock)
        except EmbeddedError:
            self._signal(server.kill_signal)
            self.wait_stopped(time.monotonic() + 1.0)
            raise
        finally:
            os.close(lock)  # the server's own copy is what counts from here on

    def look_after(self) -> float | None:
        """Restarts the server if it has ended and its time has come; returns in how many seconds to look again, if at
        all.

        Raises EmbeddedError when it has ended too often.
        """
        if self._process is not None and self._process.poll() is None:
            return None
        now = time.monotonic()
        if self._restart_at is None:
            self._restart_at = now + self._pause_after_end(now)
        if now < self._restart_at:
            return self._restart_at - now
        self._restart_at = None
        try:
            self.start()
        except EmbeddedError as error:
            say(str(error))
            return 0.0  # to be counted as one more end
        return None

    def _pause_after_end(self, now: float) -> float:
        while self._restarts and self._restarts[0] < now - RESTARTS_WINDOW_S:
            self._restarts.popleft()
        if len(self._restarts) == RESTARTS_MAX:
            raise EmbeddedError(f"The embedded {self.server.name} ended {RESTARTS_MAX + 1} times: giving up.")
        pause_s: float = RESTART_PAUSE_S * 4 ** len(self._restarts)
        self._restarts.append(now)
        say(f"{self.server.name} ended; restart {len(self._restarts)} of at most {RESTARTS_MAX} in {pause_s:.1f} s")
        return pause_s

    def ask_to_stop(self) -> None:
        """Begins to stop the server."""
        self._signal(self.server.stop_signal)

    def wait_stopped(self, deadline: float) -> None:
        """Returns when the server has ended, with force after `deadline` (of time.monotonic)."""
        process = self._process
        if process is None:
            return
        for force in (self.server.kill_signal, signal.SIGKILL):
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.send_signal(force)
                deadline = time.monotonic() + 1.0
        process.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)


class Supervisor:
    """Clients on one side, servers on the other."""

    def __init__(self, data: Path, sockets: Path, account: Account, starter: int) -> None:
        self._data = data
        self._account = account
        self._starter = starter
        self._sockets = sockets
        self._known: dict[str, type[Postgres | Valkey]] = {"postgres": Postgres, "valkey": Valkey}
        self._servers: dict[str, Kept] = {}
        self._clients: set[socket.socket] = set()
        self._path = sockets / SOCKET_NAME
        self._path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self._path))
        self._listener.listen(64)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._stop_asked = False
        self._first_client_by = time.monotonic() + FIRST_CLIENT_MAX_S

    def run(self) -> None:
        """Returns when the servers have stopped."""
        wakeup = self._hear_signals()
        try:
            while not self._stop_asked and (self._clients or self._expects_a_client()):
                pauses = [pause for kept in self._servers.values() if (pause := kept.look_after()) is not None]
                for key, _ in self._selector.select(min(pauses, default=LOOK_EVERY_S)):
                    if key.fileobj is self._listener:
                        self._greet()
                    elif key.fileobj is wakeup:
                        wakeup.recv(4096)
                    elif isinstance(key.fileobj, socket.socket):
                        self._hear(key.fileobj)
        except EmbeddedError as error:
            say(str(error))
            self._tell_all(str(error))
        finally:
            self._stop()

    def _expects_a_client(self) -> bool:
        """Whether the process that started this one may still come."""
        return time.monotonic() < self._first_client_by and os.getppid() == self._starter

    def _tell_all(self, error: str) -> None:
        for client in self._clients:
            with suppress(OSError):  # it has gone as well
                client.sendall(json.dumps({"error": error}).encode() + b"\n")

    def _hear_signals(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setblocking(False)
        self._wakeup_writer = theirs  # kept open
        signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_to_stop)
        self._selector.register(ours, selectors.EVENT_READ)
        return ours

    def _ask_to_stop(self, *_: object) -> None:
        self._stop_asked = True

    def _greet(self) -> None:
        client, _ = self._listener.accept()
        client.settimeout(5.0)
        self._clients.add(client)
        self._first_client_by = 0.0
        self._selector.register(client, selectors.EVENT_READ)

    def _hear(self, client: socket.socket) -> None:
        try:
            line = client.recv(256)
            if line:
                client.sendall(json.dumps(self._answer(line.decode().split())).encode() + b"\n")
        except OSError:
            line = b""
        if not line:
            self._clients.discard(client)
            self._selector.unregister(client)
            if self._clients:
                client.close()
            else:
                self._last_client = client  # closed by the end of this process: it waits for the servers to stop

    def _answer(self, needs: list[str]) -> dict[str, str | int]:
        answer: dict[str, str | int] = {"pid": os.getpid()}
        try:
            for name in needs:
                if name not in self._servers:
                    kept = Kept(self._known[name](self._data, self._sockets, self._account), self._data, self._account)
                    self._servers[name] = kept  # before its start: one that fails half-way is stopped with the others
                    kept.start()
                answer |= self._servers[name].server.urls()
        except (EmbeddedError, OSError, subprocess.SubprocessError) as error:
            say(str(error))
            self._stop_asked = True
            return {"error": str(error)}
        return answer

    def _stop(self) -> None:
        self._listener.close()
        self._path.unlink(missing_ok=True)  # who comes now starts a supervisor of its own, which waits for our lock
        for kept in self._servers.values():
            kept.ask_to_stop()
        deadline = time.monotonic() + STOP_MAX_S
        for kept in self._servers.values():
            kept.wait_stopped(deadline)
        remove_socket_folder(self._data, self._sockets)


def say(sentence: str) -> None:
    """Writes a line to the servers' log."""
    print(
        f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())} supervisor[{os.getpid()}] {sentence}",
        file=sys.stderr,
        flush=True,
    )


def main(data: Path) -> int:
    """The process's life; returns its exit status."""
    os.chdir(data)
    os.umask(0o022)
    starter = os.getppid()
    lock = take_lock(data / "supervisor.lock", LOCK_MAX_S, give_up=lambda: os.getppid() != starter)
    if lock is None:
        return 0  # another supervises this folder
    try:
        account = choose_account(data, postgres_home(data) / "data")
        sockets = make_socket_folder(data, account.uid, account.gid)
        supervisor = Supervisor(data, sockets, account, starter)
    except (EmbeddedError, OSError) as error:
        say(str(error))
        print(error, flush=True)
        return 1
    supervisor.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
