"""Bad input: a clear answer, the field that it is about, and nothing stored."""

from typing import Any

import pytest

from forum.api import cursors
from tests.api.conftest import Api
from tests.api.document import Document

JSON = {"Content-Type": "application/json"}
DEEP = "[" * 100_000

THREAD_BODIES: list[tuple[str, str | bytes, int, str | None]] = [
    ("nothing", "", 422, "title"),
    ("no JSON", "{", 400, None),
    ("no UTF-8", b'{"title": "\xff"}', 400, None),
    ("brackets in brackets", DEEP, 422, "$"),
    ("not a number", '{"title": NaN}', 400, None),
    ("a list", "[]", 422, "$"),
    ("a number for a text", '{"title": 1, "body": "B"}', 422, "title"),
    ("null for a text", '{"title": "T", "body": null}', 422, "body"),
    ("an unknown field", '{"title": "T", "body": "B", "colour": "red"}', 422, "colour"),
    ("an unknown field that is no name", '{"title": "T", "body": "B", "a b\\u0000": 1}', 422, "$"),
    ("a text for a list", '{"title": "T", "body": "B", "with": "x"}', 422, "with"),
    ("no slug in a list", '{"title": "T", "body": "B", "with": ["X Y"]}', 422, "with"),
    ("a line feed behind a slug", '{"title": "T", "body": "B", "with": ["net\\n"]}', 422, "with"),
    ("NUL", '{"title": "T", "body": "a\\n\\u0000"}', 422, "body"),
    ("NUL in a title", '{"title": "\\u0000", "body": "B"}', 422, "title"),
    ("half of a surrogate pair", '{"title": "T", "body": "a\\ud800"}', 422, "body"),
    ("half of a pair in a name", '{"title": "T", "body": "B", "\\udfff": 1}', 422, "$"),
    ("nothing to see", '{"title": "T", "body": " \\u200b "}', 422, "body"),
    ("too long", '{"title": "T", "body": "' + "x" * 32_769 + '"}', 422, "body"),
    ("too many bytes", '{"title": "T", "body": "' + "é" * 20_000 + '"}', 422, "body"),
]


@pytest.mark.parametrize(("name", "body", "status", "field"), THREAD_BODIES, ids=[each[0] for each in THREAD_BODIES])
async def test_a_body_that_cannot_be_taken(
    api: Api, name: str, body: str | bytes, status: int, field: str | None
) -> None:
    ana = await api("ana")
    path = f"/networks/{api.world.network}/threads"
    answer = await ana.post(path, content=body, headers=JSON)
    assert answer.status_code == status, answer.text
    if field is not None:
        assert field in answer.json()["errors"], answer.text
    assert (await ana.get(path)).json()["items"] == []


QUERIES: list[tuple[str, dict[str, Any], str]] = [
    ("/threads", {"after": "made-up"}, "after"),
    ("/threads", {"after": "kqNsb2c"}, "after"),
    ("/threads", {"limit": 0}, "limit"),
    ("/threads", {"limit": 201}, "limit"),
    ("/threads", {"limit": "many"}, "limit"),
    ("/threads", {"limit": [1, 2]}, "limit"),
    ("/threads", {"colour": "red"}, "colour"),
    ("/threads", {"since": "yesterday"}, "since"),
    ("/threads", {"since": "2026-01-01T00:00:00"}, "since"),
    ("/threads", {"since": "0001-01-01T00:00:00+14:00"}, "since"),
    ("/messages", {"order": "sideways"}, "order"),
    ("/members", {"q": "\0"}, "q"),
    ("/threads", {"after": cursors.encode("threads", "0001-01-01T00:00:00+14:00", 1)}, "after"),
    ("/threads", {"after": cursors.encode("threads", "9999-12-31T23:59:59-14:00", 1)}, "after"),
    ("/members", {"after": cursors.encode("members", "A\0", 1)}, "after"),
    ("/members", {"after": cursors.encode("members", "A", 2**64 - 1)}, "after"),
]


@pytest.mark.parametrize(("path", "query", "field"), QUERIES, ids=[f"{path} {query}" for path, query, _ in QUERIES])
async def test_a_query_that_cannot_be_taken(api: Api, path: str, query: dict[str, Any], field: str) -> None:
    ana = await api("ana")
    answer = await ana.get(f"/networks/{api.world.network}{path}", params=query)
    assert answer.status_code == 422, answer.text
    assert list(answer.json()["errors"]) == [field]


async def test_the_longest_names_make_a_cursor_that_is_taken(api: Api) -> None:
    ana = await api("ana")
    for who, last in (("ana", "\U0001d54f"), ("ben", "\U0001d550")):
        named = await (await api(who)).patch("/me", json={"name": "\U0001d54f" * 79 + last})
        assert named.status_code == 200, named.text
    path, seen, after = f"/networks/{api.world.network}/members", [], {}
    while after is not None:
        page = (await ana.get(path, params={"limit": 1, **after})).json()
        seen += [each["member"]["id"] for each in page["items"]]
        after = None if page["next"] is None else {"after": page["next"]}
    assert len(seen) == len(set(seen)) >= 4


