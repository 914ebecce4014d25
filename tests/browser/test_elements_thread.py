"""<forum-thread>: what comes live stands where it belongs, and what is removed leaves every place at once."""

# ruff: noqa: E501 (markup stands on one line, as the server sends it)

import pytest
from playwright.async_api import Page, expect

from tests.browser.parts import composer, post, thread
from tests.browser.stage import Post, Stage, fragment

pytestmark = pytest.mark.browser
CHANNELS = {"thread:9": 0, "member:7": 0}


async def opened(page: Page, stage: Stage, main: str, **more: str) -> Page:
    await page.goto(stage.show("/threads/9", main, CHANNELS, **more))
    await expect(page.locator("[data-connection]")).to_have_text("Live")
    return page


def withdrawn(number: int) -> str:
    gap = post(number, author=None, version=2).replace("<li ", '<li data-gap="withdrawn" ', 1)
    return gap.replace("Removed by a moderator of London. The replies stay.", "Withdrawn by its author.")


async def order(page: Page) -> list[str]:
    return await page.locator("ol.tree > li").evaluate_all("all => all.map(li => li.id)")


async def test_a_reply_enters_after_the_last_descendant_of_its_parent(page: Page, stage: Stage) -> None:
    posts = post(2) + post(3, 2, 2) + post(4, 3, 3) + post(5)
    await opened(page, stage, thread(posts, read="{[1,6)}"))
    stage.record("thread:9", "post.created", 6, post(6, 2, 2, name="Priya", author=13), author="Priya", parent=2)
    await expect(page.locator("#post-6")).to_be_visible()
    assert await order(page) == ["post-2", "post-3", "post-4", "post-6", "post-5"]
    await expect(page.locator("#post-6")).to_have_class("post arrived unread")
    await expect(page.locator("#post-6 .new")).to_have_text("New")
    await expect(page.locator("#polite")).to_have_text("1 new reply, from Priya.")
    await expect(page.locator("[data-news] li")).to_have_text("Priya08:22")


async def test_near_is_said_of_a_parent_that_stands_directly_above(page: Page, stage: Stage) -> None:
    await opened(page, stage, thread(post(2) + post(3, 2, 2)))
    stage.record("thread:9", "post.created", 4, post(4, 2, 2), author="Ben", parent=2)
    await expect(page.locator("#post-3 .to")).to_have_class("to near")
    await expect(page.locator("#post-4 .to")).to_have_class("to")


async def test_what_i_have_not_read_is_marked_with_a_line_above_the_first(page: Page, stage: Stage) -> None:
    posts = post(2) + post(3) + post(4, author=7, name="Ana Ortiz") + post(5, author=None)
    await opened(page, stage, thread(posts, read="{[1,3)}"))
    assert await page.locator(".unread[id^=post]").evaluate_all("all => all.map(li => li.id)") == ["post-3"]
    await expect(page.locator("#post-3 > #unread")).to_have_text("1 new since Friday, 17:42")
    main = thread(posts, read="{[1,3)}").replace("Friday, 17:42", "")
    await opened(page, stage, main)
    await expect(page.locator("#post-3 > #unread")).to_have_text("1 unread")


async def test_a_post_in_view_for_a_second_is_reported_as_read(page: Page, stage: Stage) -> None:
    await opened(page, stage, thread(post(2) + post(3) + "".join(post(n) for n in range(4, 40)), read="{[1,3)}"))
    await stage.until(lambda: stage.posts_to("/threads/9/read"), 12)
    read = stage.posts_to("/threads/9/read")[0]
    assert read.member == "7"
    numbers = read.form["numbers"].split(",")
    assert "3" in numbers
    assert "39" not in numbers
    await expect(page.locator("#post-3")).to_have_class("post unread")


async def test_what_was_read_is_reported_as_the_page_goes(page: Page, stage: Stage) -> None:
    await opened(page, stage, thread(post(2) + post(3), read="{[1,3)}"))
    await page.wait_for_timeout(1_300)  # the second that counts, and no more: the batch is not due yet
    assert stage.posts_to("/threads/9/read") == []
    await page.goto(stage.show("/blank", "", {}))
    await stage.until(lambda: stage.posts_to("/threads/9/read"))


