"""Everything that people can write, each text with a word that stands nowhere else; and how each of them is cleared.

`write` fills a network with it; `Written.clear` takes it all away again, by the acts that people have for that. A
`Word` says what kind of text it stands in (forum.surfaces.Text), and how it goes.
"""

import contextlib
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx

from forum import (
    announcements,
    appeals,
    blocks,
    conversations,
    decisions,
    holds,
    members,
    memberships,
    networks,
    newcomers,
    posts,
    removal,
    reports,
    rooms,
    sanctions,
    sessions,
    submissions,
    threads,
)
from forum.db import Database
from forum.standing import Caller
from forum.surfaces import Text

PATIENCE_S = 30.0
LONG_RUN = "These are many words that stand in the same order in two places, so that one of them repeats the other."
ROLES = ("guest", "outsider", "observer", "member", "author", "moderator")
Goes = Literal["removed", "held", "withdrawn", "changed", "stays"]
"""A moderator takes it away, or stops it; its author takes it back; another text takes its place; it never goes."""


@dataclass(frozen=True)
class Word:
    """A word that stands in one text only."""

    said: str
    kind: Text
    goes: Goes


@dataclass
class House:
    """The people, who are the same for all that is written. Only the author is another one each time."""

    db: Database
    admin: Caller
    member: Caller
    observer: Caller
    moderator: Caller
    judge: Caller
    """Another moderator, who decides about what the first one did."""
    other_moderator: Caller
    outsider: Caller

    @classmethod
    async def build(cls, db: Database) -> "House":
        async def add(name: str, *, administrator: bool = False) -> Caller:
            row = await members.add(db, f"{name}@example.org", name.capitalize(), administrator=administrator)
            return Caller(row["id"], administrator=administrator)

        names = ("member", "observer", "moderator", "judge", "other_moderator", "outsider")
        return cls(db, await add("admin", administrator=True), **{name: await add(name) for name in names})

    async def network(self, slug: str, visibility: str, places: Mapping[Caller, str], **words: str) -> None:
        await networks.create(
            self.db, self.admin, name=words.pop("name", f"Network {slug}"), slug=slug, kind="regional",
            visibility=visibility, **words,
        )  # fmt: skip
        for caller, role in places.items():
            await memberships.set_role(self.db, self.admin, slug, caller.member, role)


