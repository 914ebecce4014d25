"""Questions that may be asked together.

What gathers them is handed in, since forum knows no realtime (realtime.together); without it each is asked by itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")
Ask: TypeAlias = Callable[[list[Any]], Awaitable[Sequence[Any]]]
"""Answers several questions, in their order."""


class Asking(Protocol):
    """Takes one question and gives its answer, asked together with others or by itself."""

    async def __call__(self, question: Any, /) -> Any: ...

    @property
    def idle(self) -> bool:
        """Whether nobody waits for an answer."""

    async def close(self) -> None: ...


class Gather(Protocol):
    """Makes an `Asking`: `ask` takes at most `most` questions, runs so often at once, and is left after a time."""

    def __call__(self, ask: Ask, /, *, most: int, at_once: int, timeout_s: float) -> Asking: ...


class Alone(Generic[Q, A]):
    """Asks each question by itself: where nothing else gathers them, as in a command."""

    def __init__(
        self, ask: Callable[[list[Q]], Awaitable[Sequence[A]]], *, most: int, at_once: int, timeout_s: float
    ) -> None:
        del most, at_once
        self._ask = ask
        self._timeout_s = timeout_s

    async def __call__(self, question: Q) -> A:
        """The answer."""
        async with asyncio.timeout(self._timeout_s):
            return (await self._ask([question]))[0]

    @property
    def idle(self) -> bool:
        """Always: who asks here waits for no other."""
        return True

    async def close(self) -> None:
        """Nothing waits here."""


class Askings:
    """What is being asked, by what it is about: each `Asking` is made when it is needed, and let go when it idles."""

    def __init__(self, gather: Gather, *, timeout_s: float) -> None:
        self._gather = gather
        self._timeout_s = timeout_s
        self._by_key: dict[Hashable, Asking] = {}

    def __contains__(self, key: Hashable) -> bool:
        return key in self._by_key

    async def __call__(self, key: Hashable, ask: Ask, question: Any, *, most: int, at_once: int) -> Any:
        """The answer that `ask` gives to this question, with others about the same `key`. Raises what `ask` raises, and
        TimeoutError.
        """
        asking = self._by_key.get(key)
        if asking is None:
            asking = self._by_key[key] = self._gather(ask, most=most, at_once=at_once, timeout_s=self._timeout_s)
        try:
            return await asking(question)
        finally:
            if asking.idle and self._by_key.get(key) is asking:
                del self._by_key[key]

    async def close(self) -> None:
        """Ask nothing more; who waits is cancelled."""
        for asking in list(self._by_key.values()):
            await asking.close()
        self._by_key.clear()
