"""Every page of the real site as people see it: no fault that axe calls serious, no sideways scroll, light to load,
and read by keyboard alone.
"""

import re
from collections.abc import Mapping

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser, Page, expect

from forum import appeals, conversations, members, memberships, posts, removal, reports, rooms, sessions
from forum.db import Database
from forum.standing import Caller
from tests.pages.test_web_pages import PAGES
from tests.people import World, make_world
from tests.running import RunningSite

pytestmark = pytest.mark.browser

MAX_THREAD_PAGE_BYTES = 80_000
BRIGHTNESS = """() => {
    const pixel = document.createElement("canvas").getContext("2d");
    pixel.fillStyle = getComputedStyle(document.body).backgroundColor;
    pixel.fillRect(0, 0, 1, 1);
    return pixel.getImageData(0, 0, 1, 1).data[0] / 255;
}"""
"""Of the page's ground: 0 is black."""
WIDTHS = (320, 390, 768, 1024, 1280, 1920)
LONG = "Unterstuetzungsgesellschaftszusammenarbeitsvereinbarung" * 3


@pytest_asyncio.fixture
async def world(db: Database) -> World:
    return await make_world(db, visibility="public")


async def _pages(world: World, who: str) -> Mapping[str, str]:
    """What there is to look at, by name: a thread with a long word, a quote and a gap, a room, and all the rest."""
    thread = await world.thread(title="Portal identity checks: what did you accept at the front desk?")
    first = await posts.reply(world.db, world.ben, thread, f"A word that does not break: {LONG}")
    await posts.reply(world.db, world.ana, thread, "    and = code_that_is_long()  # " + "x" * 200, parent=first["id"])
    message = await rooms.say(world.db, world.ben, world.network, f"Good morning {LONG}")
    gone = await posts.reply(world.db, world.ben, thread, f"Bed 12 {LONG}")
    await removal.remove_post(world.db, world.mod, gone["id"], "Private information", f"Not here {LONG}")
    removed = await world.db.pool.fetchval("SELECT max(id) FROM removals")
    case = (await reports.report_post(world.db, world.obs, first["id"], "Advertising", f"See {LONG}"))["case_id"]
    opening = await world.db.pool.fetchval("SELECT id FROM posts WHERE thread_id = $1 AND number = 1", thread)
    mine = await rooms.say(world.db, world.ana, world.network, f"Mine {LONG}")
    between = (await conversations.open(world.db, world.ana, world.ben.member)).room_id
    await conversations.say(world.db, world.ben, between, f"Between us {LONG}")
    invitation = await memberships.invite(world.db, world.lead, world.network)
    link, _ = await members.one_time_link(world.db, world.obs.member)
    network = f"/networks/{world.network}"
    guest = {
        "home": "/",
        "networks": "/networks",
        "network": network,
        "about": f"{network}/about",
        "thread": f"/threads/{thread}?order=tree",
        "by time": f"/threads/{thread}?order=time",
        "summary": f"{network}/summary",
        "invitation": f"/invitations/{invitation.token}",
        "one-time link": f"/links/{link}",
        "sign-in": "/sign-in",
        "not found": "/nothing-here",
    }
    member = guest | {
        "room": f"{network}/room",
        "people": f"{network}/people",
        "new thread": f"{network}/threads/new",
        "new thread from a message": f"{network}/threads/new?message={message['id']}",
        "room from a place": f"{network}/room?at=1",
        "leave": f"{network}/leave",
        "reply": f"/threads/{thread}/reply?to={first['id']}",
        "acts": f"/posts/{first['id']}/acts",
        "history": f"/posts/{first['id']}/history",
        "message": f"/messages/{message['id']}/acts",
        "rooms": "/rooms",
        "conversations": "/conversations",
        "conversation": f"/conversations/{between}",
        "notifications": "/notifications",
        "search": "/search?q=portal",
        "profile": f"/members/{world.ben.member}",
        "settings": "/settings",
        "sign-out": "/sign-out",
        "report": f"/posts/{first['id']}/report",
        "edit": f"/posts/{opening}/edit",
        "withdraw": f"/posts/{opening}/withdraw",
        "message edit": f"/messages/{mine['id']}/edit",
        "what was decided about me": "/settings/moderation",
    }
    lead = member | {
        "log": f"{network}/log",
        "network settings": f"{network}/settings",
        "invitations": f"{network}/invitations",
        "requests": f"{network}/requests",
        "remove": f"/posts/{first['id']}/remove",
        "thread settings": f"/threads/{thread}/edit",
        "split": f"/threads/{thread}/split",
        "sub-group": f"/networks/new?parent={world.network}",
        "all reports": "/reports",
        "reports": f"{network}/reports",
        "case": f"/reports/{case}",
        "appeals": f"{network}/appeals",
        "removals": f"{network}/removals",
        "removal": f"/removals/{removed}",
        "first posts": f"{network}/submissions",
        "pace": f"{network}/pace",
    }
    moderator = {name: path for name, path in lead.items() if name != "network settings"}
    return {"guest": guest, "member": member, "moderator": moderator, "lead": lead}[who]