@dataclass
class Written:
    """One network with its words, and what they stand in."""

    house: House
    author: Caller
    tag: str = field(default_factory=lambda: secrets.token_hex(4))
    words: dict[str, Word] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)
    keyed: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """What was sent with an Idempotency-Key, and where to: JSON below /api, else a form."""
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        return f"net-{self.tag}"

    @property
    def closed(self) -> str:
        """A private network, that people ask to join."""
        return f"closed-{self.tag}"

    @property
    def joint(self) -> str:
        """Another network, that holds the thread too; the author leads it."""
        return f"joint-{self.tag}"

    @property
    def fresh(self) -> str:
        """A network whose moderators read first what newcomers write."""
        return f"fresh-{self.tag}"

    @property
    def handle(self) -> str:
        """What all contributions say beside their own word: a search for it repeats none of these."""
        return f"handle{self.tag}"

    def caller(self, role: str) -> Caller | None:
        return None if role == "guest" else self.author if role == "author" else getattr(self.house, role)

    def word(self, name: str, kind: Text, goes: Goes) -> str:
        """A new word, and what is written around it."""
        word = Word(f"zq{name.replace('_', '')}{self.tag}", kind, goes)
        self.words[name] = word
        return f"{self.handle} {word.said}" if kind in {"post", "message", "edit", "title"} else word.said

    def fill(self, template: str) -> list[str]:
        """The paths that a route's template can be about here. A parameter that is not known is a KeyError: add it."""
        slugs = (self.slug, self.closed)
        values: Mapping[str, Sequence[object]] = {
            "slug": (*slugs, self.fresh) if template.endswith("/submissions") else slugs,
            "thread": (self.ids["thread"],),
            "post": self._ids("post"),
            "message": self._ids("message"),
            "id": self._of_pages(template),
            "member": (self.author.member,),
            "request": (self.ids["request"],),
            "channel": self.channels,
            "token": (self._token(template),),
            "session": (1,),
            "invitation": (1,),
            "submission": (self.ids["submission"],),
            "conversation": (self.ids["direct_room"],),
            "case": self._ids("case"),
            "report": self._ids("case"),
            "removal": (self.ids["removal"],),
            "appeal": (self.ids["appeal"],),
            "kind": ("mute",),
            "noun": ("name", "about"),
            "path": ("icons/mark.svg",),
        }
        paths = [template]
        for name in {part.partition("}")[0] for part in template.split("{")[1:]}:
            paths = [path.replace(f"{{{name}}}", str(value)) for path in paths for value in values[name]]
        return [f"{path}{query}" for path in paths for query in self._queries().get(template, ("",))]

    def _token(self, template: str) -> object:
        if template.startswith("/api"):
            return 1
        return self.tokens["link" if template.startswith("/links") else "invitation"]

    def _queries(self) -> Mapping[str, Sequence[str]]:
        follow = "&".join(f"after[{channel}]=0" for channel in self.channels)
        by = self.author.member
        return {
            "/search": (f"?q={self.handle}", f"?q={self.handle}&author={by}", f"?author={by}"),
            "/api/v1/search": (f"?q={self.handle}", f"?q={self.handle}&what=messages", f"?author={by}"),
            "/threads/{thread}": ("", "?order=time"),
            "/threads/{thread}/reply": ("", f"?to={self.ids['post']}"),
            "/networks/{slug}/threads/similar": (f"?title={self.handle}",),
            "/people": (f"?network={self.ids['network']}&q={self.words['name'].said[:4]}",),
            "/unread": (f"?threads={self.ids['thread']}",),
            "/networks/new": ("", f"?parent={self.slug}"),
            "/api/v1/channels/{channel}/updates": ("?after=0",),
            "/api/v1/updates": tuple(f"?as={form}&{follow}" for form in ("html", "json")),
        }

    def _ids(self, noun: str) -> list[int]:
        """All posts, or messages."""
        return [self.ids[name] for name in self.ids if name == noun or name.endswith(f"_{noun}")]

    def _of_pages(self, template: str) -> list[int]:
        """Those that pages are about; pages with a form only of one that goes in each way, and of one that stays."""
        noun = "post" if template.startswith("/posts") else "message"
        if template.endswith(("/edit", "/withdraw", "/remove", "/report")):
            stays = {"post": "quoting", "message": "answering"}[noun]
            return [self.ids[name] for name in (noun, f"withdrawn_{noun}", f"{stays}_{noun}")]
        # Those that were sent with a key are like others.
        return [each for each in self._ids(noun) if each not in {self.ids["keyed_post"], self.ids["sent_post"]}]

    @property
    def channels(self) -> list[str]:
        """All that tells of what is written here."""
        followers = (self.author, self.house.member, self.house.moderator)
        return [
            f"thread:{self.ids['thread']}",
            f"network:{self.ids['network']}",
            f"network:{self.ids['closed']}",
            f"network:{self.ids['joint']}",
            f"room:{self.ids['room']}",
            f"room:{self.ids['direct_room']}",
            "moderators:0",
            f"moderators:{self.ids['network']}",
            f"moderators:{self.ids['closed']}",
            f"moderators:{self.ids['fresh']}",
            f"moderators:{self.ids['joint']}",
            *(f"member:{each.member}" for each in followers),
        ]

    async def clear(self, moderator: httpx.AsyncClient) -> None:
        """Take everything away that can be taken away. Removals are sent by the moderator's browser."""
        db, house = self.house.db, self.house
        why = {"reason": self.word("reason", "reason", "stays"), "note": self.word("note", "note", "stays")}
        for name, noun in REMOVED.items():
            answer = await moderator.put(f"/api/v1/{noun}s/{self.ids[name]}/removal", json=why)
            assert answer.status_code == 200, answer.text
        await decisions.decide(db, house.admin, self.ids["direct_case"], "remove", **why)
        await rooms.withdraw(db, self.author, self.ids["withdrawn_direct_message"])
        await posts.withdraw(db, self.author, self.ids["withdrawn_post"])
        await rooms.withdraw(db, self.author, self.ids["withdrawn_message"])
        await _stop(self, "held_post")
        await threads.remove_title(db, house.moderator, self.ids["thread"], "Private information")
        for noun in ("name", "about"):
            await members.remove_words(db, house.admin, self.author.member, noun, "Private information")
        await members.edit_profile(db, self.author, title="", organisation="Elsewhere", region="")
        await networks.describe(
            db, house.admin, self.slug, name="Another name", purpose="Another purpose", about="Another text"
        )
        await memberships.decide(db, house.moderator, self.closed, self.ids["request"], approve=False)
        await submissions.decline(db, house.moderator, self.ids["submission"], **why)
        await tell(db)


