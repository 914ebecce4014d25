"""Networks, who belongs to them, and who I am."""

from typing import Any

import httpx

from forum import members
from tests.api.conftest import Api
from tests.people import PASSWORD


async def all_networks(client: httpx.AsyncClient, limit: int = 200) -> list[dict[str, Any]]:
    """Every network that this client sees, page by page."""
    found: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        page = (await client.get("/networks", params={"limit": limit, **after})).json()
        assert len(page["items"]) <= limit
        found += page["items"]
        if page["next"] is None:
            return found
        after = {"after": page["next"]}


async def test_a_network_as_a_member_sees_it(api: Api) -> None:
    world = api.world
    ana = await api("ana")
    network = (await ana.get(f"/networks/{world.network}")).json()
    assert network["role"] == "member"
    assert network["room"] == await world.room_id()
    assert set(network["channels"]) == {f"network:{network['id']}", f"room:{network['room']}"}
    mod = (await (await api("mod")).get(f"/networks/{world.network}")).json()
    assert f"moderators:{network['id']}" in mod["channels"]
    listed = await all_networks(ana)
    assert {each["slug"] for each in listed} >= {world.network, world.other}


async def test_from_outside_only_the_head_of_a_listed_network_is_seen(api: Api) -> None:
    eve, lead = await api("eve"), await api("lead")
    path = f"/networks/{api.world.network}"
    outside = (await eve.get(path)).json()
    assert (outside["room"], outside["role"], outside["channels"]) == (None, None, {})
    assert "about" not in outside
    assert (await eve.get(f"{path}/threads")).status_code == 403
    assert (await lead.patch(path, json={"listed": False})).json()["listed"] is False
    assert (await eve.get(path)).status_code == 404


async def test_lists_of_networks_go_on_page_by_page(api: Api) -> None:
    slugs = [each["slug"] for each in await all_networks(await api("ana"), limit=50)]
    assert len(slugs) == len(set(slugs))
    assert {api.world.network, api.world.other} <= set(slugs)


async def test_a_sub_group_does_not_name_a_parent_that_one_does_not_see(api: Api) -> None:
    world = api.world
    lead, eve = await api("lead"), await api("eve")
    group = f"group-{world.tag}"
    body = {"name": "A group", "slug": group, "kind": "topic", "parent": world.network}
    made = await lead.post("/networks", json=body, headers={"Idempotency-Key": f"k-{world.tag}"})
    assert made.status_code == 201
    assert (await lead.get(made.headers["location"].removeprefix("/api/v1"))).json()["parent"] == world.network
    again = await lead.post("/networks", json=body, headers={"Idempotency-Key": f"k-{world.tag}"})
    assert again.json()["id"] == made.json()["id"]
    await lead.put(f"/networks/{group}/members/{world.eve.member}", json={"role": "member"})
    await lead.patch(f"/networks/{world.network}", json={"listed": False})
    assert (await eve.get(f"/networks/{group}")).json()["parent"] is None
    listed = await all_networks(eve)
    assert [(each["slug"], each["parent"]) for each in listed if each["slug"] == group] == [(group, None)]


async def test_ask_decide_and_leave(api: Api) -> None:
    world = api.world
    eve, mod = await api("eve"), await api("mod")
    path = f"/networks/{world.network}"
    asked = await eve.post(f"{path}/join", json={"body": "We have just moved here."})
    assert asked.status_code == 202
    waiting = (await mod.get(f"{path}/requests")).json()["items"]
    assert [(each["id"], each["member"]["id"], each["body"]) for each in waiting] == [
        (asked.json()["id"], world.eve.member, "We have just moved here.")
    ]
    assert (await eve.get(f"{path}/requests")).status_code == 403
    decided = await mod.patch(f"{path}/requests/{asked.json()['id']}", json={"state": "approved"})
    assert decided.json()["state"] == "approved"
    assert (await eve.get(path)).json()["role"] == "member"
    assert (await eve.post(f"{path}/join")).status_code == 200
    assert (await eve.post(f"{path}/leave")).status_code == 204
    assert (await eve.get(path)).json()["role"] is None


async def test_joining_an_open_network(api: Api) -> None:
    lead, eve = await api("lead"), await api("eve")
    path = f"/networks/{api.world.network}"
    await lead.patch(path, json={"visibility": "open"})
    joined = await eve.post(f"{path}/join")
    assert (joined.status_code, joined.json()["role"]) == (200, "member")


async def test_members_by_name_found_and_given_roles(api: Api) -> None:
    world = api.world
    ana, lead = await api("ana"), await api("lead")
    path = f"/networks/{world.network}/members"
    first = (await ana.get(path, params={"limit": 2})).json()
    rest = (await ana.get(path, params={"after": first["next"]})).json()
    names = [each["member"]["name"] for each in first["items"] + rest["items"]]
    assert names == sorted(world.names[getattr(world, who).member] for who in ("ana", "ben", "obs", "mod", "lead"))
    found = (await ana.get(path, params={"q": "Ben"})).json()["items"]
    assert [each["id"] for each in found] == [world.ben.member]
    raised = await lead.put(f"{path}/{world.ben.member}", json={"role": "moderator"})
    assert raised.json()["role"] == "moderator"
    told = (await (await api("ben")).get("/me/notifications")).json()["items"]
    assert [(each["kind"], each["role"]) for each in told] == [("role", "moderator"), ("role", "member")]
    assert (await ana.put(f"{path}/{world.ben.member}", json={"role": "lead"})).status_code == 403
    assert (await lead.delete(f"{path}/{world.ben.member}")).status_code == 204
    assert (await lead.delete(f"{path}/{world.ben.member}")).status_code == 404


