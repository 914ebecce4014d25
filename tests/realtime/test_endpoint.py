"""`/live` and the long poll, over real sockets."""

from __future__ import annotations

import asyncio
import json
import time

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from realtime import protocol
from tests.realtime.memory_source import until
from tests.realtime.tiny import Tiny

THREAD = "thread:9"


@pytest.fixture(params=["realtime.transport:SocketProtocol", "websockets-sansio"], ids=["handle", "send_text"])
async def tiny(request):
    async with Tiny(poll_s=0.3).served(ws=request.param) as tiny:
        tiny.source.channel(THREAD)
        yield tiny


@pytest.fixture
async def fast():
    async with Tiny(poll_s=0.3).served() as tiny:
        tiny.source.channel(THREAD)
        yield tiny


def live(tiny, member=1, subprotocols=None, **more):
    headers = {"Authorization": f"Bearer {member}"} if member else {}
    return connect(
        f"ws://127.0.0.1:{tiny.port}/live",
        additional_headers=headers,
        subprotocols=subprotocols,
        compression=None,
        **more,
    )


async def say(socket, **message):
    await socket.send(json.dumps(message))


async def hear(socket, kind=None, timeout_s=5):
    async with asyncio.timeout(timeout_s):
        while True:
            frame = json.loads(await socket.recv())
            if kind is None or frame["type"] == kind:
                return frame


async def hear_of(socket, channel, count=1):
    frames = []
    while len(frames) < count:
        frame = await hear(socket)
        if frame.get("channel") == channel and frame["type"] != "presence":
            frames.append(frame)
    return frames


async def code_of(socket):
    async with asyncio.timeout(5):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed as closed:
            return closed.rcvd.code


async def poll(tiny, member=1, **query):
    async with httpx.AsyncClient(timeout=10) as client:
        headers = {"Authorization": f"Bearer {member}"} if member else {}
        params = query.pop("params", {f"after[{THREAD}]": query.pop("after", 0), **query})
        return await client.get(f"http://127.0.0.1:{tiny.port}/api/v1/updates", params=params, headers=headers)


async def test_follow_catch_up_live_and_unfollow(tiny):
    tiny.write(THREAD, "one")
    async with live(tiny) as socket:
        assert (await hear(socket))["channel"] == "member:1"  # of its own, without asking
        await say(socket, type="follow", channel=THREAD, after=0)
        update, following = await hear_of(socket, THREAD, 2)
        assert (update["seq"], update["body"], following["type"], following["seq"]) == (1, "one", "following", 1)
        tiny.write(THREAD, "ünïcödé 🩺" * 400)
        assert (await hear(socket, "update"))["body"] == "ünïcödé 🩺" * 400
        await say(socket, type="unfollow", channel=THREAD)
        assert (await hear(socket, "unfollowed"))["channel"] == THREAD


@pytest.mark.parametrize(
    ("offered", "chosen", "field"),
    [
        ([protocol.HTML, protocol.JSON], protocol.HTML, "html"),
        ([protocol.JSON, protocol.HTML], protocol.JSON, "body"),
        (["else", protocol.JSON], protocol.JSON, "body"),
        (None, None, "body"),
    ],
)
async def test_subprotocols(fast, offered, chosen, field):
    fast.write(THREAD, "one")
    async with live(fast, subprotocols=offered) as socket:
        assert socket.subprotocol == chosen
        await say(socket, type="follow", channels={THREAD: 0}, log="first")
        assert (await hear(socket, "update"))[field] == "one"


async def test_a_socket_without_our_origin_is_refused(tiny):
    with pytest.raises(InvalidStatus) as refused:
        async with live(tiny, member=None):
            pass
    assert refused.value.response.status_code == 403
    async with live(tiny, member=None, origin="http://forum.test") as socket:
        await say(socket, type="follow", channel=THREAD, after=0)
        assert (await hear(socket))["type"] == "following"


@pytest.mark.parametrize("code", [protocol.SIGNED_OUT, protocol.SUSPENDED])
async def test_the_reason_of_a_refusal_can_be_read(tiny, code):
    tiny.refuse[1] = (code, "no")
    async with live(tiny) as socket:
        assert await code_of(socket) == code
    answer = await poll(tiny)
    assert answer.status_code == {4001: 401, 4003: 403}[code]
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_session_that_ends_while_the_socket_opens(fast):
    """The first look still finds the session; the update that ends it is committed before the screen watches."""
    heads = fast.source.heads

    async def heads_late(channels):
        fast.source.heads = heads  # the look at the heads must not tell of another end
        fast.source.ended_sessions.add(10)
        fast.source.write("member:1", kind="session.ended", target=10)
        return await heads(channels)

    fast.source.heads = heads_late
    async with live(fast) as socket:
        assert await code_of(socket) == protocol.SIGNED_OUT


