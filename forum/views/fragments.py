"""Rows to fragments: what a page, an answer and a live frame show of one row, the same bytes for every viewer.

Invariants: a fragment shows nothing but its row, so whoever may see the row may see the fragment; one partial serves
page, answer and frame; a kept fragment is found by *all* facts that its template is handed, and by the day in the
site's zone, so that it is never stale, not even when the day turns. What is mine or depends on neighbours (unread,
grouped, near) is put around kept fragments by `tree`, `log` and `listed`.

How it is used::

    views.post(row)                                  # shown_posts: the li, or the opening article where depth is 0
    views.tree(rows, unread={21, 22}, line="5 new")  # the content of ol.tree
    views.message(row); views.log(rows, previous=row_before, me=7, read=120)   # shown_messages
    views.thread_row(row); views.listed(rows, unread={9: 5})                   # listed_threads
    views.thread_head(row); views.network_head(row); views.member_row(row); views.notification(row)
"""

import functools
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, MutableMapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import jinja2
from markupsafe import Markup, escape

from forum.views import log_words, row_words, words
from forum.views.cache import FragmentCache, drawn_once
from forum.views.environment import TEMPLATES_FOLDER, Environment
from forum.views.facts import POST, THREAD_ROW, Facts, Row
from forum.views.marking import mark, mark_whole

MAX_KEPT_CHARS: Final = 8 * 1024 * 1024
"""Of the fragments; their keys weigh about as much again."""
FOUND_MAX_CHARS: Final = 20_000
GROUP_FOR: Final = timedelta(minutes=5)
APPEAL_FACTS: Final = (
    *("id", "removal_id", "noun", "decides_id", "network_id", "network_name", "network_slug", "appealed_at", "due_at"),
    *("step", "outcome"),
)
KEY_STANDS_HERE: Final = "idempotency-key"
"""In a kept composer, whose key comes before everything that somebody wrote."""
REWORDED: Final = frozenset({"listed", "full", "day", "age", "ago"})
Clock = Callable[[], datetime]


