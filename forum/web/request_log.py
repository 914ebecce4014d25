"""One line for each request: its id, method, route template, status and time. No URL, no address, no word.

What is fetched many times for one page, or every few seconds by a machine, is told at `debug` alone while it succeeds,
and its answer has no number: a cold page loads fifty files.
"""

import logging
import secrets
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

QUIET = frozenset({"/static/{path:path}", "/healthz", "/readyz", "/metrics"})


class RequestLog:
    """Numbers requests (`X-Request-Id`) and logs them when they end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(6)
        scope.setdefault("state", {})["request_id"] = request_id
        began_s = time.perf_counter()
        status = 0

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if not _is_quiet(scope, status):
                    number = (b"x-request-id", request_id.encode())
                    message = {**message, "headers": [*message.get("headers", ()), number]}
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        finally:
            took_ms = (time.perf_counter() - began_s) * 1000
            level = logging.DEBUG if _is_quiet(scope, status) else logging.INFO
            log.log(level, "%s %s %s %d %.1f ms", request_id, _method(scope), _route(scope), status, took_ms)


def _is_quiet(scope: Scope, status: int) -> bool:
    return _route(scope) in QUIET and 200 <= status < 400


def _method(scope: Scope) -> str:
    method: str = scope["method"]
    return method if method.isascii() and method.isalpha() and len(method) < 10 else "?"


def _route(scope: Scope) -> str:
    """The template that matched: `/threads/{thread:id}`; a path that matched none is nobody's business."""
    return str(getattr(scope.get("route"), "path", "-"))
