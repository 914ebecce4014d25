"""A process of its own that renders long texts: in a thread, the Markdown parser keeps the interpreter from the loop.

`python -m forum.text` is the other side: it reads what it is asked from its standard input, answers on its standard
output, and ends when its input does, so it outlives nobody, however they end.
"""

import asyncio
import atexit
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

import msgspec

from forum.text.rendering import Rendered, render

LENGTH_BYTES: Final = 4
APART_FROM_CHARS: Final = 1_024
ANSWER_MAX_S: Final = 10.0
"""Then the process is taken for frozen, and killed."""
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


async def render_async(body: str, *, quoting: bool = True) -> Rendered:
    """`render`, elsewhere where the body is long enough to hold the event loop up."""
    if len(body) < APART_FROM_CHARS:
        return render(body, quoting=quoting)
    return await asyncio.to_thread(_APART.render, body, quoting=quoting)


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
