"""Keys are forgotten after their time, so many at once."""

import pytest

from forum import idempotency, jobs
from tests.people import World

KEPT = "SELECT array_agg(key ORDER BY key) FROM idempotency_keys WHERE member_id = $1"


async def _keys(world: World, **days: int) -> None:
    """Ben's keys by name, each so many days old."""
    for key, age in days.items():
        await world.db.pool.execute(
            """INSERT INTO idempotency_keys (member_id, key, request_hash, created_at)
            VALUES ($1, $2, '', now() - make_interval(days => $3))""",
            world.ben.member, key, age,
        )  # fmt: skip


async def test_so_many_keys_are_forgotten_at_once_the_oldest_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "FORGOTTEN_AT_ONCE", 2)
    await _keys(world, a=17, b=16, c=15, d=13)
    assert await jobs._forget_keys(world.db) == 2
    assert await world.db.pool.fetchval(KEPT, world.ben.member) == ["c", "d"]
    assert await jobs._forget_keys(world.db) == 1
    assert await world.db.pool.fetchval(KEPT, world.ben.member) == ["d"]


async def test_a_key_that_somebody_else_holds_is_forgotten_another_time(world: World) -> None:
    await _keys(world, a=15, b=15)
    async with world.db.transaction() as other:
        await other.connection.execute(
            "SELECT FROM idempotency_keys WHERE member_id = $1 AND key = 'a' FOR UPDATE", world.ben.member
        )
        async with world.db.transaction() as tx:
            assert await idempotency.SQL.forget(tx.connection, limit=10_000) == 1
        assert await world.db.pool.fetchval(KEPT, world.ben.member) == ["a"]
