"""The visit: every surface of the site is asked for by everybody, on every process, and what it says is read.

What is asked for comes from the router's own table, with ids filled in, and from every link that is found; besides, the
live channels from their beginning, over sockets and polls and the catch-up. A `Sighting` is one word of tests/trust's
`Written` in one answer; what must not be seen any more must have none.
"""

import asyncio
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import websockets
from starlette.routing import BaseRoute, Match, Route, WebSocketRoute
from websockets.typing import Origin, Subprotocol

from tests.trust.processes import Process
from tests.trust.written import Word, Written, session_of

WORD = re.compile(r"zq[a-z]+[0-9a-f]{8}")
LINK = re.compile(r'(?:href|action)="(/[^"#]*)')
CONVERTOR = re.compile(r":\w+\}")
MAX_LINKS = 400
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


@dataclass
class Visit:
    """What is asked, of whom and by whom; and what was seen."""

    routes: Sequence[BaseRoute]
    processes: Sequence[Process]
    sightings: list[Sighting] = field(default_factory=list)
    statuses: dict[str, set[int]] = field(default_factory=dict)
    """Surface to the statuses with which it answered."""
    followed: dict[tuple[str, str], list[tuple[str, set[str]]]] = field(default_factory=dict)
    """Surface and role to the pages that were shown, with the nouns of the channels that they follow."""

    async def everything(
        self, written: Written, roles: Sequence[str], *, only: frozenset[str] = frozenset()
    ) -> list[Sighting]:
        """Ask for everything that is written there. Returns what was seen. `only`: these templates, and no link."""
        before = len(self.sightings)
        paths = [
            path
            for route in self.routes
            if isinstance(route, Route) and "GET" in (route.methods or ()) and (not only or template(route) in only)
            for path in written.fill(template(route))
        ]
        async with asyncio.TaskGroup() as group:
            for number, process in enumerate(self.processes):
                for who in roles:
                    cookies = await session_of(written.house.db, written.caller(who))
                    looker = _Looker(self, written, number, process, who, cookies)
                    group.create_task(looker.look(list(paths), crawling=not only))
        return self.sightings[before:]

    def name_of(self, method: str, path: str) -> str:
        """The surface that a path leads to."""
        at = path.partition("?")[0]
        for route in self.routes:
            if route.matches({"type": "http", "method": method, "path": at, "headers": []})[0] is Match.FULL:
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
        headers = {"accept-encoding": "identity"}
        async with httpx.AsyncClient(
            base_url=self.process.url, cookies=dict(self.cookies), headers=headers, timeout=PATIENCE_S
        ) as client:
            seen: set[str] = set()
            while waiting and len(seen) < MAX_LINKS + len(waiting):
                path = waiting.pop()
                if path in seen:
                    continue
                seen.add(path)
                answer = await client.get(path)
                self.read(self.visit.name_of("GET", path), path, answer)
                if crawling and self.visit.name_of("GET", path).startswith("GET /api/") is False:
                    waiting += [link for link in links_of(answer) if link not in seen and self.visit.leads(link)]
        for form in ("html", "json"):
            await self._follow(form)

    def read(self, surface: str, path: str, answer: httpx.Response) -> None:
        self.visit.statuses.setdefault(surface, set()).add(answer.status_code)
        said = f"{dict(answer.headers)} {answer.text}"
        for word in self._words(said):
            self.note(word, surface, path)
        if surface in FRAMES and answer.status_code == 200:
            frames = answer.json()
            self._read_frames(frames.get("updates") or frames.get("items") or [], path)
        if answer.status_code == 200 and (channels := CHANNELS.search(answer.text)) is not None:
            nouns = {name.partition(":")[0] for name in json.loads(html.unescape(channels[1]))}
            self.visit.followed.setdefault((surface, self.who), []).append((path, nouns))

    def _words(self, said: str) -> Iterator[Word]:
        words = {word.said: word for word in self.written.words.values()}
        return (words[found] for found in set(WORD.findall(said)) & words.keys())

    def note(self, word: Word, surface: str, place: str) -> None:
        self.visit.sightings.append(Sighting(word, surface, place, self.who, self.number))

    def _read_frames(self, frames: Iterable[Mapping[str, Any]], place: str) -> None:
        for frame in frames:
            if frame.get("type") == "update":
                surface = f"{frame['channel'].partition(':')[0]} {frame['kind'].partition('.')[0]}"
                for word in self._words(json.dumps(frame)):
                    self.note(word, surface, f"{place.partition('?')[0]}: {frame['channel']} {frame['seq']}")

    async def _follow(self, form: str) -> None:
        """All channels from their beginning, over a socket."""
        channels = self.written.channels
        async with (
            asyncio.timeout(PATIENCE_S),
            websockets.connect(
                self.process.url.replace("http", "ws") + "/live",
                origin=Origin(self.process.url),
                subprotocols=[Subprotocol(f"forum.v1.{form}")],
                additional_headers={"cookie": f"forum={self.cookies['forum']}"} if self.cookies else {},
                compression=None,
            ) as socket,
        ):
            await socket.send(json.dumps({"type": "follow", "channels": dict.fromkeys(channels, 0)}))
            answered: set[str] = set()
            while answered < set(channels):
                frame = json.loads(await socket.recv())
                self._read_frames([frame], f"/live ({form})")
                for word in self._words(json.dumps(frame)):
                    self.note(word, "SOCKET /live", f"/live ({form})")
                if frame["type"] in {"following", "error", "reset"}:
                    answered.add(frame.get("channel", ""))


CHANNELS = re.compile(r'data-channels="([^"]*)"')
FRAMES = {"GET /api/v1/updates", "GET /api/v1/channels/{channel}/updates"}


def links_of(answer: httpx.Response) -> list[str]:
    """Where an answer leads."""
    location = answer.headers.get("location", "").partition("#")[0]
    return [*LINK.findall(answer.text.replace("&amp;", "&")), *filter(None, [location])]
