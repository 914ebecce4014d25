"""What an import did, and each thing that it left out and why.

Memory is bounded: the first `KEPT` are kept to be shown, all are counted, and all are written to the file that the
operator names.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

KEPT = 200

Progress = Callable[[str, int, int], None]
"""Called with the name of the stage, how much is done, and how much there is (bytes while reading, then items)."""


def silent(_stage: str, _done: int, _total: int) -> None:
    """Progress that nobody looks at."""


@dataclass(slots=True)
class Report:
    """How many items were `added`, `known` from before, left out or altered; use it as a context while importing."""

    full_list: Path | None = None
    """Where every line of `left_out` is written, one a line; None: only the first 200 are kept."""
    added: int = 0
    known: int = 0
    threads: int = 0
    left_out: list[tuple[str, str]] = field(default_factory=list)
    """The first 200: where, and why. What was altered on its way in is told here too."""
    reasons: Counter[str] = field(default_factory=Counter)
    """How often each reason came."""
    _file: TextIO | None = None

    def leave_out(self, where: str, reason: str) -> None:
        """Tell of something that was left out, or altered."""
        self.reasons[reason] += 1
        if len(self.left_out) < KEPT:
            self.left_out.append((where, reason))
        if self._file is not None:
            self._file.write(f"{where}\t{reason}\n")

    def leave_all_out(self, found: Iterable[tuple[str, str]]) -> None:
        """Tell of several, each with the reason."""
        for where, reason in found:
            self.leave_out(where, reason)

    @property
    def left_out_count(self) -> int:
        """How many lines the full list has."""
        return self.reasons.total()

    def __enter__(self) -> Self:
        if self.full_list is not None:
            self._file = self.full_list.open("w", encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
