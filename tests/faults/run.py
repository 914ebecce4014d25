"""One run: writers and screens on a world of their own, a fault in the middle, and the verdict at the end."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field

from tests.faults.follower import HtmlSocket, Page, Poll, Screen, Socket
from tests.faults.stage import Site, Stage, until
from tests.faults.verdict import judge, stored
from tests.faults.wire import Client, Lost
from tests.faults.world import Person, Place, World, lines, make_world
from tests.faults.writer import Ledger, Writer

ROOM_RANGE = 50
WRITE_MAX_S = 300.0
READY_MAX_S = 20.0
RUN_MAX_S = 300.0
OPEN_MAX_S = 20.0
TICK_S = 0.05
STEPS = 12
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
    is_full: bool = False
    """Whether what is away or frozen stays so for as long as the table says."""
    stay_s: tuple[float, float] = (0.3, 3.0)
    """How long a screen stays as it is, at least and at most, before it breaks off, leaves a channel, turns a page."""


SHORT = Size(writes=120, followers=36, per_s=50.0, patience=4.0)
FULL = Size(writes=1_200, followers=300, per_s=100.0, is_full=True, stay_s=(0.3, 10.0))
"""Each of 300 does something every five seconds: more would keep two cores busy by itself, and its promised times would
be those of a machine that is full.
"""


@dataclass
class Run:
    """What is under way. A fault sees all of it, and says what is to be expected while it lasts."""

    stage: Stage
    site: Site
    seed: int
    size: Size
    held_up_s: float = 0.0
    """How long the fault itself kept everybody from reading the log: nothing is delivered meanwhile."""
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
    checks: list[Callable[[], None]] = field(default_factory=list)
    """What is to be looked at when the run has ended."""
    kept_logs: dict[str, dict[str, dict[int, tuple[str, int]]]] = field(default_factory=dict)
    """What the log held before it was cut or replaced: log → channel → seq → kind and id."""

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self._begun = 0
        self._writing = 0
        self._fault_is_on = False
        self._go_on = asyncio.Event()
        self._go_on.set()
        self.late_s = 0.0
        """How late this process itself was woken at worst: what it measures is no truer than that."""
        self._said: Iterator[str] = lines(self.rng)
        self._people: list[asyncio.Task[None]] = []
        self._looking: list[asyncio.Task[None]] = []
        self._began_at_s = 0.0

    # How it goes

    async def go(self, fault: Callable[["Run"], Awaitable[None]] | None = None) -> None:
        """Everything, with the fault when a quarter has been written; `problems` and `figures` then say how it was."""
        try:
            async with asyncio.timeout(RUN_MAX_S + self.size.writes):  # a write a second is slow, but not stuck
                await self._open()
                if fault is not None:
                    await self.wrote(0.25)
                    self.say("fault")
                    self._fault_is_on = True
                    try:
                        await fault(self)
                    finally:
                        self._fault_is_on = False
                await self._finish()
        finally:
            await self._close()

    async def _open(self) -> None:
        self.say("opening")
        self.world = await make_world(self.stage.db)
        pages = [page for place in self.world.places for page in pages_of(place)]
        opened = [page for page in pages_of(self.world.places[1]) if page.noun != "message"]
        for number in range(self.size.followers):
            if number % 10 == 9:
                person, page = self.world.strangers[number % 20 // 10], opened[number // 10 % len(opened)]
            else:
                person, page = self.world.readers[number % len(self.world.readers)], pages[number % len(pages)]
            kind = self.rng.choice((Socket, HtmlSocket, Poll))
            rng = random.Random(self.rng.random())
            self.screens.append(kind(number, self.site, person, page, rng, self.size.stay_s))
        self._looking.append(asyncio.create_task(self._tick(), name="tick"))
        for screen in self.screens:
            self._looking.append(asyncio.create_task(screen.live(), name=f"screen {screen.number}"))
        sockets = self.sockets()
        await until(lambda: all(screen.back_at_s for screen in sockets), "all follow", self.allows(OPEN_MAX_S))
        self._began_at_s = time.monotonic()
        for person in self.world.writers:
            self._people.append(asyncio.create_task(self._write(person), name=f"writer {person.id}"))

    async def _write(self, me: Person) -> None:
        async with self.site.client() as client:
            rng = random.Random(self.rng.random())
            writer = Writer(client, self.world, me, rng, self._said, self.ledger)
            # However fast the machine: a fault is met by people who write.
            while self._begun < self.size.writes or self._fault_is_on:
                self._begun += 1
                due_s = self._began_at_s + self._begun / self.size.per_s
                if (early_s := due_s - time.monotonic()) > 0:
                    await asyncio.sleep(early_s)
                await self._go_on.wait()
                self._writing += 1
                try:
                    await writer.write()
                finally:
                    self._writing -= 1

    @asynccontextmanager
    async def nobody_writing(self) -> AsyncIterator[None]:
        """What was begun is finished first; what is due waits."""
        self._go_on.clear()
        try:
            await until(lambda: not self._writing, "writers pause", WRITE_MAX_S)
            yield
        finally:
            self._go_on.set()

    async def wrote(self, share: float) -> None:
        """Return when this share of the writes has been answered."""
        wanted = int(self.size.writes * share)
        await until(lambda: self.ledger.answered >= wanted, f"{wanted} writes were answered", WRITE_MAX_S)

    async def _finish(self) -> None:
        self.say("writing")
        await asyncio.gather(*self._people)
        self.figures["late_ms"] = round(self.late_s * 1000)
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

    async def _tick(self) -> None:
        while True:
            due_s = time.monotonic() + TICK_S
            await asyncio.sleep(TICK_S)
            self.late_s = max(self.late_s, time.monotonic() - due_s)

    # What faults use

    def allows(self, promised_s: float) -> float:
        """How long what is promised within this time may take here: a dozen steps of several processes lead to it, and
        each may have waited for a core as long as this process did.
        """
        return promised_s * self.size.patience + STEPS * self.late_s

    @contextmanager
    def lasting(self) -> Iterator[None]:
        """Meanwhile, and for the time of recovery, writes may be refused."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.faulty.append((began, time.monotonic()))

    def expect(self, holds: bool, what: str) -> None:
        """Note a problem where it does not hold."""
        if not holds:
            self.problems.append(f"expected: {what}")

    def require_nothing_wrong(self) -> None:
        """Raises AssertionError with what was wrong, and what the site's log says."""
        told = [*self.problems[:8], f"seed {self.seed}: {self.figures}", "The site's log has:", *self.site.errors()]
        assert not self.problems, "\n".join(told)

    def later(self, check: Callable[[], None]) -> None:
        """Look at this when the run has ended."""
        self.checks.append(check)

    def sockets(self) -> list[Socket]:
        return [screen for screen in self.screens if isinstance(screen, Socket)]

    def client(self, person: Person) -> Client:
        return self.site.client(authorization=person.bearer)

    async def metric(self, name: str) -> float:
        """What the processes say of it, together."""
        return sum(each[name] for each in (await self.site.metrics()).values())

    async def until_ready(self) -> None:
        """Return when the site says that it can serve."""
        end = time.monotonic() + self.allows(READY_MAX_S)
        while time.monotonic() < end:
            async with self.site.client() as client:
                with suppress(Lost):
                    if (await client.get("/readyz")).status == 200:
                        return
            await asyncio.sleep(0.05)
        raise AssertionError("the site is not ready again")

    async def heads(self, channels: Iterable[str]) -> dict[str, int]:
        """Where these channels stand."""
        rows = await self.stage.db.pool.fetch(
            "SELECT name, channel_head(name) AS head FROM channels WHERE name = ANY ($1)", list(channels)
        )
        return {row["name"]: row["head"] for row in rows}

    async def keep_log(self, channels: list[str] | None) -> None:
        """Note what the log holds now, of these channels or of all, since it is about to be lost."""
        async with self.stage.owner() as connection:
            name = await connection.fetchval("SELECT log FROM site")
            rows = await connection.fetch(
                "SELECT channel, seq, kind, object FROM updates WHERE $1::text[] IS NULL OR channel = ANY ($1)",
                channels,
            )
        kept = self.kept_logs.setdefault(name, {})
        for row in rows:
            kept.setdefault(row["channel"], {})[row["seq"]] = (row["kind"], row["object"])

    async def forget_what_is_not_there(self) -> int:
        """After an older copy was put back: what was answered since then is lost, and stands as the copy has it."""
        there = await stored(self)
        written = self.ledger.written
        lost = written.keys() - there.keys()
        for place in lost:
            del written[place]
        for place, one in written.items():
            row = there[place]
            one.state, one.version, one.body = row["state"], row["version"], row["body"] or one.body
        return len(lost)


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
