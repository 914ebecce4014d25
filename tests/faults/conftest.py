"""The stage of the fault tests: servers of their own, which are not spared."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.faults.stage import Site, Stage
from tests.faults.stage import stage as open_stage


@pytest_asyncio.fixture(scope="package")
async def stage() -> AsyncIterator[Stage]:
    folder = Path(tempfile.mkdtemp(prefix="forum-faults-"))
    async with open_stage(folder) as opened:
        yield opened
    shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture(scope="package")
async def site(stage: Stage) -> AsyncIterator[Site]:
    async with stage.site() as running:
        yield running
