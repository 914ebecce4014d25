"""Who is there in a run: networks with threads and rooms, members who read, and members who write."""

import os
import random
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from forum import members, memberships, networks, sessions, threads
from forum.db import Database
from forum.standing import Caller

READERS = 12
WRITERS = 8
THREADS = 3
LINE = re.compile(r"^\[\d\d:\d\d\] <([^>]+)> (.+)$")


@dataclass(frozen=True, slots=True)
class Person:
    """A member with a token for the API and a browser's session."""

    id: int
    name: str
    token: str = field(repr=False)
    cookie: str = field(repr=False)

    @property
    def caller(self) -> Caller:
        return Caller(self.id)

    @property
    def bearer(self) -> str:
        return f"Bearer {self.token}"


@dataclass(slots=True)
class Place:
    """A network, its room and its threads."""

    id: int
    slug: str
    room: int
    threads: list[int]


@dataclass(slots=True)
class World:
    """Everything that a run works on; no other run touches it."""

    tag: str
    admin: Person
    lead: Person
    moderator: Person
    readers: list[Person]
    writers: list[Person]
    strangers: list[Person]
    """They read the open network from outside."""
    idlers: list[Person]
    """Members who do nothing by themselves."""
    places: list[Place]


async def make_world(db: Database) -> World:
    """A private and an open network, each with a room and threads, in which everybody is a member."""
    tag = secrets.token_hex(3)
    admin = await _person(db, tag, "admin", administrator=True)
    lead, moderator = await _person(db, tag, "lead"), await _person(db, tag, "mod")
    readers = [await _person(db, tag, f"reader {number}") for number in range(READERS)]
    writers = [await _person(db, tag, f"writer {number}") for number in range(WRITERS)]
    strangers = [await _person(db, tag, f"stranger {number}") for number in range(2)]
    idlers = [await _person(db, tag, f"idler {number}") for number in range(2)]
    places = []
    boss = Caller(admin.id, administrator=True)
    for visibility in ("private", "open"):
        slug = f"{visibility}-{tag}"
        await networks.create(db, boss, name=slug, slug=slug, kind="topic", visibility=visibility)
        await memberships.set_role(db, boss, slug, lead.id, "lead")
        await memberships.set_role(db, boss, slug, moderator.id, "moderator")
        for person in (*readers, *writers, *idlers):
            await memberships.set_role(db, boss, slug, person.id, "member")
        started = [await threads.start(db, lead.caller, slug, f"Thread {n} {tag}", "Opening") for n in range(THREADS)]
        row = await db.pool.fetchrow(
            "SELECT n.id, r.id AS room FROM networks n JOIN rooms r ON r.network_id = n.id WHERE slug = $1", slug
        )
        places.append(Place(row["id"], slug, row["room"], [int(each.thread["id"]) for each in started]))
    return World(tag, admin, lead, moderator, readers, writers, strangers, idlers, places)


async def _person(db: Database, tag: str, who: str, *, administrator: bool = False) -> Person:
    name = f"{who} {tag}".title()
    row = await members.add(db, f"{who.replace(' ', '-')}-{tag}@example.org", name, administrator=administrator)
    token = await sessions.create_token(db, row["id"])
    return Person(row["id"], name, token, await sessions.start(db, row["id"], browser="test"))


def lines(rng: random.Random) -> Iterator[str]:
    """What people said, without end: a real chat log from a random place on, or where it is not at hand, made up."""
    said = _log() or _made_up(rng)
    place = rng.randrange(len(said))
    while True:
        yield said[place % len(said)]
        place += 1


def _log() -> list[str]:
    """FORUM_SAMPLE_DATA, else `shared/data` beside the checkout, has logs in `chat`."""
    folder = Path(os.environ.get("FORUM_SAMPLE_DATA") or Path(__file__).parents[3] / "shared" / "data") / "chat"
    return [
        f"{match[1]}: {match[2]}"
        for path in sorted(folder.glob("*.raw.txt"))
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines()
        if (match := LINE.match(line)) and match[2].isprintable()  # the others are refused, as they should be
    ]


def _made_up(rng: random.Random) -> list[str]:
    words = ("the network", "records", "we think", "beds", "results", "of patients", "and for", "a new system", "with")
    return [" ".join(rng.choices(words, k=rng.randint(1, 15))) for _ in range(2_000)]
