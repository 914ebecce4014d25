"""One run: writers and screens on a world of their own, a fault in the middle, and the verdict at the end."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from tests.faults.follower import HtmlSocket, Page, Poll, Screen, Socket
from tests.faults.stage import Site, Stage, until
from tests.faults.verdict import judge
from tests.faults.wire import Client
from tests.faults.world import Person, Place, World, lines, make_world
from tests.faults.writer import Ledger, Writer

ROOM_RANGE = 50
WRITE_MAX_S = 300.0
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Size:
    """How much of it."""

    writes: int
    followers: int
    per_s: float
    """How many writes are begun in a second."""
    patience: float = 1.0
    """How many times the promised time something may take: more than 1 where the machine does other work as well."""


SHORT = Size(writes=240, followers=60, per_s=60.0, patience=3.0)
FULL = Size(writes=2_000, followers=300, per_s=120.0)


@dataclass
class Run:
    """What is under way. A fault sees all of it, and says what is to be expected while it lasts."""

    stage: Stage
    site: Site
    seed: int
    size: Size
    say: Say = lambda _: None
    rng: random.Random = field(init=False)
    world: World = field(init=False)
    screens: list[Screen] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    faulty: list[tuple[float, float]] = field(default_factory=list)
    """From when to when the fault lasted: writes may be refused only then, and until RECOVERY_S later."""
    problems: list[str] = field(default_factory=list)
    figures: dict[str, object] = field(default_factory=dict)
    resets_expected: bool = False
    refusals_expected: bool = False
    out: set[int] = field(default_factory=set)
    """Members who were shut out."""
    other_logs: dict[str, dict[str, dict[int, tuple[str, int]]]] = field(default_factory=dict)
    """What earlier logs held: log → channel → seq → kind and id."""

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self._begun = 0
        self._said: Iterator[str] = lines(self.rng)
        self._people: list[asyncio.Task[None]] = []
        self._looking: list[asyncio.Task[None]] = []
        self._began_at_s = 0.0

    # How it goes

    async def go(self, fault: Callable[["Run"], Awaitable[None]] | None = None) -> None:
        """Everything, with the fault when a quarter has been written; `problems` and `figures` then say how it was."""
        try:
            await self._open()
            if fault is not None:
                await self.wrote(0.25)
                self.say("fault")
                await fault(self)
            await self._finish()
        finally:
            await self._close()

    async def _open(self) -> None:
        self.say("opening")
        self.world = await make_world(self.stage.db)
        pages = [page for place in self.world.places for page in pages_of(place)]
        for number in range(self.size.followers):
            kind = (Socket, HtmlSocket, Poll)[number % 3] if number % 2 else (Socket, Socket, Poll)[number % 3]
            person = self.world.readers[number % len(self.world.readers)]
            rng = random.Random(self.rng.random())
            screen = kind(number, self.site, person, pages[number % len(pages)], rng)
            self.screens.append(screen)
        for screen in self.screens:
            self._looking.append(asyncio.create_task(screen.live(), name=f"screen {screen.number}"))
        await until(lambda: all(screen.back_at_s or isinstance(screen, Poll) for screen in self.screens), "all follow")
        self._began_at_s = time.monotonic()
        for person in self.world.writers:
            self._people.append(asyncio.create_task(self._write(person), name=f"writer {person.id}"))

    async def _write(self, me: Person) -> None:
        async with self.site.client() as client:
            rng = random.Random(self.rng.random())
            writer = Writer(client, self.world, me, rng, self._said, self.ledger)
            while self._begun < self.size.writes:
                self._begun += 1
                due_s = self._began_at_s + self._begun / self.size.per_s
                if (early_s := due_s - time.monotonic()) > 0:
                    await asyncio.sleep(early_s)
                await writer.write()

    async def wrote(self, share: float) -> None:
        """Return when this share of the writes has been answered."""
        wanted = int(self.size.writes * share)
        await until(lambda: self.ledger.answered >= wanted, f"{wanted} writes were answered", WRITE_MAX_S)

    async def _finish(self) -> None:
        self.say("writing")
        await asyncio.gather(*self._people)
        self.figures["writes"] = self.ledger.answered
        self.figures["per_s"] = round(self.ledger.answered / (time.monotonic() - self._began_at_s), 1)
        self.say("settling")
        for screen in self.screens:
            screen.calm = True
        await judge(self)

    async def _close(self) -> None:
        tasks = [*self._people, *self._looking]
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                self.problems.append(f"the test itself failed: {outcome!r}")

    # What faults use

    def sockets(self) -> list[Socket]:
        return [screen for screen in self.screens if isinstance(screen, Socket)]

    def client(self, person: Person) -> Client:
        return self.site.client(authorization=person.bearer)


def pages_of(place: Place) -> list[Page]:
    """The pages that a network has: its threads, its room, its list."""
    pages = [
        Page("post", f"/threads/{thread}/posts", f"thread:{thread}", place.id, place.slug) for thread in place.threads
    ]
    room = Page("message", f"/networks/{place.slug}/messages", f"room:{place.room}", place.id, place.slug, ROOM_RANGE)
    return [
        *pages,
        room,
        Page("thread", f"/networks/{place.slug}/threads", f"network:{place.id}", place.id, place.slug),
    ]
