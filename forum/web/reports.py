"""Reports: the form of who tells the moderators, the queue in which cases wait, and what is decided there.

A case's page is about who looks at it (may they decide? are the words about them?), so it is never kept and never sent
live; the rows of the queue are the same for all moderators of a network.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from forum import contributions, decisions, holds, posts, reports, text, updates
from forum.cases import Noun
from forum.db import Connection, Database
from forum.decisions import Standing
from forum.errors import Conflict, Invalid, NotFound
from forum.standing import Caller
from forum.views import Row, words
from forum.web import answers, shell
from forum.web import posts as post_pages
from forum.web import rooms as room_pages
from forum.web.context import reading, site_of, snapshot, writer_of
from forum.web.contributions import draw_versions
from forum.web.forms import Form, cursor, form_of, place_of, wants_fragment

DECISIONS: Final[Mapping[str, decisions.Decision]] = {"remove": "remove", "leave": "leave", "hold": "hold"}
STATES: Final = ("open", "decided")
EXCERPT_MAX_CHARS: Final = 280


# Telling the moderators ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reporting:
    """The form by which one noun is reported."""

    noun: Noun

    async def form(self, request: Request) -> Response:
        """What is wrong with it?"""
        return await self._page(request)

    async def send(self, request: Request) -> Response:
        """Tell the moderators."""
        form = await form_of(request)
        caller = await writer_of(request, "report")
        report = reports.report_post if self.noun == "post" else reports.report_message
        try:
            await report(site_of(request).db, caller, request.path_params["id"], form.text("reason"), form.text("note"))
        except Invalid as error:
            if wants_fragment(request):
                raise
            return await self._page(request, form=form, error=error)
        return Response(status_code=204) if wants_fragment(request) else await self._page(request, sent=True)

    async def _page(
        self, request: Request, *, sent: bool = False, form: Form | None = None, error: Invalid | None = None
    ) -> Response:
        find = post_pages.find if self.noun == "post" else room_pages.find
        async with snapshot(request) as (connection, caller):
            place = await find(connection, caller, request.path_params["id"])
            channel = f"thread:{place.row['thread_id']}" if self.noun == "post" else f"room:{place.row['room_id']}"
            frame = await shell.frame(request, connection, [channel])
            if not sent:
                _require_reportable(caller, place.row)
            reasons = await reports.reasons_for(connection, place.network["id"])
        return answers.page(
            request, "moderation/report.html", status=200 if error is None else error.status, shell=frame.shell(),
            noun=self.noun, item=place.row, network=place.network, reasons=reasons, sent=sent,
            back=place.link(self.noun), reason="" if form is None else form.text("reason"),
            note="" if form is None else form.text("note"), errors={} if error is None else error.errors,
            said=site_of(request).views.said(place.row),
        )  # fmt: skip

    def routes(self) -> list[BaseRoute]:
        """`/posts/{id}/report`."""
        at = f"/{self.noun}s/{{id:id}}/report"
        return [Route(at, self.form, methods=["GET"]), Route(at, self.send, methods=["POST"])]


def _require_reportable(caller: Caller, row: Row) -> None:
    if row["author_id"] == caller.member:
        raise Conflict(reports.OWN)
    contributions.require_state(row, "shown")


# The queue ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Queue:
    """Which queue a page is about: that of one network, or of all that the caller moderates."""

    network: Mapping[str, Any] | None
    mine: Mapping[int, str | None]
    """The networks, with their slugs; 0, without one: what is in none."""

    @property
    def at(self) -> str:
        """Its address."""
        return "/reports" if self.network is None else f"/networks/{self.network['slug']}/reports"

    @property
    def ids(self) -> Sequence[int]:
        """Of the networks."""
        return tuple(self.mine)

    @property
    def channels(self) -> Sequence[str]:
        """What its pages follow."""
        return [f"moderators:{network}" for network in self.mine]

    def slug_of(self, row: Row) -> str | None:
        """The network in whose queue a case stands: its own, else one of mine that holds the thread.

        None: the administrators'.
        """
        sides = [row["network_id"] or reports.ADMINISTRATORS, *(other["id"] for other in row["others"] or ())]
        return next(self.mine[side] for side in sides if side in self.mine)

    def item(self, row: Row) -> Mapping[str, Any]:
        """A case as the list draws it."""
        return {**row, "slug": self.slug_of(row)}  # type: ignore[dict-item]


async def _queue_of(request: Request, connection: Connection, caller: Caller) -> Queue:
    """The queue that the path names. Raises NotFound for who does not moderate there."""
    slug = request.path_params.get("slug")
    if slug is None:
        rows = await reports.moderated(connection, caller)
        return Queue(None, {row["id"]: row["slug"] for row in rows})
    network = await reports.require_moderated(connection, caller, slug)
    return Queue({"id": network.id, "slug": network.slug, "name": network.name}, {network.id: network.slug})


async def listed(request: Request) -> Response:
    """The queue; where there is room beside it, its first case."""
    return await _page(request, None)


async def show(request: Request) -> Response:
    """One case; where there is room beside it, the queue. For our scripts the case alone."""
    return await _open(request, request.path_params["case"])


async def _open(request: Request, case_id: int) -> Response:
    return await (_fragment if wants_fragment(request) else _page)(request, case_id)


async def show_direct(request: Request) -> Response:
    """One case of no network, for administrators."""
    case_id = request.path_params["case"]
    async with reading(request) as (connection, caller):
        case = await decisions.standing(connection, caller, case_id)
    if case.row["network_id"] is not None:
        raise NotFound
    return await _open(request, case_id)


async def _fragment(request: Request, case_id: int) -> Response:
    async with reading(request) as (connection, caller):
        queue = await _queue_of(request, connection, caller)
        case = await _case(connection, caller, queue, case_id)
    return answers.fragment(await _drawn(request, caller, queue, case))


async def _page(request: Request, case_id: int | None) -> Response:
    state = request.query_params.get("state", "open")
    if state not in STATES:
        raise Invalid("state", "Reports are open or decided.")
    async with reading(request) as (connection, caller):
        queue = await _queue_of(request, connection, caller)
        frame = await shell.frame(request, connection, queue.channels)
        case = None if case_id is None else await _case(connection, caller, queue, case_id)
        if case is not None and case.decided:
            state = "decided"
        rows = await _rows(request, connection, queue, state)
        shown = rows[: reports.PAGE]
        now = case_id or (shown[0]["id"] if shown and state == "open" else 0)
        if now and case is None:
            case = await _case(connection, caller, queue, now)
        count = await reports.waiting(connection, queue.ids)
    html, followed = ("", {}) if case is None else (await _drawn(request, caller, queue, case), case.channels)
    more, page = len(rows) > reports.PAGE, frame.shell("reports")
    return answers.page(
        request, "moderation/queue.html", shell=replace(page, channels={**page.channels, **followed}),
        network=queue.network, at=queue.at, state=state, items=[queue.item(row) for row in shown], count=count,
        after=_next(queue, state, shown[-1]) if more else "", listing=case_id is None, now=now,
        open_case=Markup(html),  # noqa: S704 (drawn above)
        main_channels=" ".join(queue.channels),
    )  # fmt: skip


async def _rows(request: Request, connection: Connection, queue: Queue, state: str) -> Sequence[Row]:
    if state == "decided":
        before = place_of(request, "after", tuple[datetime, int])
        return await reports.decided(connection, queue.ids, after=before, limit=reports.PAGE + 1)
    after = place_of(request, "after", tuple[bool, datetime, int])
    return await reports.queue(connection, queue.ids, after=after, limit=reports.PAGE + 1)


def _next(queue: Queue, state: str, last: Row) -> str:
    if state == "decided":
        return f"{queue.at}?state=decided&after={cursor(last['decided_at'], last['id'])}"
    return f"{queue.at}?after={cursor(*reports.place_of(last))}"


# One case -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Case:
    """A case as the caller stands to it, with what its page shows beside."""

    standing: Standing
    context: decisions.Context
    channels: Mapping[str, int]
    """What clears its words, with their cursors."""
    reasons: Sequence[str]
    post: Row | None
    """The post that it is about, as its thread shows it."""

    @property
    def decided(self) -> bool:
        """Nobody decides it any more."""
        return self.standing.row["outcome"] is not None


async def _case(connection: Connection, caller: Caller, queue: Queue, case_id: int) -> Case:
    """The case. Raises NotFound where this queue has no such case."""
    case = await decisions.standing(connection, caller, case_id)
    if not set(case.networks) & set(queue.ids):
        raise NotFound
    # What stands around the words is of the same thread or room.
    channel = f"thread:{case.row['thread_id']}" if case.noun == "post" else f"room:{case.row['room_id']}"
    # A direct conversation nobody else may follow: what is shown of it goes with the case, and there is nothing around.
    followed = [] if case.row["network_id"] is None else [channel]
    _, channels = await updates.cursors(connection, followed)
    context = await decisions.context(connection, case)
    reasons = await reports.reasons_for(connection, case.row["network_id"])
    post = await posts.current(connection, case.object_id) if case.noun == "post" and context.versions else None
    return Case(case, context, channels, reasons, post)


async def _drawn(request: Request, caller: Caller, queue: Queue, case: Case) -> str:
    """The case as html; called while no connection is held, since earlier versions are rendered anew."""
    site, found, row = site_of(request), case.context, case.standing.row
    return site.views.page(
        "moderation/_case.html", channels=case.channels, me=caller.member, c=row, slug=queue.slug_of(row),
        noun=case.standing.noun, may=case.standing.may(caller), decides=case.standing.decides,
        about_me=case.standing.about_me, x=found, versions=await _versions(site.db, caller, case),
        answered=_excerpt(found.parent),
        beside={"before": _excerpt(found.before), "after": _excerpt(found.after)}, reasons=case.reasons,
        chosen=_chosen(case.reasons, row, found), hold_until=site.views.now() + holds.HOLD_FOR,
    )  # fmt: skip


def _excerpt(row: Row | None) -> str:
    if row is None or not row["html"]:
        return ""
    return text.excerpt(row["html"], EXCERPT_MAX_CHARS, row["mention_names"])


def _chosen(reasons: Sequence[str], row: Row, found: decisions.Context) -> str:
    """The reason that is marked: what most members said, or why the other side holds it; else none."""
    given = [*(row["reasons"] or ()), *([found.hold["reason"]] if found.hold else ())]
    return next((reason for reason in given if reason in reasons), "")


async def _versions(db: Database, caller: Caller, case: Case) -> Sequence[Mapping[str, Any]]:
    """The words as their readers see them: the newest as the thread shows it, earlier ones rendered anew."""
    words, post = [(each["version"], each["at"], each["body"]) for each in case.context.versions], case.post
    if post is None or post["html"] is None:
        return await draw_versions(db, caller, words)
    newest = Markup(text.expand(post["html"], post["mention_names"], post["quotes"]))  # noqa: S704 (sanitised)
    return [*await draw_versions(db, caller, words[:-1]), {"at": words[-1][1], "html": newest}]


async def permalink(request: Request) -> Response:
    """To the case in a queue of mine: a link that only its moderators can open."""
    async with reading(request) as (connection, caller):
        case_id = request.path_params["case"]
        at = address_of(await _slug(connection, caller, case_id), case_id)
    return answers.go(at)


async def _slug(connection: Connection, caller: Caller, case_id: int) -> str | None:
    case = await decisions.standing(connection, caller, case_id)
    mine = {row["id"]: row["slug"] for row in await reports.moderated(connection, caller)}
    return Queue(None, {network: mine[network] for network in case.networks}).slug_of(case.row)


def address_of(slug: str | None, case_id: int) -> str:
    """Where a case stands in the queue of a network; without one, of the administrators."""
    return f"/reports/direct/{case_id}" if slug is None else f"/networks/{slug}/reports/{case_id}"


# Acts -----------------------------------------------------------------------------------------------------------------


async def decide(request: Request) -> Response:
    """Remove it, leave it, or hold it. What would be deleted for good is asked about first, on the page of removals."""
    form = await form_of(request)
    caller = await writer_of(request, "moderate")
    decision = DECISIONS.get(form.text("act"))
    if decision is None:
        raise Invalid("act", "The decision is remove, leave or hold.")
    keep = decision != "remove" or not form.truth("purge")
    if not keep and not form.truth("sure"):
        return await _ask_first(request, caller)
    try:
        row = await decisions.decide(
            site_of(request).db, caller, request.path_params["case"], decision,
            reason=form.text("reason"), note=form.text("note"), version=form.number("version"),
            keep=keep,
        )  # fmt: skip
    except decisions.Decided as error:
        raise Conflict(decided_by(request, error.row)) from error
    return await _acted(request, caller, row, on=row["outcome"] is not None)


async def _ask_first(request: Request, caller: Caller) -> Response:
    async with reading(request) as (connection, _):
        case = await decisions.standing(connection, caller, request.path_params["case"])
    return answers.go(f"/{case.noun}s/{case.object_id}/remove?purge=yes")


def decided_by(request: Request, row: Row) -> str:
    """Who was quicker, and when."""
    views = site_of(request).views
    return words.decided_by(row, views.now(), views.zone)


async def take(request: Request) -> Response:
    """Look after it, or give it back."""
    form = await form_of(request)
    caller = await writer_of(request, "moderate")
    case_id = request.path_params["case"]
    row = await decisions.take(site_of(request).db, caller, case_id, taken=form.truth("taken"))
    return await _acted(request, caller, row)


async def note(request: Request) -> Response:
    """Leave a note for the others."""
    form = await form_of(request)
    caller = await writer_of(request, "moderate")
    row = await decisions.note(site_of(request).db, caller, request.path_params["case"], form.text("body"))
    return await _acted(request, caller, row)


async def reopen(request: Request) -> Response:
    """Take one's decision back."""
    caller = await writer_of(request, "moderate")
    row = await decisions.reopen(site_of(request).db, caller, request.path_params["case"])
    return await _acted(request, caller, row)


