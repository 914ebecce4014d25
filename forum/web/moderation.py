"""What waits for the moderators of a network: requests to join, and posts that another side holds."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from forum import holds, networks
from forum.errors import Invalid
from forum.web import answers
from forum.web.context import caller_of, reading, site_of, writer_of
from forum.web.forms import form_of, wants_fragment
from forum.web.networks import see

DECISIONS: Final = {"approved": True, "declined": False}


async def waiting(request: Request) -> Response:
    """Both lists; an administrator, who moderates nothing here, sees the requests alone."""
    db, slug = site_of(request).db, request.path_params["slug"]
    caller = await caller_of(request)
    async with reading(request) as (connection, _):
        seen = await see(request, connection, caller, "requests", need="see", moderators=True)
    network, requests = await networks.requests(db, caller, slug)
    waiting = await holds.waiting(db, caller, slug) if network.may_moderate else []
    ours = [row for row in waiting if row["decides_id"] == network.id]
    return seen.page(request, "networks/requests.html", requests=requests, holds=ours)


async def decide(request: Request) -> Response:
    """Let somebody in, or not."""
    form = await form_of(request)
    caller = await writer_of(request, "moderate")
    slug, request_id = request.path_params["slug"], request.path_params["request"]
    state = form.text("state")
    if state not in DECISIONS:
        raise Invalid("state", "The decision is approved or declined.")
    await networks.decide(site_of(request).db, caller, slug, request_id, approve=DECISIONS[state])
    if not wants_fragment(request):
        return answers.go(f"/networks/{slug}/requests")
    answer = answers.fragment("")
    answer.headers["Forum-Id"] = str(request_id)
    return answer


def routes() -> list[BaseRoute]:
    """Requests and holds."""
    return [
        Route("/networks/{slug:slug}/requests", waiting, methods=["GET"]),
        Route("/networks/{slug:slug}/requests/{request:id}", decide, methods=["POST"]),
    ]
