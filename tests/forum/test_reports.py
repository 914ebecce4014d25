"""Reports and their cases: one case a thing, decided once, told to who asked, and closed by whatever settles it."""

import asyncio
from typing import Any

import pytest

from forum import agreements, decisions, holds, moderation_log, notifications, posts, removal, reports, rooms, updates
from forum.db import Row
from forum.errors import Conflict, Forbidden, NotFound
from forum.standing import Caller
from tests.people import World

MANY = 400
VOICES = 10
"""Who reported each of them: 4,000 reports."""


async def _post(world: World, *, jointly: bool = False, author: Caller | None = None) -> int:
    thread = await world.thread(jointly=jointly)
    return int((await posts.reply(world.db, author or world.ana, thread, "Some words"))["id"])


async def _message(world: World) -> int:
    return int((await rooms.say(world.db, world.ana, world.network, "Some words"))["id"])


async def _report(world: World, post: int, caller: Caller | None = None, reason: str = "Advertising") -> int:
    return int((await reports.report_post(world.db, caller or world.ben, post, reason))["case_id"])


async def _queue(world: World, slug: str | None = None) -> list[Row]:
    async with world.db.connection() as connection:
        return list(await reports.queue(connection, [await world.network_id(slug)], limit=MANY + 1))


async def _told(world: World, caller: Caller) -> list[str]:
    async with world.db.connection() as connection:
        rows = await notifications.listed(connection, caller.member)
    return [row["what"] for row in rows if row["what"].startswith("report_")]


async def _kinds(world: World, channel: str) -> list[str]:
    async with world.db.connection() as connection:
        read = await updates.read(connection, channel, 0)
    assert read is not None
    return [row["kind"] for row in read.rows if row["kind"].startswith("case.")]


async def _context(world: World, caller: Caller, case: int) -> tuple[decisions.Standing, decisions.Context]:
    async with world.db.connection() as connection:
        standing = await decisions.standing(connection, caller, case)
        return standing, await decisions.context(connection, standing)


async def test_several_reports_of_one_post_are_one_case(world: World) -> None:
    post = await _post(world)
    first = await reports.report_post(world.db, world.ben, post, "Advertising", "It sells something")
    second = await reports.report_post(world.db, world.obs, post, "Private information")
    await reports.report_post(world.db, world.lead, post, "Private information")
    assert first["case_id"] == second["case_id"]
    [case] = await _queue(world)
    assert (case["reports"], case["reasons"]) == (3, ["Private information", "Advertising"])
    assert case["urgent"]


async def test_reporting_again_changes_nothing(world: World) -> None:
    post = await _post(world)
    first: Any = await reports.report_post(world.db, world.ben, post, "Advertising")
    again: Any = await reports.report_post(world.db, world.ben, post, "Private information", "Look again")
    assert dict(first) == dict(again)
    [case] = await _queue(world)
    assert (case["reports"], case["urgent"]) == (1, False)


async def test_urgent_ones_come_first_then_the_oldest(world: World) -> None:
    plain, urgent, last = [await _post(world) for _ in range(3)]
    await _report(world, plain)
    await _report(world, last, reason="Off the subject")
    await _report(world, urgent, reason="Private information")
    assert [case["post_id"] for case in await _queue(world)] == [urgent, plain, last]


async def test_nobody_reports_their_own_or_what_they_may_not_read_or_what_is_gone(world: World) -> None:
    post = await _post(world)
    await reports.report_post(world.db, world.obs, post, "Advertising")
    with pytest.raises(Conflict, match="your own"):
        await reports.report_post(world.db, world.ana, post, "Advertising")
    with pytest.raises(NotFound):
        await reports.report_post(world.db, world.eve, post, "Advertising")
    await removal.remove_post(world.db, world.mod, post, "Advertising")
    with pytest.raises(Conflict, match="removed"):
        await reports.report_post(world.db, world.ben, post, "Advertising")


async def test_a_removal_decides_the_case_and_tells_who_asked(world: World) -> None:
    post = await _post(world)
    case = await _report(world, post)
    decided = await decisions.decide(world.db, world.mod, case, "remove", reason="Advertising")
    assert (decided["outcome"], decided["decided_by"], decided["state"]) == ("removed", world.mod.member, "removed")
    assert await _queue(world) == []
    assert await _told(world, world.ben) == ["report_removed"]
    assert await _told(world, world.ana) == []
    assert await _kinds(world, f"moderators:{await world.network_id()}") == ["case.opened", "case.decided"]


