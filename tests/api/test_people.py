"""What is done to people over JSON: sanctions, newcomers' submissions, slow mode, blocks; and what was done to me."""

from datetime import UTC, datetime, timedelta

from tests.api.conftest import Api

WHY = {"reason": "Rude", "note": "Twice this week"}


async def test_a_mute_is_imposed_listed_told_and_lifted(api: Api) -> None:
    mod, ben, ana = await api("mod"), await api("ben"), await api("ana")
    network, member = api.world.network, api.world.ben.member
    path = f"/networks/{network}/members/{member}/sanctions/mute"
    until = (datetime.now(UTC) + timedelta(days=7)).isoformat()
    assert (await ben.put(path, json=WHY)).status_code == 403
    imposed = await mod.put(path, json={**WHY, "until": until})
    assert (imposed.status_code, imposed.json()["kind"], imposed.json()["by"]["id"]) == (
        200,
        "mute",
        api.world.mod.member,
    )
    assert (await mod.put(path, json=WHY)).status_code == 409
    refused = await ben.post(f"/networks/{network}/messages", json={"body": "No"})
    assert refused.status_code == 403
    assert "Reason: Rude." in refused.json()["detail"]
    assert (await ben.patch("/me", json={"title": "Head of IT"})).status_code == 200
    assert (await mod.patch("/me", json={"organisation": "St Elsewhere"})).status_code == 200
    listed = (await mod.get(f"/networks/{network}/sanctions")).json()["items"]
    assert [(each["member"]["id"], each["note"]) for each in listed] == [(member, "Twice this week")]
    assert (listed[0]["member"]["title"], listed[0]["by"]["organisation"]) == ("Head of IT", "St Elsewhere")
    assert (await ana.get(f"/networks/{network}/sanctions")).status_code == 403
    # Who did it is told only where the network names its moderators.
    mine = (await ben.get("/me/moderation")).json()
    assert [(each["kind"], each["reason"], each["by"]) for each in mine["sanctions"]] == [("mute", "Rude", None)]
    assert (await ana.get("/me/moderation")).json() == {
        "sanctions": [], "removals": [], "words_removed": [], "submissions": []
    }  # fmt: skip
    assert (await mod.delete(path)).status_code == 204
    assert (await ben.post(f"/networks/{network}/messages", json={"body": "Yes"})).status_code == 201
    told = (await ben.get("/me/notifications")).json()["items"]
    assert [each["kind"] for each in told[:2]] == ["sanction_ended", "mute"]
    assert (await mod.put(f"/networks/{network}/members/{member}/sanctions/flogging", json=WHY)).status_code == 404


async def test_who_is_muted_brings_nothing_of_theirs_back(api: Api) -> None:
    mod, ben = await api("mod"), await api("ben")
    network = api.world.network
    thread = await api.world.thread()
    written = [
        f"/posts/{(await ben.post(f'/threads/{thread}/posts', json={'body': 'Written'})).json()['id']}",
        f"/messages/{(await ben.post(f'/networks/{network}/messages', json={'body': 'Said'})).json()['id']}",
    ]
    mute = f"/networks/{network}/members/{api.world.ben.member}/sanctions/mute"
    assert (await mod.put(mute, json=WHY)).status_code == 200
    for path in written:
        assert (await ben.delete(path)).status_code == 200
        refused = await ben.delete(f"{path}/withdrawal")
        assert (refused.status_code, "has muted you" in refused.json()["detail"]) == (403, True)
    assert (await mod.delete(mute)).status_code == 204
    for path in written:
        assert (await ben.delete(f"{path}/withdrawal")).status_code == 200


async def test_who_has_left_brings_nothing_of_theirs_back(api: Api) -> None:
    lead, ben = await api("lead"), await api("ben")
    network = api.world.network
    assert (await lead.patch(f"/networks/{network}", json={"visibility": "public"})).status_code == 200
    thread = (await ben.post(f"/networks/{network}/threads", json={"title": "T", "body": "Written"})).json()
    said = (await ben.post(f"/networks/{network}/messages", json={"body": "Said"})).json()
    written = [f"/posts/{thread['post']['id']}", f"/messages/{said['id']}"]
    for path in written:
        assert (await ben.delete(path)).status_code == 200
    assert (await ben.post(f"/networks/{network}/leave")).status_code == 204
    for path in written:
        assert (await ben.get(path)).status_code == 200
        assert (await ben.delete(f"{path}/withdrawal")).status_code == 403
    assert (await ben.post(f"/networks/{network}/join")).status_code in {200, 204}
    for path in written:
        assert (await ben.delete(f"{path}/withdrawal")).status_code == 200


