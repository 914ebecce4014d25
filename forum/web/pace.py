"""The pace of a network: slow mode of its room, and how much of newcomers its moderators read first."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from forum import access, newcomers, rooms
from forum.errors import Forbidden, Invalid
from forum.standing import Caller
from forum.web import answers, shell
from forum.web.context import reading, site_of, writer_of
from forum.web.forms import Form, form_of


async def show(request: Request) -> Response:
    """Both, each as far as it is mine to settle: slow mode is the moderators', newcomers whose who run the network."""
    return await _show(request)


async def _show(request: Request, error: Invalid | None = None) -> Response:
    async with reading(request) as (connection, caller):
        frame = await shell.frame(request, connection)
        network = await access.require_network(connection, caller, request.path_params["slug"], "see")
        if not network.may_moderate and not network.may_run:
            _ = caller.member
            raise Forbidden(f"Only moderators of {network.name} may do this.")
    return answers.page(
        request, "networks/pace.html", status=200 if error is None else error.status,
        shell=frame.shell(f"network:{network.id}"), network=network, slow_s=network.row["slow_s"],
        approves_first=network.row["approves_first"], may_slow=network.may_moderate, may_approve=network.may_run,
        saved=request.query_params.get("saved", ""), max_slow_s=rooms.MAX_SLOW_S, max_approved=newcomers.MAX_APPROVED,
        errors={} if error is None else error.errors,
    )  # fmt: skip


async def settle(request: Request) -> Response:
    """One of them: the button names which."""
    form = await form_of(request)
    caller = await writer_of(request, "moderate")
    try:
        await _settle(request, caller, form)
    except Invalid as error:
        return await _show(request, error)
    return answers.done(request, f"/networks/{request.path_params['slug']}/pace?saved={form.text('act')}")


async def _settle(request: Request, caller: Caller, form: Form) -> None:
    db, slug, act = site_of(request).db, request.path_params["slug"], form.text("act")
    if act == "slow":
        await rooms.slow_down(db, caller, slug, _count(form, "slow_s"))
    elif act == "newcomers":
        await newcomers.set_approved(db, caller, slug, _count(form, "approves_first"))
    else:
        raise Invalid("act", "This form has no such act.")


def _count(form: Form, name: str) -> int:
    """A whole number from 0."""
    return 0 if form.text(name).strip() in {"", "0"} else form.number(name) or 0


def routes() -> list[BaseRoute]:
    """Pace."""
    return [
        Route("/networks/{slug:slug}/pace", show, methods=["GET"]),
        Route("/networks/{slug:slug}/pace", settle, methods=["POST"]),
    ]
