"""What I may do changes while pages of mine stand open: what was for who I was leaves them, and a composer says why."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from forum import memberships, posts, reports, sanctions, threads
from tests.browser.windows import Windows
from tests.people import World

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("path", ["reports", "log", "requests", "submissions", "appeals"])
async def test_pages_for_moderators_are_cleared_for_who_is_none_any_more(
    window: Windows, world: World, path: str
) -> None:
    post = (await posts.reply(world.db, world.ben, await world.thread(), "Words that were reported"))["id"]
    await reports.report_post(world.db, world.ana, post, "Advertising")
    page = await window(world.mod, f"/networks/{world.network}/{path}")
    if path == "reports":
        await expect(page.locator(".case .it")).to_contain_text("Words that were reported")
    await memberships.set_role(world.db, world.lead, world.network, world.mod.member, "member")
    await expect(page.locator("main")).to_have_text(f"You no longer moderate Network {world.network}.")
    assert "Words that were reported" not in await page.content()


async def test_home_quotes_nothing_of_a_network_that_i_have_left(window: Windows, world: World) -> None:
    thread = await world.thread(title="A title that goes")
    await posts.reply(world.db, world.ben, thread, "Words that go")
    page = await window(world.ana, "/")
    await expect(page.locator(".foryou .said")).to_contain_text("Words that go")
    await expect(page.locator("main")).to_contain_text("A title that goes")
    await memberships.remove_member(world.db, world.lead, world.network, world.ana.member)
    await expect(page.locator("body")).not_to_contain_text("Words that go")
    await expect(page.locator("body")).not_to_contain_text("A title that goes")


async def test_a_composer_opens_when_all_that_closed_it_has_ended(window: Windows, world: World) -> None:
    thread = await world.thread()
    page = await window(world.ben, f"/threads/{thread}")
    area, problem = page.locator(".dock textarea"), page.locator(".dock [data-problem]")
    await area.fill("Half an answer")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    await sanctions.impose(
        world.db, world.mod, world.network, world.ben.member, "mute", until=tomorrow, reason="Unkind or insulting"
    )
    await expect(problem).to_contain_text("has muted you")
    await threads.retitle(world.db, world.ana, thread, "Another title")
    await expect(page.locator("h1")).to_have_text("Another title")
    await expect(area).not_to_be_editable()
    await threads.lock(world.db, world.mod, thread, locked=True)
    await sanctions.lift(world.db, world.mod, world.network, world.ben.member, "mute")
    await expect(problem).to_contain_text("Locked by a moderator")
    await threads.lock(world.db, world.mod, thread, locked=False)
    await expect(area).to_be_editable()
    await expect(area).to_have_value("Half an answer")


async def test_a_thread_that_was_locked_can_be_answered_once_it_is_open(window: Windows, world: World) -> None:
    thread = await world.thread()
    await threads.lock(world.db, world.mod, thread, locked=True)
    page = await window(world.ben, f"/threads/{thread}")
    await expect(page.locator(".dock")).to_contain_text("Locked by a moderator")
    await threads.lock(world.db, world.mod, thread, locked=False)
    await expect(page.locator(".dock textarea")).to_be_editable()


async def test_an_observer_is_not_told_to_join(window: Windows, world: World) -> None:
    for path in (f"/threads/{await world.thread()}", f"/networks/{world.network}/room"):
        page = await window(world.obs, path)
        await expect(page.locator(".dock")).to_contain_text("You are an observer in Network")


async def test_who_asked_to_join_sees_that_they_are_in(window: Windows, world: World) -> None:
    asked = await memberships.ask(world.db, world.eve, world.network, "May I?")
    page = await window(world.eve, f"/networks/{world.network}")
    await expect(page.locator("main")).to_contain_text("You asked on")
    await memberships.decide(world.db, world.lead, world.network, asked, approve=True)
    await expect(page.get_by_role("link", name="New thread")).to_be_visible()
    await expect(page.locator("main")).not_to_contain_text("You asked on")


async def test_tabs_and_menus_of_open_pages_are_those_of_the_role_that_i_have_now(
    window: Windows, world: World
) -> None:
    thread = await world.thread()
    browser = await window.browser(world.ben)
    people = await window.tab(browser, f"/networks/{world.network}/people")
    talk = await window.tab(browser, f"/threads/{thread}")
    room = await window.tab(browser, f"/networks/{world.network}/room")
    field, area = people.get_by_role("searchbox"), talk.locator(".dock textarea")
    await area.fill("Half an answer")
    await field.fill("Half a name")
    tabs, menu = people.locator("nav.tabs"), people.locator(".head details.menu")
    await menu.locator("summary").click()
    for role in ("moderator", "member"):
        moderates = int(role == "moderator")
        await field.focus()
        await memberships.set_role(world.db, world.lead, world.network, world.ben.member, role)
        await expect(tabs.get_by_role("link", name="Log")).to_have_count(moderates)
        await expect(menu.get_by_role("link", name="Requests to join")).to_have_count(moderates)
        await expect(menu).to_have_attribute("open", "")
        await expect(people.locator("[data-rail] a[href='/reports']")).to_have_count(moderates)
        await expect(field).to_be_focused()
        await expect(field).to_have_value("Half a name")
        await expect(talk.locator(".head a[href$='/edit']")).to_have_count(moderates)
        await expect(room.locator(".head a[href$='/pace']")).to_have_count(moderates)
        await talk.locator(".opening forum-menu > a").click()
        await expect(talk.locator(".opening .pop a[href$='/report']")).to_have_count(1)
        await expect(talk.locator(".opening .pop a[href$='/remove']")).to_have_count(moderates)
        await talk.keyboard.press("Escape")
        await expect(area).to_have_value("Half an answer")


async def test_a_role_that_changes_leaves_the_focus_where_it_was(window: Windows, world: World) -> None:
    page = await window(world.ben, f"/networks/{world.network}")
    for control in (page.locator("nav.tabs a", has_text="People"), page.locator(".head summary")):
        for role in ("moderator", "member"):
            await control.focus()
            await memberships.set_role(world.db, world.lead, world.network, world.ben.member, role)
            await expect(page.locator("nav.tabs a", has_text="Log")).to_have_count(int(role == "moderator"))
            await expect(control).to_be_focused()


async def test_the_key_to_reports_is_there_for_who_moderates_now(window: Windows, world: World) -> None:
    page = await window(world.ben, "/")
    await memberships.set_role(world.db, world.lead, world.network, world.ben.member, "moderator")
    await expect(page.locator("[data-rail] a[href='/reports']")).to_have_count(1)
    await page.keyboard.press("g")
    await page.keyboard.press("r")
    await expect(page).to_have_url(re.compile("/reports$"))
