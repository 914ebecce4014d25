"""Warned, muted, suspended: what it takes away, what is told, and how it ends."""

from datetime import UTC, datetime, timedelta

import pytest

from forum import members as accounts
from forum import memberships, networks, posts, rooms, sanctions, sessions
from forum.db import Database
from forum.errors import Conflict, Forbidden, Invalid, NotFound
from tests.people import PASSWORD, World


async def _told(db: Database, world: World) -> list[tuple[object, ...]]:
    rows = await db.pool.fetch(
        "SELECT what, reason, note FROM shown_notifications WHERE member_id = $1 AND what <> 'role' ORDER BY id",
        world.ben.member,
    )
    return [tuple(row) for row in rows]


async def test_a_warning_is_told_and_takes_nothing_away(db: Database, world: World) -> None:
    for _ in range(2):
        await sanctions.impose(
            db, world.mod, world.network, world.ben.member, "warning", until=None, reason="Rude", note="Twice this week"
        )
    await rooms.say(db, world.ben, world.network, "I see")
    assert await _told(db, world) == [("warning", "Rude", "Twice this week")] * 2


async def test_muted_one_reads_and_is_told_why_and_until_when(db: Database, world: World) -> None:
    thread = await world.thread()
    until = datetime(2031, 11, 30, 12, tzinfo=UTC)
    await sanctions.impose(db, world.mod, world.network, world.ben.member, "mute", until=until, reason="Rude")
    async with db.connection() as connection:
        await networks.access.require_network(connection, world.ben, world.network)
    for act in (posts.reply(db, world.ben, thread, "No"), rooms.say(db, world.ben, world.network, "No")):
        with pytest.raises(Forbidden) as refused:
            await act
        assert "until 30 November. Reason: Rude." in refused.value.detail
    assert await _told(db, world) == [("mute", "Rude", None)]


@pytest.mark.parametrize("kind", ["mute", "suspension"])
async def test_leaving_and_joining_again_clears_nothing(db: Database, world: World, kind: sanctions.Sanction) -> None:
    await networks.describe(db, world.lead, world.network, visibility="open")
    await sanctions.impose(db, world.mod, world.network, world.ben.member, kind, until=None, reason="Rude")
    await memberships.leave(db, world.ben, world.network)
    if kind == "suspension":
        with pytest.raises(Forbidden):
            await memberships.join(db, world.ben, world.network)
    else:
        await memberships.join(db, world.ben, world.network)
    with pytest.raises(Forbidden):
        await rooms.say(db, world.ben, world.network, "Back again")


async def test_it_ends_by_itself_and_that_is_told(db: Database, world: World) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    await sanctions.impose(db, world.mod, world.network, world.ben.member, "mute", until=until, reason="Rude")
    await sanctions.end_due(db)
    with pytest.raises(Forbidden):
        await rooms.say(db, world.ben, world.network, "Not yet")
    await sanctions.end_due(db, now=until + timedelta(seconds=1))
    await rooms.say(db, world.ben, world.network, "Thank you")
    assert [kind for kind, *_ in await _told(db, world)] == ["mute", "sanction_ended"]


async def test_who_may_do_it_to_whom(db: Database, world: World) -> None:
    for who, whom, error in (
        (world.ana, world.ben, Forbidden),
        (world.max, world.ben, Forbidden),
        (world.mod, world.lead, Forbidden),
        (world.mod, world.mod, NotFound),
        (world.mod, world.eve, NotFound),
    ):
        with pytest.raises(error):
            await sanctions.impose(db, who, world.network, whom.member, "mute", until=None, reason="Rude")
    await sanctions.impose(db, world.lead, world.network, world.mod.member, "mute", until=None, reason="Rude")
    with pytest.raises(Forbidden):
        await sanctions.lift(db, world.mod, world.network, world.mod.member, "mute")
    with pytest.raises(Conflict):
        await sanctions.impose(db, world.lead, world.network, world.mod.member, "mute", until=None, reason="Rude")
    past = datetime.now(UTC) - timedelta(days=1)
    with pytest.raises(Invalid):
        await sanctions.impose(db, world.mod, world.network, world.ben.member, "mute", until=past, reason="Rude")


async def test_only_moderators_see_what_is_in_force(db: Database, world: World) -> None:
    await sanctions.impose(db, world.mod, world.network, world.ben.member, "mute", until=None, reason="Rude")
    async with db.connection() as connection:
        listed = await sanctions.listed(connection, world.mod, world.network)
        assert [(row["member_id"], row["kind"], row["reason"]) for row in listed] == [
            (world.ben.member, "mute", "Rude")
        ]
        for who in (world.ana, world.max, world.ben):
            with pytest.raises(Forbidden):
                await sanctions.listed(connection, who, world.network)
        assert [row["kind"] for row in await sanctions.done_to(connection, world.ben)] == ["mute"]
        assert not await sanctions.done_to(connection, world.ana)


async def test_a_suspended_account_is_told_why_and_ends_by_itself(db: Database, world: World) -> None:
    email = f"gone-{world.tag}@example.org"
    member = (await accounts.add(db, email, "Gone for a while", password=PASSWORD))["id"]
    until = datetime.now(UTC) + timedelta(days=1)
    await accounts.suspend(db, world.admin, member, "Spam", until=until)
    with pytest.raises(Forbidden) as refused:
        await sessions.sign_in(db, email, PASSWORD)
    assert f"suspended until {until:%-d %B}. Reason: Spam. You can appeal" in refused.value.detail
    with pytest.raises(Conflict):
        await accounts.suspend(db, world.admin, member, "Spam")
    await sanctions.end_due(db, now=until + timedelta(seconds=1))
    await sessions.sign_in(db, email, PASSWORD)
