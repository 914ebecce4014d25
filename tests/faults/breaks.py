"""The mechanism, broken on purpose: a copy of the sources in which one line was changed, or a function of the database.

What the checker is worth shows in whether it notices.
"""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.faults.stage import ROOT, Stage

SOURCES = ("forum", "realtime", "sql", "static", "templates")


@dataclass(frozen=True, slots=True)
class Change:
    """In this file, instead of what stands there once, something else."""

    path: str
    before: str
    after: str

    def do(self, tree: Path) -> None:
        file = tree / self.path
        text = file.read_text(encoding="utf-8")
        assert text.count(self.before) == 1, f"expected once in {self.path}: {self.before}"
        file.write_text(text.replace(self.before, self.after), encoding="utf-8")


NO_LOOK = Change("realtime/hub.py", "                await self.look()\n", "                await asyncio.sleep(0)\n")
NO_TOKEN = Change("realtime/screen.py", "self.follows.get(channel) == token", "channel in self.follows")
ACCESS_ON_FOLLOW_ONLY = Change("realtime/reading.py", "        if not stale:\n", "        if stale or not stale:\n")
CURSOR_AFTER_CONTENT = Change(
    "forum/api/posts.py",
    "            rows = await read(connection, thread, query)\n",
    """\
            rows = await read(connection, thread, query)
            await connection.execute("SELECT pg_sleep(0.2)")  # as on a slow machine
        look = await stretches.glance(call.db, credential(call.request), thread, None)
""",
)


@contextmanager
def broken_tree(change: Change) -> Iterator[Path]:
    """A copy of the sources with the change."""
    with TemporaryDirectory(prefix="forum-broken-") as name:
        tree = Path(name)
        for folder in SOURCES:
            shutil.copytree(ROOT / folder, tree / folder, ignore=shutil.ignore_patterns("__pycache__"))
        change.do(tree)
        yield tree


@asynccontextmanager
async def slow_locks(stage: Stage, order: str) -> AsyncIterator[None]:
    """Transactions lock their channels one by one, as on a slow machine, ordered by this expression."""
    lock = "PERFORM 1 FROM channels WHERE name = ANY (wanted) ORDER BY name FOR NO KEY UPDATE;"
    slow = (
        f"PERFORM 1 FROM (SELECT w AS name FROM unnest(wanted) w ORDER BY {order}) AS u, LATERAL"
        # The name has no part in how long it sleeps, but makes it sleep for each.
        " (SELECT 1 FROM channels c, pg_sleep(0.02 + 0 * length(u.name)) WHERE c.name = u.name"
        " FOR NO KEY UPDATE OF c) AS l;"
    )
    async with stage.owner() as connection:
        definition = await connection.fetchval("SELECT pg_get_functiondef('record_updates'::regproc)")
        assert lock in definition
        await connection.execute(definition.replace(lock, slow))
        try:
            yield
        finally:
            await connection.execute(definition)
