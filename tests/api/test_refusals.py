"""Who is refused, and with which bytes: what may not be seen answers like what never was."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from starlette.applications import Starlette

from forum.api.routing import PREFIX, Endpoint
from forum.api.table import TABLE
from forum.db import Database
from forum.settings import Settings
from tests.api.conftest import Api
from tests.api.document import Document
from tests.people import make_world

pytestmark = pytest.mark.long

NEVER = 999_999_999_999
BODIES = {
    "SetRole": {"role": "member"},
    "NewThread": {"title": "T", "body": "B"},
    "ChangeThread": {"title": "T"},
    "NewPost": {"body": "B"},
    "ChangeBody": {"body": "B"},
    "NewMessage": {"body": "B"},
    "NewConversation": {"member": 1},
    "Removal": {"reason": "R"},
    "TakeAway": {"reason": "R"},
    "Sweep": {"reason": "R", "hours": 1},
    "NewAppeal": {"body": "B"},
    "DecideAppeal": {"outcome": "upheld"},
    "Decide": {"state": "approved"},
    "NewReport": {"reason": "R"},
    "NewSanction": {"reason": "R"},
    "WordsRemoval": {"reason": "R"},
    "DecideSubmission": {"decision": "approve"},
    "Newcomers": {"approves_first": 0},
    "Slow": {"seconds": 0},
    "SplitThread": {"posts": [1], "title": "T"},
    "CaseChange": {"taken": True},
}
QUERIES = {"UpdatesQuery": {"after": 0}, "SearchQuery": {"q": "x"}}


async def places(api: Api, names: Collection[str] = ()) -> dict[str, object]:
    """Names in paths, and things that are there: these alone, or where the network is one of them or none is given,
    everything that a network can have.
    """
    there = Things(api)
    return await there.of(names if names and "slug" not in names else {*there, *Things.MADE})


class Things(dict[str, object]):
    """What names in paths stand for; what has to be made for it is made when it is first asked for."""

    MADE = ("conversation", "thread", "post", "message", "report", "removal", "appeal", "submission", "invitation",
            "channel")  # fmt: skip

    def __init__(self, api: Api) -> None:
        world = api.world
        super().__init__(
            slug=world.network,
            member=world.ana.member,
            request=1,
            kind="mute",
            session=NEVER,
            token=NEVER,
            noun="about",
        )
        self._api = api
        self._network = f"/networks/{world.network}"

    async def of(self, names: Iterable[str]) -> dict[str, object]:
        """These."""
        for name in names:
            if name not in self:
                await getattr(self, f"_make_{name}")()
        return {name: self[name] for name in names}

    async def _post_as(self, who: str, path: str, **sent: object) -> Mapping[str, Any]:
        return (await (await self._api(who)).post(path, json=sent)).json()

    async def _make_thread(self) -> None:
        started = await self._post_as("ana", f"{self._network}/threads", title="T", body="B")
        self |= {"thread": started["id"], "post": started["post"]["id"], "channel": f"thread:{started['id']}"}

    _make_post = _make_channel = _make_thread

    async def _make_message(self) -> None:
        self["message"] = (await self._post_as("ana", f"{self._network}/messages", body="B"))["id"]

    async def _make_report(self) -> None:
        post = (await self.of(["post"]))["post"]
        self["report"] = (await self._post_as("mod", f"/posts/{post}/reports", reason="Advertising"))["id"]

    async def _make_removal(self) -> None:
        """A message of ana's that the lead removed, and ana's appeal: mod decides."""
        said = await self._post_as("ana", f"{self._network}/messages", body="B")
        gone = (await (await self._api("lead")).put(f"/messages/{said['id']}/removal", json={"reason": "R"})).json()
        made = await self._post_as("ana", f"/removals/{gone['removal']}/appeal", body="B")
        self |= {"removal": gone["removal"], "appeal": made["appeal"]["id"]}

    _make_appeal = _make_removal

    async def _make_submission(self) -> None:
        """A message of ben's that waits for a moderator."""
        lead = await self._api("lead")
        await lead.put(f"{self._network}/newcomers", json={"approves_first": 1})
        self["submission"] = (await self._post_as("ben", f"{self._network}/messages", body="B"))["submission"]
        await lead.put(f"{self._network}/newcomers", json={"approves_first": 0})

    async def _make_invitation(self) -> None:
        self["invitation"] = (await self._post_as("mod", f"{self._network}/invitations"))["id"]

    async def _make_conversation(self) -> None:
        self["conversation"] = (await self._post_as("ana", "/conversations", member=self._api.world.mod.member))["id"]


@dataclass(frozen=True)
class Placed:
    """A network that is not even listed, with everything in it; nothing here changes it."""

    api: Api
    there: Mapping[str, object]
    never: Mapping[str, object]


@pytest_asyncio.fixture(scope="module")
async def placed(app: Starlette, settings: Settings, document: Document, db: Database) -> AsyncIterator[Placed]:
    """One for all that is refused."""
    api = Api(app, settings.base_url, document, await make_world(db))
    there = await places(api)
    never = dict.fromkeys(there, NEVER) | {"slug": "never-was", "kind": "mute", "channel": f"thread:{NEVER}"}
    await (await api("lead")).patch(f"/networks/{api.world.network}", json={"listed": False})
    yield Placed(api, there, never)
    await api.close()


