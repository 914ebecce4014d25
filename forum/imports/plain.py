"""Plain: the text of a mail or of a chat line as Markdown that shows it as it was.

Nothing turns into Markdown by accident: what would be a heading, a list, emphasis, a link or a mention is escaped.
What is meant is kept: lines quoted with ">" become quotations, and paragraphs that stand indented, drawn with lines or
in columns become code, which keeps its spaces. Lines that were broken because they were full are joined, so that they
fit a phone. Addresses of people are masked.

Invariant: every word of the text is a word of what is shown, but for the domains of addresses.
"""

import re
from collections.abc import Callable, Iterator
from itertools import groupby

MAX_QUOTE_DEPTH = 12
MASK = "…"

_QUOTED = re.compile(r"(?: {0,2}>){1,60} ?")
_TABS = 8
_SPECIAL = re.compile(
    r"[\\`*<]|(?<![^\W_])_|_(?![^\W_])|~(?=~)|(?<=~)~|\](?=[(\[:])|&(?=#?\w{1,31};)|@(?=\\*\{)", re.IGNORECASE
)
_LEADING = re.compile(r"(?:#{1,6}(?=\s|$)|[-+](?=\s|$)|[=-]+\s*$|[-=](?=[- =]*$)|\|?\s*:?-+:?\s*(?=\|)|>|:(?=-))")
_NUMBERED = re.compile(r"(\d{1,9})([.)])(?=\s|$)")
_BACKTICKS = re.compile(r"`+")
_URL = re.compile(r"(?:[a-z][a-z0-9+.-]{1,20}://|www\.)[^\s<>\"]+", re.IGNORECASE)
_ADDRESS = re.compile(
    r"(?<![\w.+/-])([\w.+-]{1,64})@((?:[\w-]{1,63}\.){1,8}[a-z]{2,24})(?![\w-]|\.[a-z]|:[/\w])", re.IGNORECASE
)
_WRITTEN = re.compile(
    r"(?<![\w.+-])([\w.+-]{1,64}?)(?:(@|%40)((?:[\w-]{1,63}\.){0,8}[\w-]{1,63})"
    r"|( at | ?[(\[]at[)\]] ?)((?:[\w-]{1,63}\.){1,8}[\w-]{1,63}))",
    re.IGNORECASE,
)
_DRAWN = re.compile(r"[+|][-=]{3}|[-=]{3}[+|]|[│┌└├─]|\S {3,}\S.* {3,}\S|\t+\S+\t")
_CODED = re.compile(r"[=(){};]|:$|^(?:Traceback|\w+Error)")
_LETTER = re.compile(r"[^\W_]")
_WORD = re.compile(r"\S+")
_PLAIN_WORD = re.compile(r"(?<![\w.(\"'])[^\W\d_]{2,}(?=[\s,.;:!?]|$)")
WORDY = 5
FULL_FROM_CHARS = 55
FULL_TO_CHARS = 100
SLACK_CHARS = 6


def to_markdown(text: str, is_author: Callable[[str], bool] = lambda _address: False) -> str:
    """The text as Markdown. `is_author` tells whether an address, in lower case, is that of one who wrote here."""
    rows = [_split_quote(row.rstrip()) for row in mask(text, is_author).split("\n")]
    rows = list(_take_prompts(rows))
    blocks: list[tuple[int, list[str]]] = []
    full = _full_width(rows)
    for depth, group in groupby(rows, key=lambda row: row[0]):
        lines = list(_paragraphs([row for _, row in group], full))
        if any(lines):
            blocks.append((depth, lines))
    return _join(blocks)


def to_message(text: str) -> str:
    """A line of chat as Markdown: the same without quotations, since ">" there is an arrow."""
    return "\n".join(_escape(row) for row in mask(text, lambda _address: False).split("\n"))


def _split_quote(row: str) -> tuple[int, str]:
    match = _QUOTED.match(row)
    if not match:
        return 0, row
    return min(match[0].count(">"), MAX_QUOTE_DEPTH), row[match.end() :]


