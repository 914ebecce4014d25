"""What is done to people, on the real site, in real windows: the composer says why, the words stay, blocks fold."""

import asyncio
import re
from datetime import UTC, datetime

import pytest
from playwright.async_api import Page, expect

from forum import blocks, newcomers, posts, reports, rooms, sanctions, submissions
from forum import members as accounts
from tests.browser.reaching import nothing_serious, tab_to
from tests.browser.windows import Windows
from tests.people import World

pytestmark = pytest.mark.browser


async def not_wider(page: Page) -> None:
    """Than its window."""
    across = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert across <= 0, page.url


async def test_muted_in_mid_writing_the_composer_says_why_and_keeps_the_text(window: Windows, world: World) -> None:
    thread = await world.thread()
    ben = await window(world.ben, f"/threads/{thread}")
    composer = ben.locator(".dock forum-composer")
    await composer.locator("textarea").fill("Half of a thought")
    until = datetime(2031, 11, 30, 12, tzinfo=UTC)
    await sanctions.impose(world.db, world.mod, world.network, world.ben.member, "mute", until=until, reason="Rude")
    await expect(composer.locator("[data-problem]")).to_contain_text("muted you until 30 November. Reason: Rude.")
    await expect(composer.locator("textarea")).to_have_value("Half of a thought")
    assert not await composer.locator("textarea").is_editable()
    await expect(composer.get_by_role("button", name="Reply", exact=True)).to_be_disabled()
    await ben.reload()
    await expect(ben.locator(".dock [data-closed]")).to_contain_text("muted you until 30 November. Reason: Rude.")
    await expect(ben.locator("[data-connection]").first).to_have_text("Live", timeout=15_000)
    await sanctions.lift(world.db, world.mod, world.network, world.ben.member, "mute")
    await expect(composer.locator("textarea")).to_have_value("Half of a thought")
    await expect(ben.locator(".dock [data-closed]")).to_have_count(0)
    await composer.get_by_role("button", name="Reply", exact=True).click()
    await expect(ben.locator("ol.tree")).to_contain_text("Half of a thought")


async def test_suspended_in_mid_writing_the_page_clears_and_the_draft_comes_back(window: Windows, world: World) -> None:
    thread = await world.thread(body="Only members read this")
    ben = await window(world.ben, f"/threads/{thread}")
    await ben.locator(".dock textarea").fill("Half of a thought")
    suspended_at_s = asyncio.get_running_loop().time()
    await sanctions.impose(
        world.db, world.mod, world.network, world.ben.member, "suspension", until=None, reason="Rude"
    )
    await expect(ben.locator("main")).not_to_contain_text("Only members read this")
    assert asyncio.get_running_loop().time() - suspended_at_s < 1
    await expect(ben.locator("textarea")).to_have_count(1)
    await expect(ben.get_by_label("What you were writing")).to_have_value("Half of a thought")
    await ben.goto("/settings/moderation")
    await expect(ben.locator("main")).to_contain_text("Reason: Rude.")
    await sanctions.lift(world.db, world.mod, world.network, world.ben.member, "suspension")
    await ben.goto(f"/threads/{thread}")
    await expect(ben.locator(".dock textarea")).to_have_value("Half of a thought")


