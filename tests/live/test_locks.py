"""Acts lock in one order, so that two of them never wait for each other: seen on every act of the history.

Row security tells of each row that is looked at to be locked or changed, within functions too, but for the locks of
foreign keys. So the order of kinds is held here, each at its first row; rows of one kind each statement sorts itself.
What is not in `ORDER` changes under the lock of what it belongs to, or by itself.
"""

import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio

from forum.db import Connection, Database
from forum.embedded import Servers
from tests.conftest import on_database
from tests.live.acts import acts
from tests.live.history import history
from tests.people import make_world

pytestmark = pytest.mark.long

ORDER = (
    "requests", "invitations", "one_time_links", "members", "sessions", "memberships", "rooms", "networks", "threads",
    "posts", "cases", "submissions", "appeals", "removals", "channels", "site",
)  # fmt: skip
"""What lets somebody in; who they are; where; what about; what waits for a decision; who is told. The names that all
pages show are counted in `site` by the commit itself.
"""
TELL = """
CREATE FUNCTION tell_of_lock(kind text, locked text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE 'locks %', kind;
    RETURN true;
END $$
"""
# With the row, though only its kind is told: what names no row is asked once a statement, whether there is one or not.
TOLD = """
ALTER TABLE {kind} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY reading ON {kind} FOR SELECT USING (true);
CREATE POLICY making ON {kind} FOR INSERT WITH CHECK (true);
CREATE POLICY changing ON {kind} FOR UPDATE USING (tell_of_lock('{kind}', {kind}::text)) WITH CHECK (true);
CREATE POLICY deleting ON {kind} FOR DELETE USING (tell_of_lock('{kind}', {kind}::text));
"""


class LockNoting(Database):
    """Notes, for each act, the kinds of rows that its transactions locked, in the order in which they first did."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.noted: dict[str, set[tuple[str, ...]]] = {}

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """As always, and noted."""
        act = _act(sys._getframe(1))
        kinds: dict[str, None] = {}

        def note(_connection: object, message: Any) -> None:
            match message.message.split():
                case ["locks", kind]:
                    kinds[kind] = None

        async with super().connection() as connection:
            connection.add_log_listener(note)
            try:
                yield connection
            finally:
                connection.remove_log_listener(note)
        if act is not None and kinds:
            self.noted.setdefault(act, set()).add(tuple(kinds))


def _act(frame: FrameType | None) -> str | None:
    """`module.function` of the act that is going on."""
    while frame is not None:
        if (name := f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_name}") in acts():
            return name
        frame = frame.f_back
    return None


@pytest_asyncio.fixture
async def noting(servers: Servers, fresh_database_url: str) -> AsyncIterator[LockNoting]:
    """A database of the test's own, which tells of locks."""
    owner = await asyncpg.connect(on_database(servers.database_owner_url, urlsplit(fresh_database_url).path[1:]))
    await owner.execute(TELL)
    for kind in ORDER:
        await owner.execute(TOLD.format(kind=kind))
    await owner.close()
    database = LockNoting(fresh_database_url)
    await database.open()
    yield database
    await database.close()


async def test_every_act_locks_in_one_order(noting: LockNoting) -> None:
    async for _ in history(await make_world(noting)):
        pass
    missing = acts() - noting.noted.keys()
    assert not missing, f"acts of which no lock was told: {missing}"
    wrong = {
        f"{act}: {', '.join(kinds)}"
        for act, transactions in noting.noted.items()
        for kinds in transactions
        if list(kinds) != sorted(kinds, key=ORDER.index)
    }
    assert not wrong, "\n".join(sorted(wrong))
