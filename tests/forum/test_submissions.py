"""What a newcomer writes waits for a moderator where the network wants it; nothing of it is anywhere else meanwhile."""

import asyncio

import pytest

from forum import idempotency, memberships, newcomers, posts, rooms, sanctions, submissions, threads
from forum.db import Database
from forum.errors import Conflict, Forbidden, Invalid, NeedsApproval, NotFound, TooMany
from forum.standing import Caller
from forum.submissions import Submission
from tests.people import World


@pytest.fixture
async def thread(world: World) -> int:
    """A thread of mod's, in a network that reads the first two contributions of its newcomers."""
    started = await threads.start(world.db, world.mod, world.network, "A thread", "Opening")
    await world.db.pool.execute("UPDATE networks SET approves_first = 2 WHERE slug = $1", world.network)
    return int(started.thread["id"])


async def _submitted(what: object) -> int:
    assert isinstance(what, Submission)
    return int(what.row["id"])


async def test_the_act_itself_refuses_a_newcomer(db: Database, world: World, thread: int) -> None:
    with pytest.raises(NeedsApproval):
        await posts.reply(db, world.ben, thread, "Hello")
    with pytest.raises(NeedsApproval):
        await rooms.say(db, world.ben, world.network, "Hello")
    with pytest.raises(NeedsApproval):
        await threads.start(db, world.ben, world.network, "Hello", "Hello")


async def test_what_waits_is_shown_to_its_author_and_to_moderators(db: Database, world: World, thread: int) -> None:
    submission = await _submitted(await submissions.reply(db, world.ben, thread, "Hello"))
    async with db.connection() as connection:
        assert (await submissions.find(connection, world.ben, submission))[1] is False
        assert (await submissions.find(connection, world.mod, submission))[1] is True
        for other in (world.ana, world.max, world.eve, world.admin, world.obs):
            with pytest.raises(NotFound):
                await submissions.find(connection, other, submission)
        waiting = await submissions.waiting(connection, world.mod, world.network)
        with pytest.raises(Forbidden):
            await submissions.waiting(connection, world.ana, world.network)
    assert [row["id"] for row in waiting] == [submission]
    assert await db.pool.fetchval("SELECT count(*) FROM posts WHERE thread_id = $1", thread) == 1


async def test_approved_it_stands_as_its_author_wanted_it(db: Database, world: World, thread: int) -> None:
    opening = await db.pool.fetchval("SELECT id FROM posts WHERE thread_id = $1", thread)
    waits = await submissions.reply(db, world.ben, thread, f"Hello @{world.names[world.ana.member]}", parent=opening)
    row = await submissions.approve(db, world.mod, await _submitted(waits))
    post = await posts.one(db, row["object_id"])
    assert (post["author_id"], post["parent_id"], post["state"]) == (world.ben.member, opening, "shown")
    assert post["body"] == f"Hello @{{{world.ana.member}}}"
    assert (row["outcome"], row["body"]) == ("approved", None)
    told = await db.pool.fetch("SELECT kind FROM notifications WHERE member_id = $1", world.ben.member)
    assert sorted(each["kind"] for each in told) == ["role", "submission_approved"]


async def test_after_enough_of_them_nobody_is_new(db: Database, world: World, thread: int) -> None:
    for body in ("One", "Two"):
        await submissions.approve(
            db, world.mod, await _submitted(await submissions.say(db, world.ben, world.network, body))
        )
    assert not isinstance(await submissions.say(db, world.ben, world.network, "Three"), Submission)


async def test_a_thread_waits_with_its_title(db: Database, world: World, thread: int) -> None:
    await world.db.pool.execute(
        "UPDATE networks SET approves_first = 1 WHERE slug = ANY ($1)", [world.network, world.other]
    )
    waits = await submissions.start(
        db, world.ana, world.network, "A question", "Who knows?", jointly_with=[world.other]
    )
    await submissions.approve(db, world.mod, await _submitted(waits))
    row = await submissions.approve(db, world.max, await _submitted(waits))
    made = await db.pool.fetchrow("SELECT * FROM listed_threads WHERE id = $1", row["object_id"])
    assert made is not None
    assert (made["title"], made["author_id"]) == ("A question", world.ana.member)
    assert [each["slug"] for each in made["networks"]] == [world.network, world.other]


async def test_declined_it_is_gone_and_its_author_is_told_why(db: Database, world: World, thread: int) -> None:
    submission = await _submitted(await submissions.reply(db, world.ben, thread, "Buy this"))
    row = await submissions.decline(db, world.mod, submission, "Advertising")
    assert (row["outcome"], row["body"], row["title"]) == ("declined", None, None)
    told = await db.pool.fetchrow(
        "SELECT what, reason FROM shown_notifications WHERE member_id = $1 ORDER BY id DESC", world.ben.member
    )
    assert told is not None
    assert tuple(told) == ("submission_declined", "Advertising")
    with pytest.raises(Conflict):
        await submissions.approve(db, world.mod, submission)


async def test_its_author_takes_it_back(db: Database, world: World, thread: int) -> None:
    submission = await _submitted(await submissions.reply(db, world.ben, thread, "Hello"))
    with pytest.raises(NotFound):
        await submissions.withdraw(db, world.mod, submission)
    row = await submissions.withdraw(db, world.ben, submission)
    assert (row["outcome"], row["body"]) == ("withdrawn", None)


async def test_two_moderators_at_once_post_it_once(db: Database, world: World, thread: int) -> None:
    submission = await _submitted(await submissions.reply(db, world.ben, thread, "Hello"))
    done = await asyncio.gather(
        *(submissions.approve(db, who, submission) for who in (world.mod, world.lead)), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in done) == ["Conflict", "Record"]
    assert await db.pool.fetchval("SELECT count(*) FROM posts WHERE author_id = $1", world.ben.member) == 1


