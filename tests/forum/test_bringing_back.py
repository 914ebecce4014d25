"""Words that an act brings back are rendered while no connection is held; if they changed meanwhile, those of now."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from forum import appeals, decisions, holds, posts, removal, reports, rooms, text
from tests.people import World

Undone = Callable[[], Awaitable[Any]]


async def _withdrawn(world: World, post: int) -> Undone:
    await posts.withdraw(world.db, world.ben, post)
    return lambda: posts.undo(world.db, world.ben, post)


async def _removed(world: World, post: int) -> Undone:
    await removal.remove_post(world.db, world.mod, post, "Advertising")
    return lambda: removal.restore_post(world.db, world.mod, post)


async def _held(world: World, post: int) -> Undone:
    await holds.hold_post(world.db, world.max, post, "Advertising")
    return lambda: removal.restore_post(world.db, world.mod, post)


async def _held_and_taken_back(world: World, post: int) -> Undone:
    await _held(world, post)
    return lambda: holds.release_post(world.db, world.max, post)


async def _lapsed(world: World, post: int) -> Undone:
    await _held(world, post)
    return lambda: holds.lapse_hold(world.db, post, now=datetime.now(UTC) + timedelta(days=30))


async def _left(world: World, post: int) -> Undone:
    case = (await reports.report_post(world.db, world.ana, post, "Advertising"))["case_id"]
    await _held(world, post)
    return lambda: decisions.decide(world.db, world.mod, case, "leave")


async def _reopened(world: World, post: int) -> Undone:
    case = (await reports.report_post(world.db, world.ana, post, "Advertising"))["case_id"]
    await decisions.decide(world.db, world.mod, case, "remove", reason="Advertising")
    return lambda: decisions.reopen(world.db, world.mod, case)


async def _overturned(world: World, post: int) -> Undone:
    await _removed(world, post)
    removal_id = await world.db.pool.fetchval("SELECT id FROM removals WHERE post_id = $1", post)
    appeal = (await appeals.make(world.db, world.ben, removal_id, "It was none"))["appeal_id"]
    return lambda: appeals.decide(world.db, world.lead, appeal, "overturned")


async def _swept(world: World, _post: int) -> Undone:
    swept = await removal.remove_written_by(
        world.db, world.mod, world.network, world.ben.member, hours=1, reason="Advertising"
    )
    assert swept.batch is not None
    return lambda: removal.restore_together(world.db, world.mod, swept.batch)


async def _message(world: World, _post: int) -> Undone:
    message = (await rooms.say(world.db, world.ben, world.network, "Words that go"))["id"]
    await removal.remove_message(world.db, world.mod, message, "Advertising")
    return lambda: removal.restore_message(world.db, world.mod, message)


@pytest.mark.parametrize(
    "going",
    [
        _withdrawn, _removed, _held, _held_and_taken_back, _lapsed, _left, _reopened, _overturned, _swept, _message,
    ],
)  # fmt: skip
async def test_words_come_back_while_no_connection_is_held(
    world: World, monkeypatch: pytest.MonkeyPatch, going: Callable[[World, int], Awaitable[Undone]]
) -> None:
    post = await _post(world)
    undone = await going(world, post)
    held: list[int] = []

    async def render(body: str, *, whose: int | None, quoting: bool = True) -> text.Rendered:
        del whose
        held.append(world.db.pool.get_size() - world.db.pool.get_idle_size())
        return text.render(body, quoting=quoting)

    monkeypatch.setattr(text, "render_async", render)
    await undone()
    assert held == [0]
    shown = await posts.one(world.db, post)
    assert (shown["state"], shown["html"].strip()) == ("shown", "<p>Words that <em>go</em></p>")


@pytest.mark.parametrize("going", [_withdrawn, _removed])
async def test_what_changed_while_it_was_rendered_comes_back_as_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch, going: Callable[[World, int], Awaitable[Undone]]
) -> None:
    post = await _post(world)
    undone = await going(world, post)
    render, rendered = text.render_async, list[str]()

    async def meanwhile(body: str, *, whose: int | None, quoting: bool = True) -> text.Rendered:
        monkeypatch.setattr(text, "render_async", render)
        await undone()
        await posts.edit(world.db, world.ben, post, "Other words")
        await going(world, post)
        monkeypatch.setattr(text, "render_async", once_more)
        return await once_more(body, whose=whose, quoting=quoting)

    async def once_more(body: str, *, whose: int | None, quoting: bool = True) -> text.Rendered:
        assert world.db.pool.get_size() == world.db.pool.get_idle_size()
        rendered.append(body)
        return await render(body, whose=whose, quoting=quoting)

    monkeypatch.setattr(text, "render_async", meanwhile)
    await undone()
    assert rendered == ["Words that *go*", "Other words"]
    shown = await posts.one(world.db, post)
    assert (shown["state"], shown["html"].strip()) == ("shown", "<p>Other words</p>")


async def _post(world: World) -> int:
    """Ben's, in a joint thread."""
    thread = await world.thread(jointly=True)
    return int((await posts.reply(world.db, world.ben, thread, "Words that *go*"))["id"])
