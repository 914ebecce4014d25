import asyncio
import contextlib
import ipaddress
import logging
import re
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Message

from forum import sessions, web
from forum.db import Database
from forum.errors import Invalid, TooMany
from forum.settings import Settings
from forum.web.context import Site
from forum.web.forms import FRAGMENT, MAX_FIELDS, Form, form_of
from forum.web.limits import LIMITS, Left, Limits, address_of
from forum.web.security import FOR_FILES, MAX_BODY_BYTES, headers_for
from realtime.together import Together
from tests.pages.conftest import Visit
from tests.pages.visitors import visiting
from tests.people import World

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin"}, 303),
        ({"origin": "http://127.0.0.1:8000"}, 303),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, 303),
        ({}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "none"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:8000"}, 403),
        ({"origin": "http://127.0.0.1:8001"}, 403),
        ({"origin": "null"}, 403),
        ({"authorization": "Basic x"}, 403),
    ],
)
async def test_a_cookie_writes_only_from_our_own_pages(
    world: World, visit: Visit, headers: dict[str, str], status: int
) -> None:
    thread = await world.thread()
    ben = await visit(world.ben)
    answer = await ben.client.post(f"/threads/{thread}/posts", content="body=hello", headers={**FORM, **headers})
    assert answer.status_code == status
    written = await world.db.pool.fetchval("SELECT count(*) FROM posts WHERE thread_id = $1", thread)
    assert written == (2 if status == 303 else 1)


async def test_signing_in_from_elsewhere_is_refused(visit: Visit) -> None:
    guest = await visit(None)
    answer = await guest.client.post("/sign-in", content="email=a&password=b", headers=FORM)
    assert answer.status_code == 403


async def test_a_token_needs_no_origin_and_the_cookie_beside_it_is_ignored(world: World, visit: Visit) -> None:
    thread = await world.thread()
    ben = await visit(world.ben)
    token = await sessions.create_token(world.db, world.ana.member)
    headers = {**FORM, "authorization": f"Bearer {token}", "accept": FRAGMENT}
    answer = await ben.client.post(f"/threads/{thread}/posts", content="body=by+token", headers=headers)
    assert answer.status_code == 201
    assert f'data-author="{world.ana.member}"' in answer.text
    wrong = await ben.client.get(f"/threads/{thread}", headers={"authorization": "Bearer nonsense"})
    assert wrong.status_code == 401


async def test_a_token_does_what_its_scopes_say(world: World, visit: Visit) -> None:
    thread = await world.thread()
    guest = await visit(None)
    reader = await sessions.create_token(world.db, world.mod.member, scopes=["read"])
    writer = await sessions.create_token(world.db, world.mod.member, scopes=["write"])
    headers = {"authorization": f"Bearer {reader}"}
    page = await guest.client.get(f"/threads/{thread}?order=tree", headers=headers)
    assert page.status_code == 403  # a page shows all that its member may see, and this one moderates
    assert "it lacks the scope moderate" in page.text
    refused = await guest.client.post(f"/threads/{thread}/posts", content="body=x", headers={**FORM, **headers})
    assert refused.status_code == 403
    headers = {"authorization": f"Bearer {writer}"}
    assert (await guest.client.get(f"/threads/{thread}?order=tree", headers=headers)).status_code == 403
    both = await sessions.create_token(world.db, world.mod.member, scopes=["read", "moderate"])
    all_of_it = await guest.client.get(f"/threads/{thread}?order=tree", headers={"authorization": f"Bearer {both}"})
    assert all_of_it.status_code == 200
    locking = await guest.client.post(f"/threads/{thread}/edit", content="act=lock", headers={**FORM, **headers})
    assert locking.status_code == 403


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("/sign-in/", "/sign-in"),
        ("/search/?q=a%26b", "/search?q=a%26b"),
        ("/no/such/", None),
        ("//x.org/", None),
    ],
)
async def test_a_slash_too_many_leads_on_to_this_site(visit: Visit, path: str, to: str | None) -> None:
    guest = await visit(None)
    request = guest.client.build_request("GET", "/", headers={"host": "elsewhere.example"})
    request.url = request.url.copy_with(raw_path=path.encode())
    answer = await guest.client.send(request)
    assert (answer.status_code, answer.headers.get("location")) == ((404, None) if to is None else (307, to))


