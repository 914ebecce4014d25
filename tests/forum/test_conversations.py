"""Direct conversations: who may begin and write, that only the two see it, and what administrators may do."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from forum import (
    access,
    appeals,
    blocks,
    conversations,
    decisions,
    members,
    memberships,
    notifications,
    purge,
    removal,
    reports,
    rooms,
    search,
    updates,
)
from forum.errors import Conflict, Forbidden, NotFound
from forum.standing import GUEST, Caller
from tests.people import World

WHY = "Unkind or insulting"
NOT_REACHED = "is not to be reached by direct messages."


async def _opened(world: World, one: Caller | None = None, other: Caller | None = None) -> int:
    room = await conversations.open(world.db, one or world.ana, (other or world.ben).member)
    return room.room_id


async def _said(world: World, words: str = "Between us", by: Caller | None = None) -> int:
    """The id of a message from ana to ben, or from who is named."""
    by = by or world.ana
    other = world.ben if by is world.ana else world.ana
    return int((await conversations.say(world.db, by, await _opened(world, by, other), words))["id"])


async def _list(world: World, who: Caller) -> Sequence[Any]:
    async with world.db.connection() as connection:
        return await conversations.listed(connection, who)


async def _follows(world: World, who: Caller, channel: str) -> bool:
    async with world.db.connection() as connection:
        return bool(await access.may_follow(connection, [(who.member_id, channel)]))


async def _kinds(world: World, channel: str, after: int = 0) -> list[tuple[str, int]]:
    async with world.db.connection() as connection:
        read = await updates.read(connection, channel, after)
    assert read is not None
    return [(row["kind"], row["object"]) for row in read.rows]


async def _told(world: World, who: Caller) -> list[str]:
    async with world.db.connection() as connection:
        rows = await notifications.listed(connection, who.member, unread_only=True)
    return [row["what"] for row in rows if row["what"] != "role"]


# Opening --------------------------------------------------------------------------------------------------------------


async def test_a_pair_has_one_conversation_whoever_opens_it(world: World) -> None:
    room = await _opened(world)
    assert await _opened(world, world.ben, world.ana) == room
    assert await _opened(world) == room
    assert await _opened(world, world.ana, world.obs) != room


async def test_opened_by_both_at_once_it_is_one(world: World) -> None:
    for one, other in ((world.ana, world.ben), (world.ana, world.mod), (world.obs, world.lead)):
        found = await asyncio.gather(*(_opened(world, *pair) for pair in ((one, other), (other, one)) * 4))
        assert len(set(found)) == 1


async def test_the_other_sees_it_once_something_was_said(world: World) -> None:
    room = await _opened(world)
    assert [row["id"] for row in await _list(world, world.ana)] == [room]
    assert not await _list(world, world.ben)
    await conversations.say(world.db, world.ana, room, "Hello")
    assert [(row["id"], row["unread"]) for row in await _list(world, world.ben)] == [(room, 1)]


async def test_who_shares_no_network_is_as_if_they_never_were(world: World) -> None:
    for one, other in (
        (world.eve, world.ana),
        (world.ana, world.eve),
        (world.ben, world.max),
        (world.ben, world.admin),
    ):
        with pytest.raises(NotFound):
            await _opened(world, one, other)
    with pytest.raises(NotFound):
        await _opened(world, world.ana, world.ana)
    with pytest.raises(NotFound):
        await conversations.open(world.db, world.ana, 999_999_999_999)


async def test_a_suspension_in_the_shared_network_shuts_out(world: World) -> None:
    room = await _opened(world)
    pool = world.db.pool
    suspended = await pool.fetchval(
        "INSERT INTO sanctions (member_id, network_id, kind) VALUES ($1, $2, 'suspension') RETURNING id",
        world.ben.member, await world.network_id(),
    )  # fmt: skip
    for one, other in ((world.ben, world.obs), (world.obs, world.ben)):
        with pytest.raises(NotFound):
            await _opened(world, one, other)
    for who in (world.ana, world.ben):
        with pytest.raises(Forbidden, match=NOT_REACHED):
            await conversations.say(world.db, who, room, "Still there?")
    await pool.execute("UPDATE sanctions SET ended_at = now() WHERE id = $1", suspended)
    await conversations.say(world.db, world.ben, room, "Back again")


# Writing --------------------------------------------------------------------------------------------------------------


async def test_who_is_blocked_is_told_what_everybody_is_told(world: World) -> None:
    """Blocked, left, gone: one sentence, so that nobody learns which."""
    room = await _opened(world)
    await blocks.block(world.db, world.ben, world.ana.member)
    with pytest.raises(Forbidden) as blocked:
        await conversations.say(world.db, world.ana, room, "Are you there?")
    await blocks.unblock(world.db, world.ben, world.ana.member)
    await memberships.leave(world.db, world.ben, world.network)
    with pytest.raises(Forbidden) as left:
        await conversations.say(world.db, world.ana, room, "Are you there?")
    assert blocked.value.detail == left.value.detail == f"{world.names[world.ben.member]} {NOT_REACHED}"
    assert not await _list(world, world.ben), "nothing of it reaches them"


async def test_who_blocks_does_not_write_either_and_is_told_why(world: World) -> None:
    room = await _opened(world)
    await blocks.block(world.db, world.ana, world.ben.member)
    with pytest.raises(Forbidden, match="You have blocked"):
        await conversations.say(world.db, world.ana, room, "One last word")


async def test_a_block_and_a_message_at_once(world: World) -> None:
    """Once a block is answered, nothing comes any more."""
    room = await _opened(world)
    for _ in range(10):
        await asyncio.gather(
            blocks.block(world.db, world.ben, world.ana.member),
            conversations.say(world.db, world.ana, room, "Quick"),
            return_exceptions=True,
        )
        before = len(await _kinds(world, f"room:{room}"))
        with pytest.raises(Forbidden):
            await conversations.say(world.db, world.ana, room, "Slow")
        assert len(await _kinds(world, f"room:{room}")) == before
        await blocks.unblock(world.db, world.ben, world.ana.member)


async def test_what_was_written_can_be_changed_and_taken_back_but_by_its_author_alone(world: World) -> None:
    message = await _said(world)
    with pytest.raises(Forbidden):
        await rooms.edit(world.db, world.ben, message, "Not mine")
    assert (await rooms.edit(world.db, world.ana, message, "Said better"))["body"] == "Said better"
    assert (await rooms.withdraw(world.db, world.ana, message))["body"] is None
    assert (await _list(world, world.ben))[0]["unread"] == 0
    assert (await rooms.undo(world.db, world.ana, message))["body"] == "Said better"
    answer = await conversations.say(world.db, world.ben, await _opened(world), "Yes", reply_to=message)
    assert answer["reply_to_id"] == message


async def test_the_same_key_sends_once(world: World) -> None:
    room = await _opened(world)
    one = await conversations.say(world.db, world.ana, room, "Once", key="k")
    assert (await conversations.say(world.db, world.ana, room, "Once", key="k"))["id"] == one["id"]


async def test_a_name_in_it_is_no_mention(world: World) -> None:
    message = await _said(world, f"@{world.names[world.obs.member]} and @{{{world.obs.member}}}")
    assert not (await rooms.one(world.db, message))["mentions"]
    assert await _told(world, world.obs) == []


# Being told -----------------------------------------------------------------------------------------------------------


async def test_the_other_is_told_once_while_it_stands_unread(world: World) -> None:
    room = await _opened(world)
    for number in range(3):
        await conversations.say(world.db, world.ana, room, f"Number {number}")
    assert await _told(world, world.ben) == ["direct"]
    assert await _told(world, world.ana) == []
    await conversations.mark_read(world.db, world.ben, room, 3)
    assert await _told(world, world.ben) == []
    assert [row["unread"] for row in await _list(world, world.ben)] == [0]
    await conversations.say(world.db, world.ana, room, "And another")
    assert await _told(world, world.ben) == ["direct"]


async def test_the_one_in_which_something_was_said_last_stands_first(world: World) -> None:
    one, two = await _opened(world), await _opened(world, world.ana, world.obs)
    await conversations.say(world.db, world.obs, two, "Second")
    await conversations.say(world.db, world.ben, one, "Third")
    assert [row["id"] for row in await _list(world, world.ana)] == [one, two]
    async with world.db.connection() as connection:
        assert await conversations.unread(connection, world.ana.member) == 2
        last = (await conversations.listed(connection, world.ana, limit=1))[0]
        place = last["listed_at"], last["id"]
        assert [row["id"] for row in await conversations.listed(connection, world.ana, before=place)] == [two]


async def test_a_new_name_reaches_the_other_wherever_it_stands(world: World) -> None:
    room = await _opened(world)
    await conversations.say(world.db, world.ana, room, "Hello")
    await memberships.leave(world.db, world.ana, world.network)
    before = len(await _kinds(world, f"room:{room}")), len(await _kinds(world, f"member:{world.ben.member}"))
    await members.edit_profile(world.db, world.ana, name=f"Anabel {world.tag}")
    assert ("member.changed", world.ana.member) in (await _kinds(world, f"room:{room}"))[before[0] :]
    assert ("conversation.changed", room) in (await _kinds(world, f"member:{world.ben.member}"))[before[1] :]


# Only the two ---------------------------------------------------------------------------------------------------------


async def test_nobody_else_sees_anything_of_it(world: World) -> None:
    message = await _said(world, "Unheard of")
    room = await _opened(world)
    assert await _follows(world, world.ana, f"room:{room}")
    assert await _follows(world, world.ben, f"room:{room}")
    for who in (world.obs, world.mod, world.lead, world.max, world.eve, world.admin, GUEST):
        assert not await _follows(world, who, f"room:{room}")
        async with world.db.connection() as connection:
            with pytest.raises(NotFound):
                await access.require_any_room(connection, who, room)
            with pytest.raises(NotFound):
                await rooms.require(connection, who, message)
        for act in (
            lambda who=who: conversations.say(world.db, who, room, "Let me in"),
            lambda who=who: rooms.edit(world.db, who, message, "Mine now"),
            lambda who=who: removal.remove_message(world.db, who, message, WHY),
        ):
            with pytest.raises(NotFound):
                await act()
        if who.member_id is not None:
            with pytest.raises(NotFound):
                await conversations.mark_read(world.db, who, room, 1)
            with pytest.raises(NotFound):
                await reports.report_message(world.db, who, message, WHY)


async def test_search_finds_none_not_even_for_the_two(world: World) -> None:
    word = f"needle{world.tag}"
    await rooms.say(world.db, world.ana, world.network, f"In the room: {word}")
    await _said(world, f"Between us: {word}")
    async with world.db.connection() as connection:
        for who in (world.ana, world.ben, world.admin):
            rows = await search.messages(connection, who, word)
            assert len(rows) == (0 if who is world.admin else 1)


async def test_a_suspension_from_the_site_has_its_followers_checked_again(world: World) -> None:
    room = f"room:{await _opened(world)}"
    async with world.db.connection() as connection:
        before = await updates.heads(connection, [room])
    await members.suspend(world.db, world.admin, world.ben.member, "Spam")
    async with world.db.connection() as connection:
        assert (await updates.heads(connection, [room]))[room][1] != before[room][1]
    assert not await _follows(world, world.ben, room)
    assert await _follows(world, world.ana, room)


# Reports --------------------------------------------------------------------------------------------------------------


async def _reported(world: World) -> tuple[int, int]:
    """A message from ana that ben reported, and its case; before and after it stands another."""
    await _said(world, "Before it")
    message = await _said(world, "Insulting words")
    await _said(world, "After it")
    report = await reports.report_message(world.db, world.ben, message, WHY, "See for yourself")
    return message, int(report["case_id"])


async def _queue(world: World, who: Caller) -> set[int]:
    async with world.db.connection() as connection:
        try:
            ids = [row["id"] for row in await reports.moderated(connection, who)]
        except NotFound:
            return set()
        return {row["id"] for row in await reports.queue(connection, ids, limit=500)}


async def test_a_report_goes_to_the_administrators_and_to_nobody_else(world: World) -> None:
    async with world.db.connection() as connection:
        before, _ = (await updates.heads(connection, [updates.ADMINISTRATORS]))[updates.ADMINISTRATORS]
    _, case = await _reported(world)
    assert case in await _queue(world, world.admin)
    assert await _follows(world, world.admin, updates.ADMINISTRATORS)
    for who in (world.mod, world.lead, world.max, world.ana, world.ben):
        assert case not in await _queue(world, who)
        assert not await _follows(world, who, updates.ADMINISTRATORS)
        async with world.db.connection() as connection:
            with pytest.raises(NotFound):
                await decisions.standing(connection, who, case)
        with pytest.raises(NotFound):
            await decisions.decide(world.db, who, case, "remove", reason=WHY)
    assert ("case.opened", case) in await _kinds(world, updates.ADMINISTRATORS, before)


async def test_one_reports_the_other_and_not_oneself(world: World) -> None:
    message = await _said(world)
    with pytest.raises(Conflict):
        await reports.report_message(world.db, world.ana, message, WHY)
    await reports.report_message(world.db, world.ben, message, WHY)


async def test_administrators_see_what_was_reported_and_nothing_around_it(world: World) -> None:
    message, case = await _reported(world)
    async with world.db.connection() as connection:
        standing = await decisions.standing(connection, world.admin, case)
        found = await decisions.context(connection, standing)
    assert standing.decides
    assert [row["body"] for row in found.versions] == ["Insulting words"]
    assert (found.parent, found.before, found.after) == (None, None, None)
    async with world.db.connection() as connection:
        with pytest.raises(NotFound):
            await rooms.require(connection, world.admin, message)
    with pytest.raises(NotFound):
        await removal.remove_message(world.db, world.admin, message - 1, WHY)


async def test_a_removal_empties_it_for_both_and_its_author_may_appeal(world: World) -> None:
    message, case = await _reported(world)
    await decisions.decide(world.db, world.admin, case, "remove", reason=WHY, note="Not like this")
    gone = await rooms.one(world.db, message)
    assert (gone["state"], gone["body"]) == ("removed", None)
    assert await _told(world, world.ben) == ["report_removed", "direct"]
    async with world.db.connection() as connection:
        told = (await notifications.listed(connection, world.ana.member))[0]
        row = await appeals.mine(connection, world.ana, told["removal_id"])
    assert (told["what"], told["reason"], told["note"]) == ("removal", WHY, "Not like this")
    assert appeals.may_appeal(row)
    line = await world.db.pool.fetchrow(
        "SELECT * FROM moderation_log WHERE noun = 'message' AND object_id = $1", message
    )
    assert (line["network_id"], line["act"], line["actor_id"]) == (None, "remove", world.admin.member)


async def test_leaving_it_and_taking_a_decision_back(world: World) -> None:
    message, case = await _reported(world)
    await decisions.decide(world.db, world.admin, case, "remove", reason=WHY)
    await decisions.reopen(world.db, world.admin, case)
    assert (await rooms.one(world.db, message))["body"] == "Insulting words"
    assert case in await _queue(world, world.admin)
    await decisions.note(world.db, world.admin, case, "A quarrel, no more")
    left = await rooms.one(world.db, message)
    await decisions.decide(world.db, world.admin, case, "leave", version=left["version"])
    assert case not in await _queue(world, world.admin)
    assert "report_left" in await _told(world, world.ben)


async def _another_administrator(world: World) -> Caller:
    row = await members.add(world.db, f"second-{world.tag}@example.org", f"Second {world.tag}", administrator=True)
    return Caller(row["id"], administrator=True)


async def _deciders(world: World, removal_id: int) -> set[int]:
    rows = await world.db.pool.fetch("SELECT member_id FROM appeal_deciders($1)", removal_id)
    return {row["member_id"] for row in rows}


async def test_another_administrator_decides_the_appeal(world: World) -> None:
    second = await _another_administrator(world)
    message, case = await _reported(world)
    await decisions.decide(world.db, world.admin, case, "remove", reason=WHY)
    removal_id = await world.db.pool.fetchval("SELECT id FROM removals WHERE message_id = $1", message)
    made = await appeals.make(world.db, world.ana, removal_id, "It was a quotation")
    deciders = await _deciders(world, removal_id)
    assert second.member in deciders
    assert world.admin.member not in deciders
    async with world.db.connection() as connection:
        seen = await appeals.case(connection, second, made["appeal_id"])
    assert ([row["body"] for row in seen.words], list(seen.around)) == (["Insulting words"], [])
    await appeals.decide(world.db, second, made["appeal_id"], "overturned")
    assert (await rooms.one(world.db, message))["body"] == "Insulting words"


async def test_the_only_administrator_looks_again(world: World) -> None:
    message, case = await _reported(world)
    await decisions.decide(world.db, world.admin, case, "remove", reason=WHY)
    removal_id = await world.db.pool.fetchval("SELECT id FROM removals WHERE message_id = $1", message)
    async with world.db.connection() as connection:
        rolled_back = connection.transaction()
        await rolled_back.start()
        await connection.execute("UPDATE members SET administrator = false WHERE id <> $1", world.admin.member)
        rows = await connection.fetch("SELECT member_id FROM appeal_deciders($1)", removal_id)
        await rolled_back.rollback()
    assert [row["member_id"] for row in rows] == [world.admin.member]


async def test_an_administrator_decides_nothing_about_their_own_conversation(world: World) -> None:
    second = await _another_administrator(world)
    for who in (world.admin, second):
        await memberships.set_role(world.db, world.lead, world.network, who.member, "member")
    room = await _opened(world, world.ana, world.admin)
    message = (await conversations.say(world.db, world.ana, room, "To an administrator"))["id"]
    case = (await reports.report_message(world.db, world.admin, message, WHY))["case_id"]
    with pytest.raises(Forbidden):
        await decisions.decide(world.db, world.admin, case, "remove", reason=WHY)
    with pytest.raises(Forbidden):
        await removal.remove_message(world.db, world.admin, message, WHY)
    await decisions.decide(world.db, second, case, "remove", reason=WHY)


async def test_what_was_removed_is_purged_in_its_time(world: World) -> None:
    message, case = await _reported(world)
    await decisions.decide(world.db, world.admin, case, "remove", reason=WHY)
    while await purge.purge_due(world.db, now=datetime.now(UTC) + timedelta(days=91)):
        pass
    assert (await rooms.one(world.db, message))["state"] == "purged"
    assert not await world.db.pool.fetchval(
        "SELECT count(*) FROM sealed WHERE noun = 'message' AND object_id = $1", message
    )
