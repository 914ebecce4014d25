"""What a process keeps is never older than what it shows: fragments by their facts, counts by the cursors."""

from typing import Any

import pytest
from starlette.applications import Starlette

from forum import announcements, posts, removal, sessions, threads
from forum.db import held
from forum.networks import Unread
from forum.standing import Above
from forum.views import fragments
from forum.web.counts import KeptCounts
from forum.web.dispatch import first_word
from tests.pages.conftest import Visit
from tests.pages.rows import NOON, post, thread, views
from tests.people import World

OTHER: dict[str, Any] = {
    "state": "removed",
    "networks": [{"id": 4, "slug": "other", "name": "Other", "since": "2026-11-20T09:00:00+00:00"}],
}


def _changed(row: dict[str, Any], name: str) -> dict[str, Any]:
    """The same row with another value of one column, and what else the database then holds."""
    value = row[name]
    if name in OTHER:
        changed = OTHER[name]
    elif isinstance(value, bool) or value is None:
        changed = NOON if name.endswith("_at") else None
    elif isinstance(value, int):
        changed = value + 1
    elif isinstance(value, str):
        changed = f"{value} other"
    else:
        changed = value
    gone = {"html": None, "body": None, "gap_at": NOON} if name == "state" else {}
    return {**row, name: changed, **gone}


@pytest.mark.parametrize("name", sorted(post()))
def test_a_kept_post_shows_every_column_as_it_is_now(name: str) -> None:
    kept, row = views(), post(depth=2)
    kept.post(row)
    changed = _changed(row, name)
    assert kept.post(changed) == views().post(changed)


@pytest.mark.parametrize("name", sorted(thread()))
def test_a_kept_thread_shows_every_column_as_it_is_now(name: str) -> None:
    kept, row = views(), thread()
    kept.thread_row(row)
    changed = _changed(row, name)
    assert kept.thread_row(changed) == views().thread_row(changed)


TOP = {
    "id": 3,
    "slug": "london",
    "name": "London",
    "above": Above(1, "uk", "UK"),
    "my_role": "member",
    "may_write": True,
}
TABS = {
    "id": 3, "slug": "london", "room_id": 7, "visibility": "open", "tab": "threads", "my_role": "member", "threads": 2,
    "here": 4, "signed_in": True,
}  # fmt: skip
PARTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "networks/_top.html": (TOP, {"above": None, "my_role": "lead", "may_write": False}),
    "networks/_tabs.html": (TABS, {"visibility": "private", "tab": "log", "my_role": "", "signed_in": False}),
    "networks/_no_threads.html": (
        {"slug": "london", "may_write": True, "filled": True},
        {"may_write": False, "filled": False},
    ),
}
"""What each is handed, and another value for some of it: with no role, a private network shows fewer tabs."""


@pytest.mark.parametrize(("part", "name"), [(part, name) for part, (facts, _) in PARTS.items() for name in facts])
def test_a_kept_part_shows_all_that_it_is_handed_as_it_is_now(part: str, name: str) -> None:
    kept, (facts, others) = views(), PARTS[part]
    for before in (facts, {**facts, **others}):
        kept.part(part, **before)
        changed = {**before, name: others[name] if name in others else _changed(before, name)[name]}
        assert kept.part(part, **changed) == views().part(part, **changed)


def test_a_template_is_handed_its_facts_alone() -> None:
    """What is no fact cannot be shown: a template that names it breaks, and shows nothing old."""
    row = post()
    assert set(fragments.POST.named(fragments.POST.of(row))) < set(row)
    assert "body" not in fragments.POST.named(fragments.POST.of(row))


async def test_a_removed_post_is_not_served_from_what_was_kept(world: World, visit: Visit, app: Starlette) -> None:
    thread_id = await world.thread()
    word = f"unheard{thread_id}"
    row = await posts.reply(world.db, world.ben, thread_id, word)
    page = f"/threads/{thread_id}?order=tree"
    ana = await visit(world.ana)
    assert word in (await ana.get(page)).text
    kept = app.state.site.views.cache
    misses = kept.misses
    assert word in (await ana.get(page)).text
    assert kept.misses == misses, "the second page drew something anew"
    await removal.remove_post(world.db, world.mod, row["id"], "Off topic")
    assert word not in (await ana.get(page)).text


async def _counts(kept: KeptCounts, world: World, token: str) -> Unread:
    """What the keeper says of the world's network to this session."""
    async with world.db.connection() as connection:
        visit = await sessions.visit(connection, sessions.credential(cookie=token))
        return (await kept.of(held(connection), visit))[await world.network_id()]


async def test_counts_are_kept_until_a_cursor_moves(world: World) -> None:
    """Planted: a wrong count under the cursors of now, which is served while they stand, and never after."""
    kept, thread_id = KeptCounts(), await world.thread()
    token = await sessions.start(world.db, world.ben.member)
    while await announcements.announce_threads(world.db):
        pass
    right = (await _counts(kept, world, token)).threads
    for place, (version, _) in kept._kept.items():
        kept._kept[place] = (version, Unread(threads=77))
    assert (await _counts(kept, world, token)).threads == 77
    await threads.mark_read(world.db, world.ben, thread_id, [1])
    assert (await _counts(kept, world, token)).threads == right - 1
    await posts.reply(world.db, world.ana, thread_id, "Once more")
    while await announcements.announce_threads(world.db):
        pass
    assert (await _counts(kept, world, token)).threads == right


async def test_no_route_begins_with_a_name_of_its_path(app: Starlette) -> None:
    """Or it would be found by no first word."""
    assert not [route.path for route in app.routes if first_word(getattr(route, "path", "/x")).startswith("{")]
