"""What a handler stands on: the site's parts, and who is asking. `app.state.site` holds the one `Site` of a process.

Invariants: who asks is found out at most once in a request and only when somebody wants to know, so a static file costs
no query; a Bearer token counts before a cookie, and a cookie beside it is ignored.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from starlette.requests import HTTPConnection
from starlette.types import Scope

from forum import sessions
from forum.db import Connection, Database
from forum.errors import ForumError, Unauthenticated
from forum.listings import KeptUnread
from forum.sessions import Credential, Known
from forum.settings import Settings
from forum.standing import GUEST, Caller
from forum.stretches import KeptStretches
from forum.views import Views
from forum.web.counts import KeptCounts
from forum.web.limits import Act, Exceeded, Limits, address_of
from forum.web.security import cookie_of

log = logging.getLogger(__name__)

Here = Callable[[Sequence[str]], Mapping[str, Sequence[int]]]
"""Who is here: channels to the ids of the members on them now. Live delivery knows; pages only draw it."""


def nobody_here(_channels: Sequence[str]) -> Mapping[str, Sequence[int]]:
    """What a site without live delivery says."""
    return {}


@dataclass(frozen=True, slots=True)
class Site:
    """The parts of one site that handlers use."""

    db: Database
    settings: Settings
    views: Views
    limits: Limits
    here: Here = nobody_here
    counts: KeptCounts = field(default_factory=KeptCounts)
    stretches: KeptStretches = field(default_factory=KeptStretches)
    unread: KeptUnread = field(default_factory=KeptUnread)
    later: set[asyncio.Task[None]] = field(default_factory=set)
    """What runs on after its answer; `settle` waits for it."""
    metrics: Counter[str] = field(default_factory=lambda: Counter(writes_refused=0))
    """`writes_refused`: those that were answered that they may be tried again later."""

    @property
    def secure(self) -> bool:
        """Whether people reach the site by https."""
        return self.settings.base_url.startswith("https://")

    @property
    def cookie(self) -> str:
        """The name of the session's cookie."""
        return cookie_of(self.settings.base_url)

    async def settle(self) -> None:
        """Wait for what still runs after its answer, and let go what the site holds: before the database closes."""
        await asyncio.gather(*self.later, return_exceptions=True)
        await self.limits.close()


def site_of(connection: HTTPConnection) -> Site:
    """The site that this request came to."""
    state: dict[str, Any] = connection.scope.setdefault("state", {})
    site: Site | None = state.get("site")
    if site is None:  # looked up once: a page asks eight times
        site = state["site"] = cast("Site", connection.app.state.site)
    return site


def bearer(connection: HTTPConnection) -> str | None:
    """The token of an `Authorization: Bearer` header, or None where there is no such header."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def credential(connection: HTTPConnection) -> Credential:
    """What the request shows of who sends it."""
    return sessions.credential(cookie=connection.cookies.get(site_of(connection).cookie), token=bearer(connection))


async def known(connection: HTTPConnection, database: Connection) -> Known | None:
    """Who is asking, or None for a guest. Raises Unauthenticated for a token that does not count."""
    state: dict[str, Any] = connection.scope.setdefault("state", {})
    if "known" not in state:
        remember(connection, await sessions.who(database, credential(connection)))
    found: Known | None = state["known"]
    return found


def remember(connection: HTTPConnection, found: Known | None) -> None:
    """Keep for the rest of the request who asks. Raises Unauthenticated for a token that does not count, and for a page
    of ours that was drawn for another member (`Forum-Member`): somebody else has signed in in another tab since.

    A page shows all that its member may see: Forbidden for a token that may see less.
    """
    if found is None and bearer(connection) is not None:
        raise Unauthenticated("This token does not count: it has ended, or it never was.")
    if found is not None and connection.headers.get("forum-member") not in {None, str(found.caller.member)}:
        raise Unauthenticated("Somebody else has signed in in this browser since this page was loaded.")
    if found is not None and found.caller.scopes is not None and _is_page(connection.scope):
        found.caller.require_scope("read")
        found.caller.require_scope("moderate")
    connection.scope.setdefault("state", {})["known"] = found
    if found is not None and found.row["stale"]:
        _note_seen(site_of(connection), found.caller)


def _is_page(scope: Scope) -> bool:
    """Whether it is a page that is asked for, or a part of one: not the API, nor live delivery."""
    return scope["type"] == "http" and scope["method"] in {"GET", "HEAD"} and not scope["path"].startswith("/api/")


def _note_seen(site: Site, caller: Caller) -> None:
    """Beside the request, which does not wait for it: at most once a minute and session or token."""

    async def note() -> None:
        try:
            await sessions.seen(site.db, caller)
        except ForumError as error:
            log.warning("the last use of a session could not be noted: %s", type(error).__name__)

    task = asyncio.create_task(note())
    site.later.add(task)
    task.add_done_callback(site.later.discard)


@contextlib.asynccontextmanager
async def reading(connection: HTTPConnection) -> AsyncIterator[tuple[Connection, Caller]]:
    """A database connection for one page, and who asks for it: one connection serves both."""
    async with site_of(connection).db.connection() as database:
        found = await known(connection, database)
        yield database, GUEST if found is None else found.caller


@contextlib.asynccontextmanager
async def snapshot(connection: HTTPConnection) -> AsyncIterator[tuple[Connection, Caller]]:
    """`reading`, in which all that is read is of one moment: for a page whose content says which cursors it needs."""
    async with (
        site_of(connection).db.connection() as database,
        database.transaction(isolation="repeatable_read", readonly=True),
    ):
        found = await known(connection, database)
        yield database, GUEST if found is None else found.caller


async def caller_of(connection: HTTPConnection) -> Caller:
    """Who is asking, for a handler that reads nothing itself."""
    found = await known_now(connection)
    return GUEST if found is None else found.caller


async def known_now(connection: HTTPConnection) -> Known | None:
    """`known` for who holds no connection: asked together with who else comes now."""
    state: dict[str, Any] = connection.scope.setdefault("state", {})
    if "known" not in state:
        remember(connection, await site_of(connection).db.ask(sessions.callers, credential(connection)))
    found: Known | None = state["known"]
    return found


async def writer_of(connection: HTTPConnection, act: Act) -> Caller:
    """Who writes, counted. Raises Unauthenticated for a guest, Forbidden for a token that may not, TooMany."""
    caller = await caller_of(connection)
    caller.require_scope("moderate" if act == "moderate" else "write")
    await counted(connection, act, caller.member_id)
    return caller


async def counted(connection: HTTPConnection, act: Act, account: int | str | None) -> None:
    """Count one act of this account, and of the address that it comes from: what is left goes with the answer
    (forum.web.errors.Errors). Raises TooMany.
    """
    site = site_of(connection)
    address = address_of(connection, site.settings.trusted_proxies)
    state: dict[str, Any] = connection.scope.setdefault("state", {})
    try:
        state["left"] = await site.limits.count(act, account=account, address=address)
    except Exceeded as exceeded:
        state["left"] = exceeded.left
        raise
