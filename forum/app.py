"""The composition root: the only module that knows both the forum and live delivery, and puts one site together.

A request comes through the log of requests, the headers, the errors and the guard to its handler; a commit goes
through `Database.wake` to the hub of this process and, by the bus, to the others. Everything that a part needs is
handed to it here.
"""

import asyncio
import contextlib
import gc
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict

from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from forum import access, api, idempotency, jobs, members, sessions, updates, web
from forum.db import Database
from forum.errors import Unauthenticated
from forum.live import Log
from forum.settings import Settings
from forum.views import Views
from forum.warming import warm
from forum.web import context, operations
from forum.web.dispatch import ByFirstWord
from forum.web.limits import Limits
from realtime import protocol
from realtime.bus import Bus, RedisBus
from realtime.endpoint import Live
from realtime.memory_bus import MemoryBus
from realtime.metrics import Metrics
from realtime.presence import RedisStore
from realtime.source import Batch, Caller, Head, Pair, Refused
from realtime.tasks import end
from realtime.together import Together

log = logging.getLogger(__name__)

DISK_EVERY_S = 5.0
EMPTY = Batch(0, 0, "", 0, [])


class DatabaseSource:
    """What the hub asks, answered from the primary database: see realtime.source.Source."""

    def __init__(self, db: Database, update_log: Log) -> None:
        self._db = db
        self._log = update_log

    async def may_follow(self, pairs: list[Pair]) -> Mapping[Pair, str]:
        """Those in which the member may follow the channel now, and whether from outside."""
        async with self._db.connection() as connection:
            found = await access.may_follow(connection, pairs)
        return {pair: protocol.FOR_OUTSIDERS if outside else "" for pair, outside in found.items()}

    async def ended(self, sessions_: list[int]) -> set[int]:
        """Those of the sessions, and of the tokens below zero, that no longer count."""
        async with self._db.connection() as connection:
            rows = await sessions.SQL.ended_among(connection, sessions=sessions_)
        return {row["id"] for row in rows}

    async def read(self, channel: str, after: int, limit: int) -> Batch:
        """The channel after a cursor, in one snapshot."""
        found = await self._log.read(channel, after, limit)
        if found is None:
            return EMPTY
        read, frames = found
        return Batch(read.head, read.access_version, read.log, read.kept_after, frames)

    async def heads(self, channels: list[str]) -> dict[str, Head]:
        """Where these channels stand."""
        async with self._db.connection() as connection:
            return {name: Head(*head) for name, head in (await updates.heads(connection, channels)).items()}


async def identify(connection: HTTPConnection) -> Caller:
    """Who opened a socket or a long poll: asked anew each time, since a session may have ended meanwhile.

    Raises Refused: 1008 for a socket from elsewhere, 4003 for who is suspended from the site, 4001 for a session or
    token that does not count for any other reason.
    """
    site = context.site_of(connection)
    token = context.bearer(connection)
    ours = connection.headers.get("origin", "").lower() == site.settings.base_url.lower()
    if token is None and not ours and connection.scope["type"] == "websocket":
        raise Refused(protocol.REFUSED, "this socket was not opened by a page of this site")
    connection.scope.setdefault("state", {}).pop("known", None)
    shown = context.credential(connection)
    try:
        found = await context.known_now(connection)
    except Unauthenticated:
        found = None
    if found is None and shown != sessions.GUEST:
        if await site.db.ask(sessions.suspended, shown):
            raise Refused(protocol.SUSPENDED, "suspended")
        raise Refused(protocol.SIGNED_OUT, "signed out" if token is None else "this token does not count")
    if found is None:
        return Caller(None)
    if found.caller.scopes is not None and "read" not in found.caller.scopes:
        raise Refused(protocol.REFUSED, "this token may not read")
    token_id = found.caller.token_id
    session = found.caller.session_id if token_id is None else -token_id
    closed = () if found.caller.may_moderate else ("moderators:",)
    return Caller(found.caller.member_id, session, found.row["expires_at"].timestamp(), closed)


