"""A removal of what repeats the words, an appeal against it and its end: in a real browser, by keyboard alone, at both
widths, live on every screen.
"""

import pytest
from playwright.async_api import Browser, expect

from forum import appeals, posts, removal
from tests.browser.reaching import nothing_serious, tab_to
from tests.people import World
from tests.running import RunningSite

pytestmark = pytest.mark.browser

WIDTHS = [{"width": 1280, "height": 800}, {"width": 390, "height": 844}]
WORDS = "Wilhelmina Quarrington was seen on the ward last Tuesday morning"


@pytest.mark.parametrize("width", WIDTHS, ids=["desktop", "phone"])
async def test_an_appeal_from_the_notice_to_the_answer(
    site: RunningSite, chromium: Browser, world: World, width: dict[str, int]
) -> None:
    thread = await world.thread()
    post = (await posts.reply(world.db, world.ben, thread, WORDS))["id"]
    ana = await site.live_page(chromium, world.db, world.ana, f"/threads/{thread}?order=tree", viewport=width)
    lead = await site.live_page(chromium, world.db, world.lead, f"/networks/{world.network}/requests", viewport=width)
    await removal.remove_post(world.db, world.mod, post, "Advertising", "Please use the noticeboard")
    await expect(ana.locator(f"#post-{post}")).not_to_contain_text("Quarrington")

    ben = await site.live_page(chromium, world.db, world.ben, "/notifications", viewport=width)
    await tab_to(ben, ben.get_by_role("link", name="You can appeal"))
    await ben.keyboard.press("Enter")
    await expect(ben.get_by_role("heading", name="Your removed post")).to_be_visible()
    await nothing_serious(ben)
    await tab_to(ben, ben.get_by_label("Why should it come back?"))
    await ben.keyboard.type("It was no advertisement")
    await tab_to(ben, ben.get_by_role("button", name="Send the appeal"))
    await ben.keyboard.press("Enter")
    await expect(ben.get_by_role("heading", name="Your appeal")).to_be_visible()

    queue = lead.locator('ul[data-of="appeal"]')
    await expect(queue.get_by_role("link", name="An appeal about a removed post")).to_be_visible()
    await expect(lead.get_by_text("No appeal waits.")).to_be_hidden()
    await nothing_serious(lead)
    await tab_to(lead, queue.get_by_role("link", name="An appeal about a removed post"))
    await lead.keyboard.press("Enter")
    await expect(lead.locator(".bit.it")).to_contain_text("Quarrington")
    await nothing_serious(lead)
    await tab_to(lead, lead.get_by_label("Answer to the author"))
    await lead.keyboard.type("You were right")
    await tab_to(lead, lead.get_by_role("button", name="Bring it back"))
    await lead.keyboard.press("Enter")
    await expect(lead.get_by_text("overturned the removal")).to_be_visible()
    await expect(ana.locator(f"#post-{post}")).to_contain_text("Quarrington")
    await ben.reload()
    await expect(ben.get_by_text("You were right")).to_be_visible()


async def test_when_the_time_for_an_appeal_is_over_open_pages_say_so(
    site: RunningSite, chromium: Browser, world: World
) -> None:
    thread = await world.thread()
    post = (await posts.reply(world.db, world.ben, thread, WORDS))["id"]
    await removal.remove_post(world.db, world.mod, post, "Advertising")
    removal_id = await world.db.pool.fetchval("SELECT id FROM removals WHERE post_id = $1", post)
    form = await site.live_page(chromium, world.db, world.ben, f"/removals/{removal_id}")
    mine = await site.live_page(chromium, world.db, world.ben, "/settings/moderation")
    await form.get_by_label("Why should it come back?").fill("It was no advertisement")
    await expect(mine.get_by_role("link", name="You can appeal")).to_be_visible()

    await world.db.pool.execute("UPDATE removals SET appeal_until = now() WHERE id = $1", removal_id)
    await appeals.close_due(world.db)  # if the site's own clock has not been quicker

    await expect(form.get_by_text("You could appeal until")).to_be_visible()
    await expect(form.get_by_role("button", name="Send the appeal")).to_have_count(0)
    await expect(form.get_by_text("It was no advertisement")).to_be_visible()
    await expect(mine.get_by_text("You could appeal until")).to_be_visible()
    await expect(mine.get_by_role("link", name="You can appeal")).to_have_count(0)


async def test_what_repeats_the_words_goes_in_one_act_from_every_screen(
    site: RunningSite, chromium: Browser, world: World
) -> None:
    thread = await world.thread()
    source = (await posts.reply(world.db, world.ben, thread, WORDS))["id"]
    for number in range(6):
        await posts.reply(world.db, world.ana, thread, f"> {WORDS}\n\nAnswer {number}.")
    mod = await site.live_page(chromium, world.db, world.mod, f"/threads/{thread}?order=tree", viewport=WIDTHS[0])
    ana = await site.live_page(chromium, world.db, world.ana, f"/threads/{thread}?order=tree", viewport=WIDTHS[0])
    await mod.locator(f"#post-{source}").hover()
    await mod.locator(f"#post-{source} forum-menu > a").click()
    await mod.get_by_role("link", name="Remove…").click()
    dialogue = mod.get_by_role("dialog")
    await expect(dialogue.get_by_role("checkbox", checked=True)).to_have_count(6)
    await nothing_serious(mod)
    await dialogue.get_by_label("Private information").check()
    await dialogue.get_by_label("It must not be kept").check()
    await dialogue.get_by_role("button", name="Remove the post").click()
    await mod.get_by_role("button", name="Delete for good").click()
    for screen in (ana, mod):
        await expect(screen.locator("#main")).not_to_contain_text("Quarrington")
    await expect(mod.locator("forum-toast")).to_contain_text("Post removed.")
    await expect(mod.locator("forum-toast").get_by_role("button", name="Undo")).to_have_count(0)
