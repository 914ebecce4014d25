"""Serving: web processes that share one listening socket, kept up by a parent that does nothing else.

- The parent holds the socket, so that it stays open while processes come and go: what connects meanwhile waits in its
  queue.
- A process that ends is replaced, later each time; one that ends before it was ever ready, at the first start, ends
  it all.
- SIGTERM, SIGINT: the processes stop taking connections, let those go that are kept, finish what is in flight, and end
  within STOP_MAX_S.
- SIGHUP: new processes are started, one after the other, beside those that serve. Once all of them are ready, the old
  ones take no new connection (SIGUSR1 tells them), so that each screen returns once; then they are asked to go, one
  after the other, with a pause in which the screens of one have returned. On a terminal SIGHUP means that the terminal
  has gone, and ends it all like SIGTERM.
- When the parent is killed, the kernel ends the processes.

A process is `python -m forum.serve SOCKET READY PARENT FACTORY`: a fresh interpreter, so that SIGHUP brings new code.
It reads its settings from the environment, with the servers' addresses in it, but never learns the schema owner's.
"""

import asyncio
import logging
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.importer import import_from_string
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from forum import logs
from forum.connections import BoundedProtocol
from forum.embedded.confinement import die_with_parent
from forum.settings import Settings

APPLICATION = "forum.app:create_app"
SOCKET_PROTOCOL = "realtime.transport:SocketProtocol"
FRAME_MAX_BYTES = 16 * 1024
PING_INTERVAL_S = 25.0
REQUESTS_MAX_S = 7.0
"""How long a stopping process waits for requests in flight."""
LET_GO_S = 1.0
"""How long a stopping process waits for clients that keep a connection to ask once more."""
STOP_MAX_S = 10.0
START_MAX_S = 60.0
RESTART_PAUSE_S = 0.25
RESTART_PAUSE_MAX_S = 30.0
RETURN_S = 3.0
"""Within this time the screens of a process that went are back on others."""
STEADY_AFTER_S = 60.0
"""A process that lived this long is not in trouble: the next restart is prompt again."""
BACKLOG = 2048

_HERE = Path(__file__).resolve().parents[1]

log = logging.getLogger(__name__)


class ServeError(Exception):
    """The site cannot be served. Its text is a sentence for the operator."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises ServeError with a sentence where that cannot be."""
    listener = None
    try:
        family, kind, number, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, number)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        if listener is not None:
            listener.close()
        raise ServeError(
            f"Cannot listen on {host} port {port}: {error.strerror}. "
            "Choose another with --port or PORT, or end what has this one."
        ) from error
    return listener


def serve(
    settings: Settings,
    listener: socket.socket,
    application: str = APPLICATION,
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Serves until told to stop. `settings` name the servers (`Servers.settings`); `application` makes an app of them.

    `on_ready` is called once, when all processes take connections. To be called from the main thread. Raises ServeError
    where the processes cannot start.
    """
    Parent(settings, listener, application, on_ready).run()


@dataclass(eq=False)
class Process:
    """One web process, as its parent sees it."""

    popen: subprocess.Popen[bytes]
    ready_pipe: int
    started_at: float
    ready: bool = False
    leaving: bool = False
    takes_none: bool = False
    """Whether it was told to take no new connection."""
    kill_at: float | None = None
    """Set once it was asked to go."""

    def is_late(self, now: float) -> bool:
        """Whether it takes too long to start, or to go."""
        if self.kill_at is not None:
            return now > self.kill_at
        return not self.ready and now > self.started_at + START_MAX_S


class Parent:
    """Starts, watches and replaces the processes. One thread: the kernel watches the thread that started them."""

    def __init__(
        self, settings: Settings, listener: socket.socket, application: str, on_ready: Callable[[], None]
    ) -> None:
        self._settings = settings
        self._listener = listener
        self._application = application
        self._on_ready: Callable[[], None] | None = on_ready
        self._processes: list[Process] = []
        self._stopping = False
        self._was_ready = False
        self._pause_s = RESTART_PAUSE_S
        self._start_at = 0.0
        self._next_goes_at = 0.0

    def run(self) -> None:
        """Returns when all processes have ended."""
        heard = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}
        before = signal.pthread_sigmask(signal.SIG_BLOCK, heard)
        try:
            while self._processes or not self._stopping:
                self._look_after()
                arrived = signal.sigtimedwait(heard, 0.1)
                number = arrived.si_signo if arrived else 0
                if number in {signal.SIGTERM, signal.SIGINT}:
                    self._stop()
                elif number == signal.SIGHUP:
                    self._stop() if os.isatty(0) else self._replace_all()
        finally:
            for process in self._processes:
                process.popen.kill()
                process.popen.wait()
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _look_after(self) -> None:
        now = time.monotonic()
        for process in list(self._processes):
            if not process.ready and _says_ready(process):
                process.ready = self._was_ready = True
            if process.popen.poll() is not None:
                self._bury(process, now)
            elif process.is_late(now):
                process.popen.kill()
        if not self._stopping:
            self._fill_up(now)

    def _fill_up(self, now: float) -> None:
        """Starts what is missing; once all are ready, those that are to leave may go: one, and after a pause the next,
        so that not every screen of the site returns at once.
        """
        current = [process for process in self._processes if not process.leaving]
        leaving = [process for process in self._processes if process.leaving]
        missing = self._settings.processes - len(current)
        if leaving:  # these serve meanwhile, on the same cores
            missing = min(missing, 1) if all(process.ready for process in current) else 0
        if now >= self._start_at:
            current += [self._start() for _ in range(missing)]
        if len(current) < self._settings.processes or not all(process.ready for process in current):
            return
        if self._on_ready is not None:
            self._on_ready()
            self._on_ready = None
        for process in leaving:
            if process.ready and not process.takes_none:
                process.takes_none = True
                process.popen.send_signal(signal.SIGUSR1)
        if leaving and now >= self._next_goes_at and all(process.kill_at is None for process in self._processes):
            self._ask_to_go(leaving[0])
            self._next_goes_at = now + RETURN_S

    def _bury(self, process: Process, now: float) -> None:
        self._processes.remove(process)
        os.close(process.ready_pipe)
        if process.leaving or self._stopping:
            return
        if not self._was_ready:
            raise ServeError("A web process ended before it was ready; what it wrote above says why.")
        if now > process.started_at + STEADY_AFTER_S:
            self._pause_s = RESTART_PAUSE_S
        self._start_at = now + self._pause_s
        status, pause_s = process.popen.returncode, self._pause_s
        log.error("web process %d ended with status %s; the next one in %.2f s", process.popen.pid, status, pause_s)
        self._pause_s = min(self._pause_s * 2, RESTART_PAUSE_MAX_S)

    def _start(self) -> Process:
        ready_pipe, says_ready = os.pipe()
        os.set_blocking(ready_pipe, False)
        descriptors = (self._listener.fileno(), says_ready)
        popen = subprocess.Popen(
            [sys.executable, "-m", "forum.serve", *map(str, descriptors), str(os.getpid()), self._application],
            pass_fds=descriptors,
            env=_environ(self._settings),
        )
        os.close(says_ready)
        process = Process(popen, ready_pipe, time.monotonic())
        self._processes.append(process)
        return process

    def _stop(self) -> None:
        self._stopping = True
        for process in self._processes:
            self._ask_to_go(process)

    def _replace_all(self) -> None:
        """Marks today's processes as leaving; they are asked to go when those that take their place are ready."""
        for process in self._processes:
            process.leaving = True

    def _ask_to_go(self, process: Process) -> None:
        if process.kill_at is None:
            process.kill_at = time.monotonic() + STOP_MAX_S
            process.popen.terminate()


def _says_ready(process: Process) -> bool:
    try:
        return os.read(process.ready_pipe, 1) == b"1"
    except BlockingIOError:
        return False


def _environ(settings: Settings) -> dict[str, str]:
    """Our own environment, with what this process has settled: the servers' addresses, the secret, the command line's
    choices.
    """
    settled = {
        "FORUM_DATA": str(settings.data),
        "DATABASE_URL": settings.database_url or "",
        "DATABASE_OWNER_URL": "",
        "REDIS_URL": settings.redis_url or "",
        "SECRET_KEY": settings.secret_key,
        "BASE_URL": settings.base_url,
        "HOST": settings.host,
        "PORT": str(settings.port),
        "PROCESSES": str(settings.processes),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(_HERE), os.environ.get("PYTHONPATH")))),
    }
    return {**os.environ, **settled}


