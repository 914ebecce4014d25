"""Lists of what waits: a row never goes from under the hands of who is about to decide, and the focus is never lost."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from forum import memberships
from tests.people import World
from tests.running import RunningSite

pytestmark = pytest.mark.browser
DECIDED = "This no longer waits: it was decided or taken back meanwhile."


@pytest_asyncio.fixture
async def waiting(site: RunningSite, chromium: Browser, world: World) -> AsyncIterator[tuple[Page, list[int]]]:
    """Eve and max ask to join; a moderator has the list of requests open."""
    asked = [await memberships.ask(world.db, each, world.network, "May I?") for each in (world.eve, world.max)]
    page = await site.live_page(chromium, world.db, world.mod, f"/networks/{world.network}/requests")
    yield page, asked
    await page.context.close()


async def test_what_somebody_else_decides_stays_until_i_leave_it(waiting: tuple[Page, list[int]], world: World) -> None:
    page, (first, second) = waiting
    row, other = page.locator(f"#request-{first}"), page.locator(f"#request-{second}")
    await row.get_by_role("button", name="Decline").focus()
    await memberships.decide(world.db, world.lead, world.network, second, approve=True)
    await expect(other).to_have_count(0)
    await expect(row.get_by_role("button", name="Decline")).to_be_focused()
    await memberships.decide(world.db, world.lead, world.network, first, approve=True)
    await expect(row.get_by_text(DECIDED)).to_be_focused()
    await expect(row.get_by_role("button")).to_have_count(0)
    await expect(row).to_contain_text("May I?")
    await page.keyboard.press("Tab")
    await expect(row).to_have_count(0)
    await expect(page.get_by_text("Nobody is waiting.")).to_be_visible()


async def test_after_my_own_decision_the_focus_goes_on_to_the_next(
    waiting: tuple[Page, list[int]], world: World
) -> None:
    page, (first, second) = waiting
    await page.locator(f"#request-{first}").get_by_role("button", name="Let Eve").press("Enter")
    await expect(page.locator(f"#request-{first}")).to_have_count(0)
    await expect(page.locator(f"#request-{second} a").first).to_be_focused()
    await page.locator(f"#request-{second}").get_by_role("button", name="Decline").press("Enter")
    await expect(page.locator(f"#request-{second}")).to_have_count(0)
    await expect(page.locator("main")).to_be_focused()
    await expect(page.get_by_text(DECIDED)).to_have_count(0)