@pytest.mark.parametrize("width", [1280, 390])
async def test_a_suspension_from_the_report_to_its_end_by_keyboard_alone(
    width: int, window: Windows, world: World
) -> None:
    thread = await world.thread(body="Only members read this")
    rude = (await posts.reply(world.db, world.ben, thread, "You are all fools"))["id"]
    case = (await reports.report_post(world.db, world.ana, rude, "Unkind or insulting"))["case_id"]
    ben = await window(world.ben, f"/threads/{thread}")
    size = {"width": width, "height": 844}
    mod = await window(world.mod, f"/networks/{world.network}/reports/{case}", viewport=size)
    await tab_to(mod, mod.get_by_role("link", name="Suspend"))
    await mod.keyboard.press("Enter")
    await mod.wait_for_url(f"**/members/{world.ben.member}")
    await tab_to(mod, mod.locator("details.decides summary"))
    await mod.keyboard.press("Enter")
    await nothing_serious(mod)
    await tab_to(mod, mod.get_by_label("Mute or suspend for"))
    await mod.keyboard.type("30")
    await tab_to(mod, mod.get_by_label("Reason"))
    await mod.keyboard.type("Unkind")
    await tab_to(mod, mod.get_by_role("button", name="Suspend from"))
    await mod.keyboard.press("Enter")
    await expect(mod.get_by_role("dialog")).to_be_visible()
    await nothing_serious(mod)
    await tab_to(mod, mod.get_by_role("dialog").get_by_role("button", name="Suspend from"))
    await mod.keyboard.press("Enter")
    await expect(ben.locator("main")).not_to_contain_text("Only members read this")
    await expect(mod.locator("details.decides")).to_contain_text("Suspended until")
    await nothing_serious(mod)
    await ben.goto("/settings/moderation")
    await expect(ben.locator("main")).to_contain_text("Reason: Unkind or insulting.")
    await tab_to(mod, mod.get_by_role("button", name="End it"))
    await mod.keyboard.press("Enter")
    await expect(mod.locator("details.decides")).not_to_contain_text("Suspended until")
    await ben.goto(f"/threads/{thread}")
    await expect(ben.locator("main")).to_contain_text("Only members read this")


@pytest.mark.parametrize("width", [1280, 390])
async def test_a_link_to_set_a_password_is_made_and_copied_by_keyboard_alone(
    width: int, window: Windows, world: World
) -> None:
    size, at = {"width": width, "height": 844}, f"/members/{world.ben.member}"
    admin = await window(world.admin, at, viewport=size, permissions=["clipboard-read", "clipboard-write"])
    await tab_to(admin, admin.locator("details.decides", has_text="the account").locator("summary"))
    await admin.keyboard.press("Enter")
    await tab_to(admin, admin.get_by_role("button", name="Make a link to set a password"))
    await admin.keyboard.press("Enter")
    await admin.wait_for_url(f"**{at}/link")
    await nothing_serious(admin)
    await not_wider(admin)
    link = await admin.get_by_label("The link; it is shown once").input_value()
    await tab_to(admin, admin.get_by_role("button", name="Copy the link"))
    await admin.keyboard.press("Enter")
    await expect(admin.locator("forum-toast")).to_have_text("Link copied.")
    assert await admin.evaluate("navigator.clipboard.readText()") == link
    # As one who is sent it opens it, in a browser of their own.
    await admin.context.clear_cookies()
    await admin.goto(link)
    await admin.get_by_label("New password").fill("a few quiet words")
    await admin.get_by_role("button", name="Set it and sign in").click()
    await expect(admin.locator("html")).to_have_attribute("data-me", str(world.ben.member))


@pytest.mark.parametrize("width", [1280, 390])
async def test_a_token_is_made_and_copied_by_keyboard_alone(width: int, window: Windows, world: World) -> None:
    ana = await window(
        world.ana,
        "/settings",
        viewport={"width": width, "height": 844},
        permissions=["clipboard-read", "clipboard-write"],
    )
    section = ana.get_by_role("region", name="Programs that act for you")
    await tab_to(ana, section.locator("summary"))
    await ana.keyboard.press("Enter")
    await nothing_serious(ana)
    await tab_to(ana, section.get_by_label("What it is for"))
    await ana.keyboard.type("The ward's screen")
    await tab_to(ana, section.get_by_label("Write as you"))
    await ana.keyboard.press("Space")
    await tab_to(ana, section.get_by_role("button", name="Make the token"))
    await ana.keyboard.press("Enter")
    await expect(section).to_contain_text("may read, write;")
    await expect(section.get_by_label("The token; it is shown once")).to_be_in_viewport()
    await nothing_serious(ana)
    await not_wider(ana)
    await section.get_by_role("button", name="Copy the token").press("Enter")
    await expect(ana.locator("forum-toast")).to_have_text("Token copied.")
    token = await ana.evaluate("navigator.clipboard.readText()")
    assert token == await section.get_by_label("The token; it is shown once").input_value()
    # A browser that does not copy, as on a site without https: it is selected instead.
    await ana.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    await section.get_by_role("button", name="Copy the token").click()
    await expect(ana.locator("forum-toast")).to_contain_text("What is to be copied is selected.")
    assert await ana.evaluate("getSelection().toString()") == token


