"""The log: one line a record, and no word of anybody in it."""

import logging
import sys
import traceback

import pytest

from forum import logs
from forum.logs import WordlessFormatter, describe


def line(name: str, message: str, *values: object, error: BaseException | None = None) -> str:
    about = (type(error), error, error.__traceback__) if error else None
    return WordlessFormatter().format(logging.LogRecord(name, logging.ERROR, "", 0, message, values, about))


def fail() -> None:
    raise ValueError("unspeakable")


def fail_because() -> None:
    try:
        fail()
    except ValueError as error:
        raise KeyError("unspeakable") from error


def caught() -> BaseException:
    with pytest.raises(KeyError) as raised:
        fail_because()
    return raised.value


def test_what_we_say_is_said_in_one_line() -> None:
    said = line("forum.posts", "thread %d\nis %s", 9, "moved")

    assert said.endswith("Z error forum.posts: thread 9 is moved")


def test_what_others_fill_in_is_left_out() -> None:
    said = line("asyncio", "Task exception was never retrieved\nfuture: <Task exception=ValueError('unspeakable')>")

    assert said.endswith("error asyncio: Task exception was never retrieved")
    assert "unspeakable" not in line("redis", "cannot parse %s", "unspeakable")


def test_an_exception_is_its_type_and_its_way() -> None:
    said = line("forum.web", "no answer", error=caught())

    assert "| KeyError in fail_because (tests/start/test_logs.py:" in said
    assert "; from ValueError in fail (tests/start/test_logs.py:" in said
    assert "unspeakable" not in said
    assert "\n" not in said


def test_a_group_tells_of_each() -> None:
    group = ExceptionGroup("unspeakable", [caught(), OSError("unspeakable")])

    assert describe(group).startswith("ExceptionGroup; from KeyError in ")
    assert "OSError" in describe(group)
    assert "unspeakable" not in describe(group)


def test_one_that_comes_from_itself_ends() -> None:
    error = ValueError()
    error.__context__ = KeyError()
    error.__context__.__context__ = error

    assert describe(error) == "ValueError; from KeyError"


def test_uncaught_ones_are_told_alike(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    try:
        logs.configure("info")
        sys.excepthook(KeyError, caught(), None)
    finally:
        logging.captureWarnings(capture=False)
        root.handlers[:], root.level = handlers, level

    assert "critical forum: the process ends by an exception | KeyError" in capsys.readouterr().err


def test_what_others_format_themselves_is_told_by_its_type() -> None:
    said = line("uvicorn.error", "".join(traceback.format_exception(caught())))

    assert said.endswith("error uvicorn.error: Traceback of ValueError")
    assert line("uvicorn.error", "Traceback (most recent call last):\nunspeakable: words").endswith(" call last):")
