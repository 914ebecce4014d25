"""Fan-out: how close the hub comes to a C `send()` loop, and what an idle follower costs.

    python -m bench.fanout [--followers 1000] [--idle 10000] [--hold-s 60]

Rows: `fanout` (one frame to a thousand followers), `fanout_backlog` (sixteen that wait), `idle_memory`. The server runs
on core 0, the followers (`follow.c`) on core 1. What is compared is the server's own CPU time for a delivery, from the
scheduler's accounts: the figure that other load on the machine disturbs least. The hub, the server and the frames are
the product's; the log is in memory, so that nothing but delivery is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import HTTPConnection

from realtime import protocol
from realtime.endpoint import Live
from realtime.memory_bus import MemoryBus
from realtime.source import Batch, Caller, Head
from realtime.transport import Frames

HERE = Path(__file__).parent
CHANNEL = "room:1"
HTML = (
    '<li class="message" id="message-77" data-id="77" data-author="7" data-version="1" data-grouped>'
    '<img class="avatar" src="/static/avatars/7.svg" alt="" width="32" height="32"><div class="head">'
    '<a class="name" href="/members/7">Ruth Castellane</a><time datetime="2026-11-23T09:02:00Z">09:02</time></div>'
    '<div class="body"><p>Has anyone moved the e-referral feed to the new gateway yet? Ours drops about one in four '
    "hundred, and the supplier says it is our proxy. I would like to compare notes before the call on Thursday.</p>"
    '</div><footer><a href="/networks/london/room?reply=77">Reply</a></footer></li>'
)  # fmt: skip
ROUNDS = 200
BACKLOG_ROUNDS = 60
BACKLOG = 16
REPEATS = 3


@dataclass(frozen=True)
class Row:
    """One line of the bench's table."""

    name: str
    value: float
    unit: str
    reference: float | None
    ratio: float | None
    target: str
    reached: bool
    note: str


class _Update:
    """A message of the room, rendered already."""

    kind = "message.created"
    id = 77

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self._text = protocol.encode_update(CHANNEL, seq, self.kind, self.id, version=1, html=HTML)

    def encode(self, _: str) -> bytes:
        return self._text


class _Source:
    """A log in memory that anybody may follow; it keeps the last hundred updates."""

    def __init__(self) -> None:
        self.updates: list[_Update] = []
        self.head = 10**6

    def write(self, count: int) -> int:
        for _ in range(count):
            self.head += 1
            self.updates.append(_Update(self.head))
        del self.updates[:-100]
        return self.head

    async def may_follow(self, members: list[int | None], _channel: str) -> set[int | None]:
        return set(members)

    async def may_follow_many(self, _member: int | None, channels: list[str]) -> set[str]:
        return set(channels)

    async def ended(self, _sessions: list[int]) -> set[int]:
        return set()

    async def read(self, channel: str, after: int, limit: int) -> Batch:
        if channel != CHANNEL:
            return Batch(0, 0, "bench", 0, [])
        return Batch(self.head, 0, "bench", self.head - 100, [u for u in self.updates if u.seq > after][:limit])

    async def heads(self, channels: list[str]) -> dict[str, Head]:
        return {CHANNEL: Head(self.head, 0)} if CHANNEL in channels else {}


async def _identify(connection: HTTPConnection) -> Caller:
    member = int(connection.headers["authorization"].removeprefix("Bearer "))
    return Caller(member, member)


async def _names(_: object) -> dict[int, str]:
    return {}


class _Control(asyncio.Protocol):
    def __init__(self, live: Live, source: _Source, count: int) -> None:
        self.live, self.source, self.count = live, source, count

    def data_received(self, data: bytes) -> None:
        for _ in data:
            self.live.wake([(CHANNEL, self.source.write(self.count))])


async def _serve(port: int, control_port: int, count: int) -> None:
    source = _Source()
    source.write(1)
    live = Live(source, _identify, _names, MemoryBus())
    app = Starlette(routes=live.routes())
    await live.start()
    control = await asyncio.get_running_loop().create_server(
        lambda: _Control(live, source, count), "127.0.0.1", control_port
    )
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, ws="realtime.transport:SocketProtocol", ws_ping_interval=25,
        ws_per_message_deflate=False, ws_max_size=protocol.MAX_FRAME_BYTES, log_level="warning", lifespan="off",
    )  # fmt: skip
    await uvicorn.Server(config).serve()
    control.close()
    await live.stop()


# Measuring


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _cpu_s(pid: int) -> float:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def _rss_kib(pid: int) -> int:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1])


def _pinned(core: int) -> list[str]:
    # A machine with one core still gets figures; they are worse for both sides.
    return ["taskset", "-c", str(core)] if len(os.sched_getaffinity(0)) > 1 and shutil.which("taskset") else []


@contextlib.contextmanager
def _running(command: list[str], port: int) -> Iterator[int]:
    process = subprocess.Popen([*_pinned(0), *command])
    try:
        _await_port(port, process)
        yield process.pid
    finally:
        process.kill()
        process.wait()


def _await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.1):
            return
    raise RuntimeError(f"the server ended with {process.returncode}")


class _Followers:
    """The load: `follow.c`, which does as it is told."""

    def __init__(self, binary: Path, ports: tuple[int, int], count: int, ready_frames: int, text: str) -> None:
        command = [*_pinned(1), str(binary), *map(str, ports), str(count), str(ready_frames), text]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._answer()

    def tell(self, line: str) -> list[float]:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return [float(word) for word in self._answer().split()]

    def _answer(self) -> str:
        assert self._process.stdout is not None
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("the followers lost their server")
        return answer

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


