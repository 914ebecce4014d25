"""Live equals reload: an old screen and the updates after its cursor show what a fresh page of the same range shows.

Screens are taken before and after every act of one long history, and at its end each is brought up to date from its
own cursor. What a screen shows *by reference* (a member's name, a network's, a title, something of another post) is
brought up to date by the browser from the frame of that thing; here both sides are compared without it where such a
frame came, and tests/browser compares the real thing.
"""

import re
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from forum import (
    appeals,
    conversations,
    holds,
    memberships,
    notifications,
    posts,
    reports,
    rooms,
    submissions,
    threads,
    updates,
)
from forum.db import Connection
from forum.live import HTML, Log
from forum.views import Views, log_words
from tests.live.acts import RECORD_NOTHING, acts
from tests.live.conftest import NotingDatabase
from tests.live.history import history
from tests.people import World, make_world

pytestmark = pytest.mark.long

CLEARED_BY = {
    "member.changed": ("data-name", "data-role-of", "data-avatar"),
    "network.changed": ("data-network-name",),
    "thread.changed": ("data-title",),
    "post": ("data-ref",),
}


@dataclass
class Screen:
    """What one page showed: fragments by what they are of, the cursors they came with, and how much of a list it
    shows.
    """

    name: str
    channels: list[str]
    cursors: dict[str, int]
    shown: dict[str, str]
    first: Any = None
    last: Any = None
    reset: bool = False
    changed: set[tuple[str, int]] = field(default_factory=set)

    def apply(self, frame: dict[str, Any]) -> None:
        """What the browser does with a frame."""
        noun = frame["kind"].partition(".")[0]
        key = f"{noun}:{frame['id']}"
        if "name" in frame or "title" in frame or noun == "post":
            self.changed.add((frame["kind"] if noun != "post" else "post", frame["id"]))
        if frame["channel"] != self.channels[0]:
            return  # what another network's list shows of a thread is not what this one shows
        if frame.get("gone"):
            self.shown.pop(key, None)
            return
        if "html" in frame and (key in self.shown or self._in_range(noun, frame)):
            self.shown[key] = frame["html"]

    def _in_range(self, noun: str, frame: dict[str, Any]) -> bool:
        if self.name.startswith("thread") and noun == "post":
            path = bytes.fromhex(frame["path"])
            return (self.first is None or path >= self.first) and (self.last is None or path <= self.last)
        return (self.name, noun) in {
            ("room", "message"), ("network", "thread"), ("people", "membership"), ("member", "notification"),
            ("moderators", "request"), ("moderators", "hold"), ("moderators", "appeal"),
            ("moderators", "case"), ("moderators", "submission"), ("administrators", "case"),
            ("conversation", "message"), ("conversations", "conversation"),
        }  # fmt: skip

    def without_references(self, shown: dict[str, str]) -> dict[str, str]:
        """The fragments, but for what the browser brings up to date by reference."""
        result = {}
        for key, fragment in shown.items():
            html = fragment
            for kind, object_id in self.changed:
                html = _without(html, kind, object_id)
            result[key] = html
        return result


def _without(html: str, kind: str, object_id: int) -> str:
    if kind == "member.changed":
        # Who has no name has no profile to link to, and no colour.
        html = html.replace(f'<a href="/members/{object_id}"', "<span").replace("</a>", "</span>")
        html = re.sub(r' aria-label="[^"]*"|<span class="sr">[^<]*</span>', "", html)
        html = re.sub(rf'class="avatar [^"]*"([^>]*data-avatar="{object_id}")', r'class="avatar"\1', html)
    for attribute in CLEARED_BY.get(kind, CLEARED_BY["thread.changed"] if kind.startswith("thread") else ()):
        named = f'{attribute}="{"post-" if attribute == "data-ref" else ""}{object_id}"'
        if named in html:
            html = re.sub(rf"(<[^<>]*{re.escape(named)}[^<>]*>)[^<]*", r"\1", html)
    return html


async def _fresh(world: World, views: Views, name: str, first: Any = None, last: Any = None) -> Screen | None:
    """A page as it is now."""
    db = world.db
    network = await world.network_id()
    room = await world.room_id()
    async with db.connection() as connection:
        thread = await connection.fetchval("SELECT min(thread_id) FROM thread_networks WHERE network_id = $1", network)
        between = await conversations.SQL.of_pair(connection, member=world.ana.member, other=world.ben.member)
        if name == "conversation" and between is None:
            return None
        channel = {
            "room": f"room:{room}",
            "network": f"network:{network}",
            "people": f"network:{network}",
            "member": f"member:{world.ben.member}",
            "conversations": f"member:{world.ben.member}",
            "conversation": f"room:{between}",
            "administrators": updates.ADMINISTRATORS,
            "moderators": f"moderators:{network}",
        }.get(name, f"thread:{thread}")
        if channel == "thread:None":
            return None
        # Every page follows the networks of who looks, beside its own channel.
        networks_ = [f"network:{each}" for each in (network, await world.network_id(world.other))]
        channels = list(dict.fromkeys([channel, *networks_]))
        _, cursors = await updates.cursors(connection, channels)
        screen = Screen(name, channels, cursors, {}, first, last)
        if name.startswith("thread"):
            rows = await posts.by_time(connection, thread, limit=500)
            inside = [r for r in rows if (not first or r["path"] >= first) and (not last or r["path"] <= last)]
            screen.shown = {f"post:{row['id']}": str(views.post(row)) for row in inside}
            screen.shown[f"thread:{thread}"] = str(views.thread_head(await threads.current(connection, thread)))
        elif name == "network":
            listed = await threads.listed(connection, network, limit=500)
            screen.shown = {f"thread:{row['id']}": str(views.thread_row(row)) for row in listed.items}
        elif name == "people":
            people = await memberships.people(connection, network)
            screen.shown = {f"membership:{r['id']}": str(views.member_row(_person(r, network))) for r in people}
        elif name == "member":
            told = await notifications.listed(connection, world.ben.member, limit=500)
            screen.shown = {f"notification:{row['id']}": str(views.notification(row)) for row in told}
        else:
            screen.shown = await _in_rooms(connection, world, views, name, room if name == "room" else between)
    if name == "moderators":
        screen.shown = await _waiting(world, views)
    return screen


