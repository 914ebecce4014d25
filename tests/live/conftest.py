"""A database that notes which act recorded what."""

import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from forum.db import Database, Transaction


class NotingDatabase(Database):
    """Notes, for each function that opened a transaction, the kinds of updates it recorded."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.noted: dict[str, set[str]] = {}

    def transaction(self) -> contextlib.AbstractAsyncContextManager[Transaction]:
        """As always, and noted."""
        code = sys._getframe(1).f_code
        return self._noting(f"{Path(code.co_filename).stem}.{code.co_name}")

    @contextlib.asynccontextmanager
    async def _noting(self, act: str) -> AsyncIterator[Transaction]:
        async with super().transaction() as tx:
            yield tx
            self.noted.setdefault(act, set()).update(kind for _, kind, _ in tx.recorded)


@pytest_asyncio.fixture
async def noting(fresh_database_url: str) -> AsyncIterator[NotingDatabase]:
    """A database of the test's own."""
    database = NotingDatabase(fresh_database_url)
    await database.open()
    yield database
    await database.close()
