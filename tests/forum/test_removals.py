"""Removals as things: what their author is told, several in one act, what repeats the words, and the purge."""

import asyncio
import mailbox
import time
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from forum import (
    agreements,
    holds,
    members,
    memberships,
    moderation_log,
    networks,
    notifications,
    posts,
    purge,
    removal,
    repeats,
    rooms,
    threads,
)
from forum.errors import Conflict, Forbidden, Invalid, NotFound
from forum.imports import mbox
from forum.standing import Caller
from tests.people import World

LATER = timedelta(days=800)
SECRET = "a secret of the tests, longer than it must be"
WHOLE_WORDS = "Her name is Wilhelmina Quarrington and she was seen on the ward last Tuesday"


async def _told(world: World, caller: Caller) -> list[Any]:
    async with world.db.connection() as connection:
        return list(await notifications.listed(connection, caller.member))


async def _standing(world: World, noun: removal.Noun, object_id: int) -> Any:
    async with world.db.connection() as connection:
        return await removal.standing(connection, noun, object_id)


async def _post(world: World, body: str = "Words that may go", *, jointly: bool = False) -> int:
    return int((await posts.reply(world.db, world.ben, await world.thread(jointly=jointly), body))["id"])


async def test_the_author_is_told_why_and_until_when_they_may_appeal(world: World) -> None:
    post = await _post(world)
    await removal.remove_post(world.db, world.mod, post, "Advertising", "Please use the noticeboard.")
    gone = await _standing(world, "post", post)
    (told,) = [each for each in await _told(world, world.ben) if each["what"] == "removal"]
    assert (told["reason"], told["note"]) == ("Advertising", "Please use the noticeboard.")
    assert (told["removal_id"], told["until"]) == (gone["id"], gone["appeal_until"])
    assert told["actor_id"] is None
    assert gone["removed_by"] == world.mod.member
    assert timedelta(days=29) < gone["appeal_until"] - datetime.now(UTC) < timedelta(days=31)


async def test_a_network_names_its_moderators_or_does_not(world: World) -> None:
    await removal.settle(
        world.db, world.lead, world.network, reasons=["Too loud", " ", "Too loud"], names_moderators=True,
        keeps_removed_days=7,
    )  # fmt: skip
    row = await world.db.pool.fetchrow("SELECT * FROM networks WHERE slug = $1", world.network)
    assert row is not None
    assert list(removal.reasons_of(row)) == ["Too loud"]
    post = await _post(world)
    await removal.remove_post(world.db, world.mod, post, "Too loud")
    (told,) = [each for each in await _told(world, world.ben) if each["what"] == "removal"]
    assert told["actor_id"] == world.mod.member
    gone = await _standing(world, "post", post)
    assert gone["purge_at"] - gone["removed_at"] == timedelta(days=7)
    assert gone["appeal_until"] == gone["purge_at"]
    with pytest.raises(Forbidden):
        await removal.settle(
            world.db, world.mod, world.network, reasons=[], names_moderators=False, keeps_removed_days=7
        )
    for wrong in ({"keeps_removed_days": 0}, {"reasons": [str(each) for each in range(13)]}):
        settled = {"reasons": [], "names_moderators": False, "keeps_removed_days": 7, **wrong}
        with pytest.raises(Invalid):
            await removal.settle(world.db, world.lead, world.network, **settled)  # type: ignore[arg-type]


async def test_a_removal_ends_with_the_restoration(world: World) -> None:
    post = await _post(world)
    await removal.remove_post(world.db, world.mod, post, "Advertising")
    first = await _standing(world, "post", post)
    await removal.restore_post(world.db, world.mod, post)
    assert await _standing(world, "post", post) is None
    await removal.remove_post(world.db, world.mod, post, "Advertising")
    second = await _standing(world, "post", post)
    assert second["id"] > first["id"]


