"""The visit: every surface of the site is asked for by everybody, on every process, and what it says is read.

What is asked for comes from the router's own table, with ids filled in, and from every link that is found; besides, the
live channels from their beginning, over sockets and polls and the catch-up. A `Sighting` is one word of tests/trust's
`Written` in one answer; what must not be seen any more must have none.
"""

import asyncio
import contextlib
import html
import json
import re
from collections.abc import AsyncIterator, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import websockets
from starlette.routing import BaseRoute, Match, Route, WebSocketRoute
from websockets.asyncio.client import ClientConnection
from websockets.typing import Origin, Subprotocol

from tests.trust.processes import Process
from tests.trust.written import Word, Written, session_of

WORD = re.compile(r"zq[a-z]+[0-9a-f]{8}")
LINK = re.compile(r'(?:href|action)="(/[^"#]*)')
CONVERTOR = re.compile(r":\w+\}")
MAX_PAGES = 1_000
PATIENCE_S = 20.0


@dataclass(frozen=True)
class Sighting:
    """A word that somebody was shown."""

    word: Word
    surface: str
    """Its name in forum.surfaces."""
    place: str
    who: str
    process: int
    followed: frozenset[str] | None = None
    """The channels that the page follows; None where it is no page, or an error's."""

    def __str__(self) -> str:
        what = f"{self.word.said} ({self.word.kind})"
        return f"{what} at {self.place} [{self.surface}] to {self.who}, process {self.process}"


def surfaces_of(routes: Iterable[BaseRoute]) -> set[str]:
    """Every method and path of a router, as forum.surfaces names them."""
    found = set()
    for route in routes:
        if isinstance(route, WebSocketRoute):
            found.add(f"SOCKET {route.path}")
        else:
            assert isinstance(route, Route)
            found |= {f"{method} {template(route)}" for method in (route.methods or ()) if method != "HEAD"}
    return found


def template(route: Route) -> str:
    """The path of a route, without the kinds of its parameters."""
    return CONVERTOR.sub("}", route.path)


class _All:
    """Whatever there is."""

    def __contains__(self, _: object) -> bool:
        return True


ALL = _All()


@dataclass
class Visit:
    """What is asked, of whom and by whom; and what was seen."""

    routes: Sequence[BaseRoute]
    processes: Sequence[Process]
    sightings: list[Sighting] = field(default_factory=list)
    statuses: dict[str, set[int]] = field(default_factory=dict)
    """Surface to the statuses with which it answered."""
    _names: dict[tuple[str, str], str] = field(default_factory=dict)
    """What `name_of` found: a page has a hundred links, to the same places as the page before."""

    async def everything(
        self,
        written: Written,
        *lookers: Sequence[str],
        only: Container[str] = ALL,
        crawling: Collection[tuple[int, str]] = (),
    ) -> list[Sighting]:
        """Ask for everything that is written there. Returns what was seen.

        `lookers` are the roles that look, for each process; `only`: at these templates; `crawling`: these, by process
        and role, follow every link too.
        """
        before = len(self.sightings)
        paths = [
            path
            for route in self.routes
            if isinstance(route, Route) and "GET" in (route.methods or ()) and template(route) in only
            for path in written.fill(template(route))
        ]
        async with asyncio.TaskGroup() as group:
            for number, (process, roles) in enumerate(zip(self.processes, lookers, strict=True)):
                for who in roles:
                    cookies = await session_of(written.house.db, written.caller(who))
                    looker = _Looker(self, written, number, process, who, cookies)
                    group.create_task(looker.look(list(paths), crawling=(number, who) in crawling))
        return self.sightings[before:]

    def name_of(self, method: str, path: str) -> str:
        """The surface that a path leads to."""
        at = path.partition("?")[0]
        if (method, at) not in self._names:
            self._names[method, at] = self._find(method, at)
        return self._names[method, at]

    def _find(self, method: str, path: str) -> str:
        for route in self.routes:
            if route.matches({"type": "http", "method": method, "path": path, "headers": []})[0] is Match.FULL:
                assert isinstance(route, Route)
                return f"{method} {template(route)}"
        return f"{method} -"

    def leads(self, path: str) -> bool:
        """Whether it is a page that can be visited."""
        name = self.name_of("GET", path)
        return not name.endswith((" -", "/static/{path}"))


