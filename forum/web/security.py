"""What stands around every request: the headers of each answer, the limit of each body, where a write may come from.

Invariants: what changes something with a cookie came from one of our own pages (`Sec-Fetch-Site: same-origin`, or where
that is absent an `Origin` that is ours); GET and HEAD change nothing, so they need no such proof; a body is counted
while it comes, whatever its length claims; no answer but a static file is kept anywhere.
"""

from collections.abc import Iterable
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from forum.errors import Forbidden, ForumError, Unauthenticated

MAX_BODY_BYTES: Final = 1024 * 1024
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})

FOR_FILES: Final = ("x-content-type-options", "strict-transport-security")
"""Of them those of a static file: it says nothing of anybody, so whoever likes may load it."""

ELSEWHERE: Final = (
    "This did not come from a page of this site, so nothing was changed. Load the page anew and try again."
)


TOO_MUCH: Final = (
    "This is more than we can take at once, and nothing was stored. Your browser still has your text: go back to it, "
    "and send less."
)


NOBODY: Final = "This came with no token, and with no session of a page of this site, so nothing was changed."


class TooLarge(ForumError):
    """The body is longer than anything that is written here."""

    status = 413
    title = "This is too large"

    def __init__(self) -> None:
        super().__init__(TOO_MUCH)


def headers_for(base_url: str) -> dict[str, str]:
    """The headers of every answer, for a site at this address."""
    scheme, _, host = base_url.partition("://")
    socket = f"{'wss' if scheme == 'https' else 'ws'}://{host}"  # Safari before 15.4 does not find sockets in 'self'
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": f"'self' {socket}",
        "manifest-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    headers = {
        "content-security-policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        # Not "no-referrer": browsers then say "Origin: null" with our own forms.
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    }
    if scheme == "https":
        headers["strict-transport-security"] = "max-age=31536000"
    return headers


def cookie_of(base_url: str) -> str:
    """The name of the session's cookie, for a site at this address."""
    return "__Host-forum" if base_url.startswith("https://") else "forum"


class SecureHeaders:
    """Puts the headers of every answer around an application."""

    def __init__(self, app: ASGIApp, base_url: str) -> None:
        self._app = app
        headers = headers_for(base_url)
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]
        # A page loads forty files: what only says something of a page is not sent forty times.
        self._for_files = [(name.encode(), headers[name].encode()) for name in FOR_FILES if name in headers]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=list(message.get("headers", ())))
                headers.raw.extend(self._for_files if scope["path"].startswith("/static/") else self._headers)
                headers.setdefault("cache-control", "no-store")
                message = {**message, "headers": headers.raw}
            await send(message)

        await self._app(scope, receive, send_with_headers)


class Guard:
    """Lets through what comes from our own pages or with a token, and is not too large."""

    def __init__(self, app: ASGIApp, base_url: str, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self._app = app
        self._origin = base_url
        self._cookie = cookie_of(base_url)
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI. Raises Forbidden, Unauthenticated, TooLarge; the latter also while the body is read."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope["method"] not in SAFE:
            try:
                require_own_origin(headers, self._origin)
            except Forbidden:
                # A program that shows nothing of who it is: no page could have lent it anybody's rights.
                if scope["path"].startswith("/api/") and self._cookie not in HTTPConnection(scope).cookies:
                    raise Unauthenticated(NOBODY) from None
                raise
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or int(length[:12]) > self._max_body_bytes:
            raise TooLarge
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > self._max_body_bytes:
                    raise TooLarge
            return message

        await self._app(scope, receive_counted, send)


def require_own_origin(headers: Headers, origin: str) -> None:
    """Raises Forbidden for a write that a foreign page may have sent. No browser sends a token by itself."""
    if headers.get("authorization", "").lower().startswith("bearer "):
        return
    site = headers.get("sec-fetch-site")
    own = site == "same-origin" if site is not None else headers.get("origin", "").lower() == origin
    if not own:
        raise Forbidden(ELSEWHERE)


def is_local_path(path: str) -> bool:
    """Whether a browser that is sent here stays on our site: one slash, then no slash of either kind, no controls."""
    return path.startswith("/") and path[1:2] not in {"/", "\\"} and path.isprintable()


def next_of(values: Iterable[str | None], otherwise: str = "/") -> str:
    """The first of these that is a path on our site."""
    return next((value for value in values if value and is_local_path(value)), otherwise)
