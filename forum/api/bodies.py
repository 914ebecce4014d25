"""What comes in: the bodies and the query of each route, with their bounds.

Invariants: an unknown field is refused, so that a slip is noticed; what is left out of a PATCH stays as it is. The acts
check once more what they store: these bounds keep nonsense away from them.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from forum.api.cursors import MAX_CHARS
from forum.api.shapes import Kind, Role, Visibility

Id = Annotated[int, Meta(ge=1, le=10**18 - 1)]
Number = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Slug = Annotated[str, Meta(pattern=r"^[a-z0-9]([a-z0-9-]{0,58}[a-z0-9])?$(?!\n)")]
"""`$` alone lets a line feed pass, and `\\Z` is not known to who reads the document."""
Body = Annotated[str, Meta(min_length=1, max_length=32_768)]
MessageBody = Annotated[str, Meta(min_length=1, max_length=10_000)]
Title = Annotated[str, Meta(min_length=1, max_length=1_000)]
Line = Annotated[str, Meta(max_length=1_000)]
Name = Annotated[str, Meta(min_length=1, max_length=1_000)]
Words = Annotated[str, Meta(max_length=32_768)]
Moment = Annotated[datetime, Meta(tz=True)]


class In(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that comes in."""


class NoQuery(In, frozen=True):
    """Nothing may be asked for."""


class ListQuery(In, frozen=True):
    """Where a list goes on, and how much of it."""

    after: Annotated[str, Meta(min_length=1, max_length=MAX_CHARS)] | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class DatedQuery(ListQuery, frozen=True):
    """A list between two moments: not before `since`, before `until`."""

    since: Moment | None = None
    until: Moment | None = None


class PostsQuery(DatedQuery, frozen=True):
    """Posts in the order of the tree, or as they were written. Dates go with `order=time` only."""

    order: Literal["tree", "time"] = "tree"


class MessagesQuery(DatedQuery, frozen=True):
    """Messages from the newest on, or as they were written."""

    order: Literal["newest", "time"] = "newest"


class MembersQuery(ListQuery, frozen=True):
    """Members by name; `q` finds by name, title and organisation."""

    q: Annotated[str, Meta(max_length=200)] = ""


class SearchQuery(DatedQuery, frozen=True, kw_only=True):
    """What to look for, where and by whom. Without words: all posts of the author."""

    q: Annotated[str, Meta(max_length=1_000)] = ""
    network: Slug | None = None
    author: Id | None = None
    what: Literal["posts", "messages"] = "posts"


class CasesQuery(ListQuery, frozen=True):
    """Cases that wait, urgent ones and then the oldest first; or those that were decided, the newest first."""

    state: Literal["open", "decided"] = "open"


class LogQuery(DatedQuery, frozen=True):
    """Lines of a log, if wanted those of one member or for one reason."""

    actor: Id | None = None
    reason: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


class NotificationsQuery(ListQuery, frozen=True):
    """All that a member was told, or what they have not read."""

    unread: bool = False


class UpdatesQuery(In, frozen=True):
    """The cursor that was applied last, and the log that it came from."""

    after: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    log: Annotated[str, Meta(pattern=r"^[0-9A-Za-z_-]{1,64}$(?!\n)")] | None = None


class SignIn(In, frozen=True):
    """An account's address and its password."""

    email: Annotated[str, Meta(min_length=1, max_length=320)]
    password: Annotated[str, Meta(max_length=1_000)]


class ChangeMe(In, frozen=True):
    """My profile and my preferences."""

    name: Name | UnsetType = UNSET
    title: Line | UnsetType = UNSET
    organisation: Line | UnsetType = UNSET
    region: Line | UnsetType = UNSET
    about: Words | UnsetType = UNSET
    theme: Literal["auto", "light", "dark"] | UnsetType = UNSET
    keys: bool | UnsetType = UNSET
    enter_sends: bool | UnsetType = UNSET


class NewNetwork(In, frozen=True):
    """A network, or with `parent` a sub-group."""

    name: Name
    slug: Slug
    kind: Kind
    parent: Slug | None = None
    visibility: Visibility = "private"
    purpose: Line = ""


class ChangeNetwork(In, frozen=True):
    """What a network is, and who sees it."""

    name: Name | UnsetType = UNSET
    purpose: Line | UnsetType = UNSET
    about: Words | UnsetType = UNSET
    visibility: Visibility | UnsetType = UNSET
    listed: bool | UnsetType = UNSET
    posting: Literal["member", "lead"] | UnsetType = UNSET


class SetRole(In, frozen=True):
    """A place in a network."""

    role: Role


class Ask(In, frozen=True):
    """A few words to those who decide, where a network is private."""

    body: Annotated[str, Meta(max_length=2_000)] = ""


class Decide(In, frozen=True):
    """What becomes of a request to join."""

    state: Literal["approved", "declined"]


class NewInvitation(In, frozen=True):
    """How often a link counts, for how long, and which role it gives."""

    role: Role = "member"
    max_uses: Annotated[int, Meta(ge=1, le=500)] = 1
    days: Annotated[int, Meta(ge=1, le=90)] = 14