async def _in_rooms(connection: Connection, world: World, views: Views, name: str, room: int) -> dict[str, str]:
    """A room or a direct conversation, ben's list of these, or what was reported of them."""
    if name == "conversations":
        mine = await conversations.listed(connection, world.ben)
        return {f"conversation:{row['id']}": str(views.conversation(row)) for row in mine}
    if name == "administrators":
        cases = await reports.queue(connection, [reports.ADMINISTRATORS], limit=500)
        return {f"case:{row['id']}": str(views.case({**row, "slug": None})) for row in cases}
    messages = await rooms.messages(connection, room, limit=500) if name in {"room", "conversation"} else []
    return {f"message:{row['id']}": str(views.message(row)) for row in messages}


def _person(row: Any, network: int) -> dict[str, Any]:
    return {**dict(row), "member_id": row["id"], "network_id": network}


async def _waiting(world: World, views: Views) -> dict[str, str]:
    _, requests = await memberships.requests(world.db, world.mod, world.network)
    held = await holds.waiting(world.db, world.mod, world.network)
    shown = {f"request:{row['id']}": str(views.request(row, world.network)) for row in requests}
    shown |= {f"hold:{row['id']}": str(views.hold(row)) for row in held}
    async with world.db.connection() as connection:
        waiting = await appeals.waiting(connection, await world.network_id())
        cases = await reports.queue(connection, [await world.network_id()], limit=500)
        first = await submissions.waiting(connection, world.mod, world.network)
    shown |= {f"case:{row['id']}": str(views.case({**row, "slug": world.network})) for row in cases}
    shown |= {f"submission:{row['id']}": str(views.submission(row)) for row in first}
    return shown | {f"appeal:{row['id']}": str(views.appeal(row)) for row in waiting}


class Replay:
    """What a screen is sent that comes back. Screens that were taken at one time come back to the same."""

    def __init__(self, world: World, views: Views) -> None:
        self._log = Log(world.db, views)
        self._read: dict[tuple[str, int], list[dict[str, Any]] | None] = {}

    async def catch_up(self, screen: Screen) -> None:
        for channel in screen.channels:
            after = screen.cursors[channel]
            if (channel, after) not in self._read:
                self._read[channel, after] = await self._after(channel, after)
            frames = self._read[channel, after]
            if frames is None:
                screen.reset = True
                return
            for frame in frames:
                screen.apply(frame)

    async def _after(self, channel: str, cursor: int) -> list[dict[str, Any]] | None:
        """The frames after a cursor; None where the log begins later."""
        found = await self._log.read(channel, cursor, 500)
        assert found is not None
        read, frames = found
        if cursor < read.kept_after:
            return None
        assert [frame.seq for frame in frames] == list(range(cursor + 1, read.head + 1))
        return [msgspec.json.decode(frame.encode(HTML)) for frame in frames]


async def test_every_act_is_told(noting: NotingDatabase) -> None:
    world = await make_world(noting)
    views = Views(site_name="Test", zone=ZoneInfo("Europe/London"))
    screens: list[tuple[str, Screen]] = []
    names = ["thread", "room", "network", "people", "member", "moderators"]
    names += ["conversation", "conversations", "administrators"]
    async for act in history(world):
        pages = [await _fresh(world, views, name) for name in names]
        screens.extend((act, page) for page in pages if page is not None)
        whole = pages[0]
        paths = sorted(row["path"] for row in await noting.pool.fetch("SELECT path FROM posts WHERE depth > 0"))
        if whole is not None and len(paths) > 1:
            for first, last in ((None, paths[0]), (paths[1], paths[1]), (paths[1], None)):
                if (part := await _fresh(world, views, "thread part", first, last)) is not None:
                    screens.append((act, part))
    missing = acts() - noting.noted.keys()
    assert not missing, f"acts that the history lacks: {missing}"
    silent = {act for act in acts() if not noting.noted[act]} - RECORD_NOTHING.keys()
    assert not silent, f"acts that record nothing: {silent}"
    wrong = []
    replay = Replay(world, views)
    fresh_pages: dict[tuple[Any, ...], Screen] = {}
    for act, screen in screens:
        place = (screen.name, screen.first, screen.last)
        if place not in fresh_pages:
            page = await _fresh(world, views, *place)
            assert page is not None
            fresh_pages[place] = page
        fresh = fresh_pages[place]
        await replay.catch_up(screen)
        if not screen.reset and screen.without_references(screen.shown) != screen.without_references(fresh.shown):
            wrong.append((act, screen.name, _differences(screen, fresh)))
    assert not wrong, "\n".join(map(str, wrong[:3]))[:3000]
    assert sum(not screen.reset for _, screen in screens) > len(screens) / 2
    logged = await noting.pool.fetch("SELECT DISTINCT act, noun FROM moderation_log")
    assert all(log_words.done(row["act"], row["noun"]) for row in logged), "the page of the log has no words for an act"


def _differences(screen: Screen, fresh: Screen) -> list[tuple[str, str | None, str | None]]:
    old, new = screen.without_references(screen.shown), screen.without_references(fresh.shown)
    return [
        (key, old.get(key), new.get(key)) for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)
    ]
