"""<forum-room>, <forum-composer> and <forum-list>: sending in order, grouping, drafts, sentences, rows."""

# ruff: noqa: E501 (markup stands on one line, as the server sends it)

import asyncio

import pytest
from playwright.async_api import Page, Route, expect
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from realtime.protocol import TypingBy
from tests.browser.parts import composer, day, message, post, room, row, thread
from tests.browser.stage import Post, Stage, fragment, problem

pytestmark = pytest.mark.browser
CHANNELS = {"room:3": 0, "member:7": 0}
MORNING = "2026-11-23T08:31:00Z"
TODAY = day("2026-11-23")


async def opened(page: Page, stage: Stage, main: str, channels: dict[str, int] | None = None, **more: str) -> None:
    await page.goto(stage.show("/networks/london/room", main, channels or CHANNELS, **more))
    await expect(page.locator("[data-connection]")).to_have_text("Live")


async def ids(page: Page) -> list[str]:
    return await page.locator("ol.log > .msg").evaluate_all("all => all.map(li => li.id)")


def keeps(stage: Stage):
    """Answers as the forum does: a key that came before is answered with what it made. Echoes live first."""
    made: dict[str, int] = {}

    def answer(sent: Post) -> Response:
        if sent.path != "/networks/london/messages":
            return Response(status_code=204)
        assert sent.key == sent.form["key"]
        number = made.setdefault(sent.key, 100 + len(made))
        html = message(number, MORNING, author=7, name="Ana Ortiz", body=sent.form["body"])
        if number not in [note.id for note in stage.log.notes.get("room:3", [])]:
            stage.record("room:3", "message.created", number, html, author="Ana Ortiz")
        return fragment(html, number, "room:3")

    return answer


# Messages of others


async def test_what_goes_on_stands_under_one_head_until_the_first_is_removed(page: Page, stage: Stage) -> None:
    main = (
        TODAY
        + message(1, MORNING)
        + message(2, "2026-11-23T08:32:00Z", grouped=True)
        + message(3, "2026-11-23T08:33:00Z", author=13, name="Tom")
    )
    await opened(page, stage, room(main))
    stage.record(
        "room:3", "message.created", 4, message(4, "2026-11-23T08:34:00Z", author=13, name="Tom"), author="Tom"
    )
    await expect(page.locator("#message-4")).to_have_attribute("data-grouped", "")
    stage.record("room:3", "message.removed", 1, message(1, MORNING, author=None), version=2)
    await expect(page.locator("#message-1 .gap")).to_be_visible()
    assert await page.locator("[data-grouped]").evaluate_all("all => all.map(li => li.id)") == ["message-4"]
    stage.record("room:3", "message.restored", 1, message(1, MORNING, version=3), version=3, author="Ben Okafor")
    await expect(page.locator("#message-2")).to_have_attribute("data-grouped", "")


async def test_a_new_day_begins_with_a_line(page: Page, stage: Stage) -> None:
    await opened(page, stage, room(day("2026-11-22") + message(1, "2026-11-22T23:58:00Z")))
    stage.record("room:3", "message.created", 2, message(2, "2026-11-23T00:01:00Z"), author="Ben")
    await expect(page.locator(".day time")).to_have_count(2)
    await expect(page.locator(".day time").last).to_contain_text("Monday 23 November")
    assert await page.locator("#message-2[data-grouped]").count() == 0


async def test_a_message_that_comes_late_stands_by_its_number(page: Page, stage: Stage) -> None:
    await opened(page, stage, room(TODAY + message(1, MORNING)))
    stage.record("room:3", "message.created", 3, message(3, MORNING), author="Ben")
    stage.record("room:3", "message.created", 2, message(2, MORNING), author="Ben")
    await expect(page.locator("#message-2")).to_be_visible()
    assert await ids(page) == ["message-1", "message-2", "message-3"]


async def test_an_answer_to_a_removed_message_says_so(page: Page, stage: Stage) -> None:
    main = TODAY + message(1, MORNING, body="secret") + message(2, MORNING, reply=1)
    await opened(page, stage, room(main))
    stage.record("room:3", "message.removed", 1, message(1, MORNING, author=None))
    await expect(page.locator("#message-2 .re")).to_have_text("in reply to a removed message")
    assert "secret" not in await page.content()


