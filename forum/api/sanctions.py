"""What is done to people: warnings, mutes and suspensions, in one network or from the site; and what was done to me."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from forum import access, members, sanctions, submissions
from forum.api import cursors, lists, shapes
from forum.api.bodies import In, ListQuery, Moment
from forum.api.routing import Call
from forum.api.shapes import Page, Person, Row, Submission
from forum.db import Connection
from forum.errors import NotFound

Kind = Literal["warning", "mute", "suspension"]
KINDS: dict[str, Kind] = {"warning": "warning", "mute": "mute", "suspension": "suspension"}


class NewSanction(In, frozen=True):
    """Why, and until when; without an end until it is lifted. A warning has none."""

    reason: Annotated[str, Meta(min_length=1, max_length=200)]
    note: Annotated[str, Meta(max_length=4_000)] = ""
    until: Moment | None = None


class WordsRemoval(In, frozen=True):
    """Why, for the log of the site."""

    reason: Annotated[str, Meta(min_length=1, max_length=200)]
    note: Annotated[str, Meta(max_length=4_000)] = ""


class Sanction(Struct, frozen=True, kw_only=True):
    """Something that moderators imposed on a member; in force while `ended_at` is null. A null network is the site.

    `by` is null for who was sanctioned, where the network does not name its moderators.
    """

    id: int
    kind: Kind
    member: Person
    network: str | None
    reason: str | None
    note: str | None
    by: Person | None
    imposed_at: datetime
    until: datetime | None
    ended_at: datetime | None


class OwnRemoval(Struct, frozen=True, kw_only=True):
    """Something of mine that moderators removed, by reference: a post or a message, why, and until when to appeal."""

    id: int
    post: int | None
    message: int | None
    network: str | None
    reason: str | None
    note: str | None
    removed_at: datetime
    restored_at: datetime | None
    appeal_until: datetime
    appealed: bool


class OwnWordsRemoved(Struct, frozen=True, kw_only=True):
    """A name or about text of mine that an administrator took away."""

    noun: Literal["name", "about"]
    reason: str | None
    removed_at: datetime


class Moderation(Struct, frozen=True, kw_only=True):
    """What was done to me, and what of mine waits: each the newest first, at most fifty."""

    sanctions: list[Sanction]
    removals: list[OwnRemoval]
    words_removed: list[OwnWordsRemoved]
    submissions: list[Submission]


def _sanction(row: Row, *, names_moderator: bool) -> Sanction:
    return Sanction(
        id=row["id"],
        kind=row["kind"],
        member=shapes.person(row["member_id"], row["member_name"], row["member_title"], row["member_organisation"]),
        network=row["network_slug"],
        reason=row["reason"],
        note=row["note"],
        by=_imposed_by(row) if names_moderator else None,
        imposed_at=row["imposed_at"],
        until=row["until"],
        ended_at=row["ended_at"],
    )


def _imposed_by(row: Row) -> shapes.Person:
    return shapes.person(
        row["imposed_by"], row["imposed_by_name"], row["imposed_by_title"], row["imposed_by_organisation"]
    )


def _removal(row: Row) -> OwnRemoval:
    same = ("id", "reason", "note", "removed_at", "restored_at", "appeal_until", "appealed")
    return OwnRemoval(
        post=row["post_id"], message=row["message_id"], network=row["network_slug"],
        **{name: row[name] for name in same},
    )  # fmt: skip


async def listed(call: Call, connection: Connection, slug: str, query: ListQuery) -> Page[Sanction]:
    """The mutes and suspensions in force in a network, the newest first: for its moderators."""
    network = await access.require_network(connection, call.caller, slug, "moderate")
    before = cursors.id_in("sanctions", query.after)
    follow = await lists.following(connection, f"moderators:{network.id}")
    rows = await sanctions.listed(connection, call.caller, slug, before=before, limit=query.limit + 1)
    return lists.page(
        rows,
        query.limit,
        lambda row: _sanction(row, names_moderator=True),
        lambda row: cursors.encode("sanctions", row["id"]),
        follow,
    )


async def impose(call: Call, slug: str, member: int, kind: str, body: NewSanction) -> Sanction:
    """Warn, mute or suspend a member of a network. They are told the reason, the note and the end."""
    sanction_id = await sanctions.impose(
        call.db, call.caller, slug, member, _kind(kind), until=body.until, reason=body.reason, note=body.note
    )
    async with call.db.connection() as connection:
        return _sanction(await sanctions.current(connection, sanction_id), names_moderator=True)


async def lift(call: Call, slug: str, member: int, kind: str) -> None:
    """End a mute or a suspension."""
    await sanctions.lift(call.db, call.caller, slug, member, _kind(kind))


def _kind(word: str) -> Kind:
    if word not in KINDS:
        raise NotFound
    return KINDS[word]


async def suspend(call: Call, member: int, body: NewSanction) -> None:
    """Shut a member out of the whole site: administrators. Their sessions end, and no token of theirs counts."""
    await members.suspend(call.db, call.caller, member, body.reason, until=body.until, note=body.note)


async def reinstate(call: Call, member: int) -> None:
    """Let a suspended account in again: administrators."""
    await members.reinstate(call.db, call.caller, member)


async def remove_words(call: Call, member: int, noun: str, body: WordsRemoval) -> None:
    """Take a member's `name` or `about` away: administrators. They are told the reason, and may write it anew."""
    if noun not in {"name", "about"}:
        raise NotFound
    await members.remove_words(call.db, call.caller, member, noun, body.reason, body.note)


async def mine(call: Call, connection: Connection) -> Moderation:
    """What moderators did to me and to what I wrote, with reasons; and what of mine waits for them."""
    caller = call.caller
    return Moderation(
        sanctions=[
            _sanction(row, names_moderator=bool(row["names_moderators"]))
            for row in await sanctions.done_to(connection, caller)
        ],
        removals=[_removal(row) for row in await sanctions.removals_of(connection, caller)],
        words_removed=[
            OwnWordsRemoved(noun=row["noun"], reason=row["reason"], removed_at=row["removed_at"])
            for row in await sanctions.words_removed_of(connection, caller)
        ],
        submissions=[shapes.submission(row) for row in await submissions.mine(connection, caller)],
    )
