"""Posts, messages, rows and composers as the templates draw them, in as few words as the elements need."""

# ruff: noqa: E501 (markup stands on one line, as the server sends it)


def post(
    number: int,
    parent: int = 1,
    depth: int = 1,
    *,
    author: int | None = 12,
    name: str = "Ben Okafor",
    body: str = "words",
    version: int = 1,
    more: str = "",
) -> str:
    """A post whose id is its number; `author=None` draws a gap."""
    facts = f'class="post" id="post-{number}" data-parent="{parent}" data-depth="{depth}" data-indent="{min(depth - 1, 5)}" data-number="{number}" data-version="{version}"'
    if author is None:
        return f'<li {facts}><div class="gap"><span tabindex="-1">Removed by a moderator of London. The replies stay.</span></div></li>'
    to = (
        f'<p class="to"><a href="#post-{parent}" data-ref="post-{parent}">in reply to <span data-name="12">Ben Okafor</span></a></p>'
        if depth > 1
        else ""
    )
    return f"""<li {facts} data-author="{author}"><article aria-labelledby="by-{number}"><header class="by"><h3 id="by-{number}" tabindex="-1"><a href="/members/{author}" data-name="{author}">{name}</a></h3>
<a class="when" href="/posts/{number}"><time datetime="2026-11-23T08:22:04Z">08:22</time></a></header><div class="body">{to}<div class="prose"><p>{body}</p>{more}</div>
<div class="acts"><a data-act="reply" href="/threads/9/reply?to={number}">Reply<span class="sr"> to {name}</span></a> <a data-act="quote" href="#">Quote</a>
<forum-menu><a href="/posts/{number}/acts" aria-label="More for the post by {name}">⋯</a></forum-menu></div></div></article></li>"""


OPENING = """<article class="opening" id="post-1" data-depth="0" data-number="1" data-version="1" data-author="3"><header class="by"><h2 id="by-1" tabindex="-1"><a data-name="3">Cleo</a></h2></header><div class="prose"><p>the question</p></div></article>"""


def composer(
    kind: str = "post",
    draft: str = "reply:1",
    action: str = "/threads/9/posts",
    answers: str = "parent",
    **attributes: str,
) -> str:
    """A composer; `answers` is the field of what is answered."""
    more = "".join(f' data-{name}="{value}"' for name, value in attributes.items())
    limit = 'data-max-chars="100" data-count-from="80"'
    return f"""<forum-composer data-draft="{draft}" data-kind="{kind}" data-network="3"{more}><form class="composer" method="post" action="{action}" aria-label="Write">
<input type="hidden" name="key" value="from-the-page"><input type="hidden" name="{answers}" value="">
<div class="to" hidden>In reply to <strong data-to-name></strong><button type="button" data-act="close" aria-label="Close" hidden>x</button></div><p data-note hidden></p>
<label for="body">Write</label><textarea id="body" name="body" rows="2" {limit}></textarea><div data-preview hidden></div>
<button type="button" data-act="mention" hidden>@</button><span data-counter hidden></span><span data-kept hidden>Draft kept</span><button type="button" data-act="preview" hidden>Preview</button>
<button data-busy="Posting…">Reply</button><p data-problem hidden></p></form></forum-composer>"""


def thread(
    posts: str, *, read: str = "{[1,100)}", attributes: str = "", around: tuple[str, str] = ("", ""), write: bool = True
) -> str:
    """A thread page's main, with a side list."""
    dock = composer(folds="") if write else ""
    return f"""<div id="thread-head" class="title"><h1 data-title="9">Portals</h1></div><forum-thread data-thread="9" data-read="{read}" data-order="tree" data-since="Friday, 17:42" {attributes}>{OPENING}
{around[0]}<ol class="tree">{posts}</ol>{around[1]}<div class="dock"><button class="pill" type="button" hidden><span></span></button>{dock}</div></forum-thread>
<aside><section hidden><ul data-news></ul></section></aside>"""


def message(
    number: int,
    at: str,
    *,
    author: int | None = 12,
    name: str = "Ben Okafor",
    body: str = "words",
    reply: int = 0,
    version: int = 1,
    grouped: bool = False,
) -> str:
    """A message whose id is its number; `author=None` draws a gap."""
    facts = (
        f'class="msg" id="message-{number}" data-number="{number}" data-version="{version}" data-at="{at}"'
        + (f' data-reply="{reply}"' if reply else "")
        + (" data-grouped" if grouped else "")
    )
    if author is None:
        return f'<li {facts}><div class="body"><p class="gap" tabindex="-1">Removed by a moderator</p></div></li>'
    re = (
        f'<p class="re"><a href="#message-{reply}" data-ref="message-{reply}"><span data-name="12">{name}</span>: words</a></p>'
        if reply
        else ""
    )
    return f'<li {facts} data-author="{author}"><div class="body"><div class="by"><h2 tabindex="-1"><a data-name="{author}">{name}</a></h2></div>{re}<div class="prose"><p>{body}</p></div></div><div class="acts"><a data-act="reply" href="#">Reply</a></div></li>'


def room(messages: str, *, read: int = 1000, earlier: str = "") -> str:
    """A room page's main."""
    first = f'<li class="earlier"><a href="{earlier}">Earlier messages</a></li>' if earlier else ""
    pending = '<template data-pending><li class="msg" data-author="7"><div class="body"><div class="by"><h2>Ana Ortiz</h2></div><div class="prose"></div><p class="state"></p></div></li></template>'
    write = composer("message", "room:3:0", "/networks/london/messages", "reply_to")
    return f"""<forum-room data-room="3" data-at="/networks/london/room" data-read="{read}" data-read-url="/networks/london/read"><ol class="log">{first}{messages}</ol>
<div class="dock"><button class="pill" type="button" hidden><span></span></button><div class="typing"><span data-typing hidden></span></div>{write}</div>{pending}</forum-room>"""


def day(date: str) -> str:
    """A day line."""
    return f'<li class="day"><div class="line"><time datetime="{date}" data-as="day">{date}</time></div></li>'


def row(number: int, active: str, *, title: str = "", pinned: bool = False) -> str:
    """A thread in a list."""
    pin = f' data-pinned="{active}"' if pinned else ""
    return f'<li class="thread" id="thread-{number}" data-thread="{number}" data-network="3" data-active="{active}"{pin} data-unread-row><h3><a href="/threads/{number}" data-title="{number}">{title or f"Thread {number}"}</a></h3><span data-unread-of="thread:{number}" data-words="new" hidden></span></li>'
