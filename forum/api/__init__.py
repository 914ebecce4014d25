"""The JSON API: thin handlers over the same acts as the pages, from one table of routes that is the document, too.

`routes` is what the composition root puts together. Errors are answered by `forum.web.errors`, limits and who asks come
from `forum.web`: a program and a person are refused for the same reasons.
"""

import functools

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from forum.api.openapi import document
from forum.api.routing import routes_of
from forum.api.table import TABLE
from forum.web.context import site_of


def routes() -> list[BaseRoute]:
    """Every route of the API, and its document."""
    return [*routes_of(TABLE), Route("/api/openapi.json", openapi, methods=["GET"])]


async def openapi(request: Request) -> Response:
    """What the API takes and answers, as OpenAPI 3.1."""
    site = site_of(request)
    return Response(_encoded(site.settings.base_url, site.cookie), media_type="application/json")


@functools.cache
def _encoded(base_url: str, cookie: str) -> bytes:
    return msgspec.json.encode(document(TABLE, base_url=base_url, cookie=cookie))
