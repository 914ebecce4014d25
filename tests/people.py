"""The same people everywhere: ana writes, ben is a member, mod moderates; max moderates another network; eve is an
outsider.

`make_world` gives each test networks and people of its own on the shared database, so tests do not see each other. It
writes in one statement what the acts that give accounts, networks and roles would leave: hundreds of tests begin with
it. tests/forum/test_world.py holds the two against each other.
"""

import secrets
from dataclasses import dataclass, field

from forum import threads
from forum.db import Database
from forum.standing import Caller

PASSWORD = "a few quiet words"
PEOPLE = ("ana", "ben", "obs", "mod", "lead", "max", "eve", "admin")
PLACES = (
    ("net", "lead", "lead"), ("other", "lead", "lead"), ("net", "ana", "member"), ("net", "ben", "member"),
    ("net", "obs", "observer"), ("net", "mod", "moderator"), ("other", "max", "moderator"), ("other", "ana", "member"),
)  # fmt: skip
"""Network, person and role, in the order in which the administrator gave them."""
MAKE = """
WITH people AS (
    INSERT INTO members (email, name, administrator)
    SELECT who || '-' || $1 || '@example.org', initcap(who) || ' ' || $1, who = 'admin'
    FROM unnest($3::text[]) WITH ORDINALITY AS named (who, place) ORDER BY place
    RETURNING id, split_part(email::text, '-', 1) AS who
), made AS (
    INSERT INTO networks (slug, name, kind, visibility)
    SELECT slug || '-' || $1, 'Network ' || slug || '-' || $1, 'regional', $2
    FROM (VALUES (1, 'net'), (2, 'other')) AS named (place, slug) ORDER BY place
    RETURNING id, split_part(slug, '-', 1) AS slug
), opened AS (
    INSERT INTO rooms (network_id) SELECT id FROM made ORDER BY id RETURNING id, network_id
), places AS (
    SELECT place, made.id AS network, people.id AS member, role
    FROM unnest($4::text[], $5::text[], $6::text[]) WITH ORDINALITY AS given (slug, who, role, place)
    JOIN made USING (slug) JOIN people USING (who)
), joined AS (
    INSERT INTO memberships (network_id, member_id, role) SELECT network, member, role FROM places ORDER BY place
), reading AS (
    INSERT INTO room_reads (member_id, room_id, number)
    SELECT member, opened.id, 0 FROM places JOIN opened ON network_id = network
), told AS (
    INSERT INTO notifications (member_id, kind, network_id, actor_id, role)
    SELECT member, 'role', network, people.id, role FROM places CROSS JOIN people WHERE who = 'admin' ORDER BY place
    RETURNING id, member_id
), logged AS (
    INSERT INTO moderation_log (network_id, actor_id, act, noun, object_id, subject_id)
    SELECT network, actor, act, noun, object, subject FROM (
        SELECT 0 AS step, id AS place, NULL::bigint AS network, NULL::bigint AS actor, 'add' AS act, 'member' AS noun,
               id AS object, id AS subject
        FROM people
        UNION ALL
        SELECT CASE slug WHEN 'net' THEN 1 ELSE 3 END, 0, made.id, people.id, 'create', 'network', made.id, NULL
        FROM made CROSS JOIN people WHERE who = 'admin'
        UNION ALL
        SELECT CASE place WHEN 1 THEN 2 ELSE 4 END, place, network, people.id, 'make ' || role, 'member', member, member
        FROM places CROSS JOIN people WHERE who = 'admin'
    ) AS acts ORDER BY step, place
    RETURNING id, network_id
)
SELECT jsonb_build_object(
    'people', (SELECT jsonb_object_agg(who, id) FROM people),
    'networks', (SELECT jsonb_object_agg(slug, id) FROM made),
    'told', (SELECT jsonb_agg(jsonb_build_array(member_id, id) ORDER BY id) FROM told),
    'logged', (SELECT jsonb_agg(jsonb_build_array(coalesce(network_id, 0), id) ORDER BY id) FROM logged)
)
"""


@dataclass(slots=True)
class World:
    """A private network, another network, and the people of style.md, each a Caller."""

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
    async with db.transaction() as tx:
        made = await tx.connection.fetchval(MAKE, tag, visibility, PEOPLE, *zip(*PLACES, strict=True))
        people, networks = made["people"], made["networks"]
        for network in networks.values():
            tx.record(f"network:{network}", "membership.joined", people["admin"])
            tx.record(f"member:{people['admin']}", "membership.changed", network)
        for slug, who, _ in PLACES:
            tx.record(f"network:{networks[slug]}", "membership.joined", people[who])
            tx.record(f"network:{networks[slug]}", "network.changed", networks[slug])
            tx.record(f"member:{people[who]}", "membership.changed", networks[slug])
        for member, notification in made["told"]:
            tx.record(f"member:{member}", "notification.created", notification)
        for network, entry in made["logged"]:
            tx.record(f"moderators:{network}", "log.written", entry)
        for network in networks.values():
            tx.record(f"network:{network}", "membership.left", people["admin"])
            tx.raise_access(f"network:{network}")
    callers = {who: Caller(people[who], administrator=who == "admin") for who in PEOPLE}
    names = {people[who]: f"{who.capitalize()} {tag}" for who in PEOPLE}
    return World(db, tag, f"net-{tag}", f"other-{tag}", **callers, names=names)
