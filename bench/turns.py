"""Turns: a server is asked for so long, then its reference, then it again; what counts is the median of its turns."""

import statistics

from bench.machine import Busy
from bench.programs import Request
from bench.site import Bench, Web


class Turns:
    """The turns of one server with one request."""

    def __init__(self, bench: Bench, served: Web, request: Request, connections: int) -> None:
        self._bench = bench
        self._served = served
        self._request = request
        self._connections = connections
        self._rates: list[float] = []
        self._waits_ms: list[float] = []
        self._answers = 0
        self.refused = 0
        """How many were answered 503."""
        self._cpu_s = 0.0
        self.busy = Busy()

    def warm_up(self) -> None:
        """Ask for a second, and forget it."""
        self._bench.programs.ask(self._served.port, self._request, connections=self._connections, seconds=1.0)

    def take(self, seconds: float | None = None) -> None:
        """One turn, of the usual length where nothing else is said."""
        before_s = self._served.cpu_s()
        with self.busy:
            answers = self._bench.programs.ask(
                self._served.port, self._request, connections=self._connections, seconds=seconds or self._bench.turn_s
            )
        self._cpu_s += self._served.cpu_s() - before_s
        self._answers += answers.count
        self.refused += answers.refused
        self._rates.append(answers.per_s)
        self._waits_ms.append(answers.p50_ms)

    @property
    def per_s(self) -> float:
        """Answers a second, the median of the turns."""
        return statistics.median(self._rates)

    @property
    def wait_ms(self) -> float:
        """How long an answer took, the median of the turns' medians."""
        return statistics.median(self._waits_ms)

    @property
    def cpu_ms(self) -> float:
        """What an answer cost the server's processes: other load on the machine changes it little."""
        return self._cpu_s * 1e3 / max(1, self._answers)
