"""The load: `ask.c`, whose connections ask and ask again, and `follow.c`, a thousand screens in one thread.

They are in C so that what they cost on the second core, which Postgres shares, is small. The heads of the files say how
they are used.
"""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import machine

HERE = Path(__file__).parent
NAMES = ("ask", "follow", "send_loop")


@dataclass(frozen=True)
class Request:
    """What is asked; {c}, {i} and {r} stand for the connection, the request and the numbers `across` in turn."""

    path: str
    method: str = "GET"
    headers: str = ""
    body: str = ""
    across: tuple[int, int] = (1, 1)


@dataclass(frozen=True)
class Answers:
    """What came of it. Times in milliseconds, those of refusals too."""

    count: int
    """How many were 2xx."""
    per_s: float
    p50_ms: float
    p99_ms: float
    longest_ms: float
    refused: int
    """How many were 503."""


class Programs:
    """The programs, built into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in NAMES:
            command = ["gcc", "-O2", "-o", str(folder / name), str(HERE / f"{name}.c")]
            subprocess.run(command, check=True)

    def ask(self, port: int, request: Request, *, connections: int, seconds: float) -> Answers:
        """Ask for so long. Raises RuntimeError at the first answer that is neither 2xx nor 503."""
        command = self._asking(port, request, connections, seconds, 0)
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        return _answers(request, done.returncode, done.stdout, done.stderr)

    @contextmanager
    def asking(self, port: int, request: Request, *, connections: int, pause_ms: int) -> Iterator[list[Answers]]:
        """Ask while the block runs; its list has the answers afterwards."""
        command = self._asking(port, request, connections, 600, pause_ms)
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        answers: list[Answers] = []
        try:
            yield answers
        finally:
            process.terminate()
            printed, said = process.communicate()
        answers.append(_answers(request, process.returncode, printed, said))

    def _asking(self, port: int, request: Request, connections: int, seconds: float, pause_ms: int) -> list[str]:
        first, last = request.across
        options = ["-c", connections, "-s", seconds, "-p", pause_ms, "-m", request.method, "-r", f"{first}-{last}"]
        if request.headers:
            options += ["-h", request.headers]
        if request.body:
            options += ["-b", request.body]
        command = [*machine.pinned(machine.LOAD_CORE), self.folder / "ask", *options, port, request.path]
        return [str(word) for word in command]

    @contextmanager
    def followers(
        self, port: int, channels: Mapping[str, int], count: int, *, control_port: int | None = None
    ) -> Iterator["Followers"]:
        """So many screens that follow these channels from their cursors on; they end with the block.

        Each follows its member's own channel too. The `control_port` is where `round` and `write` go, if elsewhere.
        """
        text = json.dumps({"type": "follow", "channels": dict(channels)})
        with self.followers_saying(port, text, count, len(channels) + 1, control_port or port) as followers:
            yield followers

    @contextmanager
    def followers_saying(
        self, port: int, text: str, count: int, channels: int, control_port: int
    ) -> Iterator["Followers"]:
        """The same, with the text that each says, and how many channels it is then to be told that it follows."""
        words = [self.folder / "follow", port, control_port, count, channels, text]
        command = [*machine.pinned(machine.LOAD_CORE), *map(str, words)]
        pipe = subprocess.PIPE
        followers = Followers(subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True))
        try:
            followers.await_ready()
            yield followers
        finally:
            followers.end()


def _answers(request: Request, status: int, printed: str, said: str) -> Answers:
    if status:
        raise RuntimeError(f"{request.method} {request.path}: {said.strip()}")
    answers, _, took_s, p50_us, p99_us, longest_us, refused = map(float, printed.split())
    count = int(answers - refused)
    return Answers(count, count / took_s, p50_us / 1e3, p99_us / 1e3, longest_us / 1e3, int(refused))


@dataclass(frozen=True)
class Delivered:
    """From the request, and from its answer, to the last of the screens. Milliseconds."""

    p50_ms: float
    p99_ms: float
    answered_p50_ms: float
    answered_p99_ms: float


class Followers:
    """Screens, which do as they are told."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def await_ready(self) -> None:
        """Return when all follow."""
        self._hear()

    def rounds(self, rounds: int, frames: int) -> float:
        """Have `frames` updates delivered to each, `rounds` times; the median round in microseconds."""
        return self._tell(f"round {rounds} {frames}")[0]

    def write(
        self, requests: Sequence[bytes], *, every_ms: int, kind: str, folder: Path, updates: int = 1
    ) -> Delivered:
        """Send the requests one after the other, and wait until each screen has the updates of each: so many of a kind
        that ends like this.
        """
        file = folder / f"requests-{os.getpid()}"
        file.write_bytes(b"".join(request + b"\0" for request in requests))
        took_us = self._tell(f"write {len(requests)} {every_ms} {file} {kind} {updates}")
        return Delivered(*(each / 1e3 for each in took_us))

    def leave(self) -> None:
        """Close all."""
        self._tell("leave")

    def come_back(self, updates: int) -> tuple[float, float, int]:
        """Open all at once with their first cursors, and wait until each has so many updates.

        Returns the seconds until the last was caught up, and until the median one, and how often one was closed on: it
        comes again a second later.
        """
        last_us, median_us, closed = self._tell(f"again {updates}")
        return last_us / 1e6, median_us / 1e6, int(closed)

    def hold(self, seconds: int) -> tuple[int, int, int]:
        """Listen for so long: how many pings came, how many connections were lost, how many updates came."""
        pings, lost, updates = self._tell(f"hold {seconds}")
        return int(pings), int(lost), int(updates)

    def end(self) -> None:
        """Let go."""
        self._process.kill()
        self._process.communicate()

    def _tell(self, line: str) -> list[float]:
        self.say(line)
        return [float(word) for word in self._hear().split()]

    def say(self, line: str) -> None:
        """Give an order, and do not wait for its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _hear(self) -> str:
        assert self._process.stdout is not None
        answer = self._process.stdout.readline()
        if not answer:
            _, said = self._process.communicate()
            raise RuntimeError(f"the followers gave up: {said.strip()}")
        return answer


def request(port: int, method: str, path: str, *, token: int, body: Mapping[str, object], key: str = "") -> bytes:
    """A request as it goes over the wire, with a Bearer token of the bench's content."""
    content = json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Authorization: Bearer {token}"]
    if key:
        lines.append(f"Idempotency-Key: {key}")
    lines += ["Content-Type: application/json", f"Content-Length: {len(content)}", "", ""]
    return "\r\n".join(lines).encode() + content
