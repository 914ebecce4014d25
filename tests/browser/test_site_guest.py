"""A guest of a public network: what is offered does something, also what comes while they read."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from forum import members, posts
from forum.db import Database
from tests.people import World, make_world
from tests.running import RunningSite

pytestmark = pytest.mark.browser


@pytest_asyncio.fixture
async def world(db: Database) -> World:
    return await make_world(db, visibility="public")


@pytest_asyncio.fixture
async def reading(site: RunningSite, chromium: Browser, world: World) -> AsyncIterator[tuple[Page, int]]:
    """A thread with a reply by ben, as a guest reads it."""
    thread = await world.thread()
    await posts.reply(world.db, world.ben, thread, "The first reply")
    context = await site.window(chromium, world.db, None)
    page = await context.new_page()
    await page.goto(f"/threads/{thread}")
    await expect(page.locator("ol.tree")).to_contain_text("The first reply")
    yield page, thread
    await context.close()


async def test_the_list_of_keys_names_only_those_that_do_something(reading: tuple[Page, int]) -> None:
    page, _ = reading
    keys = page.get_by_role("dialog", name="Keys")
    await expect(page.locator("forum-thread:defined")).to_have_count(1)
    await page.keyboard.press("?")
    await expect(keys).to_contain_text("as a tree, or by time")
    for nothing in ("notifications", "reports", "unread", "reply", "quote", "new thread"):
        await expect(keys).not_to_contain_text(nothing)
    await page.keyboard.press("Escape")
    await page.keyboard.press("g")
    await page.keyboard.press("n")
    await page.keyboard.press("/")
    await page.wait_for_url("**/search")


async def test_what_comes_live_leads_to_no_profile(reading: tuple[Page, int], world: World) -> None:
    page, thread = reading
    said = f"A second reply, @{world.names[world.ana.member]}"
    post = (await posts.reply(world.db, world.ben, thread, said))["id"]
    fresh = page.locator(f"#post-{post}")
    await expect(fresh).to_contain_text("A second reply")
    await expect(fresh.locator("h3")).to_contain_text(world.names[world.ben.member])
    await expect(fresh.locator(".mention")).to_have_text(f"@{world.names[world.ana.member]}")
    await expect(page.locator("main a[href^='/members/']")).to_have_count(0)


async def test_who_is_suspended_is_told_so_once_and_no_page_loads_anew_for_ever(
    site: RunningSite, chromium: Browser, world: World
) -> None:
    """On a page that anyone may read: what they are told there has no socket that would be told so again."""
    page = await site.live_page(chromium, world.db, world.ben, f"/networks/{world.network}")
    loads: list[str] = []
    page.on("load", lambda loaded: loads.append(loaded.url))
    await members.suspend(world.db, world.admin, world.ben.member, "Spam")
    await expect(page.locator("main")).to_contain_text("Your account is suspended.", timeout=15_000)
    await expect(page.locator("main")).to_contain_text("Sign in to read until when and why")
    await page.goto(f"{site.url}/")
    await expect(page.locator("main")).to_contain_text("Your account is suspended.")
    await page.wait_for_load_state("networkidle")
    assert len(loads) == 2
    await page.context.close()
