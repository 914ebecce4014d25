"""What a browser does in real life: two tabs of one member, another member in the same browser, a key held down."""

import pytest
from playwright.async_api import Locator, Page, Route, expect

from realtime import protocol
from tests.browser.windows import Windows
from tests.people import World

pytestmark = pytest.mark.browser

ARRIVED = "Your earlier text did arrive. Send again to post this one as well."
FROM_AN_INPUT_METHOD = """area => area.dispatchEvent(new KeyboardEvent(
    "keydown", {key: "Enter", keyCode: 229, bubbles: true, cancelable: true}))"""


def _area(page: Page) -> Locator:
    return page.locator(".dock textarea")


async def _draft(page: Page, words: str) -> None:
    await _area(page).fill(words)
    await expect(page.locator(".dock [data-kept]")).to_be_visible()


async def _post(page: Page, button: str = "Reply") -> None:
    await page.locator(".dock").get_by_role("button", name=button, exact=True).click()


def _replies(page: Page) -> Locator:
    return page.locator("ol.tree li.post")


def _problem(page: Page) -> Locator:
    return page.locator(".dock [data-problem]")


async def test_nothing_is_written_under_the_name_of_who_signed_in_since(window: Windows, world: World) -> None:
    thread = await world.thread()
    browser = await window.browser(world.ana)
    page = await window.tab(browser, f"/threads/{thread}")
    await _area(page).fill("Written by Ana")
    await window.sign_in(browser, world.ben)
    await _post(page)
    await expect(_problem(page)).to_contain_text("You were signed out.")
    assert await world.db.pool.fetchval("SELECT count(*) FROM posts WHERE thread_id = $1", thread) == 1
    window.site.app.state.live.hub.close_all(protocol.RESTARTING, "test")
    await expect(page.locator(".banner")).to_contain_text("You were signed out.")
    await expect(_area(page)).to_have_value("Written by Ana")
    await window.sign_in(browser, world.ana)
    await page.reload()
    await _post(page)
    await expect(_replies(page)).to_contain_text("Written by Ana")


async def test_a_tab_that_only_looks_leaves_the_draft_of_another_alone(window: Windows, world: World) -> None:
    path = f"/threads/{await world.thread()}"
    browser = await window.browser(world.ana)
    idle = await window.tab(browser, path)
    writing = await window.tab(browser, path)
    await _draft(writing, "A long thought")
    await writing.goto("/")
    await idle.goto("/")
    await expect(_area(await window.tab(browser, path))).to_have_value("A long thought")


async def test_a_draft_grows_in_both_tabs_and_an_older_one_never_comes_back(window: Windows, world: World) -> None:
    path = f"/threads/{await world.thread()}"
    browser = await window.browser(world.ana)
    first = await window.tab(browser, path)
    await _draft(first, "A long thought")
    second = await window.tab(browser, path)
    await expect(_area(second)).to_have_value("A long thought")
    await _area(second).fill("A long thought, longer")
    await expect(_area(first)).to_have_value("A long thought, longer")
    await second.goto("/")
    await first.goto("/")
    await expect(_area(await window.tab(browser, path))).to_have_value("A long thought, longer")


async def test_what_was_posted_in_one_tab_does_not_wait_in_the_other(window: Windows, world: World) -> None:
    path = f"/threads/{await world.thread()}"
    browser = await window.browser(world.ana)
    first = await window.tab(browser, path)
    await _draft(first, "A long thought")
    second = await window.tab(browser, path)
    await _post(second)
    await expect(_replies(second)).to_have_count(1)
    await expect(_area(first)).to_have_value("")
    await first.reload()
    await expect(_area(first)).to_have_value("")


async def test_two_texts_that_were_one_draft_are_both_posted(window: Windows, world: World) -> None:
    path = f"/threads/{await world.thread()}"
    browser = await window.browser(world.ana)
    first = await window.tab(browser, path)
    await _draft(first, "A long thought")
    second = await window.tab(browser, path)
    await _area(first).fill("Quite another one")
    await _area(second).fill("And a third one")
    await _post(second)
    await expect(_replies(first)).to_have_count(1)
    await _post(first)
    await expect(_problem(first)).to_have_text(ARRIVED)
    await _post(first, "Try again")
    await expect(_replies(second).locator(".prose")).to_have_text(["And a third one", "Quite another one"])


async def test_drafts_that_were_deleted_at_sign_out_stay_deleted(window: Windows, world: World) -> None:
    browser = await window.browser(world.ana)
    first = await window.tab(browser, f"/threads/{await world.thread()}")
    await _draft(first, "A long thought")
    second = await window.tab(browser, "/sign-out")
    second.on("dialog", lambda dialog: dialog.accept())
    await second.get_by_role("main").get_by_role("button", name="Sign out").click()
    await expect(first.locator(".banner")).to_contain_text("You were signed out.")
    await first.goto("/sign-in")
    assert await first.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('draft'))") == []


async def test_what_two_tabs_wrote_without_a_network_outlives_them(window: Windows, world: World) -> None:
    path = f"/networks/{world.network}/room"
    browser = await window.browser(world.ana)
    first, second = await window.tab(browser, path), await window.tab(browser, path)
    await browser.set_offline(True)
    for page, words in ((first, "One"), (second, "Two"), (first, "Three")):
        await _area(page).fill(words)
        await _area(page).press("Enter")
        await expect(page.locator("ol.log")).to_contain_text(words)
    await first.close()
    await second.close()
    await browser.set_offline(False)
    again = await window.tab(browser, path)
    await expect(again.locator("ol.log > .msg[id] .prose")).to_have_text(["One", "Two", "Three"])


async def test_a_key_that_is_held_and_a_double_click_send_once_and_complain_of_nothing(
    window: Windows, world: World
) -> None:
    page = await window.tab(await window.browser(world.ana), f"/networks/{world.network}/room")
    await _area(page).fill("One")
    await page.keyboard.down("Enter")
    await page.keyboard.down("Enter")
    await page.keyboard.up("Enter")
    await expect(page.locator("ol.log > .msg[id]")).to_have_count(1)
    await expect(_problem(page)).to_be_hidden()
    await _area(page).fill("Two")
    await page.get_by_role("button", name="Send").dblclick()
    await expect(page.locator("ol.log > .msg[id]")).to_have_count(2)
    await expect(_problem(page)).to_be_hidden()


async def test_the_enter_that_ends_a_composition_sends_nothing(window: Windows, world: World) -> None:
    page = await window.tab(await window.browser(world.ana), f"/networks/{world.network}/room")
    await _area(page).fill("日本")
    await _area(page).evaluate(FROM_AN_INPUT_METHOD)
    await expect(_area(page)).to_have_value("日本")
    await _area(page).press("Enter")
    await expect(page.locator("ol.log > .msg[id] .prose")).to_have_text(["日本"])


async def test_what_is_on_its_way_cannot_be_written_in(window: Windows, world: World) -> None:
    page = await window.tab(await window.browser(world.ana), f"/threads/{await world.thread()}")
    held: list[Route] = []

    async def hold(route: Route) -> None:
        held.append(route)

    await page.route("**/posts", hold)
    await _area(page).fill("One")
    await _post(page)
    await expect(page.locator(".dock").get_by_role("button", name="Posting…")).to_be_visible()
    await expect(_area(page)).not_to_be_editable()
    await held[0].continue_()
    await expect(_replies(page)).to_contain_text("One")
    await expect(_area(page)).to_be_editable()
