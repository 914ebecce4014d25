"""The registry of surfaces: every place that can show what somebody wrote, and the channel that clears it.

When words go (a removal, a withdrawal, a new name in place of an old one), they have to go from everywhere. So each
place that can show them stands here, by its name, with the kinds of text that it shows and the nouns of the channels
whose updates clear them on a screen; or with the reason why nothing has to.

**A new route, channel kind or table** fails tests/trust/test_surfaces.py until it stands here:

- a route that only reads: a line in `PAGES` (it draws a page: my own name and my networks stand on it anyway, as
  `FRAME`) or in `ANSWERS` (everything else that is asked for by GET);
- a route that writes: its name below what it answers, in `ACTS`;
- a kind of update: a line in `UPDATES`, or its noun in `WORDLESS` where its frames hold no words;
- a table: nothing. Every column of every table is searched after a removal, but for those in `KEPT_APART`.

Where words may still be read after they went, by those who decide about them or by their author, the line says
`sealed`. tests/trust/test_removed_is_gone.py visits all of it, so a line that claims too little, or too much, fails.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, cast

Text = Literal[
    "post", "message", "edit", "title", "name", "profile", "about", "network", "purpose", "network about", "request",
    "reason", "note", "report", "submission", "appeal",
]  # fmt: skip
"""Kinds of text. `post` and `message` stand for their excerpts and quotes too, `name` for mentions, `profile` for
title, organisation and region; `edit` is what a contribution said before; `reason` and `note` are a moderator's,
`report` is what somebody told moderators, `submission` what waits for them, `appeal` what an author answers.
"""
Reader = Literal["author", "moderator"]
Noun = Literal["thread", "network", "room", "member", "moderators"]

FRAME: Final[frozenset[Text]] = frozenset({"name", "network"})
"""On every page: who I am, and my networks. The channels of all my networks and my own clear it."""
FRAME_FOLLOWS: Final[frozenset[Noun]] = frozenset({"network", "member"})

READERS: Final[Mapping[Text, frozenset[Reader]]] = {
    "request": frozenset({"moderator"}),
    "reason": frozenset({"author", "moderator"}),
    "note": frozenset({"author", "moderator"}),
    "report": frozenset({"moderator"}),
    "submission": frozenset({"author", "moderator"}),
    "appeal": frozenset({"author", "moderator"}),
}
"""Kinds of text that are never for everybody, and who reads them: wherever they stand, to nobody else."""

REFUSALS: Final[frozenset[Text]] = frozenset({"network"})
"""In every answer to a program: a refusal names the network whose moderators, or leads, may do it."""

FORM = "a form with its writer's own words: to take them away would lose what they write"
BEFORE = "before anybody is in: it follows nothing, and is asked for anew"
MOMENT = "for a moment, below a field in which somebody types"
PART = "a part of a page, which follows for it"
FILE = "a file, as everything stood when a moderator asked for it"
ASKS_AGAIN = "nothing is drawn: a program asks again"


@dataclass(frozen=True, slots=True)
class Surface:
    """A place that can show words. With no channel in `cleared_by`, `why` says why none has to clear it."""

    name: str
    shows: frozenset[Text]
    cleared_by: frozenset[Noun] = frozenset()
    why: str = ""
    sealed: frozenset[Reader] = frozenset()
    """Who reads words here that have gone from everywhere else."""


def _surface(name: str, shows: str, cleared_by: str = "", why: str = "", sealed: str = "") -> Surface:
    """Lists are written as words with spaces; `network about` with a hyphen."""
    kinds = [each.replace("-", " ") for each in shows.split()]
    return Surface(
        name,
        frozenset(cast("list[Text]", kinds)),
        frozenset(cast("list[Noun]", cleared_by.split())),
        why,
        frozenset(cast("list[Reader]", sealed.split())),
    )


# fmt: off
PAGES: Final = tuple(_surface(f"GET {name}", *rest) for name, *rest in (
    # Beside the frame of the page      shows                               cleared by
    ("/",                               "post message title purpose reason note","network member"),
    ("/invitations/{token}",            "purpose",                          "", BEFORE),
    ("/conversations",                  "message",                          "member"),
    ("/conversations/{conversation}",   "message profile",                  "room"),
    ("/conversations/{conversation}/messages", "message profile",           "room"),
    ("/appeals",                        "",                                 ""),
    ("/appeals/{appeal}",               "post message edit title reason note appeal", "thread room", "", "moderator"),
    ("/links/{token}",                  "",                                 "", BEFORE),
    ("/log",                            "reason note",                      "moderators"),
    ("/members/{member}",               "about profile",                    "network"),
    ("/messages/{id}/acts",             "message",                          "room"),
    ("/messages/{id}/edit",             "message",                          "", FORM),
    ("/messages/{id}/history",          "message edit",                     "room", "", "author moderator"),
    ("/messages/{id}/remove",           "post message title",               "room thread"),
    ("/messages/{id}/report",           "message",                          "room"),
    ("/messages/{id}/withdraw",         "",                                 ""),
    ("/networks",                       "",                                 "network"),
    ("/networks/new",                   "",                                 ""),
    ("/networks/{slug}",                "purpose title",                    "network"),
    ("/networks/{slug}/about",          "purpose network-about",            "network"),
    ("/networks/{slug}/appeals",        "purpose",                          "network moderators"),
    ("/networks/{slug}/invitations",    "purpose",                          "network"),
    ("/networks/{slug}/leave",          "",                                 ""),
    ("/networks/{slug}/log",            "purpose reason note",              "network moderators"),
    ("/networks/{slug}/messages",       "message title",                    "network room"),
    ("/networks/{slug}/pace",           "",                                 ""),
    ("/networks/{slug}/people",         "purpose profile",                  "network"),
    ("/networks/{slug}/people/{member}/removals", "",                       ""),
    ("/networks/{slug}/removals",       "",                                 ""),
    ("/networks/{slug}/reports",        "post message title profile reason","moderators", "", "moderator"),
    ("/networks/{slug}/reports/{case}", "post message title profile reason report","moderators", "", "moderator"),
    ("/networks/{slug}/requests",       "purpose request profile title",    "network moderators"),
    ("/networks/{slug}/room",           "message title",                    "network room"),
    ("/networks/{slug}/settings",       "purpose network-about",            "", FORM),
    ("/networks/{slug}/submissions",    "purpose profile submission",       "network moderators"),
    ("/networks/{slug}/summary",        "purpose",                          "network"),
    ("/networks/{slug}/threads/new",    "",                                 "network"),
    ("/notifications",                  "post message title reason note",   "member"),
    ("/posts/{id}/acts",                "post title",                       "thread"),
    ("/posts/{id}/edit",                "post title",                       "thread", FORM),
    ("/posts/{id}/history",             "post edit title",                  "thread", "", "author moderator"),
    ("/posts/{id}/remove",              "post message title",               "thread room"),
    ("/posts/{id}/report",              "post title",                       "thread"),
    ("/posts/{id}/withdraw",            "title",                            "thread"),
    ("/removals/{removal}",             "reason note appeal",               "member"),
    ("/reports",                        "post message title profile reason","moderators", "", "moderator"),
    ("/reports/direct/{case}",          "post message profile reason report","moderators", "", "moderator"),
    ("/rooms",                          "message",                          "network"),
    ("/search",                         "post message title",               "thread room"),
    ("/settings",                       "about profile",                    "", FORM),
    ("/settings/moderation",            "profile reason note",              "network member"),
    ("/sign-in",                        "",                                 "", BEFORE),
    ("/sign-out",                       "",                                 ""),
    ("/submissions/{submission}",       "profile submission reason",        "network"),
    ("/threads/{thread}",               "post title profile",               "thread"),
    ("/threads/{thread}/edit",          "title",                            "thread"),
    ("/threads/{thread}/reply",         "post title profile",               "thread"),
    ("/threads/{thread}/split",         "post title",                       "thread"),
))
"""What a browser shows as a page. It follows these channels, and those of the frame, from before it read its words."""

ANSWERS: Final = tuple(_surface(f"GET {name}", *rest) for name, *rest in (
    # Answers                           show                                cleared by
    ("/healthz",                        ""),
    ("/metrics",                        ""),
    ("/readyz",                         ""),
    ("/static/{path}",                  ""),
    ("/messages/{id}",                  ""),
    ("/posts/{id}",                     ""),
    ("/unread",                         ""),
    ("/reports/{case}",                 ""),
    ("/networks/{slug}/log.csv",        "name reason note",                 "", FILE),
    ("/networks/{slug}/threads/similar", "title",                           "", MOMENT),
    ("/people",                         "name profile",                     "", MOMENT),
    ("/rail",                           "name network",                     "network member", PART),
    ("/api/openapi.json",               ""),
    ("/log.csv",                        "name reason note",                 "", FILE),
    ("/api/v1/appeals",                 "",                                 "moderators"),
    ("/api/v1/appeals/{appeal}",        "post message edit name profile reason note appeal",
                                                                            "moderators", "", "moderator"),
    ("/api/v1/administrators/log",      "name reason note",                 "moderators"),
    ("/api/v1/administrators/reports",  "name report",                      "moderators"),
    ("/api/v1/conversations",           "name profile message",             "member"),
    ("/api/v1/conversations/{conversation}/messages", "message name profile", "room"),
    ("/api/v1/me",                      "name profile about network",       "member network"),
    ("/api/v1/me/blocks",               "name profile",                     "network"),
    ("/api/v1/me/moderation",           "name network profile reason note submission","member network"),
    ("/api/v1/me/notifications",        "name profile title post message reason note","member"),
    ("/api/v1/me/sessions",             ""),
    ("/api/v1/me/tokens",               ""),
    ("/api/v1/members/{member}",        "name profile about network",       "network"),
    ("/api/v1/messages/{message}",      "message name profile",             "room network"),
    ("/api/v1/messages/{message}/history", "edit",                          "room"),
    ("/api/v1/messages/{message}/repeats","name title profile",               "room thread"),
    ("/api/v1/networks",                "network purpose",                  "network"),
    ("/api/v1/networks/{slug}",         "network purpose network-about",    "network"),
    ("/api/v1/networks/{slug}/appeals", "",                                 "moderators"),
    ("/api/v1/networks/{slug}/invitations", "",                             "moderators"),
    ("/api/v1/networks/{slug}/log",     "name reason note",                 "moderators"),
    ("/api/v1/networks/{slug}/members", "name profile",                     "network"),
    ("/api/v1/networks/{slug}/messages", "message name profile",            "room network"),
    ("/api/v1/networks/{slug}/removals", "",                                "network"),
    ("/api/v1/networks/{slug}/reports", "name report",                      "moderators"),
    ("/api/v1/networks/{slug}/requests","name profile request",             "moderators"),
    ("/api/v1/networks/{slug}/sanctions", "name profile reason note",       "moderators"),
    ("/api/v1/networks/{slug}/submissions","name profile submission",          "moderators"),
    ("/api/v1/networks/{slug}/threads", "title name profile",               "network"),
    ("/api/v1/posts/{post}",            "post name profile",                "thread network"),
    ("/api/v1/posts/{post}/history",    "edit",                             "thread"),
    ("/api/v1/posts/{post}/repeats",    "name title profile",               "room thread"),
    ("/api/v1/removals/{removal}",      "reason note appeal",               "member"),
    ("/api/v1/search",                  "post message title name profile",  "", ASKS_AGAIN),
    ("/api/v1/submissions/{submission}","name profile submission reason",   "moderators"),
    ("/api/v1/threads/{thread}",        "post title name profile",          "thread network"),
    ("/api/v1/threads/{thread}/posts",  "post name profile",                "thread network"),
))
"""What is asked for otherwise. A program clears what it keeps by the updates of these channels."""

UPDATES: Final = tuple(_surface(name, shows, name.partition(" ")[0]) for name, shows in (
    # Channel and kind                  show
    ("member conversation",             "message name profile"),
    ("member member",                   "name profile"),
    ("member notification",             "name profile network title post message reason note"),
    ("moderators appeal",               "network"),
    ("moderators case",                 "post message name network"),
    ("moderators hold",                 "network title"),
    ("moderators request",              "request name profile"),
    ("moderators submission",           "name profile submission reason network"),
    ("network member",                  "name profile"),
    ("network membership",              "name profile"),
    ("network network",                 "network purpose name"),
    ("network room",                    ""),
    ("network thread",                  "title name profile network"),
    ("room member",                     "name profile"),
    ("room message",                    "message name profile"),
    ("room room",                       ""),
    ("thread post",                     "post name profile network"),
    ("thread thread",                   "title network"),
))
"""Kinds of update that show words: always the row as it stands now, whenever they were recorded. So one clears itself,
with the next update of the same row."""

WORDLESS: Final[Mapping[Noun, str]] = {
    "member": "block membership reads removal session submission token",
    "moderators": "log",
    "network": "gap",
}
"""By channel: kinds of update whose frames hold ids and counts, and no words."""

CLEARED_BY: Final[Mapping[str, frozenset[Text]]] = {"network gap": frozenset({"message"})}
"""What an update without words clears: a room's last message, on pages that do not follow the room."""