async def test_an_account_is_suspended_and_let_in_again(api: Api) -> None:
    admin, ben = await api("admin"), await api("ben")
    path = f"/members/{api.world.ben.member}/suspension"
    assert (await ben.put(f"/members/{api.world.ana.member}/suspension", json=WHY)).status_code == 403
    assert (await admin.put(path, json=WHY)).status_code == 204
    assert (await ben.get("/me")).status_code == 401
    assert (await admin.delete(path)).status_code == 204
    assert (await ben.get("/me")).status_code == 200


async def test_of_a_suspended_account_a_profile_has_the_name_and_nothing_else(api: Api) -> None:
    admin, ana, ben = await api("admin"), await api("ana"), await api("ben")
    member = api.world.ben.member
    await ben.patch("/me", json={"title": "Head of IT", "about": "I like trains"})
    before = (await ana.get(f"/members/{member}")).json()
    await admin.put(f"/members/{member}/suspension", json=WHY)
    assert (await ana.get(f"/members/{member}")).json() == {
        "id": member, "name": before["name"], "title": "", "organisation": "", "region": "",
        "version": before["version"], "active": False, "about": "", "about_html": "", "networks": [],
        "created_at": None,
    }  # fmt: skip
    assert (await admin.get(f"/members/{member}")).json() == {**before, "active": False, "networks": []}
    assert (await (await api()).get(f"/members/{member}")).status_code == 401
    await admin.delete(f"/members/{member}/suspension")
    assert (await ana.get(f"/members/{member}")).json() == before
    assert before["active"] is True


async def test_newcomers_wait_and_are_approved(api: Api) -> None:
    lead, mod, ben, ana = await api("lead"), await api("mod"), await api("ben"), await api("ana")
    network = api.world.network
    opened = (await mod.post(f"/networks/{network}/threads", json={"title": "T", "body": "Opening"})).json()
    assert (await lead.put(f"/networks/{network}/newcomers", json={"approves_first": 3})).status_code == 204
    assert (await ben.get(f"/networks/{network}")).json()["approves_first"] == 3
    waits = [
        await ben.post(f"/threads/{opened['id']}/posts", json={"body": "One"}),
        await ben.post(f"/networks/{network}/messages", json={"body": "Two"}),
        await ben.post(f"/networks/{network}/threads", json={"title": "A question", "body": "Three"}),
    ]
    assert [each.status_code for each in waits] == [202] * 3
    ids = [each.json()["submission"] for each in waits]
    listed = (await mod.get(f"/networks/{network}/submissions")).json()
    assert [(each["id"], each["kind"], each["body"]) for each in listed["items"]] == [
        (ids[0], "post", "One"), (ids[1], "message", "Two"), (ids[2], "thread", "Three"),
    ]  # fmt: skip
    assert (await ana.get(f"/submissions/{ids[0]}")).status_code == 404
    assert (await ben.patch(f"/submissions/{ids[0]}", json={"decision": "approve"})).status_code == 403
    for one in ids[:2]:
        approved = (await mod.patch(f"/submissions/{one}", json={"decision": "approve"})).json()
        assert (approved["outcome"], approved["body"]) == ("approved", None)
    assert (await mod.patch(f"/submissions/{ids[2]}", json={"decision": "decline"})).status_code == 422
    declined = (await mod.patch(f"/submissions/{ids[2]}", json={"decision": "decline", **WHY})).json()
    assert (declined["outcome"], declined["title"], declined["reason"]) == ("declined", None, "Rude")
    made = (await ben.get(f"/submissions/{ids[0]}")).json()["made"]
    assert (await ana.get(f"/posts/{made}")).json()["author"]["id"] == api.world.ben.member
    again = await ben.post(f"/networks/{network}/messages", json={"body": "Four"})
    assert (await ben.delete(f"/submissions/{again.json()['submission']}")).json()["outcome"] == "withdrawn"
    channel = f"moderators:{await api.world.network_id()}"
    updates = (await mod.get(f"/channels/{channel}/updates", params={"after": 0})).json()["items"]
    assert [each["kind"] for each in updates if each["kind"].startswith("submission")] == [
        *["submission.made"] * 3, *["submission.decided"] * 3, "submission.made", "submission.decided",
    ]  # fmt: skip


