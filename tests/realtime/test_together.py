"""Questions asked together: nobody's is lost, none is answered by what was known before it was asked."""

import asyncio

import pytest

from realtime.together import Together

pytestmark = pytest.mark.asyncio


class Asked:
    """Answers each number by its double; waits where it is told to."""

    def __init__(self) -> None:
        self.parts: list[list[int]] = []
        self.asking = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None

    async def __call__(self, numbers: list[int]) -> list[int]:
        self.parts.append(numbers)
        self.asking.set()
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return [2 * number for number in numbers]


async def test_what_comes_at_once_is_asked_at_once_and_answered_each() -> None:
    asked = Asked()
    together = Together(asked, most=40, timeout_s=5)
    assert await asyncio.gather(*(together(number) for number in range(100))) == [2 * n for n in range(100)]
    assert [len(part) for part in asked.parts] == [40, 40, 20]


async def test_what_comes_while_one_is_answered_waits_for_the_next() -> None:
    asked = Asked()
    asked.gate.clear()
    together = Together(asked, most=40, timeout_s=5)
    first = asyncio.create_task(together(1))
    await asked.asking.wait()
    others = [asyncio.create_task(together(number)) for number in (2, 3)]
    await asyncio.sleep(0)
    asked.gate.set()
    assert await asyncio.gather(first, *others) == [2, 4, 6]
    assert asked.parts == [[1], [2, 3]]


async def test_an_error_is_for_those_who_asked_and_for_nobody_later() -> None:
    asked = Asked()
    asked.error = ConnectionError()
    together = Together(asked, most=40, timeout_s=5)
    answers = await asyncio.gather(together(1), together(2), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ConnectionError, ConnectionError]
    asked.error = None
    assert await together(3) == 6


async def test_who_gives_up_keeps_nobody_else_from_an_answer() -> None:
    asked = Asked()
    asked.gate.clear()
    together = Together(asked, most=40, timeout_s=5)
    both = [asyncio.create_task(together(number)) for number in (1, 2)]
    await asked.asking.wait()
    both[0].cancel()
    asked.gate.set()
    assert await both[1] == 4
    with pytest.raises(asyncio.CancelledError):
        await both[0]


async def test_one_that_is_not_answered_in_time_lets_the_next_be_asked() -> None:
    asked = Asked()
    asked.gate.clear()
    together = Together(asked, most=40, timeout_s=0.01)
    with pytest.raises(TimeoutError):
        await together(1)
    asked.gate.set()
    assert await together(2) == 4


async def test_closed_it_lets_go_of_who_waits() -> None:
    asked = Asked()
    asked.gate.clear()
    together = Together(asked, most=1, timeout_s=5)
    both = [asyncio.create_task(together(number)) for number in (1, 2)]
    await asked.asking.wait()
    await together.close()
    answers = await asyncio.gather(*both, return_exceptions=True)
    assert [type(answer) for answer in answers] == [asyncio.CancelledError, asyncio.CancelledError]