async def test_a_removal_empties_every_place_at_once(page: Page, stage: Stage) -> None:
    quote = '<blockquote class="quote" data-ref="post-2"><cite><a href="/posts/2">Ben Okafor</a></cite>secret words</blockquote>'
    posts = post(2, body="secret words") + post(3, 2, 2) + post(4, more=quote)
    side = '<ul data-news><li data-ref="post-2"><a href="#post-2">Ben, secret words</a></li></ul>'
    await opened(page, stage, thread(posts) + side + '<p class="said" data-ref="post-2">secret words</p>')
    assert await page.get_by_text("secret words").count() == 4
    await page.locator("#by-2").focus()
    stage.record("thread:9", "post.removed", 2, post(2, author=None), author=None)
    await expect(page.locator("#post-2 .gap")).to_be_visible()
    assert "secret" not in await page.content()
    await expect(page.locator("#post-3 .to")).to_have_text("in reply to a removed post")
    await expect(page.locator("blockquote")).to_have_text("The quoted post has been removed.")
    await expect(page.locator("p.said")).to_have_text("The post has been removed.")
    await expect(page.locator("#polite")).to_have_text("A post was removed.")
    assert await order(page) == ["post-2", "post-3", "post-4"]
    assert await page.evaluate("document.activeElement.id") == "post-2"

    stage.record("thread:9", "post.restored", 2, post(2, version=3), version=3, author="Ben Okafor")
    await expect(page.locator("#post-3 .to")).to_have_text("in reply to Ben Okafor")
    await expect(page.locator("#post-2 .prose")).to_have_text("words")


async def test_what_answers_a_withdrawn_post_says_so(page: Page, stage: Stage) -> None:
    await opened(page, stage, thread(post(2) + post(3, 2, 2)))
    stage.record("thread:9", "post.withdrawn", 2, withdrawn(2), version=2, author=None)
    await expect(page.locator("#post-3 .to")).to_have_text("in reply to a withdrawn post")


async def test_what_was_withdrawn_is_nowhere_said_to_have_been_removed(page: Page, stage: Stage) -> None:
    quote = (
        '<blockquote class="quote" data-ref="post-2"><cite><a href="/posts/2">Ben Okafor</a></cite>words</blockquote>'
    )
    main = thread(post(2) + post(3, more=quote)) + '<p class="said" data-ref="post-2">words</p>'
    await opened(page, stage, main)
    await page.locator("#post-2 [data-act=reply]").click()
    area = page.locator("#post-2 textarea")
    await area.fill("I think")
    stage.record("thread:9", "post.withdrawn", 2, withdrawn(2), version=2, author=None)
    await expect(page.locator("#post-2 [data-note]")).to_have_text(
        "The post that you answer has been withdrawn. Your draft is kept."
    )
    await expect(page.locator("#post-2 [data-to-name]")).to_have_text("a withdrawn post")
    await expect(page.locator("blockquote")).to_have_text("The quoted post has been withdrawn.")
    await expect(page.locator("p.said")).to_have_text("The post has been withdrawn.")
    assert "removed" not in await page.locator("main").inner_text()


async def test_a_reply_that_was_begun_to_a_withdrawn_post_says_so(page: Page, stage: Stage) -> None:
    await opened(page, stage, thread(post(2) + post(3)))
    await page.locator("#post-2 [data-act=reply]").click()
    await page.locator("#post-2 textarea").fill("I think")
    stage.show("/threads/9", thread(withdrawn(2) + post(3)), CHANNELS)
    await page.reload()
    await expect(page.locator("#post-2 textarea")).to_have_value("I think")
    await expect(page.locator("#post-2 textarea")).to_have_attribute("placeholder", "Reply to a withdrawn post")


async def test_a_quote_that_is_being_written_is_said_to_be_empty(page: Page, stage: Stage) -> None:
    await opened(page, stage, thread(post(2) + post(3)))
    await page.locator("#post-3 [data-act=reply]").click()
    await page.locator("#post-3 textarea").fill("> [#2]\n\nIndeed")
    note = page.locator("#post-3 [data-note]")
    stage.record("thread:9", "post.withdrawn", 2, withdrawn(2), version=2, author=None)
    await expect(note).to_have_text("A post that you quote has been withdrawn: the quote will be empty.")