async def test_at_the_end_one_stays_there_and_further_up_one_stays_where_one_reads(page: Page, stage: Stage) -> None:
    main = TODAY + "".join(message(n, MORNING) for n in range(1, 60))
    await opened(page, stage, room(main))
    at_end = "() => document.scrollingElement.scrollHeight - innerHeight - scrollY < 2"
    await page.wait_for_function(at_end)
    stage.record("room:3", "message.created", 60, message(60, MORNING), author="Ben")
    await expect(page.locator("#message-60")).to_be_in_viewport()
    await page.wait_for_function(at_end)
    await page.evaluate("document.getElementById('message-20').scrollIntoView()")
    await page.wait_for_function(
        "scrollY > 0 && document.getElementById('message-60').getBoundingClientRect().top > innerHeight"
    )
    before = await page.evaluate("scrollY")
    stage.record("room:3", "message.created", 61, message(61, MORNING), author="Ben")
    stage.record("room:3", "message.created", 62, message(62, MORNING), author="Ben")
    await expect(page.locator("button.pill")).to_have_text("2 new messages")
    assert await page.evaluate("scrollY") == before
    await page.locator("button.pill").click()
    await expect(page.locator("#message-62")).to_be_in_viewport()
    await expect(page.locator("button.pill")).to_be_hidden()


async def test_who_has_just_scrolled_up_is_not_led_back_to_the_end(page: Page, stage: Stage) -> None:
    """The browser tells of a scroll a frame later; a message may come before that."""
    await opened(page, stage, room(TODAY + "".join(message(n, MORNING) for n in range(1, 60))))
    await expect(page.locator("#message-59")).to_be_in_viewport()
    at_once = """async (html) => {
        const { apply } = await import("/static/js/updates.js");
        document.getElementById("message-20").scrollIntoView();
        apply({ type: "update", channel: "room:3", kind: "message.created", id: 60, version: 1, html, author: "Ben" });
    }"""
    await page.evaluate(at_once, message(60, MORNING))
    await expect(page.locator("button.pill")).to_have_text("1 new message")


async def test_who_comes_back_to_the_page_finds_where_they_left_off(page: Page, stage: Stage) -> None:
    await page.add_init_script("""
        let hidden = false;
        Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
        addEventListener("look", ({ detail }) => {
            hidden = !detail;
            document.dispatchEvent(new Event("visibilitychange"));
        });
    """)
    look = "looks => dispatchEvent(new CustomEvent('look', { detail: looks }))"
    await opened(page, stage, room(TODAY + message(1, MORNING)))
    above = page.locator("li.new + .msg")
    for first, last in ((2, 3), (5, 5)):
        await page.evaluate(look, False)
        for number in range(first, last + 1):
            stage.record("room:3", "message.created", number, message(number, MORNING), author="Ben")
        await expect(page.locator("#unread")).to_have_text(f"{last - first + 1} new")
        await expect(above).to_have_id(f"message-{first}")
        await expect(above).not_to_have_attribute("data-grouped", "")
        await page.evaluate(look, True)
        stage.record("room:3", "message.created", last + 1, message(last + 1, MORNING), author="Ben")
        await expect(page.locator(f"#message-{last + 1}")).to_be_visible()
        await expect(above).to_have_id(f"message-{first}")
    await expect(page.locator("#message-2")).to_have_attribute("data-grouped", "")


async def test_what_was_said_is_spoken_and_what_was_removed_meanwhile_is_not(page: Page, stage: Stage) -> None:
    await opened(page, stage, room(TODAY + message(1, MORNING)))
    stage.record("room:3", "message.created", 2, message(2, MORNING, body="is your supplier late"), author="Tom Askew")
    await expect(page.locator("#polite")).to_have_text("Tom Askew: is your supplier late")
    stage.record("room:3", "message.created", 3, message(3, MORNING, body="secret"), author="Tom Askew")
    stage.record("room:3", "message.created", 4, message(4, MORNING, body="open"), author="Ruth")
    stage.record("room:3", "message.removed", 3, message(3, MORNING, author=None))
    await expect(page.locator("#polite")).to_have_text("Ruth: open", timeout=8_000)


async def test_what_i_have_seen_is_reported_up_to_its_number(page: Page, stage: Stage) -> None:
    await opened(page, stage, room(TODAY + message(1, MORNING) + message(2, MORNING), read=1))
    await stage.until(lambda: stage.posts_to("/networks/london/read"))
    read = stage.posts_to("/networks/london/read")[0]
    assert (read.form, read.member) == ({"number": "2"}, "7")


