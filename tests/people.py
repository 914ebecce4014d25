"""The same people everywhere: ana writes, ben is a member, mod moderates; max moderates another network; eve is an
outsider.

`make_world` gives each test networks and people of its own on the shared database, so tests do not see each other.
"""

import secrets
from dataclasses import dataclass, field

from forum import members, networks, threads
from forum.access import Caller
from forum.db import Database

PASSWORD = "a few quiet words"


@dataclass(slots=True)
class World:
    """A private network with a sub-group, another network, and the people of style.md, each a Caller."""

    db: Database
    tag: str
    network: str
    other: str
    ana: Caller
    ben: Caller
    obs: Caller
    mod: Caller
    lead: Caller
    max: Caller
    eve: Caller
    admin: Caller
    names: dict[int, str] = field(default_factory=dict)

    async def thread(self, *, title: str = "A thread", body: str = "The opening post", jointly: bool = False) -> int:
        """A thread that ana opened in the network; `jointly` with the other one too (ana is in both then)."""
        with_ = (self.other,) if jointly else ()
        started = await threads.start(self.db, self.ana, self.network, title, body, jointly_with=with_)
        return int(started.thread["id"])

    async def reported(self, thread: int, cases: int, voices: int) -> None:
        """So many posts of ana's in a thread, each reported by so many: as acts would make them, in one breath."""
        await self.db.pool.execute(
            """
            WITH made AS (
                INSERT INTO posts (thread_id, network_id, author_id, parent_id, number, depth, path, body, html)
                SELECT $1, $2, $3, o.id, 1 + n, 1, o.path || int4send(1 + n), 'Words ' || n, '<p>Words ' || n || '</p>'
                FROM generate_series(1, $4) n, posts o WHERE o.thread_id = $1 AND o.number = 1
                RETURNING id),
            noted AS (INSERT INTO notes (body) VALUES ('Advertising') RETURNING id),
            opened AS (INSERT INTO cases (network_id, post_id, seen_version) SELECT $2, id, 1 FROM made RETURNING id),
            voices AS (INSERT INTO members (name) SELECT 'Voice ' || n FROM generate_series(1, $5) n RETURNING id)
            INSERT INTO reports (case_id, member_id, reason_id)
            SELECT opened.id, voices.id, noted.id FROM opened, voices, noted
            """,
            thread, await self.network_id(), self.ana.member, cases, voices,
        )  # fmt: skip

    async def network_id(self, slug: str | None = None) -> int:
        """The id of the network, or of another by its slug."""
        found = await self.db.pool.fetchval("SELECT id FROM networks WHERE slug = $1", slug or self.network)
        return int(found)

    async def room_id(self) -> int:
        """The id of the network's room."""
        found = await self.db.pool.fetchval("SELECT id FROM rooms WHERE network_id = $1", await self.network_id())
        return int(found)


async def make_world(db: Database, *, visibility: str = "private") -> World:
    """New people and networks, with a tag in all their names that is theirs alone."""
    tag = secrets.token_hex(4)
    callers: dict[str, Caller] = {}
    names: dict[int, str] = {}
    for who in ("ana", "ben", "obs", "mod", "lead", "max", "eve", "admin"):
        name = f"{who.capitalize()} {tag}"
        row = await members.add(db, f"{who}-{tag}@example.org", name, administrator=who == "admin")
        callers[who] = Caller(row["id"], administrator=who == "admin")
        names[row["id"]] = name
    world = World(db, tag, f"net-{tag}", f"other-{tag}", **callers, names=names)
    for slug in (world.network, world.other):
        await networks.create(
            db, world.admin, name=f"Network {slug}", slug=slug, kind="regional", visibility=visibility
        )
        await networks.set_role(db, world.admin, slug, world.lead.member, "lead")
    roles = {"ana": "member", "ben": "member", "obs": "observer", "mod": "moderator"}
    for who, role in roles.items():
        await networks.set_role(db, world.admin, world.network, callers[who].member, role)
    await networks.set_role(db, world.admin, world.other, world.max.member, "moderator")
    await networks.set_role(db, world.admin, world.other, world.ana.member, "member")
    for slug in (world.network, world.other):
        await networks.leave(db, world.admin, slug)
    return world
