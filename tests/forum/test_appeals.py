"""Appeals: who may decide, what that grants, and what comes of it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from forum import appeals, memberships, networks, notifications, posts, purge, removal, rooms, sanctions
from forum.db import Database
from forum.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from forum.standing import Caller
from tests.people import World

WORDS = "The words that were removed"
WAITED_FOR = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid)"


@pytest.fixture(scope="module")
def db(own_db: Database) -> Database:
    """What is passed on in time is passed on everywhere: here are no appeals but these."""
    return own_db


async def _removed(world: World, *, by: Caller | None = None, keep: bool = True) -> tuple[int, int]:
    """A post of ben's in the middle of a thread, removed; its id and that of the removal."""
    thread = await world.thread(body="The opening words")
    numbers = [(await posts.reply(world.db, world.ana, thread, f"Near {number}"))["id"] for number in range(3)]
    post = (await posts.reply(world.db, world.ben, thread, WORDS, parent=numbers[0]))["id"]
    for number in range(4):
        await posts.reply(world.db, world.ana, thread, f"Later {number}")
    await removal.remove_post(world.db, by or world.mod, post, "Advertising", "A note", keep=keep)
    async with world.db.connection() as connection:
        gone = await removal.standing(connection, "post", post)
    removal_id = await world.db.pool.fetchval("SELECT id FROM removals WHERE post_id = $1", post)
    assert gone is None or gone["id"] == removal_id
    return post, int(removal_id)


async def _appeal(world: World, removal_id: int, body: str = "It was no advertisement") -> int:
    row = await appeals.make(world.db, world.ben, removal_id, body)
    return int(row["appeal_id"])


async def _case(world: World, caller: Caller, appeal: int) -> appeals.Case:
    async with world.db.connection() as connection:
        return await appeals.case(connection, caller, appeal)


async def _queue(world: World, appeal: int) -> int | None:
    found: int | None = await world.db.pool.fetchval("SELECT decides_id FROM appeals WHERE id = $1", appeal)
    return found


async def _told(world: World, caller: Caller, what: str) -> list[Any]:
    async with world.db.connection() as connection:
        return [each for each in await notifications.listed(connection, caller.member) if each["what"] == what]


async def test_the_author_sees_why_and_never_the_words(world: World) -> None:
    _, removal_id = await _removed(world)
    async with world.db.connection() as connection:
        row = await appeals.mine(connection, world.ben, removal_id)
        for caller in (world.ana, world.mod, world.lead, world.eve, world.admin, Caller()):
            with pytest.raises(NotFound):
                await appeals.mine(connection, caller, removal_id)
    assert (row["reason"], row["note"], row["removed_by"]) == ("Advertising", "A note", None)
    assert WORDS not in str(dict(row))
    assert appeals.may_appeal(row)


async def test_one_appeal_by_the_author_in_time(world: World) -> None:
    _, removal_id = await _removed(world)
    for caller, error in ((world.ana, NotFound), (world.mod, NotFound), (Caller(), Unauthenticated)):
        with pytest.raises(error):
            await appeals.make(world.db, caller, removal_id, "Mine!")
    with pytest.raises(Invalid):
        await appeals.make(world.db, world.ben, removal_id, "  ")
    both = await asyncio.gather(
        *(appeals.make(world.db, world.ben, removal_id, "It was no advertisement") for _ in range(2)),
        return_exceptions=True,
    )
    assert sorted(isinstance(each, Conflict) for each in both) == [False, True]
    back, restored = await _removed(world)
    await removal.restore_post(world.db, world.mod, back)
    with pytest.raises(Conflict, match="back"):
        await _appeal(world, restored)


async def test_what_comes_back_as_its_author_appeals_leaves_nothing_to_decide(world: World) -> None:
    post, removal_id = await _removed(world)
    async with world.db.transaction() as tx:
        gone = await appeals.SQL.lock_removal(tx.connection, removal=removal_id, member=world.ben.member)
        restoring = asyncio.create_task(removal.restore_post(world.db, world.mod, post))
        async with asyncio.timeout(30):
            while not await tx.connection.fetchval(WAITED_FOR):  # noqa: ASYNC110 - who waits there tells nobody
                await asyncio.sleep(0.01)
        await appeals._insert(tx, world.ben, gone, "It was no advertisement")
    assert (await restoring)["body"] == WORDS
    outcome = "SELECT outcome FROM appeals WHERE removal_id = $1"
    assert await world.db.pool.fetchval(outcome, removal_id) == "overturned"