def create_app(settings: Settings) -> Starlette:
    """One web process of the site. Opens the database and begins to deliver when it starts, and ends both when it
    stops.
    """
    idempotency.use_secret(settings.secret_key)
    if settings.database_url is None:
        raise ValueError("expected settings with the database's address: forum.embedded.attach gives them")
    db = Database(settings.database_url, pool_size=settings.pool_size, warm=warm, gather=Together)
    views = Views(site_name=settings.site_name, zone=settings.time_zone, compiled=settings.data / "templates")
    live = _live(settings, db, views)
    db.wake = lambda heads: live.wake(heads.items())

    def here(channels: Sequence[str]) -> Mapping[str, Sequence[int]]:
        return {channel: live.presence.here(channel) for channel in channels}

    limits = Limits(settings.redis_url, settings.secret_key, scale=settings.limits_scale, gather=Together)
    site = context.Site(db, settings, views, limits, here)
    stopping = asyncio.Event()
    routes: list[BaseRoute] = [
        *(_counted(route) for route in live.routes()),
        *operations.routes(
            lambda: {**asdict(live.metrics), **site.metrics},
            lambda: {**live.hub.gauges(), **_pool_gauges(db)},
        ),
        *api.routes(),
        *web.routes(),
    ]

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await db.open()
        views.prepare()
        await live.start()
        work = asyncio.create_task(jobs.run(db), name="jobs")
        watching = asyncio.create_task(_watch_disk(db, settings), name="watch disk")
        letting_go = asyncio.create_task(_let_go(stopping, live), name="let go")
        # What is there by now stays to the end: the collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        try:
            yield
        finally:
            await end([letting_go, watching])
            await live.stop()
            await end([work])
            await site.settle()
            await site.limits.close()
            await db.close()

    app = Starlette(middleware=web.middleware(settings), exception_handlers=web.exception_handlers())
    app.router = ByFirstWord(routes, lifespan=lifespan)
    app.state.stopping = stopping
    app.state.site = site
    app.state.live = live
    return app


def _counted(route: BaseRoute) -> BaseRoute:
    """The route, with its requests counted before they wait: the long poll. What comes over a socket has a pace."""
    if not isinstance(route, Route):
        return route
    answer = route.endpoint

    async def counted(request: Request) -> Response:
        shown = context.bearer(request) or request.cookies.get(context.site_of(request).cookie)
        await context.counted(request, "poll", shown)
        response: Response = await answer(request)
        return response

    return Route(route.path, counted, methods=route.methods, name=route.name)


async def _let_go(stopping: asyncio.Event, live: Live) -> None:
    """When the server begins to stop, screens are let go first: it waits for what is in flight, and they never end."""
    await stopping.wait()
    live.release()


async def _watch_disk(db: Database, settings: Settings) -> None:
    """Refuse writes while our own servers' disk is nearly full: Postgres would stop altogether at its end."""
    while True:
        db.refuses_writes = operations.disk_is_full(settings.data)
        await asyncio.sleep(DISK_EVERY_S)


def _live(settings: Settings, db: Database, views: Views) -> Live:
    async def names(ids: Sequence[int]) -> dict[int, str]:
        async with db.connection() as connection:
            rows = await members.SQL.names(connection, members=list(ids))
        return {row["id"]: row["name"] for row in rows if row["name"] is not None}

    metrics = Metrics()
    source = DatabaseSource(db, Log(db, views))
    bus: Bus = MemoryBus()
    store = None
    if settings.redis_url is not None:
        bus = RedisBus(settings.redis_url, metrics=metrics, drop_rate=settings.drop_wakeups)
        store = RedisStore(settings.redis_url)
    return Live(source, identify, names, bus, store=store, metrics=metrics)


def _pool_gauges(db: Database) -> dict[str, float]:
    pool = db.pool
    return {"pool_connections": pool.get_size(), "pool_idle": pool.get_idle_size()}