async def test_a_post_that_is_left_stays_and_is_not_reported_twice(world: World) -> None:
    post = await _post(world)
    case = await _report(world, post)
    decided = await decisions.decide(world.db, world.mod, case, "leave", note="It is relevant")
    assert (decided["outcome"], decided["state"]) == ("left", "shown")
    assert await _told(world, world.ben) == ["report_left"]
    with pytest.raises(Conflict, match="left it as it is"):
        await _report(world, post)
    async with world.db.connection() as connection:
        lines = await moderation_log.read(connection, await world.network_id())
    [line] = [row for row in lines if (row["noun"], row["object_id"]) == ("post", post)]
    assert (line["act"], line["note"]) == ("leave_as_it_is", "It is relevant")
    await posts.edit(world.db, world.ana, post, "Other words, and worse")
    assert await _report(world, post) != case


async def test_a_message_is_reported_and_decided_about(world: World) -> None:
    message = await _message(world)
    made = await reports.report_message(world.db, world.ben, message, "Advertising")
    [case] = await _queue(world)
    assert (case["id"], case["message_id"], case["post_id"]) == (made["case_id"], message, None)
    decided = await decisions.decide(world.db, world.mod, case["id"], "remove", reason="Advertising")
    assert (decided["outcome"], decided["state"]) == ("removed", "removed")


@pytest.mark.parametrize("way", ["removed", "withdrawn"])
async def test_what_goes_by_another_way_settles_its_case(world: World, way: str) -> None:
    post = await _post(world)
    case = await _report(world, post)
    if way == "removed":
        await removal.remove_post(world.db, world.mod, post, "Advertising")
    else:
        await posts.withdraw(world.db, world.ana, post)
    assert await _queue(world) == []
    with pytest.raises(decisions.Decided) as error:
        await decisions.decide(world.db, world.lead, case, "leave")
    assert error.value.row["outcome"] == way


async def test_a_withdrawal_taken_back_waits_again(world: World) -> None:
    post = await _post(world)
    case = await _report(world, post)
    await posts.withdraw(world.db, world.ana, post)
    await posts.undo(world.db, world.ana, post)
    assert [row["id"] for row in await _queue(world)] == [case]


async def test_a_decision_is_taken_back_by_who_made_it(world: World) -> None:
    db = world.db
    for decision, outcome in (("remove", "removed"), ("leave", "left")):
        post = await _post(world)
        case = await _report(world, post)
        await decisions.decide(db, world.mod, case, decision, reason="Advertising")  # type: ignore[arg-type]
        with pytest.raises(decisions.Decided):
            await decisions.reopen(db, world.lead, case)
        reopened = await decisions.reopen(db, world.mod, case)
        assert (reopened["outcome"], reopened["state"], reopened["id"]) == (None, "shown", case), outcome
        assert [row["id"] for row in await _queue(world)] == [case]
        assert await _told(world, world.ben) == []
        await decisions.decide(db, world.lead, case, "leave")
        await db.pool.execute("DELETE FROM notifications WHERE member_id = $1", world.ben.member)


async def test_undo_in_the_thread_opens_the_case_again_and_an_old_removal_does_not(world: World) -> None:
    post = await _post(world)
    case = await _report(world, post)
    await removal.remove_post(world.db, world.mod, post, "Advertising")
    await removal.restore_post(world.db, world.mod, post)
    assert [row["id"] for row in await _queue(world)] == [case]
    await removal.remove_post(world.db, world.mod, post, "Advertising")
    await removal.restore_post(world.db, world.lead, post)
    assert await _queue(world) == []


async def test_of_two_at_once_exactly_one_decides(world: World) -> None:
    for pair in (("remove", "remove"), ("remove", "leave"), ("leave", "leave")):
        case = await _report(world, await _post(world))
        answers = await asyncio.gather(
            *(
                decisions.decide(world.db, who, case, what, reason="Advertising")  # type: ignore[arg-type]
                for who, what in zip((world.mod, world.lead), pair, strict=True)
            ),
            return_exceptions=True,
        )
        lost = [answer for answer in answers if isinstance(answer, decisions.Decided)]
        won = [answer for answer in answers if not isinstance(answer, BaseException)]
        assert (len(won), len(lost)) == (1, 1), answers
        assert lost[0].row["decided_by"] == won[0]["decided_by"]


