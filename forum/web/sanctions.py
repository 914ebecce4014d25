"""What is done to people: what was done to me, whom I block, and what administrators do to an
account: suspend it from the site, take its name or about away, make a link that sets its password.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from forum import blocks, members, sanctions, submissions, updates
from forum.errors import Invalid
from forum.web import answers, shell
from forum.web.context import counted, reading, site_of, writer_of
from forum.web.forms import Form, form_of

MAX_DAYS: Final = 3_650


def until_of(form: Form) -> datetime | None:
    """The end of a sanction, by the days that the form names; None: until it is lifted. Raises Invalid."""
    days = form.number("days")
    if days is None:
        return None
    if days > MAX_DAYS:
        raise Invalid("days", f"This is 1 to {MAX_DAYS} days.")
    return datetime.now(UTC) + timedelta(days=days)


async def mine(request: Request) -> Response:
    """What moderators did to me and to what I wrote, with reasons; what of mine waits; whom I block."""
    async with reading(request) as (connection, caller):
        _ = caller.member
        frame = await shell.frame(request, connection)
        context: Mapping[str, Any] = {
            "sanctions": await sanctions.done_to(connection, caller),
            "removals": await sanctions.removals_of(connection, caller),
            "words_removed": await sanctions.words_removed_of(connection, caller),
            "submissions": await submissions.mine(connection, caller),
            "blocked": await blocks.listed(connection, caller),
        }
    return answers.page(request, "settings/moderation.html", shell=frame.shell("settings"), **context)


async def block(request: Request) -> Response:
    """Fold what a member writes, on my screens."""
    caller = await writer_of(request, "mark")
    await blocks.block(site_of(request).db, caller, request.path_params["member"])
    return answers.done(request, f"/members/{request.path_params['member']}")


async def unblock(request: Request) -> Response:
    """Read them again."""
    caller = await writer_of(request, "mark")
    await blocks.unblock(site_of(request).db, caller, request.path_params["member"])
    return answers.done(request, f"/members/{request.path_params['member']}")


async def suspend(request: Request) -> Response:
    """Shut an account out of the site: administrators."""
    form = await form_of(request)
    caller = await writer_of(request, "moderate")
    member: int = request.path_params["member"]
    await members.suspend(
        site_of(request).db, caller, member, form.text("reason"), until=until_of(form), note=form.text("note")
    )
    return answers.done(request, f"/members/{member}")


async def reinstate(request: Request) -> Response:
    """Let it in again."""
    caller = await writer_of(request, "moderate")
    await members.reinstate(site_of(request).db, caller, request.path_params["member"])
    return answers.done(request, f"/members/{request.path_params['member']}")


async def remove_words(request: Request) -> Response:
    """Take a member's name or about away, whichever the button names: administrators."""
    form = await form_of(request)
    caller = await writer_of(request, "moderate")
    member: int = request.path_params["member"]
    await members.remove_words(
        site_of(request).db, caller, member, form.text("noun"), form.text("reason"), form.text("note")
    )
    return answers.done(request, f"/members/{member}")


async def make_link(request: Request) -> Response:
    """Make a link with which a member sets a password, shown once: administrators. Nothing keeps it, so who sends the
    form again gets another one, and the one before counts no more.
    """
    caller = await writer_of(request, "moderate")
    await counted(request, "account", caller.member_id)
    site, member = site_of(request), request.path_params["member"]
    token, expires_at = await members.one_time_link(site.db, member, by=caller)
    async with reading(request) as (connection, _):
        frame = await shell.frame(request, connection, [updates.ADMINISTRATORS])
        row = await members.current(connection, member)
    return answers.page(
        request, "members/link.html", shell=frame.shell(), member=row, expires_at=expires_at,
        link=f"{site.settings.base_url}/links/{token}",
    )  # fmt: skip


def routes() -> list[BaseRoute]:
    """Sanctions and blocks, and what else administrators do to an account."""
    return [
        Route("/settings/moderation", mine, methods=["GET"]),
        Route("/members/{member:id}/block", block, methods=["POST"]),
        Route("/members/{member:id}/unblock", unblock, methods=["POST"]),
        Route("/members/{member:id}/suspend", suspend, methods=["POST"]),
        Route("/members/{member:id}/reinstate", reinstate, methods=["POST"]),
        Route("/members/{member:id}/remove", remove_words, methods=["POST"]),
        Route("/members/{member:id}/link", make_link, methods=["POST"]),
    ]
