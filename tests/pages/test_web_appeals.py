"""Pages: the removal's dialogue, what its author is told, the appeal, and who decides."""

import re

import pytest

from forum import appeals, memberships, posts, removal, reports, rooms
from tests.pages.conftest import Visit
from tests.people import World

WORDS = "Wilhelmina Quarrington was seen on the ward last Tuesday morning"


async def _removal_of(world: World, post: int) -> int:
    return int(await world.db.pool.fetchval("SELECT id FROM removals WHERE post_id = $1", post))


async def _removed(world: World, note: str = "") -> tuple[int, int]:
    thread = await world.thread(body="The opening words")
    post = (await posts.reply(world.db, world.ben, thread, WORDS))["id"]
    await removal.remove_post(world.db, world.mod, post, "Advertising", note)
    return post, await _removal_of(world, post)


async def test_the_dialogue_offers_what_repeats_the_words(world: World, visit: Visit) -> None:
    thread = await world.thread()
    source = (await posts.reply(world.db, world.ben, thread, WORDS))["id"]
    reply = (await posts.reply(world.db, world.ana, thread, f"> {WORDS}\n\nNot here."))["id"]
    message = (await rooms.say(world.db, world.ana, world.network, f"They say {WORDS}"))["id"]
    mod = await visit(world.mod)
    page = await mod.get(f"/posts/{source}/remove")
    boxes = re.findall(r'name="also" value="([a-z]+-\d+)"( checked)?', page.text)
    assert boxes == [(f"post-{reply}", " checked"), (f"message-{message}", " checked")]
    unchosen = (await mod.get(f"/posts/{reply}/remove")).text
    assert re.search(rf'value="post-{source}"(?! checked)[^>]*>', unchosen), "what it only quotes is not ticked"
    fields = [
        ("reason", "Private information"),
        ("purge", "yes"),
        ("also", f"post-{reply}"),
        ("also", f"message-{message}"),
    ]
    assert (await mod.post(f"/posts/{source}/remove", fields)).status_code == 303
    for post in (source, reply):
        assert (await posts.one(world.db, post))["state"] == "purged"
    assert (await rooms.one(world.db, message))["state"] == "purged"


@pytest.mark.parametrize("also", ["post-0", "thread-1", "post", "post-x", "post-99999999999999999999"])
async def test_boxes_that_name_nothing_are_refused(world: World, visit: Visit, also: str) -> None:
    post = (await posts.reply(world.db, world.ben, await world.thread(), WORDS))["id"]
    fields = [("reason", "Advertising"), ("note", "Kept"), ("also", also)]
    answer = await (await visit(world.mod)).post(f"/posts/{post}/remove", fields)
    assert answer.status_code == 422
    assert (await posts.one(world.db, post))["state"] == "shown"


async def test_reasons_are_the_networks_own(world: World, visit: Visit) -> None:
    lead = await visit(world.lead)
    page = (await lead.get(f"/networks/{world.network}/removals")).text
    assert "Private information" in page
    fields = [("reasons", "Too loud\nToo long\n"), ("names_moderators", "yes"), ("keeps_removed_days", "10")]
    assert (await lead.post(f"/networks/{world.network}/removals", fields)).status_code == 303
    post = (await posts.reply(world.db, world.ben, await world.thread(), WORDS))["id"]
    dialogue = (await (await visit(world.mod)).get(f"/posts/{post}/remove")).text
    assert re.findall(r'name="reason" value="([^"]+)"', dialogue) == ["Too loud", "Too long"]
    await removal.remove_post(world.db, world.mod, post, "Too loud")
    ben = await visit(world.ben)
    name = world.names[world.mod.member]
    assert name in (await ben.get("/notifications")).text
    assert name in (await ben.get(f"/removals/{await _removal_of(world, post)}")).text
    for wrong in ({"keeps_removed_days": "0"}, {"keeps_removed_days": "x"}, {"reasons": "\n".join("abcdefghijklm")}):
        answer = await lead.post(f"/networks/{world.network}/removals", {**dict(fields), **wrong})
        assert answer.status_code == 422
        assert "Too l" in answer.text or "reasons" in wrong