async def test_a_post_that_left_the_thread_leaves_the_page(page: Page, stage: Stage) -> None:
    await opened(page, stage, thread(post(2) + post(3, 2, 2)))
    stage.record("thread:9", "post.removed", 2, gone=True)
    await expect(page.locator("#post-2")).to_have_count(0)
    await expect(page.locator("#post-3 .to")).to_have_text("in reply to a removed post")


async def test_the_focus_goes_on_from_a_post_that_left_the_thread(page: Page, stage: Stage) -> None:
    await opened(page, stage, thread(post(2) + post(3) + post(4)))
    await page.locator("#post-3 [data-act=reply]").click()
    await expect(page.locator("#post-3 textarea")).to_be_focused()
    stage.record("thread:9", "post.removed", 3, gone=True)
    await expect(page.locator("#post-4")).to_be_focused()
    stage.record("thread:9", "post.removed", 4, gone=True)
    await expect(page.locator("#post-2")).to_be_focused()


async def test_an_edit_replaces_the_words_and_leaves_my_reply_to_it_alone(page: Page, stage: Stage) -> None:
    await opened(page, stage, thread(post(2) + post(3)))
    await page.locator("#post-2 [data-act=reply]").click()
    area = page.locator("#post-2 textarea")
    await area.fill("I think")
    stage.record("thread:9", "post.edited", 2, post(2, body="other words", version=2), version=2, author="Ben Okafor")
    await expect(page.locator("#post-2 .prose").first).to_have_text("other words")
    await expect(area).to_have_value("I think")
    await expect(area).to_be_focused()
    await expect(page.locator("#post-2 [data-note]")).to_have_text("The post that you answer was edited.")
    stage.record("thread:9", "post.removed", 2, post(2, author=None, version=3), version=3)
    await expect(page.locator("#post-2 [data-note]")).to_have_text(
        "The post that you answer has been removed. Your draft is kept."
    )
    await expect(page.locator("#post-2 [data-to-name]")).to_have_text("a removed post")
    await expect(area).to_have_value("I think")


async def test_an_answer_of_mine_that_is_newer_than_an_update_stays(page: Page, stage: Stage) -> None:
    await opened(page, stage, thread(post(2)))
    stage.record("thread:9", "post.edited", 2, post(2, body="second", version=3), version=3)
    await expect(page.locator("#post-2 .prose")).to_have_text("second")
    stage.record("thread:9", "post.edited", 2, post(2, body="first", version=2), version=2)
    stage.record("thread:9", "post.created", 3, post(3), author="Ben")
    await expect(page.locator("#post-3")).to_be_visible()
    await expect(page.locator("#post-2 .prose")).to_have_text("second")


async def test_my_reply_stands_in_place_once_and_has_the_focus(page: Page, stage: Stage) -> None:
    await opened(page, stage, thread(post(2) + post(3)))

    def answer(sent: Post):
        html = post(4, 2, 2, author=7, name="Ana Ortiz", body=sent.form["body"])
        stage.record("thread:9", "post.created", 4, html, author="Ana Ortiz", parent=2)
        return fragment(html, 4, "thread:9")

    stage.answer = answer
    await page.locator("#post-2 [data-act=reply]").click()
    await expect(page.locator("#post-2 .to").last).to_have_text("In reply to Ben Okaforx")
    await page.locator("#post-2 textarea").fill("Same here")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#post-4 .prose")).to_have_text("Same here")
    await expect(page.locator("#by-4")).to_be_focused()
    assert await order(page) == ["post-2", "post-4", "post-3"]
    assert await page.locator("forum-composer").count() == 1
    assert [sent.form["parent"] for sent in stage.posts_to("/threads/9/posts")] == ["2"]
    assert await page.locator("#post-4.unread").count() == 0
    assert await page.evaluate("Object.keys(localStorage)") == []


