"""However much there is, a page asks the database as many questions, none for each row; a write reads as many rows."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from forum import announcements, posts, rooms, sessions, threads
from forum.app import create_app
from forum.db import Connection, Database
from forum.settings import Settings
from tests.people import World, make_world

pytestmark = pytest.mark.long

FEW, SOME = 10, 250
TIMES = 4
"""So many more of each are there in the end: copies, each in the place of its model."""
MORE_POSTS = """
WITH told AS (UPDATE threads SET dirty = true WHERE id = $1)
INSERT INTO posts (thread_id, network_id, author_id, parent_id, number, depth, path, body, html, mentions, quotes)
SELECT thread_id, network_id, author_id, parent_id, number + n * 1000, depth,
       substr(path, 1, octet_length(path) - 4) || int4send(number + n * 1000), body, html, mentions, quotes
FROM posts, generate_series(1, $2::int) n WHERE thread_id = $1 AND depth > 0
"""
MORE_MESSAGES = """
WITH told AS (UPDATE rooms SET dirty = true WHERE id = $1)
INSERT INTO messages (room_id, author_id, reply_to_id, number, body, html, mentions)
SELECT room_id, author_id, reply_to_id, number + n * 1000, body, html, mentions
FROM messages, generate_series(1, $2::int) n WHERE room_id = $1
"""


class Counting:
    """Counts the statements that run on the connections of one database, other than those of the work beside it."""

    def __init__(self, db: Database) -> None:
        self.statements: list[str] = []
        self._connection = db.connection
        db.connection = self.connection  # type: ignore[method-assign]

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        async with self._connection() as connection:
            with connection.query_logger(lambda record: self.statements.append(record.query)):
                yield connection


@pytest_asyncio.fixture
async def app(settings: Settings, fresh_database_url: str) -> AsyncIterator[Starlette]:
    """The site on a database of its own, as a program without jobs: only pages ask here."""
    app = create_app(replace(settings, database_url=fresh_database_url, database_owner_url=fresh_database_url))
    await app.state.site.db.open()
    yield app
    await app.state.site.settle()
    await app.state.site.db.close()


async def _fill(world: World, thread: int, count: int) -> None:
    """Posts and messages up to `count` of each, of several people, with mentions, quotes, edits and gaps."""
    writers = [world.ana, world.ben, world.mod, world.lead]
    names = [f"@{name}" for name in world.names.values()]
    room = await world.room_id()
    ids = [row["id"] for row in await world.db.pool.fetch("SELECT id FROM posts WHERE thread_id = $1", thread)]
    said = await world.db.pool.fetchval("SELECT count(*) FROM messages WHERE room_id = $1", room)
    for number in range(len(ids), count):
        writer = writers[number % 4]
        quoted = f"> [#{ids[number // 2]}]\n\n" if number % 5 == 0 and number else ""
        row = await posts.reply(
            world.db, writer, thread, f"{quoted}Number {number}, {names[number % 8]}", parent=ids[number // 3]
        )
        ids.append(row["id"])
    for number in range(said, count):
        await rooms.say(world.db, writers[number % 4], world.network, f"Number {number}, {names[number % 8]}")
    for number in range(_threads_beside(count)):
        await threads.start(world.db, writers[number % 4], world.network, f"Thread {number}", "Words")
    await _announce(world)


async def _multiply(world: World, thread: int, times: int = TIMES) -> None:
    await world.db.pool.execute(MORE_POSTS, thread, times)
    await world.db.pool.execute(MORE_MESSAGES, await world.room_id(), times)
    await _announce(world)


async def _announce(world: World) -> None:
    while await announcements.announce_threads(world.db):
        pass
    while await announcements.announce_rooms(world.db):
        pass


def _threads_beside(count: int) -> int:
    """How many further threads the list has beside so many posts."""
    return 5 if count <= FEW else 60


async def test_pages_ask_no_more_where_there_is_more(app: Starlette) -> None:
    db = app.state.site.db
    world = await make_world(db)
    thread = await world.thread()
    counting = Counting(db)
    asked: dict[int, dict[str, int]] = {}
    pages = [
        "/", f"/networks/{world.network}", f"/networks/{world.network}/room", f"/networks/{world.network}/messages",
        f"/threads/{thread}?order=tree", f"/threads/{thread}?order=time", f"/threads/{thread}?at=6", "/rooms",
        "/notifications", "/search?q=number", f"/search?author={world.ana.member}",
        f"/networks/{world.network}/people", f"/unread?threads={thread}",
        f"/api/v1/threads/{thread}/posts", f"/api/v1/networks/{world.network}/threads", "/api/v1/me/notifications",
        f"/api/v1/networks/{world.network}/messages", f"/api/v1/channels/thread:{thread}/updates?after=0",
    ]  # fmt: skip
    for count in (FEW, SOME, SOME * (TIMES + 1)):
        if count <= SOME:
            await _fill(world, thread, count)
        else:
            await _multiply(world, thread)
        token = await sessions.start(db, world.ben.member)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        cookies = {app.state.site.cookie: token}
        async with httpx.AsyncClient(transport=transport, base_url="http://test", cookies=cookies) as client:
            asked[count] = {}
            for page in pages:
                await app.state.site.settle()
                counting.statements.clear()
                answer = await client.get(page)
                assert answer.status_code == 200, page
                asked[count][page] = len(counting.statements)
    assert all(asked[FEW].values())
    assert asked[FEW] == asked[SOME] == asked[count]
    for table in ("posts", "messages"):
        assert await db.pool.fetchval(f"SELECT count(*) FROM {table}") > 1_000


ROWS_READ = "SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) AS rows FROM pg_stat_user_tables"
SLACK = 200
"""Rows that ten acts may read more, of more than a thousand that there are: small tables are read whole."""


async def _rows_read(db: Database, act: Callable[[], Awaitable[object]]) -> Counter[str]:
    """How many rows of each table ten such acts read, after some that let Postgres settle on its plans."""
    counted = []
    for times in (6, 10):
        for _ in range(times):
            await act()
        await db.pool.execute("SELECT pg_stat_force_next_flush()")
        counted.append(Counter({row["relname"]: row["rows"] for row in await db.pool.fetch(ROWS_READ)}))
    return counted[1] - counted[0]


async def test_a_write_reads_no_more_where_there_is_more(fresh_database_url: str) -> None:
    """Whatever Postgres knew of the tables when it made its plans: here that they were nearly empty."""
    db = Database(fresh_database_url, pool_size=1)
    await db.open()
    try:
        world = await make_world(db)
        thread = await world.thread()
        await _fill(world, thread, FEW)
        acts = {
            "reply": lambda: posts.reply(db, world.ben, thread, "Words"),
            "message": lambda: rooms.say(db, world.ben, world.network, "Words"),
        }
        few = {name: await _rows_read(db, act) for name, act in acts.items()}
        await _multiply(world, thread, times=40)
        some = {name: await _rows_read(db, act) for name, act in acts.items()}
        assert await db.pool.fetchval("SELECT count(*) FROM posts") > 1_000
        for name, read in some.items():
            assert read.total() < few[name].total() + SLACK, f"{name}: {read - few[name]}"
    finally:
        await db.close()
