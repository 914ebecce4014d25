"""A direct conversation on the real site, in two windows; and the administrator's, who sees what was reported."""

import re

import pytest
from playwright.async_api import Browser, Page, expect

from forum import conversations, rooms
from tests.people import World
from tests.running import RunningSite

pytestmark = pytest.mark.browser


async def _write(page: Page, words: str) -> None:
    await page.locator("form.composer textarea").fill(words)
    await page.locator("form.composer textarea").press("Enter")


async def test_two_write_and_an_administrator_removes_what_was_reported(
    site: RunningSite, chromium: Browser, world: World
) -> None:
    ana = await site.live_page(chromium, world.db, world.ana, f"/members/{world.ben.member}")
    await ana.get_by_role("button", name="Write to Ben").click()
    await expect(ana).to_have_url(re.compile(r"/conversations/\d+$"))
    await expect(ana.locator("[data-connection]").first).to_have_text("Live", timeout=15_000)
    ben = await site.live_page(chromium, world.db, world.ben, "/conversations")
    await expect(ben.locator("[data-empty]")).to_be_visible()
    await _write(ana, "Good morning, Ben")
    await expect(ben.locator(".rail [data-unread-of=conversations]")).to_have_text(re.compile("^1"))
    await ben.get_by_role("button", name="1 new").click()
    await ben.locator("li[id^=conversation-] a.go").click()
    await expect(ben.locator("[data-connection]").first).to_have_text("Live", timeout=15_000)
    await expect(ben.locator(".msg .prose")).to_have_text("Good morning, Ben")
    await expect(ben.locator(".rail [data-unread-of=conversations]")).to_be_hidden()

    await _write(ben, "Good morning to you")
    await expect(ana.locator(".msg[data-number='2'] .prose")).to_have_text("Good morning to you")
    await _write(ana, "Words that hurt")
    hurtful = ben.locator(".msg[data-number='3']")
    await expect(hurtful.locator(".prose")).to_have_text("Words that hurt")

    admin = await site.live_page(chromium, world.db, world.admin, "/reports")
    await hurtful.hover()
    await hurtful.locator("forum-menu > a").click()
    await hurtful.get_by_role("link", name="Report…").click()
    report = ben.get_by_role("dialog")
    await report.get_by_label("Unkind or insulting").check()
    await report.get_by_role("button", name="Send the report").click()
    case = admin.locator(".cases .rep", has_text="Words that hurt")
    await expect(case).to_be_visible()
    await case.locator("h2 a").click()
    opened = admin.locator(".case", has_text="Words that hurt")
    await expect(opened).to_be_visible()
    await expect(admin.locator("body")).not_to_contain_text("Good morning")
    await opened.get_by_role("button", name="Remove the message").click()
    for page in (ana, ben):
        await expect(page.locator(".msg[data-number='3']")).to_contain_text("Removed by a moderator")
        await expect(page.locator("body")).not_to_contain_text("Words that hurt")
    await expect(admin.locator(".cases .rep", has_text="Words that hurt")).to_have_count(0)
    for page in (ana, ben, admin):
        await page.context.close()


async def test_the_list_changes_in_place_and_a_gap_empties_its_row(
    site: RunningSite, chromium: Browser, world: World
) -> None:
    first = (await conversations.open(world.db, world.ana, world.ben.member)).room_id
    second = (await conversations.open(world.db, world.obs, world.ben.member)).room_id
    await conversations.say(world.db, world.obs, second, "From the observer")
    await conversations.say(world.db, world.ana, first, "From Ana")
    ben = await site.live_page(chromium, world.db, world.ben, "/conversations")
    rows = ben.locator("li[id^=conversation-]")
    await expect(rows.first).to_contain_text("From Ana")
    message = await conversations.say(world.db, world.obs, second, "Once more")
    await expect(rows.nth(1)).to_contain_text("Once more")
    await ben.get_by_role("button", name="1 new").click()
    await expect(rows.first).to_contain_text("Once more")
    await rooms.withdraw(world.db, world.obs, message["id"])
    await expect(rows.first).to_contain_text("The message has been withdrawn.")
    await expect(ben.locator("body")).not_to_contain_text("Once more")
    await ben.context.close()
