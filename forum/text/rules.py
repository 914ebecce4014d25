"""What our Markdown has beyond CommonMark, as rules for markdown-it: mentions, quotes, links, and a bound on nesting.

Each rule is linear in what it reads. Tokens that stand for something of ours are made here only; members cannot type
them, since raw HTML is off and everything else is escaped.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from forum.text.mentions import MAX_MENTIONS, STORED

MAX_QUOTES = 10
MAX_DEPTH = 24
MAX_COLUMNS = 40
MAX_CELLS = 10_000
MAX_URL_CHARS = 2_000
SCHEMES = frozenset({"http", "https", "mailto"})

_QUOTE = re.compile(r"> ?\[#([1-9][0-9]{0,17})\][ \t]*\Z")
_BARE_URL = re.compile(r"(?<![\w/.@-])(?:https?://|www\.)(?=\w)[^\s<>\"`\\]{1,2000}", re.IGNORECASE)
_TRAILING = ".,;:!?'*_~"
_SHIELDED = re.compile(r"@\\\{(?=[1-9][0-9]{0,17}\})")


def is_link(url: str) -> bool:
    """May this be followed? http, https, mailto, and places on this site."""
    try:
        scheme = urlsplit(url.strip()).scheme.lower()
    except ValueError:
        return False
    return scheme in SCHEMES if scheme else url.startswith(("/", "#")) and not url.startswith(("//", "/\\"))


def install(md: MarkdownIt) -> None:
    """Add the rules to a parser."""
    md.validateLink = is_link  # type: ignore[method-assign]
    md.block.ruler.before("blockquote", "quote", _quote, {"alt": ["paragraph", "reference", "list"]})
    alternatives = {
        "blockquote": ["paragraph", "reference", "blockquote", "list"],
        "list": ["paragraph", "reference", "blockquote"],
    }
    for rule in md.block.ruler.__rules__:
        if rule.name in alternatives:
            md.block.ruler.at(rule.name, _bounded(rule.fn), {"alt": alternatives[rule.name]})
        elif rule.name == "table":
            md.block.ruler.at("table", _narrow(rule.fn), {"alt": ["paragraph", "reference"]})
    md.inline.ruler.before("link", "mention", _mention)
    md.core.ruler.push("ours", _finish)


def _bounded(rule: Callable[..., bool]) -> Callable[..., bool]:
    """The rule, until it is `MAX_DEPTH` deep; what is deeper is read as text, so that no word is lost."""

    def bounded(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        return state.level < MAX_DEPTH and rule(state, start, end, silent)

    return bounded


def _narrow(rule: Callable[..., bool]) -> Callable[..., bool]:
    """The table rule, for what is not too large: short rows are filled up, so width times height is what costs."""

    def narrow(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        if start + 1 >= end:
            return False
        columns = state.src.count("|", state.bMarks[start + 1], state.eMarks[start + 1])
        if columns > MAX_COLUMNS or columns * (end - start) > MAX_CELLS:
            return False
        return rule(state, start, end, silent)

    return narrow


def _quote(state: StateBlock, start: int, _end: int, silent: bool) -> bool:
    """`> [#77]` alone on a line, at the top level."""
    if state.level or state.is_code_block(start):
        return False
    match = _QUOTE.match(state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]])
    if not match:
        return False
    quoted: dict[int, None] = state.env.setdefault("quotes", {})
    post = int(match[1])
    if post not in quoted and len(quoted) >= MAX_QUOTES:
        return False
    if not silent:
        quoted[post] = None
        token = state.push("quote", "blockquote", 0)
        token.meta = {"id": post}
        token.map = [start, start + 1]
        state.line = start + 1
    return True


def _mention(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "@":
        return False
    match = STORED.match(state.src, state.pos)
    if not match:
        return False
    if not silent:
        token = state.push("mention", "a", 0)
        token.content = match[0]
        token.meta = {"id": int(match[1])}
    state.pos = match.end()
    return True


def _finish(state: StateCore) -> None:
    """Headings below the page's own, images as links, bare addresses as links, at most 20 mentions."""
    mentions: dict[int, None] = state.env.setdefault("mentions", {})
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 3, 6)}"
        elif token.type in ("th_open", "td_open"):
            _align(token)
        elif token.type in ("fence", "code_block"):
            token.content = _SHIELDED.sub("@{", token.content)
        elif token.children:
            token.children = _Line(state.md, mentions).finish(token.children)