@pytest.mark.parametrize("path", ["/", "/sign-in", "/no/such", "/static/css/forum.css", "/networks?after=x"])
async def test_every_answer_carries_the_headers(visit: Visit, path: str) -> None:
    answer = await (await visit(None)).get(path)
    headers = headers_for("http://127.0.0.1:8000")
    for name in FOR_FILES if path.startswith("/static") else headers:
        if name in headers:
            assert answer.headers[name] == headers[name]
    numbered = re.fullmatch(r"[0-9a-f]{12}", answer.headers.get("x-request-id", ""))
    assert (numbered is None) is path.startswith("/static")
    assert answer.headers["cache-control"] == ("no-cache" if path.startswith("/static") else "no-store")


def test_the_policy_allows_nothing_inline_and_https_is_kept() -> None:
    headers = headers_for("https://forum.example.org")
    assert "unsafe" not in headers["content-security-policy"]
    assert "wss://forum.example.org" in headers["content-security-policy"]
    assert "strict-transport-security" in headers
    assert "strict-transport-security" not in headers_for("http://127.0.0.1:8000")


async def test_pages_have_no_inline_script_or_style(world: World, visit: Visit) -> None:
    thread = await world.thread()
    ben = await visit(world.ben)
    for path in ("/", f"/threads/{thread}?order=tree", f"/networks/{world.network}/room", "/settings"):
        page = (await ben.get(path)).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page)


async def test_a_session_cookie_under_https_is_host_bound(app: Starlette, world: World) -> None:
    site: Site = app.state.site
    secure = replace(site, settings=replace(site.settings, base_url="https://forum.example.org"))
    assert secure.cookie == "__Host-forum"
    secured = Starlette(routes=web.routes(), middleware=web.middleware(secure.settings))
    secured.state.site = secure
    async with visiting(secured, world.ana) as ana:
        answer = await ana.post("/sign-out")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-forum=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