async def test_both_logs_say_how_a_hold_ended(world: World) -> None:
    post = await _post(world, jointly=True)
    await holds.hold_post(world.db, world.max, post, "Private information")
    await removal.remove_post(world.db, world.mod, post, "Private information")
    rows = await world.db.pool.fetch(
        "SELECT n.slug, l.act FROM moderation_log l JOIN networks n ON n.id = l.network_id"
        " WHERE l.noun = 'post' AND l.object_id = $1",
        post,
    )
    assert {(row["slug"], row["act"]) for row in rows} == {
        (slug, act) for slug in (world.network, world.other) for act in ("hold", "remove")
    }


async def test_who_inherits_a_post_that_it_held_reads_of_its_removal_once(world: World) -> None:
    """max held what was written through the network, which then left: the other one decides now."""
    thread = await world.thread(jointly=True)
    post = int((await posts.reply(world.db, world.ben, thread, "Words"))["id"])
    await holds.hold_post(world.db, world.max, post, "Private information")
    await agreements.leave(world.db, world.lead, thread, world.network)
    await removal.remove_post(world.db, world.max, post, "Private information")
    lines = await world.db.pool.fetch(
        "SELECT network_id FROM moderation_log WHERE act = 'remove' AND noun = 'post' AND object_id = $1", post
    )
    assert [line["network_id"] for line in lines] == [await world.network_id(world.other)]


async def test_what_goes_with_it_is_decided_about_as_well(world: World) -> None:
    joint = await world.thread(jointly=True)
    ours = (await posts.reply(world.db, world.ben, joint, "Ours"))["id"]
    theirs = (await posts.reply(world.db, world.max, joint, "Theirs"))["id"]
    with pytest.raises(Forbidden):
        await removal.remove_post(world.db, world.mod, ours, "Advertising", also=[("post", theirs)])
    with pytest.raises(NotFound):
        await removal.remove_post(world.db, world.mod, ours, "Advertising", also=[("message", 10**15)])
    assert (await posts.one(world.db, ours))["state"] == "shown"
    too_many = [("post", number) for number in range(1, removal.MAX_TOGETHER + 3)]
    with pytest.raises(Invalid):
        await removal.remove_post(world.db, world.mod, ours, "Advertising", also=too_many)  # type: ignore[arg-type]


async def test_one_act_takes_several_and_tells_each_author_once(world: World) -> None:
    thread = await world.thread()
    first = (await posts.reply(world.db, world.ben, thread, "One"))["id"]
    second = (await posts.reply(world.db, world.ben, thread, "Two"))["id"]
    withdrawn = (await posts.reply(world.db, world.ben, thread, "Three"))["id"]
    await posts.withdraw(world.db, world.ben, withdrawn)
    message = (await rooms.say(world.db, world.ana, world.network, "Four"))["id"]
    await removal.remove_post(
        world.db, world.mod, first, "Advertising", also=[("post", second), ("message", message), ("post", withdrawn)]
    )
    gone = [await _standing(world, "post", first), await _standing(world, "post", second)]
    gone.append(await _standing(world, "message", message))
    assert {each["batch"] for each in gone} == {min(each["id"] for each in gone)}
    assert (await posts.one(world.db, withdrawn))["state"] == "withdrawn"
    for caller in (world.ben, world.ana):
        assert len([each for each in await _told(world, caller) if each["what"] == "removal"]) == 1
    await removal.restore_post(world.db, world.mod, second)
    assert (await posts.one(world.db, second))["body"] == "Two"
    assert (await posts.one(world.db, first))["state"] == "removed"


# Purge ----------------------------------------------------------------------------------------------------------------


async def _words_left(world: World, word: str) -> list[str]:
    """Every table that holds the word in any column, but for the moderators' notes."""
    tables = await world.db.pool.fetch(
        "SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'notes'"
    )
    found = []
    for table in tables:
        name = table["name"]
        if await world.db.pool.fetchval(f"SELECT EXISTS (SELECT FROM {name} t WHERE t::text ILIKE $1)", f"%{word}%"):
            found.append(name)
    return found


