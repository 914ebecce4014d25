"""Who follows: screens that load a page, apply what comes, break off, and return with their cursors.

A screen notes every sequence of updates that it was sent, as it was sent, and what in it breaks the promise: a hole, an
update that comes twice within one follow, one after `unfollowed`, a `following` that tells of what did not come. What
it shows at the end is compared with a fresh page (verdict.py). A third of the screens ask by long poll.
"""

import asyncio
import json
import random
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Origin, Subprotocol

from tests.faults.stage import HOST, Site
from tests.faults.wire import Answer, Client, Lost
from tests.faults.world import Person

Key = tuple[str, int]
Shown = dict[Key, dict[str, Any]]
RETURN_MAX_S = 0.5
OUT_CODES = {4001, 4003, 401, 403}
SHUT = {401, 403, 404}


@dataclass(frozen=True, slots=True)
class Page:
    """What a screen shows, and how a fresh one is loaded: `path` of the API, the channel of its items, their noun.

    Like our own pages it follows its network too, which lists and badges are drawn from.
    """

    noun: str
    path: str
    channel: str
    network: int
    slug: str
    newest: int | None = None
    """How many of the newest items are its range; None: all."""

    @property
    def channels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.channel, f"network:{self.network}")))

    async def load(self, client: Client, person: Person) -> "Loaded":
        """The items and the cursors that came with the first of them. Raises Lost."""
        shown: Shown = {}
        after, cursors, log = "", None, ""
        while True:
            query = f"{'&' if '?' in self.path else '?'}limit={self.newest or 200}{after}"
            answer = await client.get(f"/api/v1{self.path}{query}", authorization=person.bearer)
            _require(answer)
            page = answer.json()
            shown |= {(self.noun, item["id"]): item for item in page["items"]}
            if cursors is None:
                cursors, log = dict(page["channels"]), page["log"]
            if page["next"] is None or self.newest is not None:
                break
            after = f"&after={page['next']}"
        if f"network:{self.network}" not in cursors:
            answer = await client.get(f"/api/v1/networks/{self.slug}", authorization=person.bearer)
            _require(answer)
            cursors = answer.json()["channels"] | cursors  # what came first counts: those of the items came before them
            if f"network:{self.network}" not in cursors:
                raise Lost("between the two answers it was closed to who looks")
        return Loaded(shown, cursors, log)


class Shut(Lost):
    """The page is not to be had."""

    def __init__(self, status: int) -> None:
        super().__init__(f"a page was answered {status}")
        self.status = status


def _require(answer: Answer) -> None:
    if answer.status in SHUT:
        raise Shut(answer.status)
    if answer.status != 200:
        raise Lost(f"a page was answered {answer.status}")


@dataclass(slots=True)
class Loaded:
    """A fresh page."""

    shown: Shown
    cursors: dict[str, int]
    log: str


@dataclass(slots=True)
class Stretch:
    """What was applied in a channel one after the other: after which cursor of which log, and seq, kind, id."""

    log: str
    after: int
    updates: list[tuple[int, str, int]] = field(default_factory=list)


@dataclass(slots=True)
class Asked:
    """A follow or an unfollow that is not answered yet."""

    follow: bool
    after: int | None = None
    started: bool = False


@dataclass(slots=True)
class Wire:
    """One channel on one connection: where it stands, and what was asked for."""

    place: int | None = None
    asked: list[Asked] = field(default_factory=list)
    live_at_s: float | None = None

    def take(self, seq: int) -> bool:
        """Whether an update with this seq may come now."""
        if self.place is not None and seq == self.place + 1 and (self.asked or self.live_at_s is not None):
            self.place = seq
            return True
        for number, each in enumerate(self.asked):
            if not each.follow:
                break
            if not each.started and each.after in {None, seq - 1}:
                del self.asked[:number]
                each.started = True
                self.place = seq
                return True
        return False

    def following(self, seq: int) -> bool:
        """Whether `following` with this seq may come now."""
        first = next((each for each in self.asked if each.follow), None)
        if first is None or not self.asked[0].follow:
            return False
        self.asked.pop(0)
        right = first.after is None or seq in {self.place, first.after}
        self.place = seq
        self.live_at_s = self.live_at_s or time.monotonic()
        return right

    def unfollowed(self) -> bool:
        """Whether `unfollowed` may come now."""
        while self.asked and self.asked[0].follow:
            self.asked.pop(0)
        if not self.asked:
            return False
        self.asked.pop(0)
        self.place = self.live_at_s = None
        return True

    def over(self) -> None:
        """The follow has ended from the other side."""
        if self.asked:
            self.asked.pop(0)
        self.place = self.live_at_s = None


