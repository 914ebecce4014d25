"""Threads and posts over JSON: start, list, reply, change, withdraw, read."""

import uuid

from tests.api.conftest import Api


async def start(api: Api, who: str = "ana", **more: object) -> dict[str, object]:
    ana = await api(who)
    body = {"title": "How do you do it?", "body": "We **wonder**.", **more}
    answer = await ana.post(f"/networks/{api.world.network}/threads", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_thread_comes_with_its_opening_post_and_cursors(api: Api) -> None:
    thread = await start(api)
    assert thread["title"] == "How do you do it?"
    assert thread["networks"] == [api.world.network]
    assert thread["posts"] == 1
    assert thread["post"]["body"] == "We **wonder**."
    assert "<strong>wonder</strong>" in thread["post"]["html"]
    assert thread["post"]["depth"] == 0
    assert thread["channels"][f"thread:{thread['id']}"] >= 1
    ben = await api("ben")
    seen = (await ben.get(f"/threads/{thread['id']}")).json()
    assert seen["unread"] == 1
    assert {**seen, "unread": 0} == thread


async def test_who_opened_a_thread_is_told_in_full_everywhere(api: Api) -> None:
    ana = await api("ana")
    assert (await ana.patch("/me", json={"title": "Head of IT", "organisation": "St Elsewhere"})).status_code == 200
    thread = await start(api)
    listed = (await ana.get(f"/networks/{api.world.network}/threads")).json()
    (channel,) = listed["channels"]
    updates = (await ana.get(f"/channels/{channel}/updates", params={"after": 0})).json()["items"]
    told = [
        thread["author"],
        thread["post"]["author"],
        *(each["author"] for each in listed["items"]),
        *(each["thread"]["author"] for each in updates if each["kind"] == "thread.created"),
    ]
    name, member = api.world.names[api.world.ana.member], api.world.ana.member
    assert told == [{"id": member, "name": name, "title": "Head of IT", "organisation": "St Elsewhere"}] * 4


async def test_created_says_where(api: Api) -> None:
    ana = await api("ana")
    thread = await start(api)
    answer = await ana.post(f"/threads/{thread['id']}/posts", json={"body": "More"})
    assert answer.status_code == 201
    assert (await ana.get(answer.headers["location"].removeprefix("/api/v1"))).json() == answer.json()


async def test_jointly_held(api: Api) -> None:
    thread = await start(api, **{"with": [api.world.other]})
    assert thread["networks"] == [api.world.network, api.world.other]
    max_ = await api("max")
    assert (await max_.get(f"/threads/{thread['id']}")).status_code == 200
    in_other = (await max_.get(f"/networks/{api.world.other}/threads")).json()
    assert [each["id"] for each in in_other["items"]] == [thread["id"]]


async def test_posts_in_tree_order_and_by_time_page_by_page(api: Api) -> None:
    ana = await api("ana")
    thread = await start(api)
    path = f"/threads/{thread['id']}/posts"
    first = (await ana.post(path, json={"body": "1"})).json()
    await ana.post(path, json={"body": "2"})
    await ana.post(path, json={"body": "1.1", "parent": first["id"]})

    async def walk(order: str) -> list[str]:
        bodies, after = [], None
        while True:
            query = {"order": order, "limit": 1, **({"after": after} if after else {})}
            page = (await ana.get(path, params=query)).json()
            bodies += [post["body"] for post in page["items"]]
            after = page["next"]
            if after is None:
                return bodies

    assert await walk("tree") == ["We **wonder**.", "1", "1.1", "2"]
    assert await walk("time") == ["We **wonder**.", "1", "2", "1.1"]
    by_time = (await ana.get(path, params={"order": "time", "until": first["created_at"]})).json()
    assert [post["body"] for post in by_time["items"]] == ["We **wonder**."]


async def test_threads_page_by_page(api: Api) -> None:
    ana = await api("ana")
    made = [(await start(api, title=f"Thread {number}"))["id"] for number in range(3)]
    path = f"/networks/{api.world.network}/threads"
    page = (await ana.get(path, params={"limit": 2})).json()
    rest = (await ana.get(path, params={"limit": 2, "after": page["next"]})).json()
    assert [each["id"] for each in page["items"] + rest["items"]] == made[::-1]
    assert rest["next"] is None


async def test_the_same_key_is_answered_with_the_same_post_as_it_stands_now(api: Api) -> None:
    ana = await api("ana")
    thread = await start(api)
    path, key = f"/threads/{thread['id']}/posts", {"Idempotency-Key": str(uuid.uuid4())}
    first = (await ana.post(path, json={"body": "once"}, headers=key)).json()
    edited = await ana.patch(f"/posts/{first['id']}", json={"body": "edited"})
    again = await ana.post(path, json={"body": "once"}, headers=key)
    assert again.status_code == 201
    assert again.json() == edited.json()
    other = await ana.post(path, json={"body": "another"}, headers=key)
    assert other.status_code == 422
    assert "Idempotency-Key" in other.json()["errors"]
    assert (await ana.get(f"/threads/{thread['id']}")).json()["posts"] == 2


async def test_edit_keeps_history_and_its_version_guards_it(api: Api) -> None:
    ana = await api("ana")
    post = (await start(api))["post"]
    edited = (await ana.patch(f"/posts/{post['id']}", json={"body": "Other words", "version": 1})).json()
    assert (edited["body"], edited["version"]) == ("Other words", 2)
    late = await ana.patch(f"/posts/{post['id']}", json={"body": "Late", "version": 1})
    assert late.status_code == 409
    history = (await ana.get(f"/posts/{post['id']}/history")).json()
    assert [each["body"] for each in history["items"]] == ["We **wonder**."]
    ben = await api("ben")
    assert (await ben.patch(f"/posts/{post['id']}", json={"body": "Mine"})).status_code == 403


async def test_withdrawn_is_a_gap_until_its_author_undoes_it(api: Api) -> None:
    ana, ben = await api("ana"), await api("ben")
    thread = await start(api)
    post = (await ana.post(f"/threads/{thread['id']}/posts", json={"body": "hasty"})).json()
    gap = (await ana.delete(f"/posts/{post['id']}")).json()
    seen = (await ben.get(f"/posts/{post['id']}")).json()
    assert seen == gap
    assert (seen["body"], seen["html"], seen["author"], seen["gap"]["state"]) == (None, None, None, "withdrawn")
    assert (await ben.get(f"/threads/{thread['id']}")).json()["posts"] == 1
    assert (await ben.delete(f"/posts/{post['id']}/withdrawal")).status_code == 403
    back = (await ana.delete(f"/posts/{post['id']}/withdrawal")).json()
    assert (back["body"], back["state"], back["gap"]) == ("hasty", "shown", None)


async def test_a_mention_is_an_id_with_a_name(api: Api) -> None:
    ben_id, ben_name = api.world.ben.member, api.world.names[api.world.ben.member]
    post = (await start(api, body=f"Ask @{ben_name} about it"))["post"]
    assert post["body"] == f"Ask @{{{ben_id}}} about it"
    assert post["mentions"] == [{"id": ben_id, "name": ben_name}]
    assert f"@{ben_name}</a>" in post["html"]
    ben = await api("ben")
    told = (await ben.get("/me/notifications")).json()["items"]
    assert [(each["kind"], each["post"]) for each in told if each["kind"] != "role"] == [("mention", post["id"])]
    assert (await ben.put("/me/notifications/read", json={})).status_code == 204
    assert (await ben.get("/me/notifications", params={"unread": True})).json()["items"] == []


async def test_moderators_lock_pin_and_retitle(api: Api) -> None:
    ana, mod = await api("ana"), await api("mod")
    path = f"/threads/{(await start(api))['id']}"
    locked = (await mod.patch(path, json={"lock": True, "pin": True})).json()
    assert (locked["locked"], locked["pinned"]) == (True, True)
    refused = await ana.post(f"{path}/posts", json={"body": "too late"})
    assert refused.status_code == 409
    opened = (await mod.patch(path, json={"locked": False, "pinned": False, "title": "Better"})).json()
    assert (opened["locked"], opened["pinned"], opened["title"]) == (False, False, "Better")
    assert (await ana.patch(path, json={"title": "Mine again"})).json()["title"] == "Mine again"
    assert (await ana.patch(path, json={"lock": True})).status_code == 403
    assert (await mod.patch(path, json={})).status_code == 422


async def test_who_decides_for_both_sides_moves_at_once(api: Api) -> None:
    world = api.world
    path = f"/threads/{(await start(api))['id']}"
    moved = await (await api("lead")).patch(path, json={"move": world.other})
    assert (moved.status_code, moved.json()["networks"]) == (200, [world.other])


async def test_a_move_and_a_further_holder_wait_for_the_other_side(api: Api) -> None:
    world = api.world
    lead, mod, max_ = await api("lead"), await api("mod"), await api("max")
    await lead.put(f"/networks/{world.other}/members/{world.mod.member}", json={"role": "member"})
    path = f"/threads/{(await start(api))['id']}"
    waits = await mod.patch(path, json={"hold_in": world.other})
    assert (waits.status_code, waits.json()["networks"]) == (202, [world.network])
    assert (await max_.get(path)).status_code == 404
    # Declined by somebody who still may not read it.
    assert (await max_.patch(path, json={"agreement": "decline"})).status_code == 204
    assert (await mod.patch(path, json={"move": world.other})).status_code == 202
    moved = await max_.patch(path, json={"agreement": "agree"})
    assert (moved.status_code, moved.json()["networks"]) == (200, [world.other])


async def test_read_by_numbers_up_to_and_all(api: Api) -> None:
    ana, ben = await api("ana"), await api("ben")
    thread = await start(api)
    for number in range(3):
        await ana.post(f"/threads/{thread['id']}/posts", json={"body": str(number)})

    async def unread() -> int:
        return (await ben.get(f"/threads/{thread['id']}")).json()["unread"]

    path = f"/threads/{thread['id']}/read"
    assert await unread() == 4
    assert (await ben.put(path, json={"numbers": [2]})).status_code == 204
    assert await unread() == 3
    await ben.put(path, json={"up_to": 3})
    assert await unread() == 1
    await ben.put(path)
    assert await unread() == 0
