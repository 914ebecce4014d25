"""What the table of roles is held against: a private network, a hidden one, a public one, and fresh things in them.

A path or a body of the table names what it is about, `/posts/{removed}/history`; `House.fill` puts the id of such a
thing there, new where an act would use it up. `House.fill_never` puts ids there that never were.
"""

import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from forum import (
    agreements,
    appeals,
    conversations,
    holds,
    members,
    memberships,
    networks,
    posts,
    removal,
    reports,
    rooms,
    sessions,
    threads,
)
from forum.db import Database
from forum.standing import Caller
from tests.people import PASSWORD, World, make_world

ROLES = ("guest", "eve", "obs", "ben", "ana", "mod", "max", "lead", "admin")
"""Nobody, an outsider, an observer, a member, the author, a moderator, another network's, a lead, an administrator."""
STATIC = Path(__file__).parents[2] / "static"
NEVER = 999_999_999_999
NAMED = re.compile(r"\{(\w+)\}")
WHY = "Advertising"


@dataclass
class House:
    """The world of the table. `hidden` is a private network that is listed nowhere; all roles are held there too."""

    world: World
    hidden: str
    public: str
    standing: set[tuple[int, int, str]]
    kept: dict[str, Any] = field(default_factory=dict)

    @classmethod
    async def build(cls, db: Database) -> Self:
        world = await make_world(db)
        slugs = {"hidden": "private", "public": "public"}
        for name, visibility in slugs.items():
            slug = f"{name}-{world.tag}"
            await networks.create(
                db, world.admin, name=f"Network {slug}", slug=slug, kind="topic", visibility=visibility
            )
            roles = {"lead": "lead", "ana": "member", "ben": "member", "obs": "observer", "mod": "moderator"}
            for who, role in roles.items():
                await memberships.set_role(db, world.admin, slug, getattr(world, who).member, role)
            await memberships.leave(db, world.admin, slug)
        house = cls(world, f"hidden-{world.tag}", f"public-{world.tag}", set())
        await networks.describe(db, world.lead, house.hidden, listed=False)
        house.standing = await house._standing()
        return house

    def caller(self, role: str) -> Caller | None:
        """Who plays a role."""
        found: Caller | None = getattr(self.world, role, None)
        return found

    async def _token_of(self, role: str) -> int:
        caller = self.caller(role) or self.world.ana
        await sessions.create_token(self.world.db, caller.member)
        async with self.world.db.connection() as connection:
            return int((await sessions.tokens(connection, caller.member))[0]["id"])

    async def session(self, role: str, scopes: Sequence[str] = ()) -> str | None:
        """A new session of a role's, or a token with these scopes; None for the guest."""
        caller = self.caller(role)
        if caller is None:
            return None
        if scopes:
            # The same again: a member has only so many.
            name = f"token {role} {' '.join(scopes)}"
            if name not in self.kept:
                self.kept[name] = await sessions.create_token(self.world.db, caller.member, scopes=scopes)
            return str(self.kept[name])
        return await sessions.start(self.world.db, caller.member)

    async def fill(self, template: str, *, role: str = "guest", hidden: bool = False) -> str:
        """The text with the things that it names: those that were made before, until they are spent. `hidden`: the
        hidden network wherever the private one is named.
        """
        for name in NAMED.findall(template):
            if name == "net" and hidden:
                value: Any = self.hidden
            elif name in {"session", "ended"}:
                value = await (self._session_of(role) if name == "session" else self._token_of(role))
            else:
                if name not in self.kept:
                    self.kept[name] = await self._make(name)
                value = self.kept[name]
            template = template.replace(f"{{{name}}}", str(value))
        return template

    def spend(self, *templates: str) -> None:
        """What these name has been acted on: the next one who asks gets new ones."""
        for template in templates:
            for name in NAMED.findall(template):
                self.kept.pop(name, None)

    def fill_never(self, template: str) -> str:
        """The text with ids, slugs and tokens that never were."""
        nevers = dict.fromkeys(("net", "hidden", "public", "other"), f"never-{self.world.tag}")
        nevers |= {"token": "n" * 43, "link": "n" * 43, "file": "icons/never"}
        return NAMED.sub(lambda match: str(nevers.get(match[1], NEVER)), template)

    async def tidy(self) -> None:
        """After an act that let somebody in or out, everybody has their place again."""
        if (now := await self._standing()) == self.standing:
            return
        pool = self.world.db.pool
        for network, member, role in now - self.standing:
            await pool.execute(
                "DELETE FROM memberships WHERE (network_id, member_id, role) = ($1, $2, $3)", network, member, role
            )
        await pool.executemany(
            "INSERT INTO memberships (network_id, member_id, role) VALUES ($1, $2, $3)", self.standing - now
        )

    async def _standing(self) -> set[tuple[int, int, str]]:
        people = [self.caller(role).member for role in ROLES[1:]]  # type: ignore[union-attr]
        rows = await self.world.db.pool.fetch(
            "SELECT network_id, member_id, role FROM memberships WHERE member_id = ANY ($1)", people
        )
        return {tuple(row) for row in rows}  # type: ignore[misc]

    async def _session_of(self, role: str) -> int:
        caller = self.caller(role) or self.world.ana
        await sessions.start(self.world.db, caller.member)
        found: int = await self.world.db.pool.fetchval(
            "SELECT max(id) FROM sessions WHERE member_id = $1", caller.member
        )
        return found

    async def _make(self, name: str) -> Any:
        make: Callable[[], Awaitable[Any]] = getattr(self, f"_make_{name}")
        return await make()

    async def _base(self, name: str) -> int:
        """A thread that stays, for posts to be made in."""
        if f"base {name}" not in self.kept:
            self.kept[f"base {name}"] = await self._make(name)
        found: int = self.kept[f"base {name}"]
        return found

    async def _make_net(self) -> str:
        return self.world.network

    async def _make_other(self) -> str:
        return self.world.other

    async def _make_hidden(self) -> str:
        return self.hidden

    async def _make_public(self) -> str:
        return self.public

    async def _make_net_id(self) -> int:
        return await self.world.network_id()

    async def _make_open_id(self) -> int:
        return await self.world.network_id(self.public)

    async def _make_open_room_id(self) -> int:
        found: int = await self.world.db.pool.fetchval(
            "SELECT id FROM rooms WHERE network_id = $1", await self._make_open_id()
        )
        return found

    async def _make_room_id(self) -> int:
        return await self.world.room_id()

    async def _make_file(self) -> str:
        return "icons/" + next(path.name for path in sorted((STATIC / "icons").iterdir()))

    async def _make_slug(self) -> str:
        return f"new-{secrets.token_hex(6)}"

    async def _make_thread(self) -> int:
        return await self.world.thread()

    async def _make_joint(self) -> int:
        return await self.world.thread(jointly=True)

    async def _make_asked(self) -> int:
        """A joint thread: one side asked for a wider audience, and the other one has to agree."""
        thread = await self.world.thread(jointly=True)
        await agreements.ask(self.world.db, self.world.mod, thread, "widen", audience="open")
        return thread

    async def _make_open_thread(self) -> int:
        started = await threads.start(self.world.db, self.world.ana, self.public, "A thread", "The opening post")
        return int(started.thread["id"])

    async def _reply(self, where: str) -> int:
        row = await posts.reply(self.world.db, self.world.ana, await self._base(where), "A reply")
        return int(row["id"])

    async def _make_forked(self) -> int:
        """The thread in which `post` stands."""
        return await self._base("thread")

    async def _make_joint_forked(self) -> int:
        return await self._base("joint")

    async def _make_open_forked(self) -> int:
        return await self._base("open_thread")

    async def _make_post(self) -> int:
        return await self._reply("thread")

    async def _make_open_post(self) -> int:
        return await self._reply("open_thread")

    async def _make_joint_post(self) -> int:
        """Written through the private network, in a thread that the other network holds too."""
        return await self._reply("joint")

    async def _make_withdrawn(self) -> int:
        post = await self._reply("thread")
        await posts.withdraw(self.world.db, self.world.ana, post)
        return post

    async def _make_removed(self) -> int:
        post = await self._reply("thread")
        await removal.remove_post(self.world.db, self.world.mod, post, WHY)
        return post

    async def _make_held(self) -> int:
        post = await self._reply("joint")
        await holds.hold_post(self.world.db, self.world.max, post, WHY)
        return post

    async def _make_case(self) -> int:
        """A post of ana's, which ben reported."""
        return await self._reported("thread")

    async def _make_joint_case(self) -> int:
        return await self._reported("joint")

    async def _reported(self, where: str) -> int:
        report = await reports.report_post(self.world.db, self.world.ben, await self._reply(where), WHY)
        return int(report["case_id"])

    async def _make_message(self) -> int:
        row = await rooms.say(self.world.db, self.world.ana, self.world.network, "A message")
        return int(row["id"])

    async def _make_open_message(self) -> int:
        row = await rooms.say(self.world.db, self.world.ana, self.public, "A message")
        return int(row["id"])

    async def _make_withdrawn_message(self) -> int:
        message = await self._make_message()
        await rooms.withdraw(self.world.db, self.world.ana, message)
        return message

    async def _make_removed_message(self) -> int:
        message = await self._make_message()
        await removal.remove_message(self.world.db, self.world.mod, message, WHY)
        return message

    async def _make_conversation(self) -> int:
        """A direct conversation of ana and ben."""
        opened = await conversations.open(self.world.db, self.world.ana, self.world.ben.member)
        return opened.room_id

    async def _make_direct(self) -> int:
        """A message from ana to ben."""
        room = await self._make_conversation()
        return int((await conversations.say(self.world.db, self.world.ana, room, "A message"))["id"])

    async def _make_withdrawn_direct(self) -> int:
        message = await self._make_direct()
        await rooms.withdraw(self.world.db, self.world.ana, message)
        return message

    async def _make_direct_case(self) -> int:
        """One that ben reported."""
        report = await reports.report_message(self.world.db, self.world.ben, await self._make_direct(), WHY)
        return int(report["case_id"])

    async def _make_reported_direct(self) -> int:
        case = await self._make_direct_case()
        return int(await self.world.db.pool.fetchval("SELECT message_id FROM cases WHERE id = $1", case))

    async def _make_removed_direct(self) -> int:
        message = await self._make_reported_direct()
        await removal.remove_message(self.world.db, self.world.admin, message, WHY)
        return message

    async def _make_removal(self) -> int:
        """The removal of a post of ana's, by mod."""
        post = await self._make_removed()
        return int(await self.world.db.pool.fetchval("SELECT id FROM removals WHERE post_id = $1", post))

    async def _make_appealed(self) -> int:
        """One against which ana appealed: the lead decides."""
        removed = await self._make_removal()
        await appeals.make(self.world.db, self.world.ana, removed, "It was none")
        return removed

    async def _make_appeal(self) -> int:
        found = "SELECT id FROM appeals WHERE removal_id = $1"
        return int(await self.world.db.pool.fetchval(found, await self._make_appealed()))

    async def _make_ana(self) -> int:
        return self.world.ana.member

    async def _make_stranger(self) -> int:
        """An account that shares no network with anybody."""
        name = secrets.token_hex(6)
        return int((await members.add(self.world.db, f"{name}@example.org", f"Somebody {name}"))["id"])

    async def _make_person(self) -> int:
        """A new member of the private network."""
        person = await self._make_stranger()
        await memberships.set_role(self.world.db, self.world.lead, self.world.network, person, "member")
        return person

    async def _make_suspended(self) -> int:
        """An account that an administrator has shut out."""
        person = await self._make_stranger()
        await members.suspend(self.world.db, self.world.admin, person, WHY)
        return person

    async def _make_submission(self) -> int:
        """A message of ana's that waits for a moderator."""
        found: int = await self.world.db.pool.fetchval(
            "INSERT INTO submissions (network_id, member_id, noun, body)"
            " VALUES ($1, $2, 'message', 'Hello') RETURNING id",
            await self.world.network_id(),
            self.world.ana.member,
        )
        return found

    async def _make_request(self) -> int:
        return await memberships.ask(
            self.world.db, Caller(await self._make_stranger()), self.world.network, "Let me in, please"
        )

    async def _make_invitation(self) -> int:
        made = await memberships.invite(self.world.db, self.world.mod, self.world.network)
        return made.id

    async def _make_token(self) -> str:
        made = await memberships.invite(self.world.db, self.world.mod, self.world.network)
        return made.token

    async def _make_link(self) -> str:
        token, _ = await members.one_time_link(self.world.db, await self._make_stranger())
        return token

    async def _make_email(self) -> str:
        """Of an account that has a password; the same for all, since hashing one takes its time."""
        if "base email" not in self.kept:
            self.kept["base email"] = f"signs-in-{self.world.tag}@example.org"
            await members.add(self.world.db, self.kept["base email"], "Somebody", password=PASSWORD)
        found: str = self.kept["base email"]
        return found

    async def _make_new_email(self) -> str:
        return f"{secrets.token_hex(6)}@example.org"