async def test_the_time_for_it_ends_by_an_act_and_not_by_being_looked_at(world: World) -> None:
    _, removal_id = await _removed(world)
    _, other = await _removed(world)
    until = await world.db.pool.fetchval(
        "UPDATE removals SET appeal_until = appeal_until - interval '1 day' WHERE id = $1 RETURNING appeal_until",
        removal_id,
    )
    assert await appeals.close_due(world.db, now=until - timedelta(seconds=1)) == 0
    both = await asyncio.gather(*(appeals.close_due(world.db, now=until) for _ in range(2)))
    assert sorted(both) == [0, 1], "two processes end it once"
    told = await world.db.pool.fetch(
        "SELECT object FROM updates WHERE channel = $1 AND kind = 'removal.closed'", f"member:{world.ben.member}"
    )
    assert [row["object"] for row in told] == [removal_id]
    async with world.db.connection() as connection:
        assert not appeals.may_appeal(await appeals.mine(connection, world.ben, removal_id))
        assert appeals.may_appeal(await appeals.mine(connection, world.ben, other))
    with pytest.raises(Conflict, match="You could appeal until"):
        await _appeal(world, removal_id)
    await _appeal(world, other)


async def test_the_same_request_again_makes_no_second_one(world: World) -> None:
    _, removal_id = await _removed(world)
    first = await appeals.make(world.db, world.ben, removal_id, "Please look again", key="once")
    again = await appeals.make(world.db, world.ben, removal_id, "Please look again", key="once")
    assert first["appeal_id"] == again["appeal_id"]


async def test_who_decides(world: World) -> None:
    """A moderator or lead who did not remove it; where none is left the lead above; else an administrator."""
    sub = f"sub-{world.tag}"
    await networks.create(world.db, world.lead, name="Sub", slug=sub, kind="topic", parent=world.network)
    for who, role in ((world.mod, "lead"), (world.max, "moderator"), (world.ben, "member")):
        await memberships.set_role(world.db, world.lead, sub, who.member, role)
    await memberships.leave(world.db, world.lead, sub)
    message = (await rooms.say(world.db, world.ben, sub, WORDS))["id"]
    await removal.remove_message(world.db, world.max, message, "Advertising")
    removal_id = await world.db.pool.fetchval("SELECT id FROM removals WHERE message_id = $1", message)

    async def deciders() -> set[int]:
        rows = await world.db.pool.fetch("SELECT member_id FROM appeal_deciders($1)", removal_id)
        return {row["member_id"] for row in rows}

    assert await deciders() == {world.mod.member}
    appeal = await _appeal(world, removal_id)
    assert await _queue(world, appeal) == await world.network_id(sub)
    assert len(await _told(world, world.mod, "appeal")) == 1
    with pytest.raises(Forbidden):
        await _case(world, world.max, appeal)
    for caller in (world.lead, world.admin, world.ben, world.ana, world.eve):
        with pytest.raises(NotFound):
            await _case(world, caller, appeal)

    await memberships.set_role(world.db, world.mod, sub, world.max.member, "lead")
    await memberships.set_role(world.db, world.mod, sub, world.ben.member, "moderator")
    await memberships.leave(world.db, world.mod, sub)
    assert await deciders() == {world.lead.member}, "neither the author nor a moderator of the network above"
    assert await appeals.pass_on(world.db) >= 1
    assert await _queue(world, appeal) == await world.network_id()
    found = await _case(world, world.lead, appeal)
    assert [row["body"] for row in found.words] == [WORDS]
    with pytest.raises(Forbidden):
        await _case(world, world.mod, appeal)

    await world.db.pool.execute(
        "UPDATE memberships SET role = 'member' WHERE member_id = $1 AND network_id = $2",
        world.lead.member, await world.network_id(),
    )  # fmt: skip
    admins = await world.db.pool.fetch("SELECT id FROM members WHERE administrator AND state = 'active'")
    assert await deciders() == {row["id"] for row in admins}
    await appeals.pass_on(world.db)
    assert await _queue(world, appeal) is None
    assert (await _case(world, world.admin, appeal)).words
    async with world.db.connection() as connection:
        assert appeal in {row["id"] for row in await appeals.for_me(connection, world.admin)}
        assert appeal not in {row["id"] for row in await appeals.for_me(connection, world.lead)}


