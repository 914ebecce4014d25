"""What client and server say to each other on `/live`, version 1.

Pure: bytes in, typed messages out, and back. Everything a client may send has a bound, and whatever lies outside of
it raises `Malformed` with a sentence that is fit to be sent back. No message of a client is ever trusted beyond what
its type says.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

HTML: Final = "forum.v1.html"
JSON: Final = "forum.v1.json"
SUBPROTOCOLS: Final = (HTML, JSON)
FOR_GUESTS: Final = "/guest"
"""Behind the name of a subprotocol: its words for who is not signed in, who is shown less."""
FOR_OUTSIDERS: Final = "/outsider"
"""The same for members in a channel of a network that they do not belong to."""

MAX_FRAME_BYTES: Final = 16 * 1024
MAX_FOLLOWS: Final = 200
MAX_SEQ: Final = 2**63 - 1

REFUSED: Final = 1008
TOO_BIG: Final = 1009
RESTARTING: Final = 1012
TOO_SLOW: Final = 1013
SIGNED_OUT: Final = 4001
SUSPENDED: Final = 4003

# \Z, for $ would let a line feed pass; 18 digits always fit a bigint.
CHANNEL_PATTERN: Final = r"\A((network|thread|room|member|moderators):[1-9][0-9]{0,17}|moderators:0)\Z"
_channel_match = re.compile(CHANNEL_PATTERN).match

Channel = Annotated[str, Meta(pattern=CHANNEL_PATTERN)]
Seq = Annotated[int, Meta(ge=0, le=MAX_SEQ)]
Log = Annotated[str, Meta(pattern=r"\A[0-9A-Za-z_-]{1,64}\Z")]


class Malformed(ValueError):
    """A frame that is not part of the protocol. Its text names what was expected and what came."""


class Follow(Struct, frozen=True):
    """Follow these channels, each after a cursor.

    `log` is the log which the cursors were read from, if the client knows it.
    """

    channels: dict[str, int]
    log: str | None = None


class Unfollow(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="unfollow"):
    """Stop following a channel."""

    channel: Channel


class Typing(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="typing"):
    """The member is writing something in this channel, or (moderators) looking at what `about` is the id of."""

    channel: Channel
    about: Annotated[int, Meta(ge=1, le=10**18 - 1)] | None = None


class _Follow(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="follow"):
    channel: Channel | UnsetType = UNSET
    after: Seq | UnsetType = UNSET
    channels: Annotated[dict[Channel, Seq], Meta(min_length=1, max_length=MAX_FOLLOWS)] | UnsetType = UNSET
    log: Log | None = None


ClientMessage = Follow | Unfollow | Typing

_decoder: msgspec.json.Decoder[_Follow | Unfollow | Typing] = msgspec.json.Decoder(_Follow | Unfollow | Typing)


def parse(frame: str | bytes) -> ClientMessage:
    """Return the message in a client's text frame, or raise `Malformed`."""
    if len(frame) > MAX_FRAME_BYTES:
        raise Malformed(f"a frame is at most {MAX_FRAME_BYTES} bytes")
    try:
        message = _decoder.decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Malformed(_sentence(error)) from None
    if not isinstance(message, _Follow):
        return message
    if message.channels is not UNSET:
        if message.channel is not UNSET or message.after is not UNSET:
            raise Malformed("expected either `channels`, or `channel` and `after`, got both")
        return Follow(message.channels, message.log)
    if message.channel is UNSET or message.after is UNSET:
        raise Malformed("expected `channel` and `after`, or `channels`")
    return Follow({message.channel: message.after}, message.log)


def _sentence(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "the frame is nested too deeply"
    return str(error).encode("utf-8", "replace").decode()[:200]


def is_channel(name: str) -> bool:
    """Say whether `name` is written as a channel is. It need not exist."""
    return _channel_match(name) is not None


class Following(Struct, frozen=True, tag_field="type", tag="following"):
    """From here on the channel is live; `seq` is the last update handed out."""

    channel: str
    seq: int
    log: str


class Unfollowed(Struct, frozen=True, tag_field="type", tag="unfollowed"):
    """Updates of the channel before this frame belong to the old follow."""

    channel: str


class Reset(Struct, frozen=True, tag_field="type", tag="reset"):
    """The cursor cannot be caught up: load anew, then follow after `seq`."""

    channel: str
    seq: int
    log: str


class Gone(Struct, frozen=True, tag_field="type", tag="gone"):
    """The channel may no longer be followed: clear what it showed."""

    channel: str


class Error(Struct, frozen=True, omit_defaults=True, tag_field="type", tag="error"):
    """What was wrong with a frame. `code`: malformed, not_found, too_many, too_often."""

    code: str
    detail: str
    channel: str | None = None


class Here(Struct, frozen=True):
    """A member who is here."""

    id: int
    name: str


class Presence(Struct, frozen=True, tag_field="type", tag="presence"):
    """Who is here: the whole list up to a bound, and how many there are in all."""

    channel: str
    here: list[Here]
    count: int


class TypingBy(Struct, frozen=True, tag_field="type", tag="typing"):
    """Somebody is writing in the channel, or looking at what `about` is the id of: show it for six seconds."""

    channel: str
    member: int
    name: str
    about: int | UnsetType = UNSET


ServerMessage = Following | Unfollowed | Reset | Gone | Error | Presence | TypingBy

_encoder = msgspec.json.Encoder()


def encode(message: ServerMessage) -> bytes:
    """Return a server message as the text of a frame."""
    return _encoder.encode(message)


def encode_update(channel: str, seq: int, kind: str, target: int, **fields: Any) -> bytes:
    """Return the text of an `update` frame; `fields` are what its subprotocol adds (`version`, `html`, …)."""
    head: dict[str, Any] = {"type": "update", "channel": channel, "seq": seq, "kind": kind, "id": target}
    return _encoder.encode(head | fields)