async def test_a_body_is_counted_while_it_comes(world: World, visit: Visit) -> None:
    thread = await world.thread()
    ben = await visit(world.ben)
    headers = {**FORM, "sec-fetch-site": "same-origin"}

    async def endless() -> AsyncIterator[bytes]:
        yield b"body=x"
        for number in range(MAX_BODY_BYTES // 65_536 + 2):
            yield b"&f%d=" % number + b"x" * 65_536

    told = await ben.client.post(f"/threads/{thread}/posts", content=b"body=" + b"x" * MAX_BODY_BYTES, headers=headers)
    untold = await ben.client.post(f"/threads/{thread}/posts", content=endless(), headers=headers)
    lying = await ben.client.post(
        f"/threads/{thread}/posts", content=b"body=x", headers={**headers, "content-length": "minus one"}
    )
    assert [told.status_code, untold.status_code, lying.status_code] == [413, 413, 413]


async def read_form(content: bytes, content_type: str = FORM["content-type"]) -> Form:
    """The form that comes in pieces of 64 KiB, as from a connection."""
    pieces = [content[at : at + 65_536] for at in range(0, len(content), 65_536)]

    async def receive() -> Message:
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    headers = [(b"content-type", content_type.encode())]
    return await form_of(Request({"type": "http", "method": "POST", "headers": headers}, receive))


async def test_a_form_is_read_as_a_browser_writes_it() -> None:
    content = b"title=Caf%C3%A9+%26+%2B&with=one&with=&&bare&body=%F0%9F%8E%89%0D%0Aa%3Db=c;d&%ff=%"
    fields = {
        "title": ["Café & +"], "with": ["one", ""], "bare": [""], "body": ["🎉\r\na=b=c;d"], "\ufffd": ["%"],
    }  # fmt: skip
    assert (await read_form(content)).fields == fields
    assert (await read_form(content, "Application/X-WWW-Form-URLencoded; charset=UTF-8")).fields == fields
    with pytest.raises(Invalid):
        await read_form(b"&".join([b"a=b"] * (MAX_FIELDS + 1)))


@pytest.mark.parametrize("piece", ["&", "a=&"])
async def test_a_form_of_the_greatest_size_holds_nobody_up(piece: str) -> None:
    content = (piece * (MAX_BODY_BYTES // len(piece))).encode()
    spent_s: list[float] = []
    for _ in range(3):
        began = time.thread_time()
        with contextlib.suppress(Invalid):
            await read_form(content)
        spent_s.append(time.thread_time() - began)
    assert min(spent_s) < 0.15


async def test_a_long_text_and_odd_characters_come_back_with_a_sentence(world: World, visit: Visit) -> None:
    thread = await world.thread()
    ben = await visit(world.ben)
    long = await ben.post(f"/threads/{thread}/posts", {"body": "word " * 8_000})
    assert long.status_code == 422
    assert "too long" in long.text
    assert "word word word" in long.text
    odd = await ben.script(f"/threads/{thread}/posts", {"body": "a\nb\0c"})
    assert odd.status_code == 422
    assert "line 2" in odd.json()["errors"]["body"]
    many = await ben.post(f"/threads/{thread}/posts", [(f"f{n}", "x") for n in range(2_000)])
    assert many.status_code == 422


async def test_a_wrong_method_says_which_are_right(visit: Visit) -> None:
    guest = await visit(None)
    answer = await guest.post("/networks/new")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD" or set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


async def test_a_path_with_more_behind_it_leads_nowhere(world: World, visit: Visit) -> None:
    thread = await world.thread()
    mod = await visit(world.mod)
    digits = str(thread).translate({ord("0") + digit: chr(0x660 + digit) for digit in range(10)})
    never = await mod.get("/threads/999999999999")
    for path in (f"/threads/{thread}", f"/networks/{world.network}", "/search", "/notifications"):
        assert (await mod.get(path)).status_code in {200, 303}, "it is there to be refused"
        for end in ("%0A", "%0A/"):
            assert (await mod.get(path + end)).status_code == 404, path + end
    assert (await mod.get(f"/threads/{digits}")).content == never.content
    split = await mod.get(f"/threads/{thread}/split?from={'9' * 5_000}")
    assert split.status_code == 200


async def test_programs_get_problems_and_people_get_pages(visit: Visit) -> None:
    guest = await visit(None)
    page = await guest.get("/threads/1000000000", accept="text/html")
    assert page.headers["content-type"].startswith("text/html")
    for accept in (FRAGMENT, "application/json"):
        answer = await guest.get("/threads/1000000000", accept=accept)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == 404
    assert (await guest.get("/api/nothing")).headers["content-type"] == "application/problem+json"


async def test_what_breaks_is_told_without_values(app: Starlette, caplog: pytest.LogCaptureFixture) -> None:
    async def breaks(request: Request) -> PlainTextResponse:
        raise KeyError("a secret value")

    async def away(request: Request) -> PlainTextResponse:
        raise ConnectionRefusedError("no database")

    site: Site = app.state.site
    broken = Starlette(
        routes=[Route("/breaks/{what}", breaks), Route("/away", away)], middleware=web.middleware(site.settings)
    )
    broken.state.site = site
    async with visiting(broken) as guest:
        with caplog.at_level(logging.INFO, logger="forum"):
            answer = await guest.get("/breaks/secret-path")
            gone = await guest.get("/away")
    assert answer.status_code == 500
    assert "Something broke on our side. Your text is safe." in answer.text
    assert "secret" not in answer.text
    assert gone.status_code == 503
    assert gone.headers["retry-after"] == "2"
    lines = [record.getMessage() for record in caplog.records if record.name == "forum.web.request_log"]
    assert re.search(r" GET /breaks/\{what\} 500 [\d.]+ ms$", lines[0])
    assert not any("secret" in record.getMessage() for record in caplog.records)


async def test_the_log_names_the_route_that_answered(visit: Visit, caplog: pytest.LogCaptureFixture) -> None:
    guest = await visit(None)
    with caplog.at_level(logging.INFO, logger="forum.web.request_log"):
        await guest.get("/threads/987654321")
        await guest.get("/networks")
        await guest.get("/no-such-word")
    said = [record.getMessage().split()[1:4] for record in caplog.records if record.name == "forum.web.request_log"]
    assert said == [["GET", "/threads/{thread:id}", "404"], ["GET", "/networks", "200"], ["GET", "-", "404"]]


async def test_what_is_fetched_at_every_turn_is_not_in_the_log(visit: Visit, caplog: pytest.LogCaptureFixture) -> None:
    guest = await visit(None)
    with caplog.at_level(logging.INFO, logger="forum.web.request_log"):
        assert (await guest.get("/static/css/forum.css")).status_code == 200
        assert (await guest.get("/static/nothing.css")).status_code == 404
    said = [record.getMessage().split()[1:4] for record in caplog.records if record.name == "forum.web.request_log"]
    assert said == [["GET", "/static/{path:path}", "404"]]


async def test_a_page_without_its_database_is_a_503(settings: Settings, app: Starlette) -> None:
    site: Site = app.state.site
    db = Database("postgresql://127.0.0.1:1/none", pool_size=2)
    lost = Starlette(routes=web.routes(), middleware=web.middleware(settings))
    lost.state.site = replace(site, db=db)
    db._pool = await asyncpg.create_pool(settings.database_url, min_size=0, max_size=1)
    await db.pool.close()
    async with visiting(lost) as guest:
        answer = await guest.get("/networks")
        asset = await guest.get("/static/css/forum.css")
    assert answer.status_code == 503
    assert "Please try again in a minute." in answer.text
    assert asset.status_code == 200


async def test_static_files_are_kept_for_ever_by_their_version(app: Starlette, visit: Visit) -> None:
    guest = await visit(None)
    address = app.state.site.views.assets.address("css/forum.css")
    kept = await guest.get(address)
    assert "immutable" in kept.headers["cache-control"]
    assert "etag" not in kept.headers
    asked = await guest.get("/static/css/forum.css")
    assert asked.headers["cache-control"] == "no-cache"
    again = await guest.get("/static/css/forum.css", **{"if-none-match": asked.headers["etag"]})
    assert again.status_code == 304
    assert (await guest.get("/static/nothing.css")).status_code == 404
    assert (await guest.get("/static/../forum/app.py")).status_code == 404


async def test_using_a_session_is_noted_once_a_minute(world: World, visit: Visit, app: Starlette) -> None:
    ana = await visit(world.ana)
    await world.db.pool.execute(
        "UPDATE sessions SET seen_at = now() - interval '5 minutes' WHERE member_id = $1", world.ana.member
    )
    await ana.get("/settings")
    await app.state.site.settle()
    noted = "SELECT seen_at > now() - interval '1 minute' FROM sessions WHERE member_id = $1"
    assert await world.db.pool.fetchval(noted, world.ana.member)


# Limits


@pytest.fixture(params=["redis", "in the process", "redis away"])
async def limits(request: pytest.FixtureRequest, redis_url: str) -> AsyncIterator[Limits]:
    url = {"redis": redis_url, "in the process": None, "redis away": "redis://127.0.0.1:1/0"}[request.param]
    limits = Limits(url, "a secret of these tests", scale=0.2)
    yield limits
    await limits.close()


async def test_an_account_has_a_limit_of_its_own(limits: Limits, world: World) -> None:
    allowed = round(LIMITS["sign_in"].account.amount * 0.2)  # type: ignore[union-attr]
    for _ in range(allowed):
        await limits.count("sign_in", account=f"ana {world.tag}", address="192.0.2.1")
    with pytest.raises(TooMany) as told:
        await limits.count("sign_in", account=f"ANA {world.tag} ", address="192.0.2.1")
    assert 0 < told.value.retry_after_s <= 600
    await limits.count("sign_in", account=f"ben {world.tag}", address="192.0.2.1")
    await limits.forgive("sign_in", f"ana {world.tag}")
    await limits.count("sign_in", account=f"ana {world.tag}", address="192.0.2.1")


async def test_spellings_that_the_database_takes_for_one_address_have_one_limit(limits: Limits, world: World) -> None:
    spellings = [f"{name}-{world.tag}@x" for name in ("priya", "pr\u0130ya", "PRIYA", "Pr\u0130Ya")]
    same = "SELECT count(DISTINCT each::citext) FROM unnest($1::text[]) each"
    assert await world.db.pool.fetchval(same, spellings) == 1
    allowed = round(LIMITS["sign_in"].account.amount * 0.2)  # type: ignore[union-attr]
    for spelling in spellings[:allowed]:
        await limits.count("sign_in", account=spelling, address="192.0.2.1")
    for spelling in spellings:
        with pytest.raises(TooMany):
            await limits.count("sign_in", account=spelling, address="192.0.2.1")


async def test_an_address_has_a_generous_one(limits: Limits, world: World) -> None:
    allowed = round(LIMITS["account"].address.amount * 0.2)
    for number in range(allowed):
        await limits.count("account", account=f"{number} {world.tag}", address=world.tag)
    with pytest.raises(TooMany):
        await limits.count("account", account=f"another {world.tag}", address=world.tag)


async def test_what_comes_at_once_is_counted_one_by_one(redis_url: str, world: World) -> None:
    here, there = (Limits(redis_url, "a secret of these tests", scale=0.1) for _ in range(2))
    allowed = round(LIMITS["start"].account.amount * 0.1)  # type: ignore[union-attr]
    asked = [each.count("start", account=world.ana.member, address=world.tag) for each in (here, there) * allowed]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    counted = [answer for answer in answers if not isinstance(answer, BaseException)]
    assert sorted(left.remaining for left in counted) == list(range(allowed))
    assert sum(isinstance(answer, TooMany) for answer in answers) == allowed
    for each in (here, there):
        await each.close()


@pytest_asyncio.fixture
async def gathering(redis_url: str) -> AsyncIterator[Limits]:
    """Limits as a web process has them: what comes at once is counted together."""
    limits = Limits(redis_url, "a secret of these tests", scale=0.1, gather=Together)
    yield limits
    await limits.close()


async def test_acts_that_are_counted_together_are_counted_one_by_one(gathering: Limits, world: World) -> None:
    allowed = round(LIMITS["start"].account.amount * 0.1)  # type: ignore[union-attr]
    members = [world.ana.member] * (allowed + 3) + [world.ben.member] * 2
    answers = await asyncio.gather(
        *(gathering.count("start", account=member, address=world.tag) for member in members), return_exceptions=True
    )
    left = [each.remaining if isinstance(each, Left) else None for each in answers]
    assert left == [*range(allowed - 1, -1, -1), None, None, None, allowed - 1, allowed - 2]
    # What was past the account's limit was not counted against the address's.
    guest = await gathering.count("start", account=None, address=world.tag)
    assert guest.remaining == guest.quota - (allowed + 2) - 1


async def test_what_is_left_is_told(limits: Limits, world: World) -> None:
    first, second = [await limits.count("start", account=world.ana.member, address=world.tag) for _ in range(2)]
    quota = round(LIMITS["start"].account.amount * 0.2)  # type: ignore[union-attr]
    assert (first.name, first.quota, first.window_s) == ("start", quota, 60)
    assert (first.remaining, second.remaining) == (quota - 1, quota - 2)
    assert 0 < second.reset_s <= 60
    guest = await limits.count("search", account=None, address=world.tag)
    assert guest.name == "search-address"
    # Nobody learns from it whether somebody signs in.
    assert (await limits.count("sign_in", account=f"ana {world.tag}", address=world.tag)).name == "sign_in-address"


async def test_what_is_left_goes_with_every_answer(world: World, visit: Visit) -> None:
    ana, thread = await visit(world.ana), await world.thread()
    posted = await ana.post(f"/threads/{thread}/posts", {"body": "One"})
    assert re.fullmatch(r'"write";r=\d+;t=\d+', posted.headers["ratelimit"])
    assert re.fullmatch(r'"write";q=\d+;w=60', posted.headers["ratelimit-policy"])
    refused = await ana.post(f"/threads/{thread}/posts", {"body": ""})
    assert refused.status_code == 422
    assert "ratelimit" in refused.headers
    assert "ratelimit" not in (await ana.get(f"/threads/{thread}?order=time")).headers


PROXIES = (ipaddress.ip_network("10.0.0.0/8"),)


@pytest.mark.parametrize(
    ("client", "forwarded", "address"),
    [
        ("192.0.2.7", "198.51.100.1", "192.0.2.7"),  # nobody's proxy: what it says does not count
        ("10.1.1.1", "198.51.100.1", "198.51.100.1"),
        ("10.1.1.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"),
        ("10.1.1.1", "198.51.100.1, 10.2.2.2", "198.51.100.1"),
        ("10.1.1.1", "198.51.100.1, nonsense", "10.1.1.1"),
        ("10.1.1.1", "", "10.1.1.1"),
        ("2001:db8:1:2:3::4", "", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "", "192.0.2.7"),
    ],
)
def test_whose_address_counts(client: str, forwarded: str, address: str) -> None:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    request = Request({"type": "http", "client": (client, 5), "headers": headers})
    assert address_of(request, PROXIES) == address
