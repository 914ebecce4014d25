"""A page asks the database the same number of questions, however much there is: no statement for each row."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest_asyncio
from starlette.applications import Starlette

from forum import announcements, posts, rooms, sessions, threads
from forum.app import create_app
from forum.db import Connection, Database
from forum.settings import Settings
from tests.people import World, make_world

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


async def _multiply(world: World, thread: int) -> None:
    await world.db.pool.execute(MORE_POSTS, thread, TIMES)
    await world.db.pool.execute(MORE_MESSAGES, await world.room_id(), TIMES)
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
        "/notifications", "/search?q=number", f"/networks/{world.network}/people", f"/unread?threads={thread}",
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
