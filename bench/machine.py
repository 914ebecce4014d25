"""The machine: which core a program stays on, how busy the cores are, and how long the disk takes to flush."""

import os
import statistics
import time
from pathlib import Path
from typing import Self

from bench.row import Row

SERVER_CORE, LOAD_CORE = 0, 1
FULL = 0.9
"""From this share on a core is what bounds a figure."""


def pinned(core: int) -> list[str]:
    """What to put before a command so that it stays on a core; nothing on a machine with one."""
    return ["taskset", "-c", str(core)] if (os.cpu_count() or 1) > 1 else []


class Busy:
    """How busy the server's core and the load's were while its blocks ran, from the kernel's accounts."""

    def __init__(self) -> None:
        self._busy = [0, 0]
        self._whole = [0, 0]

    def __enter__(self) -> Self:
        self._before = _ticks()
        return self

    def __exit__(self, *_: object) -> None:
        for core, ((busy, whole), (busy_before, whole_before)) in enumerate(zip(_ticks(), self._before, strict=True)):
            self._busy[core] += busy - busy_before
            self._whole[core] += whole - whole_before

    @property
    def server(self) -> float:
        """The share of the server's core, 0 to 1."""
        return self._busy[SERVER_CORE] / max(1, self._whole[SERVER_CORE])

    @property
    def load(self) -> float:
        """The share of the core of Postgres, Valkey and the load, 0 to 1."""
        return self._busy[LOAD_CORE] / max(1, self._whole[LOAD_CORE])

    def __str__(self) -> str:
        return f"the server's core {self.server:.0%} busy, that of Postgres and the load {self.load:.0%}"

    @property
    def bound(self) -> str:
        """What bounds the figure, as far as the cores can tell."""
        if self.server >= FULL:
            return f"the server's core is full ({self.server:.0%})"
        if self.load >= FULL:
            return f"the core of Postgres and the load is full ({self.load:.0%})"
        return f"neither core is full ({self.server:.0%}, {self.load:.0%}): it waits for the disk, a lock or an answer"


def _ticks() -> list[tuple[int, int]]:
    """Busy and all ticks of the two cores; of one core twice on a machine with one."""
    ticks = []
    for line in Path("/proc/stat").read_text(encoding="ascii").splitlines():
        if line.startswith("cpu") and line[3].isdigit():
            user, nice, system, idle, io_wait, *rest = map(int, line.split()[1:9])
            busy = user + nice + system + sum(rest)
            ticks.append((busy, busy + idle + io_wait))
    return [ticks[SERVER_CORE], ticks[min(LOAD_CORE, len(ticks) - 1)]]


def cpu_s(pids: list[int]) -> float:
    """The CPU time that these processes have had, in seconds, from the scheduler's accounts."""
    tasks = [task for pid in pids for task in Path(f"/proc/{pid}/task").iterdir()]
    return sum(int((task / "schedstat").read_text(encoding="ascii").split()[0]) for task in tasks) / 1e9


def rss_kib(pid: int) -> int:
    """The resident memory of a process, in KiB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def described() -> str:
    """The machine, in words."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "an unnamed processor")
    return f"{os.cpu_count()} cores of {model}"


def flush(folder: Path) -> Row:
    """One fsync of 8 kB on the disk that the database stands on."""
    load = os.getloadavg()[0]
    took_ms = []
    with (folder / "flush").open("wb", buffering=0) as file:
        for _ in range(50):
            file.write(bytes(8192))
            begun = time.perf_counter()
            os.fsync(file.fileno())
            took_ms.append((time.perf_counter() - begun) * 1e3)
    note = f"one fsync of 8 kB, median of 50; the machine's load average was {load:.1f} when the bench began"
    return Row("flush", round(statistics.median(took_ms), 3), "ms", None, None, "none", True, note)
