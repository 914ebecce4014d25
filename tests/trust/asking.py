"""One role's browser, and what it is answered: a line of the table as a request."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote

import httpx
from starlette.routing import Match, Route, WebSocketRoute

from tests.running import RunningSite
from tests.trust.house import House
from tests.trust.routes import Row

ENDS_SESSIONS = {"/sign-in", "/sign-out", "/api/v1/session", "/links/{link}", "/invitations/{token}"}
"""Where the browser that asks is another one afterwards."""
VARIES = {"date", "content-length", "set-cookie", "x-request-id", "ratelimit"}
Sent = Mapping[str, Any]


def names_in(row: Row) -> list[str]:
    """The texts of what is sent, which may name things; a list is one of ids, a tuple is one id."""
    values = (row.sent or {}).values()
    return [
        each
        for value in values
        for each in (value if isinstance(value, list | tuple) else [value])
        if isinstance(each, str)
    ]


class Asking:
    """The browser of one role: signed in until an answer ends that; or, with scopes, a program with a token."""

    def __init__(self, site: RunningSite, house: House, role: str, scopes: Sequence[str] = ()) -> None:
        self._site = site
        self._house = house
        self._role = role
        self._scopes = scopes
        self._token: str | None = None

    async def ask(self, row: Row, *, hidden: bool = False) -> httpx.Response:
        """Ask for what the line names; what an accepted act was about is spent."""
        path = await self._house.fill(row.path, role=self._role, hidden=hidden)
        sent = {
            name: await self._house.fill(value, hidden=hidden)
            if isinstance(value, str)
            else [int(await self._house.fill(each, hidden=hidden)) for each in value]
            if isinstance(value, list)
            else int(await self._house.fill(value[0], hidden=hidden))
            if isinstance(value, tuple)
            else value
            for name, value in (row.sent or {}).items()
        }
        answer = await self._send(row, path, sent)
        if row.method != "GET" and answer.status_code < 400:
            self._house.spend(row.path, *names_in(row))
            await self._house.tidy()
        return answer

    async def ask_for_what_never_was(self, row: Row) -> httpx.Response:
        """The same request about ids, slugs and tokens that never were."""
        sent = {
            name: self._house.fill_never(value)
            if isinstance(value, str)
            else [int(self._house.fill_never(each)) for each in value]
            if isinstance(value, list)
            else int(self._house.fill_never(value[0]))
            if isinstance(value, tuple)
            else value
            for name, value in (row.sent or {}).items()
        }
        return await self._send(row, self._house.fill_never(row.path), sent)

    async def _send(self, row: Row, path: str, sent: Sent) -> httpx.Response:
        headers = {"sec-fetch-site": "same-origin"}
        cookies = {}
        if self._token is None or row.path in ENDS_SESSIONS:
            self._token = await self._house.session(self._role, self._scopes)
        if self._scopes:
            headers["authorization"] = f"Bearer {self._token}"
        elif self._token is not None:
            cookies = {"forum": self._token}
        if row.path in ENDS_SESSIONS:
            self._token = None
        transport = httpx.ASGITransport(app=self._site.app, raise_app_exceptions=False)
        body: dict[str, Any] = {} if row.sent is None else {"json": sent} if row.in_api else {"data": sent}
        async with httpx.AsyncClient(transport=transport, base_url=self._site.url, cookies=cookies) as client:
            return await client.request(row.method, path, headers=headers, **body)


def told(answer: httpx.Response) -> tuple[int, dict[str, str], str]:
    """Status, headers and bytes, without what only repeats the request, and without the keys of forms."""
    said = re.sub(r'(name="key" value=")[^"]*', r"\1", answer.text)
    for path in (answer.url.raw_path.decode(), answer.url.path):
        for written in (quote(path, safe=""), quote(path), path):
            said = said.replace(written.replace("&", "&amp;"), "PATH")
    for _, value in parse_qsl(answer.request.content.decode()):
        said = said.replace(f"&#34;{value}&#34;", "SENT")
    headers = {name: value for name, value in answer.headers.items() if name not in VARIES}
    return answer.status_code, headers, said


def routes_of(site: RunningSite) -> set[tuple[str, str]]:
    """Every method and path of the router, as it spells them."""
    found = set()
    for route in site.app.routes:
        if isinstance(route, WebSocketRoute):
            found.add(("FOLLOW", route.path))
        else:
            assert isinstance(route, Route)
            found |= {(method, route.path) for method in (route.methods or ()) if method != "HEAD"}
    return found


def route_of(site: RunningSite, row: Row, house: House) -> tuple[str, str]:
    """The route that a line of the table leads to."""
    path = house.fill_never(row.path).partition("?")[0]
    for route in site.app.routes:
        if route.matches({"type": "http", "method": row.method, "path": path, "headers": []})[0] is Match.FULL:
            assert isinstance(route, Route)
            return row.method, route.path
    raise AssertionError(f"{row.method} {row.path} leads nowhere")
