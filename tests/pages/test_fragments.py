"""Fragments: the same for every viewer, escaped, never stale, and silent about what is gone."""

from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from forum.views.cache import FragmentCache
from tests.pages.rows import NOON, Clock, gap, member, message, network, notification, post, thread, views

HOSTILE = "<script>x()</script>\"' onload=x &amp;"

Make = Callable[[Any], str]


class Reader(HTMLParser):
    """Reads a fragment as a browser would: its tags and their attributes, and what they say."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: dict[str, list[str | None]] = {}
        self.said = ""
        self.open: list[str] = []
        self.feed(str(html))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in {"input", "br", "path", "circle", "rect"}:
            self.open.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.said += data


EVERY: dict[str, Make] = {
    "opening post": lambda n: views().post(post(depth=0, parent_id=None, **n("author_name", "network_name"))),
    "reply": lambda n: views().post(post(depth=2, edited_at=NOON, **n("author_name", "author_title", "parent_name"))),
    "reply with a quote and a mention": lambda n: views().post(
        post(
            html='<blockquote data-quote="4"></blockquote><a class="mention" data-mention="8"></a>',
            mentions=[8],
            mention_names={"8": n("name")["name"]},
            quotes={"4": {"author": n("name")["name"], "html": "<p>Said.</p>"}},
        )
    ),
    "imported post": lambda n: views().post(post(author_id=None, byline_id=4, **n("author_name"))),
    "removed post": lambda n: views().post(gap("removed", **n("network_name"))),
    "held post": lambda n: views().post(gap("held", **n("network_name"))),
    "message": lambda n: views().message(message(edited_at=NOON, **n("author_name"))),
    "reply in a room": lambda n: views().message(
        message(reply_to_id=4, reply_to_state="shown", reply_to_html="<p>Said.</p>", **n("reply_to_name"))
    ),
    "withdrawn message": lambda n: views().message(message(state="withdrawn", html=None, **n("author_name"))),
    "thread row": lambda n: views().thread_row(thread(pinned_at=NOON, locked_at=NOON, **n("title", "last_name")), 3),
    "thread head": lambda n: views().thread_head(thread(locked_at=NOON, **n("title"))),
    "network head": lambda n: views().network_head(network(**n("name", "purpose"))),
    "member row": lambda n: views().member_row(member(**n("name", "title", "organisation"))),
    "notification": lambda n: views().notification(notification(**n("actor_name", "thread_title", "network_name"))),
    "notification of a removal": lambda n: views().notification(notification(what="removal", **n("reason"))),
    "request": lambda n: views().request(
        {"id": 1, "member_id": 7, "asked_at": NOON, "state": "asked", "region": "",
         **n("member_name", "title", "organisation", "body")}, "london"
    ),
    "hold": lambda n: views().hold(
        {"id": 1, "post_id": 7, "thread_id": 9, "held_by_network_id": 4, "held_at": NOON, "until": NOON,
         **n("thread_title", "held_by_network_name")}
    ),
}  # fmt: skip


def named(text: str) -> Callable[..., dict[str, str]]:
    return lambda *columns: dict.fromkeys(columns, text)


@pytest.mark.parametrize("what", EVERY)
def test_hostile_words_stay_words(what: str) -> None:
    friendly, hostile = Reader(EVERY[what](named("Ana Reyes"))), Reader(EVERY[what](named(HOSTILE)))
    assert hostile.tags == friendly.tags
    assert hostile.attributes.keys() == friendly.attributes.keys()
    assert not hostile.open
    assert "<script>x()</script>" in hostile.said


@pytest.mark.parametrize("what", EVERY)
def test_no_fragment_styles_or_runs_anything_inline(what: str) -> None:
    names = Reader(EVERY[what](named("Ana Reyes"))).attributes
    assert "style" not in names
    assert not [name for name in names if name.startswith("on")]


@pytest.mark.parametrize("state", ["held", "withdrawn", "removed", "purged"])
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_a_gap_says_neither_who_nor_what(state: str, depth: int) -> None:
    shown = views().post(post(depth=depth))
    assert 'data-author="12"' in shown
    assert "Ana Reyes" in shown
    hidden = views().post(gap(state, depth=depth, mentions=[8], mention_names={"8": "Eve Stone"}))
    for trace in ("data-author", "data-mentions", "data-byline", "Ana Reyes", "Eve Stone", "Words.", "members/12"):
        assert trace not in hidden
    assert 'id="post-77"' in hidden


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("removed", "Removed by a moderator of London on 23 November. The replies stay."),
        ("withdrawn", "Withdrawn by its author."),
        ("held", "Held until London decides, at the latest on Monday at 12:00."),
    ],
)
def test_a_gap_speaks_its_sentence(state: str, sentence: str) -> None:
    assert sentence in Reader(views().post(gap(state))).said


def test_a_removed_message_has_no_name_and_a_withdrawn_one_keeps_it() -> None:
    removed = Reader(views().message(message(state="removed", html=None)))
    assert "Removed by a moderator · 12:00" in removed.said
    assert "data-author" not in removed.attributes
    assert "Ana" not in removed.said
    assert "Withdrawn by Ana Reyes" in Reader(views().message(message(state="withdrawn", html=None))).said


def test_what_answers_a_gap_names_nobody() -> None:
    answer = views().post(post(depth=2, parent_state="removed"))
    assert "in reply to a removed post" in answer
    assert "Ben Okafor" not in answer
    said = views().message(message(reply_to_id=4, reply_to_state="removed", reply_to_name="Ben Okafor"))
    assert "in reply to a removed message" in said
    assert "Ben Okafor" not in said
    assert "in reply to a withdrawn post" in views().post(post(depth=2, parent_state="withdrawn"))
    said = views().message(message(reply_to_id=4, reply_to_state="withdrawn", reply_to_name="Ben Okafor"))
    assert "in reply to a withdrawn message" in said


@pytest.mark.parametrize(
    ("role", "sentence"),
    [
        ("observer", "You are now an observer in London"),
        ("member", "You are now a member of London"),
        ("moderator", "You are now a moderator of London"),
        ("lead", "You are now a lead of London"),
        (None, "Your role in London has changed"),  # of before it was kept
    ],
)
def test_a_notification_of_a_role_says_which(role: str | None, sentence: str) -> None:
    told = Reader(views().notification(notification(what="role", post_id=None, thread_id=None, role=role)))
    assert sentence in " ".join(told.said.split())


def test_a_notification_says_how_what_it_tells_of_went() -> None:
    for state, said in (("withdrawn", "withdrawn"), ("removed", "removed")):
        assert f"The post has been {said}." in views().notification(notification(post_state=state, post_html=None))
        of_message = notification(
            what="room_reply", post_id=None, post_html=None, post_state=None, message_id=4, message_state=state
        )
        assert f"The message has been {said}." in views().notification(of_message)


def test_a_member_who_is_gone_is_a_former_member() -> None:
    fragment = Reader(views().post(post(author_name=None)))
    assert "A former member" in fragment.said


def test_an_imported_author_has_a_name_and_no_profile() -> None:
    fragment = Reader(views().post(post(author_id=None, byline_id=4, author_name="Joan of the list")))
    assert "Joan of the list" in fragment.said
    assert fragment.attributes["data-byline"] == ["4", "4"]
    assert "data-author" not in fragment.attributes


@pytest.mark.parametrize(
    "change",
    [
        {"author_name": "Ana Reyes-Hall"},
        {"author_organisation": "Elsewhere"},
        {"html": "<p>Other words.</p>", "version": 2},
        {"parent_state": "removed"},
        {"parent_name": None},
        {"edited_at": NOON},
        {"quotes": {"4": {"author": "Ben", "html": "<p>new</p>"}}},
        {"mention_names": {"8": None}},
        {"state": "removed", "html": None, "gap_network_name": "London", "gap_network_id": 3, "gap_at": NOON},
    ],
)
def test_a_kept_fragment_is_never_stale(change: dict[str, Any]) -> None:
    html = '<blockquote data-quote="4"></blockquote><a class="mention" data-mention="8"></a>'
    before = post(depth=2, html=html, quotes={"4": {"author": "Ben", "html": "<p>old</p>"}}, mention_names={"8": "Eve"})
    site = views()
    first = site.post(before)
    assert site.post(dict(before)) == first
    assert site.cache.hits == 1
    assert site.post(before | change) != first


def test_the_words_of_a_time_turn_with_the_day() -> None:
    clock = Clock()
    site = views(clock)
    assert ">12:00</time>" in site.post(post())
    clock.at += timedelta(hours=13)
    assert ">Mon 12:00</time>" in site.post(post())


def test_the_parent_right_above_is_not_named_again() -> None:
    rows = [post(id=2, depth=1), post(id=3, depth=2, parent_id=2), post(id=4, depth=2, parent_id=2)]
    tree = views().tree(rows)
    assert tree.count('class="to near"') == 1
    assert tree.index('class="to near"') < tree.index('id="post-4"') < tree.index('class="to"')


def test_the_unread_line_stands_inside_the_first_unread_post() -> None:
    rows = [post(id=2, number=2), post(id=3, number=3), post(id=4, number=4), gap("removed", id=5, number=5)]
    tree = views().tree(rows, unread={3, 4, 5}, line="3 new since <Friday>")
    assert tree.count('<li class="post unread"') == 2
    assert tree.count('id="unread"') == 1
    assert tree.index('id="post-3"') < tree.index('id="unread"') < tree.index('id="by-3"')
    assert "3 new since &lt;Friday&gt;" in tree


def minutes(number: int, **facts: Any) -> dict[str, Any]:
    return message(id=number, number=number, created_at=NOON + timedelta(minutes=number), **facts)


@pytest.mark.parametrize(
    ("later", "grouped"),
    [
        (minutes(2), True),
        (minutes(5), True),
        (minutes(6), False),
        (minutes(2, author_id=13), False),
        (minutes(2, reply_to_id=1, reply_to_state="shown", reply_to_html="<p>a</p>"), False),
        (minutes(2, state="removed", html=None), False),
    ],
)
def test_messages_of_one_author_stand_together_for_five_minutes(later: dict[str, Any], grouped: bool) -> None:
    log = views().log([minutes(1), later])
    assert ("data-grouped" in log) is grouped


def test_who_follows_a_gap_shows_a_name_again() -> None:
    log = views().log([minutes(1), minutes(2, state="removed", html=None), minutes(3)])
    assert "data-grouped" not in log


def test_a_day_line_stands_between_days_and_parts_a_group() -> None:
    midnight = NOON.replace(hour=0, minute=1)
    rows = [message(id=1, number=1, created_at=midnight - timedelta(minutes=2)), message(id=2, created_at=midnight)]
    log = views().log(rows)
    assert log.count('<li class="day">') == 2
    assert "Sunday 22 November" in log
    assert "Today, Monday 23 November" in log
    assert "data-grouped" not in log


def test_mine_are_not_new_and_who_mentions_me_stands_out() -> None:
    rows = [minutes(1, author_id=7), minutes(2), minutes(3, mentions=[7], author_id=13)]
    log = views().log(rows, me=7, read=0)
    assert "2 new" in log
    assert log.index('id="message-1"') < log.index('id="unread"') < log.index('id="message-2"')
    assert log.count('<li class="msg tome"') == 1


def test_unread_in_a_list_is_added_around_the_same_fragment() -> None:
    site = views()
    plain, mine = str(site.thread_row(thread())), str(site.thread_row(thread(), 5))
    assert "5 new</span>" in mine
    assert mine.replace(">5 new<", " hidden><").replace("thread unread", "thread") == plain


def test_a_title_cannot_pretend_to_be_a_mark() -> None:
    forged = '<li class="thread" data-words="new" hidden></span>'
    mine = views().thread_row(thread(title=forged), 5)
    assert mine.count("5 new</span>") == 1
    assert mine.count('<li class="thread unread"') == 1


def test_the_cache_is_bounded_by_size_and_forgets_the_oldest() -> None:
    cache = FragmentCache(max_chars=100)
    for key in range(10):
        cache.get(key, lambda: "x" * 30)
    assert len(cache) == 3
    cache.get(9, lambda: pytest.fail("kept"))
    cache.get(0, lambda: "y")
    assert cache.hits == 1
    cache.get("big", lambda: "z" * 1000)
    assert len(cache) == 0