async def test_one_composer_in_place_at_a_time_and_the_other_keeps_its_draft(page: Page, stage: Stage) -> None:
    await opened(page, stage, thread(post(2) + post(3)))
    await page.locator("#post-2 [data-act=reply]").click()
    await page.locator("#post-2 textarea").fill("to two")
    await page.locator("#post-3 [data-act=quote]").click()
    await expect(page.locator("#post-3 textarea")).to_have_value("> [#3]\n\n")
    assert await page.locator("#post-2 textarea").count() == 0
    await page.locator("#post-2 [data-act=reply]").click()
    await expect(page.locator("#post-2 textarea")).to_have_value("to two")
    assert await page.locator("#post-2 [data-begun]").count() == 0
    await page.keyboard.press("Escape")
    await expect(page.locator("#by-2")).to_be_focused()
    await expect(page.locator("#post-2 [data-begun]")).to_be_visible()


async def test_a_reply_that_was_begun_is_open_again_after_a_reload(page: Page, stage: Stage) -> None:
    await opened(page, stage, thread("".join(post(number) for number in range(2, 40)) + post(40, 2, 2)))
    for number, words in ((3, "to three"), (5, "to five")):
        await page.locator(f"#post-{number} [data-act=reply]").click()
        await page.locator(f"#post-{number} textarea").fill(words)
    begun = page.locator("#post-3 [data-begun]")
    await expect(begun).to_have_text("Draft: go on with your reply to Ben Okafor")
    await expect(page.locator("#post-5 [data-kept]")).to_be_visible()
    await page.goto("/blank")
    await page.goto("/threads/9#post-30")
    await expect(page.locator("#post-5 textarea")).to_have_value("to five")
    assert await page.evaluate("document.activeElement.closest('forum-composer')") is None
    assert abs(await page.evaluate("document.querySelector('#post-30').getBoundingClientRect().top")) < 1
    assert await page.locator("[data-begun]").count() == 1
    stage.record("thread:9", "post.edited", 3, post(3, body="other words", version=2), version=2)
    await expect(page.locator("#post-3 .prose")).to_have_text("other words")
    await expect(begun).to_be_visible()
    await begun.click()
    await expect(page.locator("#post-3 textarea")).to_have_value("to three")
    await expect(page.locator("#post-3 [data-act=reply]")).to_have_text("Reply to Ben Okafor")
    await expect(page.locator("#post-5 [data-begun]")).to_be_visible()


async def test_the_draft_of_a_reply_goes_with_its_post_to_another_thread(page: Page, stage: Stage) -> None:
    await opened(page, stage, thread(post(2) + post(3)))
    await page.locator("#post-3 [data-act=reply]").click()
    await page.locator("#post-3 textarea").fill("to three")
    await expect(page.locator("#post-3 [data-kept]")).to_be_visible()
    split = thread(post(3)).replace('data-thread="9"', 'data-thread="12"').replace("/threads/9", "/threads/12")
    await page.goto(stage.show("/threads/12", split, {}))
    await expect(page.locator("#post-3 textarea")).to_have_value("to three")
    assert await page.locator("#post-3 form").get_attribute("action") == "/threads/12/posts"
    # What began as a reply to a post is one to the thread once that post opens it.
    await page.goto(stage.show("/threads/13", thread("").replace('data-draft="reply:1"', 'data-draft="reply:3"'), {}))
    await expect(page.locator(".dock textarea")).to_have_value("to three")


async def test_a_draft_whose_post_is_elsewhere_is_left_alone(page: Page, stage: Stage) -> None:
    await opened(page, stage, thread(post(2)))
    await page.evaluate("""localStorage.setItem("draft:7:reply:77", '{"body": "to a post further down"}')""")
    await page.reload()
    await expect(page.locator("[data-connection]")).to_have_text("Live")
    assert await page.locator("forum-composer").count() == 1
    assert await page.evaluate("Object.keys(localStorage)") == ["draft:7:reply:77"]


async def test_who_is_answered_is_named_without_the_words_for_screen_readers(page: Page, stage: Stage) -> None:
    level = '</a><span class="sr">, level 2</span></h3>'
    await opened(page, stage, thread(post(2) + post(3, 2, 2).replace("</a></h3>", level)))
    await page.locator("#post-3 [data-act=reply]").click()
    await expect(page.locator("#post-3 [data-to-name]")).to_have_text("Ben Okafor")
    await expect(page.get_by_label("Reply to Ben Okafor", exact=True).locator("textarea")).to_be_visible()
    await expect(page.locator("#post-3 label")).to_have_text("Reply to Ben Okafor")


