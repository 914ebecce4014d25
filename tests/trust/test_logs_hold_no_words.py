"""No word of anybody is in a log, not even when something breaks: the site's own processes, and the servers' log.

Two real web processes are asked for everything that goes wrong with a word in it; afterwards their log tells of each
mishap by its type, and of no word.
"""

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
import pytest_asyncio
import websockets

from forum import sessions
from forum.db import Database
from forum.embedded import Servers
from forum.settings import Settings
from tests.conftest import on_database
from tests.people import World, make_world

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
START_MAX_S, STOP_MAX_S = 30.0, 15.0
SERVE = """
import os
from forum import logs
from forum.serve import listen, serve
from forum.settings import Settings
logs.configure("debug")
listener = listen("127.0.0.1", 0)
port = listener.getsockname()[1]
os.environ["BASE_URL"] = f"http://127.0.0.1:{port}"
os.environ["LOG_LEVEL"] = "debug"
print(port, flush=True)
serve(Settings.from_environ(os.environ), listener, on_ready=lambda: print("ready", flush=True))
"""


@dataclass
class Served:
    """The site as it is served, and what it logs."""

    url: str
    log: Path
    parent: subprocess.Popen[str]

    def stop(self) -> str:
        """End it; returns all that it logged."""
        self.parent.send_signal(signal.SIGTERM)
        self.parent.wait(STOP_MAX_S)
        return self.log.read_text()


@pytest_asyncio.fixture
async def world(fresh_database_url: str) -> AsyncIterator[World]:
    db = Database(fresh_database_url)
    await db.open()
    yield await make_world(db)
    await db.close()


@pytest.fixture
def served(world: World, fresh_database_url: str, settings: Settings, tmp_path: Path) -> Iterator[Served]:
    environ = {
        "FORUM_DATA": str(settings.data), "DATABASE_URL": fresh_database_url, "REDIS_URL": settings.redis_url or "",
        "DATABASE_OWNER_URL": "", "SECRET_KEY": "s" * 32, "PROCESSES": "2", "POOL_SIZE": str(settings.pool_size),
        "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    log = tmp_path / "log"
    with log.open("w") as errors:
        parent = subprocess.Popen(
            [sys.executable, "-c", SERVE], cwd=ROOT, env={**os.environ, **environ}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=errors, text=True,
        )  # fmt: skip
    assert parent.stdout is not None
    port = parent.stdout.readline().strip()
    assert parent.stdout.readline().strip() == "ready", log.read_text()
    yield Served(f"http://127.0.0.1:{port}", log, parent)
    if parent.poll() is None:
        parent.kill()
    parent.wait(STOP_MAX_S)
    parent.stdout.close()


async def test_mishaps_are_told_without_words(
    world: World, served: Served, servers: Servers, fresh_database_url: str, data_folder: Path
) -> None:
    word = f"zq{secrets.token_hex(6)}"
    thread = await world.thread(body=f"Opening {word}")
    cookie = {"cookie": f"forum={await sessions.start(world.db, world.ben.member)}", "sec-fetch-site": "same-origin"}
    owner_url = on_database(servers.database_owner_url, urlsplit(fresh_database_url).path[1:])
    statuses: list[int] = []
    async with httpx.AsyncClient(base_url=served.url, headers=cookie, timeout=20) as client:
        for _ in range(4):  # each of the processes gets its share
            statuses += [
                (await client.get(f"/{word}")).status_code,
                (await client.get(f"/search?q={word}")).status_code,
                (await client.get(f"/threads/{thread}?after={word}")).status_code,
                (await client.post("/sign-in", data={"email": f"{word}@example.org", "password": word})).status_code,
                (await client.post("/networks", data={"name": word, "slug": word.upper(), "kind": word})).status_code,
                (await client.post(f"/threads/{thread}/posts", data={"body": word * 100_000})).status_code,
                (await client.post(f"/threads/{thread}/posts", data={"body": f"{word}\0"})).status_code,
                (
                    await client.post(f"/api/v1/threads/{thread}/posts", content=f'{{"body": "{word}'.encode())
                ).status_code,
                (await client.post(f"/api/v1/threads/{thread}/posts", json={word: word})).status_code,
                (await client.get(f"/api/v1/channels/{word}/updates?after={word}")).status_code,
                (await client.get(f"/api/v1/updates?after[{word}]={word}")).status_code,
            ]
        await _say_to_the_socket(served, cookie, word)
        await _break(owner_url)
        for _ in range(4):
            statuses += [
                (await client.post(f"/threads/{thread}/posts", data={"body": f"Broken {word}"})).status_code,
                (await client.post(f"/api/v1/threads/{thread}/posts", json={"body": f"Broken {word}"})).status_code,
                (await client.get(f"/threads/{thread}?order=time")).status_code,
            ]
    assert {404, 401, 413, 422, 500} <= set(statuses)
    assert not [status for status in statuses if status < 300 and status != 200]
    await _violate_a_constraint(world, word)
    said = served.stop()
    assert " 500 " in said
    assert "asyncpg.exceptions.UndefinedColumnError" in said
    assert word not in said
    assert word.upper() not in said
    servers_log = data_folder / "servers.log"
    if servers_log.exists():  # the embedded servers; others are their operator's
        assert word not in servers_log.read_text()


async def _say_to_the_socket(served: Served, cookie: dict[str, str], word: str) -> None:
    headers = {"cookie": cookie["cookie"], "origin": served.url}
    async with websockets.connect(served.url.replace("http", "ws") + "/live", additional_headers=headers) as screen:
        await screen.send(json.dumps({"type": "follow", "channel": word, "after": 0}))
        await screen.send(word)
        await screen.send(word * 2_000)
        async with asyncio.timeout(10):
            await screen.wait_closed()
    assert screen.close_code == 1009


async def _break(owner_url: str) -> None:
    """Take a column away, so that every act on a post fails in the middle, with the words in its hands."""
    connection = await asyncpg.connect(owner_url)
    try:
        await connection.execute("ALTER TABLE posts RENAME COLUMN renderer TO broken")
    finally:
        await connection.close()


async def _violate_a_constraint(world: World, word: str) -> None:
    """Postgres' own message of it quotes the value."""
    statement = "INSERT INTO members (email, name) VALUES ($1, $2)"
    await world.db.pool.execute(statement, f"{word}@example.org", word)
    with pytest.raises(asyncpg.UniqueViolationError) as raised:
        await world.db.pool.execute(statement, f"{word}@example.org", word)
    assert word in str(raised.value.detail)
    with pytest.raises(asyncpg.InvalidTextRepresentationError):
        await world.db.pool.execute(f"SELECT '{word}'::int")
