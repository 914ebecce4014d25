"""Errors to answers, in one place: a readable page for people, `application/problem+json` for programs.

Invariants: what may not be seen and what never was answer with the same bytes, and so do paths that lead nowhere; no
answer and no line of the log quotes a value; whatever was written in a form comes back with the page that says what
went wrong.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from forum.db import AWAY
from forum.errors import ForumError, Invalid, NotFound, Suspended, TooMany, Unauthenticated, Unavailable
from forum.web import answers, forms
from forum.web.context import site_of
from forum.web.security import next_of
from forum.web.shell import error_shell, is_suspended

log = logging.getLogger(__name__)

BROKEN = "Something broke on our side. Your text is safe. Please try again in a minute."


class Broken(ForumError):
    """Nobody expected this."""

    def __init__(self) -> None:
        super().__init__(BROKEN)


class WrongMethod(ForumError):
    """The path is there, but not for this method."""

    status = 405
    title = "This cannot be done here"

    def __init__(self, allowed: str = "") -> None:
        super().__init__("This address does not take that. Go back, and use the buttons of the page.")
        self.allowed = allowed

    @property
    def for_program(self) -> str:
        """Which methods there are."""
        return f"This address does not take that method. It takes: {self.allowed}."


def problem(error: ForumError) -> Response:
    """The error for a program."""
    fields: dict[str, Any] = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": error.for_program,
    }
    if isinstance(error, Invalid):
        fields["errors"] = error.errors
    wait_s = wait_of(error)
    if wait_s is not None:
        fields["retry_after"] = wait_s
    body = msgspec.json.encode(fields)
    return Response(body, error.status, headers_of(error), media_type="application/problem+json")


def wait_of(error: ForumError) -> int | None:
    """After how many seconds it may be tried again, where that helps."""
    return error.retry_after_s if isinstance(error, TooMany | Unavailable) else None


def headers_of(error: ForumError) -> Mapping[str, str]:
    """The headers that go with an error."""
    headers: dict[str, str] = {}
    if (wait_s := wait_of(error)) is not None:
        headers["Retry-After"] = str(wait_s)
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="forum"'
    if isinstance(error, WrongMethod) and error.allowed:
        headers["Allow"] = error.allowed
    return headers


def for_program(connection: HTTPConnection) -> bool:
    """Whether a program asks: the API, or our own scripts."""
    if connection.scope["path"].startswith("/api/"):
        return True
    accept = connection.headers.get("accept", "")
    return forms.FRAGMENT in accept or ("json" in accept and "text/html" not in accept)


async def answer(request: Request, error: ForumError) -> Response:
    """The answer to an error: a page or a problem."""
    if for_program(request):
        return problem(error)
    form = forms.written(request)
    kept = forms.kept_fields(form) if form is not None else []
    if isinstance(error, Unauthenticated):
        # No WWW-Authenticate for a page: a browser would ask for a password by itself.
        return _sign_in_first(request, await _why(request, error), kept)
    page = site_of(request).views.page(
        "errors/error.html",
        shell=await error_shell(request),
        status=error.status,
        title=error.title,
        detail=error.detail,
        retry_after=wait_of(error),
        action=request.url.path,
        fields=forms.labelled(kept),
        key=(form.text("key") if form is not None else "") or forms.new_key(),
    )
    return HTMLResponse(page, error.status, headers_of(error))


async def _why(request: Request, error: Unauthenticated) -> Unauthenticated:
    """The same error, or for somebody who is suspended from the site that."""
    try:
        return Suspended() if await is_suspended(request, site_of(request).db.connection) else error
    except ForumError:
        return error


def _sign_in_first(request: Request, error: Unauthenticated, kept: list[tuple[str, str]]) -> Response:
    """The page to sign in on, and why: what was being written waits there, and it goes on to what was asked for."""
    where = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if isinstance(error, Suspended):
        why = error.detail
    elif kept:
        why = answers.WAITING
    else:
        why = answers.ENDED if answers.has_ended(request) else error.detail
    return answers.sign_in(
        request,
        status=error.status,
        why=why,
        on=next_of([where if request.method in {"GET", "HEAD"} else answers.page_before(request)], ""),
        action=request.url.path if kept else "",
        kept=msgspec.json.encode(kept).decode() if kept else "",
    )


def as_forum_error(error: Exception) -> ForumError:
    """What an exception means to the one who asked."""
    if isinstance(error, ForumError):
        return error
    if isinstance(error, HTTPException):
        return _from_http(error)
    if isinstance(error, AWAY):
        return Unavailable()
    if isinstance(error, ClientDisconnect):
        return Invalid("request", "This request broke off.")  # nobody hears it; but nothing of ours broke either
    return Broken()


def _from_http(error: HTTPException) -> ForumError:
    if error.status_code == HTTPStatus.NOT_FOUND:
        return NotFound()
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return WrongMethod((error.headers or {}).get("Allow", ""))
    return Invalid("request", "This request cannot be read.")


async def on_http_exception(request: Request, error: Exception) -> Response:
    """For the router, which raises these where no route matches."""
    return await answer(request, as_forum_error(error))


class Errors:
    """Answers whatever an application raises before it has begun its own answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI. Raises only what comes after the answer has begun: the server then cuts the connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def send_noted(message: Message) -> None:
            nonlocal begun
            begun = True
            if message["type"] == "http.response.start" and (left := scope.get("state", {}).get("left")) is not None:
                message.setdefault("headers", [])
                MutableHeaders(scope=message).update(left.headers())
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except Exception as error:
            if begun:
                raise
            response = await self._answer(Request(scope, receive), error)
            await response(scope, receive, send_noted)

    async def _answer(self, request: Request, error: Exception) -> Response:
        shown = as_forum_error(error)
        if isinstance(shown, TooMany | Unavailable) and request.method not in {"GET", "HEAD"}:
            site_of(request).metrics["writes_refused"] += 1
        if isinstance(shown, Broken):
            log.error("%s: unexpected", request.scope.get("state", {}).get("request_id", "-"), exc_info=error)
        try:
            return await answer(request, shown)
        except Exception as second:
            log.error("the page of an error broke", exc_info=second)
            return problem(shown)
