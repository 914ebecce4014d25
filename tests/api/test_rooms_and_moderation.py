"""Rooms, removal, holds, the log, search and catch-up over JSON."""

import uuid
from typing import Any

import httpx

from tests.api.conftest import Api


async def say(api: Api, body: str, who: str = "ana", **more: object) -> dict[str, Any]:
    answer = await (await api(who)).post(f"/networks/{api.world.network}/messages", json={"body": body, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def start(api: Api, body: str = "The opening", **more: object) -> dict[str, Any]:
    ana = await api("ana")
    answer = await ana.post(f"/networks/{api.world.network}/threads", json={"title": "T", "body": body, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_messages_newest_first_or_by_time(api: Api) -> None:
    ben = await api("ben")
    made = [await say(api, f"Number {number}") for number in range(3)]
    path = f"/networks/{api.world.network}/messages"
    newest = (await ben.get(path, params={"limit": 2})).json()
    older = (await ben.get(path, params={"limit": 2, "after": newest["next"]})).json()
    assert newest["items"] + older["items"] == made[::-1]
    assert len(newest["items"]) == 2
    by_time = (await ben.get(path, params={"order": "time", "limit": 2})).json()
    later = (await ben.get(path, params={"order": "time", "after": by_time["next"]})).json()
    assert by_time["items"] + later["items"] == made
    since = (await ben.get(path, params={"since": made[1]["created_at"]})).json()
    assert [each["id"] for each in since["items"]] == [made[2]["id"], made[1]["id"]]
    assert (await ben.get(path, params={"order": "time", "after": newest["next"]})).status_code == 422


async def test_a_message_is_edited_withdrawn_and_read(api: Api) -> None:
    ana, ben = await api("ana"), await api("ben")
    first = await say(api, "Hello")
    reply = await say(api, "Hello yourself", "ben", reply_to=first["id"])
    assert reply["reply_to"] == first["id"]
    path = f"/messages/{first['id']}"
    assert (await ana.patch(path, json={"body": "Hello all"})).json()["body"] == "Hello all"
    assert (await ben.get(f"{path}/history")).json()["items"][0]["body"] == "Hello"
    gap = (await ana.delete(path)).json()
    assert (await ben.get(path)).json() == gap
    assert (gap["state"], gap["body"], gap["author"]) == ("withdrawn", None, None)
    assert (await ana.delete(f"{path}/withdrawal")).json()["body"] == "Hello all"
    assert (await ben.put(f"/networks/{api.world.network}/read")).status_code == 204
    mine = (await ben.get("/me")).json()["networks"]
    assert [each["unread_messages"] for each in mine] == [0]
    key = {"Idempotency-Key": str(uuid.uuid4())}
    send = f"/networks/{api.world.network}/messages"
    one = (await ana.post(send, json={"body": "once"}, headers=key)).json()
    assert (await ana.post(send, json={"body": "once"}, headers=key)).json() == one
    assert (await ana.post(send, json={"body": "twice"}, headers=key)).status_code == 422


async def test_removed_is_gone_and_comes_back(api: Api) -> None:
    ana, ben, mod = await api("ana"), await api("ben"), await api("mod")
    post, message = (await start(api, "secret zebra"))["post"], await say(api, "secret giraffe")
    for path, word in ((f"/posts/{post['id']}", "zebra"), (f"/messages/{message['id']}", "giraffe")):
        body = {"reason": "Private information", "note": "A name of a patient"}
        assert word in (await ben.get(path)).text
        assert (await ben.put(f"{path}/removal", json=body)).status_code == 403
        gap = await mod.put(f"{path}/removal", json=body)
        assert (gap.status_code, gap.json()["state"], gap.json()["body"]) == (200, "removed", None)
        for reader in (ana, ben, mod):
            assert word not in (await reader.get(path)).text
            assert word not in (await reader.get(f"{path}/history")).text
        what = "posts" if word == "zebra" else "messages"
        assert (await ben.get("/search", params={"q": word, "what": what})).json()["items"] == []
        back = await mod.delete(f"{path}/removal")
        assert word in back.json()["body"]
    log = (await mod.get(f"/networks/{api.world.network}/log")).json()["items"]
    assert [(line["act"], line["noun"], line["object"]) for line in log[:4]] == [
        ("restore", "message", message["id"]),
        ("remove", "message", message["id"]),
        ("restore", "post", post["id"]),
        ("remove", "post", post["id"]),
    ]
    assert log[1]["reason"] == "Private information"
    assert log[1]["subject"]["id"] == api.world.ana.member
    assert (await ben.get(f"/networks/{api.world.network}/log")).status_code == 403


async def test_the_log_goes_on_page_by_page(api: Api) -> None:
    mod = await api("mod")
    path = f"/networks/{api.world.network}/log"
    whole = (await mod.get(path, params={"limit": 200})).json()["items"]
    first = (await mod.get(path, params={"limit": 2})).json()
    rest = (await mod.get(path, params={"limit": 200, "after": first["next"]})).json()
    assert len(whole) > 2
    assert first["items"] + rest["items"] == whole
    assert (await mod.get(path, params={"until": whole[-1]["at"]})).json()["items"] == []


async def test_the_other_side_holds_until_this_one_decides(api: Api) -> None:
    max_, mod, ana = await api("max"), await api("mod"), await api("ana")
    post = (await start(api, **{"with": [api.world.other]}))["post"]
    path = f"/posts/{post['id']}"
    held = await max_.put(f"{path}/hold", json={"reason": "Off the subject"})
    assert held.json()["gap"]["state"] == "held"
    assert held.json()["gap"]["until"] is not None
    assert (await ana.get(path)).json()["body"] is None
    assert (await mod.put(f"{path}/hold", json={"reason": "x"})).status_code == 409
    assert (await max_.delete(f"{path}/hold")).json()["state"] == "shown"
    assert (await max_.put(f"{path}/removal", json={"reason": "x"})).status_code == 403


async def test_search_finds_what_one_may_read(api: Api) -> None:
    ben, eve = await api("ben"), await api("eve")
    word = f"okapi{api.world.tag}"
    thread = await start(api, f"Who has an {word}?")
    message = await say(api, f"I have an {word}")
    query = {"q": word, "network": api.world.network, "author": api.world.ana.member}
    posts = (await ben.get("/search", params=query)).json()["items"]
    assert [(each["kind"], each["id"], each["thread"], each["title"]) for each in posts] == [
        ("post", thread["post"]["id"], thread["id"], "T")
    ]
    messages = (await ben.get("/search", params={**query, "what": "messages"})).json()["items"]
    assert [(each["kind"], each["id"]) for each in messages] == [("message", message["id"])]
    assert (await eve.get("/search", params={"q": word})).json()["items"] == []


async def test_search_without_words_lists_what_somebody_wrote(api: Api) -> None:
    ben, eve = await api("ben"), await api("eve")
    written = [(await start(api, f"Number {number}"))["post"]["id"] for number in range(3)]
    await say(api, "Something said")
    by_ana = {"author": api.world.ana.member}
    first = (await ben.get("/search", params={**by_ana, "limit": 2})).json()
    rest = (await ben.get("/search", params={**by_ana, "limit": 2, "after": first["next"]})).json()
    assert [each["id"] for each in first["items"] + rest["items"]] == written[::-1]
    assert rest["next"] is None
    for reader, nothing in ((eve, by_ana), (ben, {}), (ben, {**by_ana, "what": "messages"})):
        assert (await reader.get("/search", params=nothing)).json()["items"] == []


async def test_catch_up_has_the_frames_in_order_and_says_when_it_cannot(api: Api) -> None:
    ana, ben, eve = await api("ana"), await api("ben"), await api("eve")
    thread = await start(api)
    channel = f"thread:{thread['id']}"
    cursor = thread["channels"][channel]
    post = (await ana.post(f"/threads/{thread['id']}/posts", json={"body": "one"})).json()
    await ana.patch(f"/posts/{post['id']}", json={"body": "two"})
    await ana.patch(f"/threads/{thread['id']}", json={"title": "Better"})
    path = f"/channels/{channel}/updates"
    caught_up = (await ben.get(path, params={"after": cursor, "log": thread["log"]})).json()
    frames, head = caught_up["items"], caught_up["channels"][channel]
    assert [each["seq"] for each in frames] == list(range(cursor + 1, head + 1))
    # The job that announces a reply tells the thread's own channel too, when it comes to it.
    acts = [each for each in frames if each["kind"] != "thread.touched"]
    assert [(each["type"], each["kind"], each["id"]) for each in acts] == [
        ("update", "post.created", post["id"]),
        ("update", "post.edited", post["id"]),
        ("update", "thread.changed", thread["id"]),
    ]
    # Each shows the row as it stands now, in the shape of an answer.
    assert acts[0]["post"] == acts[1]["post"] == (await ben.get(f"/posts/{post['id']}")).json()
    assert acts[2]["thread"]["title"] == "Better"
    for lost in ({"after": head + 100}, {"after": cursor, "log": "another"}):
        (reset,) = (await ben.get(path, params=lost)).json()["items"]
        assert (reset["type"], reset["channel"], reset["log"]) == ("reset", channel, thread["log"])
        assert reset["seq"] >= head
    unseen = await eve.get(path, params={"after": 0})
    never = await eve.get("/channels/thread:999999999999/updates", params={"after": 0})
    assert (unseen.status_code, unseen.content) == (404, never.content)


async def test_the_long_poll_answers_as_the_document_says(api: Api) -> None:
    ben, thread = await api("ben"), await start(api)
    channel = f"thread:{thread['id']}"
    behind = thread["channels"][channel] - 1
    answer = (await ben.get("/updates", params={f"after[{channel}]": behind})).json()
    assert [(each["seq"], each["post"]["id"]) for each in answer["updates"]] == [(behind + 1, thread["post"]["id"])]
    caught_up = (await ben.get(f"/channels/{channel}/updates", params={"after": behind})).json()
    assert caught_up["items"] == answer["updates"]
    assert caught_up["channels"] == answer["channels"]


async def test_frames_of_every_channel_keep_to_the_document(api: Api) -> None:
    """All that a lively afternoon records, read back from each channel: the client holds it against the document."""
    world = api.world
    ana, ben, mod, lead, max_ = [await api(who) for who in ("ana", "ben", "mod", "lead", "max")]
    thread = await start(api, f"Ask @{world.names[world.ben.member]}", **{"with": [world.other]})
    post = (await ana.post(f"/threads/{thread['id']}/posts", json={"body": "one"})).json()
    await max_.put(f"/posts/{post['id']}/hold", json={"reason": "Wait"})
    await mod.delete(f"/posts/{post['id']}/removal")
    await mod.put(f"/posts/{post['id']}/removal", json={"reason": "No"})
    message = await say(api, "Hello")
    await mod.put(f"/messages/{message['id']}/removal", json={"reason": "No"})
    await mod.patch(f"/threads/{thread['id']}", json={"lock": True, "pin": True})
    await ana.patch("/me", json={"title": "Head of IT"})
    await (await api("eve")).post(f"/networks/{world.network}/join")
    await lead.patch(f"/networks/{world.network}", json={"purpose": "To help each other"})
    await lead.post(
        "/networks",
        json={"name": "Secret group", "slug": f"group-{world.tag}", "kind": "topic", "parent": world.network},
    )
    await lead.patch(f"/networks/group-{world.tag}", json={"name": "Very secret group", "listed": False})
    await lead.delete(f"/networks/{world.network}/members/{world.obs.member}")
    network, room = await world.network_id(), await world.room_id()

    async def frames(client: httpx.AsyncClient, channel: str) -> dict[str, dict[str, Any]]:
        answer = await client.get(f"/channels/{channel}/updates", params={"after": 0})
        assert answer.status_code == 200, answer.text
        items = answer.json()["items"]
        assert [each["seq"] for each in items] == list(range(1, len(items) + 1))
        return {each["kind"]: each for each in items}

    in_thread = await frames(ben, f"thread:{thread['id']}")
    assert in_thread["post.created"]["post"]["gap"]["state"] == "removed"
    assert in_thread["thread.changed"]["thread"]["locked"] is True
    in_network = await frames(ben, f"network:{network}")
    assert in_network["thread.created"]["thread"]["id"] == thread["id"]
    assert in_network["member.changed"]["member"]["title"] == "Head of IT"
    assert in_network["membership.left"]["gone"] is True
    # A sub-group that not everybody here may see is not named.
    assert in_network["network.added"]["gone"] is True
    assert "ecret group" not in str(in_network)
    assert (await frames(ben, f"room:{room}"))["message.created"]["message"]["state"] == "removed"
    mine = await frames(ben, f"member:{world.ben.member}")
    assert mine["notification.created"]["notification"]["post"] == thread["post"]["id"]
    waiting = await frames(mod, f"moderators:{network}")
    assert waiting["request.asked"]["request"]["member"]["id"] == world.eve.member
    assert waiting["hold.placed"]["hold"]["post"] == post["id"]
    assert (await ben.get(f"/channels/moderators:{network}/updates", params={"after": 0})).status_code == 404
