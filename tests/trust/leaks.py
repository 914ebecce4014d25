"""The site with leaks planted in it, for tests/trust/test_leaks_are_found.py: what each web process runs there instead
of forum.app. Each lets one word through that the visit has to find.
"""

import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from forum import app, rooms
from forum.api import json_frames, updates
from forum.settings import Settings
from forum.updates import Reader
from forum.views.cache import FragmentCache

SECOND = "FORUM_TEST_SECOND_PROCESS"
"""Set in the environment of the second process."""


def create_app(settings: Settings) -> Starlette:
    """One web process of the site, with its leaks."""
    _a_cache_without_version()
    _a_log_line()
    _an_old_update_by_its_id()
    made = app.create_app(settings)
    if SECOND in os.environ:
        made.add_middleware(_AStaleFragment)
    return made


def _a_cache_without_version() -> None:
    """Messages are kept by their id alone, which is the first of their facts."""
    get = FragmentCache.get

    def by_id(self: FragmentCache, key: Any, render: Callable[[], str]) -> str:
        template, _today, *facts = key
        if template == "rooms/_message.html":
            key = (template, facts[0][0] if isinstance(facts[0], tuple) else facts[0])
        return get(self, key, render)

    FragmentCache.get = by_id  # type: ignore[method-assign]


def _a_log_line() -> None:
    """Somebody wanted to know what is said."""
    say: Callable[..., Awaitable[Any]] = rooms.say

    async def telling(db: Any, caller: Any, slug: str, body: str, **more: Any) -> Any:
        logging.getLogger("forum.rooms").info("said in %s: %s", slug, body)
        return await say(db, caller, slug, body, **more)

    rooms.say = telling


def _an_old_update_by_its_id() -> None:
    """The catch-up keeps what it made of an update, by its channel and number."""
    frame, made = json_frames.frame, {}

    def once(row: Any, channel: str, *, reader: Reader) -> bytes:
        key = (channel, row["seq"], reader)
        if key not in made:
            made[key] = frame(row, channel, reader=reader)
        return made[key]

    updates.frame = once


class _AStaleFragment:
    """The second process keeps the profiles that it has drawn."""

    def __init__(self, asgi: ASGIApp) -> None:
        self._app = asgi
        self._kept: dict[tuple[str, bytes], list[Message]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/members/"):
            await self._app(scope, receive, send)
            return
        if scope["path"] not in self._kept:
            self._kept[scope["path"]] = said = []

            async def note(message: Message) -> None:
                said.append(dict(message))

            await self._app(scope, receive, note)
        for message in self._kept[scope["path"]]:
            await send(message)