async def test_a_case_of_another_network_does_not_exist(world: World) -> None:
    case = await _report(world, await _post(world))
    await decisions.take(world.db, world.mod, case, taken=True)
    for who in (world.max, world.ben, world.eve, world.admin):
        with pytest.raises(NotFound):
            await decisions.decide(world.db, who, case, "leave")
        with pytest.raises(NotFound):
            await decisions.take(world.db, who, case, taken=True)
        with pytest.raises(NotFound):
            await _context(world, who, case)


async def test_the_other_side_of_a_joint_thread_sees_the_case_and_may_hold(world: World) -> None:
    db, post = world.db, await _post(world, jointly=True)
    case = await _report(world, post, caller=world.max)
    for slug in (world.network, world.other):
        assert [row["id"] for row in await _queue(world, slug)] == [case]
    with pytest.raises(Forbidden, match="decide about this one"):
        await decisions.decide(db, world.max, case, "remove", reason="Advertising")
    held = await decisions.decide(db, world.max, case, "hold", reason="Advertising")
    assert (held["outcome"], held["state"], held["urgent"]) == (None, "held", True)
    standing, context = await _context(world, world.mod, case)
    assert standing.may(world.mod) >= {"remove", "leave"}
    assert context.hold is not None
    assert (context.hold["network_id"], context.hold["reason"]) == (await world.network_id(world.other), "Advertising")
    assert [row["body"] for row in context.versions] == ["Some words"]
    _, theirs = await _context(world, world.max, case)
    assert list(theirs.versions) == []
    decided = await decisions.decide(db, world.mod, case, "leave")
    assert (decided["outcome"], decided["state"]) == ("left", "shown")
    assert await _told(world, world.max) == ["report_left"]


async def test_a_hold_waits_in_the_queue_of_who_decides(world: World) -> None:
    post = await _post(world, jointly=True)
    await holds.hold_post(world.db, world.max, post, "Private information")
    [case] = await _queue(world)
    assert (case["post_id"], case["reports"], case["urgent"]) == (post, 0, True)
    await holds.release_post(world.db, world.max, post)
    assert await _queue(world) == []


async def test_a_reported_post_waits_on_when_its_hold_is_taken_back(world: World) -> None:
    post = await _post(world, jointly=True)
    case = await _report(world, post)
    await holds.hold_post(world.db, world.max, post, "Advertising")
    await holds.release_post(world.db, world.max, post)
    assert [row["id"] for row in await _queue(world)] == [case]


async def test_a_thread_that_moves_takes_its_cases_along(world: World) -> None:
    post = await _post(world, jointly=True)
    case = await _report(world, post)
    thread = (await posts.one(world.db, post))["thread_id"]
    await agreements.leave(world.db, world.mod, thread, world.network)
    assert await _queue(world) == []
    [moved] = await _queue(world, world.other)
    assert (moved["id"], moved["network_slug"], moved["others"]) == (case, world.other, None)


async def test_an_edit_asks_for_the_decision_again(world: World) -> None:
    post = await _post(world)
    case = await _report(world, post)
    await posts.edit(world.db, world.ana, post, "Milder words")
    for version in (None, 1):
        with pytest.raises(Conflict, match=r"edited since|changed since"):
            await decisions.decide(world.db, world.mod, case, "leave", version=version)
    standing, context = await _context(world, world.mod, case)
    assert [row["body"] for row in context.versions] == ["Some words", "Milder words"]
    version = standing.row["about_version"]
    decided = await decisions.decide(world.db, world.mod, case, "leave", version=version)
    assert decided["outcome"] == "left"


async def test_an_edit_after_a_hold_is_noticed_too(world: World) -> None:
    post = await _post(world, jointly=True)
    case = await _report(world, post)
    await holds.hold_post(world.db, world.max, post, "Advertising")
    await holds.release_post(world.db, world.max, post)
    _, context = await _context(world, world.mod, case)
    assert [row["body"] for row in context.versions] == ["Some words"]
    await posts.edit(world.db, world.ana, post, "Milder words")
    _, context = await _context(world, world.mod, case)
    assert [row["body"] for row in context.versions] == ["Some words", "Milder words"]
    with pytest.raises(Conflict, match="edited since"):
        await decisions.decide(world.db, world.mod, case, "leave")


