"""How tasks end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final

AGAIN_S: Final = 0.1


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel the tasks until each has ended, and swallow what they raised.

    Once is not always enough: up to Python 3.11, `asyncio.wait_for` loses a cancellation that comes in the step in
    which what it waits for is done, and Redis' client sends through it. A loop that goes on after that would be
    waited for without end. See https://github.com/python/cpython/issues/86296.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        ended, left = await asyncio.wait(left, timeout=AGAIN_S)
        await asyncio.gather(*ended, return_exceptions=True)
