"""The browser's pure functions, run in the browser; where the server has the same rule, both are asked."""

# ruff: noqa: E501 (markup stands on one line, as the server sends it)

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Page

from forum import text
from forum.views import words
from tests.browser.stage import Stage

pytestmark = pytest.mark.browser
LONDON = ZoneInfo("Europe/London")


async def run(page: Page, module: str, body: str, argument: object = None) -> object:
    """Evaluate `body`, a function of (module, argument), with one of our modules."""
    return await page.evaluate(
        f"async ([path, argument]) => {{ const m = await import(path); return ({body})(m, argument); }}",
        [f"/static/js/{module}", argument],
    )


@pytest.fixture
async def blank(page: Page, stage: Stage) -> Page:
    await page.goto(stage.show("/blank", "", {}))
    return page


async def test_ranges_read_what_postgres_writes(blank: Page) -> None:
    ranges = await run(blank, "thread/ranges.js", "m => m.parse('{[1,21),[24,25)}')")
    assert ranges == [[1, 21], [24, 25]]
    joined = await run(blank, "thread/ranges.js", "m => [23, 21, 22, 40].reduce(m.add, m.parse('{[1,21),[24,25)}'))")
    assert joined == [[1, 25], [40, 41]]
    assert await run(blank, "thread/ranges.js", "m => [1, 20, 21, 24, 25].map(n => m.has(m.parse('{[1,21),[24,25)}'), n))") == [
        True, True, False, True, False,
    ]  # fmt: skip


async def test_a_tree_built_reply_by_reply_is_the_tree_in_order(blank: Page) -> None:
    chance = random.Random(4)
    parents = {1: 0}
    for number in range(2, 200):
        parents[number] = chance.choice(list(parents))

    def below(number: int) -> list[int]:
        return [number, *(each for child in parents if parents[child] == number for each in below(child))]

    def depth(number: int) -> int:
        return 0 if number == 1 else 1 + depth(parents[number])

    facts = {n: {"id": n, "number": n, "parent": parents[n], "depth": depth(n)} for n in parents if n > 1}
    shown = await run(
        blank,
        "thread/tree.js",
        "(m, all) => all.reduce((list, post) => list.toSpliced(m.placeInTree(list, post), 0, post), []).map(p => p.id)",
        list(facts.values()),
    )
    assert shown == below(1)[1:]


async def test_an_older_sibling_that_comes_late_stands_before_the_younger(blank: Page) -> None:
    posts = [{"id": 2, "number": 2, "parent": 1, "depth": 1}, {"id": 9, "number": 9, "parent": 2, "depth": 2}]
    reply = {"id": 8, "number": 8, "parent": 2, "depth": 2}
    assert await run(blank, "thread/tree.js", "(m, [list, post]) => m.placeInTree(list, post)", [posts, reply]) == 1


@pytest.mark.parametrize(
    ("reply", "side"),
    [
        ({"path": "0001", "parentIsShown": True}, "earlier"),
        ({"path": "0003", "parentIsShown": False}, "inside"),
        ({"path": "0009", "parentIsShown": True}, "later"),
        ({"parentIsShown": True}, "inside"),
        ({"parentIsShown": False}, "later"),
    ],
)
async def test_a_reply_outside_the_range_is_known_by_its_path(blank: Page, reply: dict, side: str) -> None:
    span = {"first": "0002", "last": "0008", "earlier": True, "later": True, "byTime": False}
    assert await run(blank, "thread/tree.js", "(m, [span, reply]) => m.sideOf(span, reply)", [span, reply]) == side


BEFORE = {"author": "member 1", "at": 0, "day": "2026-11-23", "reply": False, "gap": False}


@pytest.mark.parametrize(
    ("changes", "grouped"),
    [
        ({"at": 299_999}, True),
        ({"at": 300_000}, False),
        ({"author": "member 2"}, False),
        ({"day": "2026-11-24"}, False),
        ({"reply": True}, False),
        ({"gap": True, "author": None}, False),
    ],
)
async def test_a_message_goes_on_where_the_one_before_left_off(blank: Page, changes: dict, grouped: bool) -> None:
    assert (
        await run(
            blank, "room/grouping.js", "(m, [one, before]) => m.isGrouped(one, before)", [BEFORE | changes, BEFORE]
        )
        is grouped
    )


async def test_after_a_gap_the_name_stands_again(blank: Page) -> None:
    gap = BEFORE | {"gap": True, "author": None}
    assert (
        await run(blank, "room/grouping.js", "(m, [one, before]) => m.isGrouped(one, before)", [BEFORE, gap]) is False
    )
    assert await run(blank, "room/grouping.js", "(m, one) => m.isGrouped(one, null)", BEFORE) is False