class Screen(ABC):
    """One page that somebody looks at, from its first load until the run ends."""

    def __init__(
        self,
        number: int,
        site: Site,
        person: Person,
        page: Page,
        rng: random.Random,
        stay_s: tuple[float, float],
    ) -> None:
        """`stay_s`: how long it stays as it is, at least and at most."""
        self.number = number
        self.person = person
        self.page = page
        self.site = site
        self._rng = rng
        self._stay_s = stay_s
        self.shown: Shown = {}
        self.range_from: int | None = None
        self.cursors: dict[str, int] = {}
        self.log = ""
        self.stretches: dict[str, list[Stretch]] = {}
        self.violations: list[str] = []
        self.resets = 0
        self.gone: dict[str, float] = {}
        self.out_at_s: float | None = None
        self.out_code: int | None = None
        self.codes: Counter[int] = Counter()
        self.views: list[tuple[int, set[int]]] = []
        """What it showed when it was left: the cursor of its page's channel, and the ids."""
        self.arrivals: list[tuple[Key, float, float]] = []
        """Creations: what, when, and since when the channel was live."""
        self.back_at_s = 0.0
        """When it was last seen caught up."""
        self.broke_at_s = 0.0
        """Since when it wants to be, and is not: since it was cut off, however often it fails to return, or since it
        broke off of its own accord.
        """
        self.was_away_s = 0.0
        """How long it took, the last time."""
        self.loads = 0
        self.calm = False
        """Set when the run ends: it stays connected."""
        self.stay_away = False
        """Set by a fault: it keeps its cursors, and does not return."""
        self.is_away = False
        self.may_go = False
        """Set by a fault that shuts its member out."""

    @property
    def is_out(self) -> bool:
        return self.out_at_s is not None or self.page.channel in self.gone

    @property
    def ended_at_s(self) -> float:
        """When it was told so."""
        return self.out_at_s or self.gone[self.page.channel]

    @property
    def lost_channels(self) -> set[str]:
        """What it may no longer hear."""
        if self.out_code in OUT_CODES:
            return set(self.stretches)
        return {*self.gone, *(self.page.channels if self.out_code else ())}

    @property
    def is_back(self) -> bool:
        """Whether it was caught up since it broke off."""
        return self.back_at_s > self.broke_at_s

    @property
    @abstractmethod
    def is_connected(self) -> bool:
        """Whether what is committed now would come at once."""

    def _breaks(self, *, of_itself: bool = False) -> None:
        if of_itself or self.is_back:
            self.broke_at_s = time.monotonic()

    async def live(self) -> None:
        """Load, follow, break off, return, until cancelled or shut out."""
        async with self.site.client() as client:
            while not self.is_out:
                while self.stay_away and self.cursors:
                    self.is_away = True
                    await asyncio.sleep(0.02)
                self.is_away = False
                try:
                    if not self.cursors:
                        await self._load(client)
                    await self._stay(client)
                except (Lost, OSError, TimeoutError, ConnectionClosed, InvalidHandshake):
                    self._breaks()
                if not self.is_out:
                    await asyncio.sleep(self._rng.uniform(0, RETURN_MAX_S))

    async def _load(self, client: Client) -> None:
        try:
            page = await self.page.load(client, self.person)
        except Shut as shut:
            self.out_at_s, self.out_code = time.monotonic(), shut.status
            raise
        self.loads += 1
        self.log = page.log
        self.range_from = None
        if self.page.newest is not None:
            self.range_from = min((item["number"] for item in page.shown.values()), default=0)
        self.shown = {key: self._value(item) for key, item in page.shown.items()}
        for channel in self.page.channels:
            self._begin(channel, page.cursors[channel])

    def _begin(self, channel: str, after: int, log: str | None = None) -> None:
        self.cursors[channel] = after
        self.stretches.setdefault(channel, []).append(Stretch(log or self.log, after))

    def forget(self) -> None:
        """As somebody does who goes to another page and comes back: load it anew."""
        self.note_view()
        self.cursors.clear()

    def note_view(self) -> None:
        if self.page.channel in self.cursors and self.range_from is None:
            self.views.append((self.cursors[self.page.channel], {object_id for _, object_id in self.shown}))

    def _lose(self, channel: str) -> None:
        """It may no longer be followed: what it showed is cleared."""
        self.gone[channel] = time.monotonic()
        self.cursors.pop(channel, None)
        if channel == self.page.channel:
            self.shown = {}

    def wrong(self, what: str) -> None:
        if len(self.violations) < 5:
            self.violations.append(f"screen {self.number} ({type(self).__name__}, {self.page.channel}): {what}")

    def _value(self, item: Mapping[str, Any]) -> dict[str, Any]:
        return dict(item)

    def apply(self, frame: Mapping[str, Any]) -> None:
        """An update that is the next one of its channel."""
        channel, seq = frame["channel"], frame["seq"]
        self.cursors[channel] = seq
        self.stretches[channel][-1].updates.append((seq, frame["kind"], frame["id"]))
        if channel != self.page.channel or frame["kind"].partition(".")[0] != self.page.noun:
            return
        key = (self.page.noun, frame["id"])
        if frame.get("gone"):
            self.shown.pop(key, None)
            return
        self._show(key, frame)

    def _show(self, key: Key, frame: Mapping[str, Any]) -> None:
        item = frame.get(self.page.noun)
        if item is None:
            self.wrong(f"{frame['kind']} {frame['id']} shows nothing")
            return
        known = self.shown.get(key)
        if known is None and self.range_from is not None and item["number"] < self.range_from:
            return
        if known is None or item["version"] >= known["version"]:
            self.shown[key] = dict(item)

    @abstractmethod
    async def _stay(self, client: Client) -> None:
        """Be connected for a while."""


