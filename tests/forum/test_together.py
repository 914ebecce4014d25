"""What is asked and written together: each is answered as if it had come alone, and waits for no other's place."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import asyncpg
import pytest
import pytest_asyncio

from forum import posts, rooms
from forum.contributions import SQL
from forum.db import MAX_WRITTEN, Connection, Database
from forum.errors import Invalid, NotFound, TooMany, Unavailable
from forum.posts import WantedReply
from forum.standing import Caller
from realtime.together import Together
from tests.people import World

NOTHING = 10**18
WAITED_FOR = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid)"


@pytest_asyncio.fixture
async def gathering(database_url: str) -> AsyncIterator[Database]:
    """A database as a web process has it: what waits is asked together."""
    db = Database(database_url, pool_size=6, gather=Together)
    await db.open()
    yield db
    db.pool.terminate()


async def _transactions(world: World, table: str, ids: Sequence[int]) -> int:
    """In how many transactions these rows were written."""
    count = f"SELECT count(DISTINCT xmin::text) FROM {table} WHERE id = ANY ($1)"
    return int(await world.db.pool.fetchval(count, ids))


async def _seqs(world: World, channel: str, objects: Sequence[int]) -> list[int]:
    rows = await world.db.pool.fetch(
        "SELECT seq FROM updates WHERE channel = $1 AND object = ANY ($2) ORDER BY seq", channel, objects
    )
    return [row["seq"] for row in rows]


async def test_replies_that_wait_are_written_together_in_their_order(world: World, gathering: Database) -> None:
    here, there = await world.thread(), await world.thread()
    woken: dict[str, int] = {}
    gathering.wake = woken.update
    places = [here, there] * 8
    rows = await asyncio.gather(
        *(posts.reply(gathering, world.ben, place, f"Reply {n}") for n, place in enumerate(places))
    )
    assert [row["body"] for row in rows] == [f"Reply {n}" for n in range(16)]
    for place in (here, there):
        mine = [row for row in rows if row["thread_id"] == place]
        assert [row["number"] for row in mine] == list(range(2, 10))
        seqs = await _seqs(world, f"thread:{place}", [row["id"] for row in mine])
        assert seqs == list(range(seqs[0], seqs[0] + 8))
        assert woken[f"thread:{place}"] == seqs[-1]
    assert await _transactions(world, "posts", [row["id"] for row in rows]) <= 3
    # What goes with each: the one whom it answers is told, its author has read it and follows the thread.
    told = "SELECT count(*) FROM notifications WHERE member_id = $1 AND kind = 'reply' AND post_id = ANY ($2)"
    assert await world.db.pool.fetchval(told, world.ana.member, [row["id"] for row in rows]) == 16
    read = "SELECT numbers::text FROM thread_reads WHERE thread_id = $1 AND member_id = $2"
    assert await world.db.pool.fetchval(read, here, world.ben.member) == "{[2,10)}"
    watched = "SELECT told_number FROM watches WHERE thread_id = $1 AND member_id = $2"
    assert await world.db.pool.fetchval(watched, here, world.ben.member) == 2


async def test_messages_that_wait_are_written_together_in_their_order(world: World, gathering: Database) -> None:
    slug = world.network
    first = await rooms.say(gathering, world.ana, slug, "Who is on call?")
    rows = await asyncio.gather(
        *(rooms.say(gathering, world.ben, slug, f"{n}", reply_to=first["id"] if n % 2 else None) for n in range(12))
    )
    assert [row["number"] for row in rows] == list(range(first["number"] + 1, first["number"] + 13))
    assert [row["reply_to_id"] for row in rows] == [None, first["id"]] * 6
    assert await _transactions(world, "messages", [row["id"] for row in rows]) <= 3


async def test_no_more_than_so_many_wait_for_each_other(world: World, gathering: Database) -> None:
    thread = await world.thread()
    rows = await asyncio.gather(
        *(posts.reply(gathering, world.ben, thread, "One of many") for _ in range(3 * MAX_WRITTEN))
    )
    assert len({row["number"] for row in rows}) == 3 * MAX_WRITTEN
    assert await _transactions(world, "posts", [row["id"] for row in rows]) >= 3


async def test_what_somebody_else_holds_keeps_no_other_place_waiting(world: World, gathering: Database) -> None:
    held, free = await world.thread(), await world.thread()
    async with world.db.transaction() as tx:
        await tx.connection.execute("SELECT FROM threads WHERE id = $1 FOR UPDATE", held)
        waiting = [asyncio.create_task(posts.reply(gathering, world.ben, held, f"{n}")) for n in range(4)]
        async with asyncio.timeout(4):  # an act waits five seconds for a lock
            for _ in range(3):
                await asyncio.gather(*(posts.reply(gathering, world.ana, free, "Meanwhile") for _ in range(4)))
        assert not any(task.done() for task in waiting)
    rows = await asyncio.gather(*waiting)
    assert sorted(row["number"] for row in rows) == [2, 3, 4, 5]


async def test_what_waits_for_a_place_is_written_together_apart(world: World, gathering: Database) -> None:
    thread, through = await world.thread(), await world.network_id()
    wanted = await _wanted(world, thread, through)
    calls: list[tuple[bool, int]] = []

    async def write(connection: Connection, rows: Sequence[WantedReply], wait: bool) -> Sequence[asyncpg.Record]:
        calls.append((wait, len(rows)))
        return await _write(connection, rows, wait)

    def replies(count: int) -> list[asyncio.Task[asyncpg.Record]]:
        return [asyncio.create_task(gathering.write_together(write, wanted, place=thread)) for _ in range(count)]

    async with world.db.transaction() as tx:
        await tx.connection.execute("SELECT FROM threads WHERE id = $1 FOR UPDATE", thread)
        early = replies(1)
        async with asyncio.timeout(30):
            while not await tx.connection.fetchval(WAITED_FOR):  # noqa: ASYNC110 - who waits there tells nobody
                await asyncio.sleep(0.01)
        late = replies(5)
        await asyncio.sleep(0)
    rows = await asyncio.gather(*early, *late)
    assert [row["number"] for row in rows] == [2, 3, 4, 5, 6, 7]
    assert calls == [(False, 1), (True, 1), (True, 5)]
    assert not gathering._askings._by_key, "what nobody waits for is let go"


async def test_who_is_just_being_shut_out_keeps_no_other_waiting(world: World, gathering: Database) -> None:
    thread = await world.thread()
    async with world.db.transaction() as tx:
        await tx.connection.execute("SELECT FROM memberships WHERE member_id = $1 FOR UPDATE", world.ben.member)
        shut_out = asyncio.create_task(posts.reply(gathering, world.ben, thread, "Still?"))
        async with asyncio.timeout(4):
            await posts.reply(gathering, world.ana, await world.thread(), "Meanwhile")
        assert not shut_out.done()
        await tx.connection.execute("DELETE FROM memberships WHERE member_id = $1", world.ben.member)
    with pytest.raises(NotFound):
        await shut_out
    count = "SELECT count(*) FROM posts WHERE thread_id = $1"
    assert await world.db.pool.fetchval(count, thread) == 1


async def _write(connection: Connection, rows: Sequence[WantedReply], wait: bool) -> Sequence[asyncpg.Record]:
    written: Sequence[asyncpg.Record] = await SQL["post"].write(connection, rows=rows, wait=wait)
    return written


async def _wanted(world: World, thread: int, through: int, author: Caller | None = None) -> WantedReply:
    """A reply of ben's, or of another author's, through this network."""
    member = (author or world.ben).member
    standing = await world.db.pool.fetchval("SELECT standing FROM stands_in_thread($1, $2)", member, thread)
    return WantedReply(member, thread, standing, through, None, None, None, "Words", "<p>Words</p>", [], [], 1)


async def test_one_that_cannot_be_stored_fails_alone(
    world: World, gathering: Database, caplog: pytest.LogCaptureFixture
) -> None:
    thread, network = await world.thread(), await world.network_id()
    wanted = [await _wanted(world, thread, through) for through in (network, NOTHING, network)]
    answers = await asyncio.gather(
        *(gathering.write_together(_write, each, place=thread) for each in wanted), return_exceptions=True
    )
    assert isinstance(answers[1], asyncpg.ForeignKeyViolationError)
    assert [each["number"] for each in answers if not isinstance(each, BaseException)] == [2, 3]
    assert "writes failed, each is written by itself" in caplog.text


class Pair:
    """Two replies that one statement writes: ben's of which ana is told, and ana's of which nobody is."""

    def __init__(self, db: Database, bens: WantedReply, anas: WantedReply) -> None:
        self._db = db
        self._wanted = [bens, anas]
        self.together: list[int] = []

    async def write(self) -> list[asyncpg.Record | BaseException]:
        """What each of them is answered."""
        return await asyncio.gather(
            *(self._db.write_together(self._write, each, place=each.thread) for each in self._wanted),
            return_exceptions=True,
        )

    async def _write(self, connection: Connection, rows: Sequence[WantedReply], wait: bool) -> Sequence[asyncpg.Record]:
        self.together.append(len(rows))
        return await _write(connection, rows, wait)


@pytest_asyncio.fixture
async def hasty(database_url: str) -> AsyncIterator[Database]:
    """One that gathers, and waits half a second for a lock."""
    db = Database(database_url, pool_size=6, gather=Together, lock_timeout_s=0.5)
    await db.open()
    yield db
    db.pool.terminate()


async def test_a_lock_that_one_waits_for_in_vain_fails_no_other(world: World, hasty: Database) -> None:
    here, there, network = await world.thread(), await world.thread(), await world.network_id()
    pair = Pair(hasty, await _wanted(world, here, network), await _wanted(world, there, network, world.ana))
    async with world.db.transaction() as tx:
        await tx.connection.execute("SELECT FROM channels WHERE name = $1 FOR UPDATE", f"member:{world.ana.member}")
        bens, anas = await pair.write()
    assert isinstance(bens, Unavailable)
    assert isinstance(anas, asyncpg.Record)
    assert anas["outcome"] == "written"
    assert pair.together == [2, 1, 1]


async def test_who_is_being_shut_out_for_long_fails_no_other_of_the_place(world: World, hasty: Database) -> None:
    thread, network = await world.thread(), await world.network_id()
    pair = Pair(hasty, await _wanted(world, thread, network), await _wanted(world, thread, network, world.ana))
    async with world.db.transaction() as tx:
        await tx.connection.execute("SELECT FROM memberships WHERE member_id = $1 FOR UPDATE", world.ben.member)
        bens, anas = await pair.write()
    assert isinstance(bens, Unavailable)
    assert isinstance(anas, asyncpg.Record)
    assert anas["outcome"] == "written"
    assert pair.together == [2, 2, 1, 1], "passed over, waited for together, then each by itself"


async def test_a_deadlock_of_one_fails_none(world: World, gathering: Database) -> None:
    here, there, network = await world.thread(), await world.thread(), await world.network_id()
    pair = Pair(gathering, await _wanted(world, here, network), await _wanted(world, there, network, world.ana))
    async with world.db.transaction() as tx:
        await tx.connection.execute("SELECT FROM channels WHERE name = $1 FOR UPDATE", f"member:{world.ana.member}")
        writing = asyncio.create_task(pair.write())
        async with asyncio.timeout(30):
            while not await tx.connection.fetchval(WAITED_FOR):  # noqa: ASYNC110 - who waits there tells nobody
                await asyncio.sleep(0.01)
        # Each waits for the other one now, and who has waited first finds it first.
        await tx.connection.execute("SELECT FROM threads WHERE id = $1 FOR UPDATE", here)
    assert [row["outcome"] for row in await writing if isinstance(row, asyncpg.Record)] == ["written"] * 2
    assert pair.together == [2, 1, 1]


async def test_one_key_twice_at_once_is_one_post(world: World, gathering: Database) -> None:
    thread = await world.thread()
    rows = await asyncio.gather(*(posts.reply(gathering, world.ben, thread, "Once", key="k") for _ in range(6)))
    assert len({row["id"] for row in rows}) == 1
    other = await asyncio.gather(
        *(posts.reply(gathering, world.ben, thread, "Twice", key="k") for _ in range(2)), return_exceptions=True
    )
    assert all(isinstance(each, Invalid) for each in other)


async def test_what_is_refused_leaves_its_key(world: World, gathering: Database) -> None:
    thread, elsewhere = await world.thread(), await world.thread()
    parent = (await posts.reply(world.db, world.ben, elsewhere, "Elsewhere"))["id"]
    answers = await asyncio.gather(
        posts.reply(gathering, world.ben, thread, "A", parent=parent, key="a"),
        posts.reply(gathering, world.ben, thread, "B", key="b"),
        return_exceptions=True,
    )
    assert isinstance(answers[0], Invalid)
    kept = await world.db.pool.fetch("SELECT key FROM idempotency_keys WHERE member_id = $1", world.ben.member)
    assert [row["key"] for row in kept] == ["b"]
    assert (await posts.reply(gathering, world.ben, thread, "A", key="a"))["number"] == 3


async def test_keys_are_taken_in_one_order(world: World) -> None:
    """Else two processes that got the same two, one after the other, would each wait for the other one's second."""
    ben = world.ben.member
    keep = "SELECT keep_keys($1, $2, $3, $4)"
    async with world.db.transaction() as tx:
        assert await tx.connection.fetchval(keep, [ben], ["a"], [b""], [1]) == []
        other = asyncio.create_task(world.db.pool.fetchval(keep, [ben, ben], ["b", "a"], [b"", b""], [2, 3]))
        async with asyncio.timeout(30):
            while not await tx.connection.fetchval(WAITED_FOR):  # noqa: ASYNC110 - who waits there tells nobody
                await asyncio.sleep(0.01)
        assert await tx.connection.fetchval(keep, [ben], ["b"], [b""], [4]) == []
    assert await other == [2, 3]