class NewThread(In, frozen=True):
    """A thread and its opening post. `with` names the other networks that hold it jointly."""

    title: Title
    body: Body
    with_: Annotated[list[Slug], Meta(max_length=11)] = field(name="with", default_factory=list)


class ChangeThread(In, frozen=True):
    """Each field is an act of its own, carried out in this order; the first refusal is the answer.

    `lock` and `pin` may be called as they are read, `locked` and `pinned`. A pin counts in one holder's list:
    `network`, or the first that the caller moderates. A move, a further holder and a wider audience wait for the
    agreement of each side.
    """

    title: Title | UnsetType = UNSET
    lock: bool | UnsetType = UNSET
    locked: bool | UnsetType = UNSET
    pin: bool | UnsetType = UNSET
    pinned: bool | UnsetType = UNSET
    network: Slug | UnsetType = UNSET
    move: Slug | UnsetType = UNSET
    hold_in: Slug | UnsetType = UNSET
    audience: Visibility | UnsetType = UNSET
    agreement: Literal["agree", "decline"] | UnsetType = UNSET
    leave: Slug | UnsetType = UNSET


class SplitThread(In, frozen=True):
    """The posts that go, each with all that answers it, and the title of their new thread."""

    posts: Annotated[list[Id], Meta(min_length=1, max_length=200)]
    title: Title


class ReadPosts(In, frozen=True):
    """Posts by their numbers, or all up to one; with neither, the whole thread."""

    numbers: Annotated[list[Number], Meta(max_length=1_000)] | UnsetType = UNSET
    up_to: Number | UnsetType = UNSET


class ReadRoom(In, frozen=True):
    """Everything up to the message of this number; without one, everything."""

    number: Number | UnsetType = UNSET


class NewPost(In, frozen=True):
    """A reply to `parent`, else to the opening post; through `network`, else the first holder that allows it."""

    body: Body
    parent: Id | None = None
    network: Slug | None = None


class ChangeBody(In, frozen=True):
    """New words; with `version` only if the contribution still has it."""

    body: Body
    version: Number | None = None


class NewMessage(In, frozen=True):
    """A message; `reply_to` is one of the same room."""

    body: MessageBody
    reply_to: Id | None = None


class Removal(In, frozen=True):
    """Why: one line that the author reads, and a note for the log."""

    reason: Annotated[str, Meta(min_length=1, max_length=200)]
    note: Annotated[str, Meta(max_length=4_000)] = ""


class NewReport(In, frozen=True, kw_only=True):
    """Why moderators should look at it: one line, at best one of the network's `reasons`, and words if wanted.

    A reason that says "private information" or "patient" makes it urgent.
    """

    reason: Annotated[str, Meta(min_length=1, max_length=200)]
    note: Annotated[str, Meta(max_length=4_000)] = ""


class CaseChange(In, frozen=True, kw_only=True):
    """One of three: take the case or give it back; decide; or, without either, a note for the other moderators.

    A removal or hold has a reason, and its note is for the author. `version` is that of the post or message which was
    looked at; without it the decision counts for the version that was reported. Without `keep`, what is removed is
    purged at once.
    """

    taken: bool | UnsetType = UNSET
    decision: Literal["remove", "leave", "hold"] | UnsetType = UNSET
    reason: Annotated[str, Meta(max_length=200)] = ""
    note: Annotated[str, Meta(max_length=4_000)] = ""
    version: Number | UnsetType = UNSET
    keep: bool = True


class TakeAway(Removal, frozen=True):
    """Without `keep` the words are purged at once. What else goes in the same act: those that repeat the words."""

    keep: bool = True
    also_posts: Annotated[list[Id], Meta(max_length=200)] = []
    also_messages: Annotated[list[Id], Meta(max_length=200)] = []


class Sweep(Removal, frozen=True, kw_only=True):
    """All that the member wrote in the last so many hours."""

    hours: Annotated[int, Meta(ge=1, le=744)]
    keep: bool = True


class ChangeRemovalWays(In, frozen=True):
    """An empty list of reasons stands for those that every network begins with."""

    reasons: Annotated[list[Annotated[str, Meta(min_length=1, max_length=200)]], Meta(max_length=12)] | UnsetType = (
        UNSET
    )
    names_moderators: bool | UnsetType = UNSET
    keeps_removed_days: Annotated[int, Meta(ge=1, le=730)] | UnsetType = UNSET


class NewAppeal(In, frozen=True):
    """Why somebody else should look at the removal again."""

    body: Annotated[str, Meta(min_length=1, max_length=4_000)]


class DecideAppeal(In, frozen=True):
    """Upheld: it stays away. Overturned: it comes back. The answer goes to the author."""

    outcome: Literal["upheld", "overturned"]
    answer: Annotated[str, Meta(max_length=4_000)] = ""


class AppealsQuery(ListQuery, frozen=True):
    """Those that wait, or those that were decided."""

    state: Literal["open", "decided"] = "open"


class ReadNotifications(In, frozen=True):
    """Which ones; without them, all."""

    ids: Annotated[list[Id], Meta(max_length=500)] | UnsetType = UNSET