def _caller(world: World, who: str) -> Caller | None:
    return {"guest": None, "member": world.ana, "moderator": world.mod, "lead": world.lead}[who]


ALIKE = {
    "/posts/{post}": "leads on to its thread",
    "/messages/{message}": "leads on to its room",
    "/networks/{slug}/messages": "is the room",
    "/conversations/{conversation}/messages": "is the conversation",
    "/reports/direct/{direct_case}": "is as a network's /reports/{case}",
    "/networks/{slug}/reports/{case}": "is /reports/{case}",
    "/submissions/{submission}": "is a row of a network's first posts",
    **{f"/messages/{{message}}/{act}": "is as a post's" for act in ("history", "withdraw", "remove", "report")},
    **dict.fromkeys(("/people", "/rail", "/unread"), "is no page"),
}
"""Addresses that need no look of their own, and why."""


async def test_every_page_is_looked_at(world: World) -> None:
    paths = [path.partition("?")[0] for path in (await _pages(world, "lead")).values()]
    unseen = {
        page
        for page in PAGES.keys() - ALIKE.keys()
        if not any(re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", page), path) for path in paths)
    }
    assert not unseen, "add them to _pages"


SAY_MORE = {"home", "network", "thread", "room", "people", "acts", "message", "profile"}
"""Pages of members on which moderators and leads have more to see and to do."""
WINDOWS = [(1280, "light"), (390, "dark"), (1280, "dark"), (390, "light")]


@pytest.mark.parametrize(
    ("who", "width", "scheme"),
    [
        *(("guest", *window) for window in WINDOWS),
        *((who, *window) for who in ("member", "moderator", "lead") for window in WINDOWS[:2]),
    ],
)
async def test_axe_finds_nothing_serious(
    site: RunningSite, chromium: Browser, world: World, who: str, width: int, scheme: str
) -> None:
    context = await site.window(
        chromium, world.db, _caller(world, who), viewport={"width": width, "height": 844}, color_scheme=scheme,
        reduced_motion="reduce", bypass_csp=True,
    )  # fmt: skip
    page = await context.new_page()
    faults = []
    seen_by_members = set() if who in {"guest", "member"} else set(await _pages(world, "member")) - SAY_MORE
    for name, path in (await _pages(world, who)).items():
        if name in seen_by_members:
            continue
        await page.goto(path)
        faults += await _faults(page, name)
    await context.close()
    assert not faults, "\n".join(faults)


async def _faults(page: Page, what: str) -> list[str]:
    found = await Axe().run(page)
    return [
        f"{what}: {fault['id']} {[node['target'] for node in fault['nodes']][:3]}"
        for fault in found.response["violations"]
        if fault["impact"] in {"serious", "critical"}
    ]


@pytest.mark.parametrize(("width", "scheme"), WINDOWS[:2])
async def test_axe_finds_nothing_serious_in_what_opens(
    site: RunningSite, chromium: Browser, world: World, width: int, scheme: str
) -> None:
    """Menus, dialogs, the composer in place, a gap's words, threads like mine: what a page shows when asked."""
    thread = await world.thread(title=f"Portal identity checks {world.tag}")
    kept, gone = [(await posts.reply(world.db, world.ben, thread, words))["id"] for words in ("A reply", "Bed 12")]
    await removal.remove_post(world.db, world.mod, gone, "Private information")
    context = await site.window(
        chromium, world.db, world.mod, viewport={"width": width, "height": 844}, color_scheme=scheme,
        reduced_motion="reduce", bypass_csp=True,
    )  # fmt: skip
    page = await context.new_page()
    await page.goto(f"/threads/{thread}?order=tree")
    await expect(page.locator("[data-connection]").first).to_have_text("Live", timeout=15_000)
    await page.locator(f"#post-{gone} forum-menu > a").click()
    await expect(page.locator(f"#post-{gone} .pop")).to_be_visible()
    faults = await _faults(page, "menu of a gap")
    await page.get_by_role("link", name="Show what it said").click()
    await expect(page.locator(".sealed")).to_be_visible()
    faults += await _faults(page, "words of a gap")
    await page.locator(f"#post-{kept} [data-act=reply]").first.click()
    await expect(page.locator(f"#post-{kept} textarea")).to_be_focused()
    faults += await _faults(page, "composer in place")
    await page.keyboard.press("Escape")
    await page.locator(f"#post-{kept} forum-menu > a").click()
    await page.locator(f"#post-{kept}").get_by_role("link", name="Remove…").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    faults += await _faults(page, "dialog")
    await page.goto(f"/networks/{world.network}/threads/new")
    await page.get_by_label("Title").press_sequentially(f"portal identity {world.tag}")
    await expect(page.locator("forum-similar li")).to_have_count(1)
    faults += await _faults(page, "threads like mine")
    over = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    await context.close()
    assert not faults, "\n".join(faults)
    assert over <= 0


async def test_a_thread_page_is_light(site: RunningSite, chromium: Browser, world: World) -> None:
    """Cold, with heads and all, as it came over the wire: blueprint and issue say at most 80 kB."""
    thread = await world.thread()
    for number in range(20):
        await posts.reply(world.db, world.ben, thread, f"Reply {number}: a few words that somebody wrote at lunch.")
    context = await site.window(chromium, world.db, world.ana)
    page = await context.new_page()
    wire = await context.new_cdp_session(page)
    sizes: list[int] = []
    wire.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
    await wire.send("Network.enable")
    await page.goto(f"/threads/{thread}?order=tree", wait_until="load")
    await expect(page.locator("[data-connection]")).to_have_text("Live", timeout=15_000)
    await context.close()
    assert len(sizes) > 3
    assert sum(sizes) <= MAX_THREAD_PAGE_BYTES, f"{sum(sizes)} bytes in {len(sizes)} answers"


async def test_paper_is_white_whatever_the_screen_is(site: RunningSite, chromium: Browser, world: World) -> None:
    context = await site.window(chromium, world.db, world.ana, color_scheme="dark")
    page = await context.new_page()
    await page.goto(f"/threads/{await world.thread()}")
    grounds = []
    for media in ("screen", "print"):
        await page.emulate_media(media=media)
        grounds.append(await page.evaluate(BRIGHTNESS))
    await expect(page.get_by_role("navigation").first).to_be_hidden()
    await context.close()
    assert grounds[0] < 0.5 < grounds[1]


async def test_on_paper_stands_all_that_was_written_and_where(
    site: RunningSite, chromium: Browser, world: World
) -> None:
    """No composer, no navigation, nothing to press; a quote and the sentence of a gap are words too."""
    thread = await world.thread(title="Portal identity checks", body="What did you accept?")
    first = await posts.reply(world.db, world.ben, thread, "A driving licence")
    await posts.reply(world.db, world.ana, thread, f"> [#{first['id']}]\n\nWe too", parent=first["id"])
    gone = await posts.reply(world.db, world.ben, thread, "Bed 12")
    await removal.remove_post(world.db, world.mod, gone["id"], "Private information")
    await rooms.say(world.db, world.ben, world.network, "Good morning")
    context = await site.window(chromium, world.db, world.mod)
    page = await context.new_page()
    await page.emulate_media(media="print")
    await page.goto(f"/threads/{thread}?order=tree")
    for words in ("Portal identity checks", "What did you accept?", "A driving licence", "We too"):
        await expect(page.locator("main").get_by_text(words, exact=True).first).to_be_visible()
    await expect(page.locator("blockquote.quote").get_by_text("A driving licence")).to_be_visible()
    await expect(page.locator(".gap").first).to_contain_text("Removed by a moderator")
    await expect(page.locator(".gap > span").first).to_be_visible()
    for pressed in ("textarea", "nav", "button", ".acts", ".rail", "aside"):
        assert await page.locator(pressed).evaluate_all("all => all.filter(each => each.checkVisibility()).length") == 0
    await page.goto(f"/networks/{world.network}/room")
    await expect(page.locator("main").get_by_text("Good morning", exact=True)).to_be_visible()
    await expect(page.locator(".head .where")).to_be_visible()
    await expect(page.locator("textarea")).to_be_hidden()
    await context.close()


TABLE = "## What we paid\n\n| Supplier | Cost | Remarks |\n|---|---:|---|\n| Alpha | 12,000 | " + "Works. " * 12 + "|"
LINES = """(part) => {
    const words = document.createRange();
    words.selectNodeContents(part);
    return new Set([...words.getClientRects()].map(({ top }) => top)).size;
}"""
"""In how many lines the words of a part stand."""


async def test_on_a_phone_words_of_ours_are_whole(site: RunningSite, chromium: Browser, world: World) -> None:
    """A column as wide as its longest word, wherever a post is shown; the day until which one may appeal; one line of
    tabs, whoever is in the room; and a heading that is no smaller than what it stands over.
    """
    thread = await world.thread(body=TABLE)
    gone = (await posts.reply(world.db, world.ben, thread, "Bed 12"))["id"]
    await removal.remove_post(world.db, world.mod, gone, "Private information", "Please leave the numbers out.")
    removed = await world.db.pool.fetchval("SELECT id FROM removals WHERE post_id = $1", gone)
    phone = {"viewport": {"width": 390, "height": 844}}
    ben = await site.live_page(chromium, world.db, world.ben, "/notifications", **phone)
    told = ben.locator(".note .said", has_text="You can appeal")
    await expect(told).to_be_visible()
    assert await told.evaluate("(part) => part.scrollHeight <= part.clientHeight")
    await ben.goto(f"/networks/{world.network}/room")
    appeal = (await appeals.make(world.db, world.ben, removed, "No"))["appeal_id"]
    lead = await site.live_page(chromium, world.db, world.lead, f"/networks/{world.network}", **phone)
    await expect(lead.locator(".tabs .here-now")).to_be_visible(timeout=15_000)
    assert len(set(await lead.locator(".tabs a").evaluate_all("(tabs) => tabs.map((tab) => tab.offsetTop)"))) == 1
    for page in (f"/threads/{thread}", f"/appeals/{appeal}"):
        await lead.goto(page)
        assert await lead.locator("th", has_text="Supplier").evaluate(LINES) == 1
        assert await lead.locator("td", has_text="12,000").evaluate(LINES) == 1
        assert await lead.evaluate("""() => {
            const size = (part) => parseFloat(getComputedStyle(document.querySelector(part)).fontSize);
            return size(".prose :is(h2, h3, h4, h5, h6)") >= size(".prose");
        }""")
    await ben.context.close()
    await lead.context.close()


async def test_what_came_of_a_setting_is_in_view(site: RunningSite, chromium: Browser, world: World) -> None:
    """The settings are long: whoever saves a part of them is led back to it, and to what is wrong with it."""
    await sessions.start(world.db, world.ana.member, browser="Safari on iPhone")
    phone = {"width": 390, "height": 844}
    page = await site.live_page(chromium, world.db, world.ana, "/settings", viewport=phone)
    await page.get_by_label("Current password").fill("not this one")
    await page.get_by_label("New password").fill("short")
    await page.get_by_role("button", name="Change the password").click()
    await expect(page.locator(".error")).to_be_in_viewport()
    await page.get_by_role("button", name="Sign out there").click()
    await expect(page.get_by_text("Signed out there.")).to_be_in_viewport()
    await page.wait_for_load_state()
    await page.get_by_label("Dark", exact=True).check()
    await page.get_by_role("form", name="How it looks and works").get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved.")).to_be_in_viewport()
    await page.context.close()


@pytest.mark.parametrize("who", ["guest", "lead"])
async def test_nothing_scrolls_sideways(site: RunningSite, chromium: Browser, world: World, who: str) -> None:
    pages = await _pages(world, who)
    gone = await rooms.say(world.db, world.ben, world.network, "Said too soon")
    await rooms.withdraw(world.db, world.ben, gone["id"])
    await world.db.pool.execute("UPDATE members SET name = $1 WHERE email LIKE '%' || $2 || '@%'", LONG[:54], world.tag)
    context = await site.window(chromium, world.db, _caller(world, who))
    page = await context.new_page()
    wide = []
    for name, path in pages.items():
        await page.goto(path)
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 800})
            over = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if over > 0:
                wide.append(f"{name} at {width}: {over} px")
    await context.close()
    assert not wide, "\n".join(wide)


