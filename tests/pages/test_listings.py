"""A kept list of threads is shown only while it stands, and what is new to one is shown to nobody else."""

import re

import pytest
from starlette.applications import Starlette

from forum import announcements, listings, posts, threads
from forum.stretches import Stretch
from tests.pages.conftest import Visit
from tests.people import World


def _address(world: World) -> str:
    return f"/networks/{world.network}"


def _kept(app: Starlette, world: World) -> object:
    return app.state.site.stretches.get(("list", "member", world.network, None))


async def _announced(world: World) -> None:
    """What the job does that tells the network of its threads."""
    await announcements.announce_threads(world.db)


def _new(page: str, thread: int) -> str | None:
    """How many posts of a thread the page says are new."""
    found = re.search(rf'data-unread-of="thread:{thread}" data-words="new">(\d+) new<', page)
    return None if found is None else found[1]


async def test_a_list_that_stands_is_not_read_again(world: World, visit: Visit, app: Starlette) -> None:
    await world.thread(title="First")
    await _announced(world)
    ana, ben = await visit(world.ana), await visit(world.ben)
    assert "First" in (await ana.get(_address(world))).text
    kept = _kept(app, world)
    assert kept is not None
    assert "First" in (await ben.get(_address(world))).text
    assert _kept(app, world) is kept


async def test_a_new_thread_comes_at_once(world: World, visit: Visit) -> None:
    await world.thread(title="First")
    ana = await visit(world.ana)
    assert "Second" not in (await ana.get(_address(world))).text
    await world.thread(title="Second")
    page = (await ana.get(_address(world))).text
    assert page.index("Second") < page.index("First")


async def test_a_title_goes_though_nothing_tells_of_it(world: World, visit: Visit) -> None:
    thread = await world.thread(title="Unheard of")
    ana = await visit(world.ana)
    assert "Unheard of" in (await ana.get(_address(world))).text
    await world.db.pool.execute("UPDATE threads SET title = NULL WHERE id = $1", thread)
    assert "Unheard of" not in (await ana.get(_address(world))).text


async def test_a_name_goes_though_nothing_tells_of_it(world: World, visit: Visit) -> None:
    await world.thread()
    ben, name = await visit(world.ben), world.names[world.ana.member]
    assert f">{name}</" in (await ben.get(_address(world))).text
    await world.db.pool.execute("UPDATE members SET name = NULL WHERE id = $1", world.ana.member)
    assert f">{name}</" not in (await ben.get(_address(world))).text


async def test_a_slug_that_another_network_has_taken_brings_no_list_along(world: World) -> None:
    async with world.db.connection() as connection:
        (look,) = await listings.looks(connection, [listings.Asked(world.lead.member, world.network, None)])
        assert look.network is not None
        for network, stands in ((look.network["id"], True), (look.network["id"] + 1, False)):
            kept = Stretch(listings.Found(network, [], None), look.stamp, "{}", "", 0)
            (again,) = await listings.looks(connection, [listings.Asked(world.lead.member, world.network, kept)])
            assert (again.kept is kept) is stands


async def test_nobody_sees_a_list_that_another_had_kept(world: World, visit: Visit) -> None:
    await world.thread(title="Among us")
    ana, eve, guest = await visit(world.ana), await visit(world.eve), await visit()
    assert "Among us" in (await ana.get(_address(world))).text
    for outsider in (eve, guest):
        assert "Among us" not in (await outsider.get(_address(world))).text


async def test_what_is_new_is_ones_own(world: World, visit: Visit) -> None:
    thread = await world.thread()
    for words in ("One", "Two"):
        await posts.reply(world.db, world.ben, thread, words)
    await _announced(world)
    ana, ben = await visit(world.ana), await visit(world.ben)
    for _ in range(2):
        assert _new((await ana.get(_address(world))).text, thread) == "2"
        assert _new((await ben.get(_address(world))).text, thread) == "1", "the opening post"


async def test_what_was_read_is_no_longer_new(world: World, visit: Visit) -> None:
    thread = await world.thread()
    await posts.reply(world.db, world.ben, thread, "One")
    await _announced(world)
    ana = await visit(world.ana)
    assert _new((await ana.get(_address(world))).text, thread) == "1"
    await threads.mark_read(world.db, world.ana, thread, [2])
    assert _new((await ana.get(_address(world))).text, thread) is None


async def test_what_came_is_new(world: World, visit: Visit) -> None:
    thread = await world.thread()
    ana = await visit(world.ana)
    assert _new((await ana.get(_address(world))).text, thread) is None
    await posts.reply(world.db, world.ben, thread, "One")
    await _announced(world)
    assert _new((await ana.get(_address(world))).text, thread) == "1"


@pytest.mark.parametrize("pinned", [True, False])
async def test_a_pin_moves_a_thread(world: World, visit: Visit, pinned: bool) -> None:
    first, second = await world.thread(title="First"), await world.thread(title="Second")
    ana = await visit(world.ana)
    await ana.get(_address(world))
    await threads.pin(world.db, world.mod, first if pinned else second, world.network, pinned=True)
    page = (await ana.get(_address(world))).text
    places = [page.index(f'id="thread-{each}"') for each in (first, second)]
    assert (places[0] < places[1]) is pinned
    assert page.count(f'id="thread-{first}"') == 1


async def test_further_pages_are_kept_apart(world: World, visit: Visit, app: Starlette) -> None:
    for number in range(threads.PAGE + 2):
        await world.thread(title=f"Thread {number}")
    ana = await visit(world.ana)
    page = (await ana.get(_address(world))).text
    assert ">Thread 0</a>" not in page
    address = re.search(r'href="([^"]+after=[^"]+)" rel="next"', page)
    assert address is not None
    for _ in range(2):
        further = (await ana.get(address[1])).text
        assert ">Thread 0</a>" in further
        assert f">Thread {threads.PAGE + 1}</a>" not in further
    assert (await ana.get(_address(world) + "?after=made-up")).status_code == 422
