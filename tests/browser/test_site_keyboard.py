"""The site with the keyboard alone: wherever an act leads, the focus is seen, and goes on from there."""

import re

import pytest
from playwright.async_api import Browser, Locator, Page, Route, expect

from forum import members, posts, rooms
from tests.browser.reaching import tab_to
from tests.browser.windows import Windows
from tests.people import PASSWORD, World
from tests.running import RunningSite

pytestmark = pytest.mark.browser


async def _back_to(page: Page, target: Locator) -> None:
    await tab_to(page, target, key="Shift+Tab")


async def _press(page: Page, *keys: str) -> None:
    for key in keys:
        await page.keyboard.press(key)


async def test_who_mistypes_their_password_hears_so_where_the_focus_is(
    site: RunningSite, chromium: Browser, world: World
) -> None:
    email = f"new-{world.tag}@example.org"
    await members.add(world.db, email, "Nora New", password=PASSWORD)
    page = await chromium.new_page(base_url=site.url)
    await page.goto("/sign-in")
    await tab_to(page, page.get_by_label("E-mail address"))
    await page.keyboard.type(email)
    await page.keyboard.press("Tab")
    await page.keyboard.type("not the password")
    await page.keyboard.press("Enter")
    password = page.get_by_label("Password")
    await expect(password).to_have_accessible_description("That address and password do not belong together.")
    await expect(password).to_be_focused()
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/$"))
    await page.context.close()


async def test_a_room_is_answered_in_and_changed_without_losing_the_focus(window: Windows, world: World) -> None:
    asked = await rooms.say(world.db, world.ben, world.network, "Who is in on Friday?")
    page = await window(world.ana, f"/networks/{world.network}/room")
    area = page.locator(".dock textarea")
    await expect(area).to_be_focused()
    reply = page.locator(f"#message-{asked['id']} [data-act=reply]")
    await _back_to(page, reply)
    await _press(page, "Enter")
    await expect(area).to_be_focused()
    await _back_to(page, page.locator(".dock [data-act=close]"))
    await _press(page, "Enter")
    await expect(page.locator(".dock .to")).to_be_hidden()
    await expect(area).to_be_focused()
    await page.keyboard.type("I am")
    await _press(page, "Enter")
    mine = page.locator(".msg[id]", has_text="I am")
    await expect(mine).to_have_count(1)
    await expect(area).to_be_focused()
    await _press(page, "ArrowUp")
    await expect(area).to_have_value("I am")
    await page.keyboard.type(", all day")
    await _press(page, "Enter")
    await expect(mine).to_contain_text("I am, all day")
    await expect(area).to_be_focused()
    await _back_to(page, mine.locator("forum-menu > a"))
    await _press(page, "Enter")
    await tab_to(page, mine.locator(".pop a[href$='/withdraw']"))
    await _press(page, "Enter")
    await tab_to(page, page.locator("dialog .btn.bad"))
    await _press(page, "Enter")
    gap = page.locator(".msg[data-gap=withdrawn]")
    await expect(gap).to_be_focused()
    await tab_to(page, page.get_by_role("button", name="Undo"))
    await _press(page, "Enter")
    await expect(mine).to_be_focused()


async def test_what_is_tried_again_leaves_the_focus_where_the_next_message_is_written(
    window: Windows, world: World
) -> None:
    page = await window(world.ana, f"/networks/{world.network}/room")
    area = page.locator(".dock textarea")

    async def refuse(route: Route) -> None:
        await route.fulfill(status=403)

    await page.route("**/messages", refuse)
    await page.keyboard.type("Good morning")
    await _press(page, "Enter")
    again = page.get_by_role("button", name="Try again")
    await _back_to(page, again)
    await page.unroute("**/messages", refuse)
    await _press(page, "Enter")
    await expect(page.locator(".msg[id]")).to_contain_text("Good morning")
    await expect(area).to_be_focused()


async def test_a_post_is_removed_with_a_reason_and_restored(window: Windows, world: World) -> None:
    thread = await world.thread()
    reply = await posts.reply(world.db, world.ben, thread, "Bed 12")
    page = await window(world.mod, f"/threads/{thread}")
    post, dialog = page.locator(f"#post-{reply['id']}"), page.locator("dialog")
    menu = post.locator("forum-menu > a")
    await _press(page, "j", "j")
    await expect(post.locator("h3")).to_be_focused()
    await tab_to(page, menu)
    await _press(page, "Enter")
    await tab_to(page, post.locator(".pop a[href$='/remove']"))
    await _press(page, "Enter")
    await expect(dialog.get_by_role("button", name="Leave it")).to_be_focused()
    await tab_to(page, dialog.locator(".btn.bad"))
    await _press(page, "Enter")
    reason = dialog.get_by_role("radio", name="Private information")
    await expect(reason).to_be_focused()
    await _press(page, "Space")
    await tab_to(page, dialog.locator(".btn.bad"))
    await _press(page, "Enter")
    await expect(post).not_to_contain_text("Bed 12")
    await expect(page.locator(f"#post-{reply['id']}:focus, #post-{reply['id']} :focus")).to_be_visible()
    await tab_to(page, menu)
    await _press(page, "Enter")
    await tab_to(page, post.get_by_role("button", name="Restore"))
    await _press(page, "Enter")
    await expect(post).to_contain_text("Bed 12")
    await expect(post).to_be_focused()


async def test_escape_leads_from_the_composer_back_to_where_one_came_from(window: Windows, world: World) -> None:
    thread = await world.thread()
    reply = await posts.reply(world.db, world.ben, thread, "A reply")
    page = await window(world.ana, f"/threads/{thread}")
    heading = page.locator(f"#by-{reply['id']}")
    await _press(page, "j", "j")
    await expect(heading).to_be_focused()
    await _press(page, "R")
    await expect(page.locator(".dock textarea")).to_be_focused()
    await page.keyboard.type("Half an answer")
    await _press(page, "Escape")
    await expect(heading).to_be_focused()
    await expect(page.locator(".dock textarea")).to_have_value("Half an answer")
