"""Answers that handlers share: pages, fragments, and where a plain form goes on."""

from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from forum.web.context import site_of
from forum.web.forms import FRAGMENT, wants_fragment

FRAGMENT_TYPE: Final = f"{FRAGMENT}; charset=utf-8"


def page(request: Request, template: str, /, *, status: int = 200, **context: object) -> Response:
    """A page; its template's head names its context."""
    return HTMLResponse(site_of(request).views.page(template, **context), status)


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
