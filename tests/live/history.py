"""One long history in which every act of the forum happens at least once, on a world of its own.

Each step is an act by its name, `module.function`, and what calls it. The tests take snapshots between the steps.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from forum import (
    agreements,
    announcements,
    appeals,
    blocks,
    conversations,
    decisions,
    holds,
    members,
    memberships,
    networks,
    newcomers,
    notifications,
    posts,
    purge,
    removal,
    reports,
    rooms,
    sanctions,
    sessions,
    splits,
    submissions,
    threads,
)
from forum.standing import Caller
from forum.submissions import Submission
from tests.people import PASSWORD, World

LATER = timedelta(days=30)


async def history(world: World) -> AsyncIterator[str]:
    """Run it, step by step; yields the name of each act that has just happened."""
    db = world.db
    thread = (
        await threads.start(db, world.ana, world.network, "A thread", "Opening", jointly_with=[world.other])
    ).thread
    thread_id: int = thread["id"]
    yield "threads.start"
    one = (await posts.reply(db, world.ben, thread_id, "One"))["id"]
    two = (
        await posts.reply(db, world.ana, thread_id, f"> [#{one}]\n\nTwo, @{world.names[world.ben.member]}", parent=one)
    )["id"]
    yield "posts.reply"
    third = (await posts.reply(db, world.max, thread_id, "Three", parent=two))["id"]
    await announcements.announce_threads(db)
    yield "announcements.announce_threads"
    await posts.edit(db, world.ben, one, "One, edited")
    yield "posts.edit"
    await posts.withdraw(db, world.ben, one)
    await announcements.announce_threads(db)
    yield "posts.withdraw"
    await posts.undo(db, world.ben, one)
    yield "posts.undo"
    await removal.remove_post(db, world.mod, one, "Advertising")
    await announcements.announce_threads(db)
    yield "removal.remove_post"
    await removal.restore_post(db, world.mod, one)
    yield "removal.restore_post"
    await holds.hold_post(db, world.max, two, "Private information")
    yield "holds.hold_post"
    await holds.release_post(db, world.max, two)
    yield "holds.release_post"
    await holds.hold_post(db, world.mod, third, "Private information")
    await holds.lapse_hold(db, third, now=datetime.now(UTC) + LATER)
    await announcements.announce_threads(db)
    yield "holds.lapse_hold"
    await threads.retitle(db, world.ana, thread_id, "Another title")
    yield "threads.retitle"
    await threads.remove_title(db, world.mod, thread_id, "Private information")
    yield "threads.remove_title"
    await threads.restore_title(db, world.mod, thread_id)
    yield "threads.restore_title"
    await threads.lock(db, world.mod, thread_id, locked=True)
    await threads.lock(db, world.mod, thread_id, locked=False)
    yield "threads.lock"
    await threads.pin(db, world.mod, thread_id, world.network, pinned=True)
    yield "threads.pin"
    await threads.watch(db, world.ben, thread_id, watching=True)
    yield "threads.watch"
    await threads.mark_read(db, world.ben, thread_id, [1, 2, 3])
    yield "threads.mark_read"
    await threads.mark_all_read(db, world.ben, [world.network])
    yield "threads.mark_all_read"
    await notifications.mark_read(db, world.ben)
    yield "notifications.mark_read"

    message = (await rooms.say(db, world.ben, world.network, "Good morning"))["id"]
    await rooms.say(db, world.ana, world.network, "Good morning to you", reply_to=message)
    await announcements.announce_rooms(db)
    yield "rooms.say"
    yield "announcements.announce_rooms"
    await rooms.edit(db, world.ben, message, "Good afternoon")
    yield "rooms.edit"
    await rooms.withdraw(db, world.ben, message)
    yield "rooms.withdraw"
    await rooms.undo(db, world.ben, message)
    yield "rooms.undo"
    await removal.remove_message(db, world.mod, message, "Advertising")
    yield "removal.remove_message"
    await removal.restore_message(db, world.mod, message)
    yield "removal.restore_message"
    await rooms.mark_read(db, world.ana, world.network, 1)
    yield "rooms.mark_read"

    apart = (await posts.reply(db, world.ben, thread_id, "Apart", parent=third))["id"]
    await splits.split(db, world.mod, thread_id, [apart], "A subject of its own")
    await announcements.announce_threads(db)
    yield "splits.split"
    async for step in _directly(world):
        yield step
    async for step in _reports(world, one, message):
        yield step

    await members.edit_profile(db, world.ben, name=f"Benjamin {world.tag}", title="Head of IT")
    yield "members.edit_profile"
    await members.set_preferences(db, world.ben, theme="dark")
    yield "members.set_preferences"
    await members.remove_words(db, world.admin, world.ben.member, "name", "Private information")
    yield "members.remove_words"
    async for step in _belonging(world):
        yield step
    async for step in _agreements(world, thread_id):
        yield step
    async for step in _newcomers(world):
        yield step
    async for step in _taken_away(world):
        yield step
    async for step in _accounts(world):
        yield step


async def _directly(world: World) -> AsyncIterator[str]:
    db = world.db
    room = (await conversations.open(db, world.ana, world.ben.member)).room_id
    yield "conversations.open"
    first = (await conversations.say(db, world.ana, room, "Are you there?"))["id"]
    yield "rooms.say_in"
    second = (await conversations.say(db, world.ben, room, "I am", reply_to=first))["id"]
    await rooms.edit(db, world.ana, first, "Are you in?")
    yield "rooms.edit"
    await conversations.mark_read(db, world.ben, room, 2)
    yield "conversations.mark_read"
    await rooms.withdraw(db, world.ben, second)
    yield "rooms.withdraw"
    await rooms.undo(db, world.ben, second)
    case = (await reports.report_message(db, world.ben, first, "Advertising"))["case_id"]
    yield "reports._report"
    await decisions.take(db, world.admin, case, taken=True)
    await decisions.note(db, world.admin, case, "It may be meant well")
    await decisions.decide(db, world.admin, case, "remove", reason="Advertising")
    yield "decisions.decide"
    await decisions.reopen(db, world.admin, case)
    yield "decisions.reopen"
    await conversations.say(db, world.ana, room, "And now?")
    last = (await conversations.say(db, world.ana, room, "Buy now"))["id"]
    again = (await reports.report_message(db, world.ben, last, "Advertising"))["case_id"]
    await decisions.decide(db, world.admin, again, "remove", reason="Advertising")
    yield "removal.remove_message"


async def _reports(world: World, one: int, message: int) -> AsyncIterator[str]:
    db = world.db
    case = (await reports.report_post(db, world.ana, one, "Advertising", "It sells something"))["case_id"]
    await reports.report_post(db, world.obs, one, "Private information")
    await reports.report_message(db, world.ana, message, "Unkind or insulting")
    yield "reports._report"
    await decisions.take(db, world.mod, case, taken=True)
    yield "decisions.take"
    await decisions.note(db, world.lead, case, "I know them")
    yield "decisions.note"
    edited = await posts.edit(db, world.ben, one, "One, edited again")
    await decisions.decide(db, world.max, case, "hold", reason="Private information", version=edited["version"])
    yield "decisions.decide"
    held = await reports.one(db, case)
    await decisions.decide(db, world.mod, case, "leave", version=held["about_version"])
    await decisions.reopen(db, world.mod, case)
    yield "decisions.reopen"
    left = await posts.one(db, one)
    await decisions.decide(db, world.lead, case, "remove", reason="Private information", version=left["version"])
    await removal.restore_post(db, world.mod, one)


async def _belonging(world: World) -> AsyncIterator[str]:
    db = world.db
    await networks.create(
        db, world.lead, name=f"Sub {world.tag}", slug=f"sub-{world.tag}", kind="topic", parent=world.network
    )
    yield "networks.create"
    await networks.describe(db, world.lead, world.network, name=f"Renamed {world.tag}", purpose="To help", about="Us")
    yield "networks.describe"
    request = await memberships.ask(db, world.eve, world.network, "Let me in")
    yield "memberships.ask"
    await memberships.decide(db, world.mod, world.network, request, approve=True)
    yield "memberships.decide"
    await memberships.set_role(db, world.lead, world.network, world.eve.member, "observer")
    yield "memberships.set_role"
    await sanctions.impose(
        db,
        world.mod,
        world.network,
        world.ana.member,
        "mute",
        until=datetime.now(UTC) + timedelta(hours=1),
        reason="Rude",
    )
    yield "sanctions.impose"
    await sanctions.end_due(db, now=datetime.now(UTC) + LATER)
    yield "sanctions.end_due"
    await sanctions.impose(db, world.mod, world.network, world.obs.member, "warning", until=None, reason="Rude")
    await sanctions.impose(db, world.mod, world.network, world.obs.member, "suspension", until=None, reason="Rude")
    await sanctions.lift(db, world.mod, world.network, world.obs.member, "suspension")
    yield "sanctions.lift"
    await memberships.leave(db, world.eve, world.network)
    yield "memberships.leave"
    invitation = await memberships.invite(db, world.mod, world.network, max_uses=2)
    yield "memberships.invite"
    await memberships.accept(db, world.eve, invitation.token)
    yield "memberships.accept"
    await memberships.remove_member(db, world.lead, world.network, world.eve.member)
    yield "memberships.remove_member"
    await memberships.revoke_invitation(db, world.mod, world.network, invitation.id)
    yield "memberships.revoke_invitation"
    await networks.describe(db, world.lead, world.other, visibility="open")
    await memberships.join(db, world.eve, world.other)
    yield "memberships.join"


async def _agreements(world: World, thread_id: int) -> AsyncIterator[str]:
    db = world.db
    sub = f"sub-{world.tag}"
    await agreements.ask(db, world.lead, thread_id, "hold_in", slug=sub)
    yield "agreements.ask"
    alone = await world.thread(title="A second thread")
    await agreements.ask(db, world.mod, thread_id, "widen", audience="open")
    await agreements.agree(db, world.lead, thread_id)
    yield "agreements.agree"
    await memberships.set_role(db, world.lead, world.other, world.mod.member, "member")
    await agreements.ask(db, world.mod, alone, "move", slug=world.other)
    await agreements.decline(db, world.max, alone)
    yield "agreements.decline"
    await agreements.leave(db, world.lead, thread_id, sub)
    yield "agreements.leave"
    await agreements.ask(db, world.lead, alone, "move", slug=world.other)
    await announcements.announce_threads(db)
    yield "threads.move"


async def _taken_away(world: World) -> AsyncIterator[str]:
    db = world.db
    await removal.settle(
        db, world.lead, world.network, reasons=["Advertising"], names_moderators=True, keeps_removed_days=30
    )
    yield "removal.settle"
    thread = await world.thread(title="A third thread")
    await posts.reply(db, world.ben, thread, "Buy now")
    await rooms.say(db, world.ben, world.network, "Buy this too")
    swept = await removal.remove_written_by(
        db, world.lead, world.network, world.ben.member, hours=1, reason="Advertising"
    )
    assert swept.batch is not None
    yield "removal.remove_written_by"
    removal_id = swept.batch
    row = await appeals.make(db, world.ben, removal_id, "It was none")
    yield "appeals.make"
    # As if nobody had been free when it was made: now somebody is.
    await db.pool.execute("UPDATE appeals SET decides_id = NULL WHERE id = $1", row["appeal_id"])
    await appeals.pass_on(db)
    yield "appeals.pass_on"
    assert await appeals.pass_on_overdue(db, now=datetime.now(UTC) + LATER)
    yield "appeals.pass_on_overdue"
    await appeals.decide(db, world.admin, row["appeal_id"], "overturned")
    yield "appeals.decide"
    assert await appeals.close_due(db, now=datetime.now(UTC) + LATER + LATER)
    yield "appeals.close_due"
    await purge.purge_due(db, now=datetime.now(UTC) + LATER + LATER)
    await announcements.announce_threads(db)
    yield "purge.purge_one"
    for body in ("Once more", "And again"):
        await posts.reply(db, world.ben, thread, body)
    swept = await removal.remove_written_by(
        db, world.lead, world.network, world.ben.member, hours=1, reason="Advertising"
    )
    assert swept.batch is not None
    await removal.restore_together(db, world.mod, swept.batch)
    yield "removal.restore_together"


async def _newcomers(world: World) -> AsyncIterator[str]:
    db, network = world.db, world.network
    thread = await world.thread(title="Where newcomers write")
    new = Caller((await members.add(db, f"newcomer-{world.tag}@example.org", "A newcomer"))["id"])
    await memberships.set_role(db, world.lead, network, new.member, "member")
    await newcomers.set_approved(db, world.lead, network, 5)
    yield "newcomers.set_approved"
    replied = await submissions.reply(db, new, thread, "May I?")
    yield "submissions.reply"
    said = await submissions.say(db, new, network, "May I?")
    yield "submissions.say"
    started = await submissions.start(db, new, network, "May I?", "I ask")
    yield "submissions.start"
    again = await submissions.say(db, new, network, "Never mind")
    assert isinstance(replied, Submission)
    assert isinstance(said, Submission)
    assert isinstance(started, Submission)
    assert isinstance(again, Submission)
    await submissions.approve(db, world.mod, replied.id)
    await announcements.announce_threads(db)
    yield "submissions.approve"
    await submissions.approve(db, world.mod, started.id)
    await submissions.decline(db, world.mod, said.id, "Advertising")
    yield "submissions.decline"
    await submissions.withdraw(db, new, again.id)
    yield "submissions.withdraw"
    await newcomers.set_approved(db, world.lead, network, 0)
    await rooms.slow_down(db, world.mod, network, 30)
    yield "rooms.slow_down"
    await rooms.slow_down(db, world.mod, network, 0)
    await blocks.block(db, world.ana, world.ben.member)
    yield "blocks.block"
    await blocks.unblock(db, world.ana, world.ben.member)
    yield "blocks.unblock"


async def _accounts(world: World) -> AsyncIterator[str]:
    db = world.db
    await members.add(db, f"new-{world.tag}@example.org", "Somebody new", password=PASSWORD)
    yield "members.add"
    invitation = await memberships.invite(db, world.mod, world.network)
    new, _ = await members.join_by_invitation(
        db, invitation.token, email=f"guest-{world.tag}@example.org", name="Guest", password=PASSWORD
    )
    yield "members.join_by_invitation"
    token, member = await sessions.sign_in(db, f"new-{world.tag}@example.org", PASSWORD)
    yield "sessions.sign_in"
    yield "sessions.start"
    async with db.connection() as connection:
        known = await sessions.who(connection, sessions.credential(cookie=token))
    assert known is not None
    await sessions.seen(db, known.caller)
    yield "sessions.seen"
    await sessions.start(db, member)
    await members.change_password(db, known.caller, PASSWORD, PASSWORD + " more")
    yield "members.change_password"
    await sessions.sign_out(db, known.caller)
    yield "sessions.end"
    await sessions.start(db, member)
    link, _ = await members.one_time_link(db, member)
    yield "members.one_time_link"
    await members.set_password_by_link(db, link, PASSWORD)
    yield "members.set_password_by_link"
    await sessions.create_token(db, member)
    yield "sessions.create_token"
    async with db.connection() as connection:
        (made,) = await sessions.tokens(connection, member)
    await sessions.end_token(db, member, made["id"])
    yield "sessions.end_token"
    await members.suspend(db, world.admin, new, "Spam")
    yield "members.suspend"
    await members.reinstate(db, world.admin, new)
    yield "members.reinstate"
    assert isinstance(known.caller, Caller)
