"""<forum-live>: order, gaps, ends of a connection, and what is left where I may no longer look."""

# ruff: noqa: E501 (markup stands on one line, as the server sends it)

import asyncio
import json
from typing import Any

import pytest
from playwright.async_api import Page, Route, WebSocketRoute, expect
from starlette.responses import Response

from tests.browser.parts import composer, message, post, room, row, thread
from tests.browser.stage import Post as Sent
from tests.browser.stage import Stage, fragment, problem

pytestmark = pytest.mark.browser
CHANNELS = {"thread:9": 0, "member:7": 0}


class Script:
    """A server that says what a test tells it to: what a right one never does, a page must survive."""

    def __init__(self) -> None:
        self.sockets: list[WebSocketRoute] = []
        self.follows: list[dict[str, Any]] = []

    async def take(self, page: Page) -> None:
        await page.route_web_socket("**/live", self._opened)

    def _opened(self, socket: WebSocketRoute) -> None:
        self.sockets.append(socket)
        socket.on_message(lambda said: self.follows.append(json.loads(said)))

    def say(self, **frame: Any) -> None:
        self.sockets[-1].send(json.dumps(frame))

    def following(self, channel: str, seq: int, log: str = "first") -> None:
        self.say(type="following", channel=channel, seq=seq, log=log)

    def update(self, seq: int, number: int) -> None:
        self.say(
            type="update", channel="thread:9", seq=seq, kind="post.created", id=number, version=1, html=post(number)
        )

    async def followed(self, times: int) -> dict[str, Any]:
        async with asyncio.timeout(8):
            while len(self.follows) < times:  # noqa: ASYNC110 (a condition of the browser's)
                await asyncio.sleep(0.02)
        return self.follows[times - 1]


@pytest.fixture
async def script(page: Page) -> Script:
    script = Script()
    await script.take(page)
    return script


async def order(page: Page) -> list[str]:
    return await page.locator("ol.tree > li").evaluate_all("all => all.map(li => li.id)")


async def live(page: Page) -> None:
    await expect(page.locator("[data-connection]")).to_have_text("Live")


async def test_a_page_catches_up_from_its_cursor(page: Page, stage: Stage) -> None:
    for number in (2, 3, 4):
        stage.record("thread:9", "post.created", number, post(number))
    await page.goto(stage.show("/threads/9", thread(post(2)), {"thread:9": 1}))
    await expect(page.locator("#post-4")).to_be_visible()
    assert await order(page) == ["post-2", "post-3", "post-4"]


async def test_many_channels_are_followed_in_one_frame(page: Page, stage: Stage, script: Script) -> None:
    await page.goto(stage.show("/threads/9", thread(post(2)), {"thread:9": 4, "network:3": 7, "member:7": 1}))
    assert await script.followed(1) == {
        "type": "follow",
        "channels": {"thread:9": 4, "network:3": 7, "member:7": 1},
        "log": "first",
    }


async def test_a_gap_is_asked_for_and_nothing_is_applied_twice(page: Page, stage: Stage, script: Script) -> None:
    await page.goto(stage.show("/threads/9", thread(post(2)), {"thread:9": 4}))
    await script.followed(1)
    script.following("thread:9", 4)
    script.update(6, 6)
    assert (await script.followed(2))["channels"] == {"thread:9": 4}
    assert await order(page) == ["post-2"]
    script.update(7, 7)
    script.update(5, 5)
    script.update(6, 6)
    script.update(6, 60)
    script.update(7, 7)
    script.following("thread:9", 7)
    await expect(page.locator("#post-7")).to_be_visible()
    assert await order(page) == ["post-2", "post-5", "post-6", "post-7"]
    assert len(script.follows) == 2


async def test_a_gap_that_nobody_can_fill_is_declared(page: Page, stage: Stage, script: Script) -> None:
    await page.goto(stage.show("/threads/9", thread(post(2)), {"thread:9": 4}))
    for times in range(1, 5):
        await script.followed(times)
        script.following("thread:9", 9)
    await page.wait_for_event("framenavigated")


