"""Marking: the part of a text in which the words that were looked for stand, each of them marked."""

import re
from typing import Final

from markupsafe import Markup, escape

SHOWN_MAX_CHARS: Final = 200
BEFORE_CHARS: Final = 60
MAX_WORDS: Final = 12

_WORD: Final = re.compile(r"[^\W_]+(?:['’&/.-][^\W_]+)*")


def mark(said: str, query: str) -> Markup:
    """At most SHOWN_MAX_CHARS of plain text around the first hit, escaped, with `<mark>` around every hit.

    A hit is a word that begins like one of the query's: search stems words, so "checks" is found by "check". Where
    nothing is hit so, the text stands from its beginning.
    """
    hits = _hits(query)
    first = hits.search(said) if hits else None
    return _marked(_cut(said, first.start() if first else 0), hits)


def mark_whole(said: str, query: str) -> Markup:
    """The same of a text that is not cut: a title."""
    return _marked(said, _hits(query))


def _hits(query: str) -> re.Pattern[str] | None:
    wanted = [re.escape(word[: max(3, len(word) - 2)]) for word in _WORD.findall(query)[:MAX_WORDS]]
    return re.compile(rf"\b(?:{'|'.join(wanted)})[^\W_]*", re.IGNORECASE) if wanted else None


def _marked(shown: str, hits: re.Pattern[str] | None) -> Markup:
    parts, end = [], 0
    for hit in hits.finditer(shown) if hits else ():
        parts += [escape(shown[end : hit.start()]), Markup("<mark>"), escape(hit[0]), Markup("</mark>")]
        end = hit.end()
    return Markup("").join([*parts, escape(shown[end:])])


def _cut(said: str, hit: int) -> str:
    """The part around the hit, cut between words, with an ellipsis where something is left out."""
    start = max(0, hit - BEFORE_CHARS)
    if start:
        start = said.find(" ", start, hit) + 1 or hit
    end = start + SHOWN_MAX_CHARS
    if end < len(said):
        end = said.rfind(" ", start + 1, end) if " " in said[start + 1 : end] else end
    return f"{'…' if start else ''}{said[start:end]}{'…' if end < len(said) else ''}"