CARRIERS: Final = ("GET /api/v1/updates", "GET /api/v1/channels/{channel}/updates", "SOCKET /live")
"""What carries updates: the long poll, the catch-up and the socket. They show what `UPDATES` show, and nothing else."""

ACTS: Final[Mapping[str, str]] = {
    "a link with which a member sets a password, under their name": "POST /members/{member}/link",
    "the post as it stands now": """
        POST /posts/{id}/edit  POST /posts/{id}/hold  POST /posts/{id}/release  POST /posts/{id}/remove
        POST /posts/{id}/restore  POST /posts/{id}/undo  POST /posts/{id}/withdraw  POST /threads/{thread}/posts
        POST /api/v1/threads/{thread}/posts  PATCH /api/v1/posts/{post}  DELETE /api/v1/posts/{post}
        DELETE /api/v1/posts/{post}/withdrawal  PUT /api/v1/posts/{post}/removal  DELETE /api/v1/posts/{post}/removal
        PUT /api/v1/posts/{post}/hold  DELETE /api/v1/posts/{post}/hold""",
    "the message as it stands now": """
        POST /messages/{id}/edit  POST /messages/{id}/remove  POST /messages/{id}/restore  POST /messages/{id}/undo
        POST /messages/{id}/withdraw  POST /networks/{slug}/messages  POST /api/v1/networks/{slug}/messages
        POST /conversations/{conversation}/messages  POST /api/v1/conversations/{conversation}/messages
        PATCH /api/v1/messages/{message}  DELETE /api/v1/messages/{message}
        DELETE /api/v1/messages/{message}/withdrawal  PUT /api/v1/messages/{message}/removal
        DELETE /api/v1/messages/{message}/removal""",
    "the thread as it stands now": """
        POST /networks/{slug}/threads  POST /threads/{thread}/edit  POST /threads/{thread}/split
        POST /api/v1/networks/{slug}/threads  PATCH /api/v1/threads/{thread}  POST /api/v1/threads/{thread}/split""",
    "the network as it stands now": """
        POST /networks  POST /networks/{slug}/settings  POST /api/v1/networks  PATCH /api/v1/networks/{slug}
        POST /networks/{slug}/join  POST /api/v1/networks/{slug}/join  POST /networks/{slug}/leave
        POST /api/v1/networks/{slug}/leave""",
    "somebody's place in a network, or a link into it": """
        POST /networks/{slug}/invitations  POST /networks/{slug}/people/{member}
        POST /networks/{slug}/requests/{request}  POST /invitations/{token}
        PUT /api/v1/networks/{slug}/members/{member}  DELETE /api/v1/networks/{slug}/members/{member}
        PATCH /api/v1/networks/{slug}/requests/{request}  POST /api/v1/networks/{slug}/invitations
        DELETE /api/v1/networks/{slug}/invitations/{invitation}""",
    "a conversation of one's own, with the message that stands last in it": """
        POST /members/{member}/conversation  POST /api/v1/conversations""",
    "a case, or one's own report": """
        POST /posts/{id}/report  POST /messages/{id}/report  POST /reports/{case}/decision  POST /reports/{case}/notes
        POST /reports/{case}/reopen  POST /reports/{case}/taken  POST /api/v1/posts/{post}/reports
        POST /api/v1/messages/{message}/reports  PATCH /api/v1/reports/{report}""",
    "a removal of one's own, or an appeal against one": """
        POST /removals/{removal}/appeal  POST /appeals/{appeal}
        POST /api/v1/removals/{removal}/appeal  PATCH /api/v1/appeals/{appeal}""",
    "how many were removed, or how a network removes": """
        POST /networks/{slug}/people/{member}/removals  POST /networks/{slug}/removals
        POST /removals/{removal}/restore  DELETE /api/v1/removals/{removal}
        POST /api/v1/networks/{slug}/members/{member}/removals  PATCH /api/v1/networks/{slug}/removals""",
    "a sanction, with the reason that was sent": """
        PUT /api/v1/networks/{slug}/members/{member}/sanctions/{kind}""",
    "a submission, which has words only while it waits": """
        POST /submissions/{submission}  PATCH /api/v1/submissions/{submission}
        DELETE /api/v1/submissions/{submission}""",
    "oneself": """
        POST /links/{token}  POST /settings  POST /sign-in  POST /sign-out  PATCH /api/v1/me  POST /api/v1/session
        DELETE /api/v1/session  DELETE /api/v1/me/sessions/{session}  DELETE /api/v1/me/tokens/{token}""",
    "the text that was sent, drawn: a quote in it as it stands now": "POST /preview",
    "nothing": """
        POST /members/{member}/block  POST /members/{member}/unblock  POST /members/{member}/suspend
        POST /members/{member}/reinstate  POST /members/{member}/remove  PUT /api/v1/members/{member}/{noun}/removal
        POST /networks/{slug}/pace  PUT /api/v1/me/blocks/{member}
        DELETE /api/v1/me/blocks/{member}  PUT /api/v1/members/{member}/suspension
        DELETE /api/v1/members/{member}/suspension  DELETE /api/v1/networks/{slug}/members/{member}/sanctions/{kind}
        PUT /api/v1/networks/{slug}/newcomers  PUT /api/v1/networks/{slug}/slow
        POST /conversations/{conversation}/read  PUT /api/v1/conversations/{conversation}/read
        POST /networks/{slug}/read  POST /notifications/read  POST /threads/{thread}/read
        POST /threads/{thread}/watch  PUT /api/v1/me/notifications/read  PUT /api/v1/networks/{slug}/read
        PUT /api/v1/threads/{thread}/read""",
}
"""Routes that write, below what they answer: the row as it stands now, when a key is sent again too. A form that is
refused comes back with what was sent, and with nothing else."""