async def test_what_nobody_decides_in_time_goes_a_step_further(world: World) -> None:
    """From the moderators to the leads, to the leads above, to the administrators; then they are told again."""
    sub = f"sub-{world.tag}"
    await networks.create(world.db, world.lead, name="Sub", slug=sub, kind="topic", parent=world.network)
    roles = ((world.ana, "lead"), (world.max, "moderator"), (world.mod, "moderator"), (world.ben, "member"))
    for who, role in roles:
        await memberships.set_role(world.db, world.lead, sub, who.member, role)
    await memberships.leave(world.db, world.lead, sub)
    message = (await rooms.say(world.db, world.ben, sub, WORDS))["id"]
    await removal.remove_message(world.db, world.max, message, "Advertising")
    removal_id = await world.db.pool.fetchval("SELECT id FROM removals WHERE message_id = $1", message)
    appeal = await _appeal(world, removal_id)
    below, above = await world.network_id(sub), await world.network_id()
    steps = [(below, {world.mod, world.ana}), (below, {world.ana}), (above, {world.lead}), (None, {world.admin})]
    for number, (queue, deciders) in enumerate(steps):
        assert await _queue(world, appeal) == queue
        for caller in (world.mod, world.ana, world.lead, world.admin, world.max, world.ben):
            if caller in deciders:
                await _case(world, caller, appeal)
            else:
                with pytest.raises((NotFound, Forbidden)):
                    await _case(world, caller, appeal)
        async with world.db.connection() as connection:
            row = await appeals.mine(connection, world.ben, removal_id)
        assert (row["step"], len(await _told(world, world.ben, "appeal_passed_on"))) == (number, number)
        await appeals.pass_on_overdue(world.db, now=row["due_at"] - timedelta(seconds=1))
        assert await _queue(world, appeal) == queue, "not a second too early"
        await appeals.pass_on_overdue(world.db, now=row["due_at"])
    reminded = [each for each in await _told(world, world.admin, "appeal") if each["removal_id"] == removal_id]
    assert len(reminded) == 2
    assert len(await _told(world, world.ben, "appeal_passed_on")) == 3
    acts = await world.db.pool.fetch(
        "SELECT act, actor_id FROM moderation_log WHERE noun = 'message' AND object_id = $1 ORDER BY id", message
    )
    passed = ["pass on appeal about"] * 3 + ["remind of appeal about"]
    assert [(row["act"], row["actor_id"]) for row in acts][2:] == [(act, None) for act in passed]
    await appeals.decide(world.db, world.admin, appeal, "upheld")


async def test_two_processes_pass_it_on_once(world: World) -> None:
    _, removal_id = await _removed(world)
    appeal = await _appeal(world, removal_id)
    late = datetime.now(UTC) + timedelta(days=15)
    await asyncio.gather(*(appeals.pass_on_overdue(world.db, now=late) for _ in range(2)))
    assert len(await _told(world, world.ben, "appeal_passed_on")) == 1
    assert await world.db.pool.fetchval("SELECT step FROM appeals WHERE id = $1", appeal) > 0


async def test_deciding_grants_this_one_case_and_nothing_else(world: World) -> None:
    """With no other moderator than the one who removed it, and nobody above: an administrator, who is no member."""
    post, removal_id = await _removed(world, by=world.lead)
    await memberships.leave(world.db, world.mod, world.network)
    appeal = await _appeal(world, removal_id)
    found = await _case(world, world.admin, appeal)
    assert [row["body"] for row in found.words] == [WORDS]
    assert [row["body"] for row in found.around] == ["Near 0", "Near 1", "Near 2", "Later 0", "Later 1"]
    assert (found.row["removed_by"], found.row["appeal"]) == (world.lead.member, "It was no advertisement")
    near = found.around[0]
    async with world.db.connection() as connection:
        for attempt in (
            posts.require(connection, world.admin, post),
            posts.require(connection, world.admin, near["id"]),
        ):
            with pytest.raises(NotFound):
                await attempt
    with pytest.raises(NotFound):
        await removal.sealed_words(world.db, world.admin, "post", post)
    with pytest.raises(NotFound):
        await removal.restore_post(world.db, world.admin, post)
    decided = await appeals.decide(world.db, world.admin, appeal, "overturned", "You were right.")
    assert decided["outcome"] == "overturned"
    assert (await posts.one(world.db, post))["body"] == WORDS
    after = await _case(world, world.admin, appeal)
    assert (after.words, after.around) == ((), ())


