"""How long an answer waits for its client to take it.

uvicorn lets an answer wait for ever, and a connection that it has closed stays as long as something waits to go out.
`AnsweringProtocol` is its protocol with what is missing: a client that has taken nothing for ANSWER_MAX_S while
something waits for it is cut off.

No clock is set where the kernel takes an answer as it comes: only where the transport holds more than its bound, or is
to close behind what it still holds. forum/connections.py bounds what a client sends.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

ANSWER_MAX_S: Final = 60.0


class AnsweringProtocol(HttpToolsProtocol):
    """uvicorn's own HTTP protocol, which does not wait for ever for a client that reads nothing."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._taking: asyncio.TimerHandle | None = None
        self._untaken_bytes = 0
        """What waited when that clock was set."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the transport when the connection has gone."""
        self._end_taking()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Called by the transport when it holds more than its bound."""
        super().pause_writing()
        self._await_taking()

    def resume_writing(self) -> None:
        """Called by the transport when little is left of that."""
        if not self.transport.is_closing():  # else the rest is waited for
            self._end_taking()
        super().resume_writing()

    def on_response_complete(self) -> None:
        """Called at the end of an answer, behind which the connection may be about to close."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._await_taking()

    def timeout_keep_alive_handler(self) -> None:
        """Called when nothing was asked for a while: the connection closes behind the last answer."""
        super().timeout_keep_alive_handler()
        self._await_taking()

    def _await_taking(self) -> None:
        if self._taking is None and (waits := self.transport.get_write_buffer_size()):
            self._untaken_bytes = waits
            self._taking = self.loop.call_later(ANSWER_MAX_S, self._look_at_taking)

    def _look_at_taking(self) -> None:
        self._taking = None
        if self.transport.get_write_buffer_size() < self._untaken_bytes:
            self._await_taking()
        else:
            self.transport.abort()

    def _end_taking(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None