class Fragments:
    """The templates of one site, and the fragments that this process has rendered."""

    def __init__(
        self,
        *,
        zone: ZoneInfo,
        development: bool = False,
        clock: Clock | None = None,
        templates: Path = TEMPLATES_FOLDER,
    ) -> None:
        self.zone = zone
        self.cache = FragmentCache(MAX_KEPT_CHARS)
        self._clock = clock or _utc_now
        self.environment = Environment(
            loader=jinja2.FileSystemLoader(templates),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=development,
            cache_size=-1,
        )
        self.environment.globals.update(self._words(), icon=self._icons())

    # One row --------------------------------------------------------------------------------------------------------

    def post(self, row: Row) -> Markup:
        """A row of `shown_posts`: the `li` of a reply, the `article` of the opening post; or its gap."""
        return Markup(self._post(row, self.today()))

    def message(self, row: Row) -> Markup:
        """A row of `shown_messages`: the `li` of a message, or its gap."""
        return Markup(self._message(row, self.today()))

    def thread_row(self, row: Row, unread: int = 0) -> Markup:
        """A row of `listed_threads` as the list of that holder shows it; with `unread`, as my list shows it."""
        return Markup(_marked_new(self._thread_row(row, self.today()), unread))

    def thread_head(self, row: Row) -> Markup:
        """The head of a thread, with `networks` as in `listed_threads`."""
        return self._kept("threads/_head.html", "t", row)

    def held_by(self, networks: Sequence[Mapping[str, Any]], opened_at: datetime) -> Markup:
        """The networks that hold a thread, beside it."""

        def render() -> str:
            template = self.environment.get_template("threads/_held_by.html")
            return template.render(networks=networks, opened_at=opened_at).strip()

        return Markup(self.cache.get(("threads/_held_by.html", self.today(), repr(networks), opened_at), render))

    def network_head(self, row: Row) -> Markup:
        """Name, purpose and facts of a network (templates/networks/_head.html names the columns)."""
        return self._kept("networks/_head.html", "n", row)

    def member_row(self, row: Row) -> Markup:
        """A member of a network (templates/members/_row.html names the columns)."""
        return self._kept("members/_row.html", "m", row)

    def notification(self, row: Row) -> Markup:
        """A row of `shown_notifications`: what one member is told, alike on all of their screens."""
        return self._kept("notifications/_item.html", "n", row, row_words.of_notification)

    def conversation(self, row: Row) -> Markup:
        """A row of `shown_conversations`: a direct conversation in the list of one of its two."""
        return self._kept("conversations/_row.html", "d", row, row_words.of_said)

    def request(self, row: Row, slug: str) -> Markup:
        """Somebody asks to join the network of this slug (templates/moderation/_request.html names the columns)."""
        return self._kept("moderation/_request.html", "q", row, lambda _: {"slug": slug})

    def submission(self, row: Row) -> Markup:
        """A newcomer's contribution that waits for these moderators, a row of `shown_submissions`."""
        return self._kept("submissions/_item.html", "s", row, row_words.of_submission)

    def case(self, row: Row) -> Markup:
        """A row of `shown_cases` in the queue of a network, whose slug is its `slug`."""
        return self._kept("moderation/_item.html", "c", row, row_words.of_said)

    def hold(self, row: Row) -> Markup:
        """A held post that waits for these moderators (templates/moderation/_hold.html names the columns)."""
        return self._kept("moderation/_hold.html", "h", row)

    def appeal(self, row: Row) -> Markup:
        """An appeal that waits (templates/moderation/_appeal.html names the columns)."""
        return self._kept("moderation/_appeal.html", "a", {name: row[name] for name in APPEAL_FACTS})

    def said(self, row: Row) -> str:
        """The excerpt of a shown contribution, one line of plain text: made anew each time, kept nowhere."""
        return row_words.excerpt(row["html"], row["mention_names"])

    def marked(self, row: Row, query: str) -> Markup:
        """The excerpt of something found: the words around the first hit, with all hits marked."""
        return mark(row_words.excerpt(row["html"], row["mention_names"], FOUND_MAX_CHARS), query)

    def marked_title(self, title: str, query: str) -> Markup:
        """The title of a thread in which something was found, with all hits marked."""
        return mark_whole(title, query)

    def composer(self, action: str, label: str, placeholder: str, send: str, key: str, **facts: Any) -> Markup:
        """The form for a text (templates/composer.html): kept by all that it is handed, but for its key."""

        def render() -> str:
            macro: Any = self.environment.get_template("composer.html").module
            return str(macro.composer(action, label, placeholder, send, KEY_STANDS_HERE, **facts))

        form = self.cache.get(("composer", action, label, placeholder, send, repr(facts)), render)
        return Markup(form.replace(KEY_STANDS_HERE, str(escape(key)), 1))

    def part(self, template: str, **facts: Hashable) -> Markup:
        """A part of a page that other pages show alike, such as a network's tabs: kept by all that it is handed."""

        def render() -> str:
            return self.environment.get_template(template).render(facts)

        return Markup(self.cache.get((template, self.today(), *facts.items()), render))

    # Many rows, with what is mine -------------------------------------------------------------------------------------

    def tree(
        self, rows: Sequence[Row], *, unread: Collection[int] = (), line: str = "",
        drawn: MutableMapping[Hashable, Any] | None = None,
    ) -> Markup:  # fmt: skip
        """The replies of a thread in the order given. `unread` holds numbers; `line` stands above the first of them.

        `drawn` keeps what is the same for every viewer, for as long as these rows are kept (forum.stretches).
        """
        today = self.today()
        fragments, whole = drawn_once(drawn, "tree", today, lambda: self._one_below_the_other(rows, today))
        if not unread:
            return whole
        parts: list[str] = []
        for row, fragment in zip(rows, fragments, strict=True):
            marked = fragment
            if row["number"] in unread and row["state"] == "shown":
                marked = marked.replace('<li class="post"', '<li class="post unread"', 1)
                marked = marked.replace("</header>", '<span class="new">New</span></header>', 1)
                if line:
                    end = marked.index(">") + 1
                    unread_line = f'<div class="line unread" id="unread">{escape(line)}</div>'
                    marked, line = marked[:end] + unread_line + marked[end:], ""
            parts.append(marked)
        return Markup("".join(parts))

    def _one_below_the_other(self, rows: Sequence[Row], today: int) -> Sequence[str]:
        """Each reply, marked `near` where it stands directly below what it answers."""
        fragments: list[str] = []
        above = None
        for row in rows:
            fragment = self._post(row, today)
            if row["parent_id"] == above and row["depth"] > 1:
                fragment = fragment.replace('<p class="to">', '<p class="to near">', 1)
            fragments.append(fragment)
            above = row["id"]
        return fragments

    def log(self, rows: Iterable[Row], *, previous: Row | None = None, me: int = 0, read: int | None = None) -> Markup:
        """Messages, oldest first, grouped and with day lines; `previous` is the one before the first, if there is one.

        `read` is the number of the last message that I read: the unread line stands above the first later one that is
        not mine.
        """
        shown = list(rows)
        new = [row for row in shown if read is not None and row["number"] > read and row["author_id"] != me]
        parts: list[str] = []
        today = self.today()
        for row in shown:
            if previous is None or not self._same_day(row, previous):
                parts.append(f'<li class="day"><div class="line">{self._time(row["created_at"], "day")}</div></li>')
            if new and row is new[0]:
                parts.append(f'<li class="new"><div class="line unread" id="unread">{len(new):,} new</div></li>')
            fragment = self._message(row, today)
            if self.grouped(row, previous) and not (new and row is new[0]):
                fragment = fragment.replace('<li class="msg"', '<li class="msg" data-grouped', 1)
            if me and row["mentions"] and me in row["mentions"]:
                fragment = fragment.replace('<li class="msg"', '<li class="msg tome"', 1)
            parts.append(fragment)
            previous = row
        return Markup("".join(parts))

    def grouped(self, row: Row, previous: Row | None) -> bool:
        """Whether a message continues the one before it: same author and day, in five minutes, no reply, no gap."""
        return (
            previous is not None
            and row["state"] == previous["state"] == "shown"
            and not row["reply_to_id"]
            and (row["author_id"], row["byline_id"]) == (previous["author_id"], previous["byline_id"])
            and row["created_at"] - previous["created_at"] < GROUP_FOR
            and self._same_day(row, previous)
        )

    def listed(
        self, rows: Sequence[Row], unread: Mapping[int, int] | None = None, *,
        drawn: MutableMapping[Hashable, Any] | None = None,
    ) -> Markup:  # fmt: skip
        """Rows of `listed_threads`; `unread` maps a thread's id to how many of its posts are new to me.

        `drawn` keeps what is the same for every viewer, for as long as these rows are kept (forum.listings).
        """
        today = self.today()
        fragments, whole = drawn_once(drawn, "list", today, lambda: [self._thread_row(row, today) for row in rows])
        if not unread:
            return whole
        pairs = zip(rows, fragments, strict=True)
        return Markup("".join(_marked_new(fragment, unread.get(row["id"], 0)) for row, fragment in pairs))

    def queue(self, rows: Iterable[Row], now: int = 0) -> Markup:
        """Rows for `case`; `now` is the id of the one that is open beside them."""
        parts: list[str] = []
        for row in rows:
            fragment = str(self.case(row))
            if row["id"] == now:
                fragment = fragment.replace('<li class="rep"', '<li class="rep now"', 1)
                fragment = fragment.replace("<h2><a ", '<h2><a aria-current="true" ', 1)
            parts.append(fragment)
        return Markup("".join(parts))

    @staticmethod
    def moment(at: datetime | str) -> datetime:
        """A time as templates need it: inside jsonb it comes as text."""
        return datetime.fromisoformat(at) if isinstance(at, str) else at

    # How ------------------------------------------------------------------------------------------------------------

    def _post(self, row: Row, today: int) -> str:
        template = "posts/_post.html" if row["depth"] else "posts/_opening.html"
        return self._drawn(template, "p", row, row_words.of_post, facts=POST, today=today)

    def _message(self, row: Row, today: int) -> str:
        return self._drawn("rooms/_message.html", "m", row, row_words.of_message, today=today)

    def _thread_row(self, row: Row, today: int) -> str:
        return self._drawn("threads/_row.html", "t", row, facts=THREAD_ROW, today=today)

    def _kept(
        self, template: str, name: str, row: Row, words_of: Callable[[Row], Mapping[str, Any]] | None = None
    ) -> Markup:
        return Markup(self._drawn(template, name, row, words_of, today=self.today()))

    def _drawn(
        self, template: str, name: str, row: Row, words_of: Callable[[Row], Mapping[str, Any]] | None = None,
        *, facts: Facts | None = None, today: int,
    ) -> str:  # fmt: skip
        """The fragment of a row by its facts: those that are named, else all that it has."""
        values = tuple(map(_hashable, row.values())) if facts is None else facts.of(row)

        def render() -> str:
            shown = row if facts is None else facts.named(values)
            context: dict[str, Any] = {name: shown, **(words_of(shown) if words_of else {})}
            return self.environment.get_template(template).render(context).strip()

        return self.cache.get((template, today, values if facts is None else facts.key(values)), render)

    def today(self) -> int:
        """The day in the site's zone: what is worded by it holds until it turns."""
        return self._clock().astimezone(self.zone).toordinal()

    def _same_day(self, row: Row, other: Row) -> bool:
        days = {each["created_at"].astimezone(self.zone).date() for each in (row, other)}
        return len(days) == 1

    def _time(self, at: datetime, form: str = "when") -> Markup:
        """`<time>` in words of the site's zone; `data-as` tells the browser how to word it anew when the day turns.

        Forms: when, listed, full ("Thu 19 Nov, 16:20"), date ("20 November"), day (a room's day line), clock ("08:22");
        age and ago, which the browser words as "40 min" and "40 min ago", and we as `when`: fragments do not grow old.
        """
        now = self._clock()
        if form == "clock":
            said = f"{at.astimezone(self.zone):%H:%M}"
        else:
            wording = {"listed": words.listed, "full": words.dated, "date": words.on_date, "day": words.day_line}
            said = wording.get(form, words.when)(at, now, self.zone)
        worded_again = "" if form == "when" else f' data-as="{form if form in REWORDED else "fixed"}"'
        stamp = f"{at.astimezone(self.zone):%Y-%m-%d}" if form == "day" else words.machine_time(at)
        full = "" if form == "day" else f' title="{words.in_full(at, self.zone)}"'
        return Markup(f'<time datetime="{stamp}"{full}{worded_again}>{said}</time>')

    def _icons(self) -> Callable[..., Markup]:
        """The macro `icon`, drawn once for each name and size: a page has dozens."""
        macro: Any = self.environment.get_template("icons.html").module
        return functools.cache(lambda name, size="": Markup(macro.icon(name, size)))

    def _words(self) -> dict[str, Any]:
        """What templates may say."""

        def in_zone(wording: Callable[[datetime, datetime, ZoneInfo], str]) -> Callable[[datetime], str]:
            return lambda at: wording(at, self._clock(), self.zone)

        return {
            "FORMER_MEMBER": words.FORMER_MEMBER,
            "NETWORK_UNSEEN": words.NETWORK_UNSEEN,
            "TITLE_REMOVED": words.TITLE_REMOVED,
            "FOR_GOOD": words.FOR_GOOD,
            "badge": words.badge,
            "by": _by,
            "counted": words.counted,
            "deadline": in_zone(words.deadline),
            "decision": lambda outcome, at: words.decision(outcome, at, self._clock(), self.zone),
            "done": log_words.done,
            "hue": words.hue,
            "initials": words.initials,
            "summed_up": words.summed_up,
            "locked": in_zone(words.locked),
            "machine_time": words.machine_time,
            "moment": words.moment,
            "on_date": in_zone(words.on_date),
            "role": words.role,
            "since": in_zone(words.since),
            "time": self._time,
            "views": self,
            "waited": lambda at: words.waited(at, self._clock()),
            "zone_name": self.zone.key,
        }


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _by(person_id: int | None, name: str | None) -> Markup:
    """A name in running text, cleared by reference where it is a member's."""
    said = escape(name or words.FORMER_MEMBER)
    return Markup(f'<span data-name="{person_id}">{said}</span>') if person_id else said


def _hashable(fact: Any) -> Any:
    return repr(fact) if isinstance(fact, list | dict) else fact


def _marked_new(row: str, unread: int) -> str:
    """The row of a thread, with how many of its posts are new to me."""
    if not unread:
        return row
    # The fragment is ours and its facts are escaped: both strings stand in it once, and in this order.
    marked = row.replace('<li class="thread"', '<li class="thread unread"', 1)
    return marked.replace(' data-words="new" hidden></span>', f' data-words="new">{unread} new</span>', 1)
