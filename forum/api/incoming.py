"""Reading a request: its JSON, its query and the ids in its path, each refused with what was expected and what came.

Invariants: what passes here can be stored (no NUL, no half of a surrogate pair, no moment outside of the calendar);
what cannot be JSON is 400, JSON that is something else is 422 with its field, and an id that cannot be one is NotFound
like any other that leads nowhere. Sentences name types and fields, and quote no value.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request

from forum.db import is_storable
from forum.errors import ForumError, Invalid, NotFound
from forum.text.intake import UNSTORABLE

T = TypeVar("T", bound=msgspec.Struct)

JSON = "application/json"
_ID = re.compile(r"[1-9][0-9]{0,17}\Z")
_WORD = re.compile(r"[a-z0-9][a-z0-9:-]{0,62}\Z")
_AT = re.compile(r"(?P<what>.*?)(?: - at `\$?\.?(?P<path>.*)`)?\Z", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`\Z", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`\Z", re.DOTALL)
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}\Z")
_HALF_PAIR = re.compile(r"[\ud800-\udfff]")
WHOLE = "$"
"""The name under which the body as a whole is refused."""


class Malformed(ForumError):
    """The body is no JSON."""

    status = 400
    title = "This is not JSON"


class NotAcceptable(ForumError):
    """The caller takes nothing that we have."""

    status = 406
    title = "We have only JSON here"

    def __init__(self) -> None:
        super().__init__(f"The API answers with {JSON}; the request's Accept leaves that out.")


class UnsupportedMedia(ForumError):
    """The body is of another kind."""

    status = 415
    title = "We take only JSON here"

    def __init__(self) -> None:
        super().__init__(f"Expected a body with Content-Type: {JSON}.")


def require_acceptable(request: Request) -> None:
    """Raises NotAcceptable where the request takes no JSON."""
    accept = request.headers.get("accept", "")
    kinds = [part.partition(";")[0].strip().lower() for part in accept.split(",") if part.strip()]
    if kinds and not {"*/*", "application/*", JSON, "application/problem+json"}.intersection(kinds):
        raise NotAcceptable


async def body_of(request: Request, shape: type[T]) -> T:
    """The body as this shape; an empty one counts as `{}`. Raises Malformed, UnsupportedMedia, Invalid."""
    kind = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    data = await request.body()
    if data and kind != JSON:
        raise UnsupportedMedia
    try:
        taken = msgspec.json.decode(data or b"{}", type=shape)
    except msgspec.ValidationError as error:
        raise refusal(error, shape) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(data, error) from None
    _require_storable(msgspec.structs.asdict(taken))
    return taken


def query_of(request: Request, shape: type[T]) -> T:
    """The query as this shape. Raises Invalid, also for what the list does not know and what comes twice."""
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in given:
            raise Invalid(_named(name), "Expected this once, got it twice.")
        given[name] = value
    try:
        taken = msgspec.convert(given, shape, strict=False)
    except msgspec.ValidationError as error:
        raise refusal(error, shape) from None
    _require_storable(msgspec.structs.asdict(taken))
    return taken


def id_or_none(text: str) -> int | None:
    """An id in a path; None for what can be none."""
    return int(text) if _ID.match(text) else None


def id_of(text: str) -> int:
    """An id in a path. Raises NotFound."""
    if not _ID.match(text):
        raise NotFound
    return int(text)


def word_of(text: str) -> str:
    """A slug or a channel in a path. Raises NotFound for what can be neither."""
    if not _WORD.match(text):
        raise NotFound
    return text


def refusal(error: msgspec.ValidationError, shape: type[Any]) -> Invalid:
    """What msgspec has against a value of this shape, as the field's name and a sentence."""
    match = _AT.match(str(error))
    what, path = (match["what"], match["path"] or "") if match else ("This cannot be taken.", "")
    if unknown := _UNKNOWN.match(what):
        return Invalid(_named(unknown[1]), "This field is not known here.")
    if missing := _MISSING.match(what):
        return Invalid(_named(missing[1]), "This field is missing.")
    field = re.split(r"[.\[]", path, maxsplit=1)[0]
    if what.startswith("Invalid"):
        what = _expected(shape, field)  # msgspec would quote what came
    return Invalid(_named(field), what + ".")


def _expected(shape: type[Any], field: str) -> str:
    """Which values a field of a shape takes."""
    fields = {each.encode_name: each.type for each in msgspec.inspect.type_info(shape).fields}  # type: ignore[attr-defined]
    found = fields.get(field)
    kinds = found.types if isinstance(found, msgspec.inspect.UnionType) else (found,)
    if any(isinstance(kind, msgspec.inspect.DateTimeType) for kind in kinds):
        return "Expected a moment with a zone, such as 2026-11-23T09:30:00Z"
    values = [value for kind in kinds if isinstance(kind, msgspec.inspect.LiteralType) for value in kind.values]
    return (
        f"Expected one of: {', '.join(map(str, values))}"
        if values
        else "This is none of the values that are taken here"
    )


def _named(field: str) -> str:
    return field if _FIELD.match(field) else WHOLE


def _unreadable(data: bytes, error: msgspec.DecodeError | UnicodeDecodeError) -> ForumError:
    """Half of a surrogate pair is JSON, though no text: then the field is told. Everything else is no JSON."""
    try:
        loose = json.loads(data)
    except (ValueError, RecursionError):
        loose = None
    for field, text in _strings(loose):
        if half := _HALF_PAIR.search(text):
            return Invalid(field, UNSTORABLE.format(line=text.count("\n", 0, half.start()) + 1))
    # msgspec tells where it stopped, and never what stood there.
    where = "bytes that are not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
    return Malformed(f"Expected JSON, got something else: {where}.")


def _strings(value: Any, field: str = WHOLE) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield field, name
            yield from _strings(inner, _named(name) if field == WHOLE else field)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner, field)


def _require_storable(fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        if isinstance(value, datetime) and not is_storable(value):
            raise Invalid(name, "Expected a moment of the calendar, got one outside of it.")
    for name, text in _strings(fields):
        if "\0" in text:
            raise Invalid(name, UNSTORABLE.format(line=text.count("\n", 0, text.index("\0")) + 1))
