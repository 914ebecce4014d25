"""The room on the real site: a place in the middle of it, and a phone on which nothing hovers."""

import re

import pytest
from playwright.async_api import Browser, Page, expect

from forum import rooms
from forum.standing import Caller
from forum.web.rooms import MAX_FROM_A_PLACE
from tests.people import World
from tests.running import RunningSite

pytestmark = pytest.mark.browser


async def _open(
    site: RunningSite, chromium: Browser, world: World, caller: Caller, path: str, **window: object
) -> Page:
    context = await site.window(chromium, world.db, caller, **window)
    page = await context.new_page()
    await page.goto(path)
    await expect(page.locator("[data-connection]").first).to_have_text("Live", timeout=15_000)
    return page


async def test_a_long_room_is_read_on_from_a_place_in_it(site: RunningSite, chromium: Browser, world: World) -> None:
    count = MAX_FROM_A_PLACE + 30
    said = [(await rooms.say(world.db, world.ben, world.network, f"Message {n}"))["id"] for n in range(1, count + 1)]
    room = f"/networks/{world.network}/room"
    await rooms.mark_read(world.db, world.ana, world.network, count)
    ana = await _open(site, chromium, world, world.ana, f"/messages/{said[0]}")
    await expect(ana.locator(f"#message-{said[0]}")).to_be_in_viewport()
    shown = ana.locator("ol.log > .msg[id]")
    await expect(shown).to_have_count(MAX_FROM_A_PLACE)
    late = await rooms.say(world.db, world.ben, world.network, "Said just now")
    pill = ana.get_by_role("button", name="1 new message")
    await expect(pill).to_be_visible()
    await expect(shown).to_have_count(MAX_FROM_A_PLACE)
    await ana.get_by_role("link", name="Later messages").click()
    first_later = ana.locator(f"#message-{said[MAX_FROM_A_PLACE]}")
    await expect(first_later).to_be_in_viewport()
    await expect(ana.locator(f"#message-{late['id']}")).to_have_count(1)
    await expect(ana.get_by_role("link", name="Later messages")).to_have_count(0)
    await ana.goto(f"{room}?at=1")
    await ana.locator("form textarea").fill("An answer from far back")
    await ana.locator("form textarea").press("Enter")
    await expect(ana).to_have_url(re.compile(rf"{room}#message-\d+$"))
    await expect(shown.last).to_contain_text("An answer from far back")
    await ana.goto(f"{room}?at=1")
    await expect(ana.locator("[data-connection]").first).to_have_text("Live", timeout=15_000)
    await rooms.say(world.db, world.ben, world.network, "And the last word")
    await ana.get_by_role("button", name="1 new message").click()
    await expect(shown.last).to_contain_text("And the last word")
    await expect(shown.last).to_be_in_viewport()
    await ana.context.close()


PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


async def test_on_a_phone_a_tap_opens_the_acts(site: RunningSite, chromium: Browser, world: World) -> None:
    first = (await rooms.say(world.db, world.ana, world.network, "Good morning"))["id"]
    second = (await rooms.say(world.db, world.ana, world.network, "Is anybody here?"))["id"]
    ana = await _open(site, chromium, world, world.ana, f"/networks/{world.network}/room", **PHONE)
    await ana.locator(f"#message-{second} .prose").tap()
    acts = ana.locator(f"#message-{second} .pop")
    await expect(acts.get_by_role("link", name="Withdraw")).to_be_in_viewport()
    await ana.touchscreen.tap(100, 200)
    await expect(ana.locator("forum-menu .pop")).to_have_count(0)
    await ana.locator(f"#message-{first} forum-menu > a").tap()
    await ana.locator(f"#message-{first} .pop").get_by_role("link", name="Reply").tap()
    await expect(ana.locator("form textarea")).to_be_focused()
    await expect(ana.locator("form.composer .to")).to_contain_text("Ana")
    await ana.context.close()


async def test_on_a_phone_a_gap_leaves_room_for_its_acts(site: RunningSite, chromium: Browser, world: World) -> None:
    """Whatever the name: at its longest, the line is full."""
    gone = (await rooms.say(world.db, world.ben, world.network, "Too soon"))["id"]
    await rooms.withdraw(world.db, world.ben, gone)
    await world.db.pool.execute(
        "UPDATE members SET name = $2 WHERE id = $1", world.ben.member, "Daniel " + "Brightwell" * 4
    )
    ana = await _open(site, chromium, world, world.ana, f"/networks/{world.network}/room", **PHONE)
    gap = ana.locator(f"#message-{gone}")
    when, more = await gap.locator(".num").bounding_box(), await gap.locator("forum-menu > a").bounding_box()
    assert when is not None
    assert more is not None
    assert when["x"] + when["width"] <= more["x"]
    assert when["height"] < 2 * 24
    await ana.context.close()


async def test_on_a_phone_without_a_script_the_acts_are_there(
    site: RunningSite, chromium: Browser, world: World
) -> None:
    for words in ("Good morning", "Is anybody here?"):
        message = (await rooms.say(world.db, world.ana, world.network, words))["id"]
    context = await site.window(chromium, world.db, world.ana, java_script_enabled=False, **PHONE)
    page = await context.new_page()
    await page.goto(f"/networks/{world.network}/room")
    await page.locator(f"#message-{message} forum-menu > a").tap()
    await expect(page.get_by_role("link", name="Withdraw")).to_be_visible()
    await context.close()
