"""A gap on the real site: who decides about it may look at what it said, in its place, for as long as they look."""

import pytest
from playwright.async_api import Browser, Locator, expect

from forum import memberships, posts, removal, rooms
from tests.browser.reaching import tab_to
from tests.people import World
from tests.running import RunningSite

pytestmark = pytest.mark.browser

WORDS = "Bed 12 is my aunt"


async def _show(gap: Locator) -> None:
    await gap.hover()
    await gap.locator("forum-menu > a").click()
    await gap.get_by_role("link", name="Show what it said").click()


async def _removed_post(world: World) -> tuple[int, int]:
    thread = await world.thread()
    post = (await posts.reply(world.db, world.ben, thread, WORDS))["id"]
    await removal.remove_post(world.db, world.mod, post, "Private information")
    return thread, post


async def test_a_moderator_sees_it_in_place_and_hides_it(site: RunningSite, chromium: Browser, world: World) -> None:
    thread, post = await _removed_post(world)
    mod = await site.live_page(chromium, world.db, world.mod, f"/threads/{thread}?order=tree")
    gap = mod.locator(f"#post-{post}")
    await expect(gap).to_contain_text("Removed by a moderator")
    await _show(gap)
    await expect(gap.locator(".sealed")).to_contain_text(WORDS)
    await expect(gap.locator(".sealed")).to_be_focused()
    await gap.get_by_role("button", name="Hide").click()
    await expect(mod.locator("body")).not_to_contain_text(WORDS)
    assert WORDS not in await mod.content()
    await mod.context.close()


async def test_it_goes_when_the_post_is_back_or_the_moderator_is_none(
    site: RunningSite, chromium: Browser, world: World
) -> None:
    thread, post = await _removed_post(world)
    mod = await site.live_page(chromium, world.db, world.mod, f"/threads/{thread}?order=tree")
    gap = mod.locator(f"#post-{post}")
    await _show(gap)
    await expect(gap.locator(".sealed")).to_contain_text(WORDS)
    await removal.restore_post(world.db, world.mod, post)
    await expect(gap.locator("article .prose")).to_contain_text(WORDS)
    await expect(gap.locator(".sealed")).to_have_count(0)
    await removal.remove_post(world.db, world.mod, post, "Private information")
    await expect(gap).to_contain_text("Removed by a moderator")
    await _show(gap)
    await expect(gap.locator(".sealed")).to_contain_text(WORDS)
    await memberships.set_role(world.db, world.lead, world.network, world.mod.member, "member")
    await expect(gap.locator(".sealed")).to_have_count(0)
    await mod.context.close()


async def test_it_is_not_kept_for_the_way_back(site: RunningSite, chromium: Browser, world: World) -> None:
    thread, post = await _removed_post(world)
    mod = await site.live_page(chromium, world.db, world.mod, f"/threads/{thread}?order=tree")
    await _show(mod.locator(f"#post-{post}"))
    await expect(mod.locator(".sealed")).to_contain_text(WORDS)
    await mod.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    await expect(mod.locator(".sealed")).to_have_count(0)
    stored = await mod.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }])")
    assert WORDS not in stored
    await mod.context.close()


async def test_a_message_that_was_removed(site: RunningSite, chromium: Browser, world: World) -> None:
    message = (await rooms.say(world.db, world.ben, world.network, WORDS))["id"]
    await removal.remove_message(world.db, world.mod, message, "Private information")
    room = f"/networks/{world.network}/room"
    mod = await site.live_page(chromium, world.db, world.mod, room)
    await _show(mod.locator(f"#message-{message}"))
    await expect(mod.locator(f"#message-{message} .sealed")).to_contain_text(WORDS)
    ben = await site.live_page(chromium, world.db, world.ben, room)
    await ben.locator(f"#message-{message}").hover()
    await ben.locator(f"#message-{message} forum-menu > a").click()
    await expect(ben.get_by_role("link", name="Link to this message")).to_be_visible()
    await expect(ben.get_by_role("link", name="Show what it said")).to_have_count(0)
    for page in (mod, ben):
        await page.context.close()


PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.mark.parametrize(
    ("who", "act", "leave"),
    [("ben", "Withdraw", "Keep it"), ("mod", "Remove…", "Leave it"), ("mod", "Report…", "Cancel")],
)
async def test_a_dialog_is_left_on_a_phone(
    site: RunningSite, chromium: Browser, world: World, who: str, act: str, leave: str
) -> None:
    thread = await world.thread()
    post = (await posts.reply(world.db, world.ben, thread, WORDS))["id"]
    page = await site.live_page(chromium, world.db, getattr(world, who), f"/threads/{thread}?order=tree", **PHONE)
    await page.locator(f"#post-{post} forum-menu > a").tap()
    await page.get_by_role("link", name=act).tap()
    way = page.get_by_role("dialog").get_by_role("button", name=leave)
    await expect(way).to_be_in_viewport()
    focused = page.get_by_role("radio").first if act == "Report…" else way
    await expect(focused).to_be_focused()
    await way.tap()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.locator(f"#post-{post} .prose")).to_contain_text(WORDS)
    await page.context.close()


async def test_the_focus_stays_with_a_message_that_goes_and_comes_back(
    site: RunningSite, chromium: Browser, world: World
) -> None:
    message = (await rooms.say(world.db, world.ben, world.network, WORDS))["id"]
    mod = await site.live_page(chromium, world.db, world.mod, f"/networks/{world.network}/room")
    gap = mod.locator(f"#message-{message}")
    await gap.locator("forum-menu > a").press("Enter")
    await gap.get_by_role("link", name="Remove…").press("Enter")
    await expect(mod.get_by_role("button", name="Leave it")).to_be_focused()
    await mod.get_by_label("Advertising").check()
    await mod.get_by_role("button", name="Remove the message").press("Enter")
    await expect(gap.locator(".gap")).to_be_visible()
    await expect(gap).to_be_focused()
    await tab_to(mod, mod.get_by_role("button", name="Undo"))
    await mod.keyboard.press("Enter")
    await expect(gap.locator(".prose")).to_contain_text(WORDS)
    await expect(gap).to_be_focused()
    await mod.context.close()
