"""Home and the counts around every page: what is unread for me counts once, and what I wrote myself never does."""

import re

import httpx
import pytest

from forum import conversations, holds, memberships, notifications, posts, removal, rooms, threads
from forum.announcements import announce_threads
from forum.standing import Caller
from tests.pages.conftest import Visit
from tests.people import World

ALL_READ = "All read. We will tell you when somebody answers."


async def _read_all(world: World, caller: Caller) -> None:
    """Nothing is unread for this member, who has been here before."""
    await notifications.mark_read(world.db, caller)
    await world.db.pool.execute(
        "UPDATE members SET visited_at = now() - interval '1 day' WHERE id = $1", caller.member_id
    )


def _says_all_read(page: httpx.Response) -> bool:
    assert page.status_code == 200
    shown = f"<span data-all-read>{ALL_READ}" in page.text
    assert shown or f"<span data-all-read hidden>{ALL_READ}" in page.text
    return shown


def _on_phones(page: httpx.Response) -> int:
    """What the badge of "Networks" says, below the page."""
    found = re.search(r'data-unread-of="all"( hidden)?>(\d+)', page.text)
    assert found is not None
    return 0 if found[1] else int(found[2])


async def test_a_joint_thread_counts_once_over_all_networks(world: World, visit: Visit) -> None:
    joint, other = await world.thread(jointly=True), await world.thread()
    for thread in (joint, other):
        await posts.reply(world.db, world.ben, thread, "News")
    await announce_threads(world.db)
    ana = await visit(world.ana)
    counts = (await ana.get("/unread")).json()
    net, also = str(await world.network_id()), str(await world.network_id(world.other))
    assert (counts["networks"][net]["threads"], counts["networks"][also]["threads"]) == (2, 1)
    assert counts["unread_threads"] == 2
    assert _on_phones(await ana.get("/")) == 2
    await threads.mark_read(world.db, world.ana, joint, [1, 2])
    assert (await ana.get("/unread")).json()["unread_threads"] == 1
    assert _on_phones(await ana.get("/")) == 1


@pytest.mark.parametrize("what", ["mention", "conversation", "thread"])
async def test_home_says_all_read_only_where_it_is(world: World, visit: Visit, what: str) -> None:
    await _read_all(world, world.ben)
    ben = await visit(world.ben)
    assert _says_all_read(await ben.get("/"))
    match what:
        case "mention":
            await rooms.say(world.db, world.ana, world.network, f"@{world.names[world.ben.member]} have a look")
        case "conversation":
            room = (await conversations.open(world.db, world.ana, world.ben.member)).room_id
            await conversations.say(world.db, world.ana, room, "Hello Ben")
        case _:
            await world.thread()
    await _read_all(world, world.ben)
    page = await ben.get("/")
    assert not _says_all_read(page)
    said = {"mention": "1 message that mentions you", "conversation": "1 unread direct conversation"}
    assert said.get(what, "1 unread thread") in page.text


async def test_what_i_wrote_is_read_for_me_wherever_it_counts(world: World, visit: Visit) -> None:
    """Twice over: a reply is marked as read with its writing, and no count takes what is mine for unread (imports and
    splits leave no mark).
    """
    thread = await world.thread(jointly=True)
    await memberships.set_role(world.db, world.admin, world.other, world.ben.member, "member")
    ben = await visit(world.ben)
    await posts.reply(world.db, world.ben, thread, "My own words")
    mine = "thread_reads WHERE member_id = $1 AND thread_id = $2"
    marked = await world.db.pool.fetchval(f"SELECT numbers @> 2 FROM {mine}", world.ben.member, thread)
    assert marked
    await world.db.pool.execute(f"DELETE FROM {mine}", world.ben.member, thread)
    await ben.post(f"/threads/{thread}/read", {"numbers": "1"})
    await rooms.say(world.db, world.ben, world.network, f"@{world.names[world.ben.member]} my own words")
    room = (await conversations.open(world.db, world.ben, world.ana.member)).room_id
    await conversations.say(world.db, world.ben, room, "My own words")
    await _read_all(world, world.ben)
    for announced in (False, True):
        if announced:
            await announce_threads(world.db)
        counts = (await ben.get(f"/unread?threads={thread}")).json()
        assert counts["threads"] == {str(thread): 0}
        assert (counts["unread_threads"], counts["conversations"]) == (0, 0)
        assert {tuple(each.values()) for each in counts["networks"].values()} == {(0, 0, 0)}
        assert _says_all_read(await ben.get("/"))
        for page in (await ben.get(f"/networks/{world.network}"), await ben.get("/conversations")):
            assert not re.search(r'class="(thread|note) unread"', page.text)
        opened = await ben.get(f"/threads/{thread}")
        assert opened.status_code == 200  # and not on to a first unread post
        assert 'class="post unread"' not in opened.text
        assert 'id="unread"' not in (await ben.get(f"/networks/{world.network}/room")).text
    ana = (await (await visit(world.ana)).get(f"/unread?threads={thread}")).json()
    assert (ana["threads"], ana["unread_threads"], ana["conversations"]) == ({str(thread): 1}, 1, 1)


async def test_a_notification_says_why_it_has_no_words(world: World, visit: Visit) -> None:
    """Withdrawn, held, removed, or no longer for me: four things."""
    thread = await world.thread(jointly=True)
    replies = [(await posts.reply(world.db, world.ben, thread, f"Words {number}"))["id"] for number in range(4)]
    ana = await visit(world.ana)
    assert (await ana.get("/notifications")).text.count("Words") == 4
    await posts.withdraw(world.db, world.ben, replies[0])
    await removal.remove_post(world.db, world.mod, replies[1], "Advertising")
    await holds.hold_post(world.db, world.max, replies[2], "Advertising")
    said = _of_ben((await ana.get("/notifications")).text)
    assert said == ["Words 3", "The post is held.", "The post has been removed.", "The post has been withdrawn."]
    for network in (world.network, world.other):
        await memberships.leave(world.db, world.ana, network)
    assert _of_ben((await ana.get("/notifications")).text) == ["You can no longer read this post."] * 4


def _of_ben(page: str) -> list[str]:
    """What stands below "Ben replied to you", the newest first."""
    return re.findall(r'<p class="said" data-ref="post-\d+">\s*([^<]+?)\s*</p>', page)
