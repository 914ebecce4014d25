"""Static files, from memory. An address with the right `v` never changes its content, so it is kept for ever."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from forum.errors import NotFound
from forum.web.context import site_of

FOR_EVER = "max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


async def file(request: Request) -> Response:
    """One file, packed where the browser takes that. Raises NotFound."""
    asset = site_of(request).views.assets.get(request.path_params["path"])
    if asset is None:
        raise NotFound
    # Starlette would add a charset to each of fifty files: a module is UTF-8 anyway, a stylesheet what its page is.
    headers = {"vary": "Accept-Encoding", "content-type": asset.media_type}
    if request.query_params.get("v") == asset.version:
        headers["cache-control"] = FOR_EVER
    else:
        headers |= {"cache-control": ASK_AGAIN, "etag": f'"{asset.version}"'}
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
    content = asset.content
    if asset.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        content = asset.packed
        headers["content-encoding"] = "gzip"
    return Response(content, headers=headers)


def routes() -> list[BaseRoute]:
    """`/static/…`"""
    return [Route("/static/{path:path}", file, methods=["GET"])]
