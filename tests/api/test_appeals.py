"""Removals and appeals over JSON."""

from typing import Any

from tests.api.conftest import Api

WORDS = "Wilhelmina Quarrington was seen on the ward last Tuesday morning"


async def _posted(api: Api, body: str, thread: int | None = None) -> dict[str, Any]:
    ana = await api("ana")
    if thread is None:
        started = await ana.post(f"/networks/{api.world.network}/threads", json={"title": "T", "body": "Opening"})
        thread = started.json()["id"]
    answer = await ana.post(f"/threads/{thread}/posts", json={"body": body})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_removal_has_an_id_and_its_author_appeals(api: Api) -> None:
    ana, mod, lead = await api("ana"), await api("mod"), await api("lead")
    post = await _posted(api, WORDS)
    gap = (await mod.put(f"/posts/{post['id']}/removal", json={"reason": "Advertising", "note": "A note"})).json()
    told = next(each for each in (await ana.get("/me/notifications")).json()["items"] if each["kind"] == "removal")
    assert (told["removal"], told["reason"], told["note"]) == (gap["removal"], "Advertising", "A note")
    at = f"/removals/{gap['removal']}"
    mine = (await ana.get(at)).json()
    assert (mine["post"], mine["reason"], mine["removed_by"], mine["appeal"]) == (post["id"], "Advertising", None, None)
    assert "Quarrington" not in (await ana.get(at)).text
    made = await ana.post(f"{at}/appeal", json={"body": "It was none"}, headers={"Idempotency-Key": "one"})
    assert made.status_code == 201
    assert made.headers["location"] == f"/api/v1{at}"
    again = await ana.post(f"{at}/appeal", json={"body": "It was none"}, headers={"Idempotency-Key": "one"})
    assert again.json() == made.json()
    assert (await ana.post(f"{at}/appeal", json={"body": "Once more"})).status_code == 409
    appeal = made.json()["appeal"]["id"]
    for listed in (f"/networks/{api.world.network}/appeals", "/appeals"):
        assert [each["id"] for each in (await lead.get(listed)).json()["items"]] == [appeal]
    assert (await mod.get("/appeals")).json()["items"] == []
    assert (await mod.get(f"/appeals/{appeal}")).status_code == 403
    case = (await lead.get(f"/appeals/{appeal}")).json()
    assert [each["body"] for each in case["words"]] == [WORDS]
    assert [each["body"] for each in case["posts"]] == ["Opening"]
    decided = (await lead.patch(f"/appeals/{appeal}", json={"outcome": "overturned", "answer": "Sorry"})).json()
    assert (decided["outcome"], decided["words"]) == ("overturned", [])
    assert (await ana.get(f"/posts/{post['id']}")).json()["body"] == WORDS
    assert (await ana.get(at)).json()["appeal"]["answer"] == "Sorry"
    assert (await lead.patch(f"/appeals/{appeal}", json={"outcome": "upheld"})).status_code == 409
    decided_ones = await lead.get(f"/networks/{api.world.network}/appeals", params={"state": "decided"})
    assert [each["outcome"] for each in decided_ones.json()["items"]] == ["overturned"]


async def test_repeats_go_in_one_act_and_for_good(api: Api) -> None:
    mod, ana = await api("mod"), await api("ana")
    source = await _posted(api, WORDS)
    reply = await _posted(api, f"> {WORDS}\n\nNot here.", source["thread"])
    assert (await ana.patch("/me", json={"title": "Head of IT"})).status_code == 200
    found = (await mod.get(f"/posts/{source['id']}/repeats")).json()["items"]
    assert [(each["kind"], each["id"], each["chosen"]) for each in found] == [("post", reply["id"], True)]
    assert [each["author"]["title"] for each in found] == ["Head of IT"]
    gap = await mod.put(
        f"/posts/{source['id']}/removal", json={"reason": "R", "keep": False, "also_posts": [reply["id"]]}
    )
    assert gap.json()["state"] == "purged"
    assert (await ana.get(f"/posts/{reply['id']}")).json()["state"] == "purged"
    assert (await mod.delete(f"/posts/{reply['id']}/removal")).status_code == 409
    too_many = {"reason": "R", "also_posts": [reply["id"]] * 201}
    assert (await mod.put(f"/posts/{source['id']}/removal", json=too_many)).status_code == 422


async def test_all_that_a_member_wrote(api: Api) -> None:
    mod, world = await api("mod"), api.world
    post = await _posted(api, WORDS)
    at = f"/networks/{world.network}/members/{world.ana.member}/removals"
    swept = (await mod.post(at, json={"hours": 24, "reason": "Advertising"})).json()
    assert swept["posts"] == 2, "the opening one too"
    assert swept["batch"] is not None
    assert (await mod.get(f"/posts/{post['id']}")).json()["state"] == "removed"
    assert (await mod.post(at, json={"hours": 0, "reason": "Advertising"})).status_code == 422
    assert (await (await api("ben")).post(at, json={"hours": 1, "reason": "R"})).status_code == 403


async def test_how_a_network_removes(api: Api) -> None:
    lead, mod = await api("lead"), await api("mod")
    at = f"/networks/{api.world.network}/removals"
    before = (await mod.get(at)).json()
    assert (before["own_reasons"], before["names_moderators"], before["keeps_removed_days"]) == (False, False, 90)
    after = (await lead.patch(at, json={"reasons": ["Too loud"], "names_moderators": True})).json()
    assert after == {
        "reasons": ["Too loud"], "own_reasons": True, "names_moderators": True, "keeps_removed_days": 90,
    }  # fmt: skip
    assert (await mod.patch(at, json={"keeps_removed_days": 1})).status_code == 403
    # Who reports is offered them too, and hears that they have changed.
    ana, channel = await api("ana"), f"network:{await api.world.network_id()}"
    network = (await ana.get(f"/networks/{api.world.network}")).json()
    assert network["reasons"] == ["Too loud"]
    told = (await ana.get(f"/channels/{channel}/updates", params={"after": 0})).json()["items"]
    assert (told[-1]["kind"], told[-1]["seq"]) == ("network.changed", network["channels"][channel])
    await lead.patch(f"/networks/{api.world.network}", json={"visibility": "public"})
    assert "reasons" not in (await (await api()).get(f"/networks/{api.world.network}")).json()
    assert (await lead.patch(at, json={"keeps_removed_days": 0})).status_code == 422