class Server(uvicorn.Server):
    """uvicorn's server, which tells its parent when it is ready, and the application when it begins to stop."""

    def __init__(self, config: uvicorn.Config, ready_pipe: int, stopping: asyncio.Event | None) -> None:
        super().__init__(config)
        self._ready_pipe = ready_pipe
        self._stopping = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts, then says so."""
        await super().startup(sockets)
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self._take_none)
        if self.started:
            os.write(self._ready_pipe, b"1")
            os.close(self._ready_pipe)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tells who waits for something new (long polls) that nothing will come, lets clients go, then stops."""
        if self._stopping is not None:
            self._stopping.set()
        await self._let_go()
        await super().shutdown(sockets)

    def _take_none(self) -> None:
        for server in self.servers:
            server.close()

    async def _let_go(self) -> None:
        """Take no new connection, and say with the next answer on each that it is the last.

        To close a connection that is kept would lose the request that its client is just sending (RFC 9112, 9.5); those
        on which nothing comes for a second are closed all the same.
        """
        self._take_none()
        state = self.server_state
        state.default_headers = [*state.default_headers, (b"connection", b"close")]
        end_s = time.monotonic() + LET_GO_S
        while time.monotonic() < end_s:  # uvicorn has no event for it
            if not any(isinstance(each, HttpToolsProtocol) for each in state.connections):
                return
            await asyncio.sleep(0.02)


def config_for(application: Any, settings: Settings) -> uvicorn.Config:
    """How uvicorn serves the application: what it checks, what it limits, what it keeps quiet about."""
    return uvicorn.Config(
        application,
        loop="uvloop",
        http=BoundedProtocol,
        ws=import_from_string(SOCKET_PROTOCOL),
        ws_max_size=FRAME_MAX_BYTES,
        ws_ping_interval=PING_INTERVAL_S,
        ws_ping_timeout=PING_INTERVAL_S,
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=[str(network) for network in settings.trusted_proxies],
        timeout_keep_alive=15,
        timeout_graceful_shutdown=int(REQUESTS_MAX_S),
        backlog=BACKLOG,
    )


def allow_files() -> None:
    """As many open files, and so connections, as this process may allow itself: a shell's own limit is often 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main(arguments: list[str], environ: Mapping[str, str]) -> None:
    """The life of one web process."""
    listener, ready_pipe, parent, factory = int(arguments[0]), int(arguments[1]), int(arguments[2]), arguments[3]
    die_with_parent(parent, signal.SIGTERM)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a closed terminal is the parent's business
    allow_files()
    settings = Settings.from_environ(environ)
    logs.configure(settings.log_level)
    application = import_from_string(factory)(settings)
    stopping = getattr(application.state, "stopping", None)
    server = Server(config_for(application, settings), ready_pipe, stopping)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])  # the parent's was inherited; until here a signal waits
    server.run([socket.socket(fileno=listener)])


if __name__ == "__main__":
    main(sys.argv[1:], os.environ)
