"""Who may do what: every route × every role, and what may not be seen answers as if it never was.

The table is tests/trust/routes.py. A route of the router that the table lacks fails, and so does a line in which nobody
is let through: a refusal proves something only where the thing exists.
"""

import asyncio
import json
from typing import Any

import httpx
import pytest
import pytest_asyncio
import websockets
from websockets.typing import Origin, Subprotocol

from forum.db import Database
from tests.running import RunningSite
from tests.trust.asking import Asking, route_of, routes_of, told
from tests.trust.house import NEVER, ROLES, House
from tests.trust.routes import FOLLOW, TABLE, Row

pytestmark = pytest.mark.long

OUTSIDE = ("guest", "eve", "max")
"""Who is in neither the private network nor the hidden one."""
TRIES = 3
PATIENCE_S = 20.0


@pytest_asyncio.fixture(scope="module")
async def house(db: Database, site: RunningSite) -> House:
    return await House.build(db)


@pytest.fixture(scope="module")
def browsers(site: RunningSite, house: House) -> dict[str, Asking]:
    return {role: Asking(site, house, role) for role in ROLES}


async def test_every_route_has_a_line(site: RunningSite, house: House) -> None:
    lines = {route_of(site, row, house) for row in TABLE} | {("FOLLOW", "/live")}
    assert not routes_of(site) - lines


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.method} {row.path} {row.act}".rstrip())
async def test_each_role_is_answered_as_the_table_says(row: Row, browsers: dict[str, Asking]) -> None:
    answered = {}
    for role, browser in browsers.items():
        answer = await browser.ask(row)
        answered[role] = answer.status_code
        if answer.status_code == 404 or (answer.status_code == 401 and not row.about_public):
            await _assert_never_was(browser, row, answer)
    assert answered == dict(zip(ROLES, row.answers, strict=True))
    assert any(status < 400 for status in answered.values()), "nobody is let through: this proves nothing"


@pytest.mark.parametrize(
    "row", [row for row in TABLE if "{net}" in row.path], ids=lambda row: f"{row.method} {row.path} {row.act}".rstrip()
)
async def test_a_network_that_is_not_listed_never_was(row: Row, browsers: dict[str, Asking]) -> None:
    for role in OUTSIDE:
        answer = await browsers[role].ask(row, hidden=True)
        await _assert_never_was(browsers[role], row, answer, hidden=True)


async def _assert_never_was(browser: Asking, row: Row, answer: httpx.Response, *, hidden: bool = False) -> None:
    """The answer has the bytes of the one about what never was. The page around it may tell of news: then once more."""
    for _ in range(TRIES):
        never = await browser.ask_for_what_never_was(row)
        if told(never) == told(answer):
            return
        answer = await browser.ask(row, hidden=hidden)
    assert told(answer) == told(never)


FOR_FEW = [
    row for row in TABLE if row.method == "GET" and 200 not in row.answers[:5] and 200 in row.answers[5:]
]  # fmt: skip
"""What only moderators, leads or administrators read."""


@pytest.mark.parametrize("row", FOR_FEW, ids=lambda row: f"{row.path} {row.act}".rstrip())
async def test_what_moderators_read_needs_the_scope(row: Row, site: RunningSite, house: House) -> None:
    """In whatever way a token asks: a page is no way around what the API refuses."""
    answered = dict(zip(ROLES, row.answers, strict=True))
    for role in ("mod", "lead", "admin"):
        if answered[role] == 200:
            answer = await Asking(site, house, role, ["read", "write"]).ask(row)
            assert answer.status_code == 403, role
            assert "it lacks the scope moderate" in answer.text


async def test_what_moderators_follow_needs_the_scope(site: RunningSite, house: House) -> None:
    channel = await house.fill("moderators:{net_id}")
    for scopes, heard in ((["read", "write"], "error"), (["read", "moderate"], "following")):
        token = await house.session("mod", scopes)
        (said,) = await _follow(site, None, [channel], {"authorization": f"Bearer {token}"})
        assert said["type"] == heard
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=site.app), base_url=site.url, headers={"authorization": f"Bearer {token}"}
        ) as client:
            catch_up = await client.get(f"/api/v1/channels/{channel}/updates", params={"after": 0})
            assert catch_up.status_code == (200 if "moderate" in scopes else 403)


async def test_what_may_be_followed(site: RunningSite, house: House) -> None:
    for line, allowed in FOLLOW:
        channel = await house.fill(line)
        never = f"{channel.partition(':')[0]}:{NEVER}"
        followers = []
        for role in ROLES:
            first, second = await _follow(site, await house.session(role), [channel, never])
            assert second == {"type": "error", "code": "not_found", "detail": "no such channel", "channel": never}
            if first["type"] != "error":
                followers.append(role)
            else:
                assert json.dumps(first).replace(channel, never) == json.dumps(second)
        assert followers == allowed.split(), line


async def _follow(
    site: RunningSite, token: str | None, channels: list[str], headers: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    """What a socket is told of each of these channels, followed from their beginning: a reset where that is too far."""
    headers = headers or ({} if token is None else {"cookie": f"forum={token}"})
    async with websockets.connect(
        site.url.replace("http", "ws") + "/live",
        origin=Origin(site.url),
        subprotocols=[Subprotocol("forum.v1.json")],
        additional_headers=headers,
    ) as screen:
        said: dict[str, dict[str, Any]] = {}
        for channel in channels:
            await screen.send(json.dumps({"type": "follow", "channel": channel, "after": 0}))
            while channel not in said:
                async with asyncio.timeout(PATIENCE_S):
                    frame = json.loads(await screen.recv())
                if frame["type"] in {"following", "reset", "error"}:
                    said[frame["channel"]] = frame
    return [said[channel] for channel in channels]