STANDS_IN: Mapping[str, str] = {
    "opening": "opening_post", "edited": "post", "post": "post", "keyed": "keyed_post", "sent": "sent_post",
    "withdrawn": "withdrawn_post", "held": "held_post", "said_first": "message", "message": "message",
    "withdrawn_said": "withdrawn_message",
}  # fmt: skip
"""Words of posts and messages that a screen has seen before they go, and where they stand."""
REMOVED = {"opening_post": "post", "post": "post", "keyed_post": "post", "sent_post": "post", "message": "message"}
"""What is removed in the end, with its noun."""


async def _stop(written: Written, post: str) -> None:
    await holds.hold_post(
        written.house.db, written.house.other_moderator, written.ids[post], "Private information", "Please look"
    )


async def tell(db: Database) -> None:
    """Let the jobs that tell lists and watchers do what is due."""
    while await announcements.announce_threads(db) or await announcements.announce_rooms(db):
        pass


async def session_of(db: Database, caller: Caller | None) -> Mapping[str, str]:
    """The cookie of a new browser of somebody's."""
    return {} if caller is None else {"forum": await sessions.start(db, caller.member)}


@contextlib.asynccontextmanager
async def browser(db: Database, url: str, caller: Caller | None) -> AsyncIterator[httpx.AsyncClient]:
    """A browser of somebody's, on one process."""
    headers = {"sec-fetch-site": "same-origin", "accept-encoding": "identity"}
    cookies = dict(await session_of(db, caller))
    async with httpx.AsyncClient(base_url=url, headers=headers, cookies=cookies, timeout=PATIENCE_S) as client:
        yield client


async def write(house: House, url: str) -> Written:
    """Write everything; what has a key is sent to the process at `url`."""
    db = house.db
    author = Caller((await members.add(db, f"{secrets.token_hex(4)}@example.org", "Somebody"))["id"])
    written = Written(house, author)
    word = written.word
    name = f"Ben {word('name', 'name', 'removed')}"
    await _make_networks(written)
    await members.edit_profile(
        db, author, name=name, title=word("title_of", "profile", "changed"),
        about=f"I am {word('about', 'about', 'removed')}",
        organisation=word("organisation", "profile", "changed"), region=word("region", "profile", "changed"),
    )  # fmt: skip
    async with browser(db, url, author) as site:
        await _contribute(written, site, name)
    await tell(db)
    return written


