"""The log: one line for each record, on standard error, without words and without secrets.

Invariants: no exception's message is written, since it can quote a value (its type and the way it took are); from
other people's code only the bare message is taken, without what it fills in. Our own records say what they say: ids,
counts, route templates.
"""

import logging
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

OURS = ("forum", "realtime")
FRAMES_MAX = 12
_FORMATTED = re.compile(r"Traceback \(most recent call last\):\n(?:[ ].*\n)+([A-Za-z_][\w.]*)")
_HERE = Path(__file__).resolve().parents[1]


class WordlessFormatter(logging.Formatter):
    """`2026-11-23T09:12:00.123Z error forum.web: message | ValueError in reply (forum/posts.py:77), …`"""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        is_ours = record.name.split(".")[0] in OURS
        message = " ".join(record.getMessage().split()) if is_ours else _bare(str(record.msg))
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = f"{seconds}.{int(record.msecs):03}Z {record.levelname.lower()} {record.name}: {message}"
        error = record.exc_info[1] if record.exc_info else None
        return f"{line} | {describe(error)}" if error is not None else line


def describe(error: BaseException) -> str:
    """What may be told of an exception and of those that it came from: types and places, innermost place first."""
    return "; from ".join(f"{_name(each)}{_way(each.__traceback__)}" for each in _chain(error))


def configure(level: str) -> None:
    """Sends every record of `level` and above to standard error. Called once by each process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(WordlessFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for quiet in ("uvicorn", "uvicorn.error", "uvicorn.asgi"):  # they name each socket's address and path
        logging.getLogger(quiet).setLevel(max(logging.WARNING, logging.getLogger().level))
    logging.getLogger("uvicorn.access").disabled = True
    sys.excepthook = _log_uncaught


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger("forum").critical("the process ends by an exception", exc_info=(kind, error, trace))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception, those it groups, and those that it came from; each once."""
    seen: set[int] = set()
    waiting: list[BaseException] = [error]
    while waiting:
        each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        if isinstance(each, BaseExceptionGroup):
            waiting.extend(each.exceptions)
        before = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
        if before is not None:
            waiting.append(before)


def _bare(message: str) -> str:
    """The first line; of an exception that was formatted already its type, which stands behind its indented places."""
    raised = _FORMATTED.match(message)
    return f"Traceback of {raised[1]}" if raised else message.split("\n", 1)[0]


def _name(error: BaseException) -> str:
    kind = type(error)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def _way(trace: TracebackType | None) -> str:
    places: list[str] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_name} ({_short(code.co_filename)}:{trace.tb_lineno})")
        trace = trace.tb_next
    places.reverse()
    return " in " + ", ".join(places[:FRAMES_MAX]) if places else ""


def _short(filename: str) -> str:
    path = Path(filename)
    if path.is_relative_to(_HERE) and "site-packages" not in path.parts:
        return str(path.relative_to(_HERE))
    return "/".join(path.parts[-2:])