async def test_earlier_messages_come_by_themselves_and_nothing_moves(page: Page, stage: Stage) -> None:
    stage.answers["/networks/london/messages"] = TODAY + "".join(message(n, MORNING) for n in range(1, 51))
    main = "".join(message(n, MORNING) for n in range(51, 101))
    await opened(page, stage, room(main, earlier="/networks/london/messages?before=51"))
    await page.evaluate("document.getElementById('message-54').scrollIntoView()")
    await expect(page.locator("#message-1")).to_be_attached()
    assert abs((await page.locator("#message-54").bounding_box())["y"]) < 2
    assert await ids(page) == [f"message-{n}" for n in range(1, 101)]
    await expect(page.locator(".earlier")).to_have_count(0)
    await expect(page.locator(".day")).to_have_count(1)
    assert await page.locator("#message-51[data-grouped]").count() == 1


async def test_earlier_messages_that_did_not_come_are_fetched_when_the_connection_is_back(
    page: Page, stage: Stage
) -> None:
    stage.answers["/earlier"] = Response(status_code=503)
    main = room(TODAY + "".join(message(number, MORNING) for number in range(50, 54)), earlier="/earlier")
    await opened(page, stage, main)
    await expect(page.locator(".earlier [data-problem]")).to_have_text(" This could not be loaded. Try again.")
    await expect(page.locator("#polite")).to_have_text("This could not be loaded. Try again.")
    stage.answers["/earlier"] = message(49, MORNING)
    stage.drop()
    await expect(page.locator("#message-49")).to_be_visible()
    await expect(page.locator(".earlier")).to_have_count(0)


async def test_the_focus_goes_on_from_the_line_that_earlier_messages_took_the_place_of(
    page: Page, stage: Stage
) -> None:
    stage.answers["/earlier"] = Response(status_code=503)
    await opened(page, stage, room(TODAY + message(50, MORNING) + message(51, MORNING), earlier="/earlier"))
    await expect(page.locator(".earlier [data-problem]")).to_be_visible()
    stage.answers["/earlier"] = message(49, MORNING)
    await page.locator(".earlier a").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#message-49")).to_be_visible()
    await expect(page.locator("#message-50")).to_be_focused()


async def test_earlier_messages_that_were_removed_on_their_way_come_as_gaps(page: Page, stage: Stage) -> None:
    on_its_way, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_request: Request) -> HTMLResponse:
        on_its_way.set()
        await go_on.wait()
        return HTMLResponse(TODAY + message(1, MORNING, body="secret") + message(2, MORNING, body="plain"))

    stage.answers["/networks/london/messages"] = slow
    await opened(page, stage, room(message(3, MORNING), earlier="/networks/london/messages?before=3"))
    await on_its_way.wait()
    stage.record("room:3", "message.removed", 1, message(1, MORNING, author=None, version=2), version=2)
    stage.record("room:3", "message.created", 4, message(4, MORNING), author="Ben")
    await expect(page.locator("#message-4")).to_be_visible()
    go_on.set()
    await expect(page.locator("#message-2")).to_be_attached()
    await expect(page.locator("#message-1 .gap")).to_be_attached()
    assert "secret" not in await page.content()


async def test_who_is_typing_is_shown_and_goes_with_their_message(page: Page, stage: Stage) -> None:
    await opened(page, stage, room(TODAY + message(1, MORNING)))
    stage.live.hub.broadcast("room:3", TypingBy("room:3", 12, "Ruth Castellane"))
    await expect(page.locator("[data-typing]")).to_have_text("Ruth Castellane is typing")
    stage.record("room:3", "message.created", 2, message(2, MORNING, author=12), author="Ruth Castellane")
    await expect(page.locator("[data-typing]")).to_be_hidden()


# Mine


async def test_three_quick_ones_stand_once_each_and_in_order(page: Page, stage: Stage) -> None:
    await opened(page, stage, room(TODAY + message(1, MORNING)))
    kept, typed = keeps(stage), asyncio.Event()

    async def slow(sent: Post) -> Response:
        await typed.wait()
        # The first takes longest: sent at once, they would arrive the other way round.
        await asyncio.sleep({"one": 0.3, "two": 0.1}.get(sent.form.get("body", ""), 0.0))
        return kept(sent)

    stage.answer = slow
    for words in ("one", "two", "three"):
        await page.locator("textarea").fill(words)
        await page.keyboard.press("Enter")
    await expect(page.locator(".msg.sending")).to_have_count(3)
    typed.set()
    await expect(page.locator("#message-102")).to_be_visible()
    assert await page.locator(".msg .prose").all_text_contents() == ["words", "one", "two", "three"]
    assert [sent.form["body"] for sent in stage.posts_to("/networks/london/messages")] == ["one", "two", "three"]
    await expect(page.locator("textarea")).to_be_focused()
    assert await page.evaluate("Object.keys(localStorage)") == []