async def _contribute(written: Written, site: httpx.AsyncClient, name: str) -> None:
    house, author, word, ids = written.house, written.author, written.word, written.ids
    db = house.db

    async def send(path: str, body: dict[str, Any], *, key: str) -> httpx.Response:
        sent: dict[str, Any] = {"json": body} if path.startswith("/api/") else {"data": {**body, "key": key}}
        sent["headers"] = {"idempotency-key": key}
        answer = await site.post(path, **sent)
        assert answer.status_code in {201, 303}, answer.text
        written.keyed.append((path, sent))
        return answer

    opening = {
        "title": word("title", "title", "removed"),
        "body": f"Opening {word('opening', 'post', 'removed')}",
        "with": [written.joint],
    }
    started = (await send(f"/api/v1/networks/{written.slug}/threads", opening, key="thread")).json()
    ids["thread"], ids["opening_post"] = started["id"], started["post"]["id"]
    await threads.watch(db, house.observer, ids["thread"], watching=True)
    first = await posts.reply(db, author, ids["thread"], f"First {word('edited', 'edit', 'removed')} @Member")
    ids["post"] = first["id"]
    await posts.edit(db, author, ids["post"], f"Then {word('post', 'post', 'removed')} @Member")
    quoting = await posts.reply(
        db, house.member, ids["thread"], f"> [#{ids['post']}]\n\nIndeed, @{name}", parent=ids["post"]
    )
    ids["quoting_post"] = quoting["id"]
    posts_at = f"/threads/{ids['thread']}/posts"
    keyed = await send(
        f"/api/v1{posts_at}", {"body": f"Keyed {word('keyed', 'post', 'removed')}. {LONG_RUN}"}, key="reply"
    )
    ids["keyed_post"] = keyed.json()["id"]
    sent = await send(posts_at, {"body": f"Sent {word('sent', 'post', 'removed')}. {LONG_RUN}"}, key="form")
    ids["sent_post"] = int(sent.headers["location"].rpartition("post-")[2])
    kinds: Mapping[str, Goes] = {"withdrawn": "withdrawn", "held": "held", "stopped": "held"}
    for kind, goes in kinds.items():
        text = f"Mine {word(kind, 'post', goes)} @Member"
        ids[f"{kind}_post"] = (await posts.reply(db, author, ids["thread"], text, parent=ids["quoting_post"]))["id"]
    await _stop(written, "stopped_post")
    await _say(written, send)
    await _say_directly(written, send)
    await _ask_moderators(written)
    await _suspend_a_stranger(written)
    # As one who has written directly is renamed: the same name again.
    await members.edit_profile(db, author, name=name)


async def _make_networks(written: Written) -> None:
    house, word, ids = written.house, written.word, written.ids
    places = {
        house.moderator: "moderator", house.judge: "moderator", house.member: "member", house.observer: "observer",
        written.author: "member",
    }  # fmt: skip
    await house.network(
        written.slug, "public", places, name=f"Network {word('network', 'network', 'changed')}",
        purpose=f"For {word('purpose', 'purpose', 'changed')}",
    )  # fmt: skip
    await networks.describe(
        house.db, house.admin, written.slug, about=f"We are {word('charter', 'network about', 'changed')}"
    )
    also = {written.author: "lead", house.other_moderator: "moderator"}
    await house.network(written.joint, "public", also)
    await house.network(written.fresh, "private", {written.author: "member", house.moderator: "moderator"})
    await newcomers.set_approved(house.db, house.admin, written.fresh, 1)
    await house.network(written.closed, "private", {house.moderator: "moderator", house.member: "member"})
    ids["request"] = await memberships.ask(
        house.db, written.author, written.closed, f"I am {word('request', 'request', 'changed')}"
    )
    invitation = await memberships.invite(house.db, house.moderator, written.slug, max_uses=5)
    written.tokens["invitation"] = invitation.token
    written.tokens["link"], _ = await members.one_time_link(house.db, written.author.member)
    slugs = {"network": written.slug, "closed": written.closed, "joint": written.joint, "fresh": written.fresh}
    for name, slug in slugs.items():
        ids[name] = await house.db.pool.fetchval("SELECT id FROM networks WHERE slug = $1", slug)
    ids["room"] = await house.db.pool.fetchval("SELECT id FROM rooms WHERE network_id = $1", ids["network"])


