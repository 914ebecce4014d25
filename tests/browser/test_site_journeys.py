"""What people come for, from end to end on the real site: a new member's first minutes, a moderator's minute, and
words that are never lost.
"""

import pytest
from playwright.async_api import Browser, Page, expect

from forum import memberships, posts
from tests.people import PASSWORD, World
from tests.running import RunningSite

pytestmark = pytest.mark.browser


async def _open(page: Page, path: str) -> Page:
    await page.goto(path)
    await expect(page.locator("[data-connection]")).to_have_text("Live", timeout=15_000)
    return page


async def _window(site: RunningSite, chromium: Browser, world: World, caller: object, path: str) -> Page:
    context = await site.window(chromium, world.db, caller)  # type: ignore[arg-type]
    return await _open(await context.new_page(), path)


async def _accept(page: Page, world: World, token: str) -> None:
    """Make an account from an invitation link."""
    await page.goto(f"/invitations/{token}")
    await page.get_by_label("E-mail address").fill(f"new-{world.tag}@example.org")
    await page.get_by_label("Name", exact=True).fill(f"Nell {world.tag}")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Accept").click()


async def _reply(page: Page, words: str) -> None:
    await page.locator("forum-composer textarea").last.fill(words)
    await page.locator("forum-composer form").last.get_by_role("button", name="Reply", exact=True).click()


async def test_a_members_first_minutes(site: RunningSite, chromium: Browser, world: World) -> None:
    thread = await world.thread(title="Who has moved the switchboard?")
    ana = await _window(site, chromium, world, world.ana, f"/threads/{thread}?order=tree")
    new = await (await site.window(chromium, world.db, None)).new_page()
    invitation = await memberships.invite(world.db, world.lead, world.network)
    await _accept(new, world, invitation.token)
    await new.wait_for_url("**/networks/**")
    await _open(new, f"/threads/{thread}?order=tree")
    await _reply(new, "We have, in one night")
    await expect(new.locator("ol.tree li.post")).to_contain_text("We have, in one night")
    await expect(new.get_by_role("button", name="Following", pressed=True)).to_be_visible()
    await expect(new.locator(".pop button[name=watch]")).to_have_text("Stop following")
    await expect(ana.locator("ol.tree li.post")).to_contain_text("We have, in one night")
    await expect(ana.locator("ol.tree li.post")).to_contain_text(f"Nell {world.tag}")


async def test_an_invitation_is_made_and_copied(site: RunningSite, chromium: Browser, world: World) -> None:
    lead = await _window(site, chromium, world, world.lead, f"/networks/{world.network}/invitations")
    await lead.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await lead.get_by_role("button", name="Make a link").click()
    link = await lead.get_by_label("The link; it is shown once").input_value()
    await lead.get_by_role("button", name="Copy the link").click()
    await expect(lead.locator("forum-toast")).to_have_text("Link copied.")
    assert await lead.evaluate("navigator.clipboard.readText()") == link


async def test_a_moderators_minute(site: RunningSite, chromium: Browser, world: World) -> None:
    thread = await world.thread()
    post = (await posts.reply(world.db, world.ben, thread, "Bed 12 is my aunt"))["id"]
    mod = await _window(site, chromium, world, world.mod, f"/threads/{thread}?order=tree")
    ana = await _window(site, chromium, world, world.ana, f"/threads/{thread}?order=tree")
    await mod.locator(f"#post-{post} forum-menu a[href$='/acts']").click()
    await mod.get_by_role("link", name="Remove").or_(mod.get_by_role("menuitem", name="Remove")).first.click()
    await mod.get_by_label("Private information").check()
    await mod.get_by_role("button", name="Remove the post").click()
    await expect(ana.locator(f"#post-{post}")).to_contain_text("Removed by a moderator")
    await expect(ana.locator("ol.tree")).not_to_contain_text("my aunt")
    await mod.get_by_role("button", name="Undo").click()
    await expect(ana.locator(f"#post-{post}")).to_contain_text("Bed 12 is my aunt")
    await expect(mod.locator(f"#post-{post}")).to_contain_text("Bed 12 is my aunt")


async def test_a_session_that_ends_in_mid_writing_loses_nothing(
    site: RunningSite, chromium: Browser, world: World
) -> None:
    thread = await world.thread()
    page = await (await site.window(chromium, world.db, None)).new_page()
    invitation = await memberships.invite(world.db, world.lead, world.network)
    await _accept(page, world, invitation.token)
    await page.wait_for_url("**/networks/**")
    await _open(page, f"/threads/{thread}?order=tree")
    await page.locator("forum-composer textarea").last.fill("Half of a long thought")
    await page.context.clear_cookies()
    await page.locator("forum-composer form").last.get_by_role("button", name="Reply", exact=True).click()
    await expect(page.get_by_text("You were signed out.").first).to_be_visible()
    await page.goto(f"/sign-in?next=/threads/{thread}")
    await page.get_by_label("E-mail address").fill(f"new-{world.tag}@example.org")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"**/threads/{thread}*")
    await expect(page.locator("forum-composer textarea").last).to_have_value("Half of a long thought")