async def test_a_message_waits_for_the_connection_and_is_sent_on_return(page: Page, stage: Stage) -> None:
    await opened(page, stage, room(TODAY + message(1, MORNING)))
    stage.answer = keeps(stage)
    await page.context.set_offline(True)
    for words in ("one", "two"):
        await page.locator("textarea").fill(words)
        await page.keyboard.press("Enter")
    await expect(page.locator(".msg.sending .state").first).to_have_text("Waiting for the connection")
    assert stage.posts_to("/networks/london/messages") == []
    await page.context.set_offline(False)
    await expect(page.locator("#message-101")).to_be_visible()
    assert await page.locator(".msg .prose").all_text_contents() == ["words", "one", "two"]


async def test_an_answer_that_is_lost_does_not_make_two(page: Page, stage: Stage) -> None:
    await opened(page, stage, room(TODAY + message(1, MORNING)))
    kept = keeps(stage)
    stage.answer = lambda sent: (kept(sent), problem(503))[1] if len(stage.posts) == 1 else kept(sent)
    await page.locator("textarea").fill("once")
    await page.keyboard.press("Enter")
    await stage.until(lambda: len(stage.posts_to("/networks/london/messages")) == 2)
    keys = [sent.key for sent in stage.posts_to("/networks/london/messages")]
    assert keys[0] == keys[1]
    await expect(page.locator(".msg.sending")).to_have_count(0)
    assert await page.locator(".msg .prose").all_text_contents() == ["words", "once"]


async def test_a_refused_message_says_so_and_can_be_tried_again_after_a_reload(page: Page, stage: Stage) -> None:
    await opened(page, stage, room(TODAY + message(1, MORNING)))
    stage.answer = lambda _: problem(429, retry_after=12)
    await page.locator("textarea").fill("quick")
    await page.keyboard.press("Enter")
    state = page.locator(".msg .state.bad")
    await expect(state).to_contain_text("Not sent. That was very quick. You can send again in 12 seconds.")
    await expect(page.locator("#assertive")).to_have_text("Not sent.")
    await page.locator("textarea").fill("later")
    await page.keyboard.press("Enter")
    first = stage.posts_to("/networks/london/messages")
    assert [sent.form["body"] for sent in first] == ["quick"]
    await page.reload()
    await expect(state).to_contain_text("Not sent")
    stage.answer = keeps(stage)
    await page.get_by_role("button", name="Try again").click()
    await expect(page.locator("#message-101")).to_be_visible()
    assert await page.locator(".msg .prose").all_text_contents() == ["words", "quick", "later"]
    assert stage.posts_to("/networks/london/messages")[1].key == first[0].key


async def test_what_found_no_answer_goes_again_when_the_connection_is_back(page: Page, stage: Stage) -> None:
    await opened(page, stage, room(TODAY + message(1, MORNING)))
    stage.answer = lambda _: problem(503, retry_after=0.01)
    await page.locator("textarea").fill("once")
    await page.keyboard.press("Enter")
    await expect(page.locator(".msg .state.bad")).to_contain_text("Not sent")
    stage.answer = keeps(stage)
    stage.drop()
    await expect(page.locator("#message-100")).to_be_visible()
    assert len({sent.key for sent in stage.posts_to("/networks/london/messages")}) == 1
    assert await page.locator(".msg .prose").all_text_contents() == ["words", "once"]


async def test_what_another_tab_sends_does_not_hide_what_waits_here(page: Page, stage: Stage) -> None:
    await opened(page, stage, room(TODAY + message(1, MORNING)))
    answering = asyncio.Event()

    async def answer(sent: Post) -> Response:
        await answering.wait()
        return keeps(stage)(sent)

    stage.answer = answer
    await page.evaluate(
        "localStorage.setItem('outbox:7:3', JSON.stringify([{key: 'theirs', body: 'elsewhere', reply_to: '', at: 'T'}]))"
    )
    await page.locator("textarea").fill("here")
    await page.keyboard.press("Enter")
    await stage.until(lambda: stage.posts_to("/networks/london/messages"))
    stage.record("room:3", "message.created", 50, message(50, MORNING, author=7, body="elsewhere"))
    await expect(page.locator("#message-50")).to_be_visible()
    await expect(page.locator(".msg.sending .prose")).to_have_text("here")
    answering.set()
    await expect(page.locator("#message-100")).to_be_visible()
    await expect(page.locator(".msg.sending")).to_have_count(0)


