"""Intake: what may be stored of a text that came in, and the sentence for what may not.

Invariants: what `check` returns can be stored by Postgres and sent as JSON and HTML; what `name` and `line` return is
one line in NFC in which no character is invisible or turns the direction of writing.
"""

import re
import unicodedata

from forum.errors import Invalid

MAX_BODY_BYTES = 32_768

NOTHING = "Please write something first."
UNSTORABLE = "There is a character in this text that we cannot store (line {line}). We marked it for you."
TOO_LONG = "This is {excess} too long. {advice}"
ROOM_FOR = "There is room for {most}."
MORE_POSTS = "A thread can hold more than one post."
"""What helps with a post that is too long."""

# Tab and newline are text; every other control is a slip of a clipboard, or an attack on a terminal that reads a log.
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_NEWLINE = re.compile(r"\r\n?|\u2028|\u2029")
# Zero-width, bidi controls, fillers that look like nothing, variation of nothing, tags.
_INVISIBLE = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    r"\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_SPACE = re.compile(r"\s+")


def check(body: str, max_bytes: int = MAX_BODY_BYTES, *, field: str = "body", advice: str = "") -> str:
    """The text as it may be stored, with newlines as "\\n" and without blank lines around it.

    `max_bytes` counts UTF-8. Raises Invalid for `field`: nothing that can be seen, too long (with the `advice`, else
    with how long it may be), or a character that cannot be stored (NUL, other controls, half of a surrogate pair), with
    its line.
    """
    body = _NEWLINE.sub("\n", body)
    _refuse_unstorable(body, field)
    body = body.strip("\n").rstrip()
    if not _visible(body):
        raise Invalid(field, NOTHING)
    data = body.encode()
    if len(data) > max_bytes:
        excess = len(body) - len(data[:max_bytes].decode(errors="ignore"))
        raise Invalid(field, _too_long(excess, advice or ROOM_FOR.format(most=f"about {_characters(max_bytes)}")))
    return body


def line(text: str, max_chars: int, *, field: str = "title") -> str:
    """One line (a title, an organisation) in NFC, its spaces single, without what is invisible or turns the direction.

    Raises Invalid for `field`: nothing left, more than `max_chars` characters, or a character that cannot be stored.
    """
    text = _NEWLINE.sub("\n", text)
    _refuse_unstorable(text, field)
    text = _INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    text = _SPACE.sub(" ", text).strip()
    if not _visible(text):
        raise Invalid(field, NOTHING)
    if len(text) > max_chars:
        raise Invalid(field, _too_long(len(text) - max_chars, ROOM_FOR.format(most=_characters(max_chars))))
    return text


def name(text: str, max_chars: int, *, field: str = "name") -> str:
    """A person's or a network's name: a `line` that holds a letter or a digit. Raises Invalid as `line` does."""
    text = line(text, max_chars, field=field)
    if not any(character.isalnum() for character in text):
        raise Invalid(field, "A name needs a letter.")
    return text


def _refuse_unstorable(text: str, field: str) -> None:
    found = _UNSTORABLE.search(text)
    if found:
        raise Invalid(field, UNSTORABLE.format(line=text.count("\n", 0, found.start()) + 1))


def _visible(text: str) -> bool:
    return bool(_SPACE.sub("", _INVISIBLE.sub("", text)))


def _too_long(excess: int, advice: str) -> str:
    return TOO_LONG.format(excess=_characters(excess), advice=advice)


def _characters(count: int) -> str:
    return "1 character" if count == 1 else f"{count:,} characters"