async def test_the_same_key_keeps_it_once_and_finds_what_it_became(db: Database, world: World, thread: int) -> None:
    idempotency.use_secret("of the test")
    one = await _submitted(await submissions.reply(db, world.ben, thread, "Hello", key="k"))
    assert await _submitted(await submissions.reply(db, world.ben, thread, "Hello", key="k")) == one
    await submissions.approve(db, world.mod, one)
    again = await submissions.reply(db, world.ben, thread, "Hello", key="k")
    assert isinstance(again, Submission)
    assert again.row["outcome"] == "approved"
    with pytest.raises(Invalid):
        await submissions.reply(db, world.ben, thread, "Something else", key="k")


async def test_who_was_muted_meanwhile_is_not_posted(db: Database, world: World, thread: int) -> None:
    submission = await _submitted(await submissions.reply(db, world.ben, thread, "Hello"))
    await sanctions.impose(db, world.mod, world.network, world.ben.member, "mute", until=None, reason="Rude")
    with pytest.raises(Conflict):
        await submissions.approve(db, world.mod, submission)


async def _start_jointly(db: Database, world: World) -> int:
    await memberships.set_role(db, world.lead, world.other, world.ben.member, "member")
    started = await submissions.start(
        db, world.ben, world.network, "A question", "Who knows?", jointly_with=[world.other]
    )
    return await _submitted(started)


async def _waits_in(db: Database, world: World, caller: Caller, slug: str) -> list[int]:
    async with db.connection() as connection:
        return [row["id"] for row in await submissions.waiting(connection, caller, slug)]


async def test_each_holder_of_a_joint_thread_reads_a_newcomer_first(db: Database, world: World, thread: int) -> None:
    """One after the other; the thread is there once both have approved it."""
    await newcomers.set_approved(db, world.lead, world.other, 2)
    waits = await _start_jointly(db, world)
    assert await _waits_in(db, world, world.mod, world.network) == [waits]
    assert await _waits_in(db, world, world.max, world.other) == []
    with pytest.raises(NotFound):
        await submissions.approve(db, world.max, waits)
    row = await submissions.approve(db, world.mod, waits)
    assert (row["outcome"], row["network_id"]) == (None, await world.network_id(world.other))
    assert await _waits_in(db, world, world.mod, world.network) == []
    assert await _waits_in(db, world, world.max, world.other) == [waits]
    with pytest.raises(NotFound):
        await submissions.approve(db, world.mod, waits)
    row = await submissions.approve(db, world.max, waits)
    made = await db.pool.fetchrow("SELECT * FROM threads WHERE id = $1", row["object_id"])
    assert made is not None
    assert (made["network_id"], made["title"]) == (await world.network_id(), "A question")
    held = await db.pool.fetchval("SELECT count(*) FROM thread_networks WHERE thread_id = $1", made["id"])
    assert held == 2


async def test_a_holder_that_reads_first_posts_is_not_passed_by_through_another(db: Database, world: World) -> None:
    await newcomers.set_approved(db, world.lead, world.other, 2)
    waits = await _start_jointly(db, world)
    assert await _waits_in(db, world, world.max, world.other) == [waits]
    row = await submissions.decline(db, world.max, waits, "Advertising")
    assert (row["outcome"], row["object_id"]) == ("declined", None)
    again = await _start_jointly(db, world)
    row = await submissions.approve(db, world.max, again)
    through = await db.pool.fetchval("SELECT network_id FROM threads WHERE id = $1", row["object_id"])
    assert through == await world.network_id()


async def test_a_newcomer_links_and_mentions_little(db: Database, world: World, thread: int) -> None:
    with pytest.raises(Invalid, match="links"):
        await submissions.reply(db, world.ben, thread, "http://a.example http://b.example http://c.example")


async def test_as_many_wait_as_the_network_reads_first(db: Database, world: World, thread: int) -> None:
    for body in ("One", "Two"):
        await submissions.reply(db, world.ben, thread, body)
    with pytest.raises(Conflict):
        await submissions.reply(db, world.ben, thread, "Three")


async def test_a_newcomer_posts_a_few_times_an_hour(db: Database, world: World, thread: int) -> None:
    for _ in range(submissions.MAX_AN_HOUR):
        one = await _submitted(await submissions.reply(db, world.ben, thread, "Hello"))
        await submissions.decline(db, world.mod, one, "Advertising")
    with pytest.raises(TooMany) as refused:
        await submissions.reply(db, world.ben, thread, "Hello")
    assert 3_500 < refused.value.retry_after_s <= 3_600


async def test_slow_mode_says_how_long_to_wait(db: Database, world: World) -> None:
    await rooms.slow_down(db, world.mod, world.network, 30)
    await rooms.say(db, world.ben, world.network, "One", key="one")
    with pytest.raises(TooMany) as refused:
        await rooms.say(db, world.ben, world.network, "Two")
    assert 28 <= refused.value.retry_after_s <= 30
    # The same request again is no second message; others, and moderators, are as quick as they like.
    await rooms.say(db, world.ben, world.network, "One", key="one")
    await rooms.say(db, world.ana, world.network, "Two")
    for _ in range(2):
        await rooms.say(db, world.mod, world.network, "Slowly, please")
    with pytest.raises(Forbidden):
        await rooms.slow_down(db, world.ben, world.network, 0)
    await rooms.slow_down(db, world.mod, world.network, 0)
    await rooms.say(db, world.ben, world.network, "Three")
