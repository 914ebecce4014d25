"""The queue in a real browser: two moderators at once, by keyboard alone, at both widths, and what comes live."""

import asyncio
import os
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser, Page, Route, expect

from forum import decisions, posts, reports, rooms
from forum.standing import Caller
from tests.people import World
from tests.running import RunningSite

pytestmark = pytest.mark.browser

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


class Queue:
    """One moderator's window on the queue of the network."""

    def __init__(self, page: Page, world: World) -> None:
        self.page = page
        self.at = f"/networks/{world.network}/reports"
        self.rows = page.locator(".cases > .rep")
        self.heading = page.locator(".case h2")
        self.words = page.locator(".case .it")
        self.remove = page.get_by_role("button", name="Remove the post")
        self.leave = page.get_by_role("button", name="Leave it")

    async def open(self) -> "Queue":
        await self.page.goto(self.at)
        await self._live()
        return self

    async def _live(self) -> None:
        if (self.page.viewport_size or DESKTOP)["width"] > 768:
            await expect(self.page.locator("[data-connection]").first).to_have_text("Live", timeout=15_000)
        else:
            await expect(self.page.locator("[data-connection]").first).to_have_text("Live", timeout=15_000)

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def axe(self) -> None:
        found = await Axe().run(self.page)
        grave = [each for each in found.response["violations"] if each["impact"] in {"serious", "critical"}]
        assert not grave, [(each["id"], [node["html"] for node in each["nodes"]]) for each in grave]


async def _queue(
    site: RunningSite, chromium: Browser, world: World, who: Caller, viewport: dict[str, int] = DESKTOP
) -> Queue:
    context = await site.window(chromium, world.db, who, viewport=viewport)
    return await Queue(await context.new_page(), world).open()


async def _case(world: World, body: str, reason: str = "Advertising", *, jointly: bool = False) -> int:
    thread = await world.thread(title=f"About {body.lower()}", jointly=jointly)
    post = await posts.reply(world.db, world.ana, thread, body)
    return int((await reports.report_post(world.db, world.ben, post["id"], reason, "Please look"))["case_id"])


async def _outcomes(world: World) -> list[tuple[Any, ...]]:
    rows = await world.db.pool.fetch(
        "SELECT outcome, decided_by FROM cases WHERE network_id = $1 ORDER BY id", await world.network_id()
    )
    return [tuple(row) for row in rows]


async def test_two_moderators_empty_one_queue(site: RunningSite, chromium: Browser, world: World) -> None:
    bodies = [f"Words number {number}" for number in range(6)]
    for body in bodies:
        await _case(world, body)
    mod = await _queue(site, chromium, world, world.mod)
    lead = await _queue(site, chromium, world, world.lead)
    await expect(mod.rows).to_have_count(6)
    await lead.rows.last.locator("a").click()
    await expect(lead.words).to_contain_text(bodies[-1])
    for left in (4, 2):
        await mod.remove.click()
        await expect(mod.page.locator("forum-toast")).to_contain_text("Post removed.")
        await lead.leave.click()
        await expect(mod.rows).to_have_count(left)
        await expect(lead.rows).to_have_count(left)
    # Both have the same two left, and both take the first one at the same moment.
    await mod.rows.first.locator("a").click()
    await lead.rows.first.locator("a").click()
    await expect(mod.words).to_contain_text(bodies[2])
    await expect(lead.words).to_contain_text(bodies[2])
    await expect(lead.page.locator("[data-looking]")).to_contain_text(
        f"{world.names[world.mod.member]} is looking at this report too.", timeout=15_000
    )
    await decisions.decide(world.db, world.mod, int(await mod.rows.first.get_attribute("data-case") or 0), "remove", reason="Advertising")  # fmt: skip  # noqa: E501
    panel = lead.page.locator("[data-decided]")
    await expect(panel).to_contain_text(f"{world.names[world.mod.member]} removed this at")
    await expect(lead.words).not_to_contain_text(bodies[2])
    await expect(lead.remove).to_have_count(0)
    await lead.rows.first.locator("a").click()
    await lead.leave.click()
    for queue in (mod, lead):
        await expect(queue.rows).to_have_count(0)
    await expect(lead.page.locator("[data-empty]")).to_contain_text("No open reports. Thank you for looking after")
    assert [outcome for outcome, _ in await _outcomes(world)] == [
        "removed", "removed", "removed", "left", "left", "left",
    ]  # fmt: skip


NEXT = """([before, wasOpen]) => new Promise((done) => {
    const look = () => {
        const shown = document.querySelector(".case");
        const id = shown?.dataset.case ?? null;
        const open = shown?.querySelector("[data-decision]") != null;
        if (!open && !document.querySelector(".cases > .rep")) done(null);
        else if (id !== null && (id !== before || (wasOpen && !open))) done([id, open]);
        else setTimeout(look, 10);
    };
    look();
})"""


