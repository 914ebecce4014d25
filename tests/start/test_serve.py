"""Serving: processes share a socket, are replaced when they die, finish what they began, and go with their parent."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import websockets

from forum.serve import FRAME_MAX_BYTES, RETURN_S, STOP_MAX_S, ServeError, listen

pytestmark = pytest.mark.faults  # each starts processes of its own, and most of them end or kill some

ROOT = Path(__file__).resolve().parents[2]
SERVE = """
import os, sys
from forum import logs
from forum.serve import ServeError, listen, serve
from forum.settings import Settings
logs.configure("info")
listener = listen("127.0.0.1", 0)
print(listener.getsockname()[1], flush=True)
try:
    serve(Settings.from_environ(os.environ), listener, sys.argv[1])
except ServeError as error:
    print(error, flush=True)
"""


class Site:
    """A parent and its processes, on a free port."""

    def __init__(self, folder: Path, factory: str = "create_app", **environ: str) -> None:
        settings = {
            "FORUM_DATA": str(folder),
            "DATABASE_URL": "postgresql://forum@db/forum",
            "DATABASE_OWNER_URL": "postgresql://owner@db/forum",
            "REDIS_URL": "redis://cache",
            "SECRET_KEY": "s" * 32,
            "PROCESSES": "2",
        }
        self.log = folder / "log"
        with self.log.open("w") as log:
            self.parent = subprocess.Popen(
                [sys.executable, "-c", SERVE, f"tests.start.tiny_app:{factory}"],
                cwd=ROOT,
                env={**os.environ, **settings, **environ},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.parent.stdout
        self.address = f"127.0.0.1:{self.parent.stdout.readline().strip()}"

    async def who(self, **headers: str) -> dict[str, object]:
        """The answer of whichever process takes the connection."""
        async with httpx.AsyncClient() as client:
            answer: dict[str, object] = (await client.get(f"http://{self.address}/who", headers=headers)).json()
        return answer

    async def everyone(self) -> set[int]:
        """The processes' ids, once both answer."""
        found: set[int] = set()
        async with asyncio.timeout(20):
            while len(found) < 2:
                answers = await asyncio.gather(*(self.who() for _ in range(8)))
                found = {int(str(answer["pid"])) for answer in answers} | {pid for pid in found if alive(pid)}
        return found

    def children(self) -> set[int]:
        """The processes' ids, as the kernel knows them."""
        parent = self.parent.pid
        return {int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()}

    def ended(self) -> int:
        return self.parent.wait(STOP_MAX_S + 2)


def alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    close(site)


def close(site: Site) -> None:
    site.parent.terminate()
    site.ended()
    assert site.parent.stdout
    site.parent.stdout.close()


async def test_two_processes_share_the_port(site: Site) -> None:
    assert len(await site.everyone()) == 2


async def test_they_never_learn_the_owner_s_address(site: Site) -> None:
    assert (await site.who())["owner"] == "postgresql://forum@db/forum"


async def test_a_request_in_flight_is_finished(site: Site) -> None:
    await site.everyone()
    async with httpx.AsyncClient(timeout=10) as client:
        asked = asyncio.create_task(client.get(f"http://{site.address}/slow"))
        polled = asyncio.create_task(client.get(f"http://{site.address}/poll"))
        await until(lambda: connections(site.address) >= 2)

        began = time.monotonic()
        site.parent.terminate()

        assert (await asked).text == "finished"
        assert (await polled).text == "nothing new"
    await asyncio.to_thread(site.ended)
    assert time.monotonic() - began < STOP_MAX_S


async def test_a_connection_that_is_kept_is_let_go_with_an_answer(site: Site) -> None:
    await site.everyone()
    who = f"http://{site.address}/who"
    async with contextlib.AsyncExitStack() as stack:
        polling, *clients = [await stack.enter_async_context(httpx.AsyncClient(timeout=10)) for _ in range(9)]
        for client in clients:
            assert (await client.get(who)).headers.get("connection") != "close"
        polls = [asyncio.create_task(polling.get(f"http://{site.address}/poll")) for _ in range(8)]
        await until(lambda: connections(site.address) >= 16)
        site.parent.terminate()
        await asyncio.gather(*polls)  # they are answered when their process begins to stop: of the two, perhaps one
        for client in clients:
            async with asyncio.timeout(STOP_MAX_S):
                while (answer := await client.get(who)).headers.get("connection") != "close":
                    assert answer.status_code == 200
            assert answer.status_code == 200


async def test_sockets_are_told_to_come_back(site: Site) -> None:
    await site.everyone()
    async with websockets.connect(f"ws://{site.address}/live") as socket:
        await socket.send("hello")
        assert await socket.recv() == "5"

        site.parent.terminate()

        await socket.wait_closed()
        assert socket.close_code == 1012


