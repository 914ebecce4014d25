"""Logs: a network's for its moderators and the site's for administrators, as a page and as a file; and the summary of a
network's for all who read it.
"""

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from forum import access, moderation_log, removal, reports, sessions, summaries, updates
from forum.db import Connection, is_storable
from forum.errors import Invalid
from forum.standing import GUEST, Caller
from forum.web import answers, shell
from forum.web.context import credential, reading, site_of
from forum.web.forms import query_number
from forum.web.networks import see

FIRST_OF_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
HEADINGS: Final = ("when", "who", "act", "what", "id", "to whom", "reason", "note", "version before", "version after")
EXPORTED_AT_ONCE: Final = 1_000


def _wanted(request: Request) -> dict[str, Any]:
    """What the log is asked for. Raises Invalid."""
    return {
        "actor": query_number(request, "actor"),
        "reason": _reason(request),
        "since": _day(request, "since"),
        "until": _day(request, "until", days_on=1),
    }


def _reason(request: Request) -> str | None:
    said = request.query_params.get("reason", "")
    if not is_storable(said):
        raise Invalid("reason", "This cannot be searched for.")
    return said or None


def _day(request: Request, name: str, *, days_on: int = 0) -> datetime | None:
    said = request.query_params.get(name, "")
    if not said:
        return None
    try:
        day = datetime.strptime(said, "%Y-%m-%d").replace(tzinfo=site_of(request).settings.time_zone)
        return day + timedelta(days=days_on)
    except (ValueError, OverflowError) as error:
        raise Invalid(name, "A day is written like 2026-11-23.") from error


async def log(request: Request) -> Response:
    """What moderators did: for moderators."""
    wanted = _wanted(request)
    async with reading(request) as (connection, caller):
        seen = await see(request, connection, caller, "log", need="moderate")
        listed = await _listed(
            request, connection, caller, seen.network.id, f"/networks/{seen.network.slug}/log", wanted
        )
    return seen.page(request, "networks/log.html", **listed)


async def log_of_site(request: Request) -> Response:
    """What was done in no network, to accounts and in direct conversations: for administrators."""
    wanted = _wanted(request)
    async with reading(request) as (connection, caller):
        caller.require_administrator()
        frame = await shell.frame(request, connection, [updates.ADMINISTRATORS])
        listed = await _listed(request, connection, caller, reports.ADMINISTRATORS, "/log", wanted)
    return answers.page(request, "moderation/log.html", shell=frame.shell(), network=None, **listed)


async def _listed(
    request: Request, connection: Connection, caller: Caller, network: int, at: str, wanted: Mapping[str, Any]
) -> Mapping[str, Any]:
    """What templates/moderation/_log.html shows of the log of a network, or of the site (0)."""
    before = query_number(request, "before")
    entries = await moderation_log.read(connection, network, before=before, limit=moderation_log.PAGE + 1, **wanted)
    shown = entries[: moderation_log.PAGE]
    actors, reasons = await moderation_log.choices(connection, network)
    asked = {name: request.query_params.get(name, "") for name in wanted}
    more = len(entries) > moderation_log.PAGE
    return {
        "entries": shown,
        "batches": await removal.batches(connection, caller, shown) if network else {},
        "actors": actors,
        "reasons": reasons,
        "asked": asked,
        "at": at,
        "after": answers.with_query(at, **asked, before=shown[-1]["id"]) if more else "",
        "export": answers.with_query(f"{at}.csv", **asked),
    }


async def export(request: Request) -> Response:
    """The same as a file for a spreadsheet, whole; a cell never begins like a formula (OWASP, CSV injection)."""
    slug: str = request.path_params["slug"]

    async def network(connection: Connection, caller: Caller) -> int:
        return (await access.require_network(connection, caller, slug, "moderate")).id

    return await _file(request, f"log-{slug}", network)


async def export_of_site(request: Request) -> Response:
    """The log of the site as such a file."""

    async def site(_connection: Connection, caller: Caller) -> int:
        caller.require_administrator()
        return reports.ADMINISTRATORS

    return await _file(request, "log", site)


async def _file(request: Request, name: str, whose: Callable[[Connection, Caller], Awaitable[int]]) -> Response:
    """A log as CSV, piece by piece. `whose` says of which network, and raises what who may not read it is answered."""
    wanted = _wanted(request)
    async with reading(request) as (connection, caller):
        await whose(connection, caller)

    async def lines() -> AsyncIterator[bytes]:
        yield csv_of([HEADINGS]).encode()
        before: int | None = None
        while True:
            async with site_of(request).db.connection() as connection:
                # Asked anew for each piece: who is shut out while it comes gets no more of it.
                found = await sessions.who(connection, credential(request))
                network = await whose(connection, GUEST if found is None else found.caller)
                rows = await moderation_log.read(connection, network, before=before, limit=EXPORTED_AT_ONCE, **wanted)
            yield csv_of([_cells(row) for row in rows]).encode()
            if len(rows) < EXPORTED_AT_ONCE:
                return
            before = rows[-1]["id"]

    headers = {"content-disposition": f'attachment; filename="{name}-{datetime.now(UTC):%Y-%m-%d}.csv"'}
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)


def _cells(row: Mapping[str, Any]) -> Sequence[object]:
    return (
        f"{row['at'].astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        row["actor_name"] or ("" if row["actor_id"] else "The clock"),
        row["act"], row["noun"], row["object_id"], row["subject_name"], row["reason"], row["note"],
        row["version_before"], row["version_after"],
    )  # fmt: skip


def csv_of(rows: Sequence[Sequence[object]]) -> str:
    """Rows as CSV (RFC 4180); a cell that begins like a formula gets a leading apostrophe."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for row in rows:
        cells = ["" if cell is None else str(cell) for cell in row]
        writer.writerow([f"'{cell}" if cell.startswith(FIRST_OF_A_FORMULA) else cell for cell in cells])
    return out.getvalue()


async def summary(request: Request) -> Response:
    """How much, why, how fast, how many overturned: for everybody who reads the network."""
    zone = site_of(request).settings.time_zone
    async with reading(request) as (connection, caller):
        seen = await see(request, connection, caller, "about", need="read")
        known = removal.reasons_of(seen.network.row)
        found = await summaries.summary(connection, seen.network, known, str(zone))
    return seen.page(request, "networks/summary.html", summary=found)


def routes() -> list[BaseRoute]:
    """The logs, of a network and of the site, and the summary of one."""
    return [
        Route("/log", log_of_site, methods=["GET"]),
        Route("/log.csv", export_of_site, methods=["GET"]),
        Route("/networks/{slug:slug}/log", log, methods=["GET"]),
        Route("/networks/{slug:slug}/log.csv", export, methods=["GET"]),
        Route("/networks/{slug:slug}/summary", summary, methods=["GET"]),
    ]
