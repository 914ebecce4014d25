"""The table of docs/states.md: each act in each state, and each pair of acts at once."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from forum import holds, posts, removal, rooms
from forum.errors import Conflict, Forbidden
from tests.people import World

LATER = timedelta(days=30)

Act = Callable[[World, int], Awaitable[Any]]


async def _lapse(world: World, post: int) -> Any:
    return await holds.lapse_hold(world.db, post, now=datetime.now(UTC) + LATER)


ACTS: dict[str, Act] = {
    "edit": lambda world, post: posts.edit(world.db, world.ben, post, "Other words"),
    "withdraw": lambda world, post: posts.withdraw(world.db, world.ben, post),
    "undo": lambda world, post: posts.undo(world.db, world.ben, post),
    "remove": lambda world, post: removal.remove_post(world.db, world.mod, post, "Advertising"),
    "restore": lambda world, post: removal.restore_post(world.db, world.mod, post),
    "hold": lambda world, post: holds.hold_post(world.db, world.max, post, "Advertising"),
    "release": lambda world, post: holds.release_post(world.db, world.max, post),
    "lapse": _lapse,
}

TABLE: dict[str, dict[str, str | None]] = {
    "edit": {"shown": "shown", "held": None, "withdrawn": None, "removed": None},
    "withdraw": {"shown": "withdrawn", "held": None, "withdrawn": "withdrawn", "removed": None},
    "undo": {"shown": "shown", "held": None, "withdrawn": "shown", "removed": None},
    "remove": {"shown": "removed", "held": "removed", "withdrawn": None, "removed": "removed"},
    "restore": {"shown": "shown", "held": "shown", "withdrawn": None, "removed": "shown"},
    "hold": {"shown": "held", "held": "held", "withdrawn": None, "removed": None},
    "release": {"shown": "shown", "held": "shown", "withdrawn": None, "removed": None},
    "lapse": {"shown": "shown", "held": "shown", "withdrawn": "withdrawn", "removed": "removed"},
}
"""Act → state → what it becomes; None is a conflict."""

WAY_TO: dict[str, list[str]] = {"shown": [], "held": ["hold"], "withdrawn": ["withdraw"], "removed": ["remove"]}


FOR_GOOD = "remove for good"
TABLE[FOR_GOOD] = {"shown": "purged", "held": "purged", "withdrawn": None, "removed": "purged", "purged": "purged"}
ALL_ACTS: dict[str, Act] = {
    **ACTS,
    FOR_GOOD: lambda world, post: removal.remove_post(world.db, world.mod, post, "Private information", keep=False),
}
WAYS = {**WAY_TO, "purged": [FOR_GOOD]}
"""With the state from which no way leads back: apart, since runs of acts at once need one."""


def _wanted(act: str, state: str) -> str | None:
    return TABLE[act].get(state, "purged" if act == "lapse" else None)


async def _post(world: World, state: str = "shown") -> int:
    thread = await world.thread(jointly=True)
    post = await posts.reply(world.db, world.ben, thread, "Words that may go")
    for act in WAYS[state]:
        await ALL_ACTS[act](world, post["id"])
    return int(post["id"])


@pytest.mark.parametrize("state", WAYS)
@pytest.mark.parametrize("act", ALL_ACTS)
async def test_an_act_in_a_state(world: World, act: str, state: str) -> None:
    post = await _post(world, state)
    wanted = _wanted(act, state)
    if wanted is None:
        with pytest.raises(Conflict):
            await ALL_ACTS[act](world, post)
        wanted = state
    else:
        await ALL_ACTS[act](world, post)
    await _check(world, post, {wanted})


@pytest.mark.parametrize("act", ALL_ACTS)
async def test_a_purge_and_another_act_at_once(world: World, act: str) -> None:
    for state in WAY_TO:
        post = await _post(world, state)
        pair = (FOR_GOOD, act)
        results = await asyncio.gather(*(ALL_ACTS[each](world, post) for each in pair), return_exceptions=True)
        refused = [result for result in results if isinstance(result, BaseException)]
        assert all(isinstance(result, Conflict) for result in refused), refused
        await _check(world, post, _outcomes(state, pair) | _outcomes(state, pair[::-1]))


async def _check(world: World, post: int, allowed: set[str]) -> str:
    row = await world.db.pool.fetchrow(
        "SELECT p.state, p.body,"
        " (SELECT count(*) FROM sealed s WHERE s.noun = 'post' AND s.object_id = p.id) AS sealed,"
        " (SELECT count(*) FROM holds h WHERE h.post_id = p.id AND h.outcome IS NULL) AS holds"
        " FROM posts p WHERE p.id = $1",
        post,
    )
    assert row is not None
    assert row["state"] in allowed
    assert (row["body"] is None) == (row["state"] != "shown")
    assert (row["sealed"] > 0) == (row["state"] not in {"shown", "purged"})
    assert row["holds"] == (row["state"] == "held")
    return str(row["state"])


@pytest.mark.parametrize("rounds", [1, pytest.param(50, marks=pytest.mark.faults)])
@pytest.mark.parametrize("pair", list(itertools.combinations_with_replacement(ACTS, 2)), ids="+".join)
async def test_two_acts_at_once_are_as_one_after_the_other(world: World, pair: tuple[str, str], rounds: int) -> None:
    """Each pair in each of four states: 200 runs of a pair where faults are looked for, one round of four otherwise."""
    post = await _post(world)
    for state in [*WAY_TO] * rounds:
        await _bring(world, post, state)
        results = await asyncio.gather(*(ACTS[act](world, post) for act in pair), return_exceptions=True)
        refused = [result for result in results if isinstance(result, BaseException)]
        assert all(isinstance(result, Conflict) for result in refused), refused
        await _check(world, post, _outcomes(state, pair) | _outcomes(state, pair[::-1]))


def _outcomes(state: str, order: tuple[str, ...]) -> set[str]:
    for act in order:
        state = _wanted(act, state) or state
    return {state}


async def _bring(world: World, post: int, state: str) -> None:
    """Back to `shown`, then on to the state; a hold that was decided may not be asked for again, so forget it."""
    now = await _check(world, post, set(WAY_TO))
    way_back = {"held": "restore", "withdrawn": "undo", "removed": "restore"}
    if now in way_back:
        await ACTS[way_back[now]](world, post)
    await world.db.pool.execute("DELETE FROM holds WHERE post_id = $1", post)
    for act in WAY_TO[state]:
        await ACTS[act](world, post)


async def test_who_decides(world: World) -> None:
    post = await _post(world)
    for caller in (world.ana, world.max, world.obs, world.ben):
        with pytest.raises(Forbidden):
            await removal.remove_post(world.db, caller, post, "Advertising")
    removed = await removal.remove_post(world.db, world.lead, post, "Advertising")
    assert removed["state"] == "removed"


async def test_a_message_removed_is_sealed_and_comes_back(world: World) -> None:
    message = await rooms.say(world.db, world.ben, world.network, "Words that may go")
    with pytest.raises(Forbidden):
        await removal.remove_message(world.db, world.ana, message["id"], "Advertising")
    gap = await removal.remove_message(world.db, world.mod, message["id"], "Advertising")
    assert (gap["state"], gap["body"], gap["html"]) == ("removed", None, None)
    back = await removal.restore_message(world.db, world.mod, message["id"])
    assert back["body"] == "Words that may go"


async def test_sealed_words_are_for_who_decides(world: World) -> None:
    post = await _post(world, "removed")
    words = await removal.sealed_words(world.db, world.mod, "post", post)
    assert [row["body"] for row in words] == ["Words that may go"]
    for caller in (world.ben, world.ana, world.max, world.eve):
        with pytest.raises(Exception, match="nothing here"):
            await removal.sealed_words(world.db, caller, "post", post)