async def test_an_address_that_is_not_to_be_had_does_not_say_why(api: Api) -> None:
    """Neither the site's own nor that of a network which the lead does not see."""
    lead, other = await api("lead"), f"group-{api.world.tag}"
    made = {"name": "A group", "slug": other, "kind": "topic", "parent": api.world.other}
    assert (await lead.post("/networks", json=made)).status_code == 201
    await lead.patch(f"/networks/{other}", json={"listed": False})
    async with api.world.db.transaction() as tx:
        await tx.connection.execute(
            "DELETE FROM memberships m USING networks n WHERE n.id = m.network_id AND n.slug = ANY ($1)",
            [other, api.world.other],
        )
    assert (await lead.get(f"/networks/{other}")).status_code == 404
    asked = {"name": "New", "kind": "topic", "parent": api.world.network}
    answers = [await lead.post("/networks", json={**asked, "slug": slug}) for slug in (other, "new")]
    assert [each.status_code for each in answers] == [409, 409]
    said = {each.text.replace(slug, "…") for each, slug in zip(answers, (f"-{other}", "-new"), strict=True)}
    assert len(said) == 1
    assert "This address is not to be had. Choose another one, such as " in said.pop()


async def test_a_cursor_of_another_list(api: Api) -> None:
    ana = await api("ana")
    path = f"/networks/{api.world.network}"
    for number in range(2):
        await ana.post(f"{path}/messages", json={"body": str(number)})
    cursor = (await ana.get(f"{path}/messages", params={"limit": 1})).json()["next"]
    assert cursor is not None
    assert (await ana.get(f"{path}/threads", params={"after": cursor})).status_code == 422


async def test_kinds_of_content(api: Api) -> None:
    ana = await api("ana")
    path = f"/networks/{api.world.network}/threads"
    form = await ana.post(path, data={"title": "T", "body": "B"})
    assert form.status_code == 415
    assert (await ana.get(path, headers={"Accept": "text/html"})).status_code == 406
    assert (await ana.get(path, headers={"Accept": "text/html, */*;q=0.1"})).status_code == 200
    assert (await ana.get(path, headers={"Accept": "application/json"})).status_code == 200


async def test_more_than_a_megabyte(api: Api) -> None:
    ana = await api("ana")
    answer = await ana.post(
        f"/networks/{api.world.network}/threads", content=b'"' + b"x" * 1_100_000 + b'"', headers=JSON
    )
    assert answer.status_code == 413


async def test_a_body_where_none_belongs_has_the_same_bound(api: Api) -> None:
    ana = await api("ana")
    for method, path in (("GET", "/me"), ("DELETE", "/me/blocks/1"), ("GET", "/updates?after[thread:1]=0")):
        answer = await ana.request(method, path, content=b"x" * 1_100_000)
        assert answer.status_code == 413, path


async def test_a_poll_that_asks_for_nothing(api: Api) -> None:
    answer = await (await api("ana")).get("/updates")
    assert (answer.status_code, answer.json()["title"]) == (400, "Bad request")


def test_what_no_handler_hears_of_is_in_the_document_too(document: Document) -> None:
    """A request whose head is too large or too slow: tests/start/test_connections.py makes such."""
    operations = [each for path in document.document["paths"].values() for each in path.values()]
    for status in ("408", "431"):
        assert {tuple(each["responses"][status]["content"]) for each in operations} == {("text/plain; charset=utf-8",)}


@pytest.mark.parametrize("key", ["x" * 201, "tab\there", "é"])
async def test_a_key_that_can_be_none(api: Api, key: str) -> None:
    ana = await api("ana")
    answer = await ana.post(
        f"/networks/{api.world.network}/threads",
        json={"title": "T", "body": "B"},
        headers={"Idempotency-Key": key.encode()},
    )
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["Idempotency-Key"]


async def test_no_value_in_the_answer_of_broken_json(api: Api) -> None:
    ana = await api("ana")
    answer = await ana.post(
        f"/networks/{api.world.network}/threads", content='{"body": "a secret word" "more"}', headers=JSON
    )
    assert answer.status_code == 400
    assert "secret" not in answer.text
    wrong = await ana.patch("/me", json={"theme": "secret"})
    assert wrong.status_code == 422
    assert "secret" not in wrong.text


async def test_what_is_none_of_a_few_values_is_told_which_there_are(api: Api) -> None:
    admin, ana = await api("admin"), await api("ana")
    new = {"name": "Another", "slug": f"another-{api.world.tag}", "kind": "colour", "visibility": "public"}
    refused = (await admin.post("/networks", json=new)).json()
    assert refused["errors"] == {"kind": "Expected one of: national, professional, regional, topic."}
    dated = (await ana.get(f"/networks/{api.world.network}/threads", params={"since": "2026-01-01"})).json()
    assert dated["errors"] == {"since": "Expected a moment with a zone, such as 2026-11-23T09:30:00Z."}


async def test_an_observer_is_not_told_to_join(api: Api) -> None:
    thread = await api.world.thread()
    obs = await api("obs")
    for path, body in (
        (f"/threads/{thread}/posts", {"body": "Words"}),
        (f"/networks/{api.world.network}/messages", {"body": "Words"}),
        (f"/networks/{api.world.network}/threads", {"title": "Title", "body": "Words"}),
    ):
        refused = await obs.post(path, json=body)
        assert refused.status_code == 403
        sentence = f"You are an observer in Network {api.world.network}: you read along, and do not write."
        assert refused.json()["detail"] == sentence
