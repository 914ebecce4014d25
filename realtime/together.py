"""Questions that are asked together: what comes while one is being answered is asked by the next, for all at once.

A thousand screens that return after an outage ask the database a few dozen times so, not thousands of times; one that
comes alone is asked for at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar, cast

from realtime.tasks import end

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class Together(Generic[Question, Answer]):
    """Call it with one question and await its answer.

    `ask` answers several, in their order; it is given at most `most`, runs at most `at_once` times at once, and is left
    after `timeout_s`. What it raises everybody gets who asked.
    """

    def __init__(
        self,
        ask: Callable[[list[Question]], Awaitable[Sequence[Answer]]],
        *,
        most: int,
        at_once: int = 1,
        timeout_s: float,
    ) -> None:
        self._ask = ask
        self._most = most
        self._at_once = at_once
        self._timeout_s = timeout_s
        self._waiting: list[tuple[Question, asyncio.Future[Answer]]] = []
        self._running: set[asyncio.Task[None]] = set()

    async def __call__(self, question: Question) -> Answer:
        """The answer. Raises what `ask` raises, and TimeoutError."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if len(self._running) < self._at_once:
            self._running.add(asyncio.create_task(self._run_and_leave(), name="realtime together"))
        return await answer

    @property
    def idle(self) -> bool:
        """Whether nobody waits for an answer."""
        return not self._waiting and not self._running

    async def close(self) -> None:
        """Ask nothing more; who waits is cancelled."""
        await end(self._running)
        for _, answer in self._waiting:
            answer.cancel()
        self._waiting.clear()

    async def _run_and_leave(self) -> None:
        """Left in the same step in which nothing waited any more: a question that comes after it finds nobody who
        would only seem to run.
        """
        try:
            await self._run()
        finally:
            self._running.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    async def _run(self) -> None:
        while self._waiting:
            part, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            try:
                async with asyncio.timeout(self._timeout_s):
                    answers = await self._ask([question for question, _ in part])
                settled = list(zip(part, answers, strict=True))
            except asyncio.CancelledError:
                for _, waiting in part:
                    waiting.cancel()
                raise
            except Exception as error:  # noqa: BLE001 (it is for those who asked)
                for _, waiting in part:
                    if not waiting.done():
                        waiting.set_exception(error)
                continue
            for (_, waiting), answer in settled:
                if not waiting.done():
                    waiting.set_result(answer)
