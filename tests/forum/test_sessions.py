"""Sessions: a password that is changed while it is looked at proves nothing; what is over is forgotten."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from forum import access, members, passwords, sessions
from forum.errors import Invalid, Unauthenticated
from forum.passwords import token_hash
from forum.standing import Caller
from tests.people import PASSWORD, World

OPEN = "SELECT count(*) FROM sessions WHERE member_id = $1 AND ended_at IS NULL"
OVER = "UPDATE sessions SET expires_at = now() - interval '1 second' WHERE member_id = $1"
WAITED_FOR = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid)"


async def _account(world: World) -> tuple[str, int]:
    email = f"kim-{world.tag}@example.org"
    row = await members.add(world.db, email, "Kim", password=PASSWORD)
    return email, row["id"]


def _meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Awaitable[object]]) -> None:
    """Do this once while the next password is looked at."""
    verified = passwords.verified

    async def looked_at(stored: str | None, password: str) -> bool:
        right = await verified(stored, password)
        monkeypatch.setattr(passwords, "verified", verified)
        await act()
        return right

    monkeypatch.setattr(passwords, "verified", looked_at)


async def test_a_password_that_is_changed_while_it_is_looked_at_opens_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    email, member = await _account(world)
    token, _ = await members.one_time_link(world.db, member)
    _meanwhile(monkeypatch, lambda: members.set_password_by_link(world.db, token, "other quiet words"))
    with pytest.raises(Unauthenticated):
        await sessions.sign_in(world.db, email, PASSWORD)
    assert await world.db.pool.fetchval(OPEN, member) == 0
    await sessions.sign_in(world.db, email, "other quiet words")
    assert await world.db.pool.fetchval(OPEN, member) == 1


async def test_who_is_suspended_while_their_password_is_looked_at_is_not_signed_in(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    email, member = await _account(world)
    _meanwhile(monkeypatch, lambda: members.suspend(world.db, world.admin, member, "Spam"))
    with pytest.raises(Unauthenticated):
        await sessions.sign_in(world.db, email, PASSWORD)
    assert await world.db.pool.fetchval(OPEN, member) == 0


async def test_a_session_waits_for_the_password_that_is_just_being_set(world: World) -> None:
    email, member = await _account(world)
    async with world.db.transaction() as tx:
        await members.SQL.set_password(
            tx.connection, member=member, password=await passwords.hashed("other words here"), old=None
        )
        signing_in = asyncio.create_task(sessions.sign_in(world.db, email, PASSWORD))
        async with asyncio.timeout(30):
            while not await tx.connection.fetchval(WAITED_FOR):  # noqa: ASYNC110 - who waits there tells nobody
                await asyncio.sleep(0.01)
        await members.SQL.end_sessions(tx.connection, member=member, keep=None)
    with pytest.raises(Unauthenticated):
        await signing_in
    assert await world.db.pool.fetchval(OPEN, member) == 0


async def test_a_password_that_was_set_meanwhile_is_not_overwritten(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    email, member = await _account(world)
    token, _ = await members.one_time_link(world.db, member)
    _meanwhile(monkeypatch, lambda: members.set_password_by_link(world.db, token, "other quiet words"))
    with pytest.raises(Invalid):
        await members.change_password(world.db, Caller(member), PASSWORD, "words of somebody else")
    await sessions.sign_in(world.db, email, "other quiet words")


async def test_tokens_that_are_made_at_once_are_counted_one_by_one(world: World) -> None:
    ben = world.ben.member
    for _ in range(sessions.MAX_TOKENS - 1):
        await sessions.create_token(world.db, ben)
    async with world.db.transaction() as tx:
        await access.SQL.lock_standing(tx.connection, member=ben, networks=[])
        await sessions.SQL.insert_token(
            tx.connection, member=ben, hash=token_hash(f"another {world.tag}"), name="", scopes=["read"],
            expires_at=datetime.now(UTC) + timedelta(days=1),
        )  # fmt: skip
        making = asyncio.create_task(sessions.create_token(world.db, ben))
        async with asyncio.timeout(30):
            while not await tx.connection.fetchval(WAITED_FOR):
                assert not making.done()
                await asyncio.sleep(0.01)
    with pytest.raises(Invalid):
        await making


async def test_what_has_come_to_its_end_by_itself_is_forgotten(world: World) -> None:
    """Nothing reads it any more, and it says which browser was here when."""
    ben = world.ben.member
    kept = await sessions.start(world.db, ben, browser="Firefox")
    await sessions.start(world.db, ben, browser="Firefox")
    await sessions.create_token(world.db, ben, name="kept")
    await sessions.create_token(world.db, ben, name="over")
    over = "UPDATE {} SET expires_at = now() - interval '1 second' WHERE member_id = $1 AND {}"
    await world.db.pool.execute(over.format("sessions", "token_hash <> $2"), ben, token_hash(kept))
    await world.db.pool.execute(over.format("tokens", "name <> $2"), ben, "kept")
    await members.one_time_link(world.db, ben)
    await world.db.pool.execute(over.format("one_time_links", "$2"), ben, True)
    async with world.db.transaction() as tx:
        assert await sessions.SQL.forget(tx.connection, limit=10_000) >= 3
    left = "SELECT count(*) FROM {} WHERE member_id = $1"
    counts = [
        await world.db.pool.fetchval(left.format(table), ben) for table in ("sessions", "tokens", "one_time_links")
    ]
    assert counts == [1, 1, 0]


async def test_what_somebody_else_holds_is_forgotten_another_time(world: World) -> None:
    """Whoever ends all sessions of a member holds some of these too, in an order of their own."""
    ben = world.ben.member
    held = await sessions.start(world.db, ben)
    await sessions.start(world.db, ben)
    await world.db.pool.execute(OVER, ben)
    left = "SELECT count(*) FROM sessions WHERE member_id = $1"
    async with world.db.transaction() as other:
        await other.connection.execute("SELECT FROM sessions WHERE token_hash = $1 FOR UPDATE", token_hash(held))
        async with world.db.transaction() as tx:
            await sessions.SQL.forget(tx.connection, limit=10_000)
        assert await world.db.pool.fetchval(left, ben) == 1
    async with world.db.transaction() as tx:
        await sessions.SQL.forget(tx.connection, limit=10_000)
    assert await world.db.pool.fetchval(left, ben) == 0


async def test_so_much_is_forgotten_at_once(world: World) -> None:
    ben = world.ben.member
    for _ in range(3):
        await sessions.start(world.db, ben)
    await world.db.pool.execute(OVER, ben)
    async with world.db.transaction() as tx:
        await sessions.SQL.forget(tx.connection, limit=2)
    assert await world.db.pool.fetchval("SELECT count(*) FROM sessions WHERE member_id = $1", ben) >= 1


async def test_a_session_that_is_just_used_and_ended_waits_for_nobody_who_waits_for_it(world: World) -> None:
    ben = world.ben.member
    token = await sessions.start(world.db, ben)
    session = await world.db.pool.fetchval("SELECT id FROM sessions WHERE token_hash = $1", token_hash(token))
    async with world.db.transaction() as tx:
        await members.SQL.set_password(tx.connection, member=ben, password="a hash", old=None)
        used = asyncio.create_task(sessions.seen(world.db, Caller(ben, session_id=session)))
        async with asyncio.timeout(30):
            while not await tx.connection.fetchval(WAITED_FOR):  # noqa: ASYNC110 - who waits there tells nobody
                await asyncio.sleep(0.01)
        assert len(await members.SQL.end_sessions(tx.connection, member=ben, keep=None)) == 1
    await used
