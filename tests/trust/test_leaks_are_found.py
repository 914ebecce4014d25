"""The visit would find a leak: six are planted, each of another kind, and each is found where it is.

Two real processes run the site with the leaks of tests/trust/leaks.py; two more leaks are in the database. Everything
is written, looked at and cleared as in test_removed_is_gone, by a visit of the few surfaces that are concerned.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio

from forum import surfaces
from forum.app import create_app
from forum.db import Database
from forum.embedded import Servers
from forum.settings import Settings
from tests.conftest import on_database
from tests.trust.leaks import SECOND
from tests.trust.processes import own_valkey, start
from tests.trust.searching import in_the_database, may_be_seen, words_in
from tests.trust.visit import Sighting, Visit
from tests.trust.written import House, Written, browser, write

pytestmark = pytest.mark.faults
LEAKY = ("-c", """
import os
from forum import logs
from forum.serve import listen, serve
from forum.settings import Settings
settings = Settings.from_environ(os.environ)
logs.configure(settings.log_level)
serve(settings, listen(settings.host, settings.port), "tests.trust.leaks:create_app")
""")  # fmt: skip
CONCERNED = frozenset({
    "/members/{member}", "/networks/{slug}/room", "/notifications", "/threads/{thread}",
    "/api/v1/channels/{channel}/updates",
})  # fmt: skip
AN_EXCERPT_IN_A_NOTIFICATION = """
ALTER TABLE notifications ADD COLUMN excerpt text;
CREATE FUNCTION keep_excerpt() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE notifications SET excerpt = (SELECT html FROM posts WHERE id = NEW.post_id) WHERE id = NEW.id;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER keeps_excerpt AFTER INSERT ON notifications DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION keep_excerpt();
"""
A_SEARCH_VECTOR_LEFT = """
ALTER TABLE posts ALTER COLUMN search_simple DROP EXPRESSION;
CREATE FUNCTION keep_vector() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.body IS NOT NULL THEN NEW.search_simple := vector_simple(NEW.body); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keeps_vector BEFORE INSERT OR UPDATE ON posts FOR EACH ROW EXECUTE FUNCTION keep_vector();
"""


@dataclass
class Found:
    """What was found after everything had been cleared."""

    written: Written
    leaks: list[Sighting]
    columns: list[str]
    logged: set[str]

    def at(self, surface: str, word: str) -> set[int]:
        """The processes at which a word was seen there."""
        said = self.written.words[word].said
        return {leak.process for leak in self.leaks if leak.surface == surface and leak.word.said == said}


@pytest_asyncio.fixture(scope="module")
async def found(
    own_database_url: str, servers: Servers, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Found]:
    folder = tmp_path_factory.mktemp("logs")
    async with AsyncExitStack() as stack:
        valkey = stack.enter_context(own_valkey())
        settings = replace(settings, database_url=own_database_url, redis_url=valkey.url)
        await _plant(on_database(servers.database_owner_url, urlsplit(own_database_url).path[1:]))
        processes = [
            start(settings, folder, name, command=LEAKY, **more)
            for name, more in (("here", {}), ("there", {SECOND: "1"}))
        ]
        for process in processes:
            stack.callback(process.stop)
        db = Database(own_database_url)
        await db.open()
        stack.push_async_callback(db.close)
        house = await House.build(db)
        for process in processes:
            process.await_ready()
        written = await write(house, processes[0].url)
        visit = Visit(create_app(settings).routes, processes)
        await visit.everything(written, ("member",), ("member",), only=CONCERNED)
        async with browser(db, processes[0].url, house.moderator) as moderator:
            await written.clear(moderator)
        after = await visit.everything(written, ("member",), ("member",), only=CONCERNED)
        known = surfaces.readable()
        words = {word.said for word in written.words.values()}
        yield Found(
            written,
            [sighting for sighting in after if not may_be_seen(sighting, known)],
            await in_the_database(db, words),
            {word for process in processes for word in words_in(process.stop()) & words},
        )


async def _plant(owner_url: str) -> None:
    connection = await asyncpg.connect(owner_url)
    try:
        await connection.execute(AN_EXCERPT_IN_A_NOTIFICATION)
        view = await connection.fetchval("SELECT pg_get_viewdef('shown_notifications'::regclass)")
        leaky = view.replace("p.html AS post_html", "COALESCE(p.html, x.excerpt) AS post_html")
        assert leaky != view
        await connection.execute(f"CREATE OR REPLACE VIEW shown_notifications AS {leaky}")
        await connection.execute(A_SEARCH_VECTOR_LEFT)
    finally:
        await connection.close()


async def test_a_cache_without_a_version_is_found(found: Found) -> None:
    assert found.at("GET /networks/{slug}/room", "message") == {0, 1}
    assert found.at("room message", "message") == {0, 1}


async def test_an_excerpt_in_a_notification_is_found(found: Found) -> None:
    # Of replies that come within a second the newest alone is told, so it may be any of them.
    shown = {process for word in found.written.words for process in found.at("GET /notifications", word)}
    assert shown == {0, 1}
    assert any(column.startswith("notifications.excerpt: ") for column in found.columns)


async def test_a_log_line_is_found(found: Found) -> None:
    assert found.logged == {found.written.words["said_first"].said}


async def test_a_stale_fragment_in_a_second_process_is_found(found: Found) -> None:
    assert found.at("GET /members/{member}", "about") == {1}


async def test_an_old_update_by_its_id_is_found(found: Found) -> None:
    assert found.at("thread post", "keyed") == {0, 1}
    assert not found.at("GET /threads/{thread}", "keyed")


async def test_a_search_vector_that_is_left_is_found(found: Found) -> None:
    left = {f"posts.search_simple: {found.written.words[word].said}" for word in ("post", "keyed", "withdrawn")}
    assert left <= set(found.columns)
    assert {column.partition(":")[0] for column in found.columns} == {"posts.search_simple", "notifications.excerpt"}
