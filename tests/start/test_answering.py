"""What waits to be answered, and to be taken, has a bound; so has the number of connections."""

import asyncio

import pytest
import websockets

from forum import answering, connections
from forum.answering import AnsweringProtocol
from forum.connections import MAX_WAITING, BoundedProtocol
from tests.start.served import LARGE_BYTES, SHORT_S, Served, head_of, until

QUICK = b"GET /quick HTTP/1.1\r\nhost: forum.test\r\n\r\n"
SLOW, LATE = QUICK.replace(b"quick", b"slow"), QUICK.replace(b"quick", b"late")
LARGE = QUICK.replace(b"quick", b"large")


@pytest.fixture
def short_answers(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "ANSWER_MAX_S", SHORT_S)


def the_connection(served: Served) -> BoundedProtocol:
    (connection,) = served.state.connections
    assert isinstance(connection, BoundedProtocol)
    return connection


async def test_so_many_requests_may_wait_and_the_last_answer_says_that_it_is_the_last(served: Served) -> None:
    async with served.client() as client:
        client.send(SLOW + QUICK * 5_000)
        await until(lambda: served.saw)
        assert len(the_connection(served).pipeline) == MAX_WAITING
        served.go.set()
        answers = [await client.answer() for _ in range(1 + MAX_WAITING)]
        assert [body for _, _, body in answers] == [b"slow", *[b"quick"] * MAX_WAITING]
        assert [headers.get("connection") for _, headers, _ in answers] == [*[None] * MAX_WAITING, "close"]
        assert await client.rest() == b""
        await served.until_all_are_gone()


async def test_while_a_request_waits_no_more_is_read(served: Served) -> None:
    async with served.client() as client:
        client.send(SLOW + LATE + QUICK)
        await until(lambda: served.saw == ["slow"])
        served.go.set()
        assert (await client.answer())[2] == b"slow"
        await until(lambda: served.saw == ["slow", "late"])
        connection = the_connection(served)
        assert len(connection.pipeline) == 1
        assert connection.flow.read_paused
        served.end.set()
        assert [(await client.answer())[2] for _ in range(2)] == [b"late", b"quick"]
        client.send(QUICK)
        assert (await client.answer())[2] == b"quick"


@pytest.mark.usefixtures("short_answers")
async def test_who_takes_nothing_of_an_answer_is_cut_off(served: Served) -> None:
    async with served.client() as client:
        client.send(LARGE)
        await until(lambda: served.saw)
        await served.until_all_are_gone()


@pytest.mark.usefixtures("short_answers")
@pytest.mark.parametrize("closing", ["by its client's wish", "after a while"])
async def test_what_waits_behind_a_closed_connection_is_cut_off(served: Served, closing: str) -> None:
    async with served.client() as client:
        client.send(QUICK)
        assert (await client.answer())[2] == b"quick"
        connection = the_connection(served)
        connection.transport.set_write_buffer_limits(high=2 * LARGE_BYTES)  # as if it were little that waits
        connection.timeout_keep_alive = 0.1  # type: ignore[assignment]
        wish = "connection: close\r\n" if closing == "by its client's wish" else ""
        client.send(head_of(200, "GET /large", wish))
        await until(lambda: served.saw)
        await served.until_all_are_gone()


@pytest.mark.usefixtures("short_answers")
async def test_who_takes_an_answer_slowly_gets_all_of_it(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = list[int]()
    look = AnsweringProtocol._look_at_taking

    def noted(connection: AnsweringProtocol) -> None:
        looks.append(connection.transport.get_write_buffer_size())
        look(connection)

    monkeypatch.setattr(AnsweringProtocol, "_look_at_taking", noted)
    async with served.client() as client:
        client.send(LARGE)
        await until(lambda: served.saw)
        await client.head()
        taken = 0
        while taken < LARGE_BYTES:
            piece = await client.some(LARGE_BYTES - taken)
            assert piece, f"cut off after {taken} bytes"
            taken += len(piece)
            if len(looks) < 4:
                await asyncio.sleep(SHORT_S / 10)
        assert len(looks) >= 4
        assert looks == sorted(looks, reverse=True)
        client.send(QUICK)
        assert (await client.answer())[2] == b"quick"


async def test_a_clock_is_set_only_where_an_answer_waits(served: Served) -> None:
    async with served.client() as client:
        for _ in range(3):
            client.send(QUICK)
            assert (await client.answer())[2] == b"quick"
            assert the_connection(served)._taking is None


async def test_one_connection_too_many_is_told_so(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 2)
    async with websockets.connect(f"ws://127.0.0.1:{served.port}/echo") as socket, served.client() as first:
        async with served.client() as second:
            status, headers, body = await second.answer()
            assert (status, headers["retry-after"], headers["connection"]) == (503, "5", "close")
            assert body == b"There are too many connections right now. Try again in a few seconds."
        await socket.send("still here")
        assert await socket.recv() == "still here"
        first.send(QUICK)
        assert (await first.answer())[2] == b"quick"
    await until(lambda: not served.state.connections)
    async with served.client() as third:
        third.send(QUICK)
        assert (await third.answer())[2] == b"quick"


async def test_a_flood_of_connections_is_not_answered_one_by_one(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 0)
    monkeypatch.setattr(connections, "REFUSED_AT_ONCE", 1)
    async with served.client() as first, served.client() as second:
        assert (await first.answer())[0] == 503
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await second.answer()


def test_as_many_as_files_may_be_open(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit, most in ((1_024, 768), (100, 50), (100_000, 20_000), (connections.resource.RLIM_INFINITY, 20_000)):
        monkeypatch.setattr(connections.resource, "getrlimit", lambda _, limit=limit: (limit, limit))
        assert connections._connections_max() == most