async def test_what_must_not_be_kept_is_purged_at_once(world: World) -> None:
    word = f"quarrington{world.tag}"
    post = await _post(world, f"First {word}")
    await posts.edit(world.db, world.ben, post, f"Then {word} and more")
    message = (await rooms.say(world.db, world.ben, world.network, f"And {word}"))["id"]
    await removal.remove_post(world.db, world.mod, post, "Private information", keep=True)
    assert sorted(await _words_left(world, word)) == ["messages", "sealed"]
    gap = await removal.remove_post(
        world.db, world.mod, post, "Private information", keep=False, also=[("message", message)]
    )
    assert gap["state"] == "purged"
    assert not await _words_left(world, word)
    again = await removal.remove_post(world.db, world.mod, post, "Private information", keep=False)
    assert (again["state"], again["version"]) == ("purged", gap["version"])
    for act in (removal.restore_post, removal.remove_post):
        with pytest.raises(Conflict):
            await act(world.db, world.mod, post, *(["Advertising"] if act is removal.remove_post else []))
    with pytest.raises(Conflict):
        await posts.edit(world.db, world.ben, post, "Back")


async def test_sealed_words_are_purged_when_their_time_is_over(world: World) -> None:
    word = f"passing{world.tag}"
    post = await _post(world, f"The {word} words")
    message = (await rooms.say(world.db, world.ben, world.network, f"Also {word}"))["id"]
    await removal.remove_post(world.db, world.mod, post, "Advertising")
    await removal.remove_message(world.db, world.mod, message, "Advertising")
    await purge.purge_due(world.db)
    assert await _words_left(world, word) == ["sealed"]
    while await purge.purge_due(world.db, now=datetime.now(UTC) + LATER):
        pass  # a round takes a hundred, and other tests have removed things too
    assert not await _words_left(world, word)
    assert (await posts.one(world.db, post))["state"] == "purged"
    assert (await rooms.one(world.db, message))["state"] == "purged"
    assert (await _standing(world, "post", post))["purged_at"] is not None


# Repeats --------------------------------------------------------------------------------------------------------------


async def _repeats(world: World, noun: removal.Noun, object_id: int) -> dict[tuple[str, int], bool]:
    async with world.db.connection() as connection:
        found = await repeats.of(connection, world.mod, noun, object_id)
    return {(each.noun, each.row["id"]): each.chosen for each in found}


def _mail(number: int, body: str, answers: int | None = None) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = f"Writer {number} <writer{number}@hospital.example>"
    mail["Subject"] = "Ward round" if answers is None else "Re: Ward round"
    mail["Date"] = f"Tue, {number} Jun 2004 09:00:00 +0000"
    mail["Message-ID"] = f"<{number}@hospital.example>"
    if answers is not None:
        mail["In-Reply-To"] = f"<{answers}@hospital.example>"
    mail.set_content(body)
    return mail


