"""Submissions: the first contributions of a newcomer, which a moderator reads before anybody else does.

A joint thread waits for each holder that reads first posts, one after the other: no side lets a newcomer in for another
one.

`reply`, `start` and `say` do what the acts of the same names do; where the network asks for it, they keep the words as
a submission instead and return that. Approving one posts it as its author, in the transaction that ends it. It has
words only while it waits; who may see it are its author and the moderators of its network.

With an Idempotency-Key, a submission is kept under its id below zero: the same request again finds it, whatever has
become of it.
"""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import asyncpg

from forum import access, contributions, idempotency, moderation_log, newcomers, posts, rooms, text, threads
from forum.contributions import Words
from forum.db import Connection, Database, Transaction, statements
from forum.errors import Conflict, Forbidden, Invalid, NeedsApproval, NotFound, TooMany
from forum.standing import Caller, Network
from forum.threads import Started

SQL = statements("submissions")
PAGE = 50
MAX_AN_HOUR: Final = 5
NOWHERE: Final = "It cannot be posted there any more: its author may not write there, or the place is gone."

Noun = Literal["thread", "post", "message"]


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to wait, and where it is to stand once it is approved."""

    noun: Noun
    network_id: int
    approves_first: int
    words: Words
    thread: int | None = None
    parent: int | None = None
    title: str | None = None
    through: int | None = None
    jointly_with: tuple[int, ...] = ()


class Submission:
    """A row of shown_submissions, told apart from the row of a post or a message."""

    __slots__ = ("row",)

    def __init__(self, row: asyncpg.Record) -> None:
        self.row = row

    @property
    def id(self) -> int:
        """Under which it is found."""
        return int(self.row["id"])


async def reply(
    db: Database,
    caller: Caller,
    thread_id: int,
    body: str,
    *,
    parent: int | None = None,
    through: int | str | None = None,
    key: str | None = None,
) -> asyncpg.Record | Submission:
    """`posts.reply`, or its submission. Raises what that raises, and TooMany, Conflict (enough of theirs wait)."""
    try:
        return await posts.reply(db, caller, thread_id, body, parent=parent, through=through, key=key)
    except NeedsApproval:
        pass
    async with db.connection() as connection:
        thread = await access.require_thread(connection, caller, thread_id)
    words = await contributions.prepare(db, caller, "post", body, [holder.id for holder in thread.holders])
    async with db.transaction() as tx:
        thread = await access.lock_thread(tx.connection, caller, thread_id)
        made = await idempotency.earlier_submission(tx, caller.member, key, "reply", thread_id, body, parent, through)
        if made is None:
            holder = thread.through(through)
            posts.require_unlocked(thread)
            await posts.require_quotable(tx.connection, thread.id, words)
            draft = Draft("post", holder.id, holder.first, words, thread=thread.id, parent=parent)
            made = await _keep(tx, caller, draft, key)
    return await _answer(db, made)


async def start(
    db: Database,
    caller: Caller,
    slug: str,
    title: str,
    body: str,
    *,
    jointly_with: Sequence[str] = (),
    key: str | None = None,
) -> Started | Submission:
    """`threads.start`, or its submission: each holder decides to whom the author is new and who reads first posts."""
    try:
        return await threads.start(db, caller, slug, title, body, jointly_with=jointly_with, key=key)
    except NeedsApproval:
        pass
    title = text.line(title, threads.TITLE_MAX_CHARS, field="title")
    slugs = threads.holders_of(slug, jointly_with)
    async with db.connection() as connection:
        networks = [await access.require_network(connection, caller, each, "write") for each in slugs]
    words = await contributions.prepare(db, caller, "post", body, [network.id for network in networks])
    async with db.transaction() as tx:
        await access.lock_rooms(tx.connection, caller, networks)
        made = await idempotency.earlier_submission(tx, caller.member, key, "start", slugs, title, body)
        if made is None:
            asks = await newcomers.asks(tx.connection, caller, networks) or networks[0]
            draft = Draft(
                "thread", asks.id, asks.row["approves_first"], words, title=title, through=networks[0].id,
                jointly_with=tuple(each.id for each in networks[1:]),
            )  # fmt: skip
            made = await _keep(tx, caller, draft, key)
    return await _answer(db, made)


async def say(
    db: Database, caller: Caller, slug: str, body: str, *, reply_to: int | None = None, key: str | None = None
) -> asyncpg.Record | Submission:
    """`rooms.say`, or its submission."""
    try:
        return await rooms.say(db, caller, slug, body, reply_to=reply_to, key=key)
    except NeedsApproval:
        pass
    async with db.connection() as connection:
        network = await access.require_network(connection, caller, slug)
    words = await contributions.prepare(db, caller, "message", body, [network.id], max_bytes=rooms.MAX_BYTES)
    async with db.transaction() as tx:
        network = await access.lock_room(tx.connection, caller, network.room_id)
        made = await idempotency.earlier_submission(tx, caller.member, key, "say", network.id, body, reply_to)
        if made is None:
            rooms.require_may_say(network)
            first = network.row["approves_first"]
            draft = Draft("message", network.id, first, words, parent=reply_to)
            made = await _keep(tx, caller, draft, key)
    return await _answer(db, made)


async def _keep(tx: Transaction, caller: Caller, draft: Draft, key: str | None) -> int:
    """Store a submission; returns its id. As many wait as the network reads first, and a few an hour may come."""
    words, member = draft.words, caller.member
    newcomers.require_modest(words.body, len(words.rendered.mentions))
    so_far = await SQL.so_far(tx.connection, member=member, network=draft.network_id)
    if so_far["waiting"] >= max(draft.approves_first, 1):
        raise Conflict("A moderator reads the first posts of new members, and yours wait already. Your text is safe.")
    if so_far["of_the_hour"] >= MAX_AN_HOUR:
        raise TooMany(so_far["wait_s"], "New members post a few times an hour. Your text is safe; try again later.")
    submission_id = await SQL.insert(
        tx.connection, network=draft.network_id, through=draft.through, member=member, noun=draft.noun,
        thread=draft.thread, parent=draft.parent, jointly_with=list(draft.jointly_with), title=draft.title,
        body=words.body,
    )  # fmt: skip
    if submission_id is None:
        raise Invalid("parent", "What this answers is not there.")
    tx.record(f"moderators:{draft.network_id}", "submission.made", submission_id)
    tx.record(f"member:{member}", "submission.made", submission_id)
    await idempotency.made(tx, member, key, -submission_id)
    return int(submission_id)


async def _answer(db: Database, submission_id: int) -> Submission:
    async with db.connection() as connection:
        return Submission(await current(connection, submission_id))


async def current(connection: Connection, submission_id: int) -> asyncpg.Record:
    """A submission as it stands now, as a row of shown_submissions. Checks no access. Raises NotFound."""
    row: asyncpg.Record | None = await SQL.one(connection, submission=submission_id)
    if row is None:
        raise NotFound
    return row


async def find(connection: Connection, caller: Caller, submission_id: int) -> tuple[asyncpg.Record, bool]:
    """A submission, for its author and the moderators of its network; whether the caller decides. Raises NotFound."""
    row = await SQL.one(connection, submission=submission_id)
    if row is None or caller.member_id is None:
        raise NotFound
    own = row["member_id"] == caller.member_id
    moderates = await _moderates(connection, caller, row["network_id"])
    if not own and not moderates:
        raise NotFound
    return row, moderates and not own


async def _moderates(connection: Connection, caller: Caller, network_id: int) -> bool:
    try:
        return (await access.require_network_id(connection, caller, network_id, "see")).may_moderate
    except NotFound:
        return False


async def waiting(
    connection: Connection, caller: Caller, slug: str, *, after: int | None = None, limit: int = PAGE
) -> Sequence[Any]:
    """What waits in a network, the oldest first: for its moderators. Raises NotFound, Forbidden."""
    network = await access.require_network(connection, caller, slug, "moderate")
    rows: Sequence[Any] = await SQL.waiting(connection, network=network.id, after=after, limit=limit)
    return rows


async def mine(
    connection: Connection, caller: Caller, *, before: int | None = None, limit: int = PAGE
) -> Sequence[Any]:
    """The caller's own, the newest first."""
    rows: Sequence[Any] = await SQL.mine(connection, member=caller.member, before=before, limit=limit)
    return rows