def _take_prompts(rows: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Put ">>> " back where it is Python's prompt: three deep at once, out of nothing that is quoted."""
    before = 0
    prompting = False
    for depth, row in rows:
        if depth == 3 and (before == 0 or prompting):
            prompting = True
            yield 0, f"    >>> {row}".rstrip()
            continue
        if prompting and depth == 0 and row.strip():
            # What the interpreter answered, up to the next empty line.
            yield 0, f"    {row}"
            continue
        if not row.strip():
            prompting = False
        else:
            before = depth
            prompting = False
        yield depth, row


def _full_width(rows: list[tuple[int, str]]) -> int:
    """How wide the writer's program let lines become; 0 where lines are no wider than people write by themselves."""
    widths = sorted(len(row) for depth, row in rows if depth == 0 and FULL_FROM_CHARS <= len(row) <= FULL_TO_CHARS)
    return widths[-1] if len(widths) > 2 else 0


def _paragraphs(rows: list[str], full: int) -> Iterator[str]:
    first = True
    for empty, group in groupby(rows, key=lambda row: not row.strip()):
        if empty:
            continue
        if not first:
            yield ""
        first = False
        paragraph = [row.expandtabs(_TABS) for row in group]
        yield from _code(paragraph) if _is_code(paragraph) else _prose(paragraph, full)


def _is_code(paragraph: list[str]) -> bool:
    drawn = sum(bool(_DRAWN.search(row)) for row in paragraph)
    if all(row.startswith("  ") for row in paragraph):
        wordy = sum(len(_PLAIN_WORD.findall(row)) >= WORDY for row in paragraph)
        return bool(drawn) or wordy * 2 < len(paragraph)
    if len(paragraph) == 1:
        return False
    if drawn * 2 >= len(paragraph):
        return True
    listed = any(_LEADING.match(row.lstrip()) or _NUMBERED.match(row.lstrip()) for row in paragraph)
    coded = sum(bool(_CODED.search(row)) for row in paragraph)
    return not listed and any(row.startswith("  ") for row in paragraph[1:]) and coded * 2 >= len(paragraph)


def _code(paragraph: list[str]) -> Iterator[str]:
    margin = min(len(row) - len(row.lstrip(" ")) for row in paragraph)
    longest = max((len(run[0]) for row in paragraph for run in _BACKTICKS.finditer(row)), default=0)
    fence = "`" * max(3, longest + 1)
    yield fence
    yield from (row[margin:] for row in paragraph)
    yield fence


def _prose(paragraph: list[str], full: int) -> Iterator[str]:
    joined: list[str] = []
    last = ""
    for row in paragraph:
        first_word = _WORD.search(row)
        goes_on = (
            joined
            and _LETTER.search(last) is not None
            and full
            and FULL_FROM_CHARS - 15 <= len(last) <= FULL_TO_CHARS
            and first_word is not None
            and len(last) + 1 + len(first_word[0]) > min(full, 76) - SLACK_CHARS
            and not _LEADING.match(row.lstrip())
            and not _NUMBERED.match(row.lstrip())
        )
        if goes_on:
            joined[-1] += " " + row.strip()
        else:
            joined.append(row.strip())
        last = row
    yield from map(_escape, joined)


def _escape(row: str) -> str:
    """One line that Markdown shows as it is."""
    out: list[str] = []
    done = 0
    for url in _URL.finditer(row):
        out += _SPECIAL.sub(r"\\\g<0>", row[done : url.start()]), _escape_url(url[0])
        done = url.end()
    row = "".join(out) + _SPECIAL.sub(r"\\\g<0>", row[done:])
    row = row.lstrip(" \t")
    row = _NUMBERED.sub(r"\1\\\2", row, count=1) if _NUMBERED.match(row) else row
    return "\\" + row if _LEADING.match(row) else row


def _escape_url(url: str) -> str:
    """Only what would break it up: backslashes would become part of what is searched for."""
    return _SPECIAL.sub(r"\\\g<0>", url)


def mask(text: str, is_author: Callable[[str], bool]) -> str:
    """The text with addresses that have lost their domains: those of authors wherever and however they are written, all
    others outside of addresses of the web and of what looks like one but is a path.
    """
    text = _mask_authors(text, is_author)
    out: list[str] = []
    done = 0
    for url in _URL.finditer(text):
        out += _ADDRESS.sub(rf"\1@{MASK}", text[done : url.start()]), url[0]
        done = url.end()
    return "".join(out) + _ADDRESS.sub(rf"\1@{MASK}", text[done:])


def _mask_authors(text: str, is_author: Callable[[str], bool]) -> str:
    out: list[str] = []
    done = at = 0
    while match := _WRITTEN.search(text, at):
        parts = (2, 3) if match[2] else (4, 5)
        if is_author(f"{match[1]}@{match[parts[1]]}".lower()):
            out += text[done : match.end(parts[0])], MASK
            done = at = match.end()
        else:
            at = match.start(parts[1])  # what follows "at" may itself be one: "write at ana at a.example"
    return "".join(out) + text[done:]


def _join(blocks: list[tuple[int, list[str]]]) -> str:
    """The blocks below each other, a line between them at the lesser depth, so that no quotation runs on."""
    rows: list[str] = []
    for number, (depth, lines) in enumerate(blocks):
        if number:
            rows.append(("> " * min(depth, blocks[number - 1][0])).rstrip())
        rows += [("> " * depth + line).rstrip() for line in lines]
    return "\n".join(rows)