def _align(cell: Token) -> None:
    """A class where markdown-it writes a style, which our Content-Security-Policy would not let through."""
    style = str(cell.attrs.pop("style", ""))
    for side in ("center", "right"):
        if side in style:
            cell.attrs["class"] = side


class _Line:
    """The tokens of one paragraph, heading or cell on their way to what is rendered."""

    def __init__(self, md: MarkdownIt, mentions: dict[int, None]) -> None:
        self._md = md
        self._mentions = mentions
        self._links = 0
        self._out: list[Token] = []

    def finish(self, tokens: Iterable[Token]) -> list[Token]:
        for token in tokens:
            self._take(token)
        return self._out

    def _take(self, token: Token) -> None:
        if token.type == "image":
            self._image(token)
        elif token.type == "text" and not self._links:
            self._text(token)
        elif token.type == "mention":
            self._mention(token)
        elif token.type == "link_open":
            # Within a link (which an image has become) there is no second one.
            if not self._links:
                self._out.append(token)
            self._links += 1
        elif token.type == "link_close":
            self._links -= 1
            if not self._links:
                self._out.append(token)
        else:
            if token.type == "code_inline":
                token.content = _SHIELDED.sub("@{", token.content)
            self._out.append(token)

    def _image(self, token: Token) -> None:
        url = str(token.attrs.get("src", ""))
        label = token.children or [_text(url)]
        for part in (_link_open(url), *label, Token("link_close", "a", -1)):
            self._take(part)

    def _mention(self, token: Token) -> None:
        member = token.meta["id"]
        if member not in self._mentions and len(self._mentions) >= MAX_MENTIONS:
            self._out.append(_text(token.content))
            return
        self._mentions[member] = None
        token.tag = "span" if self._links else "a"
        self._out.append(token)

    def _text(self, token: Token) -> None:
        text, done = token.content, 0
        for match in _BARE_URL.finditer(text):
            written = _without_trailing(match[0])
            url = self._md.normalizeLink(written if "://" in written else f"https://{written}")
            if not is_link(url) or len(url) > 3 * MAX_URL_CHARS:
                continue
            before = text[done : match.start()]
            self._out += [_text(before)] if before else []
            self._out += _link_open(url), _text(self._md.normalizeLinkText(written)), Token("link_close", "a", -1)
            done = match.start() + len(written)
        if done < len(text) or not text:
            self._out.append(_text(text[done:]))


def _without_trailing(url: str) -> str:
    """The address without the punctuation of the sentence around it, and without a bracket that it does not open."""
    open_brackets = {")": url.count("("), "]": url.count("[")}
    close_brackets = {")": url.count(")"), "]": url.count("]")}
    end = len(url)
    while end:
        last = url[end - 1]
        if last in close_brackets and close_brackets[last] > open_brackets[last]:
            close_brackets[last] -= 1
        elif last not in _TRAILING:
            break
        end -= 1
    return url[:end]


def _link_open(url: str) -> Token:
    return Token("link_open", "a", 1, attrs={"href": url})


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def quote_html(_renderer: Any, tokens: list[Token], place: int, *_: Any) -> str:
    """The place of a quoted post."""
    return f'<blockquote data-quote="{tokens[place].meta["id"]}"></blockquote>\n'


def mention_html(_renderer: Any, tokens: list[Token], place: int, *_: Any) -> str:
    """The place of a name."""
    token = tokens[place]
    return f'<{token.tag} class="mention" data-mention="{token.meta["id"]}"></{token.tag}>'
