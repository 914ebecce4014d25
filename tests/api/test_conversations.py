"""Direct conversations over JSON: opened once, written in by two, seen by nobody else."""

import uuid
from typing import Any

from tests.api.conftest import Api


async def open_one(api: Api, who: str = "ana", other: str = "ben") -> dict[str, Any]:
    member = getattr(api.world, other).member
    answer = await (await api(who)).post("/conversations", json={"member": member})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def say(api: Api, conversation: int, body: str, who: str = "ana", **more: object) -> dict[str, Any]:
    at = f"/conversations/{conversation}/messages"
    answer = await (await api(who)).post(at, json={"body": body, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_conversation_is_opened_once_and_listed_newest_first(api: Api) -> None:
    ana, ben = await api("ana"), await api("ben")
    opened = await open_one(api)
    assert (opened["member"]["id"], opened["last"], opened["unread"]) == (api.world.ben.member, None, 0)
    assert (await open_one(api, "ben", "ana"))["id"] == opened["id"]
    assert [each["id"] for each in (await ben.get("/conversations")).json()["items"]] == [opened["id"]]
    other = await open_one(api, "ana", "obs")
    said = await say(api, opened["id"], "Hello **Ben**")
    listed = (await ana.get("/conversations", params={"limit": 1})).json()
    assert [each["id"] for each in listed["items"]] == [opened["id"]]
    assert listed["channels"].keys() == {f"member:{api.world.ana.member}"}
    further = (await ana.get("/conversations", params={"after": listed["next"]})).json()
    assert [each["id"] for each in further["items"]] == [other["id"]]
    mine = (await ben.get("/conversations")).json()["items"][0]
    assert (mine["unread"], mine["last"]["id"], mine["last"]["excerpt"]) == (1, said["id"], "Hello Ben")


async def test_messages_are_as_in_every_room(api: Api) -> None:
    ana, ben = await api("ana"), await api("ben")
    room = (await open_one(api))["id"]
    at = f"/conversations/{room}/messages"
    first = await say(api, room, "Hello")
    answer = await say(api, room, "Hello yourself", "ben", reply_to=first["id"])
    read = (await ben.get(at)).json()
    assert [each["id"] for each in read["items"]] == [answer["id"], first["id"]]
    assert read["channels"].keys() == {f"room:{room}"}
    by_time = (await ben.get(at, params={"order": "time"})).json()["items"]
    assert [each["id"] for each in by_time] == [first["id"], answer["id"]]
    path = f"/messages/{first['id']}"
    assert (await ben.get(path)).json() == first | {"version": first["version"]}
    assert (await ana.patch(path, json={"body": "Hello again"})).json()["body"] == "Hello again"
    assert (await ben.patch(path, json={"body": "Not mine"})).status_code == 403
    assert (await ana.delete(path)).json()["gap"]["state"] == "withdrawn"
    assert (await ana.delete(f"{path}/withdrawal")).json()["body"] == "Hello again"
    key = {"Idempotency-Key": str(uuid.uuid4())}
    one = (await ana.post(at, json={"body": "once"}, headers=key)).json()
    assert (await ana.post(at, json={"body": "once"}, headers=key)).json() == one
    assert (await ana.post(at, json={"body": "twice"}, headers=key)).status_code == 422
    assert (await ben.put(f"/conversations/{room}/read", json={"number": 1})).status_code == 204
    assert (await ben.get("/conversations")).json()["items"][0]["read_to"] == 1
    assert (await ben.put(f"/conversations/{room}/read")).status_code == 204
    assert (await ben.get("/conversations")).json()["items"][0]["unread"] == 0
    kinds = [
        each["kind"] for each in (await ben.get(f"/channels/room:{room}/updates", params={"after": 0})).json()["items"]
    ]
    assert kinds[:3] == ["message.created", "message.created", "message.edited"]
    told = (await ben.get("/me/notifications")).json()["items"]
    assert [each["conversation"] for each in told if each["kind"] == "direct"] == [room]


async def test_refusals_say_no_more_than_they_must(api: Api) -> None:
    ana, ben, eve = await api("ana"), await api("ben"), await api("eve")
    room = (await open_one(api))["id"]
    never = await eve.post("/conversations", json={"member": 999_999_999})
    stranger = await eve.post("/conversations", json={"member": api.world.ana.member})
    assert (stranger.status_code, stranger.json()) == (404, never.json())
    for who in ("eve", "obs", "mod", "admin"):
        client = await api(who)
        unseen = await client.get(f"/conversations/{room}/messages")
        assert unseen.status_code == 404
        assert unseen.json() == (await client.get("/conversations/999999999/messages")).json()
    await ben.put(f"/me/blocks/{api.world.ana.member}")
    refused = await ana.post(f"/conversations/{room}/messages", json={"body": "Are you there?"})
    name = api.world.names[api.world.ben.member]
    assert (refused.status_code, refused.json()["detail"]) == (403, f"{name} is not to be reached by direct messages.")
    assert (await open_one(api))["id"] == room, "to open it tells nothing of a block either"


async def test_a_report_is_decided_by_administrators(api: Api) -> None:
    ana, ben, admin = await api("ana"), await api("ben"), await api("admin")
    room = (await open_one(api))["id"]
    message = (await say(api, room, "Insulting words"))["id"]
    await say(api, room, "Around it")
    case = (await ben.post(f"/messages/{message}/reports", json={"reason": "Unkind or insulting"})).json()["id"]
    queue = (await admin.get("/administrators/reports", params={"limit": 200})).json()
    mine = next(each for each in queue["items"] if each["id"] == case)
    assert (mine["network"], mine["message"], len(mine["voices"])) == (None, message, 1)
    assert queue["channels"].keys() == {"moderators:0"}
    assert (await (await api("mod")).get("/administrators/reports")).status_code == 403
    assert (await admin.get(f"/messages/{message}")).status_code == 404
    decided = await admin.patch(f"/reports/{case}", json={"decision": "remove", "reason": "Unkind or insulting"})
    assert decided.json()["outcome"] == "removed"
    assert (await ben.get(f"/messages/{message}")).json()["gap"]["state"] == "removed"
    told = (await ana.get("/me/notifications")).json()["items"][0]
    assert (told["kind"], told["reason"], told["network"]) == ("removal", "Unkind or insulting", None)
    assert (await ana.get(f"/removals/{told['removal']}")).json()["network"] is None
    appealed = await ana.post(f"/removals/{told['removal']}/appeal", json={"body": "It was a joke"})
    assert appealed.status_code == 201
    assert [each["network"] for each in (await ana.get("/me/moderation")).json()["removals"]] == [None]
    after = queue["channels"]["moderators:0"]
    frames = (await admin.get("/channels/moderators:0/updates", params={"after": after})).json()["items"]
    assert "case.decided" in {each["kind"] for each in frames if each["id"] == case}
