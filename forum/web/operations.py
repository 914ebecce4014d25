"""For the operator: /healthz (alive), /readyz (can serve), /metrics (Prometheus' text form, version 0.0.4).

Invariants: none of them tells a name, a channel or a word; metrics go to this machine or to who has the token.
"""

import hmac
import ipaddress
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from forum.errors import NotFound, Unavailable
from forum.web.context import bearer, site_of

DISK_MIN_BYTES = 500 * 1024 * 1024

Gauges = Callable[[], Mapping[str, float]]


def routes(counters: Gauges, gauges: Gauges) -> list[BaseRoute]:
    """The three routes. `counters` only grow; `gauges` say what is true now. Both by name, without "forum_"."""

    async def metrics(request: Request) -> Response:
        _require_operator(request)
        pid = os.getpid()
        lines: list[str] = []
        for kind, values, ending in (("counter", counters(), "_total"), ("gauge", gauges(), "")):
            for name, value in sorted(values.items()):
                full = f"forum_{name}{ending}"
                lines += [f"# TYPE {full} {kind}", f'{full}{{process="{pid}"}} {value:g}']
        return PlainTextResponse("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4")

    return [
        Route("/healthz", healthz, methods=["GET"]),
        Route("/readyz", readyz, methods=["GET"]),
        Route("/metrics", metrics, methods=["GET"]),
    ]


async def healthz(_request: Request) -> Response:
    """The process answers."""
    return PlainTextResponse("alive\n")


async def readyz(request: Request) -> Response:
    """The process can serve: the database answers and there is room to write; else 503 with the reason in a word."""
    site = site_of(request)
    try:
        async with site.db.connection() as connection:
            await connection.fetchval("SELECT 1")
    except Unavailable:
        return PlainTextResponse("the database is away\n", 503, {"Retry-After": "2"})
    if disk_is_full(site.settings.data):
        return PlainTextResponse("the disk is full\n", 503, {"Retry-After": "60"})
    return PlainTextResponse("ready\n")


def disk_is_full(data: Path) -> bool:
    """Whether fewer than 500 MB are free where our own Postgres keeps its data; never where it is elsewhere."""
    return any(data.glob("postgres-*")) and shutil.disk_usage(data).free < DISK_MIN_BYTES


def _require_operator(request: Request) -> None:
    """Raises NotFound for everybody else: a page that is not for them does not exist."""
    token = site_of(request).settings.metrics_token
    given = bearer(request)
    if token is not None and given is not None:
        if hmac.compare_digest(given.encode(), token.encode()):
            return
        raise NotFound
    forwarded = "x-forwarded-for" in request.headers
    if token is None and not forwarded and request.client is not None:
        try:
            if ipaddress.ip_address(request.client.host).is_loopback:
                return
        except ValueError:
            pass
    raise NotFound