class Socket(Screen):
    """A screen on a WebSocket."""

    subprotocol = "forum.v1.json"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._wires: dict[str, Wire] = {}
        self._mine = f"member:{self.person.id}"

    @property
    def uses_cookie(self) -> bool:
        return self.number % 2 == 0

    @property
    def is_connected(self) -> bool:
        wire = self._wires.get(self.page.channel)
        return wire is not None and wire.live_at_s is not None

    @property
    def following(self) -> set[str]:
        """The channels that it follows, its member's own among them."""
        return {*self.cursors, self._mine}

    async def _stay(self, client: Client) -> None:
        headers = (
            {"authorization": self.person.bearer} if self.number % 2 else {"cookie": f"forum={self.person.cookie}"}
        )
        async with connect(
            f"ws://{HOST}:{self.site.port}/live", origin=Origin(self.site.base_url), additional_headers=headers,
            subprotocols=[Subprotocol(self.subprotocol)], compression=None, ping_interval=None, close_timeout=0.5,
            open_timeout=5, proxy=None,
        ) as socket:  # fmt: skip
            self._wires = {self._mine: Wire(asked=[Asked(True)])}
            await self._follow(socket, dict(self.cursors))
            restless = asyncio.create_task(self._be_restless(socket))
            try:
                async for text in socket:
                    self._hear(msgspec.json.decode(text))
                    if not self.cursors or self.is_out:
                        return
            finally:
                restless.cancel()
                self._wires = {}
                self._breaks()
                code = socket.close_code
                if code is not None:
                    self.codes[code] += 1
                    if code in OUT_CODES:
                        self.out_at_s, self.out_code = time.monotonic(), code

    async def _follow(self, socket: ClientConnection, channels: dict[str, int]) -> None:
        for channel, after in channels.items():
            self._wires.setdefault(channel, Wire()).asked.append(Asked(True, after))
        await socket.send(json.dumps({"type": "follow", "channels": channels, "log": self.log}))

    async def _be_restless(self, socket: ClientConnection) -> None:
        """Follow again, leave and come back, go elsewhere, or lose the connection."""
        with suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(self._rng.uniform(*self._stay_s))
                if self.calm or not self.cursors:
                    continue
                if self.stay_away:
                    await self._drop(socket)
                act = self._rng.choice((self._hop, self._hop, self._again, self._drop, self._drop, self._turn_page))
                await act(socket)

    async def _hop(self, socket: ClientConnection) -> None:
        """Leave a channel and come back in the same breath, so that two follows of it are under way."""
        channel = self._rng.choice(self.page.channels)
        for _ in range(2):
            self._wires[channel].asked.append(Asked(False))
            await socket.send(json.dumps({"type": "unfollow", "channel": channel}))
            await self._follow(socket, {channel: self.cursors[channel]})

    async def _again(self, socket: ClientConnection) -> None:
        channels = dict(self.cursors)
        channels.pop(self._mine, None)
        await self._follow(socket, channels)

    async def _drop(self, socket: ClientConnection) -> None:
        socket.transport.abort()
        self._breaks(of_itself=True)

    async def _turn_page(self, socket: ClientConnection) -> None:
        self.forget()
        await self._drop(socket)

    def _hear(self, frame: dict[str, Any]) -> None:
        wire = self._wires.setdefault(frame.get("channel", ""), Wire())
        match frame["type"]:
            case "update":
                self._take(wire, frame)
            case "following":
                self._following(wire, frame)
            case "unfollowed":
                if not wire.unfollowed():
                    self.wrong(f"unfollowed {frame['channel']} without being asked")
            case "reset":
                self._reset(wire, frame)
            case "gone":
                wire.over()
                self._lose(frame["channel"])
            case "error" if frame["code"] == "not_found":
                self._lose(frame["channel"])
            case "error":
                self.wrong(f"error {frame['code']}: {frame['detail']}")

    def _following(self, wire: Wire, frame: dict[str, Any]) -> None:
        channel, seq = frame["channel"], frame["seq"]
        if not wire.following(seq):
            self.wrong(f"following {channel} at {seq} is not what came: {wire}")
        if channel == self._mine and channel not in self.cursors:
            self._begin(channel, seq, frame["log"])
        if all(channel in self._wires and self._wires[channel].live_at_s for channel in self.cursors):
            now = time.monotonic()
            if not self.is_back:
                self.was_away_s = now - self.broke_at_s
            self.back_at_s = now

    def _reset(self, wire: Wire, frame: dict[str, Any]) -> None:
        wire.over()
        self.resets += 1
        if frame["channel"] == self._mine and frame["log"] == self.log:
            self._begin(self._mine, frame["seq"])
        else:  # of another log no cursor means anything, of no channel
            self.forget()

    def _take(self, wire: Wire, frame: dict[str, Any]) -> None:
        channel, seq = frame["channel"], frame["seq"]
        if not wire.take(seq):
            self.wrong(f"update {seq} of {channel} came out of order: {wire}, cursor {self.cursors.get(channel)}")
        cursor = self.cursors.get(channel)
        if cursor is None and channel == self._mine:
            self._begin(channel, seq - 1)
            cursor = seq - 1
        if cursor is not None and seq == cursor + 1:
            if frame["kind"].endswith(".created") and wire.live_at_s is not None:
                noun = frame["kind"].partition(".")[0]
                self.arrivals.append(((noun, frame["id"]), time.monotonic(), wire.live_at_s))
            self.apply(frame)
        elif cursor is not None and seq > cursor and channel != self._mine:
            self.wrong(f"update {seq} of {channel} came where {cursor + 1} is next")


