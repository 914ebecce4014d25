"""Search finds what matches, the newest first: among the newest ids first, and among all where these are too few."""

from datetime import UTC, datetime, timedelta

import pytest

from forum import posts, removal, rooms, search
from forum.db import Connection
from forum.standing import GUEST, Caller
from tests.people import World

LATELY = [1, 3, search.LATELY]
"""From where nearly every hit is an old one, to where none is."""


@pytest.fixture(params=LATELY)
def lately(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Among how many of the newest ids it is looked first."""
    monkeypatch.setattr(search, "LATELY", request.param)


async def _ids(connection: Connection, caller: Caller, query: str, **scope: object) -> list[int]:
    return [row["id"] for row in await search.search(connection, caller, query, **scope)]  # type: ignore[arg-type]


@pytest.mark.usefixtures("lately")
async def test_posts_are_found_newest_first_page_by_page(world: World) -> None:
    word = f"zebrafish{world.tag}"
    thread = await world.thread(title=f"About {word}", body="Nothing yet")
    opening = await world.db.pool.fetchval("SELECT id FROM posts WHERE thread_id = $1", thread)
    expected = [opening]
    for number in range(7):
        row = await posts.reply(world.db, world.ben, thread, f"Number {number}{f' of {word}' if number % 2 else ''}")
        expected += [row["id"]] if number % 2 else []
    expected.reverse()
    async with world.db.connection() as connection:
        assert await _ids(connection, world.ana, word) == expected
        assert await _ids(connection, world.ana, word.upper()) == expected
        assert await _ids(connection, world.ana, word, limit=2) == expected[:2]
        assert await _ids(connection, world.ana, word, before=expected[1], limit=2) == expected[2:4]
        assert await _ids(connection, world.ana, word, before=opening) == []
        assert await _ids(connection, world.eve, word) == await _ids(connection, GUEST, word) == []


@pytest.mark.usefixtures("lately")
async def test_a_hit_is_narrowed_by_network_author_and_day(world: World) -> None:
    word = f"narrow{world.tag}"
    thread = await world.thread(body=f"The {word} one")
    theirs = (await posts.reply(world.db, world.ben, thread, f"Another {word}"))["id"]
    both = await world.thread(body=f"Jointly {word}", jointly=True)
    opening, joint = [
        await world.db.pool.fetchval("SELECT id FROM posts WHERE thread_id = $1 AND number = 1", each)
        for each in (thread, both)
    ]
    yesterday = datetime.now(UTC) - timedelta(days=1)
    await world.db.pool.execute("UPDATE posts SET created_at = $2 WHERE id = $1", opening, yesterday)
    async with world.db.connection() as connection:
        assert await _ids(connection, world.ana, word) == [joint, theirs, opening]
        assert await _ids(connection, world.ana, word, network=world.network) == [joint, theirs, opening]
        assert await _ids(connection, world.ana, word, network=world.other) == [joint]
        assert await _ids(connection, world.max, word) == [joint]
        assert await _ids(connection, world.ana, word, author=world.ben.member) == [theirs]
        assert await _ids(connection, world.ana, word, since=yesterday + timedelta(hours=1)) == [joint, theirs]
        assert await _ids(connection, world.ana, word, until=yesterday + timedelta(hours=1)) == [opening]


@pytest.mark.usefixtures("lately")
async def test_messages_are_found_by_who_may_read_their_room(world: World) -> None:
    word = f"said{world.tag}"
    said = [(await rooms.say(world.db, who, world.network, f"{word} here"))["id"] for who in (world.ana, world.ben)]
    for _ in range(3):
        await rooms.say(world.db, world.ana, world.network, "Something else")
    async with world.db.connection() as connection:
        for caller, expected in ((world.obs, said[::-1]), (world.max, []), (world.eve, []), (GUEST, [])):
            assert [row["id"] for row in await search.messages(connection, caller, word)] == expected
        by_ben = await search.messages(connection, world.obs, word, author=world.ben.member, network=world.network)
        before = await search.messages(connection, world.obs, word, before=said[1])
    assert ([row["id"] for row in by_ben], [row["id"] for row in before]) == ([said[1]], [said[0]])
    assert by_ben[0]["network_slug"] == world.network


@pytest.mark.usefixtures("lately")
async def test_what_is_gone_is_not_found(world: World) -> None:
    word = f"gone{world.tag}"
    thread = await world.thread(body=f"The {word} one")
    reply = (await posts.reply(world.db, world.ben, thread, f"Another {word}"))["id"]
    await removal.remove_post(world.db, world.mod, reply, "Off topic")
    async with world.db.connection() as connection:
        found = await _ids(connection, world.ana, word)
    assert found == [await world.db.pool.fetchval("SELECT id FROM posts WHERE thread_id = $1 AND number = 1", thread)]
