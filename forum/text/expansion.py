"""Expansion: names and quoted words are put into stored HTML when a page is made, and never stored there.

Invariants: every name and every quoted word is escaped here; a name that is gone reads "A former member", a quoted post
that is gone (or that not every reader here may read) reads sentence 29, or that it has been withdrawn.
"""

import html as html_entities
import re
from collections.abc import Mapping
from typing import Any

FORMER_MEMBER = "A former member"
QUOTE_GONE = "The quoted post has been removed."
QUOTE_WITHDRAWN = "The quoted post has been withdrawn."
QUOTE_LEFT_OUT = "A post is quoted here."
QUOTE_MAX_CHARS = 280

_MENTION = re.compile(r'<(a|span) class="mention" data-mention="([1-9][0-9]{0,17})"(?: rel="[a-z ]*")?></\1>')
_QUOTE = re.compile(r'<blockquote data-quote="([1-9][0-9]{0,17})"></blockquote>')
# The sanitiser escapes ">" in text and quotes every attribute, so a tag ends at the first ">" outside of quotes.
_TAG = re.compile(r'<(/?)([a-z0-9]+)(?:[^<>"]|"[^"]*")*>')
_INLINE = frozenset({"a", "code", "del", "em", "s", "span", "strong"})
_SPACE = re.compile(r"\s+")


def expand(
    html: str,
    mention_names: Mapping[str, str | None] | None,
    quotes: Mapping[str, Any] | None,
    *,
    absent: str = QUOTE_GONE,
) -> str:
    """The HTML of a shown contribution as a page shows it.

    `mention_names` maps an id (as text) to a name or None; `quotes` an id to `{"author": name or None, "author_id": id
    or None, "html": …}`, or to `{"withdrawn": True}`, with exactly those posts that every reader may read and that are
    shown, or withdrawn; `absent` stands in the place of others: QUOTE_LEFT_OUT where quoted posts are not looked up.
    """
    if "data-mention" in html:
        names = mention_names or {}
        html = _MENTION.sub(lambda match: _mention(match[1], match[2], names.get(match[2])), html)
    if "data-quote" in html:
        shown = quotes or {}
        html = _QUOTE.sub(lambda match: _quote(match[1], shown.get(match[1]), absent), html)
    return html


def excerpt(html: str, max_chars: int, mention_names: Mapping[str, str | None] | None = None) -> str:
    """Plain text (not escaped) of the HTML in one line, cut at a word, at most `max_chars` characters with its "…".

    Quoted posts are left out; people are named where `mention_names` is given, else they are "@…".
    """
    names = mention_names or {}
    # Long enough for any excerpt: entities and tags are longer than what they stand for, but not a hundred times.
    html = _whole_tags(html, max_chars * 100 + 2_000)
    text = _MENTION.sub(
        lambda match: f"@{html_entities.escape(names.get(match[2]) or '…', quote=False)}", _QUOTE.sub(" ", html)
    )
    text = _TAG.sub(lambda match: "" if match[2] in _INLINE else " ", text)
    text = _SPACE.sub(" ", html_entities.unescape(text)).strip()
    if len(text) <= max_chars:
        return text
    cut = text[: max_chars - 1]
    at_word = cut.rpartition(" ")[0] if not text[max_chars - 1].isspace() else cut
    # A single long word (an address) is cut where it must be.
    return (at_word if len(at_word) > max_chars // 2 else cut).rstrip() + "…"


def _whole_tags(html: str, max_chars: int) -> str:
    """The beginning of the HTML, with no half of a tag at its end."""
    if len(html) <= max_chars:
        return html
    opened = html.rfind("<", 0, max_chars)
    return html[: opened if html.rfind(">", 0, max_chars) < opened else max_chars]


def _mention(tag: str, member: str, name: str | None) -> str:
    shown = html_entities.escape(name or FORMER_MEMBER)
    if tag == "span":
        return f'<span class="mention" data-name="{member}">@{shown}</span>'
    return f'<a class="mention" href="/members/{member}" data-name="{member}">@{shown}</a>'


def _quote(post: str, source: Any, absent: str) -> str:
    if source is None or source.get("withdrawn"):
        said = absent if source is None else QUOTE_WITHDRAWN
        return f'<blockquote class="quote" data-ref="post-{post}">{said}</blockquote>'
    author = html_entities.escape(source["author"] or FORMER_MEMBER)
    words = html_entities.escape(excerpt(source["html"], QUOTE_MAX_CHARS))
    by = source.get("author_id")
    whose, named = ("", "") if by is None else (f' data-quoted="{by}"', f' data-name="{by}"')
    cite = f'<cite><a href="/posts/{post}"{named}>{author}</a></cite>'
    return f'<blockquote class="quote" data-ref="post-{post}"{whose}>{cite}<span>{words}</span></blockquote>'
