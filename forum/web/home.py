"""Home: what changed for me, and where people are; for a guest, what anybody may read."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from forum import members, networks, notifications, rooms, threads
from forum.db import Connection
from forum.standing import GUEST
from forum.views import Row
from forum.web import answers, shell
from forum.web.context import known, site_of, snapshot
from forum.web.forms import cursor, place_of
from forum.web.rooms import cards_of
from forum.web.shell import Frame

NOTES: Final = 6
ROOMS: Final = 4
THREADS: Final = 20
LATEST: Final = 10
CROWD: Final = 2
"""How many people in a room make it worth naming here."""
VISITS_APART: Final = timedelta(minutes=30)
"""As in `seen` of sql/sessions.sql."""


async def show(request: Request) -> Response:
    """The page at `/`."""
    async with snapshot(request) as (connection, caller):
        if caller.member_id is None:
            public = [row for row in await networks.tree(connection, GUEST) if row["visibility"] == "public"]
            frame = await shell.frame(request, connection, [f"network:{row['id']}" for row in public])
            return answers.page(request, "guest.html", shell=frame.shell("home"), networks=public)
        frame = await shell.frame(request, connection)
        me = await known(request, connection)
        place = place_of(request, "after", tuple[datetime, int])
        before, before_id = place or (None, None)
        found = list(
            await threads.SQL.unread_home(
                connection, member=caller.member_id, before=before, before_id=before_id, limit=THREADS + 1
            )
        )
        shown = found[:THREADS]
        latest = [] if shown else await threads.SQL.latest_home(connection, member=caller.member_id, limit=LATEST)
        unanswered = await threads.SQL.unanswered_home(connection, member=caller.member_id)
        notes = await notifications.listed(connection, caller.member_id, unread_only=True, limit=NOTES)
        busy = [row for row in frame.networks if _is_busy(frame, row)][:ROOMS]
        cards = await cards_of(request, connection, busy)
        visited_at = None if me is None else _last_visit(me.row, site_of(request).views.now())
        is_new = visited_at is None or not frame.networks
        steps = await _first_steps(connection, frame, caller.member_id) if is_new else None
    return answers.page(
        request, "home.html", shell=frame.shell("home"), visited_at=visited_at, notes=notes, rooms=cards,
        crowds=sum(card["here"] >= CROWD for card in cards),
        threads=shown, unread={row["id"]: row["unread"] for row in shown},
        after=f"/?after={cursor(shown[-1]['listed_at'], shown[-1]['id'])}" if len(found) > THREADS else "",
        latest=latest, unanswered=unanswered, start=_start(frame.networks), first_steps=steps,
    )  # fmt: skip


def _last_visit(row: Row, now: datetime) -> datetime | None:
    """When the visit before this one ended. This page may be the first of a visit, which is noted beside it."""
    seen_at: datetime | None = row["seen_at"]
    begins = seen_at is not None and seen_at < now - VISITS_APART
    visited_at: datetime | None = seen_at if begins else row["visited_at"]
    return visited_at


def _is_busy(frame: Frame, row: Mapping[str, Any]) -> bool:
    here = len(frame.here.get(f"room:{row['room_id']}", ()))
    return here >= CROWD or bool(row["unread_mentions"])


def _start(rows: Sequence[Mapping[str, Any]]) -> str:
    """The network in which "New thread" begins: the first in which I may write."""
    return next((row["slug"] for row in rows if row["role"] != "observer"), "")


async def _first_steps(connection: Connection, frame: Frame, member: int) -> Sequence[Mapping[str, Any]] | None:
    """Small things for somebody new, or in no network yet, which tick themselves; None once all are done."""
    said_who = await members.SQL.has_about(connection, member=member)
    steps: list[tuple[str, str, bool]] = [("/settings", "Say who you are in one sentence", said_who)]
    if frame.networks:
        first = frame.networks[0]
        looked = await rooms.SQL.read_to(connection, member=member, room=first["room_id"]) is not None
        in_subgroup = any(row["parent_id"] is not None for row in frame.networks)
        steps += [
            (f"/networks/{first['slug']}/room", f"Look into the room of {first['name']}", looked),
            ("/networks", "Join a sub-group", in_subgroup),
        ]
    else:
        steps.append(("/networks", "Find your network, and join it", False))
    if all(done for _, _, done in steps):
        return None
    return [{"href": href, "words": words, "done": done} for href, words, done in steps]


def routes() -> list[BaseRoute]:
    """Home."""
    return [Route("/", show, methods=["GET"])]
