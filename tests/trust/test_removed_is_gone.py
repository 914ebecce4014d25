"""Removed is gone: what has been cleared is found nowhere, by anybody, on any process, with Redis there and away.

Two real processes serve a house in which everything is written (tests/trust/written.py). Their caches are warmed by a
visit. Then all is cleared, while Valkey is there, or when it has been killed; everything is visited again
(tests/trust/visit.py), requests with a key are sent again, and the database, Valkey and the logs are searched. The
registry of surfaces says what may be seen where: that it says neither too much nor too little is shown here too.
"""

import contextlib
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import pytest_asyncio
from starlette.routing import BaseRoute

from forum import surfaces
from forum.app import create_app
from forum.db import Database
from forum.embedded import Servers
from forum.settings import Settings
from forum.surfaces import CARRIERS, FRAME, FRAME_FOLLOWS, READERS, REFUSALS
from tests.conftest import copy_of
from tests.trust.processes import Process, own_valkey, start
from tests.trust.searching import in_redis, in_the_database, may_be_seen, reader, words_in
from tests.trust.visit import Screen, Sighting, Visit
from tests.trust.written import REMOVED, ROLES, STANDS_IN, House, Word, Written, browser, session_of, write

pytestmark = pytest.mark.long

WARMED = frozenset({
    "/networks/{slug}", "/networks/{slug}/room", "/networks/{slug}/people", "/networks/{slug}/about", "/notifications",
    "/threads/{thread}", "/threads/{thread}/reply", "/search", "/members/{member}", "/api/v1/updates",
    "/api/v1/channels/{channel}/updates",
})  # fmt: skip
"""What is warmed where Valkey will go: all that keeps anything between two requests goes through these."""
FOR_FEW = frozenset({
    "/", "/networks/{slug}/settings", "/networks/new", "/appeals/{appeal}", "/api/v1/appeals",
    "/api/v1/appeals/{appeal}", "/networks/{slug}/appeals", "/api/v1/networks/{slug}/appeals",
    "/reports/direct/{case}", "/api/v1/administrators/reports", "/log", "/log.csv", "/api/v1/administrators/log",
})  # fmt: skip
"""What only guests see, those who run a network, who decide about another moderator's act, and administrators."""
SOME = ("guest", "member", "author", "judge")
"""Who looks at these few on the other process: each process is asked for everything by everybody once."""
FRAGMENT = "application/vnd.forum.fragment+html"
CHANGES_WHO_ASKS = ("/join", "/leave", "/sign-in", "/sign-out", "/session", "/{session}", "/{token}", "/settings")


CLEARED_LIVE = frozenset({"post", "message", "title", "name"})
"""What each channel that a page is cleared by must say for itself; others go with the row that they belong to."""
NOT_WRITTEN = {
    ("GET /", "post"),  # newer notifications stand before it
    *((f"GET {at}", kind) for at in ("/appeals/{appeal}", "/api/v1/appeals/{appeal}") for kind in ("message", "edit")),
    *((f"GET /{noun}s/{{id}}/remove", kind) for noun in ("post", "message") for kind in ("post", "message", "title")),
    *(("GET /api/v1/networks/{slug}/sanctions", kind) for kind in ("name", "profile", "reason", "note")),
    *((f"moderators {noun}", "network") for noun in ("case", "appeal", "submission", "hold")),
    ("GET /reports/direct/{case}", "reason"),
    ("GET /api/v1/administrators/reports", "name"),
    ("GET /api/v1/posts/{post}/repeats", "title"),
    ("GET /api/v1/messages/{message}/repeats", "title"),
}
"""Kinds of text that a surface can show, but not of what is written here."""