ROWS = """head => {
    const shown = [...head.children].filter(child => child.checkVisibility());
    const boxes = shown.map(child => child.getBoundingClientRect());
    return new Set(boxes.map(({top, bottom}) => Math.round((top + bottom) / 2))).size;
}"""
LARGE_TEXT = "document.documentElement.style.fontSize = '32px'"


async def test_with_text_twice_as_large_nothing_scrolls_sideways_on_a_phone(
    site: RunningSite, chromium: Browser, world: World
) -> None:
    wide = []
    for who in ("guest", "lead"):
        pages = await _pages(world, who)
        context = await site.window(chromium, world.db, _caller(world, who), viewport={"width": 390, "height": 844})
        page = await context.new_page()
        for name, path in pages.items():
            await page.goto(path)
            await page.evaluate(LARGE_TEXT)
            over = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if over > 0:
                wide.append(f"{who}, {name}: {over} px")
        await context.close()
    assert not wide, "\n".join(wide)


async def test_with_text_twice_as_large_one_can_still_write_on_a_phone(
    site: RunningSite, chromium: Browser, world: World
) -> None:
    """The words stand beside nothing that leaves them no room, and what sticks hides no focus."""
    await rooms.say(world.db, world.ben, world.network, "Good morning")
    phone = {"width": 390, "height": 844}
    page = await site.live_page(chromium, world.db, world.ana, f"/networks/{world.network}/room", viewport=phone)
    await page.evaluate(LARGE_TEXT)
    await expect(page.locator(".head [data-here-of]")).to_be_visible()
    assert await page.locator(".head").evaluate(ROWS) <= 2
    room_to_write = await page.locator("forum-composer textarea").bounding_box()
    assert room_to_write is not None
    assert room_to_write["width"] > 200
    await page.goto(f"/networks/{world.network}")
    await page.evaluate(LARGE_TEXT)
    head = page.locator(".head")
    await page.wait_for_function(
        "() => parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop)"
        " > document.querySelector('.head').offsetHeight"
    )
    await expect(head).to_be_visible()
    await page.context.close()


async def test_a_thread_is_read_by_keyboard(site: RunningSite, chromium: Browser, world: World) -> None:
    thread = await world.thread()
    ids = [(await posts.reply(world.db, world.ben, thread, f"Reply {number}"))["id"] for number in range(3)]
    context = await site.window(chromium, world.db, world.ana)
    page = await context.new_page()
    await page.goto(f"/threads/{thread}?order=tree")
    await expect(page.locator("[data-connection]")).to_have_text("Live", timeout=15_000)

    async def press(key: str, at: int) -> None:
        await page.keyboard.press(key)
        await page.wait_for_function(
            "id => document.activeElement.closest('[id^=post-]')?.id === id", arg=f"post-{ids[at]}"
        )

    await press("n", 0)
    assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", "it is seen where"
    await press("j", 1)
    await press("j", 2)
    await press("k", 1)
    await press("p", 0)
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_contain_text("next unread post")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.keyboard.press("r")
    await expect(page.locator("textarea:focus")).to_be_visible()
    await expect(page.locator("forum-composer:has(textarea:focus)")).to_contain_text("In reply to Ben")
    await page.keyboard.type("nj?")
    await expect(page.locator("textarea:focus")).to_have_value("nj?")
    await context.close()