async def test_a_refused_message_can_be_deleted(page: Page, stage: Stage) -> None:
    await opened(page, stage, room(TODAY + message(1, MORNING)))
    stage.answer = lambda _: problem(422, errors={"body": "Please write something first."})
    await page.locator("textarea").fill("x")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Delete").click()
    assert await ids(page) == ["message-1"]
    assert await page.evaluate("Object.keys(localStorage)") == []


async def test_what_i_say_in_another_window_does_not_lead_away_from_where_i_read(page: Page, stage: Stage) -> None:
    later = '<li class="later"><a href="/networks/london/room?at=51">Later messages</a></li>'
    main = room(TODAY + message(1, MORNING) + later)
    await opened(page, stage, main)
    stage.record("room:3", "message.created", 99, message(99, MORNING, author=7, name="Ana Ortiz"), author="Ana Ortiz")
    stage.record("room:3", "message.created", 100, message(100, MORNING, author=13, name="Tom"), author="Tom")
    await expect(page.get_by_role("button", name="1 new message")).to_be_visible()
    assert await ids(page) == ["message-1"]
    assert page.url.endswith("/networks/london/room")


async def test_arrow_up_edits_my_last_and_a_removal_empties_the_edit(page: Page, stage: Stage) -> None:
    await opened(
        page, stage, room(TODAY + message(1, MORNING) + message(2, MORNING, author=7, name="Ana Ortiz", body="typpo"))
    )
    form = '<form method="post"><input type="hidden" name="key" value="k2"><input type="hidden" name="version" value="1"><textarea name="body">typpo</textarea></form>'
    stage.show("/messages/2/edit", form, {})
    area = page.locator("textarea")
    await area.focus()
    await page.keyboard.press("ArrowUp")
    await expect(area).to_have_value("typpo")
    stage.answer = lambda sent: fragment(
        message(2, MORNING, author=7, body=sent.form["body"], version=2), 2, "room:3", 2
    )
    await area.fill("typo")
    await page.keyboard.press("Enter")
    await expect(page.locator("#message-2 .prose")).to_have_text("typo")
    await expect(area).to_have_value("")
    sent = stage.posts_to("/messages/2/edit")[0]
    assert (sent.form["body"], sent.form["version"], sent.key) == ("typo", "1", "k2")

    await page.keyboard.press("ArrowUp")
    await expect(area).to_have_value("typpo")
    stage.record("room:3", "message.removed", 2, message(2, MORNING, author=None), version=3)
    await expect(area).to_have_value("")
    await expect(page.locator("[data-note]")).to_have_text("The message has been removed.")


async def test_reply_during_an_edit_mixes_nothing(page: Page, stage: Stage) -> None:
    mine = message(2, MORNING, author=7, name="Ana Ortiz", body="typpo")
    await opened(page, stage, room(TODAY + message(1, MORNING) + mine))
    form = '<form method="post"><input type="hidden" name="version" value="1"><textarea name="body">typpo</textarea></form>'
    stage.show("/messages/2/edit", form, {})
    area, to, reply = page.locator("textarea"), page.locator(".to"), page.locator("#message-1 [data-act=reply]")
    await area.focus()
    await page.keyboard.press("ArrowUp")
    await expect(area).to_have_value("typpo")
    await area.fill("typo")
    await reply.click()
    await expect(page.locator("[data-note]")).to_have_text(
        "You edit a message here. Save it, or leave it with Escape; then reply."
    )
    await expect(to).to_be_hidden()
    await area.fill("typpo")
    await reply.click()
    await expect(to).to_have_text("In reply to Ben Okaforx")
    await expect(area).to_have_value("")
    stage.answer = keeps(stage)
    await area.fill("yes")
    await page.keyboard.press("Enter")
    await expect(page.locator("#message-100")).to_be_visible()
    sent = stage.posts_to("/networks/london/messages")[0]
    assert (sent.form["body"], sent.form["reply_to"]) == ("yes", "1")


# Drafts and sentences


