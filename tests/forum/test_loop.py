"""What takes long holds the event loop up for no more than a moment: everybody else is served meanwhile."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable

import pytest

from forum import passwords, text
from forum.errors import TooMany
from forum.text import apart as apart_module
from forum.text.apart import MAX_WAITING, Apart
from tests.forum.test_text import ORDINARY, PATHOLOGICAL, N

pytestmark = pytest.mark.long

MOST_S = 0.02
TRIES = 8
"""Other work on the machine may hold us up once, not every time."""


async def longest_turn_s(work: Callable[[], Awaitable[object]]) -> float:
    """How long the loop was away at most while the work was done."""
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - began)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    await work()
    watching.cancel()
    return longest


async def is_left_free(work: Callable[[], Awaitable[object]]) -> bool:
    """Whether the loop was free in one of several tries."""
    for _ in range(TRIES):
        if await longest_turn_s(work) < MOST_S:
            return True
    return False


@pytest.mark.parametrize("body", [ORDINARY[:N], *PATHOLOGICAL.values()], ids=["ordinary", *PATHOLOGICAL])
async def test_a_long_text_leaves_the_loop_free(body: str) -> None:
    assert await is_left_free(lambda: text.render_async(body, whose=1))


async def test_a_password_leaves_the_loop_free() -> None:
    hashed = await passwords.hashed("correct horse battery staple")
    assert await is_left_free(lambda: passwords.verified(hashed, "correct horse battery staple"))


async def test_a_text_is_the_same_wherever_it_is_rendered() -> None:
    for body in (ORDINARY[:N], PATHOLOGICAL["mentions"], "> [#77]\n\n" + ORDINARY[:2_000], "\U0001f600 " * 900):
        for quoting in (True, False):
            assert await text.render_async(body, whose=None, quoting=quoting) == text.render(body, quoting=quoting)


async def test_many_long_texts_of_one_member_keep_another_waiting_for_one_of_them() -> None:
    done: list[str] = []

    async def render(whose: int, name: str) -> None:
        await text.render_async(ORDINARY[:N], whose=whose)
        done.append(name)

    many = [asyncio.create_task(render(1, f"of one, {n}")) for n in range(4)]
    await asyncio.sleep(0)
    await render(2, "of another")
    assert done.index("of another") <= 1
    await asyncio.gather(*many)


async def test_so_many_long_texts_of_one_member_wait_and_no_more() -> None:
    many = [asyncio.create_task(text.render_async(ORDINARY[:1_100], whose=1)) for _ in range(MAX_WAITING + 1)]
    found = await asyncio.gather(*many, return_exceptions=True)
    assert [isinstance(each, TooMany) for each in found] == [False] * MAX_WAITING + [True]
    assert await text.render_async(ORDINARY[:1_100], whose=1)


def test_who_serves_goes_before_who_renders() -> None:
    apart = Apart()
    apart.render(ORDINARY)
    assert apart._process is not None
    assert os.getpriority(os.PRIO_PROCESS, apart._process.pid) > os.getpriority(os.PRIO_PROCESS, 0)
    apart.end()


def test_where_the_other_process_is_frozen_a_new_one_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    apart = Apart()
    first = apart.render(ORDINARY)
    assert apart._process is not None
    frozen = apart._process
    frozen.send_signal(signal.SIGSTOP)
    monkeypatch.setattr(apart_module, "ANSWER_MAX_S", 0.5)
    answered = apart.render(ORDINARY)
    assert answered == first
    assert frozen.returncode == -signal.SIGKILL
    apart.end()


def test_where_the_other_process_was_killed_a_new_one_answers() -> None:
    apart = Apart()
    first = apart.render(ORDINARY)
    assert apart._process is not None
    apart._process.kill()
    apart._process.wait()
    assert apart.render(ORDINARY) == first
    process = apart._process
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=10) == 0, "it ends with whoever asked"
    apart.end()