async def ask(api: Api, who: str, endpoint: Endpoint, names: Mapping[str, object], scopes: Sequence[str] = ()):
    client = await api(who, *scopes)
    body = None if endpoint.body is None else BODIES.get(endpoint.body.__name__, {})
    return await client.request(
        endpoint.method, endpoint.path.format(**names), json=body, params=QUERIES.get(endpoint.query.__name__)
    )


IN_A_PLACE = [each for each in TABLE if each.names and not {"session", "token", "member"} & set(each.names)]


@pytest.mark.parametrize("endpoint", IN_A_PLACE, ids=lambda each: f"{each.method} {each.path}")
async def test_an_unseen_thing_is_refused_like_one_that_never_was(placed: Placed, endpoint: Endpoint) -> None:
    api, there, never = placed.api, placed.there, placed.never
    if endpoint.method == "GET":
        who = "ana" if "removal" in endpoint.names else "mod"
        assert (await ask(api, who, endpoint, there)).status_code == 200, "it is there to be refused"
    unseen = await ask(api, "eve", endpoint, there)
    missing = await ask(api, "eve", endpoint, never)
    assert unseen.status_code == 404
    assert unseen.content == missing.content
    guest = await ask(api, "guest", endpoint, there)
    assert guest.status_code == (404 if endpoint.scope == "guest" else 401)
    assert guest.content == (await ask(api, "guest", endpoint, never)).content


@pytest.mark.parametrize("endpoint", TABLE, ids=lambda each: f"{each.method} {each.path}")
async def test_a_token_needs_the_scope(placed: Placed, endpoint: Endpoint) -> None:
    needed = "read" if endpoint.scope == "guest" else endpoint.scope
    lacking = [scope for scope in ("read", "write", "moderate") if scope != needed]
    if endpoint.handle.__name__ == "sign_in":
        return  # who signs in has no token yet
    answer = await ask(placed.api, "ana", endpoint, placed.there, lacking)
    assert answer.status_code == 403, answer.text
    assert f"it lacks the scope {needed}" in answer.json()["detail"]


async def test_a_made_up_token_is_no_guest(api: Api) -> None:
    async with api.client({"Authorization": "Bearer made-up"}) as client:
        answer = await client.get("/networks")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_write_without_token_and_session_is_a_guests(api: Api) -> None:
    async with api.client() as client:
        for path in (f"/networks/{api.world.network}/messages", "/conversations", "/session"):
            answer = await client.post(path, json={"body": "B"})
            assert (answer.status_code, answer.json()["title"]) == (401, "Sign in first"), path
            assert answer.headers["www-authenticate"].startswith("Bearer")
        for foreign in ("theirs=1", "forum2=1; theirs=forum=1", "forum"):
            answer = await client.post("/conversations", json={"member": 1}, headers={"Cookie": foreign})
            assert answer.status_code == 401, foreign
        client.cookies.set("forum", "somebody's")
        refused = await client.post("/conversations", json={"member": 1}, headers={"Sec-Fetch-Site": "cross-site"})
    assert refused.status_code == 403


async def test_a_public_thread_is_read_by_guests_and_its_room_is_not(api: Api) -> None:
    lead, ana, guest = await api("lead"), await api("ana"), await api()
    path = f"/networks/{api.world.network}"
    await lead.patch(path, json={"visibility": "public"})
    thread = (await ana.post(f"{path}/threads", json={"title": "For all", "body": "Hello"})).json()
    seen = (await guest.get(f"/threads/{thread['id']}")).json()
    assert (seen["unread"], seen["post"]["body"]) == (None, "Hello")
    assert [each["id"] for each in (await guest.get(f"{path}/threads")).json()["items"]] == [thread["id"]]
    assert (await guest.get(f"{path}/messages")).status_code == 404
    assert (await guest.get(path)).json()["room"] is None
    assert (await guest.post(f"/threads/{thread['id']}/posts", json={"body": "me too"})).status_code == 401


async def test_paths_that_lead_nowhere_and_wrong_methods(api: Api) -> None:
    ana = await api("ana")
    never = await ana.get(f"/threads/{NEVER}")
    there = (await ana.post(f"/networks/{api.world.network}/threads", json={"title": "T", "body": "B"})).json()["id"]
    digits = str(there).translate({ord("0") + digit: chr(0x660 + digit) for digit in range(10)})
    for path in (
        "/threads/abc", "/threads/0", "/threads/99999999999999999999", "/nowhere", "/networks/NO%00", "/me%0A",
        f"/threads/{there}%0A", f"/threads/{there}%0A/posts", f"/threads/{digits}", f"/networks/{api.world.network}%0A",
    ):  # fmt: skip
        answer = await ana.get(path)
        assert (answer.status_code, answer.content) == (404, never.content), path
    wrong = await ana.put("/me", json={})
    assert wrong.status_code == 405
    assert set(wrong.headers["allow"].replace(" ", "").split(",")) == {"GET", "HEAD", "PATCH"}
    assert wrong.json()["detail"] == f"This address does not take that method. It takes: {wrong.headers['allow']}."


def test_every_route_stands_in_the_document_once(document) -> None:
    documented = {
        (method.upper(), path) for path, operations in document.document["paths"].items() for method in operations
    }
    assert documented == {(each.method, PREFIX + each.path) for each in TABLE} | {("GET", "/api/v1/updates")}
