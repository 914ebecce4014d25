"""Live equals reload in a real browser: pages that stayed open through every act show what fresh ones show."""

import asyncio
import difflib

import pytest
from playwright.async_api import Browser, Error, Page, expect

from tests.live.history import history
from tests.people import make_world
from tests.running import RunningSite

pytestmark = pytest.mark.browser

SHOWN = """() => {
    const main = document.getElementById('main').cloneNode(true);
    // What is mine alone, who is here, and what a page forgets when it is loaded anew.
    for (const gone of main.querySelectorAll('.dock, .pill, .new, .line.unread, li.new, [data-here-of], .typing, '
        + "[data-here-count], input[name=key], [data-unread-of], [data-next-unread], .foot, .stack")) gone.remove();
    for (const each of main.querySelectorAll('*')) {
        each.classList.remove('unread', 'arrived', 'now', 'tome', 'taken');
        for (const name of ['data-read', 'data-since', 'data-seen', 'aria-current', 'data-key', 'id']) {
            if (name !== 'id' || each.tagName === 'FORM') each.removeAttribute(name);
        }
        if (!each.getAttribute('class')) each.removeAttribute('class');
        if (each.getAttribute('tabindex') === '-1') each.removeAttribute('tabindex');
    }
    const byId = (one, other) => one.id < other.id ? -1 : 1;
    for (const list of main.querySelectorAll('ul.people')) list.append(...[...list.children].sort(byId));
    return main.innerHTML.replace(/>\\s*</g, '>\\n<').replace(/[ \\t]+/g, ' ');
}"""


async def _difference(old: Page, fresh: Page) -> list[str]:
    was, now = await old.evaluate(SHOWN), await fresh.evaluate(SHOWN)
    lines = difflib.unified_diff(was.split("\n"), now.split("\n"), "live", "reload", lineterm="", n=1)
    return list(lines)[:30]


async def test_pages_that_stayed_open(site: RunningSite, chromium: Browser) -> None:
    db = site.app.state.site.db
    world = await make_world(db)
    context = await site.window(chromium, db, world.lead)
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    pages: dict[str, Page] = {}
    fresh = await context.new_page()
    places = [
        f"/networks/{world.network}",
        f"/networks/{world.network}/room",
        f"/networks/{world.network}/people",
        f"/networks/{world.other}",
    ]
    wrong: list[str] = []
    acts: list[str] = []
    async for act in history(world):
        acts.append(act)
        if act == "threads.start":
            thread = await db.pool.fetchval("SELECT max(id) FROM threads")
            places += [f"/threads/{thread}?order=tree", f"/threads/{thread}?order=time"]
            for place in places:
                pages[place] = await context.new_page()
                await pages[place].goto(place)
                await expect(pages[place].locator("[data-connection]")).to_have_text("Live", timeout=15_000)
        elif len(acts) % 8 == 0 or act == "members.reinstate":
            for place, page in pages.items():
                wrong += await _compare(place, page, fresh, acts[-8:])
            acts = acts[-8:]
    assert not errors
    assert not wrong, "\n".join(wrong)[:9000]


async def _compare(place: str, page: Page, fresh: Page, acts: list[str]) -> list[str]:
    """The differences that remain after five seconds; the page is then loaded anew, so that each is told once.

    A page that was told twice within a few seconds to load anew asks before it does so again: its button is pressed.
    """
    difference: list[str] = []
    for _ in range(8):
        await fresh.goto(place)
        again = page.get_by_role("button", name="Reload", exact=True)
        if await again.is_visible():
            async with page.expect_navigation():
                await again.click()
        try:
            await page.evaluate(
                "for (const pill of document.querySelectorAll('forum-list .pill:not([hidden])')) pill.click()"
            )
            difference = await _difference(page, fresh)
        except Error as error:
            # It was told to load anew, and does so at a moment of its own within two seconds.
            assert "context was destroyed" in error.message  # noqa: PT017 (else it is ours to know)
            difference = ["it loads anew"]
        if not difference:
            return []
        await asyncio.sleep(0.2)
    await page.goto(place)
    return [f"{place} after {acts}:", *difference]
