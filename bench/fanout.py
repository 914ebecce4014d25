"""Fan-out: how close the hub comes to a C `send()` loop, and what an idle follower costs.

Compared is the server's own CPU time for a delivery, from the scheduler's accounts: the figure that other load on the
machine disturbs least. `hub_alone.py` is what is measured, `send_loop.c` the reference, with the same bytes.
"""

import json
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench import machine, site
from bench.hub_alone import CHANNEL, FIRST_SEQ, Message
from bench.programs import Programs
from bench.row import Row
from realtime import protocol
from realtime.transport import Frames

REPEATS = 3
WAITING = 16
IDLE_MAX_KIB = 25
PING_EVERY_S = 25


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    followers: int = 1000
    rounds: int = 200
    idle: int = 10_000
    hold_s: int = 60


SHORT = Size(200, 20, 500, 5)


@dataclass(frozen=True)
class _Measured:
    cpu_us: float
    """Server CPU for one delivery."""
    round_us: float
    """From the first byte to the last of the followers, median."""


def _one(programs: Programs, size: Size) -> Row:
    return _fanout("fanout", programs, size, waiting=1, at_least=0.7)


def _backlog(programs: Programs, size: Size) -> Row:
    return _fanout("fanout_backlog", programs, size, waiting=WAITING, at_least=2.0)


def _fanout(name: str, programs: Programs, size: Size, *, waiting: int, at_least: float) -> Row:
    wire = Frames(CHANNEL, FIRST_SEQ, [Message(FIRST_SEQ).encode(protocol.HTML)]).wire
    frames = programs.folder / "frames"
    frames.write_bytes(wire)
    rounds = max(1, size.rounds // (1 if waiting == 1 else 4))
    ours, theirs = [], []
    for _ in range(REPEATS):
        with _hub(waiting) as (pid, port, control):
            ours.append(_measured(programs, size, pid, (port, control), channels=2, rounds=rounds, frames=waiting))
        with _send_loop(programs, waiting) as (pid, port, control):
            theirs.append(_measured(programs, size, pid, (port, control), channels=1, rounds=rounds, frames=waiting))
    hub, loop = _median(ours), _median(theirs)
    ratio = loop.cpu_us / hub.cpu_us
    note = f"{size.followers} followers; a round takes {hub.round_us / 1e3:.1f} ms, C {loop.round_us / 1e3:.1f} ms"
    return Row(
        name, round(hub.cpu_us, 2), "µs of CPU a delivery", round(loop.cpu_us, 2), round(ratio, 2),
        f"ratio ≥ {at_least}", ratio >= at_least, note,
        reason=f"a delivery takes {hub.cpu_us:.1f} µs of the hub, and of the loop in C {loop.cpu_us:.1f} µs",
    )  # fmt: skip


@contextmanager
def _hub(updates: int) -> Iterator[tuple[int, int, int]]:
    port, control = site.free_port(), site.free_port()
    command = [sys.executable, "-m", "bench.hub_alone", str(port), str(control), str(updates)]
    with site.running(command, port) as pid:
        yield pid, port, control


@contextmanager
def _send_loop(programs: Programs, times: int) -> Iterator[tuple[int, int, int]]:
    port, control = site.free_port(), site.free_port()
    command = [str(programs.folder / word) for word in ("send_loop", "frames")]
    command[1:1] = [str(port), str(control)]
    with site.running([*command, str(times)], port) as pid:
        yield pid, port, control


def _measured(
    programs: Programs, size: Size, pid: int, ports: tuple[int, int], *, channels: int, rounds: int, frames: int
) -> _Measured:
    text = json.dumps({"type": "follow", "channels": {CHANNEL: FIRST_SEQ}})
    with programs.followers_saying(ports[0], text, size.followers, channels, ports[1]) as load:
        load.rounds(20, frames)
        before_s = machine.cpu_s([pid])
        median_us = load.rounds(rounds, frames)
        cpu_s = machine.cpu_s([pid]) - before_s
    return _Measured(cpu_s * 1e6 / (rounds * frames * size.followers), median_us)


def _median(several: list[_Measured]) -> _Measured:
    return _Measured(
        statistics.median(one.cpu_us for one in several), statistics.median(one.round_us for one in several)
    )


def _idle(programs: Programs, size: Size) -> Row:
    channels = dict.fromkeys(["network:1", "network:2", "network:3", "network:4", "moderators:1", "room:2"], 0)
    text = json.dumps({"type": "follow", "channels": channels})[:-2] + ', "thread:%d": 0}}'
    with _hub(1) as (pid, port, control):
        before_kib = machine.rss_kib(pid)
        with programs.followers_saying(port, text, size.idle, 8, control) as load:
            each_kib = (machine.rss_kib(pid) - before_kib) / size.idle
            cpu_s = machine.cpu_s([pid])
            pings, lost, _ = load.hold(size.hold_s)
            share = (machine.cpu_s([pid]) - cpu_s) / size.hold_s
    expected = size.idle * (size.hold_s // PING_EVERY_S)
    note = (
        f"{size.idle} followers of 8 channels; in {size.hold_s} s {pings} pings (expected at least {expected}), "
        f"{lost} connections lost, {share:.0%} of a core"
    )
    reached = each_kib <= IDLE_MAX_KIB and not lost and pings >= expected
    return Row("idle_memory", round(each_kib, 1), "KiB a follower", None, None, f"≤ {IDLE_MAX_KIB} KiB", reached, note)


ROWS = {"fanout": _one, "fanout_backlog": _backlog, "idle_memory": _idle}
