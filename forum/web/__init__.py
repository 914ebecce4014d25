"""Pages over HTTP: one module per noun. A handler reads its input, calls one act or reads one page's rows, and answers.

`routes`, `middleware` and `exception_handlers` are what the composition root puts together; `context.Site` is what it
hands in (`app.state.site`). Cursors are read before content (forum.web.shell), acts check access themselves.
"""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute

from forum.settings import Settings
from forum.web import (
    appeals,
    conversations,
    home,
    live,
    log,
    members,
    moderation,
    networks,
    notifications,
    pace,
    paths,
    posts,
    reports,
    rooms,
    sanctions,
    search,
    sessions,
    settings,
    splits,
    static,
    submissions,
    threads,
)
from forum.web.errors import Errors, on_http_exception
from forum.web.request_log import RequestLog
from forum.web.security import Guard, SecureHeaders

NOUNS = (
    static,
    home,
    sessions,
    networks,
    log,
    threads,
    splits,
    posts,
    rooms,
    conversations,
    members,
    sanctions,
    submissions,
    pace,
    moderation,
    reports,
    notifications,
    search,
    settings,
    live,
    appeals,
)


def routes() -> list[BaseRoute]:
    """All pages."""
    paths.register()
    return [route for noun in NOUNS for route in noun.routes()]


def middleware(site_settings: Settings) -> list[Middleware]:
    """What stands around every request, outermost first."""
    return [
        Middleware(RequestLog),
        Middleware(SecureHeaders, base_url=site_settings.base_url),
        # No page holds a secret beside words that a stranger can choose, so there is nothing for BREACH to guess.
        # Level 5 saves a tenth of the bytes for twice the time.
        Middleware(GZipMiddleware, minimum_size=1_000, compresslevel=3),
        Middleware(Errors),
        Middleware(Guard, base_url=site_settings.base_url),
    ]


def exception_handlers() -> Mapping[Any, Any]:
    """For the router: a path that leads nowhere, a method that a path does not take."""
    return {HTTPException: on_http_exception}
