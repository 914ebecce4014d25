"""A connection's bounds, on real sockets: what is too large or too late is refused, and nothing else is cut off.

A test that has to see a time pass without anything happening opens a silent connection and waits until that is closed:
its time began later.
"""

import asyncio
import contextlib
import time

import pytest
import websockets

from forum import connections
from forum.connections import MAX_HEAD_BYTES
from tests.start.served import LONG_S, SHORT_S, Client, Served, head_of, until


@pytest.fixture
def short_heads(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_MAX_S", SHORT_S)


@pytest.fixture
def short_bodies(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BODY_MAX_S", SHORT_S)


async def test_a_header_without_end_is_refused(served: Served) -> None:
    async with served.client() as client:

        async def send() -> None:
            client.send(b"GET /quick HTTP/1.1\r\nhost: forum.test\r\nx-long: ")
            with contextlib.suppress(OSError):
                while True:
                    client.send(b"x" * 65536)
                    await client.sent()
                    await asyncio.sleep(0)

        sending = asyncio.create_task(send())
        status, headers, body = await client.answer()
        assert (status, headers["connection"]) == (431, "close")
        assert body == b"The request's line and headers together may have 64 KiB."
        await served.until_all_are_gone()
        await sending


async def test_a_refused_client_learns_at_once_that_nothing_more_comes(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LINGER_S", LONG_S)
    async with served.client() as client:
        client.send(head_of(MAX_HEAD_BYTES + 1))
        assert await client.refusal() == 431


async def test_headers_without_number_are_refused(served: Served) -> None:
    async with served.client() as client:
        client.send(b"GET /quick HTTP/1.1\r\nhost: forum.test\r\n" + b"x-a: some words\r\n" * 4000)
        client.send(b"x-a: some words\r\n" * 4000)
        assert await client.refusal() == 431
        await served.until_all_are_gone()


async def test_a_path_without_end_is_refused(served: Served) -> None:
    async with served.client() as client:
        client.send(b"GET /" + b"x" * (MAX_HEAD_BYTES + 1000))
        assert await client.refusal() == 431


async def test_a_head_may_have_so_much_and_not_a_byte_more(served: Served) -> None:
    async with served.client() as client:
        for size in (60 * 1024, MAX_HEAD_BYTES):
            client.send(head_of(size))
            assert (await client.answer())[0] == 200
        (connection,) = served.state.connections
        client.send(head_of(MAX_HEAD_BYTES)[:1000])
        await until(lambda: connection._awaited == "head")  # type: ignore[union-attr]
        client.send(head_of(MAX_HEAD_BYTES)[1000:])
        assert (await client.answer())[0] == 200
        client.send(head_of(MAX_HEAD_BYTES + 1))
        assert await client.refusal() == 431
        await served.until_all_are_gone()


async def test_a_head_that_comes_in_one_piece_with_other_things_is_counted_alone(served: Served) -> None:
    body = b"b" * 50_000
    length = f"content-length: {len(body)}\r\n"
    request = head_of(60 * 1024, "POST /size", length) + body
    async with served.client() as client:
        client.send(request + request)
        assert (await client.answer())[2] == b"50000"
        assert (await client.answer())[2] == b"50000"

        client.send(request[:-1])
        await client.sent()
        client.send(request[-1:] + head_of(60 * 1024)[:-4])
        assert (await client.answer())[2] == b"50000"
        client.send(b"\r\n\r\n")
        assert (await client.answer())[2] == b"quick"


async def test_trailers_without_end_are_refused(served: Served) -> None:
    async with served.client() as client:
        client.send(b"POST /size HTTP/1.1\r\nhost: forum.test\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n")
        client.send(b"x-a: some words\r\n" * 20_000)
        assert await client.refusal() == 431
        await until(lambda: served.saw == ["gone"])
        await served.until_all_are_gone()


async def test_an_answer_is_not_mixed_with_the_refusal_of_what_follows(served: Served) -> None:
    async with served.client() as client:
        client.send(b"GET /slow HTTP/1.1\r\nhost: forum.test\r\n\r\n" + head_of(MAX_HEAD_BYTES + 1))
        assert await client.rest() == b""
        await served.until_all_are_gone()


async def test_a_body_in_many_small_pieces_passes(served: Served) -> None:
    pieces = 20_000
    async with served.client() as client:
        client.send(b"POST /size HTTP/1.1\r\nhost: forum.test\r\ntransfer-encoding: chunked\r\n\r\n")
        client.send(b"1\r\nx\r\n" * pieces + b"0\r\n\r\n")
        assert (await client.answer())[2] == b"%d" % pieces


async def test_a_body_of_a_megabyte_passes(served: Served) -> None:
    size = 1024 * 1024
    async with served.client() as client:
        for _ in range(2):
            client.send(b"POST /size HTTP/1.1\r\nhost: forum.test\r\ncontent-length: %d\r\n\r\n" % size)
            client.send(b"b" * size)
            assert (await client.answer())[2] == b"%d" % size


@pytest.mark.usefixtures("short_heads")
async def test_a_silent_connection_is_closed(served: Served) -> None:
    async with served.client() as client:
        began = time.monotonic()
        assert await client.rest() == b""
        assert time.monotonic() - began > SHORT_S * 0.9
        await served.until_all_are_gone()


async def refused_in_time(served: Served, client: Client) -> None:
    """What was begun now is answered 408 when its time is over, and no sooner."""
    began = time.monotonic()
    assert await client.refusal() == 408
    assert time.monotonic() - began > SHORT_S * 0.9
    await served.until_all_are_gone()


@pytest.mark.usefixtures("short_heads")
async def test_half_a_head_is_refused(served: Served) -> None:
    async with served.client() as client:
        client.send(b"GET /quick HTTP/1.1\r\nhost: for")
        await refused_in_time(served, client)


@pytest.mark.usefixtures("short_heads")
async def test_a_head_that_comes_byte_by_byte_gets_no_more_time(served: Served) -> None:
    async with served.client() as client:

        async def drip() -> None:
            client.send(b"GET /quick HTTP/1.1\r\nx-a: ")
            with contextlib.suppress(OSError):
                while True:
                    client.send(b"x")
                    await client.sent()
                    await asyncio.sleep(SHORT_S / 20)

        dripping = asyncio.create_task(drip())
        assert (await client.answer())[0] == 408
        await served.until_all_are_gone()
        dripping.cancel()


@pytest.mark.usefixtures("short_heads")
async def test_what_comes_after_a_refusal_is_asked_of_nobody(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "LINGER_S", LONG_S)
    async with served.client() as client:
        client.send(b"POST /slow HTTP/1.1\r\nhost: forum.test\r\n")
        assert await client.refusal() == 408
        client.send(b"content-length: 0\r\n\r\n")
    await served.until_all_are_gone()
    assert served.saw == []


@pytest.mark.usefixtures("short_heads")
async def test_half_a_head_on_a_kept_connection_is_refused(served: Served) -> None:
    async with served.client() as client:
        client.send(head_of(200))
        assert (await client.answer())[2] == b"quick"
        await served.let_time_pass()

        client.send(head_of(200)[:-1])
        await refused_in_time(served, client)


@pytest.mark.usefixtures("short_heads")
async def test_an_empty_line_does_not_keep_a_connection(served: Served) -> None:
    async with served.client() as client:
        client.send(head_of(200))
        assert (await client.answer())[2] == b"quick"
        client.send(b"\r\n")  # with it uvicorn's own timer ends
        assert await client.rest() == b""
        await served.until_all_are_gone()


@pytest.mark.usefixtures("short_heads")
async def test_a_head_s_time_is_short_again_after_a_body_s(served: Served) -> None:
    async with served.client() as client:
        client.send(b"POST /size HTTP/1.1\r\nhost: forum.test\r\ncontent-length: 2\r\n\r\nb")
        await served.let_time_pass()
        client.send(b"b")
        assert (await client.answer())[2] == b"2"
        client.send(b"GET")
        assert await client.refusal() == 408


@pytest.mark.usefixtures("short_bodies")
async def test_an_unfinished_body_is_refused_and_the_application_sees_its_client_gone(served: Served) -> None:
    async with served.client() as client:
        client.send(b"POST /size HTTP/1.1\r\nhost: forum.test\r\ncontent-length: 10\r\n\r\nhalf")
        began = time.monotonic()
        assert await client.refusal() == 408
        assert time.monotonic() - began > SHORT_S * 0.9
        assert served.saw == ["gone"]
        await served.until_all_are_gone()


@pytest.mark.usefixtures("short_bodies")
async def test_an_unfinished_body_whose_answer_has_begun_is_cut_off(served: Served) -> None:
    async with served.client() as client:
        client.send(b"POST /stream HTTP/1.1\r\nhost: forum.test\r\ncontent-length: 10\r\n\r\nhalf")
        assert (await client.rest()).endswith(b"\r\n\r\nbegun")
        await served.until_all_are_gone()


@pytest.mark.usefixtures("short_bodies")
async def test_an_unfinished_body_that_was_answered_is_cut_off(served: Served) -> None:
    async with served.client() as client:
        client.send(b"POST /quick HTTP/1.1\r\nhost: forum.test\r\ncontent-length: 10\r\n\r\n")
        assert (await client.answer())[2] == b"quick"
        client.send(b"half")
        assert await client.rest() == b""
        await served.until_all_are_gone()


@pytest.mark.usefixtures("short_heads", "short_bodies")
async def test_a_body_that_the_application_lets_wait_is_not_cut_off(served: Served) -> None:
    size = 4 * 1024 * 1024
    async with served.client() as client:
        client.send(b"POST /unread HTTP/1.1\r\nhost: forum.test\r\ncontent-length: %d\r\n\r\n" % size)
        client.send(b"b" * size)
        await until(lambda: served.saw == ["unread"])
        await served.let_time_pass()
        await served.let_time_pass()
        served.go.set()
        assert (await client.answer())[2] == b"%d" % size


@pytest.mark.usefixtures("short_heads", "short_bodies")
async def test_a_long_answer_is_not_cut_off(served: Served) -> None:
    async with served.client() as asking, served.client() as posting, served.client() as hurrying:
        asking.send(head_of(200, "GET /slow"))
        posting.send(head_of(200, "POST /slow", "content-length: 4\r\n") + b"body")
        hurrying.send(head_of(200, "GET /slow") + head_of(200)[:-1])  # it has to wait for its own first answer
        await until(lambda: served.saw == ["slow"] * 3)
        await served.let_time_pass()
        await served.let_time_pass()
        served.go.set()
        for client in (asking, posting, hurrying):
            assert (await client.answer())[2] == b"slow"
        assert await hurrying.refusal() == 408


@pytest.mark.usefixtures("short_heads", "short_bodies")
async def test_a_kept_connection_has_the_time_of_kept_ones(served: Served) -> None:
    async with served.client() as client:
        for _ in range(3):
            client.send(head_of(200))
            assert (await client.answer())[2] == b"quick"
            await served.let_time_pass()
        (kept,) = served.state.connections
        kept.timeout_keep_alive = 0.1  # type: ignore[union-attr, assignment]
        client.send(head_of(200, "POST /size", "content-length: 4\r\n") + b"body")
        assert (await client.answer())[2] == b"4"
        assert await client.rest() == b""
        await served.until_all_are_gone()


@pytest.mark.usefixtures("short_heads", "short_bodies")
async def test_a_socket_stays_open(served: Served) -> None:
    async with websockets.connect(f"ws://127.0.0.1:{served.port}/echo") as socket:
        await served.let_time_pass()
        await served.let_time_pass()
        await socket.send("still here")
        assert await socket.recv() == "still here"
        await served.let_time_pass()
        await socket.send("and later")
        assert await socket.recv() == "and later"


async def test_nothing_is_left_of_a_connection_that_has_gone(served: Served) -> None:
    async with served.client() as client:
        client.send(head_of(200)[:-1])
        await until(lambda: served.state.connections)
        (connection,) = served.state.connections
        assert isinstance(connection, connections.BoundedProtocol)
        assert connection._timer is not None
    await until(lambda: not served.state.connections)
    assert connection._timer is None


async def test_what_is_no_http_is_refused(served: Served) -> None:
    async with served.client() as client:
        client.send(b"\x16\x03\x01 hello\r\n\r\n")
        assert (await client.answer())[0] == 400
        await served.until_all_are_gone()
