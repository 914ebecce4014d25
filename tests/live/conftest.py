"""A database that notes which act recorded what."""

import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest_asyncio

from forum.db import Database, ManyWritten, Transaction


class NotingDatabase(Database):
    """Notes, for each act, the kinds of updates it recorded, or where it did in a statement of its own."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.noted: dict[str, set[str]] = {}

    def transaction(self) -> contextlib.AbstractAsyncContextManager[Transaction]:
        """As always, and noted."""
        return self._noting(_caller())

    async def write_together(self, many: ManyWritten[Any], wanted: Any, *, place: int) -> asyncpg.Record:
        """As always, and noted."""
        act = _caller()
        row = await super().write_together(many, wanted, place=place)
        self.noted.setdefault(act, set()).update(row["channels"])
        return row

    @contextlib.asynccontextmanager
    async def _noting(self, act: str) -> AsyncIterator[Transaction]:
        async with super().transaction() as tx:
            yield tx
            self.noted.setdefault(act, set()).update(kind for _, kind, _ in tx.recorded)


def _caller() -> str:
    """`module.function` of who called the database."""
    code = sys._getframe(2).f_code
    return f"{Path(code.co_filename).stem}.{code.co_name}"


@pytest_asyncio.fixture
async def noting(fresh_database_url: str) -> AsyncIterator[NotingDatabase]:
    """A database of the test's own."""
    database = NotingDatabase(fresh_database_url)
    await database.open()
    yield database
    await database.close()
