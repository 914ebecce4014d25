"""Mentions: people write `@Full Name`, the body keeps `@{7}`.

Invariants: only `resolve` makes a mention. `@{7}` that somebody typed is stored as `@\\{7}` and shown as typed: ids
tell nobody who is behind them. Code is left alone, so that `@property` stays a decorator.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

MAX_MENTIONS = 20
MAX_ID_DIGITS = 18
# How many places where a known first word follows an "@" are looked at: a text of nothing else costs no more.
MAX_TRIES = 400

STORED = re.compile(r"(?<!\\)@\{([1-9][0-9]{0,17})\}")
_TYPED = re.compile(r"@\{(?=[1-9][0-9]{0,17}\})")
_SHIELDED = re.compile(r"@\\\{(?=[1-9][0-9]{0,17}\})")
_AT = re.compile(r"(?<![\w@\\/.])@(?=\w)")
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"#([1-9][0-9]{0,17})(?!\w)")
# "Anna Smith" is not meant by "Anna Smithson" nor by "Anna Smith-Jones", but is by "Anna Smith's".
_GOES_ON = re.compile(r"\w|-\w")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_TICKS = re.compile(r"`+")


def resolve(body: str, people: Mapping[str, Sequence[int]]) -> str:
    """Turn each `@Full Name` into `@{id}`, at most 20 different people; case does not matter, the longest name wins.

    `people` holds the ids of those who may be mentioned, by name. A name that several bear counts only as
    `@Full Name#7`; without it, as with a name that nobody bears, the words stay as they are.
    """
    index = _Index(people)
    return "".join(part if code else index.replace(part) for part, code in _split(_TYPED.sub("@\\\\{", body)))


def unresolve(body: str, names: Mapping[int, str]) -> str:
    """What `resolve` was given: `@{id}` becomes `@Full Name`, or `@Full Name#7` where two of `names` are the same.

    An id without a name stays an id.
    """
    bearers: dict[str, int] = {}
    for full_name in names.values():
        bearers[full_name.casefold()] = bearers.get(full_name.casefold(), 0) + 1

    def written(match: re.Match[str]) -> str:
        full_name = names.get(int(match[1]))
        if full_name is None:
            return match[0]
        return f"@{full_name}#{match[1]}" if bearers[full_name.casefold()] > 1 else f"@{full_name}"

    return _SHIELDED.sub("@{", STORED.sub(written, body))


def mentioned(body: str) -> tuple[int, ...]:
    """The ids that a stored body mentions, code included, each once, in order."""
    return tuple(dict.fromkeys(int(match[1]) for match in STORED.finditer(body)))


class _Index:
    """Names that may be mentioned, and how many different people have been."""

    def __init__(self, people: Mapping[str, Sequence[int]]) -> None:
        self._ids: dict[str, list[int]] = {}
        for full_name, ids in people.items():
            self._ids.setdefault(full_name.casefold(), []).extend(ids)
        first_words = (_WORD.search(full_name) for full_name in self._ids)
        self._first_words = {word[0] for word in first_words if word}
        self._longest = max(map(len, self._ids), default=0)
        self._mentioned: set[int] = set()
        self._tries = 0

    def replace(self, text: str) -> str:
        parts: list[str] = []
        done = 0
        for at in _AT.finditer(text):
            if at.start() < done or self._tries >= MAX_TRIES:
                continue
            found = self._find(text, at.end())
            if found:
                member, end = found
                parts += text[done : at.start()], f"@{{{member}}}"
                done = end
        return "".join(parts) + text[done:]

    def _find(self, text: str, start: int) -> tuple[int, int] | None:
        """The id that the longest name from `start` means, and where that name ends."""
        first = _WORD.match(text, start)
        if not first or first[0].casefold() not in self._first_words:
            return None
        self._tries += 1
        for end in range(min(start + self._longest, len(text)), start, -1):
            ids = self._ids.get(text[start:end].casefold())
            if ids and not _GOES_ON.match(text, end):
                number = _NUMBER.match(text, end)
                if number and int(number[1]) in ids:
                    return self._admit(int(number[1]), number.end())
                return self._admit(ids[0], end) if len(ids) == 1 else None
        return None

    def _admit(self, member: int, end: int) -> tuple[int, int] | None:
        if member not in self._mentioned and len(self._mentioned) >= MAX_MENTIONS:
            return None
        self._mentioned.add(member)
        return member, end


def _split(body: str) -> Iterator[tuple[str, bool]]:
    """The body in parts, each with whether it is code: fenced blocks, and what stands between runs of backticks."""
    prose: list[str] = []
    fence = ""
    for row in body.splitlines(keepends=True):
        mark = _FENCE.match(row)
        if fence:
            yield row, True
            if mark and mark[1].startswith(fence) and not row[mark.end() :].strip():
                fence = ""
        elif mark:
            yield from _split_spans("".join(prose))
            prose = []
            fence = mark[1]
            yield row, True
        else:
            prose.append(row)
    yield from _split_spans("".join(prose))


def _split_spans(prose: str) -> Iterator[tuple[str, bool]]:
    runs = list(_TICKS.finditer(prose))
    # Where a run of that length comes next: read backwards once, so that unpaired runs cost no second look.
    closing: list[int | None] = [None] * len(runs)
    later: dict[int, int] = {}
    for place in range(len(runs) - 1, -1, -1):
        length = len(runs[place][0])
        closing[place] = later.get(length)
        later[length] = place
    done = place = 0
    while place < len(runs):
        end = closing[place]
        if end is None:
            place += 1
            continue
        yield prose[done : runs[place].start()], False
        yield prose[runs[place].start() : runs[end].end()], True
        done = runs[end].end()
        place = end + 1
    yield prose[done:], False
