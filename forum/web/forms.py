"""What a form or an address brings: read with bounds, handed on as it is. What it may say is for the acts to decide.

Invariants: reading raises nothing but Invalid; what was written is kept on the request (`written`), so that whatever
goes wrong afterwards can give it back.
"""

import base64
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import parse_qsl

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request

from forum.db import is_storable
from forum.errors import Invalid
from forum.web.security import MAX_BODY_BYTES

MAX_FIELDS: Final = 100
MAX_ID_DIGITS: Final = 18
SECRET_FIELDS: Final = frozenset({"password", "old", "new", "email", "key"})
"""What is never given back to the page."""
WORDS: Final = {
    "body": "Your text", "note": "Your note", "answer": "Your answer", "about": "About", "purpose": "Purpose",
    "reasons": "Reasons",
}  # fmt: skip
"""Fields in which somebody writes, and what they are called where they are given back."""

URLENCODED: Final = "application/x-www-form-urlencoded"
FRAGMENT: Final = "application/vnd.forum.fragment+html"


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of one form; files are no fields."""

    fields: Mapping[str, Sequence[str]]

    def text(self, name: str, default: str = "") -> str:
        """A field, or what stands for its absence."""
        values = self.fields.get(name)
        return values[-1] if values else default

    def texts(self, name: str) -> Sequence[str]:
        """All values of a field that may come several times: checkboxes."""
        return self.fields.get(name, ())

    def optional(self, name: str) -> str | None:
        """A field, or None where it is absent or empty."""
        return self.text(name) or None

    def number(self, name: str) -> int | None:
        """A whole number from 1, or None where the field is absent or empty. Raises Invalid."""
        value = self.text(name).strip()
        if not value:
            return None
        if not is_id(value):
            raise Invalid(name, "This is a whole number.")
        return int(value)

    def truth(self, name: str) -> bool:
        """Whether a box was ticked, or "yes" was chosen."""
        return self.text(name) in {"yes", "on", "true", "1"}

    def key(self, request: HTTPConnection) -> str | None:
        """The Idempotency-Key: our scripts send it as a header, a plain form as a hidden field."""
        return request.headers.get("idempotency-key") or self.optional("key")


def is_id(text: str) -> bool:
    """Whether this is a whole number from 1 that the database can hold."""
    return text.isascii() and text.isdigit() and len(text) <= MAX_ID_DIGITS and not text.startswith("0")


async def form_of(request: Request) -> Form:
    """The form of this request. Raises Invalid for what is none."""
    try:
        pairs = await _pairs_of(request)
    except (HTTPException, ValueError) as error:
        raise Invalid("form", "This form cannot be read: it has too many fields, or files.") from error
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    form = Form(fields)
    request.scope.setdefault("state", {})["form"] = form
    return form


async def _pairs_of(request: Request) -> Sequence[tuple[str, str]]:
    """The names and values as they were sent. Raises HTTPException, ValueError for what is no form of ours.

    Starlette's own reader of what is no multipart takes up to 1.6 s for a megabyte, in which nobody else is served.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == URLENCODED:
        sent = (await request.body()).decode("latin-1")
        return parse_qsl(sent, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    data = await request.form(max_files=0, max_fields=MAX_FIELDS, max_part_size=MAX_BODY_BYTES)
    return [(name, value) for name, value in data.multi_items() if isinstance(value, str)]


def written(request: HTTPConnection) -> Form | None:
    """The form that this request brought, if it was read; None else."""
    form: Form | None = request.scope.get("state", {}).get("form")
    return form


def kept_fields(form: Form) -> list[tuple[str, str]]:
    """What a page may give back of a form, to be sent again; nothing where nothing was written."""
    if not any(form.text(name).strip() for name in WORDS):
        return []
    return [(name, value) for name, values in form.fields.items() if name not in SECRET_FIELDS for value in values]


def labelled(kept: Iterable[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """The fields with what each is called; "" for what is sent along unseen."""
    return [(name, value, WORDS.get(name, "")) for name, value in kept]


def new_key() -> str:
    """A key for a form: the same form sent twice stores one thing."""
    return secrets.token_urlsafe(16)


def wants_fragment(request: HTTPConnection) -> bool:
    """Whether our own script asks: it takes a fragment where a browser takes a page."""
    return FRAGMENT in request.headers.get("accept", "")


def query_number(request: HTTPConnection, name: str) -> int | None:
    """A number from the address, or None where it is absent. Raises Invalid."""
    value = request.query_params.get(name, "")
    if not value:
        return None
    if not is_id(value):
        raise Invalid(name, "This is a whole number.")
    return int(value)


# Cursors: where a list goes on. They hold keys of the list's order and nothing that its reader has not seen.

MADE_UP: Final = "This is no place in this list. Begin at its start."
Place = TypeVar("Place")


def cursor(*key: object) -> str:
    """A place in a list, to be handed back as it is."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


def place_of(request: HTTPConnection, name: str, kind: type[Place]) -> Place | None:
    """The place that a cursor in the address names, or None where there is no cursor. Raises Invalid for a made-up one.

    `kind` is the type of its key, such as `tuple[datetime, int]`.
    """
    text = request.query_params.get(name, "")
    if not text:
        return None
    try:
        place = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=kind)
    except (ValueError, msgspec.MsgspecError) as error:
        raise Invalid(name, MADE_UP) from error
    if not all(map(is_storable, place if isinstance(place, tuple) else (place,))):
        raise Invalid(name, MADE_UP)
    return place


def path_of(request: HTTPConnection, name: str) -> bytes | None:
    """The place in a tree: the path of a post, in hexadecimal. Raises Invalid for a made-up one."""
    text = request.query_params.get(name, "")
    if not text:
        return None
    try:
        path = bytes.fromhex(text)
    except ValueError:
        path = b""
    if not path or len(path) % 4 or len(path) > 2_000:
        raise Invalid(name, MADE_UP)
    return path
