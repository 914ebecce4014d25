"""Search finds what matches, the newest first: among the newest ids first, and among all where these are too few."""

from datetime import UTC, datetime, timedelta

import pytest

from forum import conversations, holds, posts, removal, rooms, search, threads
from forum.db import Connection
from forum.standing import GUEST, Caller
from tests.people import World, make_world

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


async def test_without_words_it_is_what_an_author_wrote_newest_first_page_by_page(world: World) -> None:
    first = await world.thread(body="One")
    joint = await world.thread(body="Two", jointly=True)
    await posts.reply(world.db, world.ben, first, "Not hers")
    last = (await posts.reply(world.db, world.ana, first, "Three"))["id"]
    opening, both = [
        await world.db.pool.fetchval("SELECT id FROM posts WHERE thread_id = $1 AND number = 1", each)
        for each in (first, joint)
    ]
    yesterday = datetime.now(UTC) - timedelta(days=1)
    await world.db.pool.execute("UPDATE posts SET created_at = $2 WHERE id = $1", opening, yesterday)
    ana = world.ana.member
    async with world.db.connection() as connection:
        assert await _ids(connection, world.ben, "", author=ana) == [last, both, opening]
        assert await _ids(connection, world.ana, " ", author=ana) == [last, both, opening]
        assert await _ids(connection, world.ben, "", author=ana, limit=2) == [last, both]
        assert await _ids(connection, world.ben, "", author=ana, before=both) == [opening]
        assert await _ids(connection, world.ben, "", author=ana, network=world.other) == [both]
        assert await _ids(connection, world.max, "", author=ana) == [both]
        assert await _ids(connection, world.ben, "", author=ana, since=yesterday + timedelta(hours=1)) == [last, both]
        assert await _ids(connection, world.ben, "", author=ana, until=yesterday + timedelta(hours=1)) == [opening]
        for outsider in (world.eve, GUEST):
            assert await _ids(connection, outsider, "", author=ana) == []
        assert await _ids(connection, world.ben, "") == []


async def test_a_guest_finds_what_an_author_wrote_in_public(world: World) -> None:
    await world.thread()
    public = await make_world(world.db, visibility="public")
    there = await threads.start(world.db, public.ana, public.network, "A title", "In public")
    post = await world.db.pool.fetchval(
        "UPDATE posts SET author_id = $1 WHERE thread_id = $2 RETURNING id", world.ana.member, there.thread["id"]
    )
    async with world.db.connection() as connection:
        for outsider in (world.eve, GUEST):
            assert await _ids(connection, outsider, "", author=world.ana.member) == [post]


async def test_without_words_too_what_is_gone_is_not_found_and_nothing_that_two_said_to_each_other(
    world: World,
) -> None:
    thread = await world.thread(jointly=True)
    removed, held, withdrawn, stands = [
        (await posts.reply(world.db, world.ana, thread, f"Number {number}"))["id"] for number in range(4)
    ]
    opening = await world.db.pool.fetchval("SELECT id FROM posts WHERE thread_id = $1 AND number = 1", thread)
    between = (await conversations.open(world.db, world.ana, world.ben.member)).room_id
    await conversations.say(world.db, world.ana, between, "Between us")
    ana = world.ana.member
    async with world.db.connection() as connection:
        assert await _ids(connection, world.ben, "", author=ana) == [stands, withdrawn, held, removed, opening]
    await removal.remove_post(world.db, world.mod, removed, "Off topic")
    await holds.hold_post(world.db, world.max, held, "Off topic")
    await posts.withdraw(world.db, world.ana, withdrawn)
    async with world.db.connection() as connection:
        for reader in (world.ana, world.ben, world.mod, world.max):
            assert await _ids(connection, reader, "", author=ana) == [stands, opening]
            assert await search.messages(connection, reader, "", author=ana) == []
