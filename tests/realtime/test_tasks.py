"""How tasks end."""

from __future__ import annotations

import asyncio

from realtime.tasks import end


async def test_a_task_that_loses_a_cancellation_is_ended_too():
    lost = []

    async def loses_one():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            lost.append(True)
        await asyncio.sleep(60)

    task = asyncio.create_task(loses_one())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await end([task])
    assert lost == [True]
    assert task.cancelled()


async def test_what_has_ended_or_fails_is_no_matter():
    async def fails():
        try:
            await asyncio.sleep(60)
        finally:
            raise ValueError

    done = asyncio.create_task(asyncio.sleep(0))
    await done
    failing = asyncio.create_task(fails())
    await asyncio.sleep(0)
    await end([done, failing])
    await end([])
    assert isinstance(failing.exception(), ValueError)
