"""Beginning a thread on the real site: what is like it already, and what a message in a room began."""

import re

import pytest
from playwright.async_api import Browser, expect

from forum import removal, rooms, threads
from tests.people import World
from tests.running import RunningSite

pytestmark = pytest.mark.browser

LIKE = "Portal identity checks: what did you accept?"


async def test_threads_like_the_title_are_named_while_it_is_written(
    site: RunningSite, chromium: Browser, world: World
) -> None:
    thread = await world.thread(title=f"{LIKE} {world.tag}")
    elsewhere = await threads.start(world.db, world.max, world.other, f"{LIKE} {world.tag} too", "Words")
    ben = await site.live_page(chromium, world.db, world.ben, f"/networks/{world.network}/threads/new")
    like = ben.locator("forum-similar")
    await expect(like).not_to_be_visible()
    await ben.get_by_label("Title").press_sequentially(f"identity checks portal {world.tag}")
    await expect(like.get_by_role("link", name=LIKE)).to_have_count(1)
    await expect(like.get_by_role("link")).to_have_attribute("href", f"/threads/{thread}")
    await expect(like).not_to_contain_text("too")
    await expect(ben.locator("#polite")).to_have_text("1 thread like this.")
    ana = await site.live_page(chromium, world.db, world.ana, f"/networks/{world.network}/threads/new")
    await ana.get_by_label("Title").fill(f"Portal identity checks {world.tag}")
    await expect(ana.locator(f"forum-similar a[href='/threads/{elsewhere.thread['id']}']")).to_have_count(1)
    await ben.get_by_label("Title").fill("Something else altogether")
    await expect(like).not_to_be_visible()
    for page in (ben, ana):
        await page.context.close()


async def test_a_removed_title_leaves_the_list(site: RunningSite, chromium: Browser, world: World) -> None:
    thread = await world.thread(title=f"{LIKE} {world.tag}")
    ben = await site.live_page(chromium, world.db, world.ben, f"/networks/{world.network}/threads/new")
    await ben.get_by_label("Title").fill(f"Portal identity checks {world.tag}")
    await expect(ben.locator("forum-similar")).to_contain_text(LIKE)
    await threads.remove_title(world.db, world.mod, thread, "Private information", "")
    await expect(ben.locator("forum-similar")).not_to_contain_text(LIKE)
    await ben.context.close()


async def test_a_thread_begins_from_a_message(site: RunningSite, chromium: Browser, world: World) -> None:
    message = (await rooms.say(world.db, world.ben, world.network, "The clause is two years of history"))["id"]
    ana = await site.live_page(chromium, world.db, world.ana, f"/networks/{world.network}/room")
    await ana.locator(f"#message-{message}").hover()
    await ana.locator(f"#message-{message} forum-menu > a").click()
    await ana.get_by_role("link", name="Start a thread from here").click()
    await expect(ana).to_have_url(f"{site.url}/networks/{world.network}/threads/new?message={message}")
    await expect(ana.locator(".begun")).to_contain_text("The clause is two years of history")
    await expect(ana.locator("[data-connection]")).to_have_text("Live", timeout=15_000)
    await ana.get_by_label("Title").fill("How long does a supplier keep our history?")
    body = ana.get_by_label("Text")
    assert (await body.input_value()).startswith(f"[From the room](/messages/{message})")
    await body.press("Control+End")
    await body.type("What does yours say?")
    await removal.remove_message(world.db, world.mod, message, "Private information")
    await expect(ana.locator(".begun")).not_to_contain_text("two years")
    await expect(ana.locator(".begun")).to_contain_text("The message has been removed.")
    await ana.get_by_role("button", name="Post the thread").click()
    await ana.wait_for_url(re.compile(r"/threads/\d+"))
    await expect(ana.locator(f".opening a[href='/messages/{message}']")).to_have_text("From the room")
    await expect(ana.locator(".opening")).to_contain_text("What does yours say?")
    await expect(ana.locator("main")).not_to_contain_text("two years")
    await ana.context.close()


async def test_what_was_written_from_a_message_is_kept(site: RunningSite, chromium: Browser, world: World) -> None:
    message = (await rooms.say(world.db, world.ben, world.network, "Worth keeping"))["id"]
    ana = await site.live_page(
        chromium, world.db, world.ana, f"/networks/{world.network}/threads/new?message={message}"
    )
    await ana.get_by_label("Text").press("Control+End")
    await ana.get_by_label("Text").type("Half of a thought")
    await expect(ana.locator("[data-kept]")).to_be_visible()
    await ana.reload()
    await expect(ana.get_by_label("Text")).to_have_value(f"[From the room](/messages/{message})\n\nHalf of a thought")
    await ana.context.close()


async def test_a_draft_of_a_thread_has_its_title_and_its_holders(
    site: RunningSite, chromium: Browser, world: World
) -> None:
    ana = await site.live_page(chromium, world.db, world.ana, f"/networks/{world.network}/threads/new")
    title, text, held = (
        ana.get_by_label("Title"),
        ana.get_by_label("Text"),
        ana.locator(f"[name=with][value={world.other}]"),
    )
    await title.fill("Half of a title")
    await text.fill("Half of a text")
    await held.check()
    await expect(ana.locator("[data-kept]")).to_be_visible()
    await ana.reload()
    await expect(text).to_have_value("Half of a text")
    await expect(title).to_have_value("Half of a title")
    await expect(held).to_be_checked()
    second = await ana.context.new_page()
    await second.goto(ana.url)
    await second.get_by_label("Title").fill("A whole title")
    await expect(title).to_have_value("A whole title")
    await second.get_by_role("button", name="Post the thread").click()
    await second.wait_for_url(re.compile(r"/threads/\d+"))
    await expect(title).to_have_value("")
    await expect(held).not_to_be_checked()
    await ana.context.close()


async def test_a_title_alone_is_kept_and_its_lack_is_said_of_it(
    site: RunningSite, chromium: Browser, world: World
) -> None:
    ana = await site.live_page(chromium, world.db, world.ana, f"/networks/{world.network}/threads/new")
    title, text = ana.get_by_label("Title"), ana.get_by_label("Text")
    await text.fill("A text")
    await ana.get_by_role("button", name="Post the thread").click()
    await expect(ana.locator("[data-problem]")).to_have_text("Please give it a title first.")
    await expect(title).to_be_focused()
    await expect(title).to_have_attribute("aria-invalid", "true")
    await expect(text).not_to_have_attribute("aria-invalid", "true")
    await title.fill("A title")
    await expect(ana.locator("[data-problem]")).not_to_be_visible()
    await text.fill("")
    await expect(ana.locator("[data-kept]")).to_be_visible()
    await ana.reload()
    await expect(title).to_have_value("A title")
    await ana.context.close()
