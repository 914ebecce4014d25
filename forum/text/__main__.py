"""The process that renders long texts for a web process: see forum/text/apart.py. Not meant to be begun by hand."""

import os
import sys

import msgspec

from forum.text.apart import Asked, read, write
from forum.text.rendering import render

BEHIND = 5
"""How nice it is: where the cores are full, one who writes 32 kB waits rather than everybody else."""


def main() -> None:
    """Answer until nobody asks any more."""
    os.nice(BEHIND)
    try:
        while True:
            asked = msgspec.json.decode(read(sys.stdin.buffer), type=Asked)
            write(sys.stdout.buffer, msgspec.json.encode(render(asked.body, quoting=asked.quoting)))
    except (EOFError, BrokenPipeError):
        # What may still be in the buffer is for nobody, and would be written at the interpreter's end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
