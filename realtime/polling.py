"""The long poll: what it asks for in its address, and the socket that collects what it is answered.

A poll is a screen like any other, whose socket keeps what it is handed until there is something to say.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final

import msgspec
from starlette.requests import Request

from realtime import protocol
from realtime.protocol import Malformed
from realtime.transport import Frames

MAX_POLL_BYTES: Final = 1024 * 1024
"""Past it a poll is answered though a channel may not be caught up yet; that one keeps its cursor."""

_after = re.compile(r"after\[([a-z]{1,16}:[0-9]{1,20})\]\Z").match
_seq = re.compile(r"[0-9]{1,19}\Z").match


def read_query(request: Request) -> tuple[dict[str, int], str | None, str]:
    """Return the cursors, the log they were read from, and the subprotocol; or raise `Malformed`."""
    after: dict[str, int] = {}
    log: str | None = None
    subprotocol = protocol.JSON
    given = request.query_params.multi_items()
    if len({key for key, _ in given}) < len(given):
        raise Malformed("expected each parameter once")
    for key, value in given:
        if key == "log":
            if not re.fullmatch(r"[0-9A-Za-z_-]{1,64}", value):
                raise Malformed("expected `log` as a page or an answer gave it")
            log = value
        elif key == "as":
            if value not in ("html", "json"):
                raise Malformed("expected `as=html` or `as=json`")
            subprotocol = protocol.HTML if value == "html" else protocol.JSON
        elif (named := _after(key)) is not None and protocol.is_channel(named[1]):
            if not _seq(value) or int(value) > protocol.MAX_SEQ:
                raise Malformed("expected a seq after each `after[channel]=`")
            after[named[1]] = int(value)
        else:
            raise Malformed("expected `after[channel]=seq`, `log`, `as`; for instance `after[thread:9]=41`")
    if not 1 <= len(after) <= protocol.MAX_FOLLOWS:
        raise Malformed(f"expected between 1 and {protocol.MAX_FOLLOWS} channels, got {len(after)}")
    return after, log, subprotocol


class Collector:
    """The socket of a poll: keeps what it is handed until every channel was answered and there is something to say."""

    def __init__(self, channels: set[str]) -> None:
        self.ready = asyncio.Event()
        self.closed: tuple[int, str] | None = None
        self._open = channels
        """Channels that are not caught up yet."""
        self._updates: list[bytes] = []
        self._cursors: dict[str, int] = {}
        self._reset: list[str] = []
        self._gone: list[str] = []
        self._log: str | None = None
        self._bytes = 0

    def send(self, frames: Frames, /) -> None:
        """Keep updates; what passes is nothing for a poll."""
        # One that is ready is about to be answered; what still comes is found by the next poll, from the cursors
        # given here.
        if frames.seq is not None and not self.ready.is_set():
            self._updates += frames.texts
            self._bytes += len(frames.wire)
            self._cursors[frames.channel] = frames.seq
            self._settle()

    def tell(self, message: protocol.ServerMessage, /) -> None:
        """Keep what became of a channel."""
        if self.ready.is_set():
            return
        match message:
            case protocol.Following(channel, seq, log):
                self._cursors[channel] = seq
                self._log = log
            case protocol.Reset(channel, seq, log):
                self._reset.append(channel)
                self._cursors[channel] = seq
                self._log = log
            case protocol.Gone(channel) | protocol.Error(channel=str(channel)):
                self._gone.append(channel)
                self._cursors.pop(channel, None)
            case _:
                return
        self._open.discard(channel)
        self._settle()

    def close(self, code: int, reason: str, /) -> None:
        """Answer now."""
        self.closed = (code, reason)
        self.ready.set()

    def on_full(self, act: Any, /) -> None:
        """Never: it is answered instead, past `MAX_POLL_BYTES`."""

    def _settle(self) -> None:
        if (not self._open and (self._updates or self._reset or self._gone)) or self._bytes > MAX_POLL_BYTES:
            self.ready.set()

    def answer(self, after: dict[str, int]) -> bytes:
        """Return the answer's JSON; a channel that was not reached keeps the cursor it came with."""
        cursors = {channel: seq for channel, seq in after.items() if channel not in self._gone} | self._cursors
        return msgspec.json.encode(
            {
                "updates": [msgspec.Raw(text) for text in self._updates],
                "channels": cursors,
                "reset": self._reset,
                "gone": self._gone,
                "log": self._log,
            }
        )