async def test_an_emoji_is_one_character(page: Page, stage: Stage) -> None:
    await opened(page, stage, room(TODAY + message(1, MORNING)))
    stage.answer = keeps(stage)
    await page.locator("textarea").fill("🙂" * 98)
    await expect(page.locator("[data-counter]")).to_have_text("2 left")
    await page.keyboard.press("Enter")
    await expect(page.locator("#message-100")).to_be_visible()


async def test_a_draft_is_kept_and_goes_when_the_server_has_it(page: Page, stage: Stage) -> None:
    await opened(page, stage, thread(post(2)), {"thread:9": 0})
    await page.locator("textarea").fill("Two things helped us")
    await expect(page.locator("[data-kept]")).to_be_visible()
    await page.reload()
    await expect(page.locator("textarea")).to_have_value("Two things helped us")
    await expect(page.locator("[data-connection]")).to_have_text("Live")
    stage.answer = lambda _: problem(500)
    await page.locator("textarea").press("Control+Enter")
    await expect(page.locator("[data-problem]")).to_have_text(
        "Something broke on our side. Your text is safe. Please try again in a minute."
    )
    stage.pages["/networks/london/room"] = stage.pages["/networks/london/room"].replace("from-the-page", "another-key")
    await page.reload()
    await expect(page.locator("[data-connection]")).to_have_text("Live")
    stage.answer = lambda sent: fragment(post(4, author=7, body=sent.form["body"]), 4, "thread:9")
    await page.locator("textarea").press("Control+Enter")
    await expect(page.locator("#post-4 .prose")).to_have_text("Two things helped us")
    keys = {sent.key for sent in stage.posts_to("/threads/9/posts")}
    assert len(stage.posts_to("/threads/9/posts")) == 2
    assert len(keys) == 1
    await expect(page.locator("textarea")).to_have_value("")
    assert await page.evaluate("Object.keys(localStorage)") == []


async def _script_that_waits(page: Page) -> asyncio.Event:
    """The composer's script comes once this is set."""
    may_come = asyncio.Event()

    async def late(route: Route) -> None:
        await may_come.wait()
        await route.continue_()

    await page.route("**/composer.js", late)
    return may_come


async def test_what_is_written_before_the_script_runs_is_kept_too(page: Page, stage: Stage) -> None:
    may_come = await _script_that_waits(page)
    await page.goto(stage.show("/threads/9", thread(post(2)), {"thread:9": 0}), wait_until="commit")
    await page.locator("textarea").fill("at once")
    may_come.set()
    await expect(page.locator("[data-kept]")).to_be_visible()
    await page.reload()
    await expect(page.locator("textarea")).to_have_value("at once")


@pytest.mark.parametrize(
    ("written", "value"),
    [("And one more.", "Two things helped us\n\nAnd one more."), ("Two things", "Two things helped us")],
    ids=["something else", "what the browser put back"],
)
async def test_a_draft_stays_before_what_is_written_until_the_script_runs(
    page: Page, stage: Stage, written: str, value: str
) -> None:
    await opened(page, stage, thread(post(2)), {"thread:9": 0})
    await page.locator("textarea").fill("Two things helped us")
    await expect(page.locator("[data-kept]")).to_be_visible()
    may_come = await _script_that_waits(page)
    await page.reload(wait_until="commit")
    await page.locator("textarea").fill(written)
    may_come.set()
    await expect(page.locator("textarea")).to_have_value(value)
    await page.reload()
    await expect(page.locator("textarea")).to_have_value(value)


@pytest.mark.parametrize(
    ("words", "answer", "sentence"),
    [
        ("  ", None, "Please write something first."),
        ("x" * 140, None, "This is 40 characters too long. A thread can hold more than one post."),
        ("hello", problem(429, retry_after=12), "That was very quick. You can send again in 12 seconds."),
        ("hello", problem(401), "You were signed out. Sign in again, and your text will be waiting."),
        (
            "hello",
            problem(409, detail="Locked by a moderator on 20 November."),
            "Locked by a moderator on 20 November.",
        ),
        (
            "hello",
            problem(422, errors={"body": "There is a character that we cannot store (line 3)."}),
            "There is a character that we cannot store (line 3).",
        ),
    ],
)
async def test_what_went_wrong_is_said_and_the_text_stays(
    page: Page, stage: Stage, words: str, answer: Response | None, sentence: str
) -> None:
    await opened(page, stage, thread(post(2)), {"thread:9": 0})
    stage.answer = (lambda _: answer) if answer else None
    await page.locator("textarea").fill(words)
    await page.locator("textarea").press("Control+Enter")
    await expect(page.locator("[data-problem]")).to_have_text(sentence)
    await expect(page.locator("textarea")).to_have_value(words)
    assert bool(stage.posts_to("/threads/9/posts")) is (answer is not None)