async def test_slow_mode_holds_for_two_at_once(world: World, gathering: Database) -> None:
    slug = world.network
    await rooms.slow_down(world.db, world.mod, slug, 60)
    answers = await asyncio.gather(
        *(rooms.say(gathering, world.ben, slug, f"{n}") for n in range(3)), return_exceptions=True
    )
    assert sum(isinstance(each, TooMany) for each in answers) == 2


async def test_slow_mode_holds_for_two_that_waited_for_the_room(world: World, gathering: Database) -> None:
    slug = world.network
    await rooms.slow_down(world.db, world.mod, slug, 60)
    async with world.db.transaction() as tx:
        await tx.connection.execute("SELECT FROM rooms WHERE id = $1 FOR UPDATE", await world.room_id())
        said = [asyncio.create_task(rooms.say(gathering, world.ben, slug, f"{n}")) for n in range(3)]
        async with asyncio.timeout(4):
            while not await tx.connection.fetchval(WAITED_FOR):  # noqa: ASYNC110 - who waits there tells nobody
                await asyncio.sleep(0.01)
    answers = await asyncio.gather(*said, return_exceptions=True)
    assert sum(isinstance(each, TooMany) for each in answers) == 2


async def _lengths(connection: Connection, words: list[str]) -> list[int]:
    rows = await connection.fetch(
        "SELECT length(w.word) AS n FROM unnest($1::text[]) WITH ORDINALITY w (word, place) ORDER BY w.place", words
    )
    return [row["n"] for row in rows]


async def test_each_question_has_its_own_answer(gathering: Database) -> None:
    asked: list[int] = []

    async def lengths(connection: Connection, words: list[str]) -> list[int]:
        asked.append(len(words))
        return await _lengths(connection, words)

    words = ["x" * n for n in range(40)]
    assert await asyncio.gather(*(gathering.ask(lengths, word) for word in words)) == list(range(40))
    assert sum(asked) == 40
    assert len(asked) <= 4


async def test_a_question_that_is_not_answered_is_told_so(gathering: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(connection: Connection, questions: list[int]) -> list[int]:
        await connection.execute("SELECT pg_sleep(60)")
        return questions

    monkeypatch.setattr(gathering._askings, "_timeout_s", 0.1)
    with pytest.raises(Unavailable):
        await gathering.ask(never, 1)
    assert await gathering.ask(_lengths, "still") == 5