async def test_invitations(api: Api) -> None:
    mod = await api("mod")
    path = f"/networks/{api.world.network}/invitations"
    made = (await mod.post(path, json={"max_uses": 3})).json()
    assert made["url"].endswith(f"/invitations/{made['token']}")
    listed = (await mod.get(path)).json()["items"]
    assert [(each["id"], each["max_uses"]) for each in listed] == [(made["id"], 3)]
    assert "token" not in listed[0]
    assert (await mod.delete(f"{path}/{made['id']}")).status_code == 204
    assert (await mod.get(path)).json()["items"] == []


async def test_me_and_my_profile(api: Api) -> None:
    world = api.world
    ana, ben = await api("ana"), await api("ben")
    me = (await ana.get("/me")).json()
    assert (me["id"], me["email"]) == (world.ana.member, f"ana-{world.tag}@example.org")
    assert {place["slug"] for place in me["networks"]} == {world.network, world.other}
    changed = (await ana.patch("/me", json={"title": "Head of IT", "about": "*Hello*", "theme": "dark"})).json()
    assert (changed["title"], changed["theme"]) == ("Head of IT", "dark")
    profile = (await ben.get(f"/members/{world.ana.member}")).json()
    assert (profile["title"], profile["about"]) == ("Head of IT", "*Hello*")
    assert "<em>Hello</em>" in profile["about_html"]
    assert [place["slug"] for place in profile["networks"]] == [world.network]
    assert (await (await api()).get("/me")).status_code == 401


async def test_sign_in_with_a_password_and_sessions(api: Api) -> None:
    world = api.world
    email = f"new-{world.tag}@example.org"
    member = await _with_password(api, email)
    async with api.client() as browser:
        browser.headers["Sec-Fetch-Site"] = "same-origin"
        wrong = await browser.post("/session", json={"email": email, "password": "not at all"})
        assert wrong.status_code == 401
        signed_in = await browser.post("/session", json={"email": email, "password": PASSWORD})
        assert (signed_in.status_code, signed_in.json()["id"]) == (201, member)
        assert "HttpOnly" in signed_in.headers["set-cookie"]
        assert (await browser.get("/me")).json()["id"] == member
        (session,) = (await browser.get("/me/sessions")).json()["items"]
        assert session["current"] is True
        browser.headers["Sec-Fetch-Site"] = "cross-site"
        assert (await browser.delete("/session")).status_code == 403
        browser.headers["Sec-Fetch-Site"] = "same-origin"
        assert (await browser.delete("/session")).status_code == 204
        assert (await browser.get("/me")).status_code == 401


async def test_signing_in_too_often_is_refused_as_the_document_says(api: Api) -> None:
    wrong = {"email": f"often-{api.world.tag}@example.org", "password": "not at all"}
    guest = await api()
    tried = [(await guest.post("/session", json=wrong)).status_code for _ in range(11)]
    assert tried == [*[401] * 10, 429]


async def test_a_token_is_listed_without_its_secret_and_ends(api: Api) -> None:
    here, other = await api("ana", "read", "write"), await api("ana", "read")
    assert (await other.get("/me")).status_code == 200
    listed = (await here.get("/me/tokens")).json()["items"]
    assert {tuple(each["scopes"]): each["current"] for each in listed} == {("read",): False, ("read", "write"): True}
    ends = next(each["id"] for each in listed if not each["current"])
    assert (await (await api("ben")).delete(f"/me/tokens/{ends}")).status_code == 404
    assert (await other.delete(f"/me/tokens/{ends}")).status_code == 403
    assert (await here.delete(f"/me/tokens/{ends}")).status_code == 204
    assert (await other.get("/me")).status_code == 401
    assert (await here.delete(f"/me/tokens/{ends}")).status_code == 404


async def test_a_session_that_is_ended_from_elsewhere_counts_no_longer(api: Api) -> None:
    email = f"two-{api.world.tag}@example.org"
    await _with_password(api, email)
    async with api.client() as here, api.client() as there:
        for browser in (here, there):
            browser.headers["Sec-Fetch-Site"] = "same-origin"
            await browser.post("/session", json={"email": email, "password": PASSWORD})
        sessions = (await here.get("/me/sessions")).json()["items"]
        other = next(each["id"] for each in sessions if not each["current"])
        assert (await here.delete(f"/me/sessions/{other}")).status_code == 204
        assert (await there.get("/me")).status_code == 401
        assert (await here.get("/me")).status_code == 200


async def _with_password(api: Api, email: str) -> int:
    row = await members.add(api.world.db, email, f"Newcomer {api.world.tag}", password=PASSWORD)
    return int(row["id"])
