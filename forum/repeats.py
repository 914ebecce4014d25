"""Repeats: which posts and messages say again what a post or a message says, so that one removal can take them all.

Two texts are compared by their runs of six words, whatever stands between the words: so a quotation that was pasted
into a mail is found line by line, with its marks and its own line breaks. Quotes by reference need none of this.

What is common to much that has nothing to do with it (a signature, the foot of a mailing list) is no repeat: runs that
stood elsewhere before, in something that shares less than half of the words. And what the text itself only quotes is
somebody else's: who shares nothing but that is named, but not chosen.
"""

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from forum.contributions import Noun
from forum.db import Connection, Row, statements
from forum.errors import Forbidden, NotFound, Unavailable
from forum.standing import Caller

SQL = statements("repeats")
RUN_WORDS = 6
SHORT_MIN_CHARS = 20
"""A text of fewer words is one run, if it is at least so long."""
LOOKED_UP_WORDS = 4
LOOKED_UP_EVERY = 3
"""Whatever shares a run of six words has one of the runs of four that begin at every third."""
MAX_LOOKED_UP = 400
LIMIT = 200
MAX_OFFERED = 80
WITHIN_S = 4.0
"""A search for common words in a million posts takes its time, and a removal must not wait for it."""
IN_THREAD_FROM_CHARS = 100_000

_WORD = re.compile(r"\w+")
_QUOTED = re.compile(r"\s{0,3}>")
_SIGNATURE = re.compile(r"^\\?--\s*$", re.MULTILINE)
_ATTRIBUTION = re.compile(r"\bwrote:\s*$")

Run = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """One post or message that repeats the words; `chosen` unless it only shares what they quote themselves."""

    noun: Noun
    row: Row
    """id, place_id and place_name (its thread or network), author_id, byline_id, author_name, created_at, body, html,
    mention_names."""
    chosen: bool


class TooSlow(Unavailable):
    """There is too much to look through: what repeats the words is for the search to find."""

    def __init__(self) -> None:
        super().__init__(retry_after_s=60)
        self.detail = "Looking for what repeats these words takes too long. Search for them instead."


async def of(connection: Connection, caller: Caller, noun: Noun, object_id: int) -> Sequence[Repeat]:
    """What repeats this post or message in the networks where it stands, as far as the caller decides about it.

    Raises NotFound; Forbidden where the caller does not decide about the thing itself; TooSlow.
    """
    words_of = SQL.words_of_post if noun == "post" else SQL.words_of_message
    thing = await words_of(connection, member=caller.member_id, object=object_id)
    if thing is None or not thing["may_read"]:
        raise NotFound
    if thing["network_id"] not in thing["networks"]:
        raise Forbidden("Only the moderators who decide about it may do this.")
    wanted = looked_up(thing["body"] or "")
    if not wanted:
        return ()
    scope = {"noun": noun, "object": object_id, "place": thing["place_id"], "networks": thing["networks"]}
    found: list[tuple[Noun, Row]] = []
    try:
        async with asyncio.timeout(WITHIN_S):
            found += [("post", row) for row in await SQL.posts_with(connection, runs=wanted, limit=LIMIT, **scope)]
            found += [
                ("message", row) for row in await SQL.messages_with(connection, runs=wanted, limit=LIMIT, **scope)
            ]
    except TimeoutError as error:
        raise TooSlow from error
    # Comparing long texts takes tens of milliseconds: not on the loop that serves everybody.
    if sum(len(row["body"]) for _, row in found) > IN_THREAD_FROM_CHARS:
        return await asyncio.to_thread(compare, noun, thing, found)
    return compare(noun, thing, found)


def compare(noun: Noun, thing: Row, found: Iterable[tuple[Noun, Row]]) -> Sequence[Repeat]:
    """Those of the candidates that repeat the thing, the chosen ones first, else in the order in which they came."""
    said = _without_signature(thing["body"])
    length = min(RUN_WORDS, len(_words(said)))
    own = runs(_unquoted(said), length)
    all_runs = runs(said, length)
    shared = [(kind, row, all_runs & runs(row["body"], length)) for kind, row in found]
    common: set[Run] = set()
    for kind, row, runs_ in shared:
        elsewhere = (kind, row["place_id"]) != (noun, thing["place_id"])
        if elsewhere and row["created_at"] < thing["created_at"] and len(runs_) * 2 < len(all_runs):
            common |= runs_
    repeats = [Repeat(kind, row, bool((runs_ - common) & own)) for kind, row, runs_ in shared if runs_ - common]
    return sorted(repeats, key=lambda repeat: not repeat.chosen)[:MAX_OFFERED]


def runs(text: str, length: int) -> set[Run]:
    """All runs of so many words of a text."""
    words = _words(text)
    return {tuple(words[place : place + length]) for place in range(len(words) - length + 1)}


def looked_up(text: str) -> Sequence[str]:
    """The runs by which candidates are looked up; of a very long text a part, from all over it."""
    words = _words(_without_signature(text))
    if len(words) < RUN_WORDS:
        return [" ".join(words)] if len(" ".join(words)) >= SHORT_MIN_CHARS else []
    last = len(words) - LOOKED_UP_WORDS
    places = [*range(0, last, LOOKED_UP_EVERY), last]
    every = len(places) // MAX_LOOKED_UP + 1
    return list(dict.fromkeys(" ".join(words[place : place + LOOKED_UP_WORDS]) for place in places[::every]))


def _words(text: str) -> list[Any]:
    return _WORD.findall(text.casefold())


def _unquoted(text: str) -> str:
    """What is said here first: no quotation, and not the line that says whose it is."""
    return "\n".join(line for line in text.splitlines() if not _QUOTED.match(line) and not _ATTRIBUTION.search(line))


def _without_signature(text: str) -> str:
    return _SIGNATURE.split(text, maxsplit=1)[0]