async def test_a_socket_that_opens_while_the_process_stops(tiny):
    """It was asked who this is before the others were let go; the answer comes after."""
    identify = tiny.identify

    async def identify_late(connection):
        tiny.live.release()
        return await identify(connection)

    tiny.live._identify = identify_late
    async with live(tiny) as socket:
        assert await code_of(socket) == protocol.RESTARTING


async def test_signing_out_closes_sockets_and_polls(tiny):
    tiny.source.channel("member:1")
    async with live(tiny) as mine, live(tiny, member=2) as other:
        await hear(mine), await hear(other)
        waiting = asyncio.create_task(poll(tiny))
        await until(lambda: tiny.live.hub.gauges()["screens"] == 3)
        tiny.write("member:1", kind="session.ended", target=10)
        assert await code_of(mine) == protocol.SIGNED_OUT
        assert (await waiting).status_code == 401
        await say(other, type="unfollow", channel=THREAD)
        assert (await hear(other))["type"] == "unfollowed"


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "nonsense",
        "[]",
        '{"type":"follow"}',
        '{"type":"follow","channel":"thread:0","after":1}',
        b"\x00\x01",
        "{" * 9000,
    ],
)
async def test_a_malformed_frame_is_answered(tiny, frame):
    async with live(tiny) as socket:
        await hear(socket)
        await socket.send(frame)
        error = await hear(socket)
        assert (error["type"], error["code"]) == ("error", "malformed")
        assert 0 < len(error["detail"]) <= 200


async def test_repeated_mistakes_close_1008(tiny):
    async with live(tiny) as socket:
        for _ in range(12):
            await socket.send("nonsense")
        assert await code_of(socket) == protocol.REFUSED


async def test_too_many_frames_are_refused(fast):
    async with live(fast) as socket:
        for _ in range(105):
            await say(socket, type="unfollow", channel=THREAD)
        assert (await hear(socket, "error"))["code"] == "too_often"


async def test_a_huge_frame_closes_1009(tiny):
    async with live(tiny) as socket:
        await socket.send("x" * (protocol.MAX_FRAME_BYTES + 1))
        assert await code_of(socket) == protocol.TOO_BIG


async def test_a_client_that_does_not_read_is_closed_and_harms_nobody(tiny):
    async with live(tiny, member=2) as good, live(tiny, member=1, max_queue=1) as slow:
        for socket in (good, slow):
            await say(socket, type="follow", channel=THREAD, after=0)
            await hear_of(socket, THREAD)
        received = asyncio.create_task(hear_of(good, THREAD, 400))
        delays = []
        for _ in range(400):
            before = time.monotonic()
            tiny.write(THREAD, "x" * 30_000)
            await asyncio.sleep(0.001)
            delays.append(time.monotonic() - before)
        frames = await received
        assert [frame["seq"] for frame in frames] == list(range(1, 401))
        await until(lambda: tiny.live.metrics.slow_closes == 1)
        assert sorted(delays)[-4] < 0.25
        assert await code_of(slow) == protocol.TOO_SLOW


async def test_a_full_socket_keeps_each_frame_whole_and_in_order():
    """It is filled, and then read while more is written, with pings between the frames."""
    async with Tiny().served(ws_ping_interval=0.2, ws_ping_timeout=None) as tiny:
        tiny.source.channel(THREAD)
        async with live(tiny, max_queue=1, ping_interval=None) as slow:
            await say(slow, type="follow", channel=THREAD, after=0)
            await hear_of(slow, THREAD)
            (screen,) = tiny.live.hub._screens
            seq = 0
            while not screen.socket._waiting():
                seq = tiny.write(THREAD, "x" * 30_000)
                await asyncio.sleep(0.001)
            reading = asyncio.create_task(hear_of(slow, THREAD, seq + 300))
            for _ in range(300):
                seq = tiny.write(THREAD, "x" * 30_000)
                await asyncio.sleep(0.001)
            assert [frame["seq"] for frame in await reading] == list(range(1, seq + 1))
            # What the server writes by itself is known to whoever writes past its transport.
            screen.socket.wrote = False
            await until(lambda: screen.socket.wrote)


async def test_sockets_are_closed_1012_on_shutdown(tiny):
    async with live(tiny) as socket:
        await hear(socket)
        waiting = asyncio.create_task(poll(tiny))
        await until(lambda: tiny.live.hub.gauges()["screens"] == 2)
        tiny.live.release()
        assert await code_of(socket) == protocol.RESTARTING
        assert (await waiting).status_code == 200
        assert (await poll(tiny)).status_code == 503
        async with live(tiny) as late:
            assert await code_of(late) == protocol.RESTARTING