class HtmlSocket(Socket):
    """A screen of our own pages: it is sent fragments, of which it notes the version and whether it is a gap."""

    subprotocol = "forum.v1.html"

    def _value(self, item: Mapping[str, Any]) -> dict[str, Any]:
        return {"version": item["version"], "gap": item.get("state", "shown") != "shown"}

    def _show(self, key: Key, frame: Mapping[str, Any]) -> None:
        if "html" not in frame:
            self.wrong(f"{frame['kind']} {frame['id']} has no fragment")
            return
        known = self.shown.get(key)
        if known is None and self.range_from is not None and not frame["kind"].endswith(".created"):
            return
        if known is None or frame["version"] >= known["version"]:
            self.shown[key] = {"version": frame["version"], "gap": bool(frame.get("gap"))}


class Poll(Screen):
    """A screen behind a proxy that breaks sockets."""

    asking = False

    @property
    def is_connected(self) -> bool:
        return self.asking

    async def _stay(self, client: Client) -> None:
        end = time.monotonic() + self._rng.uniform(*self._stay_s)
        while self.calm or time.monotonic() < end:
            try:
                async with asyncio.timeout(None if self.calm else max(0.05, end - time.monotonic())):
                    self.asking = True
                    await self._ask(client)
            except TimeoutError:  # it breaks off while it waits
                client.cut()
                break
            finally:
                self.asking = False
            if not self.cursors or self.is_out:
                return
            await asyncio.sleep(self._rng.uniform(0.05, 0.2))
        if not self.calm and not self.stay_away and self._rng.random() < 0.3:
            self.forget()

    async def _ask(self, client: Client) -> None:
        query = "&".join(f"after[{channel}]={seq}" for channel, seq in self.cursors.items())
        answer = await client.get(f"/api/v1/updates?{query}&log={self.log}", authorization=self.person.bearer)
        if answer.status in {401, 403}:
            self.out_at_s, self.out_code = time.monotonic(), answer.status
            return
        if answer.status != 200:
            raise Lost(f"a poll was answered {answer.status}")
        said = answer.json()
        for frame in said["updates"]:
            cursor = self.cursors.get(frame["channel"])
            if cursor is None or frame["seq"] != cursor + 1:
                self.wrong(f"a poll after {cursor} was answered with {frame['seq']} of {frame['channel']}")
            else:
                self.apply(frame)
        for channel in said["gone"]:
            self._lose(channel)
        if said["reset"]:
            self.resets += len(said["reset"])
            self.forget()
            return
        for channel, seq in said["channels"].items():
            if self.cursors.get(channel) != seq:
                self.wrong(f"a poll says that {channel} stands at {seq}; what came ends at {self.cursors.get(channel)}")
        self.back_at_s = time.monotonic()