async def test_a_reply_beyond_the_range_only_counts(page: Page, stage: Stage) -> None:
    around = (
        '<p data-earlier><a href="#"><span data-count>80</span> earlier replies</a></p>',
        '<p data-later><a href="#"><span data-count>1,340</span> more replies</a></p>',
    )
    main = thread(post(20, 19, 2) + post(21, 20, 3), around=around).replace(
        'class="tree"', 'class="tree" data-first="0010" data-last="0050"'
    )
    await opened(page, stage, main)
    stage.record("thread:9", "post.created", 90, post(90), path="0090")
    stage.record("thread:9", "post.created", 91, post(91, 3, 2), path="0005")
    # Its parent stands before the range, but its other descendants are in it.
    stage.record("thread:9", "post.created", 92, post(92, 19, 2), path="0020")
    await expect(page.locator("#post-92")).to_be_visible()
    assert await order(page) == ["post-20", "post-21", "post-92"]
    await expect(page.locator("[data-later] span")).to_have_text("1,341")
    await expect(page.locator("[data-earlier] span")).to_have_text("81")


async def test_the_head_counts_what_is_shown(page: Page, stage: Stage) -> None:
    main = thread(post(2)).replace("<ol", "<p><span data-shown-count>2</span> posts, 2 people</p><ol")
    await opened(page, stage, main)
    count = page.locator("p:has([data-shown-count])")
    stage.record("thread:9", "post.created", 3, post(3))
    await expect(count).to_have_text("3 posts, 2 people")
    stage.record("thread:9", "post.held", 3, post(3, author=None))
    stage.record("thread:9", "post.removed", 3, post(3, author=None))
    stage.record("thread:9", "post.removed", 2, post(2, author=None))
    await expect(count).to_have_text("1 post, 2 people")
    stage.record("thread:9", "post.restored", 2, post(2, version=4), version=4, shown=20)
    await expect(count).to_have_text("20 posts, 2 people")


async def test_by_time_a_reply_stands_at_the_end(page: Page, stage: Stage) -> None:
    await opened(page, stage, thread(post(2) + post(3)).replace('data-order="tree"', 'data-order="time"'))
    stage.record("thread:9", "post.created", 4, post(4, 2, 2))
    await expect(page.locator("#post-4")).to_be_visible()
    assert await order(page) == ["post-2", "post-3", "post-4"]


async def test_what_is_read_does_not_move_and_the_pill_leads_to_what_came(page: Page, stage: Stage) -> None:
    await opened(page, stage, thread("".join(post(n) for n in range(2, 40))))
    await page.locator("#post-20").scroll_into_view_if_needed()
    before = (await page.locator("#post-20").bounding_box())["y"]
    stage.record("thread:9", "post.created", 50, post(50, 2, 2), author="Ben")
    stage.record("thread:9", "post.created", 51, post(51, 3, 2), author="Ben")
    pill = page.locator("button.pill")
    await expect(pill).to_have_text("2 new replies")
    assert abs((await page.locator("#post-20").bounding_box())["y"] - before) < 1
    await pill.click()
    await expect(page.locator("#by-50")).to_be_focused()
    await expect(pill).to_be_hidden()


async def test_where_nothing_anchors_we_keep_the_place_ourselves(page: Page, stage: Stage) -> None:
    await opened(page, stage, thread("".join(post(n) for n in range(2, 40))))
    moved = await page.evaluate("""async () => {
        const { keepPlace } = await import("/static/js/place.js");
        document.documentElement.style.overflowAnchor = "none";
        const list = document.querySelector("ol.tree");
        const reader = document.getElementById("post-20");
        reader.scrollIntoView();
        const before = reader.getBoundingClientRect().top;
        keepPlace(list, () => list.prepend(document.getElementById("post-30").cloneNode(true)), true);
        return reader.getBoundingClientRect().top - before;
    }""")
    assert abs(moved) < 1