async def test_an_appeal_that_comes_too_late_can_still_be_read(world: World, visit: Visit) -> None:
    _, removal_id = await _removed(world)
    await world.db.pool.execute("UPDATE removals SET appeal_closed_at = now() WHERE id = $1", removal_id)
    late = await (await visit(world.ben)).post(f"/removals/{removal_id}/appeal", {"body": "It was none"})
    assert late.status_code == 409
    assert "You could appeal until" in late.text
    assert '<p class="words">It was none</p>' in late.text


async def test_an_author_is_told_and_appeals(world: World, visit: Visit) -> None:
    post, removal_id = await _removed(world, "Please use the noticeboard")
    ben = await visit(world.ben)
    told = (await ben.get("/notifications")).text
    assert f'href="/removals/{removal_id}"' in told
    assert "Please use the noticeboard" in told
    assert "You can appeal</a> until" in told
    page = (await ben.get(f"/removals/{removal_id}")).text
    for said in ("Reason:", "Advertising", "Please use the noticeboard", "You can appeal once"):
        assert said in page
    assert "Quarrington" not in page
    assert world.names[world.mod.member] not in page
    empty = await ben.post(f"/removals/{removal_id}/appeal", {"body": " "})
    assert empty.status_code == 422
    assert (await ben.post(f"/removals/{removal_id}/appeal", {"body": "It was none"})).status_code == 303
    told = (await ben.get("/notifications")).text
    assert "You can appeal" not in told
    assert f'href="/removals/{removal_id}">What became of it</a>' in told
    again = await ben.post(f"/removals/{removal_id}/appeal", {"body": "Once more"})
    assert again.status_code == 409
    assert "is passed on" in (await ben.get(f"/removals/{removal_id}")).text
    lead = await visit(world.lead)
    assert (await lead.get(f"/removals/{removal_id}")).headers["location"].startswith("/appeals/")
    assert "An appeal waits for you" in (await lead.get("/notifications")).text
    for where in ("/appeals", f"/networks/{world.network}/appeals", f"/networks/{world.network}/requests"):
        assert "An appeal about a removed post" in (await lead.get(where)).text
    assert (await posts.one(world.db, post))["state"] == "removed"


async def test_whoever_decides_sees_the_case_and_answers(world: World, visit: Visit) -> None:
    post, removal_id = await _removed(world, "A note")
    appeal = (await appeals.make(world.db, world.ben, removal_id, "It was no advertisement"))["appeal_id"]
    lead = await visit(world.lead)
    page = (await lead.get(f"/appeals/{appeal}")).text
    for said in ("Quarrington", "The opening words", "It was no advertisement", "Advertising", "A note"):
        assert said in page
    assert (await lead.post(f"/appeals/{appeal}", {"outcome": "maybe", "answer": "Kept text"})).status_code == 422
    done = await lead.post(f"/appeals/{appeal}", {"outcome": "overturned", "answer": "You were right"})
    assert done.status_code == 303
    assert (await posts.one(world.db, post))["state"] == "shown"
    assert "overturned the removal" in (await lead.get(f"/appeals/{appeal}")).text
    ben = await visit(world.ben)
    assert "You were right" in (await ben.get(f"/removals/{removal_id}")).text
    assert "was wrong" in (await ben.get("/notifications")).text
    assert (await lead.post(f"/appeals/{appeal}", {"outcome": "upheld"})).status_code == 409


async def test_a_quote_near_an_appeal_is_not_said_to_be_removed(world: World, visit: Visit) -> None:
    """What it quotes may stand where whoever decides does not read: it is left out, and so it is in a history."""
    thread = await world.thread()
    quoted = (await posts.reply(world.db, world.ana, thread, "Which one did you choose?"))["id"]
    answer = (await posts.reply(world.db, world.ana, thread, f"> [#{quoted}]\n\nOurs is older."))["id"]
    gone = (await posts.reply(world.db, world.ben, thread, WORDS))["id"]
    await removal.remove_post(world.db, world.mod, gone, "Advertising")
    appeal = (await appeals.make(world.db, world.ben, await _removal_of(world, gone), "No"))["appeal_id"]
    lead = await visit(world.lead)
    for page in (f"/appeals/{appeal}", f"/posts/{answer}/history"):
        shown = (await lead.get(page)).text
        assert "Ours is older." in shown
        assert "A post is quoted here." in shown
        assert "The quoted post has been removed." not in shown