async def test_a_patients_name_is_gone_in_one_act_from_all_seven(world: World, tmp_path: Path) -> None:
    """An imported list: the name in one mail, quoted in six answers, cut, wrapped anew and marked twice."""
    name = f"Wilhelmina Quarrington{world.tag}"
    said = (
        f"Dear all, has anybody seen the discharge letter of {name}, who was on our ward last Tuesday?\n"
        "It did not come through the interface engine, and the surgery keeps asking for it.\n\nSusan"
    )
    foot = "\n-- \nSusan Example, Head of Clinical Systems, Tynegate Infirmary, telephone 1234"
    lines = said.splitlines()
    answers = [
        f"Susan wrote:\n> {lines[0]}\n> {lines[1]}\n\nNot here, sorry.",
        f"> {lines[0]}\n\nTry the other queue.",
        f"> > {lines[0]}\n>\n> Try the other queue.\n\nI did.",
        f"> has anybody seen the discharge letter of\n> {name}, who was on our ward\n\nYes, on Friday.",
        f"> {lines[0]}\n> {lines[1]}\n\nSee above.",
        f"Thanks!\n\n> letter of {name}, who was on our ward last Tuesday?\n\nClosed.",
    ]
    others = ["Something else altogether about the same interface engine and its surgery." + foot]
    box = mailbox.mbox(tmp_path / "list.mbox")
    box.add(_mail(1, others[0]))
    box.add(_mail(2, said + foot))
    for number, body in enumerate(answers, 3):
        box.add(_mail(number, body, answers=2))
    box.close()
    await mbox.run(world.db, tmp_path / "list.mbox", world.network, secret=SECRET)
    rows = await world.db.pool.fetch(
        "SELECT p.id FROM posts p JOIN networks n ON n.id = p.network_id WHERE n.slug = $1 ORDER BY p.created_at",
        world.network,
    )
    other, source, *replies = [row["id"] for row in rows]
    assert len(replies) == 6
    found = await _repeats(world, "post", source)
    assert found == {("post", reply): True for reply in replies}
    await removal.remove_post(world.db, world.mod, source, "Private information", also=list(found), keep=False)
    assert not await _words_left(world, f"Quarrington{world.tag}")
    states = {row["id"]: row["state"] for row in await world.db.pool.fetch("SELECT id, state FROM posts")}
    assert {states[post] for post in (source, *replies)} == {"purged"}
    assert states[other] == "shown"


async def test_the_foot_of_a_list_is_no_repeat(world: World) -> None:
    foot = "You are on this list because you work in a hospital, tell us if you do not"
    await posts.reply(world.db, world.ana, await world.thread(), f"Which system do you use for letters?\n\n{foot}")
    thread = await world.thread()
    source = (await posts.reply(world.db, world.ben, thread, f"{WHOLE_WORDS}.\n\n{foot}"))["id"]
    await posts.reply(world.db, world.ana, thread, f"Please do not say such things here.\n\n{foot}")
    copy = (await posts.reply(world.db, world.ana, thread, f"> {WHOLE_WORDS}.\n\n{foot}"))["id"]
    assert await _repeats(world, "post", source) == {("post", copy): True}


async def test_what_it_only_quotes_is_named_but_not_chosen(world: World) -> None:
    thread = await world.thread(body=f"{WHOLE_WORDS}.")
    opening = await world.db.pool.fetchval("SELECT id FROM posts WHERE thread_id = $1", thread)
    reply = (await posts.reply(world.db, world.ben, thread, f"> {WHOLE_WORDS}.\n\nThat is no way to speak of her."))[
        "id"
    ]
    assert await _repeats(world, "post", reply) == {("post", opening): False}
    assert await _repeats(world, "post", opening) == {("post", reply): True}


async def test_a_message_and_posts_repeat_each_other_within_what_one_decides_about(world: World) -> None:
    message = (await rooms.say(world.db, world.ben, world.network, WHOLE_WORDS))["id"]
    thread = await world.thread(jointly=True)
    ours = (await posts.reply(world.db, world.ben, thread, f"In the room they said: {WHOLE_WORDS.upper()}"))["id"]
    await posts.reply(world.db, world.max, thread, f"As was said: {WHOLE_WORDS}")
    await rooms.say(world.db, world.ana, world.network, "Her name is not for the room")
    assert await _repeats(world, "message", message) == {("post", ours): True}
    async with world.db.connection() as connection:
        for caller, error in ((world.ben, Forbidden), (world.max, NotFound), (world.eve, NotFound)):
            with pytest.raises(error):
                await repeats.of(connection, caller, "message", message)


# All that a member wrote ----------------------------------------------------------------------------------------------


