"""Pages that stand open lose what has gone: what people and networks say of themselves, a history, what was found."""

import pytest
from playwright.async_api import Browser, expect

from forum import members, networks, posts, removal, rooms
from forum.announcements import announce_rooms
from tests.people import World
from tests.running import RunningSite

pytestmark = pytest.mark.browser


async def test_what_a_member_says_about_themselves(site: RunningSite, chromium: Browser, world: World) -> None:
    await members.edit_profile(world.db, world.ana, about="A word that goes")
    page = await site.live_page(chromium, world.db, world.ben, f"/members/{world.ana.member}")
    await expect(page.locator("main")).to_contain_text("A word that goes")
    await members.remove_words(world.db, world.admin, world.ana.member, "about", "Private information")
    await expect(page.locator("main")).not_to_contain_text("A word that goes")


async def test_what_a_network_says_about_itself(site: RunningSite, chromium: Browser, world: World) -> None:
    await networks.describe(world.db, world.lead, world.network, about="A word that goes")
    page = await site.live_page(chromium, world.db, world.ben, f"/networks/{world.network}/about")
    await expect(page.locator("main")).to_contain_text("A word that goes")
    await networks.describe(world.db, world.lead, world.network, about="Another one")
    await expect(page.locator("main")).to_contain_text("Another one")
    await expect(page.locator("main")).not_to_contain_text("A word that goes")


@pytest.mark.parametrize("path", ["/posts/{post}/history", "/search?q=memorable", "/search?author={ana}"])
async def test_pages_about_a_post(site: RunningSite, chromium: Browser, world: World, path: str) -> None:
    thread = await world.thread()
    post = (await posts.reply(world.db, world.ana, thread, "First a memorable word that goes"))["id"]
    await posts.edit(world.db, world.ana, post, "Then a memorable word that goes")
    page = await site.live_page(chromium, world.db, world.ben, path.format(post=post, ana=world.ana.member))
    await expect(page.locator("main")).to_contain_text("word that goes")
    await removal.remove_post(world.db, world.mod, post, "Private information")
    await expect(page.locator("main")).not_to_contain_text("word that goes")


@pytest.mark.parametrize("taken", ["removed", "withdrawn"])
@pytest.mark.parametrize("path", ["/rooms", "/"])
async def test_the_last_words_of_a_room(
    site: RunningSite, chromium: Browser, world: World, path: str, taken: str
) -> None:
    """They go, come back and change on its card. Pages with one do not follow the room: that would say that their
    reader is in it.
    """
    said = await rooms.say(world.db, world.ana, world.network, f"@{world.names[world.ben.member]} a word that goes")
    await announce_rooms(world.db)  # so that nothing asks for the card but what happens to its words
    page = await site.live_page(chromium, world.db, world.ben, path)
    card = page.locator(".card")
    await expect(card).to_contain_text("a word that goes")
    async with page.expect_response("**/rooms", timeout=10_000):  # else it would find what comes back
        if taken == "removed":
            await removal.remove_message(world.db, world.mod, said["id"], "Private information")
        else:
            await rooms.withdraw(world.db, world.ana, said["id"])
        await expect(card).to_contain_text("This message is no longer here.")
        await expect(page.locator("main")).not_to_contain_text("a word that goes")
    async with page.expect_response("**/rooms", timeout=10_000):
        if taken == "removed":
            await removal.restore_message(world.db, world.mod, said["id"])
        else:
            await rooms.undo(world.db, world.ana, said["id"])
    await expect(card).to_contain_text("a word that goes")
    await rooms.edit(world.db, world.ana, said["id"], f"@{world.names[world.ben.member]} another word")
    await expect(card).to_contain_text("another word", timeout=10_000)