async def test_when_the_source_is_away_a_newcomer_is_told_to_return(tiny):
    tiny.source.failures = 1000
    async with live(tiny) as socket:
        assert await code_of(socket) == protocol.TOO_SLOW
    answer = await poll(tiny)
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["retry_after"]) == (503, "2", 2)


async def test_nothing_is_left_when_sockets_have_gone(tiny):
    for _ in range(3):
        async with live(tiny) as socket:
            await say(socket, type="follow", channel=THREAD, after=0)
            await hear_of(socket, THREAD)
    sockets = [await live(tiny, member=n) for n in range(1, 6)]
    for socket in sockets:
        socket.transport.abort()
    await until(lambda: tiny.live.hub.gauges() == {"screens": 0, "followers": 0, "channels": 0, "lag_s": 0.0})


async def test_pings_are_sent():
    async with Tiny().served(ws_ping_interval=0.05) as tiny:
        async with live(tiny, ping_interval=None) as socket:
            await hear(socket)
            pongs = 0
            pong = socket.protocol.receive_data

            def count(data):
                nonlocal pongs
                pongs += data[:1] == b"\x89"
                pong(data)

            socket.protocol.receive_data = count
            await until(lambda: pongs >= 3)


# The long poll


async def test_a_poll_answers_at_once_with_what_was_missed(tiny):
    for _ in range(3):
        tiny.write(THREAD, "one")
    answer = (await poll(tiny, after=1)).json()
    assert [frame["seq"] for frame in answer["updates"]] == [2, 3]
    assert answer["channels"] == {THREAD: 3}
    assert (answer["reset"], answer["gone"], answer["log"]) == ([], [], "first")
    assert (await poll(tiny, after=2, **{"as": "html"})).json()["updates"][0]["html"] == "one"


async def test_a_poll_waits_and_is_answered_by_the_next_update(tiny):
    waiting = asyncio.create_task(poll(tiny, params={f"after[{THREAD}]": 0, "after[network:3]": 0}))
    tiny.source.channel("network:3")
    await until(lambda: tiny.live.hub.gauges()["followers"] == 2)
    tiny.write(THREAD, "one")
    answer = (await waiting).json()
    assert answer["channels"][THREAD] == 1
    assert answer["updates"][0]["body"] == "one"


async def test_a_poll_with_nothing_new_ends_empty(fast):
    answer = (await poll(fast)).json()
    assert answer == {"updates": [], "channels": {THREAD: 0}, "reset": [], "gone": [], "log": "first"}
    await until(lambda: fast.live.hub.gauges()["screens"] == 0)


async def test_a_poll_is_told_what_is_reset_and_what_is_gone(fast):
    for _ in range(3):
        fast.write(THREAD)
    params = {f"after[{THREAD}]": 9, "after[thread:404]": 1, "log": "first"}
    answer = (await poll(fast, params=params)).json()
    assert answer == {"updates": [], "channels": {THREAD: 3}, "reset": [THREAD], "gone": ["thread:404"], "log": "first"}


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"after[thread:9]": "x"},
        {"after[thread:9]": -1},
        {"after[thread:9]": 2**63},
        {"after[post:9]": 1},
        {"after": 1},
        {"after[thread:9]": [1, 2]},
        {"after[thread:9]": 1, "as": "xml"},
        {"after[thread:9]": 1, "log": "a\0b"},
        {f"after[thread:{n}]": 1 for n in range(1, 202)},
    ],
)
async def test_a_poll_that_asks_for_nonsense_is_told_so(fast, params):
    answer = await poll(fast, params=params)
    assert answer.status_code == 400
    assert answer.json()["detail"]


async def test_by_polls_alone_nothing_is_lost(fast):
    async def follow():
        cursor, seen = 0, []
        while cursor < 200:
            answer = (await poll(fast, after=cursor)).json()
            seen += [frame["seq"] for frame in answer["updates"]]
            cursor = answer["channels"][THREAD]
        return seen

    following = asyncio.create_task(follow())
    for _ in range(200):
        fast.write(THREAD)
        await asyncio.sleep(0)
    assert await following == list(range(1, 201))


async def test_a_poll_whose_client_has_gone_is_forgotten():
    async with Tiny(poll_s=20).served() as tiny:
        tiny.source.channel(THREAD)
        waiting = asyncio.create_task(poll(tiny))
        await until(lambda: tiny.live.hub.gauges()["screens"] == 1)
        waiting.cancel()
        await until(lambda: tiny.live.hub.gauges()["screens"] == 0)
