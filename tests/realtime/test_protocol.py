"""The protocol: what a client may say, and how what it may not say is answered."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.uri import parse_uri

from realtime import protocol
from realtime.pace import Pace
from realtime.protocol import Follow, Malformed, Typing, Unfollow, parse
from realtime.transport import frame


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({"type": "follow", "channel": "thread:9", "after": 41}, Follow({"thread:9": 41})),
        ({"after": 0, "log": "a-Z_9", "channel": "room:3", "type": "follow"}, Follow({"room:3": 0}, "a-Z_9")),
        (
            {"type": "follow", "channels": {"thread:9": 41, "moderators:3": 2**63 - 1}, "log": None},
            Follow({"thread:9": 41, "moderators:3": 2**63 - 1}),
        ),
        ({"type": "unfollow", "channel": "network:1"}, Unfollow("network:1")),
        ({"type": "typing", "channel": "room:999999999999999999"}, Typing("room:999999999999999999")),
    ],
)
def test_what_a_client_may_say(said, meant):
    assert parse(json.dumps(said)) == meant


@pytest.mark.parametrize(
    "said",
    [
        "null",
        "{}",
        "[]",
        '"follow"',
        '{"type":"follow"}',
        '{"type":"nonsense"}',
        '{"type":["follow"],"channel":"thread:9","after":1}',
        '{"type":"follow","channel":"thread:9"}',
        '{"type":"follow","channel":"thread:9","after":-1}',
        '{"type":"follow","channel":"thread:9","after":9223372036854775808}',
        '{"type":"follow","channel":"thread:9","after":1e400}',
        '{"type":"follow","channel":"thread:9","after":1.5}',
        '{"type":"follow","channel":"thread:9","after":"1"}',
        '{"type":"follow","channel":"thread:9","after":true}',
        '{"type":"follow","channel":"thread:9","after":null}',
        '{"type":"follow","channel":"thread:9","after":1,"log":7}',
        '{"type":"follow","channel":"thread:9","after":1,"log":"a\\u0000"}',
        '{"type":"follow","channel":"thread:9","after":1,"log":""}',
        '{"type":"follow","channel":"thread:9","after":1,"extra":1}',
        '{"type":"follow","channel":"thread:9","after":1,"channels":{"thread:9":1}}',
        '{"type":"follow","channels":{}}',
        '{"type":"follow","channels":{"post:9":1}}',
        '{"type":"follow","channels":{"thread:9":null}}',
        '{"type":"unfollow"}',
        '{"type":"unfollow","channel":9}',
        '{"type":"typing","channel":"room:3","text":"x"}',
        '{"type":"unfollow","channel":"thread:\\ud800"}',
        '{"type":"unfollow","channel":"thread:9"} ',
        "[" * 16_000,
        '{"a":' * 3_000,
        '{"type":"unfollow","channel":"thread:9"}' + " " * protocol.MAX_FRAME_BYTES,
    ],
)
def test_what_a_client_may_not_say(said):
    if said.endswith('"} '):
        said = said[:-1] + "\0"
    with pytest.raises(Malformed) as error:
        parse(said)
    assert 0 < len(str(error.value)) <= 200
    str(error.value).encode()


@pytest.mark.parametrize(
    "name",
    ["thread:0", "thread:01", "thread:-1", "thread:", "thread", "Thread:1", "thread:1\n", " thread:1", "thread:١",
     "x:1", "thread:1:2", "thread:1000000000000000000", "thread:1\0", ""],
)  # fmt: skip
def test_names_that_are_no_channel(name):
    assert not protocol.is_channel(name)
    with pytest.raises(Malformed):
        parse(json.dumps({"type": "unfollow", "channel": name}))


def test_more_than_200_channels_at_once():
    channels = {f"thread:{number}": 1 for number in range(1, 202)}
    with pytest.raises(Malformed):
        parse(json.dumps({"type": "follow", "channels": channels}))
    del channels["thread:1"]
    assert len(parse(json.dumps({"type": "follow", "channels": channels})).channels) == 200


@given(st.text() | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(json.dumps))
def test_nothing_else_than_malformed_is_raised(said):
    with pytest.raises(Malformed):
        parse(said)


@given(st.binary())
def test_no_bytes_break_it(said):
    with pytest.raises(Malformed):
        parse(said)


@given(st.fixed_dictionaries({"type": st.sampled_from(["follow", "unfollow", "typing", "x"])}, optional={
    "channel": st.sampled_from(["thread:9", "x:1", "room:3"]) | st.integers(),
    "after": st.integers() | st.text(),
    "channels": st.dictionaries(st.sampled_from(["thread:9", "x:1"]), st.integers()),
}))  # fmt: skip
def test_whatever_is_accepted_is_within_bounds(said):
    try:
        message = parse(json.dumps(said))
    except Malformed:
        return
    if isinstance(message, Follow):
        assert message.channels
        assert all(protocol.is_channel(name) and 0 <= after < 2**63 for name, after in message.channels.items())
    else:
        assert protocol.is_channel(message.channel)


def test_what_the_server_says():
    def said(message):
        return json.loads(protocol.encode(message))

    assert said(protocol.Following("thread:9", 44, "log")) == {
        "type": "following", "channel": "thread:9", "seq": 44, "log": "log",
    }  # fmt: skip
    assert said(protocol.Error("malformed", "x")) == {"type": "error", "code": "malformed", "detail": "x"}
    assert said(protocol.Presence("room:3", [protocol.Here(7, "Ana")], 1))["here"] == [{"id": 7, "name": "Ana"}]
    assert json.loads(protocol.encode_update("thread:9", 42, "post.created", 77, version=1, html="<p>")) == {
        "type": "update", "channel": "thread:9", "seq": 42, "kind": "post.created", "id": 77, "version": 1,
        "html": "<p>",
    }  # fmt: skip


@given(st.sampled_from([0, 1, 125, 126, 127, 65_535, 65_536, 100_000]))
def test_frames_are_what_a_client_reads(size):
    client = ClientProtocol(parse_uri("ws://forum.test/"), max_size=None)
    client.state = 1
    client.parser = client.parse_frames() if hasattr(client, "parse_frames") else client.parser
    wire = frame(b"x" * size)
    header = 2 if size < 126 else 4 if size < 65_536 else 10
    assert len(wire) == header + size
    assert wire[0] == 0x81
    length = wire[1] if size < 126 else int.from_bytes(wire[2:header], "big")
    assert length == size


def test_pace():
    pace = Pace(per_s=2, burst=3)
    assert [pace.take(100.0) for _ in range(4)] == [True, True, True, False]
    assert [pace.take(100.5), pace.take(100.6)] == [True, False]
    assert [pace.take(900.0) for _ in range(4)] == [True, True, True, False]