async def test_an_administrator_sees_the_case_and_nothing_else(world: World, visit: Visit) -> None:
    thread = await world.thread(body="The opening words")
    post = (await posts.reply(world.db, world.ben, thread, WORDS))["id"]
    await removal.remove_post(world.db, world.lead, post, "Advertising")
    await memberships.leave(world.db, world.mod, world.network)
    appeal = (await appeals.make(world.db, world.ben, await _removal_of(world, post), "No"))["appeal_id"]
    admin = await visit(world.admin)
    assert "Quarrington" in (await admin.get(f"/appeals/{appeal}")).text
    for path in (
        f"/threads/{thread}",
        f"/posts/{post}",
        f"/posts/{post}/history",
        f"/networks/{world.network}/appeals",
    ):
        assert (await admin.get(path)).status_code in {403, 404}, path
    for who in (world.ben, world.ana, world.max, world.eve, None):
        visitor = await visit(who)
        unseen, never = await visitor.get(f"/appeals/{appeal}"), await visitor.get("/appeals/999999999")
        assert unseen.status_code == 404
        assert unseen.content == never.content


async def test_all_that_a_member_wrote_goes_from_their_profile(world: World, visit: Visit) -> None:
    post = (await posts.reply(world.db, world.ben, await world.thread(), WORDS))["id"]
    mod = await visit(world.mod)
    at = f"/networks/{world.network}/people/{world.ben.member}/removals"
    assert f'href="{at}"' in (await mod.get(f"/members/{world.ben.member}")).text
    assert (await mod.get(at)).status_code == 200
    answer = await mod.post(at, {"hours": "6", "reason": "Advertising"})
    assert answer.status_code == 200
    assert "1 post, 0 messages" in answer.text
    assert (await posts.one(world.db, post))["state"] == "removed"
    assert (await mod.post(at, {"hours": "9999", "reason": "Advertising", "note": "Kept"})).status_code == 422
    for who in (world.ana, world.ben):
        assert (await (await visit(who)).get(at)).status_code == 403


async def test_no_reason_is_chosen_for_a_moderator(world: World, visit: Visit) -> None:
    """A button that is just pressed would tell the author a false one."""
    thread = await world.thread(jointly=True)
    post = (await posts.reply(world.db, world.ben, thread, WORDS))["id"]
    again = (await posts.reply(world.db, world.ana, thread, f"> {WORDS}\n\nNot here."))["id"]
    sent = [("reason", ""), ("note", "Half a <b>thought"), ("also", f"post-{again}"), ("hours", "6")]
    for who, at, act in (
        (world.mod, f"/posts/{post}/remove", "remove"),
        (world.max, f"/posts/{post}/remove", "hold"),
        (world.mod, f"/networks/{world.network}/people/{world.ben.member}/removals", "removals"),
    ):
        moderator = await visit(who)
        asked = (await moderator.get(at)).text
        answer = await moderator.post(at.rpartition("/")[0] + f"/{act}", sent)
        assert (answer.status_code, "Please choose a reason first." in answer.text) == (422, True)
        assert "Half a &lt;b&gt;thought</textarea>" in answer.text
        for page in (asked, answer.text):
            radios = re.findall(r'name="reason" value="[^"]+"([^>]*)>', page)
            assert len(radios) == 6
            assert set(radios) == {" required"}
    assert (await posts.one(world.db, post))["state"] == "shown"


async def test_a_case_has_no_reason_chosen_but_one_that_members_gave(world: World, visit: Visit) -> None:
    post = (await posts.reply(world.db, world.ben, await world.thread(), WORDS))["id"]
    case = (await reports.report_post(world.db, world.ana, post, "A reason of its own"))["case_id"]
    mod = await visit(world.mod)
    at = f"/networks/{world.network}/reports/{case}"
    assert not re.findall(r'name="reason" value="[^"]+" checked', (await mod.get(at)).text)
    await reports.report_post(world.db, world.lead, post, "Advertising")
    assert re.findall(r'name="reason" value="([^"]+)" checked', (await mod.get(at)).text) == ["Advertising"]