async def test_a_server_out_of_reach_loses_nothing(page: Page, stage: Stage) -> None:
    await opened(page, stage, thread(post(2)), {"thread:9": 0})
    await page.locator("textarea").fill("hello")
    await page.context.set_offline(True)
    await page.locator("textarea").press("Control+Enter")
    await expect(page.locator("[data-problem]")).to_have_text(
        "Not posted yet: we could not reach the server. Your text is safe here."
    )
    await expect(page.get_by_role("button", name="Try again")).to_be_visible()
    await expect(page.locator("textarea")).to_have_value("hello")


async def test_another_text_under_a_key_that_was_used_is_asked_about(page: Page, stage: Stage) -> None:
    await opened(page, stage, thread(post(2)), {"thread:9": 0})
    stage.answer = lambda _: problem(503)
    await page.locator("textarea").fill("first")
    await page.locator("textarea").press("Control+Enter")
    await expect(page.locator("[data-problem]")).to_contain_text("Something broke")
    await page.locator("textarea").fill("first and second")
    stage.answer = lambda _: problem(422, detail="The key was used with another body.")
    await page.locator("textarea").press("Control+Enter")
    await expect(page.locator("[data-problem]")).to_have_text(
        "Your earlier text did arrive. Send again to post this one as well."
    )
    await page.locator("textarea").press("Control+Enter")
    await stage.until(lambda: len(stage.posts) == 3)
    assert stage.posts[1].key != stage.posts[2].key


async def test_people_are_offered_and_chosen_by_keyboard(page: Page, stage: Stage) -> None:
    stage.answers["/people"] = {
        "people": [
            {"id": 12, "name": "Ruth Castellane", "role": "Director"},
            {"id": 13, "name": "Rune Berg", "role": ""},
        ]
    }
    await opened(page, stage, thread(post(2)), {"thread:9": 0})
    area = page.locator("textarea")
    await area.focus()
    await page.keyboard.type("Ask @ru")
    await expect(page.get_by_role("option")).to_have_count(2)
    await expect(area).to_have_attribute("aria-activedescendant", "mentions-1-0")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(area).to_have_value("Ask @Rune Berg ")
    await expect(page.get_by_role("listbox")).to_have_count(0)
    assert stage.posts == []


async def test_a_preview_is_drawn_by_the_server_and_goes_when_the_text_changes(page: Page, stage: Stage) -> None:
    await opened(page, stage, thread(post(2)), {"thread:9": 0})
    stage.answer = lambda sent: HTMLResponse(f"<p>{sent.form['body']}, drawn</p>")
    await page.locator("textarea").fill("bold")
    await page.get_by_role("button", name="Preview").click()
    await expect(page.locator("[data-preview]")).to_have_text("bold, drawn")
    await page.locator("textarea").press("x")
    await expect(page.locator("[data-preview]")).to_be_hidden()


async def test_the_focus_goes_from_the_menu_of_a_message_to_its_gap(page: Page, stage: Stage) -> None:
    """Whichever comes first, the answer to a removal or the update that tells of it."""

    def with_menu(shown: str) -> str:
        return shown.replace("</li>", '<a href="/messages/1/acts">More</a></li>')

    await opened(page, stage, room(TODAY + with_menu(message(1, MORNING)) + message(2, MORNING)))
    await page.locator("#message-1").get_by_role("link", name="More").focus()
    stage.record("room:3", "message.removed", 1, with_menu(message(1, MORNING, author=None)), version=2)
    await expect(page.locator("#message-1 .gap")).to_be_visible()
    await expect(page.locator("#message-1")).to_be_focused()


async def test_the_focus_goes_on_from_a_message_that_left_the_room(page: Page, stage: Stage) -> None:
    await opened(page, stage, room(TODAY + message(1, MORNING) + message(2, MORNING) + message(3, MORNING)))
    await page.locator("#message-2 [data-act=reply]").focus()
    stage.record("room:3", "message.removed", 2, gone=True)
    await expect(page.locator("#message-3")).to_be_focused()
    stage.record("room:3", "message.removed", 3, gone=True)
    await expect(page.locator("#message-1")).to_be_focused()


# Lists


