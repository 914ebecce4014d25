"""The bench's own load: what it counts is what was sent."""

import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest

from bench import site
from bench.hub_alone import CHANNEL, FIRST_SEQ
from bench.programs import Programs, Request

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    return Programs(tmp_path_factory.mktemp("programs"))


class Counting(BaseHTTPRequestHandler):
    """Keeps what was asked; every fifth answer is a refusal, and `/broken` always breaks."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[tuple[str, str]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.asked.append((self.path, body))
        self.send_response(500 if self.path == "/broken" else 503 if len(self.asked) % 5 == 0 else 201)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - it is called so
        pass


@pytest.fixture
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Counting)
    Counting.asked.clear()
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_askers_count_what_was_answered(programs: Programs, port: int) -> None:
    request = Request("/threads/{r}", "POST", body='{"body": "{i}"}', across=(7, 9))
    answers = programs.ask(port, request, connections=2, seconds=0.2)
    asked = Counting.asked
    assert answers.count + answers.refused == len(asked)
    assert answers.refused == len(asked) // 5
    assert {path for path, _ in asked} == {"/threads/7", "/threads/8", "/threads/9"}
    assert {body for _, body in asked} == {f'{{"body": "{number}"}}' for number in range(len(asked))}


def test_askers_fail_where_the_server_does(programs: Programs, port: int) -> None:
    with pytest.raises(RuntimeError, match=r"POST /broken: HTTP/1\.1 500"):
        programs.ask(port, Request("/broken", "POST", body="{}"), connections=1, seconds=0.2)


def test_followers_return_with_their_cursors(programs: Programs) -> None:
    port, control = site.free_port(), site.free_port()
    hub = [sys.executable, "-m", "bench.hub_alone", str(port), str(control), "3"]
    with (
        site.running(hub, port),
        programs.followers(port, {CHANNEL: FIRST_SEQ}, 5, control_port=control) as followers,
    ):
        assert followers.rounds(2, 3) > 0
        followers.leave()
        _, _, closed_on = followers.come_back(6)
        assert not closed_on
        assert followers.hold(1) == (0, 0, 0)


def test_rows_can_be_chosen(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench", "nothing", "--out", str(tmp_path / "bench.json")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "no such row: nothing" in done.stderr
