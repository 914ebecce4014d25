"""Removed is gone: a crawl of two processes, and a search of everything that is stored, after every kind of removal.

Caches are warmed first. The words are looked for as guest, outsider, member and author, on every page that links lead
to, in the API, the log, the search and the replay of a key; then in every column of the database but the sealed ones,
and in Valkey.
"""

import re
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import httpx
import pytest_asyncio
import redis.asyncio as redis

from forum import announcements, members, posts, removal, rooms, sessions, threads
from forum.access import Caller
from forum.db import Database
from forum.settings import Settings
from tests.people import World, make_world
from tests.running import RunningSite

LINK = re.compile(r'(?:href|action)="(/[^"#]*)')
NOT_PAGES = ("/static/", "/sign-out", "/api/")
KEPT = {"sealed", "notes"}
"""Tables that may hold words of a removal: what was sealed, and what moderators themselves wrote."""


@dataclass
class Words:
    """Unique words, by where they are written."""

    tag: str = field(default_factory=lambda: secrets.token_hex(4))

    def __getitem__(self, where: str) -> str:
        return f"zq{where}{self.tag}"


@pytest_asyncio.fixture
async def sites(settings: Settings) -> AsyncIterator[list[RunningSite]]:
    """Two processes' worth of the site, with caches of their own."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(RunningSite(settings)) for _ in range(2)]


@pytest_asyncio.fixture
async def world(db: Database) -> World:
    return await make_world(db, visibility="public")


async def test_nothing_of_it_is_left(sites: list[RunningSite], world: World, redis_url: str) -> None:
    db, words = world.db, Words()
    thread = (await threads.start(db, world.ana, world.network, f"About {words['title']}", "Opening")).thread["id"]
    post = (await posts.reply(db, world.ben, thread, f"First {words['history']}"))["id"]
    await posts.edit(db, world.ben, post, f"Then {words['body']} @{world.names[world.ana.member]}")
    quoting = (await posts.reply(db, world.ana, thread, f"> [#{post}]\n\nIndeed"))["id"]
    keyed = await posts.reply(db, world.ben, thread, f"Keyed {words['keyed']}", key="once")
    own = (await posts.reply(db, world.ben, thread, f"Mine {words['withdrawn']}", parent=quoting))["id"]
    message = (await rooms.say(db, world.ben, world.network, f"Said {words['message']}"))["id"]
    await rooms.say(db, world.ana, world.network, "Answered", reply_to=message)
    await members.edit_profile(db, world.ben, name=f"Ben {words['name']}", about=f"I am {words['about']}")
    while await announcements.announce_threads(db):
        pass
    looks = {"guest": None, "outsider": world.eve, "member": world.ana, "author": world.ben}
    before = {who: await _everything(sites, world, caller, words) for who, caller in looks.items()}
    found = "\n".join(before["member"].values())
    for where in ("title", "history", "body", "keyed", "withdrawn", "message", "name", "about"):
        assert words[where] in found, f"{where} was never to be seen: the crawl proves nothing"

    await removal.remove_post(db, world.mod, post, "Private information", "A note")
    await removal.remove_post(db, world.mod, keyed["id"], "Private information")
    await posts.withdraw(db, world.ben, own)
    await removal.remove_message(db, world.mod, message, "Private information")
    await threads.remove_title(db, world.mod, thread, "Private information")
    for noun in ("name", "about"):
        await members.remove_words(db, world.admin, world.ben.member, noun, "Private information")
    assert (await posts.reply(db, world.ben, thread, f"Keyed {words['keyed']}", key="once"))["body"] is None
    while await announcements.announce_threads(db):
        pass

    for who, caller in looks.items():
        pages = await _everything(sites, world, caller, words)
        assert len(pages) > 10
        leaks = {place for place, text in pages.items() if words.tag in text.replace(world.network, "")}
        # A search says what was searched for, and a withdrawn post may be read again by who wrote it.
        allowed = {place for place in leaks if "/search" in place or (who == "author" and f"/posts/{own}/" in place)}
        assert not leaks - allowed, who
    assert not await _in_the_database(db, words)
    assert not await _in_redis(redis_url, words)


async def _everything(sites: list[RunningSite], world: World, caller: Caller | None, words: Words) -> dict[str, str]:
    """Every page, answer and frame that this caller gets, by its place."""
    seen: dict[str, str] = {}
    token = None if caller is None else await sessions.start(world.db, caller.member)
    network, room = await world.network_id(), await world.room_id()
    thread = await world.db.pool.fetchval("SELECT max(thread_id) FROM thread_networks WHERE network_id = $1", network)
    for number, site in enumerate(sites):
        cookies = {} if token is None else {"forum": token}
        async with httpx.AsyncClient(base_url=site.url, cookies=cookies, timeout=30) as client:
            waiting = [
                "/",
                f"/networks/{world.network}",
                f"/networks/{world.network}/room",
                f"/threads/{thread}?order=time",
            ]
            waiting += [f"/members/{world.ben.member}", "/notifications", f"/networks/{world.network}/people"]
            waiting += [f"/search?q={words[each]}" for each in ("body", "title", "message", "history")]
            waiting += [f"/posts/{row['id']}/history" for row in await _posts(world.db, thread)]
            api = [f"/threads/{thread}", f"/threads/{thread}/posts", f"/networks/{world.network}/threads"]
            api += [f"/networks/{world.network}/messages", f"/members/{world.ben.member}", "/me/notifications"]
            api += [f"/search?q={words['body']}", f"/networks/{world.network}/members"]
            api += [
                f"/channels/{each}/updates?after=0"
                for each in (f"thread:{thread}", f"network:{network}", f"room:{room}")
            ]
            waiting += [f"/api/v1{each}" for each in api]
            waiting += [f"/api/v1/updates?after[thread:{thread}]=0&as={form}" for form in ("html", "json")]
            while waiting and len(seen) < 400 * (number + 1):
                place = waiting.pop()
                key = f"{number} {place}"
                if key in seen:
                    continue
                answer = await client.get(place)
                seen[key] = answer.text
                location = answer.headers.get("location", "").partition("#")[0]
                links = [*LINK.findall(answer.text.replace("&amp;", "&")), *filter(None, [location])]
                waiting += [link for link in links if not link.startswith(NOT_PAGES) and f"{number} {link}" not in seen]
    return seen


async def _posts(db: Database, thread: int) -> list[dict[str, int]]:
    return [dict(row) for row in await db.pool.fetch("SELECT id FROM posts WHERE thread_id = $1", thread)]


async def _in_the_database(db: Database, words: Words) -> list[str]:
    """Columns in which one of the words still stands."""
    columns = await db.pool.fetch(
        "SELECT table_name, column_name FROM information_schema.columns c JOIN information_schema.tables t"
        " USING (table_schema, table_name) WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
    )
    found = []
    for table, column in columns:
        if table not in KEPT and await db.pool.fetchval(
            f"SELECT EXISTS (SELECT FROM {table} WHERE {column}::text LIKE '%zq%' || $1 || '%')", words.tag
        ):
            found.append(f"{table}.{column}")
    return found


async def _in_redis(url: str, words: Words) -> list[bytes]:
    """Keys that hold one of the words, in their name or value."""
    found = []
    async with redis.Redis.from_url(url) as client:
        async for key in client.scan_iter():
            value = await client.dump(key) or b""
            if words.tag.encode() in key + value:
                found.append(key)
    return found


async def test_a_leak_would_be_found(world: World) -> None:
    """The search of the database looks where words could hide: one that is left in a search vector is found."""
    words = Words()
    thread = await world.thread(body=f"Words {words['vector']}")
    assert thread
    wanted = {f"posts.{column}" for column in ("body", "html", "search_simple", "search_english")}
    assert set(await _in_the_database(world.db, words)) == wanted
