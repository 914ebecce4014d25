"""What stands on every page of the real site: networks with something unread, and names that follow their owners."""

import re

import pytest
from playwright.async_api import Browser, Locator, expect

from forum import members, memberships, networks, posts, rooms
from tests.people import World
from tests.running import RunningSite

pytestmark = pytest.mark.browser


async def test_alt_and_arrows_walk_the_networks_with_something_unread(
    site: RunningSite, chromium: Browser, world: World
) -> None:
    quiet = f"quiet-{world.tag}"
    await networks.create(world.db, world.admin, name=f"Network om {world.tag}", slug=quiet, kind="regional")
    await memberships.set_role(world.db, world.admin, quiet, world.ana.member, "member")
    thread = await world.thread()
    await posts.reply(world.db, world.ben, thread, "News")
    await rooms.say(world.db, world.max, world.other, "News too")
    ana = await site.live_page(chromium, world.db, world.ana, "/")
    rows = await ana.locator("[data-rail] .tree-nav .row > a:first-child").evaluate_all(
        "links => links.map(link => link.getAttribute('href'))"
    )
    unread = [row for row in rows if row in {f"/networks/{world.network}", f"/networks/{world.other}"}]
    assert len(rows) == 3
    assert len(unread) == 2
    for path in unread:  # lists and badges are told by a job, within a second
        row = ana.locator(f"[data-rail] .tree-nav .row:has(> a:first-child[href='{path}'])")
        await expect(row.locator("[data-unread-of]:not([hidden])")).not_to_have_count(0)
    for path in unread:
        await ana.keyboard.press("Alt+ArrowDown")
        await expect(ana).to_have_url(re.compile(re.escape(path) + "$"))
        await expect(ana.locator("[data-connection]")).to_have_text("Live", timeout=15_000)
    await ana.keyboard.press("Alt+ArrowUp")
    await expect(ana).to_have_url(re.compile(re.escape(unread[0]) + "$"))
    await ana.context.close()


async def test_a_rail_that_changes_keeps_the_focus_or_hands_it_on(
    site: RunningSite, chromium: Browser, world: World
) -> None:
    ana = await site.live_page(chromium, world.db, world.ana, "/notifications")

    def link(network: str) -> Locator:
        return ana.locator(f"[data-rail] .tree-nav .row > a:first-child[href='/networks/{network}']")

    await link(world.network).focus()
    await memberships.leave(world.db, world.ana, world.other)
    await expect(link(world.other)).to_have_count(0, timeout=15_000)
    await expect(link(world.network)).to_be_focused()
    await memberships.leave(world.db, world.ana, world.network)
    await expect(link(world.network)).to_have_count(0, timeout=15_000)
    await expect(ana.locator("main")).to_be_focused()
    await ana.context.close()


async def test_a_room_is_named_after_its_network_at_once(site: RunningSite, chromium: Browser, world: World) -> None:
    ana = await site.live_page(chromium, world.db, world.ana, "/networks")
    room = ana.locator(f"main a[href='/networks/{world.network}/room']")
    await expect(room).to_have_accessible_name(f"Room of Network {world.network}")
    await networks.describe(world.db, world.lead, world.network, name=f"Renamed {world.tag}")
    await expect(room).to_have_accessible_name(f"Room of Renamed {world.tag}")
    await ana.context.close()


async def test_who_is_answered_is_renamed_where_their_words_are_not(
    site: RunningSite, chromium: Browser, world: World
) -> None:
    thread = await world.thread()
    asked = await posts.reply(world.db, world.ben, thread, "A question")
    answer = await posts.reply(world.db, world.mod, thread, "An answer", parent=asked["id"])
    page = await site.live_page(chromium, world.db, world.ana, f"/threads/{thread}/reply?to={answer['id']}")
    await expect(page.locator(".to").first).to_have_text(f"in reply to Ben {world.tag}", use_inner_text=True)
    await members.edit_profile(world.db, world.ben, name=f"Benjamin {world.tag}")
    await expect(page.locator(".to").first).to_have_text(f"in reply to Benjamin {world.tag}", use_inner_text=True)
    await page.context.close()