KEPT_APART: Final[Mapping[str, str]] = {
    "sealed": "words that have gone, for those who decide and for the appeal",
    "notes": "what moderators wrote themselves: reasons and notes",
}
"""Tables in which words of a removal may stay, and why. No other column of any table may hold them."""

ELSEWHERE: Final[Mapping[str, str]] = {
    "logs": "route templates, ids and types of errors (forum.logs); Postgres is told to quote nothing",
    "metrics": "counts by process: no channel, no name",
    "Redis": "seqs, ids of who is here, counts by hashed names; the name of who is typing, for seconds, in no key",
    "fragments kept in a process": "found by all facts of their row, as Postgres has them now (forum.views.cache)",
    "keys of requests sent again": "member, key, a keyed hash and an id (forum.idempotency)",
    "jobs": "find what is due in the tables, and hold nothing (forum.jobs)",
    "commands": "the report of an import names places in its source, for the operator at the terminal",
    "a browser": "drafts are their writer's own; what a page shows is cleared by the channels that it follows",
}
"""What is no route and no table, and why no word is to be found there."""
# fmt: on


def acts() -> Iterator[str]:
    """The routes that write."""
    for names in ACTS.values():
        method = ""
        for part in names.split():
            if part.startswith("/"):
                yield f"{method} {part}"
            else:
                method = part


def readable() -> Mapping[str, Surface]:
    """The surfaces that are asked for, and the updates, by name."""
    return {each.name: each for each in (*PAGES, *ANSWERS, *UPDATES)}


def routes() -> frozenset[str]:
    """Every route that the registry knows: `GET /threads/{thread}`, `SOCKET /live`."""
    return frozenset((*(each.name for each in (*PAGES, *ANSWERS)), *acts(), *CARRIERS))