async def _spam(world: World, slug: str, thread_count: int, post_count: int, message_count: int) -> Caller:
    """A member who wrote that much, by statements: reply by reply it would take longer than the removal."""
    spammer = Caller((await members.add(world.db, f"spam-{slug}-{world.tag}@example.org", "Spam"))["id"])
    await memberships.set_role(world.db, world.lead, slug, spammer.member, "member")
    network = await world.network_id(slug)
    ids = [
        (await threads.start(world.db, world.lead, slug, f"Thread {number}", "Opening")).thread["id"]
        for number in range(thread_count)
    ]
    await world.db.pool.execute(
        "INSERT INTO posts (thread_id, network_id, author_id, parent_id, number, depth, path, body, html)"
        " SELECT t.id, $2, $3, o.id, 1 + n, 1, o.path || int4send(1 + n), 'Buy now ' || n, '<p>Buy now</p>'"
        " FROM unnest($1::bigint[]) t (id) JOIN posts o ON o.thread_id = t.id AND o.number = 1,"
        " generate_series(1, $4::int) n",
        ids, network, spammer.member, post_count // thread_count,
    )  # fmt: skip
    await world.db.pool.execute(
        "INSERT INTO messages (room_id, author_id, number, body, html)"
        " SELECT r.id, $2, n, 'Buy now ' || n, '<p>Buy now</p>' FROM rooms r, generate_series(1, $3::int) n"
        " WHERE r.network_id = $1",
        network, spammer.member, message_count,
    )  # fmt: skip
    return spammer


async def test_a_spammer_is_gone_in_one_act(world: World) -> None:
    spammer = await _spam(world, world.network, 20, 200, 50)
    began = time.monotonic()
    swept = await removal.remove_written_by(
        world.db, world.mod, world.network, spammer.member, hours=24, reason="Advertising"
    )
    took_s = time.monotonic() - began
    assert (swept.posts, swept.messages) == (200, 50)
    assert took_s < 3, f"{took_s:.2f} s"
    gone = await world.db.pool.fetch("SELECT * FROM removals WHERE author_id = $1 ORDER BY id", spammer.member)
    assert {row["batch"] for row in gone} == {swept.batch}
    assert len([each for each in await _told(world, spammer) if each["what"] == "removal"]) == 1
    left = await world.db.pool.fetchval(
        "SELECT count(*) FROM (SELECT state FROM posts WHERE author_id = $1 UNION ALL"
        " SELECT state FROM messages WHERE author_id = $1) c WHERE state = 'shown'",
        spammer.member,
    )
    assert left == 0
    live = await world.db.pool.fetchval(
        "SELECT count(*) FROM updates u WHERE u.kind = 'post.removed' AND u.object IN"
        " (SELECT id FROM posts WHERE author_id = $1)",
        spammer.member,
    )
    assert live == 200
    back = await removal.restore_post(world.db, world.lead, gone[0]["post_id"])
    assert back["body"].startswith("Buy now")
    again = await removal.remove_written_by(
        world.db, world.mod, world.network, spammer.member, hours=24, reason="Advertising", keep=False
    )
    assert (again.posts, again.messages) == (1, 0)


async def test_a_whole_act_is_taken_back_in_one(world: World) -> None:
    spammer = await _spam(world, world.network, 5, 120, 30)
    swept = await removal.remove_written_by(
        world.db, world.mod, world.network, spammer.member, hours=24, reason="Advertising"
    )
    assert swept.batch is not None
    for caller in (world.ana, world.max, world.eve, spammer):
        with pytest.raises(NotFound):
            await removal.restore_together(world.db, caller, swept.batch)
    gone = await world.db.pool.fetch("SELECT * FROM removals WHERE author_id = $1 ORDER BY id", spammer.member)
    await removal.restore_post(world.db, world.mod, gone[0]["post_id"])
    await removal.remove_post(world.db, world.mod, gone[1]["post_id"], "Advertising", keep=False)
    async with world.db.connection() as connection:
        lines = await moderation_log.read(connection, await world.network_id())
        batches = await removal.batches(connection, world.lead, lines)
        assert [row["together"] for row in batches.values()] == [148]
        assert not await removal.batches(connection, world.max, lines), "nobody else learns how much it was"
    back = await removal.restore_together(world.db, world.lead, swept.batch)
    assert (back.posts, back.messages) == (118, 30)
    states = await world.db.pool.fetch(
        "SELECT state, count(*) FROM (SELECT state FROM posts WHERE author_id = $1 UNION ALL"
        " SELECT state FROM messages WHERE author_id = $1) c GROUP BY 1", spammer.member,
    )  # fmt: skip
    assert {row["state"]: row["count"] for row in states} == {"shown": 149, "purged": 1}
    told = [each["what"] for each in await _told(world, spammer)]
    assert told.count("restoration") == 2, "one by itself, one for all the others"
    async with world.db.connection() as connection:
        assert not await removal.batches(connection, world.lead, lines)
    again = await removal.restore_together(world.db, world.lead, swept.batch)
    assert (again.posts, again.messages) == (0, 0)


