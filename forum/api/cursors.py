"""Cursors: the place after which a list goes on. Opaque to who asks, checked when they come back.

A cursor says which list it belongs to and holds the key of the last item; it grants nothing, for the list that it is
used on checks access by itself. What was made up, cut off or comes from another list is Invalid.
"""

import base64
import binascii
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from forum.db import is_storable
from forum.errors import Invalid

T = TypeVar("T")

Id = Annotated[int, Meta(ge=0, le=2**63 - 1)]

MAX_CHARS = 800
"""The longest are those of names: 80 characters, of four bytes each, and what base64 makes of them."""
MADE_UP = "This is no cursor of this list. Take the one that the list gave as `next`, or leave it out."


def encode(place: str, *key: object) -> str:
    """The cursor after the item with this key in the list named `place`."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode([place, *key])).decode().rstrip("=")


def id_in(place: str, cursor: str | None) -> int | None:
    """The id in a cursor of the list named `place`. Raises Invalid."""
    key = decode(place, cursor, tuple[Id])
    return None if key is None else key[0]


def number_in(place: str, cursor: str | None) -> int | None:
    """The number (of a post in its thread, of a message in its room) in a cursor. Raises Invalid."""
    key = decode(place, cursor, tuple[Annotated[int, Meta(ge=0, le=2**31 - 1)]])
    return None if key is None else key[0]


def decode(place: str, cursor: str | None, key: type[T]) -> T | None:
    """The key (a tuple type) in a cursor of the list named `place`; None where there is no cursor. Raises Invalid."""
    if cursor is None:
        return None
    try:
        if len(cursor) > MAX_CHARS or not cursor.isascii():
            raise ValueError
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        named, *parts = msgspec.msgpack.decode(data, type=list[object])
        if named != place:
            raise ValueError
        if not all(map(is_storable, parts)):
            raise ValueError
        found = msgspec.convert(parts, key)
        if not all(map(is_storable, found if isinstance(found, tuple) else (found,))):
            raise ValueError
        return found
    except (ValueError, binascii.Error, msgspec.MsgspecError, RecursionError) as error:
        raise Invalid("after", MADE_UP) from error