async def approve(db: Database, caller: Caller, submission_id: int) -> asyncpg.Record:
    """Post it as its author, where they wanted it; a moderator's act. Returns it, with the id of what it has become.

    A joint thread goes on to the next holder that has to read it, if there is one: then it waits still. Raises
    NotFound, Forbidden (one's own), Conflict (decided already; its author may no longer write there).
    """
    async with db.connection() as connection:
        row = await _require_decider(connection, caller, submission_id)
    body = row["body"] or ""
    words = Words(body, await text.render_async(body, whose=caller.member_id, quoting=row["noun"] != "message"))
    author = Caller(row["member_id"])
    async with db.transaction() as tx:
        if await _goes_on(tx, caller, author, row):
            return await current(tx.connection, submission_id)
        object_id, about = await _posted(_post(tx, author, row, words))
        # After the locks of the author's acts, which come in the order network, thread; then its own.
        row = await _lock(tx, caller, submission_id)
        await SQL.decide(
            tx.connection, submission=submission_id, outcome="approved", object=object_id, reason=None, by=caller.member
        )
        notification = await SQL.tell(
            tx.connection, member=author.member, kind="submission_approved", network=row["network_id"], reason=None,
            note=None, **about,
        )  # fmt: skip
        tx.record(f"member:{author.member}", "notification.created", notification)
        await _decided(tx, caller, row, "approve", moderation_log.Words(None, None))
    async with db.connection() as connection:
        return await current(connection, submission_id)