@dataclass
class Found:
    """What the whole scenario brought to light."""

    visit: Visit
    written: Written
    after: list[Sighting] = field(default_factory=list)
    """What was seen of what had been cleared."""
    warm: list[Sighting] = field(default_factory=list)
    replays: dict[str, str] = field(default_factory=dict)
    """Where a request with a key was sent again, and what it was answered."""
    refusals: dict[str, str] = field(default_factory=dict)
    stale: list[str] = field(default_factory=list)
    """Words that screens which stood open were sent after they had gone."""
    columns: list[str] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)

    @property
    def words(self) -> Mapping[str, Word]:
        """All words, as they are spelled."""
        return {word.said: word for word in self.written.words.values()}


@contextlib.contextmanager
def _two(settings: Settings, folder: Path) -> Iterator[Iterator[Process]]:
    processes = [start(settings, folder, name) for name in ("here", "there")]
    try:
        yield iter(processes)
    finally:
        for process in processes:
            process.stop()


async def _clear(found: Found) -> None:
    """Clear it before the eyes of open screens, and send again what had a key."""
    written, processes = found.written, found.visit.processes
    db = written.house.db
    async with AsyncExitStack() as stack:
        screens = {}
        for number, process in enumerate(processes):
            for form in ("html", "json"):
                cookies = await session_of(db, written.house.moderator)
                screen = await stack.enter_async_context(Screen.opened(process, cookies, form))
                await screen.follow(written.channels)
                screens[f"{number} {form}"] = screen
        async with browser(db, processes[0].url, written.house.moderator) as moderator:
            await written.clear(moderator)
        for name, screen in screens.items():
            found.stale += [f"{name}: {said}" for said in await _said_too_late(written, screen)]
    for process in processes:
        async with browser(db, process.url, written.author) as author:
            for path, sent in written.keyed:
                for accept in ("*/*",) if path.startswith("/api/") else ("*/*", FRAGMENT):
                    again = await author.post(path, **{**sent, "headers": {**sent["headers"], "accept": accept}})
                    assert again.status_code in {200, 201, 303}, again.text
                    found.replays[f"{process.url}{path} {accept}"] = again.text


async def _said_too_late(written: Written, screen: Screen) -> list[str]:
    """Words of posts and messages that a screen was sent with or after the update that told of their going."""
    gone: set[tuple[str, int]] = set()
    awaited = {("message" if "message" in name else "post", written.ids[name]) for name in STANDS_IN.values()}
    late: list[str] = []
    async for frame in screen.heard():
        noun, _, happened = frame.get("kind", "").partition(".")
        if happened in {"removed", "held", "withdrawn"}:
            gone.add((noun, frame["id"]))
        for word, name in STANDS_IN.items():
            place = ("message" if "message" in name else "post", written.ids[name])
            if place in gone and written.words[word].said in json.dumps(frame):
                late.append(f"{written.words[word].said} with {frame['kind']}")
        if awaited <= gone:
            break
    return late


async def _ask_for_refusals(found: Found, process: Process) -> None:
    """What is answered to who may not do a thing, or does it once more; and what goes wrong with words in it."""
    written, house = found.written, found.written.house
    db = house.db
    async with browser(db, process.url, house.observer) as observer:
        for name in surfaces.acts():
            method, path = name.split()
            if not path.endswith(CHANGES_WHO_ASKS):
                for filled in written.fill(path):
                    found.refusals[f"{method} {filled}"] = (await observer.request(method, filled, json={})).text
    async with browser(db, process.url, written.author) as author:
        for path in (*written.fill("/posts/{id}/edit"), *written.fill("/messages/{id}/edit")):
            answer = await author.post(path, data={"body": "Other words"})
            found.refusals[f"author {path}"] = answer.text
    async with browser(db, process.url, house.moderator) as moderator:
        quotes = "\n\n".join(f"> [#{written.ids[name]}]" for name in ("post", "held_post", "withdrawn_post"))
        preview = await moderator.post("/preview", data={"body": quotes, "network": str(written.ids["network"])})
        found.refusals["preview"] = preview.text
        for name, noun in REMOVED.items():
            answer = await moderator.post(f"/{noun}s/{written.ids[name]}/remove", data={"reason": "Advertising"})
            found.refusals[f"again {name}"] = answer.text
        for name in ("post", "title", "name"):
            said = written.words[name].said
            await moderator.get(f"/{said}")
            await moderator.get("/search", params={"q": f"{said}\0"})
            await moderator.post("/posts/1/edit", data={"body": said * 2_000})
            await moderator.patch("/api/v1/posts/1", content=f'{{"body": "{said}')


