"""Reports over JSON: one case a thing, decided once, and nobody's outside the network."""

from typing import Any

from tests.api.conftest import Api

WHY = {"reason": "Private information", "note": "It names somebody"}


async def _post(api: Api, **more: object) -> dict[str, Any]:
    ana = await api("ana")
    thread = await ana.post(
        f"/networks/{api.world.network}/threads", json={"title": "T", "body": "The opening", **more}
    )
    answer = await ana.post(f"/threads/{thread.json()['id']}/posts", json={"body": "Some words"})
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def _reported(api: Api, post: dict[str, Any], who: str = "ben", **why: str) -> dict[str, Any]:
    answer = await (await api(who)).post(f"/posts/{post['id']}/reports", json={**WHY, **why})
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def _queue(api: Api, who: str = "mod", slug: str | None = None, **query: object) -> dict[str, Any]:
    answer = await (await api(who)).get(f"/networks/{slug or api.world.network}/reports", params=query)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def test_several_reports_are_one_case(api: Api) -> None:
    post = await _post(api)
    first = await _reported(api, post)
    assert await _reported(api, post, reason="Advertising") == first, "reporting again changes nothing"
    second = await _reported(api, post, "obs", reason="Advertising")
    assert (first["id"], first["post"]) == (second["id"], post["id"])
    [case] = (await _queue(api))["items"]
    assert (case["id"], case["reports"], case["urgent"], case["outcome"]) == (first["id"], 2, True, None)
    voices = {(voice["member"]["id"], voice["reason"], voice["note"]) for voice in case["voices"]}
    assert voices == {
        (api.world.ben.member, "Private information", "It names somebody"),
        (api.world.obs.member, "Advertising", "It names somebody"),
    }


async def test_one_decision_counts(api: Api) -> None:
    case = await _reported(api, await _post(api))
    mod, lead = await api("mod"), await api("lead")
    path = f"/reports/{case['id']}"
    assert (await mod.patch(path, json={"taken": True})).json()["taken_by"]["id"] == api.world.mod.member
    assert (await lead.patch(path, json={"note": "I know them"})).status_code == 200
    assert (await mod.patch(path, json={"decision": "remove", "reason": ""})).status_code == 422
    decided = (await mod.patch(path, json={"decision": "remove", **WHY})).json()
    assert (decided["outcome"], decided["state"]) == ("removed", "removed")
    late = await lead.patch(path, json={"decision": "leave"})
    assert late.status_code == 409
    assert late.json()["detail"].startswith(f"{api.world.names[api.world.mod.member]} removed this at ")
    assert (await _queue(api))["items"] == []
    assert [each["id"] for each in (await _queue(api, state="decided"))["items"]] == [case["id"]]
    told = (await (await api("ben")).get("/me/notifications")).json()["items"]
    assert "report_removed" in [each["kind"] for each in told]


async def test_a_decision_is_about_the_words_that_were_seen(api: Api) -> None:
    post = await _post(api)
    case = await _reported(api, post)
    await (await api("ana")).patch(f"/posts/{post['id']}", json={"body": "Other words"})
    mod, path = await api("mod"), f"/reports/{case['id']}"
    for stale in ({}, {"version": 1}):
        assert (await mod.patch(path, json={"decision": "leave", **stale})).status_code == 409
    assert (await mod.patch(path, json={"decision": "leave", "version": 2})).json()["outcome"] == "left"


async def test_the_other_side_holds(api: Api) -> None:
    post = await _post(api, **{"with": [api.world.other]})
    case = await _reported(api, post, "max")
    theirs = (await _queue(api, "max", api.world.other))["items"]
    assert [(each["id"], each["others"]) for each in theirs] == [(case["id"], [api.world.other])]
    other, path = await api("max"), f"/reports/{case['id']}"
    assert (await other.patch(path, json={"decision": "remove", **WHY})).status_code == 403
    held = (await other.patch(path, json={"decision": "hold", **WHY})).json()
    assert (held["state"], held["outcome"], held["urgent"]) == ("held", None, True)
    back = await (await api("mod")).patch(path, json={"decision": "leave", "version": 2})
    assert (back.json()["outcome"], back.json()["state"]) == ("left", "shown")


async def test_the_queue_goes_on_by_cursor(api: Api) -> None:
    cases = [(await _reported(api, await _post(api), reason="Advertising"))["id"] for _ in range(5)]
    seen, after = [], None
    while True:
        page = await _queue(api, limit=2, **({"after": after} if after else {}))
        seen += [each["id"] for each in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == cases
    mod = await api("mod")
    for case in cases:
        await mod.patch(f"/reports/{case}", json={"decision": "leave"})
    first = await _queue(api, state="decided", limit=3)
    rest = await _queue(api, state="decided", after=first["next"])
    assert [each["id"] for each in first["items"] + rest["items"]] == cases[::-1]


async def test_frames_show_the_case_without_its_voices(api: Api) -> None:
    network = (await (await api("mod")).get(f"/networks/{api.world.network}")).json()
    case = await _reported(api, await _post(api))
    path = f"/channels/moderators:{network['id']}/updates"
    updates = (await (await api("mod")).get(path, params={"after": 0})).json()["items"]
    [opened] = [each for each in updates if each["kind"] == "case.opened"]
    assert (opened["case"]["id"], opened["case"]["reports"]) == (case["id"], 1)
    assert "voices" not in opened["case"]


async def test_who_wrote_it_does_not_read_who_reported_it(api: Api) -> None:
    mod = await api("mod")
    thread = await mod.post(f"/networks/{api.world.network}/threads", json={"title": "T", "body": "By a moderator"})
    await _reported(api, thread.json()["post"])
    [mine] = (await _queue(api))["items"]
    [theirs] = (await _queue(api, "lead"))["items"]
    assert "voices" not in mine
    assert len(theirs["voices"]) == 1
    assert (await mod.patch(f"/reports/{mine['id']}", json={"decision": "leave"})).status_code == 403
