"""Markup: the text of a mail that came as HTML only, laid out as a mail would be: "> " for quotes, "- " for lists.

The sanitiser goes first: it mends what is broken in linear time, and drops scripts and styles with their content.
"""

import re
from html.parser import HTMLParser

import nh3

MAX_HTML_CHARS = 2_000_000

_TAGS = {"a", "blockquote", "br", "dd", "div", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "li", "ol", "p",
         "pre", "table", "td", "th", "tr", "ul"}  # fmt: skip
_BREAKS = {"br": 1, "div": 1, "dd": 1, "dt": 1, "li": 1, "tr": 1}
_BLOCKS = {"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "ol", "p", "pre", "table", "ul"}
_SPACE = re.compile(r"[ \t\r\n\f]+")
_EMPTY_LINES = re.compile(r"\n{3,}")
_MAX_QUOTE_DEPTH = 8


def text_of_html(html: str) -> str:
    """Plain text: paragraphs, line breaks, quotes, lists, and where links lead."""
    reader = _Reader()
    cleaned = nh3.clean(
        html[:MAX_HTML_CHARS],
        tags=_TAGS,
        attributes={"a": {"href"}, "img": {"alt"}},
        clean_content_tags={"script", "style", "title", "head", "noscript"},
        link_rel=None,
    )
    reader.feed(cleaned)
    reader.close()
    return reader.text()


class _Reader(HTMLParser):
    """Reads what the sanitiser left: well-formed, few tags."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._rows: list[list[str]] = [[]]
        self._prefixes: list[str] = [""]
        self._quotes = 0
        self._verbatim = 0
        self._href = ""
        self._label: list[str] = []

    def text(self) -> str:
        rows = (prefix + "".join(row).rstrip() for prefix, row in zip(self._prefixes, self._rows, strict=True))
        return _EMPTY_LINES.sub("\n\n", "\n".join(row.rstrip() for row in rows)).strip("\n")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "blockquote":
            self._paragraph()
            self._quotes += 1
            self._break()
            return
        self._open_block(tag)
        if tag == "li":
            self._write("- ")
        elif tag in ("td", "th") and self._rows[-1]:
            self._write(" | ")
        elif tag == "img":
            alt = dict(attrs).get("alt")
            self._write(f"[{alt}]" if alt else "")
        elif tag == "hr":
            self._write("----")
        elif tag == "a":
            self._href = dict(attrs).get("href") or ""
            self._label = []

    def handle_endtag(self, tag: str) -> None:
        if tag == "blockquote":
            self._quotes = max(0, self._quotes - 1)
            self._break()
            self._paragraph()
        elif tag == "pre":
            self._verbatim = max(0, self._verbatim - 1)
            self._paragraph()
        elif tag == "a":
            self._close_link()
        elif tag in _BLOCKS:
            self._paragraph()
        elif tag in ("div", "tr", "li"):
            self._break()

    def handle_data(self, data: str) -> None:
        if self._verbatim:
            for number, row in enumerate(data.split("\n")):
                if number:
                    self._break(always=True)
                self._write(row)
            return
        words = _SPACE.sub(" ", data)
        self._label.append(words)
        self._write(words if self._rows[-1] else words.lstrip(" "))

    def _open_block(self, tag: str) -> None:
        if tag == "pre":
            self._verbatim += 1
        if tag in _BLOCKS:
            self._paragraph()
        elif tag in _BREAKS:
            self._break(always=tag == "br")

    def _close_link(self) -> None:
        label = "".join(self._label).strip()
        target = self._href.removeprefix("mailto:")
        if target.startswith(("http://", "https://")) and target.rstrip("/") != label.rstrip("/"):
            self._write(f" <{target}>")
        self._href = ""

    def _write(self, words: str) -> None:
        if words:
            self._rows[-1].append(words)

    def _break(self, *, always: bool = False) -> None:
        prefix = "> " * min(self._quotes, _MAX_QUOTE_DEPTH)
        if always or self._rows[-1]:
            self._rows.append([])
            self._prefixes.append(prefix)
        else:
            self._prefixes[-1] = prefix

    def _paragraph(self) -> None:
        if self._rows[-1]:
            self._break()
        if len(self._rows) > 1 and self._rows[-2]:
            self._break(always=True)
