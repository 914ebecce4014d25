"""What waits for the moderators of a network, how it removes, and taking away all that a member wrote there."""

from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from forum import access, appeals, holds, members, memberships, moderation_log, removal
from forum.errors import Invalid
from forum.web import answers, shell
from forum.web.context import caller_of, reading, site_of, writer_of
from forum.web.forms import Form, form_of, wants_fragment
from forum.web.networks import see

DECISIONS: Final = {"approved": True, "declined": False}
DEFAULT_HOURS: Final = 24


async def waiting(request: Request) -> Response:
    """All lists; an administrator, who moderates nothing here, sees the requests alone."""
    db, slug = site_of(request).db, request.path_params["slug"]
    caller = await caller_of(request)
    async with reading(request) as (connection, _):
        seen = await see(request, connection, caller, "requests", need="see")
    network, requests = await memberships.requests(db, caller, slug)
    waiting = await holds.waiting(db, caller, slug) if network.may_moderate else []
    ours = [row for row in waiting if row["decides_id"] == network.id]
    async with reading(request) as (connection, _):
        appealed = await appeals.waiting(connection, network.id) if network.may_moderate else []
    return seen.page(request, "networks/requests.html", requests=requests, holds=ours, appeals=appealed)


async def decide(request: Request) -> Response:
    """Let somebody in, or not."""
    form = await form_of(request)
    caller = await writer_of(request, "moderate")
    slug, request_id = request.path_params["slug"], request.path_params["request"]
    state = form.text("state")
    if state not in DECISIONS:
        raise Invalid("state", "The decision is approved or declined.")
    await memberships.decide(site_of(request).db, caller, slug, request_id, approve=DECISIONS[state])
    if not wants_fragment(request):
        return answers.go(f"/networks/{slug}/requests")
    answer = answers.fragment("")
    answer.headers["Forum-Id"] = str(request_id)
    return answer


async def ways_page(request: Request) -> Response:
    """How the network removes: its reasons, whether it names its moderators, how long it keeps words."""
    return await _ways_page(request)


async def _ways_page(request: Request, form: Form | None = None, error: Invalid | None = None) -> Response:
    async with reading(request) as (connection, caller):
        frame = await shell.frame(request, connection)
        network = await access.require_network(connection, caller, request.path_params["slug"], "run")
    values = {
        "reasons": "\n".join(removal.reasons_of(network.row)),
        "names_moderators": network.row["names_moderators"],
        "keeps_removed_days": network.row["keeps_removed_days"],
    }
    if form is not None:
        values = {
            "reasons": form.text("reasons"),
            "names_moderators": form.truth("names_moderators"),
            "keeps_removed_days": form.text("keeps_removed_days"),
        }
    return answers.page(
        request, "networks/removals.html", status=200 if error is None else error.status,
        shell=frame.shell(f"network:{network.id}"), network=network, values=values,
        saved=request.query_params.get("saved") == "yes",
        errors={} if error is None else error.errors, max_reasons=removal.MAX_REASONS, max_days=removal.MAX_KEPT_DAYS,
    )  # fmt: skip


async def settle_ways(request: Request) -> Response:
    """Change how the network removes."""
    form = await form_of(request)
    caller = await writer_of(request, "moderate")
    slug: str = request.path_params["slug"]
    reasons = [line.strip() for line in form.text("reasons").splitlines() if line.strip()]
    try:
        await removal.settle(
            site_of(request).db,
            caller,
            slug,
            # What all begin with is not kept as a list of its own: it may be improved for all.
            reasons=[] if tuple(reasons) == removal.REASONS else reasons,
            names_moderators=form.truth("names_moderators"),
            keeps_removed_days=form.number("keeps_removed_days") or 0,
        )
    except Invalid as error:
        return await _ways_page(request, form, error)
    return answers.go(f"/networks/{slug}/removals?saved=yes")


async def sweep_page(request: Request) -> Response:
    """Asks first: since when, and why."""
    return await _sweep_page(request)


async def _sweep_page(
    request: Request, form: Form | None = None, error: Invalid | None = None, swept: removal.Swept | None = None
) -> Response:
    member_id: int = request.path_params["member"]
    async with reading(request) as (connection, caller):
        frame = await shell.frame(request, connection)
        network = await access.require_network(connection, caller, request.path_params["slug"], "moderate")
        member, _ = await members.profile(connection, caller, member_id)
    given = form or Form({})
    return answers.page(
        request, "members/removals.html", status=200 if error is None else error.status,
        shell=frame.shell(f"network:{network.id}"), network=network, member=member, swept=swept,
        reasons=removal.reasons_of(network.row), hours=given.number("hours") or DEFAULT_HOURS,
        reason=given.text("reason"), note=given.text("note"), purge=given.truth("purge"),
        errors={} if error is None else error.errors, max_note_bytes=moderation_log.NOTE_MAX_BYTES,
    )  # fmt: skip


async def sweep(request: Request) -> Response:
    """Take away all that a member wrote in the last hours."""
    form = await form_of(request)
    caller = await writer_of(request, "moderate")
    try:
        swept = await removal.remove_written_by(
            site_of(request).db, caller, request.path_params["slug"], request.path_params["member"],
            hours=form.number("hours") or 0, reason=form.text("reason"), note=form.text("note"),
            keep=not form.truth("purge"),
        )  # fmt: skip
    except Invalid as error:
        return await _sweep_page(request, form, error)
    return await _sweep_page(request, swept=swept)


async def restore_together(request: Request) -> Response:
    """Bring back all that went in one act; on to the log of the network whose page asked."""
    form = await form_of(request)
    caller = await writer_of(request, "moderate")
    await removal.restore_together(site_of(request).db, caller, request.path_params["removal"])
    network = quote(form.text("network"), safe="")
    return answers.done(request, f"/networks/{network}/log" if network else "/")


def routes() -> list[BaseRoute]:
    """Requests and holds, removals."""
    return [
        Route("/networks/{slug:slug}/removals", ways_page, methods=["GET"]),
        Route("/networks/{slug:slug}/removals", settle_ways, methods=["POST"]),
        Route("/networks/{slug:slug}/people/{member:id}/removals", sweep_page, methods=["GET"]),
        Route("/networks/{slug:slug}/people/{member:id}/removals", sweep, methods=["POST"]),
        Route("/removals/{removal:id}/restore", restore_together, methods=["POST"]),
        Route("/networks/{slug:slug}/requests", waiting, methods=["GET"]),
        Route("/networks/{slug:slug}/requests/{request:id}", decide, methods=["POST"]),
    ]