@dataclass(frozen=True)
class _Measured:
    cpu_us: float
    """Server CPU for one delivery, in microseconds."""
    round_us: float
    """From the first byte to the last of the followers, median, in microseconds."""


def _measure(command: list[str], binary: Path, followers: int, *, ready_frames: int, rounds: int) -> _Measured:
    port, control_port, frames = int(command[-4]), int(command[-3]), int(command[-1])
    with _running(command, port) as pid:
        text = json.dumps(_follow_text({CHANNEL: 10**6 + 1}))
        load = _Followers(binary, (port, control_port), followers, ready_frames, text)
        try:
            load.tell(f"round 20 {frames}")
            before = _cpu_s(pid)
            median_us, _ = load.tell(f"round {rounds} {frames}")
            return _Measured((_cpu_s(pid) - before) * 1e6 / (rounds * frames * followers), median_us)
        finally:
            load.end()


def _follow_text(channels: dict[str, int]) -> dict[str, object]:
    return {"type": "follow", "channels": channels}


def _fanout(binaries: Path, followers: int, waiting: int, rounds: int) -> tuple[_Measured, _Measured]:
    """Return what the hub and the C loop need, medians of several turns taken one after the other."""
    frames_file = binaries / "frames"
    frames_file.write_bytes(Frames(CHANNEL, 1, [_Update(10**6 + 1).encode(protocol.HTML)]).wire)
    ours, theirs = [], []
    for _ in range(REPEATS):
        port, control = str(_free_port()), str(_free_port())
        hub = [sys.executable, "-m", "bench.fanout", "serve", port, control, "-", str(waiting)]
        # Two frames make a follower ready: `following` for its own channel, and for the room.
        ours.append(_measure(hub, binaries / "follow", followers, ready_frames=2, rounds=rounds))
        port, control = str(_free_port()), str(_free_port())
        loop = [str(binaries / "send_loop"), port, control, str(frames_file), str(waiting)]
        theirs.append(_measure(loop, binaries / "follow", followers, ready_frames=1, rounds=rounds))
    return _median(ours), _median(theirs)


def _median(several: list[_Measured]) -> _Measured:
    return _Measured(
        statistics.median(one.cpu_us for one in several), statistics.median(one.round_us for one in several)
    )


def _fanout_row(name: str, binaries: Path, followers: int, *, waiting: int, rounds: int, at_least: float) -> Row:
    ours, theirs = _fanout(binaries, followers, waiting, rounds)
    ratio = theirs.cpu_us / ours.cpu_us
    note = f"{followers} followers; a round takes {ours.round_us / 1e3:.1f} ms, C {theirs.round_us / 1e3:.1f} ms"
    return Row(
        name, round(ours.cpu_us, 2), "µs of CPU a delivery", round(theirs.cpu_us, 2), round(ratio, 2),
        f"ratio ≥ {at_least}", ratio >= at_least, note,
    )  # fmt: skip


def _idle_row(binaries: Path, followers: int, hold_s: int) -> Row:
    port, control = str(_free_port()), str(_free_port())
    channels = dict.fromkeys(["network:1", "network:2", "network:3", "network:4", "moderators:1", "room:2"], 0)
    text = json.dumps(_follow_text(channels))[:-2] + ', "thread:%d": 0}}'
    with _running([sys.executable, "-m", "bench.fanout", "serve", port, control, "-", "1"], int(port)) as pid:
        before_kib = _rss_kib(pid)
        load = _Followers(binaries / "follow", (int(port), int(control)), followers, 8, text)
        try:
            each_kib = (_rss_kib(pid) - before_kib) / followers
            cpu_s = _cpu_s(pid)
            pings, lost = load.tell(f"hold {hold_s}")
            share = (_cpu_s(pid) - cpu_s) / hold_s
        finally:
            load.end()
    expected = followers * (hold_s // 25)
    note = (
        f"{followers} followers of 8 channels; in {hold_s} s {pings:.0f} pings (expected at least {expected}), "
        f"{lost:.0f} connections lost, {share:.0%} of a core"
    )
    reached = each_kib <= 25 and not lost and pings >= expected
    return Row("idle_memory", round(each_kib, 1), "KiB a follower", None, None, "≤ 25 KiB", reached, note)


def rows(followers: int = 1000, idle: int = 10_000, hold_s: int = 60) -> list[Row]:
    """Measure, and return the rows of this module."""
    with tempfile.TemporaryDirectory(prefix="forum-bench-") as folder:
        binaries = Path(folder)
        for name in ("send_loop", "follow"):
            subprocess.run(["gcc", "-O2", "-o", str(binaries / name), str(HERE / f"{name}.c")], check=True)
        return [
            _fanout_row("fanout", binaries, followers, waiting=1, rounds=ROUNDS, at_least=0.7),
            _fanout_row("fanout_backlog", binaries, followers, waiting=BACKLOG, rounds=BACKLOG_ROUNDS, at_least=2.0),
            _idle_row(binaries, idle, hold_s),
        ]


def main() -> None:
    """Measure and print; or be the server that is measured."""
    if sys.argv[1:2] == ["serve"]:
        port, control_port, count = (int(sys.argv[at]) for at in (2, 3, 5))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(port, control_port, count))
        return
    parser = argparse.ArgumentParser(description="Fan-out against a C send() loop, and the memory of idle followers.")
    parser.add_argument("--followers", type=int, default=1000)
    parser.add_argument("--idle", type=int, default=10_000)
    parser.add_argument("--hold-s", type=int, default=60)
    chosen = parser.parse_args()
    for row in rows(chosen.followers, chosen.idle, chosen.hold_s):
        print(json.dumps(asdict(row), ensure_ascii=False))


if __name__ == "__main__":
    main()
