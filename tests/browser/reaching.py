"""What the keyboard reaches, and what axe has to say of a page."""

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Locator, Page

MAX_TABS = 60


async def tab_to(page: Page, target: Locator, key: str = "Tab") -> None:
    """As somebody without a mouse goes there; back with "Shift+Tab"."""
    for _ in range(MAX_TABS):
        if await target.evaluate("element => element === document.activeElement"):
            return
        await page.keyboard.press(key)
    raise AssertionError(f"the keyboard does not reach {target}")


async def nothing_serious(page: Page) -> None:
    """No fault that axe calls serious or critical."""
    found = await Axe().run(page)
    grave = [each for each in found.response["violations"] if each["impact"] in {"serious", "critical"}]
    assert not grave, [(each["id"], [node["html"] for node in each["nodes"]]) for each in grave]
