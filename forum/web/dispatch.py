"""Which handler answers: by the first word of the path, then by the patterns of the routes that begin with it.

Invariant: the answer is the one that trying all routes in their order would give; only fewer are tried. No path with a
line feed leads anywhere: the patterns of routes end with `$`, which lets one pass.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Match, Route, Router
from starlette.types import Receive, Scope, Send

API: Final = "/api/v1/"
"""Below it the word that tells comes third."""


class ByFirstWord(Router):
    """A router that knows which of its routes can match at all. The site has two hundred."""

    def __init__(self, routes: Sequence[BaseRoute], **settings: Any) -> None:
        # Starlette's own redirect takes the host from the request, which may say any.
        super().__init__(routes, redirect_slashes=False, **settings)
        self._by_word: dict[str, list[Route]] = defaultdict(list)
        for route in routes:
            if isinstance(route, Route):
                self._by_word[first_word(route.path)].append(route)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if "\n" in scope.get("path", ""):
            await self.not_found(scope, receive, send)
            return
        if scope["type"] == "http":
            if (found := self._found(scope)) is not None:
                route, parameters = found
                scope["router"] = self
                scope["route"] = route  # for the log
                scope.update(parameters)
                await route.handle(scope, receive, send)
                return
            path = scope["path"].removesuffix("/")
            if path != scope["path"] and self._found({**scope, "path": path}) is not None:
                query = scope["query_string"].decode("latin-1")
                to = quote(path) + (f"?{query}" if query else "")
                await RedirectResponse(to, status_code=307)(scope, receive, send)
                return
        # Sockets, other methods, paths that lead nowhere.
        await super().app(scope, receive, send)

    def _found(self, scope: Scope) -> tuple[Route, Scope] | None:
        for route in self._by_word.get(first_word(scope["path"]), ()):
            match, found = route.matches(scope)
            if match == Match.FULL:
                return route, found
        return None


def first_word(path: str) -> str:
    """`threads` of /threads/9 and of /api/v1/threads/9/posts."""
    start = len(API) if path.startswith(API) else 1
    return path[start:].partition("/")[0]
