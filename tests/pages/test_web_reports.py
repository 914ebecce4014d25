"""The form of a report, and the queue of who decides: without a script, and as our script asks."""

import re
from typing import Any

import pytest

from forum import decisions, holds, posts, reports, rooms
from tests.pages.conftest import Visit
from tests.pages.visitors import SCRIPT
from tests.people import World

WHY = {"reason": "Advertising", "note": "It sells something"}


async def _post(world: World, *, jointly: bool = False, body: str = "Words that somebody minds") -> int:
    thread = await world.thread(jointly=jointly)
    return int((await posts.reply(world.db, world.ana, thread, body))["id"])


async def _case(world: World, post: int, reason: str = "Advertising") -> int:
    return int((await reports.report_post(world.db, world.ben, post, reason, "Do look"))["case_id"])


async def _state(world: World, case: int) -> Any:
    return await world.db.pool.fetchrow("SELECT * FROM shown_cases WHERE id = $1", case)


async def test_a_member_reports_a_post(world: World, visit: Visit) -> None:
    post = await _post(world)
    ben = await visit(world.ben)
    menu = await ben.get(f"/posts/{post}", **SCRIPT)
    assert f"/posts/{post}/report" in menu.text
    form = await ben.get(f"/posts/{post}/report")
    assert "What is wrong with it?" in form.text
    assert re.findall(r'name="reason" value="Advertising" required>', form.text)
    assert " checked" not in form.text  # a reason that nobody chose would be told to the moderators, and put first
    sent = await ben.post(f"/posts/{post}/report", WHY)
    assert (sent.status_code, "Only moderators can see that it was you." in sent.text) == (200, True)
    assert (
        await world.db.pool.fetchval(
            "SELECT count(*) FROM reports r JOIN cases c ON c.id = r.case_id WHERE c.post_id = $1", post
        )
        == 1
    )


async def test_a_message_is_reported_by_our_script(world: World, visit: Visit) -> None:
    message = (await rooms.say(world.db, world.ana, world.network, "Buy this"))["id"]
    ben = await visit(world.ben)
    assert "Report this message" in (await ben.get(f"/messages/{message}/report")).text
    assert (await ben.script(f"/messages/{message}/report", WHY)).status_code == 204
    mod = await visit(world.mod)
    queue = await mod.get(f"/networks/{world.network}/reports")
    assert "Buy this" in queue.text
    assert "Message by" in queue.text


async def test_a_report_without_a_reason_keeps_the_note(world: World, visit: Visit) -> None:
    post = await _post(world)
    answer = await (await visit(world.ben)).post(f"/posts/{post}/report", {"reason": "", "note": "My words"})
    assert (answer.status_code, "My words" in answer.text) == (422, True)


async def test_nobody_is_offered_to_report_their_own(world: World, visit: Visit) -> None:
    post = await _post(world)
    ana = await visit(world.ana)
    assert "/report" not in (await ana.get(f"/posts/{post}", **SCRIPT)).text
    assert (await ana.get(f"/posts/{post}/report")).status_code == 409


async def test_the_queue_shows_the_most_urgent_case_beside_it(world: World, visit: Visit) -> None:
    plain, urgent = await _post(world, body="Plain words"), await _post(world, body="Private words")
    await _case(world, plain)
    case = await _case(world, urgent, "Private information")
    for path in ("/reports", f"/networks/{world.network}/reports"):
        page = (await (await visit(world.mod)).get(path)).text
        assert page.index("Private words") < page.index("Plain words")
        assert f'data-case="{case}" data-version' in page
        assert f'data-name="{world.ben.member}"' in page, "who said it, for moderators"
    assert 'value="Private information" checked' in page


async def test_an_empty_queue_thanks(world: World, visit: Visit) -> None:
    page = await (await visit(world.mod)).get(f"/networks/{world.network}/reports")
    assert f"No open reports. Thank you for looking after Network {world.network}." in page.text


async def test_only_its_moderators_have_a_queue(world: World, visit: Visit) -> None:
    case = await _case(world, await _post(world))
    paths = (f"/networks/{world.network}/reports", f"/networks/{world.network}/reports/{case}", f"/reports/{case}")
    for path in paths:
        assert (await (await visit(world.mod)).get(path)).status_code in {200, 303}
        for who in (world.ben, world.ana, world.max, world.eve, world.admin):
            assert (await (await visit(who)).get(path)).status_code == 404, (path, who)
    elsewhere = await (await visit(world.max)).get(f"/networks/{world.other}/reports/{case}")
    assert elsewhere.status_code == 404


@pytest.mark.parametrize(
    ("change", "status"), [({"version": 99}, 409), ({"reason": ""}, 422), ({"reason": "a\0b"}, 422)]
)
async def test_a_decision_that_cannot_be_taken_keeps_its_note(
    world: World, visit: Visit, change: dict[str, str | int], status: int
) -> None:
    case = await _case(world, await _post(world))
    sent = {"act": "remove", "reason": "Advertising", "version": 1, "note": "Why <it> goes", **change}
    answer = await (await visit(world.mod)).post(f"/reports/{case}/decision", sent)
    assert answer.status_code == status
    assert "Why &lt;it&gt; goes</textarea>" in answer.text


