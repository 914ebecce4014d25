"""Warn, mute, suspend from a profile; what was done to me; first posts; pace; blocks: as pages without script."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from forum import members as accounts
from forum import memberships, posts, rooms, sanctions, sessions
from forum.db import Database
from tests.pages.conftest import Visit
from tests.people import PASSWORD, World, make_world

LINK = re.compile(r'value="[^"]+/links/([^"]+)"')


async def test_a_moderator_mutes_from_the_profile_and_ends_it(world: World, visit: Visit) -> None:
    mod, ben, thread = await visit(world.mod), await visit(world.ben), await world.thread()
    act = f"/networks/{world.network}/people/{world.ben.member}"
    muted = await mod.post(act, {"act": "mute", "days": "7", "reason": "Rude", "note": "Twice this week"})
    assert muted.status_code == 303
    assert "Muted until" in (await mod.get(f"/members/{world.ben.member}")).text
    page = (await ben.get(f"/threads/{thread}?order=time")).text
    assert "has muted you until" in page
    assert "Reason: Rude." in page
    assert "<forum-composer" not in page
    assert "has muted you until" in (await ben.get(f"/networks/{world.network}/room")).text
    refused = await ben.post(f"/threads/{thread}/posts", {"body": "My text is safe"})
    assert refused.status_code == 403
    assert "My text is safe" in refused.text
    told = (await ben.get("/notifications")).text
    assert "has muted you until" in told
    assert "Twice this week" in told
    assert "Twice this week" in (await ben.get("/settings/moderation")).text
    assert "Twice this week" not in (await mod.get("/settings/moderation")).text
    assert (await mod.post(act, {"act": "lift_mute"})).status_code == 303
    assert "<forum-composer" in (await ben.get(f"/threads/{thread}?order=time")).text
    assert (await mod.post(act, {"act": "mute", "days": "0", "reason": "Rude"})).status_code == 422
    assert (await mod.post(act, {"act": "mute", "days": "9999", "reason": "Rude"})).status_code == 422


async def test_who_is_muted_brings_nothing_of_theirs_back(world: World, visit: Visit) -> None:
    mod, ben, thread = await visit(world.mod), await visit(world.ben), await world.thread()
    said = (await rooms.say(world.db, world.ben, world.network, "Said"))["id"]
    kept = (await rooms.say(world.db, world.ben, world.network, "Said too"))["id"]
    post = (await posts.reply(world.db, world.ben, thread, "Written"))["id"]
    places = (f"/posts/{post}", f"/messages/{said}")
    for at in places:
        assert (await ben.post(f"{at}/withdraw")).status_code == 303
        assert f'action="{at}/undo"' in (await ben.get(f"{at}/acts")).text
    assert "data-undo" in (await ben.get(f"/messages/{kept}/withdraw")).text
    act = f"/networks/{world.network}/people/{world.ben.member}"
    assert (await mod.post(act, {"act": "mute", "days": "7", "reason": "Rude"})).status_code == 303
    for at in places:
        refused = await ben.post(f"{at}/undo")
        assert refused.status_code == 403, at
        assert "has muted you until" in refused.text
        assert f'action="{at}/undo"' not in (await ben.get(f"{at}/acts")).text
    # They may still take back, and are then offered no way to undo it.
    assert "data-undo" not in (await ben.get(f"/messages/{kept}/withdraw")).text
    assert (await mod.post(act, {"act": "lift_mute"})).status_code == 303
    for at in places:
        assert (await ben.post(f"{at}/undo")).status_code == 303


@pytest.mark.parametrize("went", ["left", "suspended", "observer"])
async def test_who_may_not_write_there_any_more_brings_nothing_of_theirs_back(
    db: Database, visit: Visit, went: str
) -> None:
    world = await make_world(db, visibility="public")
    ben, thread = await visit(world.ben), await world.thread()
    kept, message = [(await rooms.say(db, world.ben, world.network, "Said"))["id"] for _ in range(2)]
    post = (await posts.reply(db, world.ben, thread, "Written"))["id"]
    places = (f"/posts/{post}", f"/messages/{message}")
    for at in places:
        assert (await ben.post(f"{at}/withdraw")).status_code == 303
    if went == "left":
        await memberships.leave(db, world.ben, world.network)
    elif went == "suspended":
        until = datetime.now(UTC) + timedelta(days=7)
        await sanctions.impose(db, world.mod, world.network, world.ben.member, "suspension", until=until, reason="Rude")
    else:
        await memberships.set_role(db, world.lead, world.network, world.ben.member, "observer")
    for at in places:
        assert (await ben.post(f"{at}/undo")).status_code == 403, at
        assert f'action="{at}/undo"' not in (await ben.get(f"{at}/acts")).text
    # They may still take back, and are then offered no way to undo it.
    page = await ben.get(f"/messages/{kept}/withdraw")
    assert (page.status_code, "data-undo" in page.text) == (200, False)


async def test_a_warning_is_told_and_nothing_else_changes(world: World, visit: Visit) -> None:
    mod, ben = await visit(world.mod), await visit(world.ben)
    await mod.post(f"/networks/{world.network}/people/{world.ben.member}", {"act": "warning", "reason": "Rude"})
    assert "warns you" in (await ben.get("/notifications")).text
    assert "Warned in" in (await ben.get("/settings/moderation")).text
    assert "<forum-composer" in (await ben.get(f"/networks/{world.network}/room")).text


async def test_a_suspended_member_is_told_so_where_they_might_join(world: World, visit: Visit) -> None:
    mod, ben, eve = [await visit(who) for who in (world.mod, world.ben, world.eve)]
    act = {"act": "suspension", "days": "7", "reason": "Rude"}
    assert (await mod.post(f"/networks/{world.network}/people/{world.ben.member}", act)).status_code == 303
    page = (await ben.get(f"/networks/{world.network}")).text
    assert "You are suspended from" in page
    assert "Ask to join" not in page
    assert "Ask to join" in (await eve.get(f"/networks/{world.network}")).text
    refused = await ben.post(f"/networks/{world.network}/join", {"body": "Let me in"})
    assert refused.status_code == 403
    assert "Reason: Rude." in refused.text


async def test_an_administrator_suspends_an_account_and_lets_it_in_again(world: World, visit: Visit) -> None:
    admin, ben, mod = await visit(world.admin), await visit(world.ben), await visit(world.mod)
    profile = f"/members/{world.ben.member}"
    assert "Suspend from the site" not in (await mod.get(profile)).text
    assert "Suspend from the site" in (await admin.get(profile)).text
    assert (await admin.post(f"{profile}/suspend", {"reason": "Spam", "days": "7"})).status_code == 303
    refused = await ben.get("/settings")
    assert refused.status_code == 403
    assert "Your account is suspended." in refused.text
    assert "Let it in again" in (await admin.get(profile)).text
    assert (await admin.post(f"{profile}/reinstate")).status_code == 303
    assert "Suspend from the site" in (await admin.get(profile)).text


async def test_an_administrator_takes_a_name_and_an_about_away(world: World, visit: Visit) -> None:
    admin, mod = await visit(world.admin), await visit(world.mod)
    profile, why = f"/members/{world.ben.member}", {"reason": "Private information", "note": ""}
    await accounts.edit_profile(world.db, world.ben, name="A telling name", about="Words about me")
    assert f'action="{profile}/remove"' not in (await mod.get(profile)).text
    page = (await admin.get(profile)).text
    assert f'action="{profile}/remove"' in page
    assert page.count('name="noun"') == 2
    assert (await mod.post(f"{profile}/remove", {**why, "noun": "about"})).status_code == 403
    assert (await admin.post(f"{profile}/remove", {**why, "noun": "about", "reason": ""})).status_code == 422
    assert (await admin.post(f"{profile}/remove", {**why, "noun": "title"})).status_code == 422
    assert (await admin.post(f"{profile}/remove", {**why, "noun": "about"})).status_code == 303
    page = (await admin.get(profile)).text
    assert "Words about me" not in page
    assert page.count('name="noun"') == 1
    assert (await admin.post(f"{profile}/remove", {**why, "noun": "name"})).status_code == 303
    page = (await admin.get(profile)).text
    assert "A telling name" not in page
    assert f'action="{profile}/remove"' not in page
    log = (await admin.get("/log")).text
    assert "Removed the name" in log
    assert "Removed the about text" in log


async def test_whose_name_or_about_was_taken_away_is_told_why(world: World, visit: Visit) -> None:
    admin, ben = await visit(world.admin), await visit(world.ben)
    await accounts.edit_profile(world.db, world.ben, name="A telling name", about="Words about me")
    remove = f"/members/{world.ben.member}/remove"
    for noun, reason in (("name", "Private information"), ("about", "Advertising")):
        why = {"noun": noun, "reason": reason, "note": "For the log alone"}
        assert (await admin.post(remove, why)).status_code == 303
        assert (await admin.post(remove, why)).status_code == 303  # what has gone is told once
    told = (await ben.get("/notifications")).text
    assert told.count("An administrator of this site removed your name") == 1
    assert told.count("An administrator of this site removed what you say about yourself") == 1
    assert "Reason: Private information." in told
    assert "Reason: Advertising." in told
    for words in ("For the log alone", "A telling name", "Words about me", world.names[world.admin.member]):
        assert words not in told, words
    decided = (await ben.get("/settings/moderation")).text
    assert decided.index("What you said about yourself was removed") < decided.index("Your name was removed")
    assert "Reason: Private information." in decided
    assert "For the log alone" not in decided
    # Who does it to themselves knows.
    await accounts.edit_profile(world.db, world.admin, name="Admin", about="Words about me")
    await accounts.remove_words(world.db, world.admin, world.admin.member, "about", "Advertising")
    assert "removed what you say" not in (await admin.get("/notifications")).text


async def test_a_suspension_from_the_site_is_ended_in_no_network(world: World, visit: Visit) -> None:
    await memberships.set_role(world.db, world.admin, world.network, world.admin.member, "lead")
    await accounts.suspend(world.db, world.admin, world.ben.member, "Spam")
    page = (await (await visit(world.admin)).get(f"/members/{world.ben.member}")).text
    assert "Decide in" in page
    assert "Let it in again" in page
    assert 'value="lift_suspension"' not in page


async def test_an_administrator_makes_a_link_to_set_a_password_which_is_shown_once(world: World, visit: Visit) -> None:
    admin, mod, ben = await visit(world.admin), await visit(world.mod), await visit(world.ben)
    profile = f"/members/{world.ben.member}"
    button = f'action="{profile}/link"'
    assert button not in (await mod.get(profile)).text
    assert button not in (await admin.get(f"/members/{world.admin.member}")).text
    assert button in (await admin.get(profile)).text
    made = await admin.post(f"{profile}/link")
    assert (made.status_code, made.headers["cache-control"]) == (200, "no-store")
    token = LINK.findall(made.text)[0]
    assert "can sign in as" in made.text
    assert "A link that was made for them before no longer counts" in made.text
    log = (await admin.get("/log")).text
    assert log.count("Made a link to set a password") >= 1
    elsewhere = [await admin.get(path) for path in (profile, "/log", "/log.csv", "/notifications")]
    elsewhere += [await ben.get(path) for path in ("/", "/settings", "/notifications", "/settings/moderation")]
    assert not [answer.url.path for answer in elsewhere if token in answer.text]
    guest = await visit(None)
    assert (await guest.post(f"/links/{token}", {"password": PASSWORD})).headers["location"] == "/"
    assert world.names[world.ben.member] in (await guest.get("/settings")).text
    assert (await ben.get("/settings")).status_code == 401
    lines = [line.split(",")[1:6] for line in (await admin.get("/log.csv")).text.splitlines()]
    of_ben = [[*line[:3], line[4]] for line in lines if len(line) == 5 and line[3] == str(world.ben.member)]
    assert of_ben[:2] == [
        ["The clock", "password", "member", world.names[world.ben.member]],
        [world.names[world.admin.member], "link", "member", world.names[world.ben.member]],
    ]


async def test_of_the_links_to_set_a_password_the_last_one_counts(world: World, visit: Visit) -> None:
    admin, guest = await visit(world.admin), await visit(None)
    at = f"/members/{world.ben.member}/link"
    first, last = [LINK.findall((await admin.post(at, {"key": "the same"})).text)[0] for _ in range(2)]
    assert first != last
    assert (await guest.get(f"/links/{first}")).status_code == 404
    assert (await guest.post(f"/links/{first}", {"password": PASSWORD})).status_code == 404
    assert (await guest.post(f"/links/{last}", {"password": PASSWORD})).status_code == 303
    assert (await (await visit(None)).get(f"/links/{first}")).status_code == 404


async def test_a_changed_password_ends_the_links_that_would_set_another(world: World, visit: Visit) -> None:
    admin, guest = await visit(world.admin), await visit(None)
    at = f"/members/{world.ben.member}/link"
    first = LINK.findall((await admin.post(at)).text)[0]
    assert (await guest.post(f"/links/{first}", {"password": PASSWORD})).status_code == 303
    second = LINK.findall((await admin.post(at)).text)[0]
    assert (await guest.get(f"/links/{second}")).status_code == 200
    change = {"part": "password", "old": PASSWORD, "new": "some other quiet words"}
    assert (await guest.post("/settings", change)).status_code == 303
    assert (await guest.get(f"/links/{second}")).status_code == 404


async def test_a_link_to_set_a_password_is_refused(world: World, visit: Visit) -> None:
    admin, guest = await visit(world.admin), await visit(None)
    at = f"/members/{world.ben.member}/link"
    for who in (world.ben, world.ana, world.mod, world.lead):
        assert (await (await visit(who)).post(at)).status_code == 403
    assert (await guest.post(at)).status_code == 401
    assert (await admin.post(at, sec_fetch_site="cross-site")).status_code == 403
    assert (await admin.post("/members/999999999999/link")).status_code == 404
    own = await admin.post(f"/members/{world.admin.member}/link")
    assert (own.status_code, "You change your own password in your settings." in own.text) == (403, True)
    program = await sessions.create_token(world.db, world.admin.member)
    by_token = await guest.post(at, authorization=f"Bearer {program}")
    assert (by_token.status_code, "A token may not do that" in by_token.text) == (403, True)
    await accounts.suspend(world.db, world.admin, world.ben.member, "Spam")
    suspended = await admin.post(at)
    assert (suspended.status_code, "This account is suspended. Let it in again first" in suspended.text) == (409, True)
    assert f'action="{at}"' not in (await admin.get(f"/members/{world.ben.member}")).text
    made = "SELECT count(*) FROM one_time_links WHERE member_id = ANY ($1)"
    assert await world.db.pool.fetchval(made, [world.ben.member, world.admin.member]) == 0
    await accounts.reinstate(world.db, world.admin, world.ben.member)
    assert (await admin.post(at)).status_code == 200


async def test_an_administrator_makes_so_many_links_to_set_a_password(world: World, visit: Visit) -> None:
    """Whoever sits down at an open browser of theirs does not go through all members."""
    admin = await visit(world.admin)
    at = f"/members/{world.ben.member}/link"
    answered = [(await admin.post(at)).status_code for _ in range(21)]
    assert (set(answered[:20]), answered[20]) == ({200}, 429)


async def test_a_suspended_account_is_told_why_where_it_signs_in(world: World, visit: Visit) -> None:
    email = f"gone-{world.tag}@example.org"
    member = (await accounts.add(world.db, email, "Gone", password="a few quiet words"))["id"]
    await accounts.suspend(world.db, world.admin, member, "Spam")
    guest = await visit(None)
    answer = await guest.post("/sign-in", {"email": email, "password": "a few quiet words"})
    assert answer.status_code == 403
    assert "Your account is suspended. Reason: Spam. You can appeal" in answer.text
    # Who does not know the password learns nothing.
    answer = await guest.post("/sign-in", {"email": email, "password": "not that one at all"})
    assert "suspended" not in answer.text


async def test_a_first_post_waits_on_a_page_of_its_own(world: World, visit: Visit) -> None:
    lead, mod, ben, ana = [await visit(who) for who in (world.lead, world.mod, world.ben, world.ana)]
    thread = await world.thread()
    pace = f"/networks/{world.network}/pace"
    assert (await lead.post(pace, {"act": "newcomers", "approves_first": "2"})).status_code == 303
    posted = await ben.post(f"/threads/{thread}/posts", {"body": "Hello to *all*"})
    at = posted.headers["location"]
    assert at.startswith("/submissions/")
    page = (await ben.get(at)).text
    assert "Yours is waiting." in page
    assert "<em>all</em>" in page
    assert "Hello to *all*" in (await mod.get(f"/networks/{world.network}/submissions")).text
    assert (await ana.get(at)).status_code == 404
    refused = await mod.post(at, {"state": "declined", "reason": "", "note": "Which one?"})
    assert (refused.status_code, "Please choose a reason first." in refused.text) == (422, True)
    assert "Which one?</textarea>" in refused.text
    assert set(re.findall(r'name="reason" value="[^"]+"([^>]*)>', refused.text)) == {" required"}
    assert (await mod.post(at, {"state": "declined", "reason": "Off topic"})).status_code == 303
    page = (await ben.get(at)).text
    assert "Reason: Off topic." in page
    assert "Hello" not in page
    said = await ben.script(f"/networks/{world.network}/messages", {"body": "Hello"})
    assert said.status_code == 202
    assert "Yours is waiting." in said.text
    queue = (await mod.get(f"/networks/{world.network}/submissions")).text
    number = queue.split('id="submission-', 1)[1].split('"', 1)[0]
    approved = await mod.post(f"/submissions/{number}", {"state": "approved"})
    assert approved.headers["location"].startswith("/messages/")
    assert "Hello" in (await ana.get(f"/networks/{world.network}/room")).text


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("pace", {"act": "slow", "slow_s": "30"}),
        ("pace", {"act": "newcomers", "approves_first": "2"}),
        ("removals", {"reasons": "Off the subject", "keeps_removed_days": "30"}),
    ],
)
async def test_what_a_lead_settles_is_said_to_be_saved(
    world: World, visit: Visit, path: str, fields: dict[str, str]
) -> None:
    lead = await visit(world.lead)
    page = f"/networks/{world.network}/{path}"
    assert "Saved." not in (await lead.get(page)).text
    done = await lead.post(page, fields)
    assert (await lead.get(done.headers["location"])).text.count("Saved.") == 1


async def test_slow_mode_says_so_and_keeps_the_text(world: World, visit: Visit) -> None:
    mod, ben = await visit(world.mod), await visit(world.ben)
    pace, messages = f"/networks/{world.network}/pace", f"/networks/{world.network}/messages"
    assert (await mod.post(pace, {"act": "slow", "slow_s": "30"})).status_code == 303
    assert "data-slow-s>30" in (await ben.get(f"/networks/{world.network}/room")).text
    await ben.post(messages, {"body": "One"})
    refused = await ben.post(messages, {"body": "My text is safe"})
    assert refused.status_code == 429
    assert 28 <= int(refused.headers["retry-after"]) <= 30
    assert "My text is safe" in refused.text
    assert (await mod.post(pace, {"act": "slow", "slow_s": "9999"})).status_code == 422
    assert (await mod.post(pace, {"act": "newcomers", "approves_first": "1"})).status_code == 403


async def test_a_block_is_on_my_page_alone(world: World, visit: Visit) -> None:
    ana, ben, thread = await visit(world.ana), await visit(world.ben), await world.thread()
    assert "Write to" in (await ana.get(f"/members/{world.ben.member}")).text
    assert (await ana.post(f"/members/{world.ben.member}/block")).status_code == 303
    assert "Write to" not in (await ana.get(f"/members/{world.ben.member}")).text
    assert f'data-blocks="{world.ben.member}"' in (await ana.get(f"/threads/{thread}?order=time")).text
    assert world.names[world.ben.member] in (await ana.get("/settings/moderation")).text
    assert "data-blocks" not in (await ben.get(f"/threads/{thread}?order=time")).text
    assert world.names[world.ana.member] not in (await ben.get("/settings/moderation")).text.partition("People whom")[2]
    assert (await ana.post(f"/members/{world.ben.member}/unblock")).status_code == 303
    assert "data-blocks" not in (await ana.get(f"/threads/{thread}?order=time")).text


async def test_what_was_done_to_me_names_moderators_only_where_the_network_does(world: World, visit: Visit) -> None:
    ben = await visit(world.ben)
    await sanctions.impose(world.db, world.mod, world.network, world.ben.member, "warning", until=None, reason="Rude")
    assert world.names[world.mod.member] not in (await ben.get("/settings/moderation")).text
    await world.db.pool.execute("UPDATE networks SET names_moderators = true WHERE slug = $1", world.network)
    assert world.names[world.mod.member] in (await ben.get("/settings/moderation")).text
