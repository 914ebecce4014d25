"""Announcements: whoever follows a thread is told of the newest reply that is there to be read."""

import pytest

from forum import announcements, posts, threads
from forum.db import Database
from tests.people import World

TOLD = "SELECT post_id FROM notifications WHERE member_id = $1 AND kind = 'watched'"


@pytest.fixture(scope="module")
def db(own_db: Database) -> Database:
    """No site beside it, whose jobs tell of what is written here."""
    return own_db


async def test_a_reply_is_told_of_though_the_next_one_is_withdrawn_at_once(world: World) -> None:
    thread = await world.thread()
    await threads.watch(world.db, world.obs, thread, watching=True)
    reply = await posts.reply(world.db, world.ben, thread, "This is how we did it")
    slip = await posts.reply(world.db, world.lead, thread, "A slip")
    await posts.withdraw(world.db, world.lead, slip["id"])
    await announcements.announce_threads(world.db)
    told = await world.db.pool.fetch(TOLD, world.obs.member)
    assert [row["post_id"] for row in told] == [reply["id"]]
    await world.db.pool.execute("UPDATE notifications SET read_at = now() WHERE member_id = $1", world.obs.member)
    await posts.undo(world.db, world.lead, slip["id"])
    await announcements.announce_threads(world.db)
    await posts.withdraw(world.db, world.lead, slip["id"])
    await announcements.announce_threads(world.db)
    told = await world.db.pool.fetch(TOLD, world.obs.member)
    assert [row["post_id"] for row in told] == [reply["id"], slip["id"]], "and of none twice"
