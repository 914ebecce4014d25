"""What the tests of connections share."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from uvicorn.server import ServerState

from forum import answering, connections
from forum.serve import config_for
from forum.settings import Settings
from tests.start.served import LONG_S, SHORT_S, Served, application


@pytest.fixture
async def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    """With times that no test reaches, but for the one that a refused client has for reading that."""
    monkeypatch.setattr(connections, "HEAD_MAX_S", LONG_S)
    monkeypatch.setattr(connections, "BODY_MAX_S", LONG_S)
    monkeypatch.setattr(connections, "LINGER_S", SHORT_S)
    monkeypatch.setattr(answering, "ANSWER_MAX_S", LONG_S)
    settings = Settings.from_environ({"FORUM_DATA": str(tmp_path), "SECRET_KEY": "s" * 32})
    go, end, saw = asyncio.Event(), asyncio.Event(), list[str]()
    config = config_for(application(go, end, saw), settings)
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: config.http_protocol_class(config=config, server_state=state, app_state={}),  # type: ignore[call-arg]
        "127.0.0.1",
        0,
    )
    yield Served(server.sockets[0].getsockname()[1], state, go, end, saw)
    go.set()
    end.set()
    for connection in list(state.connections):
        connection.shutdown()
    server.close()
    async with asyncio.timeout(5):
        await asyncio.gather(*state.tasks, return_exceptions=True)
