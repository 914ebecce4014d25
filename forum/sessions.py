"""Sessions and tokens: who is calling.

A session is a browser's; its cookie holds 256 random bits, stored hashed, with a new id at each sign-in. A token is a
program's: it has scopes and an end, and cannot make tokens. Both end at once when a member is shut out, or by an act:
then every screen that they opened is cut.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from forum import access, members, passwords, text
from forum.db import Connection, Database, statements
from forum.errors import Forbidden, Invalid, NotFound, Unauthenticated
from forum.passwords import token_hash
from forum.standing import Caller

SQL = statements("sessions")
SESSION_DAYS = 30
SCOPES = ("read", "write", "moderate")
TOKEN_DAYS = 90
TOKEN_NAME_MAX_CHARS = 80
MAX_TOKENS = 20
WRONG = "That address and password do not belong together."


@dataclass(frozen=True, slots=True)
class Known:
    """Who a cookie or a token belongs to. `row` has name, title, theme, keys, enter_sends … of the member."""

    caller: Caller
    row: Mapping[str, Any]


async def sign_in(db: Database, email: str, password: str, *, browser: str = "") -> tuple[str, int]:
    """Start a session: the cookie's token and the member's id. Raises Unauthenticated, Unavailable.

    Limits are checked before this is called (forum.web.limits): a password is costly to try.
    """
    async with db.connection() as connection:
        row = await members.SQL.for_sign_in(connection, email=email.strip()[:320])
    right = await passwords.verified(None if row is None else row["password_hash"], password)
    if row is None or not right:
        raise Unauthenticated(WRONG)
    if row["state"] != "active":
        async with db.connection() as connection:
            raise Forbidden(await members.suspended_sentence(connection, row["id"]))
    return await start(db, row["id"], browser=browser, password_hash=row["password_hash"]), row["id"]


async def start(db: Database, member: int, *, browser: str = "", password_hash: str | None = None) -> str:
    """A new session of a member who has proved who they are; returns the cookie's token.

    `password_hash` is what their password was held against. Raises Unauthenticated where that has been changed since,
    or the account suspended.
    """
    token = secrets.token_urlsafe(32)
    expires_at = datetime.now(UTC) + timedelta(days=SESSION_DAYS)
    async with db.transaction() as tx:
        started = await SQL.insert(
            tx.connection, member=member, hash=token_hash(token), browser=browser[:200], expires_at=expires_at,
            password=password_hash,
        )  # fmt: skip
        if started is None:
            raise Unauthenticated(WRONG)
        tx.record(f"member:{member}", "session.started", member)
    return token


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request shows of who sends it: the hash of a session's cookie, or of a token; neither of a guest."""

    session: bytes | None = None
    token: bytes | None = None


GUEST = Credential()


def credential(*, cookie: str | None = None, token: str | None = None) -> Credential:
    """A token counts before a cookie, and a cookie beside it is ignored."""
    if token is not None:
        return Credential(token=token_hash(token))
    return Credential(session=token_hash(cookie)) if cookie else GUEST


@dataclass(frozen=True, slots=True)
class Visit:
    """Who looks at a page (None: a guest), and what stands around it, all of one snapshot.

    `channels` are cursors; `networks` are the member's own, as the rail orders them: id, slug, name, kind, parent_id,
    role, room_id and the cursor of each.
    """

    known: Known | None
    log: str
    channels: Mapping[str, int]
    networks: Sequence[Mapping[str, Any]]
    notifications: int
    requests: int


async def who(connection: Connection, shown: Credential) -> Known | None:
    """Whose session or token this is, or None. One statement."""
    return (await callers(connection, [shown]))[0]


async def callers(connection: Connection, shown: Sequence[Credential]) -> Sequence[Known | None]:
    """The same of each of these. One statement."""
    rows = await SQL.who(
        connection, sessions=[each.session for each in shown], tokens=[each.token for each in shown]
    )  # fmt: skip
    return [_known(row) for row in rows]


async def suspended(connection: Connection, shown: Sequence[Credential]) -> Sequence[bool]:
    """Of each of these, which is nobody's (`callers`), whether it would be somebody's who is suspended from the site.

    One statement. What had ended before, or never was, tells nothing.
    """
    rows = await SQL.suspended(
        connection, sessions=[each.session for each in shown], tokens=[each.token for each in shown]
    )  # fmt: skip
    return [row["suspended"] for row in rows]


async def visit(
    connection: Connection, shown: Credential, channels: Sequence[str] = (), *, network: str | None = None
) -> Visit:
    """Who looks at a page that follows these channels and that of the network with this slug. One statement.

    It checks no access: a page takes only cursors that it may show.
    """
    if shown == GUEST:
        return await passage(connection, shown, channels, network=network)
    return (await visits(connection, [Visitor(shown, channels, network)]))[0]


class Visitor(NamedTuple):
    """Who looks at a page that follows these channels and that of a network with this slug."""

    shown: Credential
    channels: Sequence[str] = ()
    network: str | None = None


