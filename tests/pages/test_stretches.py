"""A kept stretch of a thread is shown only while it stands, also where an act would forget to tell of its change."""

from collections.abc import Awaitable, Callable

import pytest
from starlette.applications import Starlette

from forum import members, posts
from forum.stretches import KeptStretches
from tests.pages.conftest import Visit
from tests.people import World

Change = Callable[[World, int], Awaitable[object]]


async def _names(world: World) -> int:
    return int(await world.db.pool.fetchval("SELECT names FROM site"))


def _page(thread: int) -> str:
    return f"/threads/{thread}?order=tree"


def _kept(app: Starlette, thread: int) -> object:
    stretches: KeptStretches = app.state.site.stretches
    return stretches.get(("page", thread, None, None, None, "tree"))


async def test_a_stretch_that_stands_is_not_read_again(world: World, visit: Visit, app: Starlette) -> None:
    thread = await world.thread()
    ana, ben = await visit(world.ana), await visit(world.ben)
    await ana.get(_page(thread))
    kept = _kept(app, thread)
    assert kept is not None
    await ben.get(_page(thread))
    assert _kept(app, thread) is kept


async def test_nobody_sees_what_another_had_kept(world: World, visit: Visit) -> None:
    thread = await world.thread(body="Among us")
    ana, eve, guest = await visit(world.ana), await visit(world.eve), await visit()
    assert "Among us" in (await ana.get(_page(thread))).text
    for outsider in (eve, guest):
        answer = await outsider.get(_page(thread))
        assert answer.status_code == 404
        assert "Among us" not in answer.text


async def _take_the_words_away(world: World, post: int) -> None:
    await world.db.pool.execute(
        "UPDATE posts SET state = 'removed', body = NULL, html = NULL, gap_at = now() WHERE id = $1", post
    )


async def _change_the_words(world: World, post: int) -> None:
    await world.db.pool.execute("UPDATE posts SET body = 'Else', html = '<p>Else</p>' WHERE id = $1", post)


async def _delete(world: World, post: int) -> None:
    await world.db.pool.execute("DELETE FROM posts WHERE id = $1", post)


@pytest.mark.parametrize("change", [_take_the_words_away, _change_the_words, _delete])
async def test_words_go_though_nothing_tells_of_it(world: World, visit: Visit, change: Change) -> None:
    thread = await world.thread()
    post = (await posts.reply(world.db, world.ben, thread, "Unheard of"))["id"]
    ana = await visit(world.ana)
    assert "Unheard of" in (await ana.get(_page(thread))).text
    await change(world, post)
    assert "Unheard of" not in (await ana.get(_page(thread))).text


async def test_a_quoted_post_takes_its_words_away(world: World, visit: Visit) -> None:
    thread, elsewhere = await world.thread(), await world.thread()
    source = (await posts.reply(world.db, world.ben, elsewhere, "Unheard of"))["id"]
    await posts.reply(world.db, world.ana, thread, f"> [#{source}]\n\nIndeed")
    ana = await visit(world.ana)
    assert "Unheard of" in (await ana.get(_page(thread))).text
    await _take_the_words_away(world, source)
    assert "Unheard of" not in (await ana.get(_page(thread))).text


async def test_a_name_goes_though_nothing_tells_of_it(world: World, visit: Visit) -> None:
    thread = await world.thread()
    await posts.reply(world.db, world.ben, thread, "Words")
    ana, name = await visit(world.ana), world.names[world.ben.member]
    assert name in (await ana.get(_page(thread))).text
    await world.db.pool.execute("UPDATE members SET name = NULL WHERE id = $1", world.ben.member)
    assert name not in (await ana.get(_page(thread))).text


async def test_every_change_of_a_name_is_counted(world: World) -> None:
    before = await _names(world)
    await members.edit_profile(world.db, world.ben, title="Head of IT")
    await world.db.pool.execute("UPDATE networks SET name = name || ' North' WHERE slug = $1", world.network)
    assert await _names(world) >= before + 2


async def test_a_guest_is_served_the_page_of_now(world: World, visit: Visit) -> None:
    await world.db.pool.execute("UPDATE networks SET visibility = 'public' WHERE slug = $1", world.network)
    thread = await world.thread()
    guest = await visit()
    first = (await guest.get(_page(thread))).text
    assert (await guest.get(_page(thread))).text == first
    await world.db.pool.execute("UPDATE threads SET title = NULL WHERE id = $1", thread)
    changed = (await guest.get(_page(thread))).text
    assert "A thread" in first
    assert "A thread</h1>" not in changed
    await posts.reply(world.db, world.ben, thread, "News")
    assert "News" in (await guest.get(_page(thread))).text
