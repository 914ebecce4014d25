"""What posts and messages have in common: words that are prepared on the way in, and sealed and unsealed by state.

Every act on one locks it first and matches its state here; `docs/states.md` has the table. Leaving `shown` moves the
words into the sealed table in the same statement, so nothing that reads the row afterwards has anything to leak.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal, Self

import asyncpg

from forum import cases, idempotency, text
from forum.db import Connection, Database, Row, Transaction, statements
from forum.errors import Conflict, Forbidden, Unavailable
from forum.standing import Caller

Noun = Literal["post", "message"]
State = Literal["shown", "held", "withdrawn", "removed", "purged"]

SQL = {"post": statements("posts"), "message": statements("messages")}
PEOPLE = statements("members")

ADVICE: Final[Mapping[Noun, str]] = {"post": text.MORE_POSTS, "message": ""}
"""What helps where a text is too long."""
MAX_MENTIONS = 20
LOOKS: Final = 5
"""How often an act looks anew at where it writes, if that changed between its look and its write."""


class Words:
    """A text as it will be stored: `body` with ids for names, and what was rendered from it."""

    __slots__ = ("body", "rendered")

    def __init__(self, body: str, rendered: text.Rendered) -> None:
        self.body = body
        self.rendered = rendered

    @property
    def mentions(self) -> Sequence[int]:
        """The ids of who is mentioned: so many as are told."""
        return list(self.rendered.mentions)[:MAX_MENTIONS]

    def columns(self) -> dict[str, object]:
        """The columns of a post."""
        return {**self.message_columns(), "quotes": list(self.rendered.quotes)}

    def message_columns(self) -> dict[str, object]:
        """The columns of a message: it quotes nothing."""
        return {
            "body": self.body,
            "html": self.rendered.html,
            "mentions": self.mentions,
            "renderer": text.RENDERER,
        }


async def made_before(
    db: Database,
    caller: Caller,
    keyed: idempotency.Keyed | None,
    current: Callable[[Connection, int], Awaitable[asyncpg.Record]],
) -> asyncpg.Record | None:
    """What the same request has made, as it stands now (`current` reads it); None where it has made nothing yet."""
    if keyed is None:
        return None
    async with db.connection() as connection:
        made = await idempotency.made_before(connection, caller.member, keyed)
        return None if made is None else await current(connection, made)


async def prepare(
    db: Database, caller: Caller, noun: Noun, body: str, networks: Sequence[int], *, max_bytes: int = 32_768
) -> Words:
    """Check, resolve @names to ids of people in these networks, and render. Raises Invalid with its sentence, TooMany.

    Called while no connection is held: a long text waits for others, and connections are few.
    """
    body = text.check(body, max_bytes, advice=ADVICE[noun])
    if "@" in body:
        async with db.connection() as connection:
            body = await _named(connection, body, networks)
    return await _rendered(noun, body, caller.member_id)


async def _named(connection: Connection, body: str, networks: Sequence[int]) -> str:
    """The text with ids for the @names of people in these networks."""
    rows = await PEOPLE.named_in(connection, body=body, networks=list(networks))
    people: dict[str, list[int]] = {}
    for row in rows:
        people.setdefault(row["name"], []).append(row["id"])
    return text.resolve(body, people)


class Unrendered(Exception):
    """An act brings words back that are not rendered yet: it is carried out anew once they are."""

    def __init__(self, noun: Noun, bodies: Iterable[str]) -> None:
        super().__init__()
        self.noun, self.bodies = noun, list(bodies)


class BackWords:
    """The words that an act brings back, rendered where it has let go of its connection: see `bringing_back`."""

    def __init__(self, whose: int | None) -> None:
        self.done = False
        self._whose = whose
        self._words: dict[tuple[Noun, str], Words] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if not isinstance(error, Unrendered):
            self.done = True
            return False
        for body in error.bodies:
            self._words[error.noun, body] = await _rendered(error.noun, body, self._whose)
        return True

    async def of(self, tx: Transaction, noun: Noun, object_ids: Sequence[int]) -> dict[int, Words]:
        """The sealed words of these posts or messages, which are locked, by id: none of what has none any more.

        Raises Unrendered.
        """
        bodies = {
            row["object_id"]: row["body"]
            for row in await SQL[noun].sealed_bodies(tx.connection, objects=list(object_ids))
        }
        missing = dict.fromkeys(body for body in bodies.values() if (noun, body) not in self._words)
        if missing:
            raise Unrendered(noun, missing)
        return {object_id: self._words[noun, body] for object_id, body in bodies.items()}


def bringing_back(whose: int | None) -> Iterator[BackWords]:
    """The rounds of an act of this member (None: the clock's) that may bring words back:

        for back in contributions.bringing_back(caller.member_id):
            async with back, db.transaction() as tx:

    It finds behind its locks and checks which words they are, gives the transaction up where some are not rendered, and
    begins anew when they are: a long text waits for others, and connections and locks are few. Words that have changed
    meanwhile are others. Raises Unavailable where they change again and again.
    """
    back = BackWords(whose)
    for _ in range(LOOKS):
        yield back
        if back.done:
            return
    raise Unavailable


async def _rendered(noun: Noun, body: str, whose: int | None) -> Words:
    return Words(body, await text.render_async(body, whose=whose, quoting=noun == "post"))


async def for_editing(connection: Connection, body: str) -> str:
    """The text as its author wrote it: names instead of ids."""
    ids = text.mentioned(body)
    if not ids:
        return body
    rows = await PEOPLE.names(connection, members=list(ids))
    return text.unresolve(body, {row["id"]: row["name"] for row in rows if row["name"] is not None})


GONE: Mapping[str, str] = {
    "held": "It is held until the other side decides.",
    "withdrawn": "Its author has withdrawn it.",
    "removed": "A moderator has removed it.",
    "purged": "It has been removed for good.",
}


def require_author(row: Row, caller: Caller) -> None:
    """Raises Forbidden for everybody but the author of this post or message."""
    if row["author_id"] is None or row["author_id"] != caller.member:
        raise Forbidden("Only its author may do this.")


def require_state(row: Row, *allowed: State) -> None:
    """Raises Conflict, with what the state is in words, unless it is one of the allowed."""
    if row["state"] not in allowed:
        raise Conflict(GONE.get(row["state"], "It is there for everybody already."))


async def lock(tx: Transaction, noun: Noun, member: int | None, object_ids: Sequence[int]) -> None:
    """These posts or messages, where they stand, and the member's standing there stay as they are until commit."""
    await SQL[noun].lock(tx.connection, member=member, objects=list(object_ids))


async def seal(
    tx: Transaction, noun: Noun, object_id: int, state: State, *, until: datetime | None = None, by: int | None = None
) -> int:
    """Take the words of a shown or already sealed contribution away; returns its new version.

    `by` is the member whose act it is: they have decided the case of who reported it.
    """
    return (await seal_all(tx, noun, [object_id], state, until=until, by=by))[object_id]


async def seal_all(
    tx: Transaction,
    noun: Noun,
    object_ids: Sequence[int],
    state: State,
    *,
    until: datetime | None = None,
    by: int | None = None,
) -> dict[int, int]:
    """The same for several at once; returns their new versions by id."""
    if state == "held":
        for object_id in object_ids:
            await cases.held(tx, noun, object_id)
    elif state in {"removed", "withdrawn"}:
        await cases.settle(tx, noun, object_ids, "removed" if state == "removed" else "withdrawn", by)
    rows = await SQL[noun].seal(tx.connection, objects=list(object_ids), state=state, until=until)
    return {row["id"]: row["version"] for row in rows}


async def unseal(tx: Transaction, noun: Noun, object_id: int, back: BackWords, *, by: int | None = None) -> int:
    """Bring the words back, rendered anew; returns the new version. Raises Conflict where they have been purged.

    `by` is the member who decided so, for their side; None where a hold ends without a decision.
    """
    words = (await back.of(tx, noun, [object_id])).get(object_id)
    if words is None:
        raise Conflict(GONE["purged"])
    await cases.came_back(tx, noun, object_id, by)
    columns = words.columns() if noun == "post" else words.message_columns()
    return int(await SQL[noun].unseal(tx.connection, object=object_id, **columns))


async def tell_references(tx: Transaction, noun: Noun, *object_ids: int) -> None:
    """Record the change wherever something of these contributions is shown: quotes, replies' excerpts, notifications,
    lists of conversations, the queue of their moderators; and that words went, wherever a room's last message is shown.
    """
    await cases.changed(tx, noun, *object_ids)
    sql = SQL[noun]
    if noun == "post":
        for row in await sql.quoting(tx.connection, objects=object_ids):
            tx.record(f"thread:{row['thread_id']}", "post.edited", row["id"])
    else:
        for row in await sql.replies(tx.connection, objects=object_ids):
            tx.record(f"room:{row['room_id']}", "message.edited", row["id"])
        for row in await sql.in_lists(tx.connection, objects=object_ids):
            tx.record(f"member:{row['member_id']}", "conversation.changed", row["room_id"])
        for row in await sql.gaps(tx.connection, objects=object_ids):
            tx.record(f"network:{row['network_id']}", "gap.made", row["id"])
    for row in await sql.told_of(tx.connection, objects=object_ids):
        tx.record(f"member:{row['member_id']}", "notification.changed", row["id"])


def record_told(tx: Transaction, row: Row) -> None:
    """Record the notifications that a statement made: its columns told_members and told_ids."""
    for member, notification in zip(row["told_members"] or (), row["told_ids"] or (), strict=True):
        tx.record(f"member:{member}", "notification.created", notification)
