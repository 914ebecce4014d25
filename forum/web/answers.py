"""Answers that handlers share: pages, fragments, and where a plain form goes on."""

from typing import Final
from urllib.parse import quote

from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from forum.web.context import site_of
from forum.web.forms import FRAGMENT, wants_fragment

FRAGMENT_TYPE: Final = f"{FRAGMENT}; charset=utf-8"
SIGNED_OUT: Final = "You are signed out."
ENDED: Final = "Your session has ended. Sign in to go on: drafts in this browser are kept."
NEEDED: Final = "Sign in to go on."
WAITING: Final = "You were signed out. Sign in again, and your text will be waiting."


def page(request: Request, template: str, /, *, status: int = 200, **context: object) -> Response:
    """A page; its template's head names its context."""
    return HTMLResponse(site_of(request).views.page(template, **context), status)


def sign_in(
    request: Request, *, why: str = "", status: int = 200, email: str = "", error: str = "", on: str = "",
    action: str = "", kept: str = "",
) -> Response:  # fmt: skip
    """The page to sign in on: `why` is a sentence of ours that says why one is there, never one from the request.

    `on` is where it goes on to, "" for home; `kept` what waits to be sent to `action`, as JSON.
    """
    return page(
        request, "account/sign_in.html", status=status, why=why, email=email, error=error, next=on, action=action,
        kept=kept,
    )  # fmt: skip


def has_ended(connection: HTTPConnection) -> bool:
    """Whether a request of nobody came with the cookie of a session: it was somebody's, and is no more."""
    return site_of(connection).cookie in connection.cookies


def page_before(connection: HTTPConnection) -> str:
    """The path of our own page from which a request came, for going back to it; "" where that is not known."""
    origin, referrer = site_of(connection).settings.base_url, connection.headers.get("referer", "")
    return referrer[len(origin) :].partition("#")[0] if referrer.startswith(f"{origin}/") else ""


def fragment(html: str, *, status: int = 200) -> Response:
    """A piece of a page for our scripts."""
    return Response(html, status, media_type=FRAGMENT_TYPE)


def written(
    request: Request, html: str, *, object_id: int, version: int, channel: str, at: str, status: int = 200
) -> Response:
    """What a write made, or changed: the fragment that the live frame brings too, or for a plain form its place."""
    if not wants_fragment(request):
        return go(at)
    answer = fragment(html, status=status)
    answer.headers["Forum-Id"] = str(object_id)
    answer.headers["Forum-Version"] = str(version)
    answer.headers["Forum-Channel"] = channel
    return answer


WAITS: Final = "A moderator reads the first posts of new members. Yours is waiting."


def waits(request: Request, submission_id: int) -> Response:
    """What was written waits for a moderator, as a submission: 202 for our scripts, for a plain form its page."""
    at = f"/submissions/{submission_id}"
    if not wants_fragment(request):
        return go(at)
    return fragment(f'<p class="notice">{WAITS} <a class="go" href="{at}">See it</a></p>', status=202)


def done(request: Request, at: str) -> Response:
    """A write that has nothing to show: nothing for our scripts, for a plain form the page to go on with."""
    return Response(status_code=204) if wants_fragment(request) else go(at)


def go(at: str) -> Response:
    """On to another page, by GET."""
    return RedirectResponse(at, 303)


def with_query(path: str, **fields: object) -> str:
    """A path with those of the fields that are not empty."""
    pairs = [f"{name}={quote(str(value), safe='')}" for name, value in fields.items() if value not in (None, "")]
    return f"{path}?{'&'.join(pairs)}" if pairs else path