async def test_slow_mode_answers_with_the_seconds(api: Api) -> None:
    mod, ben = await api("mod"), await api("ben")
    network = api.world.network
    assert (await ben.put(f"/networks/{network}/slow", json={"seconds": 30})).status_code == 403
    assert (await mod.put(f"/networks/{network}/slow", json={"seconds": 30})).status_code == 204
    assert (await ben.get(f"/networks/{network}")).json()["slow_s"] == 30
    assert (await ben.post(f"/networks/{network}/messages", json={"body": "One"})).status_code == 201
    refused = await ben.post(f"/networks/{network}/messages", json={"body": "Two"})
    assert refused.status_code == 429
    wait_s = refused.json()["retry_after"]
    assert 28 <= wait_s <= 30
    assert refused.headers["retry-after"] == str(wait_s)
    assert refused.json()["detail"].endswith(f"You can send again in {wait_s} seconds.")
    channel = f"room:{await api.world.room_id()}"
    updates = (await ben.get(f"/channels/{channel}/updates", params={"after": 0})).json()["items"]
    assert [each.get("slow_s") for each in updates if each["kind"] == "room.changed"] == [30]


async def test_a_block_is_mine_alone(api: Api) -> None:
    ana, ben = await api("ana"), await api("ben")
    path = f"/me/blocks/{api.world.ben.member}"
    assert (await ana.put(path)).status_code == 204
    assert [each["member"]["id"] for each in (await ana.get("/me/blocks")).json()["items"]] == [api.world.ben.member]
    assert (await ben.get("/me/blocks")).json()["items"] == []
    assert (await ana.put(f"/me/blocks/{api.world.ana.member}")).status_code == 422
    assert (await ana.delete(path)).status_code == 204
    assert (await ana.get("/me/blocks")).json()["items"] == []


async def test_an_administrator_takes_a_name_and_an_about_away(api: Api) -> None:
    admin, ben, mod = await api("admin"), await api("ben"), await api("mod")
    path = f"/members/{api.world.ben.member}"
    assert (await ben.patch("/me", json={"about": "Words about me"})).status_code == 200
    assert (await mod.put(f"{path}/about/removal", json=WHY)).status_code == 403
    assert (await admin.put(f"{path}/about/removal", json={"reason": " "})).status_code == 422
    assert (await admin.put(f"{path}/title/removal", json=WHY)).status_code == 404
    assert (await admin.put(f"{path}/about/removal", json=WHY)).status_code == 204
    assert (await admin.put(f"{path}/name/removal", json=WHY)).status_code == 204
    shown = (await mod.get(path)).json()
    assert (shown["name"], "Words about me" in str(shown)) == (None, False)
    # What has gone does not go once more.
    assert (await admin.put(f"{path}/name/removal", json=WHY)).status_code == 204
    told = (await ben.get("/me/notifications")).json()["items"]
    assert [(each["kind"], each["reason"], each["note"], each["actor"]) for each in told[:2]] == [
        ("name_removed", WHY["reason"], None, None), ("about_removed", WHY["reason"], None, None)
    ]  # fmt: skip
    assert "about_removed" not in [each["kind"] for each in told[2:]]
    mine = (await ben.get("/me/moderation")).json()["words_removed"]
    assert [(each["noun"], each["reason"]) for each in mine] == [("name", WHY["reason"]), ("about", WHY["reason"])]
    lines = [each for each in (await admin.get("/administrators/log")).json()["items"] if each["note"] == WHY["note"]]
    assert [(each["act"], each["noun"]) for each in lines[:2]] == [("remove", "name"), ("remove", "about")]