async def test_a_form_that_is_opened_or_refused_has_the_focus_where_one_writes(
    site: RunningSite, chromium: Browser, world: World
) -> None:
    post = (await posts.reply(world.db, world.ana, await world.thread(), "To be changed"))["id"]
    page = await (await site.window(chromium, world.db, world.ana)).new_page()
    await page.goto(f"/posts/{post}/edit")
    await expect(page.get_by_role("textbox", name="Your post")).to_be_focused()
    await page.get_by_role("link", name="Cancel").click()
    await expect(page.locator(f"#post-{post}")).to_be_in_viewport()
    guest = await (await site.window(chromium, world.db, None)).new_page()
    await guest.goto("/sign-in")
    await guest.get_by_label("E-mail address").fill("nobody@example.org")
    await guest.get_by_label("Password").fill("not the right one")
    await guest.get_by_role("button", name="Sign in").click()
    await expect(guest.get_by_text("do not belong together")).to_be_visible()
    await expect(guest.get_by_label("Password")).to_be_focused()


async def test_a_draft_outlives_the_page(site: RunningSite, chromium: Browser, world: World) -> None:
    thread = await world.thread()
    page = await _window(site, chromium, world, world.ana, f"/threads/{thread}?order=tree")
    await page.locator("forum-composer textarea").last.fill("Not finished yet")
    await expect(page.locator("[data-kept]").last).to_be_visible()
    await page.reload()
    await expect(page.locator("forum-composer textarea").last).to_have_value("Not finished yet")


async def test_messages_wait_for_the_network_and_go_once_in_order(
    site: RunningSite, chromium: Browser, world: World
) -> None:
    room = f"/networks/{world.network}/room"
    ana = await _window(site, chromium, world, world.ana, room)
    ben = await _window(site, chromium, world, world.ben, room)
    await ana.context.set_offline(True)
    said = [f"Word {number} of three" for number in (1, 2, 3)]
    for words in said:
        await ana.locator("form textarea").fill(words)
        await ana.locator("form textarea").press("Enter")
        await expect(ana.locator("ol.log")).to_contain_text(words)
    await ana.context.set_offline(False)
    await expect(ben.locator("ol.log li.msg .prose")).to_have_text(said, timeout=40_000)
    await expect(ana.locator("ol.log li.msg[id] .prose")).to_have_text(said, timeout=15_000)
    count = await world.db.pool.fetchval("SELECT count(*) FROM messages WHERE room_id = $1", await world.room_id())
    assert count == len(said)


async def test_everything_is_done_without_javascript(site: RunningSite, chromium: Browser, world: World) -> None:
    thread = await world.thread()
    post = (await posts.reply(world.db, world.ben, thread, "To be taken away"))["id"]
    new = await (await site.window(chromium, world.db, None, java_script_enabled=False)).new_page()
    invitation = await memberships.invite(world.db, world.lead, world.network)
    await _accept(new, world, invitation.token)
    await new.context.clear_cookies()
    await new.goto(f"/sign-in?next=/threads/{thread}")
    await new.get_by_label("E-mail address").fill(f"new-{world.tag}@example.org")
    await new.get_by_label("Password").fill(PASSWORD)
    await new.get_by_role("button", name="Sign in").click()
    await _reply(new, "Said without a script")
    await expect(new.locator("ol.tree")).to_contain_text("Said without a script")
    await new.goto(f"/networks/{world.network}/room")
    await new.locator("form textarea").fill("Good morning without a script")
    await new.get_by_role("button", name="Send").click()
    await expect(new.locator("ol.log")).to_contain_text("Good morning without a script")
    mod = await (await site.window(chromium, world.db, world.mod, java_script_enabled=False)).new_page()
    await mod.goto(f"/posts/{post}/acts")
    await mod.get_by_role("link", name="Remove").first.click()
    await mod.get_by_label("Private information").check()
    await mod.get_by_role("button", name="Remove the post").click()
    await mod.goto(f"/threads/{thread}?order=tree")
    await expect(mod.locator(f"#post-{post}")).to_contain_text("Removed by a moderator")
    await expect(mod.locator("ol.tree")).not_to_contain_text("To be taken away")
