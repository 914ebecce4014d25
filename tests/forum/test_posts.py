"""Posts: reply, edit, withdraw and undo."""

import pytest

from forum import idempotency, posts, removal, threads
from forum.errors import Conflict, Forbidden, Invalid, NotFound
from tests.people import World


async def test_a_reply_stands_below_what_it_answers(world: World) -> None:
    thread = await world.thread()
    first = await posts.reply(world.db, world.ben, thread, "One")
    answer = await posts.reply(world.db, world.ana, thread, "Two", parent=first["id"])
    other = await posts.reply(world.db, world.ben, thread, "Three")
    async with world.db.connection() as connection:
        window = await posts.window(connection, thread)
    assert [row["id"] for row in window.posts] == [first["id"], answer["id"], other["id"]]
    assert [row["depth"] for row in window.posts] == [1, 2, 1]
    assert answer["parent_name"] == world.names[world.ben.member]


async def test_the_same_key_gives_the_same_post_as_it_stands_now(world: World) -> None:
    thread = await world.thread()
    first = await posts.reply(world.db, world.ben, thread, "Once", key="k1")
    await posts.withdraw(world.db, world.ben, first["id"])
    again = await posts.reply(world.db, world.ben, thread, "Once", key="k1")
    assert (again["id"], again["state"], again["body"]) == (first["id"], "withdrawn", None)
    with pytest.raises(Invalid, match="another request"):
        await posts.reply(world.db, world.ben, thread, "Twice", key="k1")


async def test_a_key_keeps_no_words(world: World) -> None:
    thread = await world.thread()
    await posts.reply(world.db, world.ben, thread, "a secret word", key="k2")
    row = await world.db.pool.fetchrow(
        "SELECT * FROM idempotency_keys WHERE member_id = $1 AND key = 'k2'", world.ben.member
    )
    assert row is not None
    assert row["request_hash"] == idempotency.fingerprint("reply", thread, "a secret word", None, None)
    assert "secret" not in str(dict(row))


async def test_an_outsider_finds_nothing_and_an_observer_may_not_write(world: World) -> None:
    thread = await world.thread()
    with pytest.raises(NotFound):
        await posts.reply(world.db, world.eve, thread, "Hello")
    with pytest.raises(Forbidden):
        await posts.reply(world.db, world.obs, thread, "Hello")


async def test_an_edit_keeps_what_was_said_before(world: World) -> None:
    thread = await world.thread()
    post = await posts.reply(world.db, world.ben, thread, "First words")
    edited = await posts.edit(world.db, world.ben, post["id"], "Second words")
    assert (edited["body"], edited["version"]) == ("Second words", 2)
    _, history = await posts.history(world.db, world.ben, post["id"])
    assert [row["body"] for row in history] == ["First words"]
    with pytest.raises(Forbidden):
        await posts.edit(world.db, world.ana, post["id"], "Not mine")
    with pytest.raises(Conflict):
        await posts.edit(world.db, world.ben, post["id"], "Third", version=1)


async def test_a_withdrawal_seals_the_words_and_undo_brings_them_back(world: World) -> None:
    thread = await world.thread()
    post = await posts.reply(world.db, world.ben, thread, "First words")
    await posts.edit(world.db, world.ben, post["id"], "Second words")
    gap = await posts.withdraw(world.db, world.ben, post["id"])
    assert (gap["state"], gap["body"], gap["html"]) == ("withdrawn", None, None)
    assert await world.db.pool.fetchval("SELECT count(*) FROM revisions WHERE object_id = $1", post["id"]) == 0
    back = await posts.undo(world.db, world.ben, post["id"])
    assert back["body"] == "Second words"
    _, history = await posts.history(world.db, world.ben, post["id"])
    assert [row["body"] for row in history] == ["First words"]


async def test_a_quote_is_by_reference(world: World) -> None:
    thread = await world.thread()
    source = await posts.reply(world.db, world.ben, thread, "Words to quote")
    target = await posts.reply(world.db, world.ana, thread, f"> [#{source['id']}]\n\nIndeed.")
    assert "Words to quote" not in target["body"] + target["html"]
    assert "Words to quote" in target["quotes"][str(source["id"])]["html"]
    await posts.withdraw(world.db, world.ben, source["id"])
    target = await posts.one(world.db, target["id"])
    assert target["quotes"] == {str(source["id"]): {"withdrawn": True}}
    await posts.undo(world.db, world.ben, source["id"])
    await removal.remove_post(world.db, world.mod, source["id"], "Private information")
    target = await posts.one(world.db, target["id"])
    assert target["quotes"] is None


async def test_nobody_quotes_what_readers_may_not_read(world: World) -> None:
    thread = await world.thread()
    secret = await posts.reply(world.db, world.ana, thread, "Ours alone")
    elsewhere = await threads.start(world.db, world.ana, world.other, "There", "Opening")
    with pytest.raises(Invalid, match="cannot quote"):
        await posts.reply(world.db, world.ana, elsewhere.thread["id"], f"> [#{secret['id']}]\n\nLook.")


async def test_a_mention_is_an_id_and_tells(world: World) -> None:
    thread = await world.thread()
    name = world.names[world.ben.member]
    post = await posts.reply(world.db, world.ana, thread, f"@{name} what do you think?")
    assert name not in post["body"] + post["html"]
    assert post["mentions"] == [world.ben.member]
    told = await world.db.pool.fetchval(
        "SELECT count(*) FROM notifications WHERE member_id = $1 AND post_id = $2", world.ben.member, post["id"]
    )
    assert told == 1


async def test_a_locked_thread_takes_no_reply(world: World) -> None:
    thread = await world.thread()
    await threads.lock(world.db, world.mod, thread, locked=True)
    with pytest.raises(Conflict, match="Locked by a moderator"):
        await posts.reply(world.db, world.ben, thread, "Too late")


@pytest.mark.long
async def test_a_tree_of_500_levels_keeps_its_order(world: World) -> None:
    thread = await world.thread()
    parent = None
    for level in range(1, 430):
        row = await posts.reply(world.db, world.ben, thread, f"Level {level}", parent=parent)
        parent = row["id"]
    assert row["depth"] == 429
    async with world.db.connection() as connection:
        window = await posts.window(connection, thread, limit=500)
    assert [post["depth"] for post in window.posts] == list(range(1, 430))
