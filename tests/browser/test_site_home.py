"""Home while it stands open: what it says of me is true, and what I write myself is not new to me."""

import pytest
from playwright.async_api import Browser, expect

from forum import notifications, posts, rooms
from tests.people import World
from tests.running import RunningSite

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}


async def _visited(world: World) -> None:
    """Ben has been here before, and has read what he was told."""
    await notifications.mark_read(world.db, world.ben)
    await world.db.pool.execute(
        "UPDATE members SET visited_at = now() - interval '1 day' WHERE id = $1", world.ben.member
    )


async def test_all_read_goes_when_somebody_mentions_me_and_comes_back(
    site: RunningSite, chromium: Browser, world: World
) -> None:
    await _visited(world)
    page = await site.live_page(chromium, world.db, world.ben, "/")
    said = page.get_by_text("All read. We will tell you when somebody answers.")
    await expect(said).to_be_visible()
    message = await rooms.say(world.db, world.ana, world.network, f"@{world.names[world.ben.member]} have a look")
    await expect(said).not_to_be_visible()
    await rooms.mark_read(world.db, world.ben, world.network, message["number"])
    await notifications.mark_read(world.db, world.ben)
    await expect(said).to_be_visible()
    await page.context.close()


async def test_the_badge_of_the_phone_counts_a_joint_thread_once_while_it_stands_open(
    site: RunningSite, chromium: Browser, world: World
) -> None:
    joint, other = await world.thread(jointly=True), await world.thread()
    page = await site.live_page(chromium, world.db, world.ana, "/", viewport=PHONE)
    badge = page.locator(".tabbar a[href='/networks'] .badge")
    await expect(badge).not_to_be_visible()
    for thread in (joint, other):
        await posts.reply(world.db, world.ben, thread, "News")
    await expect(badge).to_have_text("2 unread threads")
    await page.context.close()


async def test_what_i_write_on_one_screen_is_not_new_on_another(
    site: RunningSite, chromium: Browser, world: World
) -> None:
    thread = await world.thread()
    listed = await site.live_page(chromium, world.db, world.ana, f"/networks/{world.network}")
    opened = await site.live_page(chromium, world.db, world.ana, f"/threads/{thread}")
    mine = (await posts.reply(world.db, world.ana, thread, "My own words"))["id"]
    await expect(opened.locator(f"#post-{mine}")).to_contain_text("My own words")
    await expect(opened.locator(".post.unread, [data-next-unread]:visible")).to_have_count(0)
    row = listed.locator(f"#thread-{thread}")
    await expect(row.locator(".num")).to_have_text("1 reply")
    await expect(row).not_to_have_class("thread unread")
    await posts.reply(world.db, world.ben, thread, "Somebody else's")
    await expect(row).to_have_class("thread unread")
    await expect(row.locator("[data-unread-of]")).to_have_text("1 new")
    for page in (listed, opened):
        await page.context.close()