async def test_a_frame_that_is_too_big_closes_the_socket(site: Site) -> None:
    async with websockets.connect(f"ws://{site.address}/live", compression="deflate") as socket:
        assert not socket.protocol.extensions
        await socket.send("x" * FRAME_MAX_BYTES)
        assert await socket.recv() == str(FRAME_MAX_BYTES)

        await socket.send("x" * (FRAME_MAX_BYTES + 1))

        await socket.wait_closed()
        assert socket.close_code == 1009


@pytest.mark.faults
async def test_a_killed_process_is_replaced(site: Site) -> None:
    before = await site.everyone()
    victim = min(before)

    os.kill(victim, signal.SIGKILL)

    after = await site.everyone()
    await until(lambda: not alive(victim))
    async with asyncio.timeout(20):
        while victim in after or len(after) < 2:
            after = await site.everyone()
    assert len(after & before) == 1


@pytest.mark.faults
async def test_a_killed_parent_takes_them_with_it(site: Site) -> None:
    processes = await site.everyone()

    site.parent.kill()

    await until(lambda: not any(alive(pid) for pid in processes))


async def test_sighup_replaces_all_and_refuses_nobody(site: Site) -> None:
    before = await site.everyone()

    site.parent.send_signal(signal.SIGHUP)

    async with asyncio.timeout(20):
        while any(alive(pid) for pid in before):
            await site.who()
    assert not await site.everyone() & before


async def test_those_that_go_take_nobody_and_wait_for_each_other(site: Site) -> None:
    """A screen is cut off once, and finds a process that is not full of those who were cut off just before."""
    before = await site.everyone()
    async with contextlib.AsyncExitStack() as stack:
        open_: dict[int, websockets.ClientConnection] = {}
        while len(open_) < len(before):
            socket = await stack.enter_async_context(websockets.connect(f"ws://{site.address}/live"))
            assert socket.response
            open_.setdefault(int(socket.response.headers["pid"]), socket)

        site.parent.send_signal(signal.SIGHUP)

        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            closing = [group.create_task(_closed_at(socket)) for socket in open_.values()]
            await asyncio.wait(closing, return_when=asyncio.FIRST_COMPLETED)
            new = site.children() - before
            for pid in new:
                os.kill(pid, signal.SIGSTOP)
            asked = group.create_task(site.who())
            answered, _ = await asyncio.wait({asked}, timeout=0.5)
            for pid in new:
                os.kill(pid, signal.SIGCONT)
            assert not answered
            assert (await asked)["pid"] in new
            first, second = sorted([await each for each in closing])
    assert second - first > RETURN_S * 0.9


async def _closed_at(socket: websockets.ClientConnection) -> float:
    await socket.wait_closed()
    assert socket.close_code == 1012
    return time.monotonic()


async def test_a_taken_port_is_a_sentence(site: Site) -> None:
    host, port = site.address.split(":")
    with pytest.raises(ServeError, match=rf"^Cannot listen on 127.0.0.1 port {port}: .* --port"):
        listen(host, int(port))


async def test_an_application_that_cannot_start_ends_it_all(tmp_path: Path) -> None:
    site = Site(tmp_path, "create_broken_app")
    assert site.parent.stdout
    said = await asyncio.to_thread(site.parent.stdout.read)
    close(site)

    assert "ended before it was ready" in said
    assert "builtins" not in site.log.read_text()
    assert "RuntimeError in create_broken_app (tests/start/tiny_app.py:" in site.log.read_text()
    assert "unspeakable" not in site.log.read_text()


async def test_errors_are_logged_without_their_words(site: Site) -> None:
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"http://{site.address}/broken?unspeakable")).status_code == 500

    await until(lambda: "ValueError in broken" in site.log.read_text())
    assert "unspeakable" not in site.log.read_text()


async def test_only_trusted_proxies_speak_for_others(site: Site, tmp_path: Path) -> None:
    forwarded = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"}
    assert (await site.who(**forwarded))["client"] == "127.0.0.1"

    (tmp_path / "behind").mkdir()
    behind = Site(tmp_path / "behind", TRUSTED_PROXIES="127.0.0.0/8")
    answer = await behind.who(**forwarded)
    close(behind)
    assert (answer["client"], answer["scheme"]) == ("192.0.2.7", "https")


def test_a_process_takes_as_many_files_as_it_may() -> None:
    few = (
        "import resource as r; from forum.serve import allow_files; most = r.getrlimit(r.RLIMIT_NOFILE)[1]; "
        "r.setrlimit(r.RLIMIT_NOFILE, (256, most)); allow_files(); print(r.getrlimit(r.RLIMIT_NOFILE) == (most, most))"
    )
    run = subprocess.run([sys.executable, "-c", few], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout == "True\n"


def connections(address: str) -> int:
    """How many connections to this address the kernel holds."""
    port = f":{int(address.split(':')[1]):04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(port) and row[3] == "01" for row in rows)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  # what is waited for happens in other processes
            await asyncio.sleep(0.02)