async def _goes_on(tx: Transaction, caller: Caller, author: Caller, row: asyncpg.Record) -> bool:
    """Whether another holder of the joint thread has to read it too; it waits in that one's queue then."""
    if row["noun"] != "thread" or not row["jointly_with"]:
        return False
    try:
        networks = await _lock_holders(tx.connection, author, row)
    except (NotFound, Forbidden) as error:
        raise Conflict(NOWHERE) from error
    row = await _lock(tx, caller, row["id"])
    agreed = {*row["agreed"], row["network_id"]}
    asks = await newcomers.asks(tx.connection, author, [each for each in networks if each.id not in agreed])
    if asks is None:
        return False
    await SQL.pass_on(tx.connection, submission=row["id"], network=asks.id)
    tx.record(f"moderators:{asks.id}", "submission.made", row["id"])
    await _decided(tx, caller, row, "approve", moderation_log.Words(None, None))
    return True


Posted = tuple[int, dict[str, int | None]]


async def _posted(act: Awaitable[Posted]) -> Posted:
    """What an act of the author's made. Where they may not do it any more, it is the moderator who is told."""
    try:
        return await act
    except (NotFound, Forbidden, Invalid) as error:
        raise Conflict(NOWHERE) from error


async def _post(tx: Transaction, author: Caller, row: asyncpg.Record, words: Words) -> Posted:
    connection = tx.connection
    if row["noun"] == "message":
        network = await access.require_network_id(connection, author, row["network_id"])
        network = await access.lock_room(connection, author, network.room_id)
        message = await rooms.insert(tx, author, network, words, row["parent_id"])
        return message, {"post": None, "message": message}
    if row["noun"] == "post":
        thread = await access.lock_thread(connection, author, row["thread_id"])
        through = row["network_slug"]
        post = await posts.insert(tx, author, thread, words, row["parent_id"], through)
        return post, {"post": post, "message": None}
    networks = await _lock_holders(connection, author, row)
    thread_id = await threads.insert(tx, author, networks, row["title"], words, approved=True)
    return thread_id, {"post": await posts.SQL.opening(connection, thread=thread_id), "message": None}