async def test_taking_somebody_out_asks_first(window: Windows, world: World) -> None:
    lead = await window(world.lead, f"/members/{world.ben.member}")
    await lead.locator("details.decides", has_text="Role").locator("summary").click()
    await lead.get_by_role("button", name="Take out of").click()
    dialogue = lead.get_by_role("dialog")
    await expect(dialogue).to_contain_text("What they wrote stays")
    await nothing_serious(lead)
    await dialogue.get_by_role("button", name="Take out of").click()
    await expect(lead.locator("details.decides", has_text="Role")).to_have_count(0)


async def test_to_hold_a_thread_no_more_asks_first(window: Windows, world: World) -> None:
    thread = await world.thread(jointly=True)
    mod = await window(world.mod, f"/threads/{thread}/edit")
    await mod.get_by_role("button", name="Do not hold it any more").click()
    dialogue = mod.get_by_role("dialog")
    await expect(dialogue).to_contain_text("each side has to agree")
    await dialogue.get_by_role("button", name="Do not hold it any more").click()
    await expect(mod.get_by_role("button", name="Do not hold it any more")).to_have_count(0)


async def test_a_suspended_account_is_out_everywhere_at_once(window: Windows, world: World) -> None:
    thread = await world.thread(body="Only members read this")
    pages = [await window(world.ben, path) for path in (f"/threads/{thread}", f"/networks/{world.network}/room", "/")]
    await accounts.suspend(world.db, world.admin, world.ben.member, "Spam")
    for page in pages:
        await expect(page.locator("html")).not_to_have_attribute("data-me", str(world.ben.member))
        await expect(page.locator("body")).not_to_contain_text("Only members read this")


async def test_a_profile_that_is_open_follows_the_suspension_of_the_account_and_its_end(
    window: Windows, world: World
) -> None:
    await accounts.edit_profile(world.db, world.ben, title="Head of IT", about="I like trains")
    pages = [await window(caller, f"/members/{world.ben.member}") for caller in (world.ana, world.mod)]
    for page in pages:
        await expect(page.locator("main")).to_contain_text("I like trains")
    await accounts.suspend(world.db, world.admin, world.ben.member, "Advertising")
    for page in pages:
        await expect(page.locator("main")).to_contain_text("This account is not active now.")
        for gone in ("I like trains", "Head of IT", "Block", "Decide in"):
            await expect(page.locator("main")).not_to_contain_text(gone)
    await accounts.reinstate(world.db, world.admin, world.ben.member)
    for page in pages:
        await expect(page.locator("main")).to_contain_text("I like trains")
        await expect(page.locator("main")).not_to_contain_text("not active")
    await expect(pages[1].locator("main")).to_contain_text("Decide in")


async def test_a_profile_is_one_column(window: Windows, world: World) -> None:
    mod = await window(world.mod, f"/members/{world.ben.member}", viewport={"width": 1280, "height": 844})
    below = mod.locator(".col :is(.people, p.small, .decides)")
    ends = await below.evaluate_all("all => all.map((each) => Math.round(each.getBoundingClientRect().right))")
    assert (len(ends) > 2, len(set(ends))) == (True, 1)


