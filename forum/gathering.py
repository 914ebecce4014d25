"""Questions that may be asked together.

What gathers them is handed in, since forum knows no realtime (realtime.together); without it each is asked by itself.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


class Asking(Protocol):
    """Takes one question and gives its answer, asked together with others or by itself."""

    async def __call__(self, question: Any, /) -> Any: ...

    async def close(self) -> None: ...


class Gather(Protocol):
    """Makes an `Asking`: `ask` takes at most `most` questions, runs so often at once, and is left after a time."""

    def __call__(
        self, ask: Callable[[list[Any]], Awaitable[Sequence[Any]]], /, *, most: int, at_once: int, timeout_s: float
    ) -> Asking: ...


class Alone(Generic[Q, A]):
    """Asks each question by itself: where nothing else gathers them, as in a command."""

    def __init__(
        self, ask: Callable[[list[Q]], Awaitable[Sequence[A]]], *, most: int, at_once: int, timeout_s: float
    ) -> None:
        del most, at_once, timeout_s
        self._ask = ask

    async def __call__(self, question: Q) -> A:
        """The answer."""
        return (await self._ask([question]))[0]

    async def close(self) -> None:
        """Nothing waits here."""
