"""A split moves posts with all that answers them; permalinks, places in the tree and what was read are kept."""

import pytest

from forum import posts, splits, threads
from forum.errors import Forbidden, Invalid, NotFound
from forum.standing import Caller
from tests.people import World


async def tree(world: World, thread: int) -> list[tuple[int, int | None, int, int]]:
    """The posts of a thread in tree order: id, parent, number, depth."""
    rows = await world.db.pool.fetch(
        "SELECT id, parent_id, number, depth FROM posts WHERE thread_id = $1 ORDER BY path, number", thread
    )
    return [tuple(row) for row in rows]


async def unread(world: World, caller: Caller, thread: int) -> int:
    """How many posts of a thread a member has not read."""
    rows = await world.db.pool.fetch(
        "SELECT count(*) AS n FROM posts p LEFT JOIN thread_reads r ON r.thread_id = p.thread_id AND r.member_id = $1 "
        "WHERE p.thread_id = $2 AND p.author_id <> $1 AND NOT coalesce(r.numbers, '{}') @> p.number",
        caller.member,
        thread,
    )
    return int(rows[0]["n"])


async def reply(world: World, caller: Caller, thread: int, parent: int | None = None) -> int:
    """A reply's id."""
    return int((await posts.reply(world.db, caller, thread, "A reply", parent=parent))["id"])


async def test_a_split_takes_the_subtrees_and_leaves_the_rest(world: World) -> None:
    thread = await world.thread()
    stays = await reply(world, world.ben, thread)
    first = await reply(world, world.ana, thread, stays)
    below = await reply(world, world.ben, thread, first)
    second = await reply(world, world.ana, thread)
    deep = await reply(world, world.ben, thread, below)
    opening = (await tree(world, thread))[0][0]
    await threads.mark_read(world.db, world.ben, thread, [1, 2, 3])
    made = await splits.split(world.db, world.mod, thread, [second, first], "A subject of its own")
    assert await tree(world, thread) == [(opening, None, 1, 0), (stays, opening, 2, 1)]
    assert await tree(world, made["id"]) == [
        (first, None, 1, 0),
        (below, first, 2, 1),
        (deep, below, 4, 2),
        (second, first, 3, 1),
    ]
    assert (made["title"], made["shown"], made["people"], made["last_number"]) == ("A subject of its own", 4, 2, 4)
    # ben read `first` there, so he has read it here; `second` he has not.
    assert await unread(world, world.ben, made["id"]) == 1
    # The numbers that went are free again: who bears one next is unread by everybody.
    again = await reply(world, world.ana, thread)
    assert [place[2] for place in await tree(world, thread)] == [1, 2, 3]
    assert await unread(world, world.ben, thread) == 1
    assert (await posts.one(world.db, again))["number"] == 3


async def test_only_moderators_of_the_network_it_was_opened_through_split(world: World) -> None:
    thread = await world.thread(jointly=True)
    post = await reply(world, world.ana, thread)
    for caller in (world.ana, world.max):
        with pytest.raises(Forbidden):
            await splits.split(world.db, caller, thread, [post], "A title")
    with pytest.raises(NotFound):
        await splits.split(world.db, world.eve, thread, [post], "A title")
    made = await splits.split(world.db, world.mod, thread, [post], "A title")
    holders = await world.db.pool.fetch(
        "SELECT thread_id, network_id FROM thread_networks WHERE thread_id = ANY ($1) ORDER BY network_id, thread_id",
        [thread, made["id"]],
    )
    assert [row["thread_id"] for row in holders] == [thread, made["id"]] * 2


async def test_what_cannot_be_picked_is_said(world: World) -> None:
    thread, other = await world.thread(), await world.thread()
    opening = (await tree(world, thread))[0][0]
    elsewhere = await reply(world, world.ana, other)
    for picked in ([], [opening], [elsewhere], [elsewhere, opening], list(range(1, 300))):
        with pytest.raises(Invalid):
            await splits.split(world.db, world.mod, thread, picked, "A title")
    assert len(await tree(world, other)) == 2


async def test_pages_by_time_pass_over_the_numbers_that_went(world: World) -> None:
    thread = await world.thread()
    first = await reply(world, world.ana, thread)
    for _ in range(5):
        await reply(world, world.ana, thread, first)
    last = [await reply(world, world.ben, thread) for _ in range(3)]
    await splits.split(world.db, world.mod, thread, [first], "A subject of its own")
    async with world.db.connection() as connection:
        end = await posts.window_by_time(connection, thread, at=10, limit=2)
        assert [post["id"] for post in end.posts] == last[1:]
        assert (end.before, end.after) == (1, 0)
        earlier = await posts.window_by_time(connection, thread, before=end.posts[0]["number"], limit=2)
        assert [post["id"] for post in earlier.posts] == last[:1]
        assert (earlier.before, earlier.after) == (0, 2)
        later = await posts.window_by_time(connection, thread, after=earlier.posts[-1]["number"], limit=2)
        assert [post["id"] for post in later.posts] == last[1:]