async def _acted(request: Request, caller: Caller, row: Row, *, on: bool = False) -> Response:
    """The case's row in the queue, as the live frame brings it; for a plain form the case, or what waits after it."""
    async with reading(request) as (connection, _):
        slug = await _slug(connection, caller, row["id"])
    html = "" if row["outcome"] is not None else site_of(request).views.case({**row, "slug": slug})  # type: ignore[dict-item]
    queue = "/reports" if slug is None else f"/networks/{slug}/reports"
    return answers.written(
        request, html, object_id=row["id"], version=row["version"],
        channel=f"moderators:{row['network_id'] or reports.ADMINISTRATORS}",
        at=queue if on else address_of(slug, row["id"]),
    )  # fmt: skip


def routes() -> list[BaseRoute]:
    """Reports, queues and cases."""
    return [
        *Reporting("post").routes(),
        *Reporting("message").routes(),
        Route("/reports", listed, methods=["GET"]),
        Route("/reports/direct/{case:id}", show_direct, methods=["GET"]),
        Route("/reports/{case:id}", permalink, methods=["GET"]),
        Route("/reports/{case:id}/decision", decide, methods=["POST"]),
        Route("/reports/{case:id}/taken", take, methods=["POST"]),
        Route("/reports/{case:id}/notes", note, methods=["POST"]),
        Route("/reports/{case:id}/reopen", reopen, methods=["POST"]),
        Route("/networks/{slug:slug}/reports", listed, methods=["GET"]),
        Route("/networks/{slug:slug}/reports/{case:id}", show, methods=["GET"]),
    ]
