"""Threads: list, start, change, mark as read."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from msgspec import UNSET

from forum import access, agreements, posts, splits, standing, submissions, threads
from forum.api import cursors, lists, shapes
from forum.api.bodies import ChangeThread, DatedQuery, NewThread, ReadPosts, SplitThread
from forum.api.routing import Accepted, Call, Created
from forum.api.shapes import Page, Thread, Waiting
from forum.db import Connection
from forum.errors import Invalid, NotFound
from forum.standing import Caller
from forum.submissions import Submission

READ_AT_ONCE = 1_000


async def thread_of(connection: Connection, caller: Caller, thread_id: int) -> Thread:
    """A thread as it stands now, with its opening post. Raises NotFound."""
    seen = await access.require_thread(connection, caller, thread_id)
    follow = await lists.following(connection, f"thread:{thread_id}", *(f"network:{each.id}" for each in seen.holders))
    row = await threads.current(connection, thread_id)
    opening = await posts.by_time(connection, thread_id, limit=1)
    return shapes.thread(
        row,
        counted=await threads.counted(connection, thread_id),
        unread=await _unread(connection, caller, thread_id),
        post=shapes.post(opening[0]),
        # The lists of holders that the caller is not in are not theirs to follow.
        channels={name: seq for name, seq in follow.channels.items() if name.startswith("thread:") or _in(seen, name)},
        log=follow.log,
    )


def _in(thread: standing.Thread, channel: str) -> bool:
    holder = thread.holder(int(channel.partition(":")[2]))
    return holder is not None and holder.role is not None


async def _unread(connection: Connection, caller: Caller, thread_id: int) -> int | None:
    if caller.member_id is None:
        return None
    return (await threads.unread_in(connection, caller.member_id, [thread_id])).get(thread_id, 0)


async def listed(call: Call, connection: Connection, slug: str, query: DatedQuery) -> Page[Thread]:
    """The threads of a network, the one that was active last first. Dates are those of their last activity."""
    network = await access.require_network(connection, call.caller, slug)
    before = cursors.decode("threads", query.after, tuple[datetime, cursors.Id])
    follow = await lists.following(connection, f"network:{network.id}")
    found = await threads.listed(
        connection, network.id, member=call.caller.member_id, before=before, since=query.since, until=query.until,
        limit=query.limit, audiences=access.audiences(network, call.caller),
    )  # fmt: skip
    return Page(
        items=[shapes.thread(row, unread=row["unread"]) for row in found.items],
        next=None if found.next is None else cursors.encode("threads", *found.next),
        channels=follow.channels,
        log=follow.log,
    )


async def start(call: Call, slug: str, body: NewThread) -> Created[Thread] | Accepted[Waiting]:
    """Start a thread, in one network or jointly in several of mine. 202: a moderator reads it first."""
    started = await submissions.start(
        call.db, call.caller, slug, body.title, body.body, jointly_with=body.with_, key=call.key
    )
    if isinstance(started, Submission):
        return Accepted(Waiting(submission=started.id))
    made = await _now(call, started.thread["id"])
    return Created(made, f"/api/v1/threads/{made.id}")


async def _now(call: Call, thread_id: int) -> Thread:
    async with call.db.connection() as connection:
        return await thread_of(connection, call.caller, thread_id)


async def show(call: Call, connection: Connection, thread: int) -> Thread:
    """A thread with its opening post."""
    return await thread_of(connection, call.caller, thread)


async def change(call: Call, thread: int, body: ChangeThread) -> Thread | Accepted[Thread] | None:
    """Retitle, lock, pin, move; hold it in a further network, widen it, agree to that, leave it.

    202: it waits for the agreement of the thread's other networks. 204: it is done, and the thread is not the caller's
    to see: who declines to hold it, or lets go of it, may be none of its readers.
    """
    acts = _acts(body)
    if not acts:
        raise Invalid("$", "Expected at least one of: title, lock, pin, move, hold_in, audience, agreement, leave.")
    # A title is its author's too; everything else is a moderator's.
    if body.title is UNSET or len(acts) > 1:
        call.caller.require_scope("moderate")
    done = True
    for act in acts:
        done = await act(call, thread) and done
    try:
        now = await _now(call, thread)
    except NotFound:
        return None
    return now if done else Accepted(now)


Change = Callable[[Call, int], Awaitable[bool]]
"""One act on a thread; answers whether it is done (a false waits for agreement)."""


def _acts(body: ChangeThread) -> list[Change]:
    acts: list[Change] = []
    locked = body.lock if body.lock is not UNSET else body.locked
    pinned = body.pin if body.pin is not UNSET else body.pinned
    if body.title is not UNSET:
        acts.append(_retitle(body.title))
    if locked is not UNSET:
        acts.append(_lock(locked))
    if pinned is not UNSET:
        acts.append(_pin(pinned, None if body.network is UNSET else body.network))
    if body.move is not UNSET:
        acts.append(_ask("move", slug=body.move))
    if body.hold_in is not UNSET:
        acts.append(_ask("hold_in", slug=body.hold_in))
    if body.audience is not UNSET:
        acts.append(_ask("widen", audience=body.audience))
    if body.agreement is not UNSET:
        acts.append(_agree if body.agreement == "agree" else _decline)
    if body.leave is not UNSET:
        acts.append(_leave(body.leave))
    return acts


def _retitle(title: str) -> Change:
    async def act(call: Call, thread: int) -> bool:
        await threads.retitle(call.db, call.caller, thread, title)
        return True

    return act


def _lock(locked: bool) -> Change:
    async def act(call: Call, thread: int) -> bool:
        await threads.lock(call.db, call.caller, thread, locked=locked)
        return True

    return act


def _pin(pinned: bool, slug: str | None) -> Change:
    async def act(call: Call, thread: int) -> bool:
        wanted = slug or await _moderated(call, thread)
        await threads.pin(call.db, call.caller, thread, wanted, pinned=pinned)
        return True

    return act


async def _moderated(call: Call, thread: int) -> str:
    """The first holder that the caller moderates; without one any, whose moderators the act then names."""
    async with call.db.connection() as connection:
        holders = (await access.require_thread(connection, call.caller, thread)).holders
    return next((holder for holder in holders if holder.may_moderate), holders[0]).slug


def _ask(what: agreements.Agreement, *, slug: str | None = None, audience: str | None = None) -> Change:
    async def act(call: Call, thread: int) -> bool:
        return await agreements.ask(call.db, call.caller, thread, what, slug=slug, audience=audience)

    return act


async def _agree(call: Call, thread: int) -> bool:
    return await agreements.agree(call.db, call.caller, thread)


async def _decline(call: Call, thread: int) -> bool:
    await agreements.decline(call.db, call.caller, thread)
    return True


def _leave(slug: str) -> Change:
    async def act(call: Call, thread: int) -> bool:
        await agreements.leave(call.db, call.caller, thread, slug)
        return True

    return act


async def split(call: Call, thread: int, body: SplitThread) -> Created[Thread]:
    """Move posts, each with all that answers it, into a thread of their own. Links to them keep working."""
    row = await splits.split(call.db, call.caller, thread, body.posts, body.title)
    made = await _now(call, row["id"])
    return Created(made, f"/api/v1/threads/{made.id}")


async def read(call: Call, thread: int, body: ReadPosts) -> None:
    """Mark posts as read: some numbers, all up to one, or all."""
    if body.numbers is not UNSET and body.up_to is UNSET:
        numbers = body.numbers
    else:
        async with call.db.connection() as connection:
            await access.require_thread(connection, call.caller, thread)
            last, _ = await threads.counted(connection, thread)
        numbers = list(range(1, (last if body.up_to is UNSET else min(body.up_to, last)) + 1))
    for first in range(0, max(len(numbers), 1), READ_AT_ONCE):
        await threads.mark_read(call.db, call.caller, thread, numbers[first : first + READ_AT_ONCE])