async def _say(written: Written, send: Any) -> None:
    db, ids, word = written.house.db, written.ids, written.word
    said = await send(
        f"/api/v1/networks/{written.slug}/messages",
        {"body": f"Said {word('said_first', 'edit', 'removed')} @Member"}, key="message",
    )  # fmt: skip
    ids["message"] = said.json()["id"]
    await rooms.edit(
        db, written.author, ids["message"], f"Said {word('message', 'message', 'removed')} @Member. {LONG_RUN}"
    )
    answering = await rooms.say(db, written.house.member, written.slug, "Answered", reply_to=ids["message"])
    ids["answering_message"] = answering["id"]
    own = await rooms.say(
        db, written.author, written.slug, f"Mine {word('withdrawn_said', 'message', 'withdrawn')}. {LONG_RUN}",
        reply_to=ids["answering_message"],
    )  # fmt: skip
    ids["withdrawn_message"] = own["id"]


async def _suspend_a_stranger(written: Written) -> None:
    """From the whole site, and back: what is said of it stands in the site's log."""
    house, word = written.house, written.word
    stranger = (await members.add(house.db, f"stranger-{written.tag}@example.org", "A stranger"))["id"]
    why = {"reason": word("site_reason", "reason", "stays"), "note": word("site_note", "note", "stays")}
    await members.suspend(house.db, house.admin, stranger, until=None, **why)
    await members.reinstate(house.db, house.admin, stranger)


async def _say_directly(written: Written, send: Any) -> None:
    """To the member, who reports the first of it."""
    house, ids, word = written.house, written.ids, written.word
    ids["direct_room"] = (await conversations.open(house.db, written.author, house.member.member)).room_id
    said = await send(
        f"/api/v1/conversations/{ids['direct_room']}/messages",
        {"body": f"Directly {word('direct', 'message', 'removed')}"}, key="direct",
    )  # fmt: skip
    ids["direct_message"] = said.json()["id"]
    await conversations.say(
        house.db, house.member, ids["direct_room"], "Answered directly", reply_to=ids["direct_message"]
    )
    own = await conversations.say(
        house.db, written.author, ids["direct_room"], f"Mine {word('withdrawn_direct', 'message', 'withdrawn')}"
    )
    ids["withdrawn_direct_message"] = own["id"]
    note = f"Look: {word('direct_report', 'report', 'stays')}"
    report = await reports.report_message(house.db, house.member, ids["direct_message"], "Advertising", note)
    ids["direct_case"] = report["case_id"]


async def _ask_moderators(written: Written) -> None:
    """What is for moderators: reports of a post and of a message, and what a newcomer wrote."""
    house, word, ids = written.house, written.word, written.ids
    reported = await reports.report_post(
        house.db, house.member, ids["post"], "Unkind or insulting", f"Look: {word('report', 'report', 'stays')}"
    )
    said = await reports.report_message(house.db, house.member, ids["message"], "Advertising")
    answer = await reports.report_post(house.db, written.author, ids["quoting_post"], "Advertising")
    ids["case"], ids["said_case"], ids["answer_case"] = (each["case_id"] for each in (reported, said, answer))
    await sanctions.impose(
        house.db, house.moderator, written.slug, written.author.member, "warning", until=None,
        reason=word("warned", "reason", "stays"), note=word("warned_why", "note", "stays"),
    )  # fmt: skip
    await blocks.block(house.db, house.moderator, written.author.member)
    early = await posts.reply(house.db, written.author, ids["thread"], f"Early {word('early', 'post', 'removed')}")
    ids["early_post"] = early["id"]
    why = word("early_reason", "reason", "stays"), word("early_note", "note", "stays")
    await removal.remove_post(house.db, house.moderator, ids["early_post"], *why)
    find = "SELECT max(id) FROM removals WHERE post_id = $1"
    ids["removal"] = await house.db.pool.fetchval(find, ids["early_post"])
    await appeals.make(house.db, written.author, ids["removal"], f"Please: {word('appeal', 'appeal', 'stays')}")
    find = "SELECT id FROM appeals WHERE removal_id = $1"
    ids["appeal"] = await house.db.pool.fetchval(find, ids["removal"])
    title = f"New {word('submitted_title', 'submission', 'changed')}"
    waiting = await submissions.start(
        house.db, written.author, written.fresh, title, f"New {word('submitted', 'submission', 'changed')}"
    )
    assert isinstance(waiting, submissions.Submission)
    ids["submission"] = waiting.id
