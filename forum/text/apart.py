"""A process of its own that renders long texts: in a thread, the Markdown parser keeps the interpreter from the loop.

`python -m forum.text` is the other side: it reads what it is asked from its standard input, answers on its standard
output, and ends when its input does, so it outlives nobody, however they end.
"""

import asyncio
import atexit
import functools
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

import msgspec

from forum.errors import TooMany
from forum.text.rendering import Rendered, render

LENGTH_BYTES: Final = 4
APART_FROM_CHARS: Final = 1_024
ANSWER_MAX_S: Final = 10.0
"""Then the process is taken for frozen, and killed."""
MAX_WAITING: Final = 32
"""Long texts of one member that wait at once."""
_ROOT: Final = Path(__file__).parents[2]


class Asked(msgspec.Struct):
    """A text to be rendered."""

    body: str
    quoting: bool


class Apart:
    """The process, from where it is asked. Begun when it is first needed; begun anew where it has ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def render(self, body: str, *, quoting: bool = True) -> Rendered:
        """`forum.text.render`, elsewhere: this thread waits, and holds nothing up. One text after another."""
        asked = msgspec.json.encode(Asked(body, quoting))
        with self._lock:
            for _ in range(2):
                try:
                    return msgspec.json.decode(self._answer(asked), type=Rendered)
                except (OSError, EOFError):
                    self.end()
        # It cannot be begun, or ends or freezes again and again: better slowly than not at all.
        return render(body, quoting=quoting)

    def _answer(self, asked: bytes) -> bytes:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "forum.text"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_ROOT,
                start_new_session=True,  # an interrupt at the terminal is for the server, which then lets go of it
            )  # fmt: skip
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise EOFError
        late = threading.Timer(ANSWER_MAX_S, process.kill)
        late.daemon = True
        late.start()
        try:
            write(process.stdin, asked)
            return read(process.stdout)
        finally:
            late.cancel()

    def end(self) -> None:
        """End the process; the next text begins another."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in filter(None, (process.stdin, process.stdout)):
                with suppress(OSError):  # what nobody reads any more
                    pipe.close()


_APART = Apart()
atexit.register(_APART.end)


_thread = ThreadPoolExecutor(1, thread_name_prefix="text")


@dataclass(slots=True)
class _Own:
    """The long texts of one member that are not done."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    texts: int = 0


_own: dict[int, _Own] = {}


async def render_async(body: str, *, whose: int | None, quoting: bool = True) -> Rendered:
    """`render`, elsewhere where the body is long enough to hold the event loop up. Nobody waits with a connection.

    `whose` is the member who wants it. Their texts wait for each other, so whoever sends many keeps nobody else waiting
    for more than one of them. Raises TooMany where too many of theirs wait already.
    """
    if len(body) < APART_FROM_CHARS:
        return render(body, quoting=quoting)
    async with _turn_of(whose):
        rendered = functools.partial(_APART.render, body, quoting=quoting)
        return await asyncio.get_running_loop().run_in_executor(_thread, rendered)


@asynccontextmanager
async def _turn_of(whose: int | None) -> AsyncIterator[None]:
    if whose is None:
        yield
        return
    own = _own.setdefault(whose, _Own())
    if own.texts >= MAX_WAITING:
        raise TooMany(5, "Many long texts of yours are being prepared. Your text is safe; try again in a moment.")
    own.texts += 1
    try:
        async with own.turn:
            yield
    finally:
        own.texts -= 1
        if not own.texts:
            del _own[whose]


def write(pipe: IO[bytes], message: bytes) -> None:
    """Send one message: its length, then itself."""
    pipe.write(len(message).to_bytes(LENGTH_BYTES, "big") + message)
    pipe.flush()


def read(pipe: IO[bytes]) -> bytes:
    """Receive one message. Raises EOFError where the other side has ended."""
    length = pipe.read(LENGTH_BYTES)
    message = pipe.read(int.from_bytes(length, "big"))
    if len(length) < LENGTH_BYTES or len(message) < int.from_bytes(length, "big"):
        raise EOFError
    return message