@pytest.fixture(scope="module")
def surface_routes(settings: Settings) -> Sequence[BaseRoute]:
    return create_app(settings).routes


@pytest_asyncio.fixture(scope="module", params=["valkey", pytest.param("valkey has gone", marks=pytest.mark.faults)])
async def found(
    request: pytest.FixtureRequest,
    servers: Servers,
    template: str,
    settings: Settings,
    surface_routes: Sequence[BaseRoute],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Found]:
    """The whole scenario, once."""
    async with AsyncExitStack() as stack:
        valkey = stack.enter_context(own_valkey())
        database_url = await stack.enter_async_context(asynccontextmanager(copy_of)(servers, template))
        settings = replace(settings, database_url=database_url, redis_url=valkey.url)
        processes = list(stack.enter_context(_two(settings, tmp_path_factory.mktemp("logs"))))
        db = Database(database_url)
        await db.open()
        stack.push_async_callback(db.close)
        house = await House.build(db)
        for process in processes:
            process.await_ready()
        here, there = processes
        found = Found(Visit(surface_routes, processes), await write(house, here.url))
        if request.param == "valkey":
            await _while_valkey_is_there(found)
        else:
            await found.visit.everything(found.written, ("member",), ("author",), only=WARMED)
            valkey.end()
            await _clear(found)
            found.after += await found.visit.everything(found.written, (), ROLES, crawling=[(1, "guest")])
            found.after += await found.visit.everything(found.written, SOME, (), only=WARMED | FOR_FEW)
        await _ask_for_refusals(found, there)
        if request.param == "valkey":
            found.keys = await in_redis(valkey.url, found.words)
        found.columns = await in_the_database(db, found.words)
        found.logs = [process.stop() for process in processes]
        yield found


async def _while_valkey_is_there(found: Found) -> None:
    visit, written = found.visit, found.written
    found.warm += await visit.everything(written, ("author", "moderator"), ("member",))
    found.warm += await visit.everything(written, ("admin", "judge", "guest"), (), only=FOR_FEW)
    await _clear(found)
    found.after += await visit.everything(written, ROLES, (), crawling=[(0, "member")])
    found.after += await visit.everything(written, (), SOME, only=WARMED | FOR_FEW)


ALL_THERE = pytest.mark.parametrize("found", ["valkey"], indirect=True)
"""What is asked of the scenario in which everything is visited before and after, and of Valkey itself."""


async def test_nothing_of_it_is_seen_any_more(found: Found) -> None:
    """Beyond what the registry says: sealed words for who decides, reasons for who is concerned."""
    known = surfaces.readable()
    leaks = [sighting for sighting in found.after if not may_be_seen(sighting, known)]
    assert not leaks, "\n".join(sorted(map(str, leaks)))


async def test_what_is_for_some_is_seen_by_them_alone(found: Found) -> None:
    for sighting in (*found.warm, *found.after):
        readers = READERS.get(sighting.word.kind)
        assert readers is None or reader(sighting.who) in readers, str(sighting)


async def test_screens_that_stand_open_hear_nothing_of_it(found: Found) -> None:
    assert not found.stale


async def test_a_key_sent_again_brings_no_words(found: Found) -> None:
    assert len(found.replays) == 2 * (len(found.written.keyed) + 1)
    assert not _with_words(found.words, found.replays)