async def test_a_lock_closes_the_composer_and_keeps_the_draft(page: Page, stage: Stage) -> None:
    await opened(page, stage, thread(post(2)))
    await page.locator("textarea").fill("half an answer")
    sentence = "Locked by a moderator on 20 November. You can read it, but not reply."
    head = f'<div id="thread-head" class="title" data-locked="{sentence}"><h1 data-title="9">Portals</h1></div>'
    stage.record("thread:9", "thread.changed", 9, head, title="Portals")
    await expect(page.locator("[data-problem]")).to_have_text(sentence)
    await expect(page.locator("textarea")).to_have_value("half an answer")
    await expect(page.locator("textarea")).not_to_be_editable()
    assert await page.locator("#thread-head").get_attribute("data-locked") == sentence
    stage.record(
        "thread:9",
        "thread.changed",
        9,
        head.replace(f' data-locked="{sentence}"', "").replace("Portals", "Gates"),
        title="Gates",
    )
    await expect(page.locator("textarea")).to_be_editable()
    await expect(page).to_have_title("Gates – Site")


async def test_a_name_that_changes_changes_everywhere(page: Page, stage: Stage) -> None:
    mention = '<p><a class="mention" href="/members/12" data-name="12">@Ben Okafor</a></p>'
    await opened(page, stage, thread(post(2) + post(3, 2, 2, author=13, name="Priya", more=mention)))
    stage.record("member:7", "member.changed", 12, name=None, role="", initials="–")
    await expect(page.locator("#post-3 .mention")).to_have_text("@A former member")
    assert "Ben Okafor" not in await page.content()
    await expect(page.locator("#post-3 .to")).to_have_text("in reply to A former member")
    await expect(page.locator("#post-2 forum-menu a")).to_have_attribute(
        "aria-label", "More for the post by A former member"
    )


async def test_keys_walk_posts_and_open_the_composer(page: Page, stage: Stage) -> None:
    await opened(page, stage, thread(post(2) + post(3, 2, 2) + post(4) + post(5), read="{[1,4)}"))
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await expect(page.locator("#by-2")).to_be_focused()
    await page.keyboard.press("j")
    await page.keyboard.press("u")
    await expect(page.locator("#by-2")).to_be_focused()
    await page.keyboard.press("n")
    await expect(page.locator("#by-4")).to_be_focused()
    await page.keyboard.press("n")
    await expect(page.locator("#by-5")).to_be_focused()
    await page.keyboard.press("p")
    await expect(page.locator("#by-4")).to_be_focused()
    await page.keyboard.press("r")
    await expect(page.locator("#post-4 textarea")).to_be_focused()
    await page.keyboard.type("jjj?")
    await expect(page.locator("#post-4 textarea")).to_have_value("jjj?")
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


async def test_single_keys_can_be_switched_off(page: Page, stage: Stage) -> None:
    await opened(page, stage, thread(post(2)), html='data-keys="off"')
    await page.keyboard.press("?")
    await page.keyboard.press("j")
    assert await page.locator("dialog").count() == 0
    assert await page.evaluate("document.activeElement === document.body")


async def test_without_a_composer_the_link_to_reply_is_a_link(page: Page, stage: Stage) -> None:
    await opened(page, stage, thread(post(2), write=False))
    stage.show("/threads/9/reply", "reply here", {})
    await page.locator("#post-2 [data-act=reply]").click()
    await expect(page.get_by_text("reply here")).to_be_visible()


@pytest.mark.parametrize("how", ["removed", "withdrawn"])
async def test_an_open_edit_of_a_post_that_is_gone_is_emptied(page: Page, stage: Stage, how: str) -> None:
    main = composer("edit", "post-2", "/posts/2/edit", edits="post-2", version="1").replace(
        "></textarea>", ">the old words</textarea>"
    )
    await page.goto(stage.show("/posts/2/edit", main, CHANNELS))
    await page.locator("textarea").fill("the old words, mended")
    await expect(page.locator("[data-kept]")).to_be_visible()
    stage.record("thread:9", f"post.{how}", 2, withdrawn(2) if how == "withdrawn" else post(2, author=None))
    await expect(page.locator("[data-note]")).to_have_text(f"The post has been {how}.")
    await expect(page.locator("textarea")).to_have_value("")
    assert "old words" not in await page.content()
    assert await page.evaluate("Object.keys(localStorage)") == []
    await expect(page.locator("textarea")).not_to_be_editable()