async def _lock_holders(connection: Connection, author: Caller, row: asyncpg.Record) -> Sequence[Network]:
    """The networks that are to hold a thread, the one that it is opened through first, for its author: locked."""
    ids = [row["through_id"] or row["network_id"], *row["jointly_with"]]
    networks = [await access.require_network_id(connection, author, each, "write") for each in ids]
    await access.lock_rooms(connection, author, networks)
    return networks


async def decline(db: Database, caller: Caller, submission_id: int, reason: str, note: str = "") -> asyncpg.Record:
    """Let it go, with a reason that its author is told; a moderator's act. Its words are gone. Returns it."""
    reason, note = moderation_log.checked(reason, note)
    async with db.transaction() as tx:
        row = await _lock(tx, caller, submission_id)
        words = await moderation_log.keep_words(tx, reason, note)
        await SQL.decide(
            tx.connection, submission=submission_id, outcome="declined", object=None, reason=words.reason_id,
            by=caller.member,
        )  # fmt: skip
        notification = await SQL.tell(
            tx.connection, member=row["member_id"], kind="submission_declined", network=row["network_id"],
            reason=words.reason_id, note=words.note_id, post=None, message=None,
        )  # fmt: skip
        tx.record(f"member:{row['member_id']}", "notification.created", notification)
        await _decided(tx, caller, row, "decline", words)
        return await current(tx.connection, submission_id)


async def withdraw(db: Database, caller: Caller, submission_id: int) -> asyncpg.Record:
    """Take one's own back before anybody has decided. Its words are gone. Returns it. Raises NotFound, Conflict."""
    async with db.transaction() as tx:
        row = await SQL.lock(tx.connection, submission=submission_id)
        if row is None or row["member_id"] != caller.member:
            raise NotFound
        if row["outcome"] != "withdrawn":
            _require_open(row)
            await SQL.decide(
                tx.connection, submission=submission_id, outcome="withdrawn", object=None, reason=None, by=caller.member
            )
            tx.record(f"moderators:{row['network_id']}", "submission.decided", submission_id)
            tx.record(f"member:{caller.member}", "submission.decided", submission_id)
        return await current(tx.connection, submission_id)


async def _require_decider(connection: Connection, caller: Caller, submission_id: int) -> asyncpg.Record:
    row, decides = await find(connection, caller, submission_id)
    if not decides:
        raise Forbidden("A moderator of the network decides about this, and nobody about their own.")
    return row


async def _lock(tx: Transaction, caller: Caller, submission_id: int) -> asyncpg.Record:
    """The submission, locked and open, for who decides about it."""
    await _require_decider(tx.connection, caller, submission_id)
    row: asyncpg.Record = await SQL.lock(tx.connection, submission=submission_id)
    _require_open(row)
    return row


def _require_open(row: asyncpg.Record) -> None:
    if row["outcome"] is not None:
        raise Conflict(
            {
                "approved": "This has been approved already.",
                "declined": "This has been declined already.",
                "withdrawn": "Its author has taken this back.",
            }[row["outcome"]]
        )


async def _decided(tx: Transaction, caller: Caller, row: asyncpg.Record, act: str, words: moderation_log.Words) -> None:
    tx.record(f"moderators:{row['network_id']}", "submission.decided", row["id"])
    tx.record(f"member:{row['member_id']}", "submission.decided", row["id"])
    await moderation_log.write(
        tx, row["network_id"], caller, act, "submission", row["id"], subject=row["member_id"], words=words
    )
