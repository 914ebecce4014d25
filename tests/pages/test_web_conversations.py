"""Pages of direct conversations: the way in, the list, one as a room, and what administrators see of it."""

import re

from forum import blocks, conversations, removal, reports, rooms
from tests.pages.conftest import Visit
from tests.people import World

WHY = "Unkind or insulting"


async def _opened(world: World) -> int:
    return (await conversations.open(world.db, world.ana, world.ben.member)).room_id


async def test_from_a_profile_into_the_conversation(world: World, visit: Visit) -> None:
    ana, ben = await visit(world.ana), await visit(world.ben)
    button = f'action="/members/{world.ben.member}/conversation"'
    assert button in (await ana.get(f"/members/{world.ben.member}")).text
    assert button not in (await ben.get(f"/members/{world.ben.member}")).text, "nobody writes to themselves"
    assert button not in (await (await visit(world.eve)).get(f"/members/{world.ben.member}")).text
    opened = await ana.post(f"/members/{world.ben.member}/conversation")
    assert opened.status_code == 303
    at = opened.headers["location"]
    page = await ana.get(at)
    assert "Nothing has been said between you yet." in page.text
    sent = await ana.post(f"{at}/messages", {"body": "Good morning, Ben", "key": "a key"})
    assert (sent.status_code, sent.headers["location"].partition("#")[0]) == (303, at)
    assert "Good morning, Ben" in (await ben.get(at)).text
    again = await ben.post(f"/members/{world.ana.member}/conversation")
    assert again.headers["location"] == at


async def test_the_list_and_the_counts(world: World, visit: Visit) -> None:
    room = await _opened(world)
    ben = await visit(world.ben)
    assert "No conversation yet." in (await ben.get("/conversations")).text
    await conversations.say(world.db, world.ana, room, "Are you coming to the summer school?")
    page = (await ben.get("/conversations")).text
    assert "Are you coming to the summer school?" in page
    assert re.search(r'class="note unread" id="conversation-\d+"', page)
    assert (await ben.get("/unread")).json()["conversations"] == 1
    assert (await ben.post(f"/conversations/{room}/read", {"number": "1"})).status_code == 204
    assert (await ben.get("/unread")).json()["conversations"] == 0
    assert "You: " in (await (await visit(world.ana)).get("/conversations")).text


async def test_a_message_has_its_pages_as_in_every_room(world: World, visit: Visit) -> None:
    room = await _opened(world)
    message = (await conversations.say(world.db, world.ana, room, "Some words"))["id"]
    ana, ben = await visit(world.ana), await visit(world.ben)
    at = (await ana.get(f"/messages/{message}")).headers["location"]
    assert at == f"/conversations/{room}?at=1#message-{message}"
    menu = (await ben.get(f"/messages/{message}/acts")).text
    assert f"/conversations/{room}?reply={message}" in menu
    assert "Start a thread" not in menu
    assert "The administrators see this message" in (await ben.get(f"/messages/{message}/report")).text
    answering = (await ben.get(f"/conversations/{room}?reply={message}")).text
    assert "In reply to" in answering
    refused = await ana.post(f"/conversations/{room}/messages", {"body": " ", "key": "k"})
    assert refused.status_code == 422
    assert "Please write something first." in refused.text


async def test_where_the_other_is_not_to_be_reached(world: World, visit: Visit) -> None:
    room = await _opened(world)
    ana, ben = await visit(world.ana), await visit(world.ben)
    await blocks.block(world.db, world.ben, world.ana.member)
    page = (await ana.get(f"/conversations/{room}")).text
    assert "is not to be reached by direct messages." in page
    assert "<textarea" not in page
    assert "You have blocked" in (await ben.get(f"/conversations/{room}")).text
    assert (await ana.post(f"/members/{world.ben.member}/conversation")).status_code == 303, "a block is not told"


async def test_administrators_read_what_was_reported_and_decide(world: World, visit: Visit) -> None:
    room = await _opened(world)
    await conversations.say(world.db, world.ana, room, "Around the words")
    message = (await conversations.say(world.db, world.ana, room, "Insulting words"))["id"]
    ana, ben, admin = await visit(world.ana), await visit(world.ben), await visit(world.admin)
    thanks = await ben.post(f"/messages/{message}/report", {"reason": WHY})
    assert "An administrator of this site will look at it." in thanks.text
    case = await world.db.pool.fetchval("SELECT id FROM cases WHERE message_id = $1", message)
    assert (await admin.get(f"/reports/{case}")).headers["location"] == f"/reports/direct/{case}"
    page = (await admin.get(f"/reports/direct/{case}")).text
    assert "Insulting words" in page
    assert "Around the words" not in page
    assert (await (await visit(world.mod)).get(f"/reports/direct/{case}")).status_code == 404
    row = await rooms.one(world.db, message)
    sent = {"act": "remove", "reason": WHY, "note": "Not like this", "version": row["version"]}
    assert (await admin.post(f"/reports/{case}/decision", sent)).headers["location"] == "/reports"
    for who in (ana, ben):
        page = (await who.get(f"/conversations/{room}")).text
        assert "Insulting words" not in page
        assert "Removed by a moderator" in page
    told = (await ana.get("/notifications")).text
    assert "An administrator of this site removed your message" in told
    assert "Not like this" in told
    removal_id = await world.db.pool.fetchval("SELECT id FROM removals WHERE message_id = $1", message)
    page = (await ana.get(f"/removals/{removal_id}")).text
    assert "Another administrator looks at it again" in page
    assert "in a direct conversation" in (await ana.get("/settings/moderation")).text


async def test_a_case_of_a_network_does_not_stand_among_the_direct_ones(world: World, visit: Visit) -> None:
    message = (await rooms.say(world.db, world.ana, world.network, "In the room"))["id"]
    case = (await reports.report_message(world.db, world.ben, message, WHY))["case_id"]
    assert (await (await visit(world.mod)).get(f"/networks/{world.network}/reports/{case}")).status_code == 200
    for who in (world.mod, world.admin):
        assert (await (await visit(who)).get(f"/reports/direct/{case}")).status_code == 404
    await removal.remove_message(world.db, world.mod, message, WHY)