async def test_a_frame_that_cannot_be_applied_is_never_skipped(chromium: Any, stage: Stage) -> None:
    context = await chromium.new_context(base_url=stage.url)
    page = await context.new_page()
    await page.goto(stage.show("/threads/9", thread(post(2)), CHANNELS))
    await live(page)
    await page.evaluate("document.querySelector('forum-thread').querySelector('ol.tree').remove()")
    async with page.expect_navigation():
        stage.record("thread:9", "post.created", 3, post(3))
    await live(page)
    await expect(page.locator("#post-3")).to_be_visible()
    await context.close()


async def test_the_server_restarts_and_the_page_is_up_to_date_again(page: Page, stage: Stage) -> None:
    await page.goto(stage.show("/threads/9", thread(post(2)), CHANNELS))
    await live(page)
    stage.drop(1012)
    stage.record("thread:9", "post.created", 3, post(3))
    await expect(page.locator("#post-3")).to_be_visible()
    await live(page)
    assert await page.locator(".banner").count() == 0


async def test_a_slept_page_drops_the_words_on_waking(page: Page, stage: Stage) -> None:
    await page.goto(stage.show("/threads/9", thread(post(2, body="secret")), CHANNELS))
    await live(page)
    await page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    stage.record("thread:9", "post.removed", 2, post(2, author=None))
    await stage.until(lambda: stage.live.hub.gauges()["screens"] == 0)
    assert "secret" in await page.content()
    await page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    await expect(page.locator("#post-2 .gap")).to_be_visible()
    assert "secret" not in await page.content()


SLEPT = "(() => { const now = Date.now; Date.now = () => now() + 3_600_000; })()"
"""An hour has passed that no timer has counted."""


