"""Rendering: Markdown to sanitised HTML, in which people and quoted posts are still ids.

CommonMark with tables, strikethrough and bare addresses as links; a new line stays a new line. Raw HTML is text, remote
images are links, headings begin at h4 (the page has its own above). Everything passes one sanitiser at the end, which
knows the few tags and attributes that are ours: a mistake in the Markdown library does not become a hole.

Bump RENDERER when the HTML of an unchanged body changes: what an older one rendered is then rendered anew.
"""

import html as html_entities
from dataclasses import dataclass
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from forum.text import rules
from forum.text.rules import MAX_QUOTES

__all__ = ["MAX_HTML_CHARS", "MAX_QUOTES", "RENDERER", "Rendered", "clean", "render"]

RENDERER: int = 1
MAX_HTML_CHARS = 262_144
"""A body of 32 kB renders to little more than itself; what grows beyond this is shown as plain lines instead."""

LINK_REL = "nofollow ugc noopener noreferrer"
TAGS = {
    "a", "blockquote", "br", "code", "del", "div", "em", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s", "span",
    "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "title", "data-mention"},
    "span": {"data-mention"},
    "blockquote": {"data-quote"},
    "ol": {"start"},
    "div": {"aria-label"},
    "pre": {"aria-label"},
}
FIXED_VALUES = {
    "div": {"role": {"region"}, "tabindex": {"0"}},
    "pre": {"role": {"group"}, "tabindex": {"0"}},
}
CLASSES = {
    "a": {"mention"},
    "span": {"mention"},
    "div": {"scroller"},
    "pre": {"scroller"},
    "th": {"center", "right"},
    "td": {"center", "right"},
}
TABLE_LABEL_MAX_CHARS = 80

_CLEANER = nh3.Cleaner(
    tags=TAGS,
    attributes=ATTRIBUTES,
    tag_attribute_values=FIXED_VALUES,
    allowed_classes=CLASSES,
    url_schemes=set(rules.SCHEMES),
    link_rel=LINK_REL,
    strip_comments=True,
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """Sanitised HTML, and the ids of the members it mentions and of the posts it quotes, each once, in order."""

    html: str
    mentions: tuple[int, ...]
    quotes: tuple[int, ...]


def render(body: str, *, quoting: bool = True) -> Rendered:
    """Render a body. `quoting=False` for messages, which quote nothing: `> [#77]` is then an ordinary quotation.

    Never raises. Takes about 1 ms a kilobyte; for what is longer than that there is `forum.text.render_async`.
    """
    env: dict[str, Any] = {}
    parser = _QUOTING if quoting else _PLAIN
    html = clean(parser.render(body, env))
    if len(html) > MAX_HTML_CHARS:
        return Rendered(_lines(body), (), ())
    return Rendered(html, tuple(env.get("mentions", ())), tuple(env.get("quotes", ())))


def clean(html: str) -> str:
    """The HTML with nothing in it but what `render` makes."""
    return str(_CLEANER.clean(html)).strip()


def _lines(body: str) -> str:
    rows = (clean(html_entities.escape(row, quote=False)) for row in body.split("\n"))
    return f"<p>{'<br>'.join(rows)}</p>"


def _table_open(_renderer: Any, tokens: list[Token], place: int, *_: Any) -> str:
    """A region of its own that scrolls sideways, named after its columns."""
    headings: list[str] = []
    for token, content in zip(tokens[place:], tokens[place + 1 :], strict=False):
        if token.type == "th_open" and content.type == "inline":
            headings.append("".join(part.content for part in content.children or () if part.type == "text"))
        elif token.type == "thead_close":
            break
    named = ", ".join(filter(None, map(str.strip, headings)))
    label = f"Table: {named}" if named else "Table"
    if len(label) > TABLE_LABEL_MAX_CHARS:
        label = label[: TABLE_LABEL_MAX_CHARS - 1].rstrip() + "…"
    return f'<div class="scroller" role="region" tabindex="0" aria-label="{html_entities.escape(label)}"><table>\n'


def _table_close(*_: Any) -> str:
    return "</table></div>\n"


def _code(_renderer: Any, tokens: list[Token], place: int, *_: Any) -> str:
    content = html_entities.escape(tokens[place].content, quote=False)
    return f'<pre class="scroller" role="group" tabindex="0" aria-label="Code"><code>{content}</code></pre>\n'


def _parser(*, quoting: bool) -> MarkdownIt:
    # markdown-it drops blocks that are nested deeper than maxNesting; our own bound comes first and drops nothing.
    md = MarkdownIt("commonmark", {"html": False, "breaks": True, "xhtmlOut": False, "maxNesting": rules.MAX_DEPTH + 6})
    md.enable(["table", "strikethrough"])
    rules.install(md)
    if not quoting:
        md.disable("quote")
    for token_type, rule in {
        "quote": rules.quote_html,
        "mention": rules.mention_html,
        "table_open": _table_open,
        "table_close": _table_close,
        "fence": _code,
        "code_block": _code,
    }.items():
        md.add_render_rule(token_type, rule)
    return md


# Parsers hold no state between calls, so threads share them.
_QUOTING = _parser(quoting=True)
_PLAIN = _parser(quoting=False)