async def _work(queue: Queue, key: str) -> None:
    """Decide about what is open, one after the other, until no row is left. A colleague may be quicker."""
    case: list[Any] | None = await queue.page.evaluate(NEXT, [None, False])
    while case is not None:
        # One that was decided meanwhile has no buttons left: on to the next.
        await queue.press(*((key, "Enter") if case[1] else ("j",)))
        case = await queue.page.evaluate(NEXT, case)


async def test_four_thousand_reports_in_two_windows(site: RunningSite, chromium: Browser, world: World) -> None:
    """Both begin at the head of one queue and go on until it is empty: by keyboard, without a reload.

    Ten reports a case; FORUM_TEST_CASES=400 makes it 4,000 of them.
    """
    cases = int(os.environ.get("FORUM_TEST_CASES", "60"))
    await world.reported(await world.thread(), cases, 10)
    mod = await _queue(site, chromium, world, world.mod)
    lead = await _queue(site, chromium, world, world.lead)
    await expect(mod.rows).to_have_count(min(cases, reports.PAGE))
    async with asyncio.timeout(2 * cases):
        await asyncio.gather(_work(mod, "x"), _work(lead, "o"))
    for queue in (mod, lead):
        await expect(queue.rows).to_have_count(0)
        await expect(queue.page.locator("[data-count]")).to_be_empty()
    outcomes = await _outcomes(world)
    assert set(outcomes) == {("removed", world.mod.member), ("left", world.lead.member)}
    assert len(outcomes) == cases
    decisions = await world.db.pool.fetchrow(
        "SELECT count(*), count(DISTINCT object_id) FROM moderation_log"
        " WHERE network_id = $1 AND act IN ('remove', 'leave_as_it_is')",
        await world.network_id(),
    )
    assert decisions is not None
    assert tuple(decisions) == (cases, cases)


async def test_a_long_queue_is_read_on(
    site: RunningSite, chromium: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "PAGE", 2)
    for number in range(7):
        await _case(world, f"Words number {number}")
    queue = await _queue(site, chromium, world, world.mod)
    await expect(queue.rows).to_have_count(2)
    for number in range(7):
        await expect(queue.words).to_contain_text(f"Words number {number}")
        await expect(queue.page.locator("[data-count]")).to_have_text(str(7 - number))
        await queue.press("x", "Enter")
    await expect(queue.page.locator("[data-empty]")).to_be_visible()
    assert await _outcomes(world) == [("removed", world.mod.member)] * 7