async def test_who_is_blocked_is_folded_on_all_my_screens_and_nobody_elses(window: Windows, world: World) -> None:
    thread = await world.thread()
    old = (await posts.reply(world.db, world.ben, thread, "Something old"))["id"]
    said = (await rooms.say(world.db, world.ben, world.network, "Something said"))["id"]
    ana, room = (
        await window(world.ana, f"/threads/{thread}"),
        await window(world.ana, f"/networks/{world.network}/room"),
    )
    mod = await window(world.mod, f"/threads/{thread}")
    profile = await window(world.ana, f"/members/{world.ben.member}")
    told = await window(world.ana, "/notifications")
    await expect(told.get_by_text("Something old")).to_be_visible()
    await profile.get_by_role("button", name="Block").click()
    await expect(told.get_by_text("Something old")).not_to_be_visible()
    await expect(profile.get_by_role("button", name="Unblock")).to_be_visible()
    await expect(ana.get_by_text("Something old")).not_to_be_visible()
    await expect(room.get_by_text("Something said")).not_to_be_visible()
    new = (await posts.reply(world.db, world.ben, thread, "Something new"))["id"]
    await expect(ana.locator(f"#post-{new} [data-folded]")).to_be_visible()
    await expect(ana.get_by_text("Something new")).not_to_be_visible()
    await expect(mod.get_by_text("Something new")).to_be_visible()
    await expect(mod.locator("[data-folded]")).to_have_count(0)
    # A fresh page folds them before they are painted; the button shows one.
    await ana.reload()
    await expect(ana.get_by_text("Something old")).not_to_be_visible()
    await ana.locator(f"#post-{old}").get_by_role("button", name="Show").click()
    await expect(ana.get_by_text("Something old")).to_be_visible()
    await expect(ana.get_by_text("Something new")).not_to_be_visible()
    await room.locator(f"#message-{said}").get_by_role("button", name="Show").click()
    await expect(room.get_by_text("Something said")).to_be_visible()
    await blocks.unblock(world.db, world.ana, world.ben.member)
    await expect(ana.locator(f"#post-{new}")).to_contain_text("Something new")
    await expect(ana.get_by_text("Something new")).to_be_visible()
    await expect(ana.locator("[data-folded]")).to_have_count(0)


async def test_a_quote_of_who_is_blocked_is_folded_too(window: Windows, world: World) -> None:
    """Where others quote them, and in what is found; the one who quotes is read on."""
    thread = await world.thread()
    word = f"zq{world.tag}"
    post = (await posts.reply(world.db, world.ben, thread, f"Something {word}"))["id"]
    quoting = (await posts.reply(world.db, world.mod, thread, f"> [#{post}]\n\nI answer that"))["id"]
    await blocks.block(world.db, world.ana, world.ben.member)
    ana, lead = await window(world.ana, f"/threads/{thread}"), await window(world.lead, f"/threads/{thread}")
    quote = ana.locator(f"#post-{quoting} .quote")
    await expect(ana.locator(f"#post-{quoting}")).to_contain_text("I answer that")
    await expect(quote.get_by_text(word)).not_to_be_visible()
    await expect(lead.locator(f"#post-{quoting} .quote").get_by_text(word)).to_be_visible()
    late = (await posts.reply(world.db, world.mod, thread, f"> [#{post}]\n\nOnce more"))["id"]
    await expect(ana.locator(f"#post-{late} .quote [data-folded]")).to_be_visible()
    await quote.get_by_role("button", name="Show").click()
    await expect(quote.get_by_text(word)).to_be_visible()
    await expect(ana.locator(f"#post-{late} .quote").get_by_text(word)).not_to_be_visible()
    await ana.goto(f"/search?q={word}")
    await expect(ana.locator(".result [data-folded]")).to_have_count(1)
    await expect(ana.locator(".result .excerpt")).not_to_be_visible()