async def test_two_sweeps_at_once_and_what_is_written_meanwhile(world: World) -> None:
    spammer = await _spam(world, world.network, 5, 150, 30)
    thread = await world.thread()

    async def goes_on() -> None:
        for number in range(10):
            await posts.reply(world.db, spammer, thread, f"More {number}")
            await rooms.say(world.db, spammer, world.network, f"More {number}")

    async def sweep(caller: Caller) -> removal.Swept:
        return await removal.remove_written_by(
            world.db, caller, world.network, spammer.member, hours=1, reason="Advertising"
        )

    first, second, _ = await asyncio.gather(sweep(world.mod), sweep(world.lead), goes_on())
    swept = (first, second, await sweep(world.mod))
    assert sum(each.posts for each in swept) == 160
    assert sum(each.messages for each in swept) == 40
    assert await world.db.pool.fetchval("SELECT count(*) FROM removals WHERE author_id = $1", spammer.member) == 200


async def test_it_reaches_the_sub_groups_that_one_moderates_and_nothing_else(world: World) -> None:
    for slug, mods in ((f"sub-{world.tag}", [world.mod]), (f"own-{world.tag}", [])):
        await networks.create(db=world.db, caller=world.lead, name=slug, slug=slug, kind="topic", parent=world.network)
        for each in mods:
            await memberships.set_role(world.db, world.lead, slug, each.member, "moderator")
        await memberships.set_role(world.db, world.lead, slug, world.ben.member, "member")
        await rooms.say(world.db, world.ben, slug, "Buy now")
    await rooms.say(world.db, world.ben, world.network, "Buy now")
    with pytest.raises(Forbidden):
        await removal.remove_written_by(
            world.db, world.ana, world.network, world.ben.member, hours=1, reason="Advertising"
        )
    with pytest.raises(Invalid):
        await removal.remove_written_by(
            world.db, world.mod, world.network, world.ben.member, hours=0, reason="Advertising"
        )
    swept = await removal.remove_written_by(
        world.db, world.mod, world.network, world.ben.member, hours=1, reason="Advertising"
    )
    assert (swept.posts, swept.messages) == (0, 2)
    states = await world.db.pool.fetch(
        "SELECT n.slug, m.state FROM messages m JOIN rooms r ON r.id = m.room_id JOIN networks n ON n.id = r.network_id"
        " WHERE m.author_id = $1",
        world.ben.member,
    )
    assert {row["slug"]: row["state"] for row in states} == {
        world.network: "removed", f"sub-{world.tag}": "removed", f"own-{world.tag}": "shown",
    }  # fmt: skip


async def test_a_search_that_takes_too_long_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    post = await _post(world, WHOLE_WORDS)
    monkeypatch.setattr(repeats, "WITHIN_S", 0.0)
    async with world.db.connection() as connection:
        with pytest.raises(repeats.TooSlow):
            await repeats.of(connection, world.mod, "post", post)
        assert await connection.fetchval("SELECT 1") == 1, "the connection serves on"