def listed(rows: str, which: str = "network:3") -> str:
    return f'<forum-list data-list="{which}"><button class="pill" type="button" hidden><span></span></button><ol class="threads">{rows}</ol></forum-list>'


async def test_rows_change_in_place_and_sort_when_asked(page: Page, stage: Stage) -> None:
    rows = row(1, "2026-11-20T08:00:00Z", pinned=True) + row(2, "2026-11-23T08:00:00Z") + row(3, "2026-11-22T08:00:00Z")
    await opened(page, stage, listed(rows), {"network:3": 0, "member:7": 0})
    stage.answers["/unread"] = {"notifications": 4, "networks": {}, "threads": {"3": 2}}
    stage.record("network:3", "thread.touched", 3, row(3, "2026-11-23T09:00:00Z", title="Renamed"))
    await expect(page.locator("#thread-3 a")).to_have_text("Renamed")
    stage.record("network:3", "thread.created", 4, row(4, "2026-11-23T09:01:00Z"))
    order = "all => all.map(li => li.id)"
    await expect(page.locator(".pill")).to_have_text("2 threads moved or are new")
    assert await page.locator(".threads > li").evaluate_all(order) == ["thread-1", "thread-2", "thread-3"]
    await expect(page.locator("#thread-3 [data-unread-of]")).to_have_text("2 new")
    await expect(page.locator("#thread-3")).to_have_class("thread unread")
    await expect(page).to_have_title("(4) Page – Site")
    await page.locator(".pill").click()
    assert await page.locator(".threads > li").evaluate_all(order) == ["thread-1", "thread-4", "thread-3", "thread-2"]
    await expect(page.locator("#thread-1 a")).to_be_focused()
    stage.record("network:3", "thread.moved", 3, gone=True)
    await expect(page.locator("#thread-3")).to_have_count(0)


async def test_rows_of_a_network_that_is_gone_leave_no_focus_behind_and_no_pill(page: Page, stage: Stage) -> None:
    rows = row(1, "2026-11-23T08:00:00Z")
    main = listed(rows, "home").replace("</forum-list>", "<p data-empty hidden>Nothing here.</p></forum-list>")
    await opened(page, stage, main, {"network:3": 0, "member:7": 0})
    stage.record("network:3", "thread.created", 2, row(2, "2026-11-23T09:00:00Z"))
    await expect(page.locator(".pill")).to_have_text("1 new")
    await page.locator("#thread-1 a").focus()
    stage.log.shut.add("network:3")
    stage.log.version += 1
    stage.record("network:3", "thread.touched", 1, row(1, "2026-11-23T10:00:00Z"))
    await expect(page.locator("#thread-1")).to_have_count(0)
    await expect(page.locator("main")).to_be_focused()
    await expect(page.locator(".pill")).to_be_hidden()
    await expect(page.get_by_text("Nothing here.")).to_be_visible()


async def test_a_notification_waits_behind_the_pill_and_its_excerpt_goes_with_the_post(
    page: Page, stage: Stage
) -> None:
    note = '<li class="note" id="notification-{0}"><a class="go" href="/posts/2">x</a><p class="said" data-ref="post-2">secret</p></li>'
    main = f'<forum-list data-list="notifications"><button class="pill" type="button" hidden><span></span></button><ol class="foryou">{note.format(1)}</ol></forum-list>'
    await opened(page, stage, main, {"member:7": 0, "thread:9": 0})
    stage.record("member:7", "notification.created", 2, note.format(2))
    await expect(page.locator(".pill")).to_have_text("1 new")
    stage.record("thread:9", "post.removed", 2, post(2, author=None))
    await expect(page.locator("#notification-1 .said")).to_have_text("The post has been removed.")
    await page.locator(".pill").click()
    await expect(page.locator("#notification-2 .said")).to_have_text("The post has been removed.")
    assert "secret" not in await page.content()


async def test_a_composer_of_its_own_page_leads_to_what_it_made(page: Page, stage: Stage) -> None:
    await opened(page, stage, composer("thread", "network:3:new", "/networks/london/threads"), {"member:7": 0})
    stage.show("/threads/31", "the new thread", {})
    stage.answer = lambda _: fragment("<li></li>", 31, "network:3")
    await page.locator("textarea").fill("a question")
    await page.get_by_role("button", name="Reply").click()
    await expect(page.get_by_text("the new thread")).to_be_visible()
    assert await page.evaluate("Object.keys(localStorage)") == []