async def test_who_is_concerned_sees_that_it_exists_and_no_more(world: World) -> None:
    post = await _post(world, author=world.mod)
    case = await _report(world, post)
    standing, context = await _context(world, world.mod, case)
    assert (standing.may(world.mod), context.voices) == (frozenset(), [])
    with pytest.raises(Forbidden, match="Somebody else"):
        await decisions.decide(world.db, world.mod, case, "leave")
    _, seen = await _context(world, world.lead, case)
    assert [voice["member_id"] for voice in seen.voices] == [world.ben.member]


async def test_a_moderator_sees_what_is_fair_to_see(world: World) -> None:
    db = world.db
    first = await _post(world)
    await removal.remove_post(db, world.lead, first, "Unkind or insulting")
    back = await _post(world)
    await removal.remove_post(db, world.lead, back, "Off the subject")
    await removal.restore_post(db, world.lead, back)
    thread = await world.thread()
    post = (await posts.reply(db, world.ana, thread, "Some words"))["id"]
    below = (await posts.reply(db, world.ben, thread, "An answer", parent=post))["id"]
    await posts.reply(db, world.ben, thread, "Another one", parent=below)
    case = await _report(world, post)
    await decisions.note(db, world.lead, case, "I know them a little")
    await decisions.take(db, world.mod, case, taken=True)
    standing, context = await _context(world, world.mod, case)
    assert standing.row["taken_by"] == world.mod.member
    assert context.parent is not None
    assert context.parent["html"]
    assert context.below == 2
    assert [(row["reason"], row["actor_id"]) for row in context.removed] == [("Unkind or insulting", world.lead.member)]
    assert [(row["author_id"], row["body"]) for row in context.notes] == [(world.lead.member, "I know them a little")]
    assert context.author is not None
    assert context.author["posts"] >= 3


async def test_reports_outlive_the_words_that_they_came_with(world: World) -> None:
    case = await _report(world, await _post(world))
    await world.db.pool.execute(
        "DELETE FROM notes WHERE id IN (SELECT reason_id FROM reports WHERE case_id = $1)", case
    )
    [row] = await _queue(world)
    assert (row["reports"], row["reasons"]) == (1, None)


@pytest.mark.long
async def test_four_thousand_reports_two_moderators(world: World) -> None:
    """No case is decided twice, nothing is lost, and both see an empty queue."""
    db = world.db
    thread = await world.thread()
    await world.reported(thread, MANY, VOICES)

    lost: list[tuple[int, int]] = []

    async def work(who: Caller, order: int) -> dict[int, str]:
        mine = {}
        cases: list[Any] = [row["id"] for row in await _queue(world)][::order]
        for place, case in enumerate(cases):
            decision: decisions.Decision = "remove" if (place + order) % 2 else "leave"
            try:
                row = await decisions.decide(db, who, case, decision, reason="Advertising")
            except decisions.Decided as error:
                lost.append((who.member, error.row["decided_by"]))
                break  # the two have met: whoever goes on finds decided cases only
            mine[case] = row["outcome"]
        return mine

    assert len(await _queue(world)) == MANY
    one, other = await asyncio.gather(work(world.mod, 1), work(world.lead, -1))
    assert not one.keys() & other.keys()
    assert all(loser != winner for loser, winner in lost)
    assert len(one) + len(other) == MANY
    assert await _queue(world) == []
    stored = await db.pool.fetch(
        "SELECT id, outcome, decided_by FROM cases WHERE network_id = $1", await world.network_id()
    )
    for row in stored:
        expected = one if row["decided_by"] == world.mod.member else other
        assert expected[row["id"]] == row["outcome"]
    decided = await _decided_updates(world)
    assert sorted(decided) == sorted(row["id"] for row in stored)
    told = await db.pool.fetchval(
        "SELECT count(*) FROM notifications WHERE kind LIKE 'report_%' AND network_id = $1", await world.network_id()
    )
    assert told == MANY * VOICES


async def _decided_updates(world: World) -> list[int]:
    rows = await world.db.pool.fetch(
        "SELECT object FROM updates WHERE channel = $1 AND kind = 'case.decided'",
        f"moderators:{await world.network_id()}",
    )
    return [row["object"] for row in rows]
