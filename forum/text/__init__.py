"""Text: what people write, from the form field to safe HTML and back.

Words stand in one row as Markdown (`body`) and as sanitised HTML (`html`) in which people and quoted posts are *ids*:

    body   @{7}           html  <a class="mention" data-mention="7" rel="…"></a>
    body   > [#77]        html  <blockquote data-quote="77"></blockquote>

Names and quoted words are put in when a page is made (`expand`), from the rows as they stand then. So a name that was
removed, or a post that was, is nowhere in somebody else's row.

Invariants: no input makes a function here raise anything but `Invalid`; what `render` returns passes the sanitiser
unchanged; the work is bounded by the length of the input, which `check` bounds.
"""

from forum.text.apart import render_async
from forum.text.expansion import QUOTE_GONE, QUOTE_LEFT_OUT, excerpt, expand
from forum.text.intake import MAX_BODY_BYTES, MORE_POSTS, check, line, name
from forum.text.mentions import MAX_MENTIONS, mentioned, resolve, unresolve
from forum.text.rendering import MAX_QUOTES, RENDERER, Rendered, render

__all__ = [
    "MAX_BODY_BYTES",
    "MAX_MENTIONS",
    "MAX_QUOTES",
    "MORE_POSTS",
    "QUOTE_GONE",
    "QUOTE_LEFT_OUT",
    "RENDERER",
    "Rendered",
    "check",
    "excerpt",
    "expand",
    "line",
    "mentioned",
    "name",
    "render",
    "render_async",
    "resolve",
    "unresolve",
]