async def test_after_a_sleep_a_socket_that_died_in_silence_is_found_out(page: Page, stage: Stage) -> None:
    """The lid is opened, the page was in view all the time, and nobody says that the network is back."""
    dead: list[bool] = []

    def pass_on(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        socket.on_message(lambda said: None if dead else server.send(said))
        server.on_message(lambda said: None if dead else socket.send(said))

    await page.route_web_socket("**/live", pass_on)
    await page.goto(stage.show("/threads/9", thread(post(2, body="secret")), CHANNELS))
    await live(page)
    dead.append(True)
    stage.record("thread:9", "post.removed", 2, post(2, author=None))
    await page.evaluate(SLEPT)
    await expect(page.locator("[data-connection]")).to_have_text("Reconnecting…", timeout=15_000)
    dead.clear()
    await expect(page.locator("#post-2 .gap")).to_be_visible(timeout=15_000)
    assert "secret" not in await page.content()


async def test_after_a_sleep_a_poll_that_died_in_silence_is_asked_anew(page: Page, stage: Stage) -> None:
    stage.sockets_pass = False
    cut = [True]

    async def answer(route: Route) -> None:
        if not cut:
            await route.continue_()

    await page.route("**/api/v1/updates**", answer)
    await page.goto(stage.show("/threads/9", thread(post(2, body="secret")), CHANNELS))
    await live(page)
    stage.record("thread:9", "post.removed", 2, post(2, author=None))
    cut.clear()
    await page.evaluate(SLEPT)
    await expect(page.locator("#post-2 .gap")).to_be_visible(timeout=15_000)
    assert "secret" not in await page.content()


async def test_no_connection_is_said_and_so_is_the_return(page: Page, stage: Stage) -> None:
    await page.goto(stage.show("/threads/9", thread(post(2)), CHANNELS))
    await live(page)
    await page.context.set_offline(True)
    await expect(page.locator(".banner span")).to_have_text(
        "No connection. You can keep reading and writing; nothing is lost."
    )
    await expect(page.locator("[data-connection]")).to_have_text("Reconnecting…")
    await page.context.set_offline(False)
    await expect(page.locator(".banner")).to_have_text("Back. You are up to date.")
    await live(page)
    await expect(page.locator(".banner")).to_have_count(0)


async def test_where_sockets_do_not_pass_the_same_comes_by_long_poll(page: Page, stage: Stage) -> None:
    stage.sockets_pass = False
    await page.goto(stage.show("/threads/9", thread(post(2, body="secret")), CHANNELS))
    await live(page)
    stage.record("thread:9", "post.created", 3, post(3))
    await expect(page.locator("#post-3")).to_be_visible()
    stage.record("thread:9", "post.removed", 2, post(2, author=None))
    await expect(page.locator("#post-2 .gap")).to_be_visible()
    assert "secret" not in await page.content()
    # It keeps trying the socket, and then needs no poll.
    stage.sockets_pass = True
    await stage.until(lambda: stage.live.hub.gauges()["screens"] == 1 and stage.live.metrics.polls, 20)
    stage.record("thread:9", "post.created", 4, post(4))
    await expect(page.locator("#post-4")).to_be_visible()
    assert await order(page) == ["post-2", "post-3", "post-4"]


async def test_a_poll_brings_the_last_of_many_channels_too(page: Page, stage: Stage) -> None:
    stage.sockets_pass = False
    others = {f"network:{number}": 0 for number in range(1, 100)}
    await page.goto(stage.show("/threads/9", thread(post(2)), {**others, **CHANNELS}))
    await live(page)
    stage.record("thread:9", "post.created", 3, post(3))
    await expect(page.locator("#post-3")).to_be_visible()


HIDEABLE = """globalThis.hide = (hidden) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
MORE_THAN_A_BROWSER_CONNECTS_AT_ONCE = 7


async def test_pages_that_nobody_looks_at_leave_room_for_the_one_that_is(page: Page, stage: Stage) -> None:
    """By long poll: a browser has six connections to one site, for all its pages."""
    stage.sockets_pass = False
    address = stage.show("/threads/9", thread(post(2, body="secret")), CHANNELS)
    await page.context.add_init_script(HIDEABLE)
    others = [await page.context.new_page() for _ in range(MORE_THAN_A_BROWSER_CONNECTS_AT_ONCE)]
    for other in others:
        await other.goto(address)
        await other.evaluate("hide(true)")
        await live(other)
    await page.goto(address)
    await live(page)
    took_ms = await page.evaluate(
        "async () => { const from = performance.now(); for (let n = 0; n < 5; n += 1) await fetch('/unread');"
        " return performance.now() - from; }"
    )
    assert took_ms < 2_000
    stage.record("thread:9", "post.removed", 2, post(2, author=None))
    await expect(page.locator("#post-2 .gap")).to_be_visible()
    await others[0].evaluate("hide(false)")
    await expect(others[0].locator("#post-2 .gap")).to_be_visible()
    assert "secret" not in await others[0].content()


async def test_who_is_signed_out_is_told_and_keeps_the_draft(page: Page, stage: Stage) -> None:
    await page.goto(stage.show("/threads/9", thread(post(2)), CHANNELS))
    await live(page)
    await page.locator("textarea").fill("half an answer")
    stage.live.hub.end(member=7, code=4001, reason="signed out")
    sentence = "You were signed out. Sign in again, and your text will be waiting."
    await expect(page.locator(".banner span")).to_have_text(sentence)
    await expect(page.locator(".banner a")).to_have_attribute("href", "/sign-in?next=%2Fthreads%2F9")
    await expect(page.locator("[data-problem]")).to_have_text(sentence)
    await expect(page.locator("#assertive")).to_have_text(sentence)
    await page.wait_for_timeout(1_200)  # after a second, a lost connection would be said
    await expect(page.locator("[data-connection]")).to_have_text("Signed out")
    await page.reload()
    await expect(page.locator("textarea")).to_have_value("half an answer")


async def test_who_has_written_nothing_is_told_of_no_text_in_the_composer(page: Page, stage: Stage) -> None:
    await page.goto(stage.show("/threads/9", thread(post(2)), CHANNELS))
    await live(page)
    stage.live.hub.end(member=7, code=4001, reason="signed out")
    await expect(page.locator(".banner a")).to_be_visible()
    await expect(page.locator("[data-problem]")).to_be_hidden()


async def test_a_suspension_leads_to_the_page_that_says_so(page: Page, stage: Stage) -> None:
    await page.goto(stage.show("/threads/9", thread(post(2)), CHANNELS))
    await live(page)
    stage.pages["/threads/9"] = (
        "<!doctype html><title>Suspended</title><p>Your account is suspended until 30 November.</p>"
    )
    stage.live.hub.end(member=7, code=4003, reason="suspended")
    await expect(page.get_by_text("until 30 November")).to_be_visible()


async def test_a_page_that_fell_too_far_behind_reloads_itself(page: Page, stage: Stage) -> None:
    await page.goto(stage.show("/threads/9", thread(post(2)), CHANNELS))
    await live(page)
    stage.show("/threads/9", thread(post(2) + post(3)), CHANNELS | {"thread:9": 5})
    for number in range(5):
        stage.record("network:3", "thread.touched", number)
    stage.log.oldest["thread:9"] = 5
    stage.log.notes["thread:9"] = [stage.log.notes["network:3"][0]] * 5
    stage.drop(1012)
    await expect(page.locator("#post-3")).to_be_visible()


async def test_it_asks_first_where_somebody_writes(page: Page, stage: Stage, script: Script) -> None:
    await page.goto(stage.show("/threads/9", thread(post(2)), {"thread:9": 4}))
    await script.followed(1)
    script.following("thread:9", 4)
    await page.locator("textarea").fill("half")
    script.say(type="reset", channel="thread:9", seq=900, log="first")
    await expect(page.locator(".banner span")).to_have_text("This page is out of date. Your draft is kept.")
    await page.get_by_role("button", name="Reload").click()
    await expect(page.locator("textarea")).to_have_value("half")


async def test_it_asks_first_where_an_edit_would_be_lost(page: Page, stage: Stage, script: Script) -> None:
    mine = message(2, "2026-11-23T08:31:00Z", author=7, body="typpo")
    form = '<form method="post"><textarea name="body">typpo</textarea></form>'
    stage.show("/messages/2/edit", form, {})
    await page.goto(stage.show("/networks/london/room", room(mine), {"room:3": 4}))
    await script.followed(1)
    script.following("room:3", 4)
    await page.locator("textarea").focus()
    await page.keyboard.press("ArrowUp")
    await expect(page.locator("textarea")).to_have_value("typpo")
    await page.locator("textarea").fill("typo")
    await page.locator("textarea").blur()
    script.say(type="reset", channel="room:3", seq=900, log="first")
    await expect(page.get_by_role("button", name="Reload")).to_be_visible()
    await expect(page.locator("textarea")).to_have_value("typo")


async def test_it_asks_first_where_something_is_shown_once(page: Page, stage: Stage, script: Script) -> None:
    once = '<div data-once><input aria-label="The link" value="shown once" readonly></div>'
    await page.goto(stage.show("/members/12/link", once, {"member:7": 4}))
    await script.followed(1)
    script.following("member:7", 4)
    script.say(type="reset", channel="member:7", seq=900, log="first")
    await expect(page.get_by_role("button", name="Reload")).to_be_visible()
    await expect(page.get_by_label("The link")).to_have_value("shown once")


async def test_what_is_kept_does_not_hold_up_a_reload(page: Page, stage: Stage, script: Script) -> None:
    await page.goto(stage.show("/threads/9", thread(post(2)), {"thread:9": 4}))
    await script.followed(1)
    script.following("thread:9", 4)
    await page.locator("textarea").fill("half")
    await page.locator("textarea").blur()
    async with page.expect_navigation():
        script.say(type="reset", channel="thread:9", seq=900, log="first")
    await expect(page.locator("textarea")).to_have_value("half")


async def test_another_log_is_another_history(page: Page, stage: Stage, script: Script) -> None:
    await page.goto(stage.show("/threads/9", thread(post(2)), {"thread:9": 4}))
    await script.followed(1)
    async with page.expect_navigation():
        script.following("thread:9", 4, "restored")


async def test_what_i_may_no_longer_see_leaves_the_page(page: Page, stage: Stage) -> None:
    sentence = "You are no longer in London. If that surprises you, write to Margaret Oyelaran."
    attributes = f'data-channel="thread:9" data-gone="{sentence}"'
    await page.goto(stage.show("/threads/9", thread(post(2, body="secret")), CHANNELS, main_attributes=attributes))
    await live(page)
    stage.log.shut.add("thread:9")
    stage.log.version += 1
    await expect(page.locator("main")).to_have_text(sentence, timeout=3_000)
    assert "secret" not in await page.content()
    await expect(page.locator("aside")).to_have_count(0)
    await expect(page.locator("#polite")).to_have_text(sentence)


def home(title: str, did: str = "replied in") -> str:
    told = f'<li class="note" id="notification-1">{did} <a data-title="9">{title}</a></li>'
    return f'<forum-list data-list="notifications"><ul class="foryou">{told}</ul></forum-list>'


async def test_a_title_of_what_i_may_no_longer_see_is_not_remembered(page: Page, stage: Stage) -> None:
    await page.goto(stage.show("/", home("A title"), {"network:3": 0, "member:7": 0}))
    await live(page)
    stage.record("network:3", "thread.touched", 9, row(9, "2026-11-23T08:31:00Z"), title="A newer title")
    await expect(page.locator("[data-title]")).to_have_text("A newer title")
    stage.show("/", home("A thread"), {})
    stage.log.shut.add("network:3")
    stage.log.version += 1
    await expect(page.locator("[data-title]")).to_have_text("A thread")
    assert "title" not in await page.locator("main").inner_text()


async def test_that_a_title_was_removed_is_remembered(page: Page, stage: Stage) -> None:
    """What was asked for before the removal may come after the channel has gone."""
    await page.goto(stage.show("/", home("A title"), {"network:3": 0, "member:7": 0}))
    await live(page)
    stage.record("network:3", "thread.touched", 9, row(9, "2026-11-23T08:31:00Z"), title=None)
    await expect(page.locator("[data-title]")).not_to_have_text("A title")
    removed = await page.locator("[data-title]").inner_text()
    stage.show("/", home("A title", "quoted you in"), {})
    stage.log.shut.add("network:3")
    stage.log.version += 1
    await expect(page.locator(".note")).to_have_text(f"quoted you in {removed}")


async def test_what_i_was_writing_stays_where_the_page_goes(page: Page, stage: Stage) -> None:
    attributes = 'data-channel="thread:9" data-gone="You are no longer in London."'
    await page.goto(stage.show("/threads/9", thread(post(2, body="secret")), CHANNELS, main_attributes=attributes))
    await live(page)
    await page.locator("textarea").fill("half an answer")
    stage.log.shut.add("thread:9")
    stage.log.version += 1
    await expect(page.get_by_label("What you were writing")).to_have_value("half an answer", timeout=3_000)
    await expect(page.locator("main textarea")).to_have_count(1)
    assert "secret" not in await page.content()


@pytest.mark.parametrize("sockets_pass", [True, False])
async def test_a_page_of_somebody_else_says_that_they_are_signed_out(
    page: Page, stage: Stage, sockets_pass: bool
) -> None:
    stage.sockets_pass = sockets_pass
    stage.signed_in = 8
    stage.log.shut.add("member:7")
    await page.goto(stage.show("/threads/9", thread(post(2)), CHANNELS))
    await expect(page.locator(".banner a")).to_have_text("Sign in")
    await expect(page.locator("[data-connection]")).to_have_text("Signed out")


async def test_a_page_from_the_back_button_asks_for_its_counts(page: Page, stage: Stage) -> None:
    await page.goto(stage.show("/threads/9", thread(post(2)), CHANNELS))
    await live(page)
    assert "/unread" not in stage.asked
    await page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    await stage.until(lambda: "/unread" in stage.asked)


async def test_a_page_of_what_was_shut_meanwhile_is_cleared_on_return(page: Page, stage: Stage) -> None:
    attributes = 'data-channel="thread:9" data-gone="You are no longer in London."'
    await page.goto(stage.show("/threads/9", thread(post(2, body="secret")), CHANNELS, main_attributes=attributes))
    await live(page)
    stage.log.shut.add("thread:9")
    stage.drop(1012)
    await expect(page.locator("main")).to_have_text("You are no longer in London.")
    assert "secret" not in await page.content()


async def test_the_rail_is_fetched_anew_when_my_networks_change(page: Page, stage: Stage) -> None:
    await page.goto(stage.show("/threads/9", thread(post(2)), CHANNELS))
    await live(page)
    rail = '<div data-rail-content data-channels="{&quot;network:5&quot;:0}"><a href="/networks/leeds" data-network-name="5">Leeds</a><small data-connection hidden></small></div>'
    stage.answers["/rail"] = rail
    stage.record("member:7", "membership.changed", 5)
    await expect(page.locator("[data-rail] a")).to_have_text("Leeds")
    await live(page)
    stage.record("network:5", "network.changed", 5, name="Leeds and Bradford")
    await expect(page.locator("[data-rail] a")).to_have_text("Leeds and Bradford")


async def test_who_is_here_is_shown_and_nobody_is_spoken_of(page: Page, stage: Stage) -> None:
    side = '<span data-here-count="thread:9"></span><section data-here-of="thread:9" hidden><ul data-here="thread:9"></ul><span data-stack="thread:9"></span></section>'
    await page.goto(stage.show("/threads/9", thread(post(2)) + side, CHANNELS))
    await expect(page.locator("[data-here-count]")).to_have_text("1")
    await expect(page.locator("[data-here] li")).to_have_text("AOAna OrtizYou")
    await expect(page.locator("[data-stack] .avatar")).to_have_class("avatar h1 s")
    assert await page.locator("#polite").text_content() == ""


async def test_times_are_worded_anew_when_the_day_turns(page: Page, stage: Stage) -> None:
    main = """<time datetime="2026-11-23T08:51:00Z">08:51</time><time datetime="2026-11-23" data-as="day">Today, Monday 23 November</time>
    <time datetime="2026-11-23T08:51:00Z" data-as="fixed">08:51</time>"""
    await page.clock.install(time="2026-11-23T23:59:58Z")
    await page.goto(stage.show("/blank", main, {}))
    await expect(page.locator("time").first).to_have_text("08:51")
    await page.wait_for_function("customElements.get('forum-time') !== undefined")
    await page.clock.run_for(3_000)
    await expect(page.locator("time")).to_have_text(["Mon 08:51", "Monday 23 November", "08:51"])


async def test_a_menu_opens_in_place_and_gives_the_focus_back(page: Page, stage: Stage) -> None:
    stage.answers["/posts/2/acts"] = (
        '<a href="/posts/2/edit">Edit</a><form method="post" action="/posts/2/restore" data-live data-said="Restored."><button>Restore</button></form>'
    )
    await page.goto(stage.show("/threads/9", thread(post(2)), CHANNELS))
    await live(page)
    link = page.get_by_role("link", name="More for the post by Ben Okafor")
    await link.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("link", name="Edit")).to_be_focused()
    await expect(link).to_have_attribute("aria-expanded", "true")
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("button", name="Restore")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(link).to_be_focused()
    await expect(page.locator(".pop")).to_have_count(0)


HEARD = """() => {
  const said = [];
  const place = document.getElementById("polite");
  new MutationObserver(() => said.push(place.textContent)).observe(place, { childList: true });
  return said;
}"""
"""All that is said from now on."""


@pytest.mark.parametrize("quicker", [False, True], ids=["answer first", "update first"])
async def test_an_act_in_a_dialog_is_applied_at_once_and_can_be_undone(page: Page, stage: Stage, quicker: bool) -> None:
    """By keyboard: twice Enter does nothing, and the focus is never lost."""
    stage.answers["/posts/2/acts"] = '<a href="/posts/2/withdraw" data-dialog>Withdraw</a>'
    stage.show(
        "/posts/2/withdraw",
        '<h1>Withdraw this post?</h1><form method="post" action="/posts/2/withdraw" data-live data-toast="Post withdrawn." data-undo="/posts/2/undo"><button class="btn bad">Withdraw</button><a href="/posts/2" data-act="close">Keep it</a></form>',
        {},
    )
    await page.goto(stage.show("/threads/9", thread(post(2, author=7, body="rash")), CHANNELS))
    await live(page)

    async def answer(sent: Sent) -> Response:
        if sent.path.endswith("undo"):
            return fragment(post(2, author=7, body="rash", version=3), 2, "thread:9", 3)
        if quicker:
            stage.record("thread:9", "post.withdrawn", 2, post(2, author=None, version=2), version=2)
            await expect(page.locator("#post-2 .gap")).to_have_count(1)
        return fragment(post(2, author=None, version=2), 2, "thread:9", 2)

    stage.answer = answer
    said = await page.evaluate_handle(HEARD)
    menu = page.get_by_role("link", name="More for the post")
    dialog = page.get_by_role("dialog", name="Withdraw this post?")
    await menu.press("Enter")
    await page.get_by_role("link", name="Withdraw").press("Enter")
    await expect(dialog.get_by_role("button", name="Keep it")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)
    await expect(menu).to_be_focused()
    await menu.press("Enter")
    await page.get_by_role("link", name="Withdraw").evaluate("link => { link.click(); link.click(); }")
    await dialog.get_by_role("button", name="Withdraw").press("Enter")
    await expect(page.locator("#post-2 .gap")).to_be_visible()
    await expect(dialog).to_have_count(0)
    await expect(page.locator("#post-2")).to_be_focused()
    await expect(page.locator("#polite")).to_have_text("Post withdrawn.")
    await page.get_by_role("button", name="Undo").press("Enter")
    await expect(page.locator("#post-2 .prose")).to_have_text("rash")
    await expect(page.locator("#post-2")).to_be_focused()
    await expect(page.locator("#polite")).to_have_text("Undone.")
    assert set(await said.json_value()) == {"", "Post withdrawn.", "Undone."}
    assert [sent.path for sent in stage.posts] == ["/posts/2/withdraw", "/posts/2/undo"]


@pytest.mark.parametrize(
    ("became", "focused"),
    [({"html": post(2, body="other", version=2), "version": 2}, "#post-2"), ({"gone": True}, "main")],
    ids=["edited", "gone"],
)
async def test_a_question_about_what_changed_meanwhile_gives_the_focus_back_all_the_same(
    page: Page, stage: Stage, became: dict[str, Any], focused: str
) -> None:
    stage.answers["/posts/2/acts"] = '<a href="/posts/2/remove" data-dialog>Remove</a>'
    form = '<form method="post" action="/posts/2/remove" data-live><button class="btn bad">Remove</button><a href="/posts/2" data-act="close">Leave it</a></form>'
    stage.show("/posts/2/remove", f"<h1>Remove this post?</h1>{form}", {})
    await page.goto(stage.show("/threads/9", thread(post(2)), CHANNELS))
    await live(page)
    await page.get_by_role("link", name="More for the post").press("Enter")
    await page.get_by_role("link", name="Remove").press("Enter")
    await expect(page.get_by_role("button", name="Leave it")).to_be_focused()
    stage.record("thread:9", "post.edited", 2, **became)
    await expect(page.get_by_text("words")).to_have_count(0)
    await page.keyboard.press("Escape")
    await expect(page.locator("dialog")).to_have_count(0)
    await expect(page.locator(focused)).to_be_focused()


async def test_a_refused_act_says_why_and_stays_open(page: Page, stage: Stage) -> None:
    main = '<form method="post" action="/posts/2/remove" data-live><button>Remove</button></form>'
    await page.goto(stage.show("/blank", main, CHANNELS))
    await live(page)
    stage.answer = lambda _: problem(409, detail="It has been removed already.")
    await page.get_by_role("button", name="Remove").click()
    await expect(page.locator("[data-problem]")).to_have_text("It has been removed already.")


async def test_drafts_do_not_stay_behind_at_sign_out(page: Page, stage: Stage) -> None:
    main = composer() + '<form method="post" action="/sign-out"><button>Sign out</button></form>'
    await page.goto(stage.show("/blank", main, CHANNELS))
    await live(page)
    await page.locator("textarea").fill("half")
    await expect(page.locator("[data-kept]")).to_be_visible()
    asked: list[str] = []

    async def answer(dialog: Any) -> None:
        asked.append(dialog.message)
        await (dialog.accept() if len(asked) > 1 else dialog.dismiss())

    page.on("dialog", answer)
    await page.get_by_role("button", name="Sign out").click()
    assert stage.posts_to("/sign-out") == []
    await page.get_by_role("button", name="Sign out").click()
    await stage.until(lambda: stage.posts_to("/sign-out"))
    assert asked == ["1 text that you have not sent will be deleted from this browser. Sign out?"] * 2