@dataclass
class _Looker:
    """One browser of somebody's, on one process."""

    visit: Visit
    written: Written
    number: int
    process: Process
    who: str
    cookies: Mapping[str, str]

    async def look(self, waiting: list[str], *, crawling: bool) -> None:
        headers = {"accept-encoding": "identity", **_as_header(self.cookies)}
        async with httpx.AsyncClient(base_url=self.process.url, headers=headers, timeout=PATIENCE_S) as client:
            seen: set[str] = set()
            while waiting:
                assert len(seen) < MAX_PAGES, "links lead to ever more links"
                path = waiting.pop()
                if path in seen:
                    continue
                seen.add(path)
                answer = await client.get(path)
                self.read(self.visit.name_of("GET", path), path, answer)
                if crawling and not path.startswith("/api/"):
                    waiting += [link for link in links_of(answer) if link not in seen and self.visit.leads(link)]
        for form in ("html", "json"):
            await self._follow(form)

    def read(self, surface: str, path: str, answer: httpx.Response) -> None:
        self.visit.statuses.setdefault(surface, set()).add(answer.status_code)
        channels = CHANNELS.search(answer.text) if answer.status_code == 200 else None
        followed = None if channels is None else frozenset(json.loads(html.unescape(channels[1])))
        for word in self._words(f"{dict(answer.headers)} {answer.text}"):
            self.note(word, surface, path, followed)
        if surface in FRAMES and answer.status_code == 200:
            frames = answer.json()
            self._read_frames(frames.get("updates") or frames.get("items") or [], path)

    def _words(self, said: str) -> Iterator[Word]:
        found = set(WORD.findall(said))
        return (word for word in self.written.words.values() if word.said in found)

    def note(self, word: Word, surface: str, place: str, followed: frozenset[str] | None = None) -> None:
        self.visit.sightings.append(Sighting(word, surface, place, self.who, self.number, followed))

    def _read_frames(self, frames: Iterable[Mapping[str, Any]], place: str) -> None:
        for frame in frames:
            if frame.get("type") == "update":
                surface = f"{frame['channel'].partition(':')[0]} {frame['kind'].partition('.')[0]}"
                for word in self._words(json.dumps(frame)):
                    self.note(word, surface, f"{place.partition('?')[0]}: {frame['channel']} {frame['seq']}")

    async def _follow(self, form: str) -> None:
        """All channels from their beginning, over a socket."""
        async with Screen.opened(self.process, self.cookies, form) as screen:
            await screen.follow(self.written.channels)
            for frame in screen.frames:
                self._read_frames([frame], f"/live ({form})")
                for word in self._words(json.dumps(frame)):
                    self.note(word, "SOCKET /live", f"/live ({form})")


class Screen:
    """A socket, with all that was said on it."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.frames: list[dict[str, Any]] = []

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, process: Process, cookies: Mapping[str, str], form: str) -> AsyncIterator["Screen"]:
        """A screen of who has this cookie; `form` is html or json."""
        async with websockets.connect(
            process.url.replace("http", "ws") + "/live",
            origin=Origin(process.url),
            subprotocols=[Subprotocol(f"forum.v1.{form}")],
            additional_headers=_as_header(cookies),
            compression=None,
            max_queue=None,  # with too much unread it would not read on, and wait ten seconds for the close
        ) as socket:
            yield cls(socket)

    async def follow(self, channels: Sequence[str]) -> None:
        """Follow these from their beginning; returns when each has answered."""
        await self._socket.send(json.dumps({"type": "follow", "channels": dict.fromkeys(channels, 0)}))
        waiting = set(channels)
        async for frame in self.heard():
            if frame["type"] in {"following", "error", "reset"}:
                waiting.discard(frame.get("channel", ""))
            if not waiting:
                return

    async def heard(self) -> AsyncIterator[dict[str, Any]]:
        """Frames as they come."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                self.frames.append(json.loads(await self._socket.recv()))
                yield self.frames[-1]


def _as_header(cookies: Mapping[str, str]) -> dict[str, str]:
    return {"cookie": f"forum={cookies['forum']}"} if cookies else {}


CHANNELS = re.compile(r'data-channels="([^"]*)"')
FRAMES = {"GET /api/v1/updates", "GET /api/v1/channels/{channel}/updates"}


def links_of(answer: httpx.Response) -> list[str]:
    """Where an answer leads."""
    location = answer.headers.get("location", "").partition("#")[0]
    return [*LINK.findall(answer.text.replace("&amp;", "&")), *filter(None, [location])]
