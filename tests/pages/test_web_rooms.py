import re

import pytest

from forum import rooms
from forum.web.forms import FRAGMENT
from tests.pages.conftest import Visit
from tests.people import World


async def test_a_room_opens_at_the_unread_line(world: World, visit: Visit) -> None:
    for number in range(3):
        await rooms.say(world.db, world.ana, world.network, f"message {number}")
    ben = await visit(world.ben)
    at = f"/networks/{world.network}"
    page = await ben.get(f"{at}/room")
    assert "3 new" in page.text
    assert (await ben.post(f"{at}/read", {"number": "2"})).status_code == 204
    page = await ben.get(f"{at}/room")
    assert "1 new" in page.text
    assert 'data-read="2"' in page.text
    assert (await ben.post(f"{at}/read", {"number": "x"})).status_code == 422


async def test_earlier_messages_come_by_fifty(world: World, visit: Visit) -> None:
    room = await world.room_id()
    async with world.db.transaction() as tx:
        await tx.connection.execute(
            """INSERT INTO messages (room_id, author_id, number, body, html, mentions, renderer)
               SELECT $1, $2, n, 'm', '<p>m</p>', '{}', 1 FROM generate_series(1, 180) n""",
            room, world.ana.member,
        )  # fmt: skip
    ana = await visit(world.ana)
    await ana.post(f"/networks/{world.network}/read", {"number": "180"})
    page = (await ana.get(f"/networks/{world.network}/room")).text
    seen: list[int] = []
    while page:
        seen = [int(number) for number in re.findall(r'class="msg"[^>]*data-number="(\d+)"', page)] + seen
        earlier = re.search(r'<li class="earlier"><a class="btn soft" href="([^"]+)"', page)
        page = (await ana.get(earlier[1], accept=FRAGMENT)).text if earlier else ""
    assert seen == list(range(1, 181))
    whole = await ana.get(f"/networks/{world.network}/messages?before=100")
    assert "<html" in whole.text
    at = await ana.get(f"/networks/{world.network}/room?at=60")
    assert 'data-number="60"' in at.text
    assert 'data-number="180"' in at.text
    assert 'data-number="40"' not in at.text


async def test_sending_by_form_and_by_script(world: World, visit: Visit) -> None:
    ben = await visit(world.ben)
    at = f"/networks/{world.network}"
    answer = await ben.post(f"{at}/messages", {"body": "Good morning", "reply_to": "", "key": "m1"})
    assert answer.status_code == 303
    assert "Good morning" in (await ben.get(answer.headers["location"])).text
    sent = await ben.script(f"{at}/messages", {"body": "Quick one"}, idempotency_key="m2")
    again = await ben.script(f"{at}/messages", {"body": "Quick one"}, idempotency_key="m2")
    assert (sent.status_code, sent.headers["forum-id"]) == (201, again.headers["forum-id"])
    assert sent.headers["forum-channel"] == f"room:{await world.room_id()}"
    empty = await ben.post(f"{at}/messages", {"body": ""})
    assert empty.status_code == 422
    assert "Please write something first." in empty.text
    refused = await (await visit(world.obs)).post(f"{at}/messages", {"body": "May I?"})
    assert refused.status_code == 403
    assert "May I?" in refused.text


async def test_acts_on_a_message(world: World, visit: Visit) -> None:
    message = (await rooms.say(world.db, world.ben, world.network, "words of ben"))["id"]
    ben, mod = await visit(world.ben), await visit(world.mod)
    place = await ben.get(f"/messages/{message}")
    assert place.headers["location"].endswith(f"#message-{message}")
    assert "/edit" in (await ben.get(f"/messages/{message}/acts", accept=FRAGMENT)).text
    assert "edited" in (await ben.script(f"/messages/{message}/edit", {"body": "new words", "version": "1"})).text
    assert "Withdrawn by" in (await ben.script(f"/messages/{message}/withdraw")).text
    assert "new words" in (await ben.script(f"/messages/{message}/undo")).text
    gone = await mod.script(f"/messages/{message}/remove", {"reason": "Advertising"})
    assert "Removed by a moderator" in gone.text
    assert "new words" not in (await ben.get(f"/networks/{world.network}/room")).text
    assert "new words" in (await mod.get(f"/messages/{message}/history")).text
    assert "new words" in (await mod.script(f"/messages/{message}/restore")).text


async def test_a_reply_names_what_it_answers(world: World, visit: Visit) -> None:
    message = (await rooms.say(world.db, world.ana, world.network, "a question"))["id"]
    ben = await visit(world.ben)
    page = await ben.get(f"/networks/{world.network}/room?reply={message}")
    assert f'name="reply_to" value="{message}"' in page.text
    answer = await ben.script(f"/networks/{world.network}/messages", {"body": "an answer", "reply_to": message})
    assert f'data-reply="{message}"' in answer.text


async def test_all_my_rooms(world: World, visit: Visit) -> None:
    await rooms.say(world.db, world.ana, world.network, f"last said {world.tag}")
    assert f"last said {world.tag}" in (await (await visit(world.ben)).get("/rooms")).text


@pytest.mark.parametrize("place", ["room?at=", "room?before=", "messages?before="])
async def test_a_place_far_beyond_the_end_is_a_page(world: World, visit: Visit, place: str) -> None:
    answer = await (await visit(world.ben)).get(f"/networks/{world.network}/{place}{10**17}")
    assert answer.status_code == 200
