"""Too long: what was written comes back with how long it may be, from every form in which somebody writes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from forum import appeals, posts, removal, reports
from forum.web.security import MAX_BODY_BYTES
from tests.pages.conftest import Visit
from tests.people import World

LONG = "many words " * 30_000
"""Ten times what a post may have, and a third of what a request may."""
MORE_POSTS = "A thread can hold more than one post."
ROOM = r"There is room for (about )?[\d,]+ characters\."
WHY = {"reason": "Advertising", "act": "leave"}


@dataclass(frozen=True)
class Form:
    """Who sends which form, what is too long in it, what helps, and what else is in it."""

    who: str
    path: str
    name: str
    advice: str
    others: Mapping[str, str] = field(default_factory=dict)


FORMS = [
    Form("ben", "/threads/{thread}/posts", "body", MORE_POSTS),
    Form("ben", "/networks/{slug}/threads", "body", MORE_POSTS, {"title": "A title"}),
    Form("ana", "/posts/{post}/edit", "body", MORE_POSTS),
    Form("ben", "/networks/{slug}/messages", "body", ROOM),
    Form("ben", "/posts/{post}/report", "note", ROOM, WHY),
    Form("mod", "/posts/{post}/remove", "note", ROOM, WHY),
    Form("mod", "/reports/{case}/decision", "note", ROOM, WHY),
    Form("mod", "/reports/{case}/notes", "body", ROOM),
    Form("mod", "/networks/{slug}/people/{ben}/removals", "note", ROOM, {**WHY, "hours": "1"}),
    Form("mod", "/networks/{slug}/people/{ben}", "note", ROOM, {**WHY, "act": "mute", "days": "7"}),
    Form("admin", "/members/{ben}/suspend", "note", ROOM, {**WHY, "days": "7"}),
    Form("eve", "/networks/{slug}/join", "body", ROOM),
    Form("ben", "/settings", "about", ROOM, {"part": "profile", "name": "Ben"}),
    Form("lead", "/networks/{slug}/settings", "about", ROOM, {"name": "A network"}),
    Form("lead", "/networks/{slug}/settings", "purpose", ROOM, {"name": "A network"}),
    Form("lead", "/networks/{slug}/removals", "reasons", ROOM, {"keeps_removed_days": "90"}),
    Form("ana", "/removals/{removal}/appeal", "body", ROOM),
    Form("lead", "/appeals/{appeal}", "answer", ROOM, {"outcome": "upheld"}),
]


@pytest_asyncio.fixture
async def places(world: World) -> Mapping[str, object]:
    """A thread with a post that was reported, one that was removed, and one whose removal was appealed against."""
    thread = await world.thread()
    post, gone, appealed = [
        int((await posts.reply(world.db, world.ana, thread, f"Reply {number}"))["id"]) for number in range(3)
    ]
    case = (await reports.report_post(world.db, world.ben, post, "Advertising"))["case_id"]
    removals = []
    for each in (gone, appealed):
        await removal.remove_post(world.db, world.mod, each, "Advertising")
        found = "SELECT id FROM removals WHERE post_id = $1"
        removals.append(int(await world.db.pool.fetchval(found, each)))
    appeal = (await appeals.make(world.db, world.ana, removals[1], "It was none"))["appeal_id"]
    return {
        "thread": thread, "post": post, "case": case, "removal": removals[0], "appeal": appeal,
        "slug": world.network, "ben": world.ben.member,
    }  # fmt: skip


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.path} {form.name}")
async def test_what_is_too_long_comes_back(
    world: World, visit: Visit, places: Mapping[str, object], form: Form
) -> None:
    visitor = await visit(getattr(world, form.who))
    answer = await visitor.post(form.path.format(**places), {**form.others, form.name: LONG})
    assert answer.status_code == 422
    assert re.search(rf"This is [\d,]+ characters too long\. {form.advice}", answer.text)
    assert LONG.strip() in answer.text
    assert (MORE_POSTS in answer.text) == (form.advice == MORE_POSTS)


async def test_past_the_bound_of_a_request_nothing_is_stored_and_that_is_said(world: World, visit: Visit) -> None:
    thread = await world.thread()
    ben = await visit(world.ben)
    whole = await ben.post(f"/threads/{thread}/posts", {"body": "x" * (MAX_BODY_BYTES - len("body="))})
    assert (whole.status_code, "x" * 1_000_000 in whole.text) == (422, True)
    refused = await ben.post(f"/threads/{thread}/posts", {"body": "x" * MAX_BODY_BYTES})
    assert refused.status_code == 413
    assert "nothing was stored. Your browser still has your text: go back to it" in refused.text