async def test_refusals_bring_no_words(found: Found) -> None:
    assert len(found.refusals) > len(list(surfaces.acts()))
    assert not _with_words(found.words, found.refusals)


def _with_words(words: Mapping[str, Word], said: Mapping[str, str]) -> dict[str, set[str]]:
    return {place: these for place, text in said.items() if (these := words_in(text) & words.keys())}


async def test_nothing_stands_in_the_database(found: Found) -> None:
    assert not found.columns


@ALL_THERE
async def test_nothing_stands_in_redis(found: Found) -> None:
    assert not found.keys


async def test_nothing_stands_in_the_logs(found: Found, data_folder: Path) -> None:
    servers_log = data_folder / "servers.log"
    logs = [*found.logs, servers_log.read_text() if servers_log.exists() else ""]
    assert all(" 422 " in log for log in found.logs[1:]), "nothing went wrong: this proves nothing"
    assert not [said for log in logs if (said := words_in(log) & found.words.keys())]


@ALL_THERE
async def test_each_surface_shows_what_the_registry_says(found: Found) -> None:
    """No more, and no less: else the visit would prove nothing there."""
    seen: dict[str, set[str]] = {}
    for sighting in found.visit.sightings:
        seen.setdefault(sighting.surface, set()).add(sighting.word.kind)
    wrong = []
    for name, surface in surfaces.readable().items():
        unsaid = _unsaid(name) | {kind for kind in surface.shows if (name, kind) in NOT_WRITTEN}
        shown, said = seen.get(name, set()) - unsaid, surface.shows - unsaid
        if shown != said:
            wrong.append(f"{name}: shows {sorted(shown)}, not {sorted(said)}")
    assert not wrong, "\n".join(wrong)
    carried = {kind for each in surfaces.UPDATES for kind in each.shows}
    for name in CARRIERS:
        assert seen[name] <= carried
    assert not seen.keys() - surfaces.readable().keys() - set(CARRIERS)


def _unsaid(name: str) -> frozenset[str]:
    """What stands there without its line saying so."""
    if name.startswith("GET /api/"):
        return REFUSALS
    return FRAME if name.startswith("GET /") else frozenset()


async def test_each_page_follows_what_clears_it(found: Found) -> None:
    """From the words that it shows to the channels that its line names; to those of the frame for what is its own."""
    pages = {page.name: page for page in surfaces.PAGES}
    carried: dict[str, set[str]] = {}
    for update in surfaces.UPDATES:
        carried.setdefault(update.name.partition(" ")[0], set()).update(update.shows)
    for name, kinds in surfaces.CLEARED_BY.items():
        carried[name.partition(" ")[0]] |= kinds
    channels = set(found.written.channels)
    wrong = set()
    for sighting in found.visit.sightings:
        page, kind = pages.get(sighting.surface), sighting.word.kind
        if page is None or page.why or sighting.followed is None or (kind in FRAME and sighting.who == "outsider"):
            continue
        named = page.cleared_by | (FRAME_FOLLOWS if kind in FRAME else frozenset())
        wanted = {noun for noun in named if kind in carried[noun]} or (set() if kind in CLEARED_LIVE else named)
        nouns = {name.partition(":")[0] for name in sighting.followed & channels}
        if not wanted & nouns:
            wrong.add(f"{sighting.surface} to {sighting.who}: {kind}, without any of {sorted(wanted)}")
    assert not wrong, "\n".join(sorted(wrong))


async def test_the_kinds_of_update_are_all_known(found: Found) -> None:
    known = {each.name for each in surfaces.UPDATES}
    known |= {f"{channel} {kind}" for channel, kinds in surfaces.WORDLESS.items() for kind in kinds.split()}
    db = found.written.house.db
    rows = await db.pool.fetch("SELECT DISTINCT split_part(channel, ':', 1), split_part(kind, '.', 1) FROM updates")
    assert not {f"{channel} {kind}" for channel, kind in rows} - known