async def visits(connection: Connection, visitors: Sequence[Visitor]) -> Sequence[Visit]:
    """The visits of these, none of them a guest. One statement."""
    rows = await SQL.visits(
        connection, sessions=[each.shown.session for each in visitors],
        tokens=[each.shown.token for each in visitors], slugs=[each.network for each in visitors],
        channels=[f"{{{','.join(each.channels)}}}" for each in visitors],
    )  # fmt: skip
    return [visit_of(row, row["channels"] or {}) for row in rows]


async def passage(
    connection: Connection, shown: Credential, channels: Sequence[str] = (), *, network: str | None = None
) -> Visit:
    """`visit` for what has no frame, a guest's page or an answer to a program: no networks, nothing that waits."""
    row = await SQL.passage(
        connection, session=shown.session, token=shown.token, channels=list(channels), slug=network
    )  # fmt: skip
    return visit_of(row, row["channels"] or {})


def visit_of(row: Mapping[str, Any], channels: Mapping[str, int]) -> Visit:
    """The visit that a statement has read with its own: who_asks, and where it has them the columns of frames."""
    known = _known(row)
    if known is None or "networks" not in row:
        return Visit(known, row["log"], channels, (), 0, 0)
    return Visit(known, row["log"], channels, row["networks"] or (), row["notifications"], row["requests"])


def _known(row: Mapping[str, Any] | None) -> Known | None:
    if row is None or row["id"] is None:
        return None
    scopes = None if row["scopes"] is None else frozenset(row["scopes"])
    return Known(Caller(row["id"], row["administrator"], scopes, row["session_id"], row["token_id"]), row)


async def seen(db: Database, caller: Caller) -> None:
    """Note that a session or token was used, at most once a minute; a visit after half an hour's rest is a new one."""
    async with db.transaction() as tx:
        if caller.session_id is not None:
            await SQL.seen(tx.connection, session=caller.session_id)
        elif caller.token_id is not None:
            await SQL.token_used(tx.connection, token=caller.token_id)


async def sign_out(db: Database, caller: Caller) -> None:
    """End the caller's own session."""
    if caller.session_id is not None:
        await end(db, caller, caller.session_id)


async def end(db: Database, caller: Caller, session_id: int) -> None:
    """End one of the caller's sessions, at once on every screen of it. Raises NotFound."""
    async with db.transaction() as tx:
        ended = await SQL.end(tx.connection, session=session_id, member=caller.member)
        if ended is None:
            raise NotFound
        tx.record(f"member:{caller.member}", "session.ended", session_id)
        await members.check_screens_again(tx, caller.member)


async def mine(connection: Connection, caller: Caller) -> Sequence[Any]:
    """The caller's open sessions, newest first."""
    rows: Sequence[Any] = await SQL.mine(connection, member=caller.member)
    return rows


async def make_token(db: Database, caller: Caller, *, name: str, scopes: Sequence[str], days: int) -> str:
    """`create_token` by whose it is, in a browser: a token makes no tokens. Raises Forbidden, Invalid."""
    caller.require_session()
    name = text.line(name, TOKEN_NAME_MAX_CHARS, field="name")
    return await create_token(db, caller.member, name=name, scopes=scopes, days=days)


async def create_token(
    db: Database, member: int, *, name: str = "", scopes: Sequence[str] = SCOPES, days: int = TOKEN_DAYS
) -> str:
    """A token for programs, shown once. Raises Invalid, also where the member has as many as there may be."""
    if not scopes or any(scope not in SCOPES for scope in scopes):
        raise Invalid("scopes", f"Scopes are: {', '.join(SCOPES)}.")
    if not 1 <= days <= 3_650:
        raise Invalid("days", "A token is good for 1 to 3650 days.")
    token = secrets.token_urlsafe(32)
    async with db.transaction() as tx:
        await access.SQL.lock_standing(tx.connection, member=member, networks=[])
        await members.current(tx.connection, member)
        if await SQL.count_tokens(tx.connection, member=member) >= MAX_TOKENS:
            raise Invalid("tokens", f"A member has at most {MAX_TOKENS} tokens. End one of them first.")
        await SQL.insert_token(
            tx.connection, member=member, hash=token_hash(token), name=name[:TOKEN_NAME_MAX_CHARS],
            scopes=sorted(set(scopes)), expires_at=datetime.now(UTC) + timedelta(days=days),
        )  # fmt: skip
        tx.record(f"member:{member}", "token.made", member)
    return token


async def tokens(connection: Connection, member: int) -> Sequence[Any]:
    """A member's tokens that count, newest first (id, name, scopes, created_at, used_at, expires_at)."""
    rows: Sequence[Any] = await SQL.tokens(connection, member=member)
    return rows


async def end_token(db: Database, member: int, token_id: int) -> None:
    """End one of a member's tokens, at once on every screen that it opened. Raises NotFound."""
    async with db.transaction() as tx:
        if await SQL.end_token(tx.connection, token=token_id, member=member) is None:
            raise NotFound
        tx.record(f"member:{member}", "token.ended", token_id)
        await members.check_screens_again(tx, member)