async def test_a_list_read_before_a_decision_and_come_after_it(
    site: RunningSite, chromium: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came live meanwhile is done to it: neither its rows nor their count are those of a moment ago."""
    monkeypatch.setattr(reports, "PAGE", 3)
    cases = [await _case(world, f"Words number {number}") for number in range(5)]
    queue = await _queue(site, chromium, world, world.mod)
    count = queue.page.locator("[data-count]")
    drawn, may_come = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        answer = await route.fetch()
        drawn.set()
        await may_come.wait()
        await route.fulfill(response=answer)

    await queue.page.route(f"**{queue.at}", late, times=1)
    await decisions.decide(world.db, world.lead, cases[0], "leave")
    await drawn.wait()
    await decisions.decide(world.db, world.lead, cases[1], "leave")
    await _case(world, "Words that came meanwhile")
    await expect(queue.rows).to_have_count(1)
    await expect(count).to_have_text("4")
    may_come.set()
    await expect(queue.rows).to_have_count(3)
    await expect(count).to_have_text("4")
    for left in (3, 2, 1):
        case = int(await queue.rows.first.get_attribute("data-case") or 0)
        await decisions.decide(world.db, world.lead, case, "leave")
        await expect(count).to_have_text(str(left))
    await expect(queue.rows).to_have_count(1)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_the_queue_by_keyboard_alone(
    site: RunningSite, chromium: Browser, world: World, viewport: dict[str, int]
) -> None:
    oldest = await _case(world, "The oldest words", "Off the subject")
    urgent = await _case(world, "A person's number", "Private information")
    await _case(world, "The newest words")
    message = await rooms.say(world.db, world.ana, world.network, "Buy this today")
    await reports.report_message(world.db, world.ben, message["id"], "Advertising")
    queue = await _queue(site, chromium, world, world.mod, viewport)
    page, on_phone = queue.page, viewport is PHONE
    await queue.axe()
    if on_phone:
        await expect(page.locator(".case")).to_be_hidden()
        await queue.press("j")
        await expect(queue.rows.first.locator("a")).to_be_focused()
        await queue.press("Enter")
        await page.wait_for_url(f"**/reports/{urgent}")
    await expect(queue.words).to_contain_text("A person's number")
    await expect(page.locator("[data-decision] :checked")).to_have_value("Private information")
    await queue.axe()
    await queue.press("2", "x")
    await expect(page.locator("[data-decision] [name=reason]").nth(1)).to_be_checked()
    await expect(queue.remove).to_be_focused()
    assert await _outcomes(world) == [(None, None)] * 4, "a stray key takes no words off"
    await queue.press("Enter")
    await expect(page.locator("#polite")).to_contain_text("Removed. 3 reports left.")
    await expect(queue.words).to_contain_text("The oldest words")
    await expect(queue.heading).to_be_focused()
    assert (await _outcomes(world))[1] == ("removed", world.mod.member)
    await queue.press("z")
    await expect(page.locator("#polite")).to_contain_text("Undone.")
    await expect(queue.rows).to_have_count(4)
    assert (await _outcomes(world))[1] == (None, None)
    await expect(queue.heading).to_be_focused()
    await queue.press("j")
    await expect(queue.words).to_contain_text("The newest words")
    await queue.press("k", "o")
    await expect(queue.words).to_contain_text("The oldest words")
    await queue.heading.focus()
    await queue.press("o")
    await expect(queue.leave).to_be_focused()
    await queue.press("Enter")
    await expect(page.locator("#polite")).to_contain_text("Left as it is. 3 reports left.")
    await expect(queue.words).to_contain_text("The newest words")
    await page.get_by_role("button", name="Undo").press("Enter")
    await expect(page.locator(f"#case-{oldest}") if not on_phone else queue.heading).to_be_focused()
    await queue.press("j")
    await expect(queue.words).to_contain_text("Buy this today")
    await queue.axe()
    await queue.press("x")
    await expect(page.get_by_role("button", name="Remove the message")).to_be_focused()
    await queue.heading.focus()
    await queue.press("Enter")
    await page.wait_for_url("**/room?at=*")
    await queue.press("g", "r")
    await page.wait_for_url("**/reports")
    await expect(page.locator("h1")).to_have_text("Reports")
    await queue.axe()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_what_must_not_be_kept_is_asked_about_first(
    site: RunningSite, chromium: Browser, world: World, viewport: dict[str, int]
) -> None:
    """By keyboard alone; twice Enter does nothing, and nothing is offered as a way back."""
    case = await _case(world, "A patient's number", "Private information")
    await _case(world, "The next words")
    queue = await _queue(site, chromium, world, world.mod, viewport)
    page = queue.page
    if viewport is PHONE:
        await queue.press("j", "Enter")
        await page.wait_for_url(f"**/reports/{case}")
    await expect(queue.words).to_contain_text("A patient's number")
    await queue.press("d", "x", "Enter")
    asking = page.get_by_role("dialog", name="Delete for good?")
    await expect(asking).to_contain_text("Nobody can restore them")
    await expect(asking.get_by_role("button", name="Cancel")).to_be_focused()
    await queue.axe()
    await queue.press("Enter")
    await expect(asking).to_have_count(0)
    assert (await _outcomes(world))[0] == (None, None)
    await expect(queue.remove).to_be_focused()
    await queue.press("Enter", "Shift+Tab")
    await expect(asking.get_by_role("button", name="Delete for good")).to_be_focused()
    await queue.press("Enter")
    await expect(queue.words).to_contain_text("The next words")
    await expect(queue.heading).to_be_focused()
    await expect(page.locator("forum-toast")).to_contain_text("Post removed.")
    await expect(page.locator("forum-toast button")).to_have_count(0)
    found = await world.db.pool.fetchrow(
        "SELECT p.state, (SELECT count(*) FROM sealed s WHERE s.noun = 'post' AND s.object_id = p.id) AS kept"
        " FROM posts p JOIN cases c ON c.post_id = p.id WHERE c.id = $1",
        case,
    )
    assert found is not None
    assert tuple(found) == ("purged", 0)


async def test_what_comes_live_stays_around_the_decision(site: RunningSite, chromium: Browser, world: World) -> None:
    case = await _case(world, "First words")
    queue = await _queue(site, chromium, world, world.mod)
    page = queue.page
    await page.get_by_text("Add a note to the author").click()
    await page.locator("#decision-note").fill("What I was about to say")
    await page.locator("[data-decision] [name=reason]").nth(3).check()
    post: int = await world.db.pool.fetchval("SELECT post_id FROM cases WHERE id = $1", case)
    await reports.report_post(world.db, world.obs, post, "Private information", "It names somebody")
    await expect(page.locator("[data-voices] > li")).to_have_count(2)
    await expect(queue.rows.first).to_contain_text("2 reports")
    await expect(page.locator("#decision-note")).to_have_value("What I was about to say")
    await expect(page.locator("[data-decision] [name=reason]").nth(3)).to_be_checked()
    await _case(world, "Second words")
    await expect(queue.rows).to_have_count(2)
    await expect(page.locator("[data-count]")).to_have_text("2")
    await posts.edit(world.db, world.ana, post, "Milder words")
    await expect(queue.words).to_contain_text("Milder words")
    await expect(queue.words).to_contain_text("First words")
    await expect(page.locator("[data-decision]")).to_contain_text("It has been edited since it was reported.")
    await posts.withdraw(world.db, world.ana, post)
    await expect(queue.words).not_to_contain_text("Milder words")
    await expect(page.locator("[data-decided]")).to_contain_text("withdrew this at")
    await expect(queue.rows).to_have_count(1)


async def test_no_decision_without_a_connection(site: RunningSite, chromium: Browser, world: World) -> None:
    await _case(world, "Some words")
    queue = await _queue(site, chromium, world, world.mod)
    await queue.page.context.set_offline(True)
    buttons = queue.page.locator("[data-decision] .btns button")
    await expect(buttons).to_have_text(["No connection", "No connection"])
    await buttons.first.focus()
    await queue.press("Enter")
    await queue.page.context.set_offline(False)
    await expect(queue.remove).to_be_enabled()
    assert await _outcomes(world) == [(None, None)]
    await queue.remove.click()
    await expect(queue.rows).to_have_count(0)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_after_the_last_case_the_focus_is_on_the_thanks(
    site: RunningSite, chromium: Browser, world: World, viewport: dict[str, int]
) -> None:
    case = await _case(world, "The last words")
    queue = await _queue(site, chromium, world, world.mod, viewport)
    if viewport is PHONE:
        await queue.press("j", "Enter")
        await queue.page.wait_for_url(f"**/reports/{case}")
    await expect(queue.words).to_contain_text("The last words")
    await queue.press("o")
    await expect(queue.leave).to_be_focused()
    await queue.press("Enter")
    thanks = queue.page.locator("[data-empty]")
    await expect(thanks).to_contain_text("No open reports. Thank you")
    await expect(thanks).to_be_focused()
    assert await thanks.evaluate("part => getComputedStyle(part).outlineStyle") == "solid"
    await expect(queue.page.locator("#polite")).to_contain_text("Left as it is. No open reports.")


async def test_a_report_without_a_reason_is_not_sent_and_keeps_what_was_typed(
    site: RunningSite, chromium: Browser, world: World
) -> None:
    thread = await world.thread()
    post = (await posts.reply(world.db, world.ana, thread, "Some words"))["id"]
    context = await site.window(chromium, world.db, world.ben)
    page = await context.new_page()
    await page.goto(f"/threads/{thread}?order=tree")
    await page.locator(f"#post-{post} forum-menu > a").press("Enter")
    await page.get_by_role("link", name="Report…").press("Enter")
    note, send = (
        page.get_by_label("What should the moderators know?"),
        page.get_by_role("button", name="Send the report"),
    )
    await note.fill("It is the third time")
    await send.press("Enter")
    await expect(page.locator("dialog [name=reason]").first).to_be_focused()
    # A browser that does not ask for it leaves it to the server.
    await page.locator("dialog form").evaluate("form => { form.noValidate = true; }")
    await send.press("Enter")
    await expect(page.locator("dialog [data-problem]")).to_be_visible()
    await expect(page.locator("dialog [data-problem]")).to_have_text("Please choose a reason first.")
    await expect(note).to_have_value("It is the third time")
    await page.get_by_label("Advertising").check()
    await send.press("Enter")
    await expect(page.locator("forum-toast")).to_contain_text("Thank you.")
    kept = await world.db.pool.fetchval(
        "SELECT x.body FROM reports r JOIN cases c ON c.id = r.case_id JOIN notes x ON x.id = r.note_id"
        " WHERE c.post_id = $1",
        post,
    )
    assert kept == "It is the third time"
    await context.close()


async def test_a_member_reports_in_the_thread(site: RunningSite, chromium: Browser, world: World) -> None:
    mod = await _queue(site, chromium, world, world.mod)
    await expect(mod.page.locator("[data-empty]")).to_be_visible()
    thread = await world.thread()
    await posts.reply(world.db, world.ana, thread, "Some words")
    context = await site.window(chromium, world.db, world.ben)
    page = await context.new_page()
    await page.goto(f"/threads/{thread}?order=tree")
    await page.locator("ol.tree forum-menu a").first.click()
    await page.get_by_role("link", name="Report…").click()
    await page.get_by_label("Advertising").check()
    await page.get_by_role("button", name="Send the report").click()
    await expect(page.locator("forum-toast")).to_contain_text("Only moderators can see that it was you.")
    await expect(mod.rows).to_have_count(1)
    await expect(mod.page.locator("[data-unread-of=reports]").first).to_have_text("1 open", timeout=10_000)
