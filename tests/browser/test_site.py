"""The real site in two browsers: what one writes the other sees; what one removes the other loses."""

import pytest
from playwright.async_api import Browser, Page, expect

from tests.people import World
from tests.running import RunningSite

pytestmark = pytest.mark.browser


@pytest.fixture(params=["sockets", "long poll"])
def way(request: pytest.FixtureRequest) -> str:
    """How updates come: where sockets are blocked, by long poll."""
    return str(request.param)


async def _windows(site: RunningSite, chromium: Browser, world: World, way: str) -> tuple[Page, Page]:
    pages = []
    for caller in (world.ben, world.mod):
        context = await site.window(chromium, world.db, caller)
        if way == "long poll":
            await context.route_web_socket("**/live", lambda socket: socket.close())
        pages.append(await context.new_page())
    return pages[0], pages[1]


async def test_a_reply_appears_and_a_removal_empties(
    site: RunningSite, chromium: Browser, world: World, way: str
) -> None:
    thread = await world.thread()
    ben, mod = await _windows(site, chromium, world, way)
    for page in (ben, mod):
        await page.goto(f"/threads/{thread}")
        await expect(page.locator("[data-connection]")).to_have_text("Live", timeout=15_000)
    await (
        ben.get_by_role("button", name="Reply to the thread").or_(ben.locator("forum-composer textarea")).first.click()
    )
    await ben.locator("form textarea").first.fill("A word to remember")
    await (
        ben.locator("form").filter(has=ben.locator("textarea")).get_by_role("button", name="Reply", exact=True).click()
    )
    await expect(ben.locator("ol.tree")).to_contain_text("A word to remember")
    await expect(mod.locator("ol.tree")).to_contain_text("A word to remember")
    post = await mod.locator("ol.tree li.post").first.get_attribute("id")
    assert post is not None
    number = int(post.removeprefix("post-"))
    moderator = await mod.context.new_page()
    await moderator.goto(f"/posts/{number}/remove")
    await moderator.get_by_label("Private information").or_(moderator.locator("input[name=reason]").first).first.check()
    await moderator.get_by_role("button", name="Remove").click()
    await expect(ben.locator("ol.tree")).not_to_contain_text("A word to remember")
    await expect(ben.locator(f"#{post}")).to_contain_text("Removed by a moderator")
    await expect(mod.locator(f"#{post}")).to_contain_text("Removed by a moderator")


async def test_a_message_appears_and_a_removal_empties(
    site: RunningSite, chromium: Browser, world: World, way: str
) -> None:
    ben, mod = await _windows(site, chromium, world, way)
    for page in (ben, mod):
        await page.goto(f"/networks/{world.network}/room")
        await expect(page.locator("[data-connection]")).to_have_text("Live", timeout=15_000)
    await ben.locator("form textarea").fill("Good morning to all")
    await ben.locator("form textarea").press("Enter")
    await expect(ben.locator("ol.log")).to_contain_text("Good morning to all")
    await expect(mod.locator("ol.log")).to_contain_text("Good morning to all")
    message = await mod.locator("ol.log li.msg[id]").last.get_attribute("id")
    assert message is not None
    moderator = await mod.context.new_page()
    await moderator.goto(f"/messages/{message.removeprefix('message-')}/remove")
    await moderator.locator("input[name=reason]").first.check()
    await moderator.get_by_role("button", name="Remove").click()
    await expect(ben.locator("ol.log")).not_to_contain_text("Good morning to all")
    await expect(ben.locator(f"#{message}")).to_contain_text("Removed by a moderator")