@pytest.mark.parametrize(("act", "outcome"), [("remove", "removed"), ("leave", "left")])
async def test_a_decision_leads_to_what_waits_next(world: World, visit: Visit, act: str, outcome: str) -> None:
    case = await _case(world, await _post(world))
    mod = await visit(world.mod)
    answer = await mod.post(f"/reports/{case}/decision", {"act": act, "reason": "Advertising", "version": 1})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/networks/{world.network}/reports")
    assert (await _state(world, case))["outcome"] == outcome
    page = (await mod.get(f"/networks/{world.network}/reports/{case}")).text
    assert "Words that somebody minds" in page if act == "leave" else "Words that somebody minds" not in page
    assert (await mod.post(f"/reports/{case}/reopen")).status_code == 303
    assert (await _state(world, case))["outcome"] is None


async def test_what_would_be_deleted_for_good_is_asked_about_first(world: World, visit: Visit) -> None:
    post = await _post(world)
    case, mod = await _case(world, post), await visit(world.mod)
    sent = {"act": "remove", "reason": "Advertising", "version": "1", "purge": "yes"}
    asked = await mod.post(f"/reports/{case}/decision", sent)
    assert (await _state(world, case))["outcome"] is None
    form = (await mod.get(asked.headers["location"])).text
    assert 'name="purge" value="yes"' in form
    assert "checked><span>It must not be kept" in form
    await mod.post(f"/reports/{case}/decision", {**sent, "sure": "yes"})
    row = await _state(world, case)
    assert (row["outcome"], row["state"]) == ("removed", "purged")


async def test_who_comes_second_is_told_who_was_first(world: World, visit: Visit) -> None:
    case = await _case(world, await _post(world))
    await decisions.decide(world.db, world.lead, case, "remove", reason="Advertising")
    mod = await visit(world.mod)
    answer = await mod.script(f"/reports/{case}/decision", {"act": "leave", "version": 1})
    assert answer.status_code == 409
    assert answer.json()["detail"].startswith(f"{world.names[world.lead.member]} removed this at ")
    fresh = (await mod.get(f"/networks/{world.network}/reports/{case}", **SCRIPT)).text
    assert "removed this at" in fresh
    assert "data-decision" not in fresh


async def test_an_edit_shows_both_versions_and_asks_again(world: World, visit: Visit) -> None:
    post = await _post(world)
    case = await _case(world, post)
    await posts.edit(world.db, world.ana, post, "Milder words")
    mod = await visit(world.mod)
    answer = await mod.script(f"/reports/{case}/decision", {"act": "remove", "reason": "Advertising", "version": 1})
    assert answer.status_code == 409
    page = (await mod.get(f"/networks/{world.network}/reports/{case}", **SCRIPT)).text
    assert "Words that somebody minds" in page
    assert "Milder words" in page
    assert 'name="version" value="2"' in page


async def test_the_other_side_holds_and_does_not_remove(world: World, visit: Visit) -> None:
    post = await _post(world, jointly=True)
    case = await _case(world, post)
    other = await visit(world.max)
    page = (await other.get(f"/networks/{world.other}/reports/{case}")).text
    assert 'value="hold"' in page
    assert 'value="remove"' not in page
    refused = await other.script(f"/reports/{case}/decision", {"act": "remove", "reason": "Advertising", "version": 1})
    assert refused.status_code == 403
    held = await other.post(f"/reports/{case}/decision", {"act": "hold", "reason": "Advertising", "version": 1})
    assert held.status_code == 303
    assert "Words that somebody minds" not in (await other.get(f"/networks/{world.other}/reports/{case}")).text
    ours = (await (await visit(world.mod)).get(f"/networks/{world.network}/reports/{case}")).text
    assert "Words that somebody minds" in ours
    assert "Held until" in ours


async def test_a_held_post_waits_without_a_report(world: World, visit: Visit) -> None:
    post = await _post(world, jointly=True)
    await holds.hold_post(world.db, world.max, post, "Off the subject")
    page = (await (await visit(world.mod)).get(f"/networks/{world.network}/reports")).text
    assert "What members said" not in page
    assert 'value="Off the subject" checked' in page


async def test_who_is_concerned_has_no_buttons_and_no_names(world: World, visit: Visit) -> None:
    thread = await world.thread()
    post = (await posts.reply(world.db, world.mod, thread, "A moderator's own words"))["id"]
    case = await _case(world, post)
    page = (await (await visit(world.mod)).get(f"/networks/{world.network}/reports/{case}", **SCRIPT)).text
    assert "Somebody else decides about this one." in page
    assert f'data-name="{world.ben.member}"' not in page
    assert "Do look" not in page


async def test_a_case_is_taken_and_noted(world: World, visit: Visit) -> None:
    case = await _case(world, await _post(world))
    mod = await visit(world.mod)
    taken = await mod.script(f"/reports/{case}/taken", {"taken": "yes"})
    assert (taken.status_code, "takes it" in taken.text) == (200, True)
    assert (await mod.post(f"/reports/{case}/notes", {"body": "I know them"})).status_code == 303
    page = (await (await visit(world.lead)).get(f"/networks/{world.network}/reports/{case}")).text
    assert "I know them" in page
    assert "looks after this report" in page


async def test_the_queue_goes_on(world: World, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "PAGE", 2)
    bodies = ["First words", "Second words", "Third words"]
    for body in bodies:
        await _case(world, await _post(world, body=body))
    mod = await visit(world.mod)
    first = (await mod.get(f"/networks/{world.network}/reports")).text
    assert ("Second words" in first, "Third words" in first) == (True, False)
    more = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    second = (await mod.get(more)).text
    assert ("Second words" in second, "Third words" in second) == (False, True)
