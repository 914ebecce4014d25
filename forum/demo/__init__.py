"""The demo: the networks that the site is for, with invented people, threads and chat, for a look round before real
use.

Everything is made through the acts that members use, so it shows what they would see; `content.toml` has what is
said. It goes into an empty database only.
"""

import secrets
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forum import announcements, members, memberships, networks, posts, removal, reports, rooms, threads
from forum.db import Database, statements
from forum.errors import Conflict
from forum.standing import Caller

SQL = statements("demo")
CONTENT = Path(__file__).parent / "content.toml"
DOMAIN = "demo.example"
OWNER = "margaret"
"""Administrator of the demo, who makes its networks."""
WHO_SIGNS_IN = {
    "margaret": "leads London, administrator of the site",
    "daniel": "moderates London",
    "priya": "a member of London",
}


@dataclass(frozen=True, slots=True)
class SignIn:
    """How to sign in as somebody of the demo."""

    email: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """What `load` made: who to sign in as, all with one password; `other` is the address of one without."""

    password: str
    people: Sequence[SignIn]
    other: str


async def is_empty(db: Database) -> bool:
    """Whether nobody and nothing is there yet."""
    async with db.connection() as connection:
        return not await connection.fetchval("SELECT EXISTS (SELECT FROM members) OR EXISTS (SELECT FROM networks)")


async def load(db: Database, on_step: Callable[[str], None] = print) -> Loaded:
    """Fill an empty database; `on_step` hears what is being made. Raises Conflict where something is there already."""
    if not await is_empty(db):
        raise Conflict("There is something in this database already; the demo goes into an empty one only.")
    content = tomllib.loads(CONTENT.read_text())
    password = "-".join(secrets.choice(content["words"]) for _ in range(4))
    on_step("people")
    people = await _people(db, content["people"], password)
    on_step("networks")
    for network in content["networks"]:
        await _network(db, people, network)
    for thread in content["threads"]:
        on_step(f"thread: {thread['title']}")
        await _thread(db, people, thread)
    on_step("rooms")
    for said in content["chat"]:
        message = await rooms.say(db, people[said["who"]], said["room"], said["body"])
        if reason := said.get("removed"):
            await removal.remove_message(db, people[OWNER], message["id"], reason)
        for told in said.get("reported", ()):
            await reports.report_message(db, people[told["who"]], message["id"], told["reason"], told.get("note", ""))
    while await announcements.announce_threads(db):
        pass
    async with db.connection() as connection:
        for spread in (SQL.spread_posts, SQL.spread_messages, SQL.spread_threads, SQL.spread_lists, SQL.spread_cases):
            await spread(connection)
        for spread in (SQL.spread_notifications, SQL.spread_people, SQL.spread_visits):
            await spread(connection)
    names = {who: content["people"][who]["name"] for who in WHO_SIGNS_IN}
    other = next(who for who in content["people"] if who not in WHO_SIGNS_IN)
    sign_in = [SignIn(f"{who}@{DOMAIN}", names[who], role) for who, role in WHO_SIGNS_IN.items()]
    return Loaded(password, sign_in, f"{other}@{DOMAIN}")


async def _people(db: Database, described: dict[str, dict[str, str]], password: str) -> dict[str, Caller]:
    people = {}
    for who, person in described.items():
        row = await members.add(
            db,
            f"{who}@{DOMAIN}",
            person["name"],
            administrator=who == OWNER,
            password=password if who in WHO_SIGNS_IN else None,
        )
        people[who] = Caller(row["id"], administrator=who == OWNER)
        profile = {field: person[field] for field in ("title", "organisation", "region")}
        await members.edit_profile(db, people[who], **profile)
    return people


async def _network(db: Database, people: dict[str, Caller], network: dict[str, Any]) -> None:
    owner, slug = people[OWNER], network["slug"]
    described = {field: network[field] for field in ("name", "kind", "visibility", "purpose")}
    await networks.create(db, owner, slug=slug, parent=network.get("parent"), **described)
    await memberships.set_role(db, owner, slug, people[network["lead"]].member, "lead")
    for role in ("moderators", "members"):
        for who in network[role]:
            await memberships.set_role(db, owner, slug, people[who].member, role.removesuffix("s"))
    if OWNER not in {network["lead"], *network["moderators"], *network["members"]}:
        await memberships.leave(db, owner, slug)


async def _thread(db: Database, people: dict[str, Caller], thread: dict[str, Any]) -> None:
    who, through = people[thread["who"]], thread["through"]
    started = await threads.start(
        db, who, through, thread["title"], thread["body"], jointly_with=thread["jointly_with"]
    )
    thread_id: int = started.thread["id"]
    written: list[int] = []
    for reply in thread.get("replies", ()):
        parent = written[reply["to"] - 1] if "to" in reply else None
        post = await posts.reply(db, people[reply["who"]], thread_id, reply["body"], parent=parent)
        written.append(post["id"])
        if reason := reply.get("removed"):
            await removal.remove_post(db, people[OWNER], post["id"], reason)
        for told in reply.get("reported", ()):
            await reports.report_post(db, people[told["who"]], post["id"], told["reason"], told.get("note", ""))
    if thread.get("pinned"):
        await threads.pin(db, people[OWNER], thread_id, through, pinned=True)
    if thread.get("locked"):
        await threads.lock(db, people[OWNER], thread_id, locked=True)