async def test_slow_mode_counts_down_and_keeps_the_text(window: Windows, world: World) -> None:
    ben = await window(world.ben, f"/networks/{world.network}/room")
    await expect(ben.locator("[data-slow]")).not_to_be_visible()
    mod = await window(world.mod, f"/networks/{world.network}/pace")
    await mod.get_by_label("Between two messages").select_option("30 seconds")
    await mod.get_by_role("button", name="Save").first.click()
    await expect(ben.locator("[data-slow]")).to_have_text("Slow mode: one message every 30 s.")
    composer = ben.locator("forum-composer textarea")
    for words in ("One", "Two"):
        await composer.fill(words)
        await composer.press("Enter")
        await expect(ben.locator("li.msg", has_text=words)).to_be_visible()
    failed = ben.locator("li.msg", has_text="Two")
    await expect(failed.locator(".state")).to_have_text(re.compile(r"Not sent\. .* You can send again in \d+ seconds"))
    first = await failed.locator(".state").inner_text()
    await expect(failed.locator(".state")).not_to_have_text(first)
    await rooms.slow_down(world.db, world.mod, world.network, 0)
    await expect(ben.locator("[data-slow]")).not_to_be_visible()
    await failed.get_by_role("button", name="Try again").click()
    await expect(ben.locator("li.msg[data-number]", has_text="Two")).to_be_visible()


@pytest.mark.parametrize("where", ["thread", "room", "new thread"])
async def test_a_first_post_waits_and_stands_once_it_is_approved(where: str, window: Windows, world: World) -> None:
    opened = await submissions.start(world.db, world.mod, world.network, "A thread", "Opening")
    assert isinstance(opened, submissions.Started)
    thread = opened.thread["id"]
    await newcomers.set_approved(world.db, world.lead, world.network, 1)
    mod = await window(world.mod, f"/networks/{world.network}/submissions")
    paths = {
        "thread": f"/threads/{thread}",
        "room": f"/networks/{world.network}/room",
        "new thread": f"/networks/{world.network}/threads/new",
    }
    ben = await window(world.ben, paths[where])
    if where == "new thread":
        await ben.get_by_label("Title").fill("A question")
    await ben.locator("forum-composer textarea, textarea").first.fill("Hello to all of you")
    button = {"thread": "Reply", "room": "Send", "new thread": "Post the thread"}[where]
    await ben.get_by_role("button", name=button, exact=True).click()
    await expect(ben.locator("main")).to_contain_text("Yours is waiting")
    await expect(mod.locator(".note")).to_contain_text("Hello to all of you")
    await mod.get_by_role("button", name="Approve").click()
    await expect(mod.locator(".note")).to_have_count(0)
    if where != "new thread":
        await expect(ben.locator({"thread": "ol.tree", "room": "ol.log"}[where])).to_contain_text("Hello to all of you")
    await ben.goto("/notifications")
    await expect(ben.locator("main")).to_contain_text("has been approved")


@pytest.mark.parametrize("width", [1280, 390])
async def test_axe_finds_nothing_serious(width: int, window: Windows, world: World) -> None:
    thread = await world.thread()
    await newcomers.set_approved(world.db, world.lead, world.network, 3)
    waits = await submissions.reply(world.db, world.ben, thread, "Hello to *all*")
    assert isinstance(waits, submissions.Submission)
    await sanctions.impose(world.db, world.mod, world.network, world.ben.member, "mute", until=None, reason="Rude")
    await blocks.block(world.db, world.ben, world.ana.member)
    size = {"width": width, "height": 2_000}
    for caller, path in (
        (world.mod, f"/networks/{world.network}/submissions"),
        (world.mod, f"/submissions/{waits.id}"),
        (world.ben, f"/submissions/{waits.id}"),
        (world.lead, f"/networks/{world.network}/pace"),
        (world.mod, f"/members/{world.ben.member}"),
        (world.admin, f"/members/{world.ben.member}"),
        (world.ben, "/settings/moderation"),
        (world.ben, "/notifications"),
        (world.ben, f"/threads/{thread}"),
    ):
        page = await window(caller, path, viewport=size)
        for details in await page.locator("details.decides").all():
            await details.evaluate("each => { each.open = true }")
        await nothing_serious(page)
        await not_wider(page)