async def test_back_off_doubles_to_a_bound_and_spreads(blank: Page) -> None:
    bounds = await run(
        blank, "backoff.js", "m => [1, 2, 3, 20].map(n => [m.pauseAfter(n, () => 0), m.pauseAfter(n, () => 1)])"
    )
    assert bounds == [[250, 500], [500, 1000], [1000, 2000], [15_000, 30_000]]
    assert await run(blank, "backoff.js", "m => [m.pauseAfterRestart(() => 0), m.pauseAfterRestart(() => 1)]") == [
        100,
        2100,
    ]


async def test_a_cursor_moves_after_what_it_stands_for_was_applied(blank: Page) -> None:
    outcome = await run(
        blank,
        "cursors.js",
        """m => {
            const cursors = new m.Cursors({ "thread:9": 4 });
            const take = (seq, act = () => {}) => cursors.take({ channel: "thread:9", seq }, act);
            let failed = "";
            try { take(5, () => { throw new Error("broke") }) } catch (error) { failed = error.message }
            const at = cursors.get("thread:9");
            return [failed, at, take(4), take(6), take(5), take(5), cursors.get("thread:9"), cursors.take({ channel: "room:1", seq: 1 })];
        }""",
    )
    assert outcome == ["broke", 4, "known", "gap", "applied", "known", 5, "foreign"]


async def test_times_read_as_the_server_words_them(blank: Page) -> None:
    now = datetime(2026, 11, 23, 8, 51, tzinfo=UTC)
    chance = random.Random(8)
    moments = [now - timedelta(minutes=chance.randrange(0, 60 * 24 * 500)) for _ in range(300)]
    moments += [
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 11, 23, 0, 0, tzinfo=UTC),
        now + timedelta(days=1),
    ]
    for form, word in (("", words.when), ("listed", words.listed), ("full", words.dated)):
        shown = await run(
            blank,
            "times.js",
            "(m, [all, form, now]) => all.map(at => m.wordsFor(at, form, Date.parse(now)))",
            [[words.machine_time(at) for at in moments], form, now.isoformat()],
        )
        assert shown == [word(at, now, LONDON) for at in moments], form
    days = await run(
        blank,
        "times.js",
        "(m, [all, now]) => all.map(at => m.wordsFor(m.dayOf(at), 'day', Date.parse(now)))",
        [[words.machine_time(at) for at in moments], now.isoformat()],
    )
    assert days == [words.day_line(at, now, LONDON) for at in moments]


async def test_initials_and_counts_read_as_the_server_words_them(blank: Page) -> None:
    names = ["Ruth Castellane", "priya", "Ömer  de la Cruz", "李 小龙", "4711", "Dr. O'Brien (London)", "A B C"]
    assert await run(blank, "words.js", "(m, all) => all.map(m.initials)", names) == [
        words.initials(name) for name in names
    ]
    assert await run(blank, "words.js", "m => [m.badge(99), m.badge(100), m.counted(1240, 'reply', 'replies')]") == [
        "99",
        "99+",
        "1,240 replies",
    ]


async def test_an_excerpt_is_cut_as_the_server_cuts_it(blank: Page) -> None:
    for html in ("<p>short</p>", f"<p>{'one two three ' * 30}</p>", f"<p>{'x' * 300}</p>", "<p>a &amp; b</p>"):
        shown = await run(
            blank,
            "markup.js",
            "(m, html) => m.excerpt(m.element(`<div>${html}</div>`), 140)",
            html,
        )
        assert shown == text.excerpt(html, 140)


async def test_who_types_is_said_in_at_most_two_names(blank: Page) -> None:
    said = await run(blank, "words.js", "m => [[], ['Ruth'], ['Ruth', 'Tom'], ['Ruth', 'Tom', 'Joan']].map(m.typing)")
    assert said == ["", "Ruth is typing", "Ruth and Tom are typing", "Several people are typing"]


async def test_what_has_gone_is_said_by_who_took_it(blank: Page) -> None:
    act = """async (m, frames) => {
        for (const { author, ...frame } of frames) m.sayGone(frame, author, 0);
        await new Promise((done) => setTimeout(done, 200));
        return document.getElementById("polite").textContent;
    }"""

    async def said(kind: str, author: str = "12", count: int = 1, frame: str = "update") -> object:
        return await run(blank, "announce.js", act, [{"type": frame, "kind": kind, "author": author}] * count)

    assert await said("post.removed", frame="answer") == "", "where I did it, it is said"
    assert await said("post.removed") == "A post was removed."
    assert await said("post.removed", "7", 3) == "3 posts were removed."
    assert await said("message.withdrawn") == "A message was withdrawn."
    assert await said("message.withdrawn", "7") == "Message withdrawn."