async def test_overturned_it_is_back_and_everybody_is_told(world: World) -> None:
    post, removal_id = await _removed(world)
    appeal = await _appeal(world, removal_id)
    thread = (await posts.one(world.db, post))["thread_id"]
    with pytest.raises(Forbidden):
        await appeals.decide(world.db, world.mod, appeal, "upheld")
    with pytest.raises(Invalid):
        await appeals.decide(world.db, world.lead, appeal, "perhaps")
    await appeals.decide(world.db, world.lead, appeal, "overturned", "You were right.")
    (told,) = await _told(world, world.ben, "appeal_overturned")
    assert (told["note"], told["removal_id"]) == ("You were right.", removal_id)
    network = await world.network_id()
    kinds = await world.db.pool.fetch(
        "SELECT channel, kind FROM updates WHERE channel = ANY ($1)", [f"thread:{thread}", f"moderators:{network}"]
    )
    recorded = {(row["channel"].split(":")[0], row["kind"]) for row in kinds}
    assert {("thread", "post.restored"), ("moderators", "appeal.made"), ("moderators", "appeal.decided")} <= recorded
    acts = await world.db.pool.fetch(
        "SELECT act FROM moderation_log WHERE noun = 'post' AND object_id = $1 ORDER BY id", post
    )
    assert [row["act"] for row in acts] == ["remove", "appeal about", "restore", "overturn removal of"]


async def test_upheld_it_stays_away(world: World) -> None:
    post, removal_id = await _removed(world)
    appeal = await _appeal(world, removal_id)
    await appeals.decide(world.db, world.lead, appeal, "upheld", "It was one.")
    assert (await posts.one(world.db, post))["state"] == "removed"
    async with world.db.connection() as connection:
        row = await appeals.mine(connection, world.ben, removal_id)
    assert (row["outcome"], row["answer"]) == ("upheld", "It was one.")
    assert len(await _told(world, world.ben, "appeal_upheld")) == 1
    with pytest.raises(Conflict, match="upheld the removal already"):
        await appeals.decide(world.db, world.lead, appeal, "overturned")


async def test_two_who_decide_at_once_are_one_decision(world: World) -> None:
    await memberships.set_role(world.db, world.lead, world.network, world.ana.member, "moderator")
    for _ in range(5):
        post, removal_id = await _removed(world)
        appeal = await _appeal(world, removal_id)
        results = await asyncio.gather(
            appeals.decide(world.db, world.lead, appeal, "overturned"),
            appeals.decide(world.db, world.ana, appeal, "upheld"),
            removal.restore_post(world.db, world.mod, post),
            return_exceptions=True,
        )
        assert all(isinstance(each, Conflict) for each in results if isinstance(each, BaseException)), results
        decisions = await world.db.pool.fetchval(
            "SELECT count(*) FROM moderation_log WHERE noun = 'post' AND object_id = $1 AND act LIKE '% removal of'",
            post,
        )
        assert decisions <= 1
        outcome = await world.db.pool.fetchval("SELECT outcome FROM appeals WHERE id = $1", appeal)
        assert outcome in {"upheld", "overturned"}


async def test_who_was_shut_out_decides_no_more(world: World) -> None:
    _, removal_id = await _removed(world)
    await memberships.set_role(world.db, world.lead, world.network, world.ana.member, "moderator")
    appeal = await _appeal(world, removal_id)
    await sanctions.impose(
        world.db, world.lead, world.network, world.ana.member, "suspension", until=None, reason="Rude"
    )
    with pytest.raises(NotFound):
        await appeals.decide(world.db, world.ana, appeal, "upheld")


async def test_words_are_kept_while_an_appeal_waits(world: World) -> None:
    post, removal_id = await _removed(world)
    appeal = await _appeal(world, removal_id)
    later = datetime.now(UTC) + timedelta(days=800)
    while await purge.purge_due(world.db, now=later):
        pass
    assert (await posts.one(world.db, post))["state"] == "removed"
    await appeals.decide(world.db, world.lead, appeal, "upheld")
    while await purge.purge_due(world.db, now=later):
        pass
    assert (await posts.one(world.db, post))["state"] == "purged"


async def test_what_was_purged_at_once_can_be_appealed_against_but_not_come_back(world: World) -> None:
    post, removal_id = await _removed(world, keep=False)
    appeal = await _appeal(world, removal_id)
    assert not (await _case(world, world.lead, appeal)).words
    await appeals.decide(world.db, world.lead, appeal, "overturned", "We are sorry.")
    assert (await posts.one(world.db, post))["state"] == "purged"


async def test_a_restoration_by_the_moderator_ends_the_appeal(world: World) -> None:
    post, removal_id = await _removed(world)
    appeal = await _appeal(world, removal_id)
    await removal.restore_post(world.db, world.mod, post)
    assert await world.db.pool.fetchval("SELECT outcome FROM appeals WHERE id = $1", appeal) == "overturned"
    with pytest.raises(Conflict):
        await appeals.decide(world.db, world.lead, appeal, "upheld")
