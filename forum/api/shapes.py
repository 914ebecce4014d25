"""What goes out: one shape for each noun, and one function from its row to that shape.

Invariants: a shape shows nothing but its row as it stands, so whoever may see the row may see the shape; what lost its
words is a gap, which names neither its author nor anybody else. Answers and live frames share these functions, so that
a client may apply a frame to what it fetched. `body` is the Markdown as it is stored: a mention stands in it as `@{7}`,
and `mentions` says who that is; `html` has everything expanded.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic, Literal, Protocol, TypeVar

from msgspec import UNSET, Struct, UnsetType

from forum import text

T = TypeVar("T")


class Row(Protocol):
    """A row of a view, or what has its columns."""

    def __getitem__(self, name: str, /) -> Any: ...


State = Literal["shown", "held", "withdrawn", "removed", "purged"]
Role = Literal["observer", "member", "moderator", "lead"]
Visibility = Literal["public", "open", "private"]
Kind = Literal["national", "regional", "professional", "topic"]
EXCERPT_MAX_CHARS = 140


class Page(Struct, Generic[T], frozen=True, kw_only=True):
    """A stretch of a list. Ask on with `?after=` and `next`; null is the end."""

    items: list[T]
    next: str | None
    channels: dict[str, int]
    """What to follow so that the list stays current, and from which cursor."""
    log: str
    """The log that these cursors belong to."""


class Person(Struct, frozen=True, kw_only=True):
    """Somebody, by reference. A null name was removed; a null id is a name without an account, from an import."""

    id: int | None
    name: str | None
    title: str | None
    organisation: str | None


class Mention(Struct, frozen=True, kw_only=True):
    """Who stands behind `@{id}`."""

    id: int
    name: str | None


class PostGap(Struct, frozen=True, kw_only=True):
    """Why there are no words: the moderators of `network` decide about the post, for a hold until `until`."""

    state: State
    network: str
    at: datetime | None
    until: datetime | None


class Post(Struct, frozen=True, kw_only=True):
    """One contribution in a thread, written through `network`. The opening one has depth 0 and no parent."""

    id: int
    thread: int
    network: str
    author: Person | None
    parent: int | None
    number: int
    depth: int
    state: State
    body: str | None
    html: str | None
    mentions: list[Mention]
    created_at: datetime
    edited_at: datetime | None
    version: int
    gap: PostGap | None
    removal: int | UnsetType = UNSET
    """The id of the removal, for who has just removed it."""


class MessageGap(Struct, frozen=True, kw_only=True):
    """Why a message has no words."""

    state: State
    at: datetime | None


class Message(Struct, frozen=True, kw_only=True):
    """One contribution in a room."""

    id: int
    room: int
    author: Person | None
    reply_to: int | None
    number: int
    state: State
    body: str | None
    html: str | None
    mentions: list[Mention]
    created_at: datetime
    edited_at: datetime | None
    version: int
    gap: MessageGap | None
    removal: int | UnsetType = UNSET
    """The id of the removal, for who has just removed it."""


class Revision(Struct, frozen=True, kw_only=True):
    """What a contribution said before an edit."""

    version: int
    body: str
    at: datetime


class ThreadHead(Struct, frozen=True, kw_only=True):
    """What the head of a thread says. The network it was opened through is `network`, and the first of `networks`."""

    id: int
    title: str | None
    networks: list[str]
    network: str
    locked: bool
    audience: Visibility
    version: int


class Thread(ThreadHead, frozen=True, kw_only=True):
    """A titled discussion. `posts` is how many are shown, `unread` how many of them the caller has not read."""

    pinned: bool
    posts: int
    last_number: int
    author: Person | None
    created_at: datetime
    active_at: datetime
    unread: int | UnsetType | None = UNSET
    post: Post | UnsetType = UNSET
    """The opening post, where the thread was asked for by itself."""
    channels: dict[str, int] | UnsetType = UNSET
    log: str | UnsetType = UNSET


class NetworkHead(Struct, frozen=True, kw_only=True):
    """What the head of a network says."""

    id: int
    slug: str
    name: str
    kind: Kind
    visibility: Visibility
    purpose: str
    version: int


class Network(NetworkHead, frozen=True, kw_only=True):
    """A community; `parent` (where the caller sees it) is the slug of the one above. `role` is the caller's own.

    `room` is null, and the rest left out, for who sees the network from outside only.
    """

    parent: str | None
    role: Role | None
    members: int
    room: int | None
    listed: bool | UnsetType = UNSET
    posting: Literal["member", "lead"] | UnsetType = UNSET
    slow_s: int | UnsetType = UNSET
    """Slow mode of its room: seconds between two messages of one member; 0 is off."""
    approves_first: int | UnsetType = UNSET
    """So many first contributions of a newcomer wait for a moderator."""
    about: str | UnsetType = UNSET
    about_html: str | UnsetType = UNSET
    channels: dict[str, int] | UnsetType = UNSET
    log: str | UnsetType = UNSET


class MemberHead(Struct, frozen=True, kw_only=True):
    """A member, as lists show them."""

    id: int
    name: str | None
    title: str
    organisation: str
    region: str
    version: int


class Membership(Struct, frozen=True, kw_only=True):
    """A member's place in one network; `id` is the member's."""

    id: int
    member: MemberHead
    role: Role


class Place(Struct, frozen=True, kw_only=True):
    """A network that somebody belongs to, and their role in it."""

    id: int
    slug: str
    name: str
    role: Role


class Member(MemberHead, frozen=True, kw_only=True):
    """A profile, with those networks of theirs that the caller sees too."""

    about: str
    about_html: str
    networks: list[Place]
    created_at: datetime


class MyPlace(Place, frozen=True, kw_only=True):
    """A network of mine, and what is new in it. Counts end at 100."""

    room: int | None
    unread_threads: int
    unread_messages: int
    unread_mentions: int


class Me(MemberHead, frozen=True, kw_only=True):
    """The caller, their preferences and their networks."""

    email: str
    administrator: bool
    about: str
    about_html: str
    theme: Literal["auto", "light", "dark"]
    keys: bool
    enter_sends: bool
    networks: list[MyPlace]
    notifications: int
    """How many are unread, counted to 100."""
    created_at: datetime
    channels: dict[str, int]
    log: str


class Session(Struct, frozen=True, kw_only=True):
    """A browser that is signed in."""

    id: int
    browser: str
    current: bool
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


class JoinRequest(Struct, frozen=True, kw_only=True):
    """Somebody asks to join. Its words are gone once it is decided."""

    id: int
    member: Person
    state: Literal["asked", "approved", "declined", "withdrawn"]
    body: str | None
    asked_at: datetime


class RequestState(Struct, frozen=True, kw_only=True):
    """Where a request to join stands."""

    id: int
    state: Literal["asked", "approved", "declined"]


class Submission(Struct, frozen=True, kw_only=True):
    """A newcomer's contribution that a moderator reads first. Once it is decided it has no words; `made` is the id of
    the thread, post or message that it has become.
    """

    id: int
    kind: Literal["thread", "post", "message"]
    network: str
    author: Person
    thread: int | None
    parent: int | None
    title: str | None
    body: str | None
    submitted_at: datetime
    outcome: Literal["approved", "declined", "withdrawn"] | None
    reason: str | None
    made: int | None


class Waiting(Struct, frozen=True, kw_only=True):
    """A moderator reads the first posts of new members: this one waits, under its id."""

    submission: int


class Hold(Struct, frozen=True, kw_only=True):
    """A post that waits for another side's moderators; `outcome` is null until it is decided."""

    id: int
    post: int
    until: datetime
    outcome: str | None


class Repeat(Struct, frozen=True, kw_only=True):
    """A post or message that repeats the words of another; not `chosen`: only what those quote themselves."""

    kind: Literal["post", "message"]
    id: int
    place: str | None
    """The title of its thread, or the name of its network."""
    author: Person
    created_at: datetime
    chosen: bool


class Repeats(Struct, frozen=True, kw_only=True):
    """What repeats something: what stands in the same thread or room first."""

    items: list[Repeat]


class Swept(Struct, frozen=True, kw_only=True):
    """What one act took away of a member's words; their removals share the id `batch`."""

    posts: int
    messages: int
    batch: int | None


class RemovalWays(Struct, frozen=True, kw_only=True):
    """How a network removes. Its own reasons, or those that every network begins with."""

    reasons: list[str]
    own_reasons: bool
    names_moderators: bool
    keeps_removed_days: int


class Appeal(Struct, frozen=True, kw_only=True):
    """An appeal in the queue of those who decide. A null `network` is one below theirs."""

    id: int
    removal: int
    kind: Literal["post", "message"]
    network: str | None
    appealed_at: datetime
    due_at: datetime
    outcome: Literal["upheld", "overturned"] | None
    decided_at: datetime | None


class AppealCase(Struct, frozen=True, kw_only=True):
    """An appeal for who decides: what was said (the newest first; nothing once it is decided), and what stands near."""

    id: int
    removal: int
    kind: Literal["post", "message"]
    network: str
    author: Mention | None
    removed_by: Mention | None
    removed_at: datetime
    reason: str | None
    note: str | None
    body: str | None
    """The author's words of appeal."""
    words: list[Revision]
    around: list[Post | Message]
    appealed_at: datetime
    due_at: datetime
    outcome: Literal["upheld", "overturned"] | None
    answer: str | None
    decided_by: Mention | None
    decided_at: datetime | None


class MyAppeal(Struct, frozen=True, kw_only=True):
    """An appeal of the caller's own."""

    id: int
    body: str | None
    appealed_at: datetime
    due_at: datetime
    outcome: Literal["upheld", "overturned"] | None
    answer: str | None
    decided_at: datetime | None


class Removal(Struct, frozen=True, kw_only=True):
    """A removal of something that the caller wrote: by whom where the network names its moderators, never the words."""

    id: int
    network: str
    post: int | None
    message: int | None
    reason: str | None
    note: str | None
    removed_by: Mention | None
    removed_at: datetime
    appeal_until: datetime
    restored_at: datetime | None
    purged_at: datetime | None
    appeal: MyAppeal | None


class Voice(Struct, frozen=True, kw_only=True):
    """What one member said when they reported it."""

    member: Mention
    reason: str | None
    note: str | None
    reported_at: datetime


class Case(Struct, frozen=True, kw_only=True):
    """A post or message that was reported or held. `outcome` is null while the case is open.

    `network` is the one whose moderators decide; `others` hold the thread too. `seen_version` is the version of the post
    or message that was reported last.
    """

    id: int
    network: str
    others: list[str]
    post: int | None
    message: int | None
    thread: int | None
    state: State
    urgent: bool
    reports: int
    """How many."""
    reasons: list[str]
    """What most members said comes first."""
    seen_version: int
    version: int
    opened_at: datetime
    held_until: datetime | None
    taken_by: Mention | None
    outcome: Literal["removed", "left", "withdrawn"] | None
    decided_by: Mention | None
    decided_at: datetime | None
    voices: list[Voice] | UnsetType = UNSET
    """Who said what: in lists alone, and not for whom the words are by or about."""


class Reported(Struct, frozen=True, kw_only=True):
    """One's own report: `id` is that of the case that it belongs to."""

    id: int
    post: int | None
    message: int | None
    reason: str | None
    reported_at: datetime


class Invitation(Struct, frozen=True, kw_only=True):
    """A link into a network."""

    id: int
    role: Role
    uses: int
    max_uses: int
    expires_at: datetime
    token: str | UnsetType = UNSET
    """Shown once, when it is made."""
    url: str | UnsetType = UNSET


class LogLine(Struct, frozen=True, kw_only=True):
    """Who did what to whom, why, when. A null actor is the clock."""

    id: int
    act: str
    noun: str
    object: int
    actor: Mention | None
    subject: Mention | None
    reason: str | None
    note: str | None
    thread: int | None
    version_before: int | None
    version_after: int | None
    at: datetime


class Found(Struct, frozen=True, kw_only=True):
    """A post or a message that matches."""

    kind: Literal["post", "message"]
    id: int
    thread: int | None
    room: int | None
    network: str
    title: str | None
    """The title of the post's thread."""
    author: Person | None
    number: int
    body: str
    html: str
    mentions: list[Mention]
    created_at: datetime
    version: int


class Notification(Struct, frozen=True, kw_only=True):
    """Something that the member is told. The excerpt is cut from the row that it is about, as that stands now."""

    id: int
    kind: str
    actor: Person | None
    post: int | None
    message: int | None
    thread: int | None
    network: str | None
    title: str | None
    excerpt: str | None
    reason: str | None
    note: str | None
    removal: int | None
    until: datetime | None
    created_at: datetime
    read_at: datetime | None


class Update(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="update"):
    """One live change: `kind` happened to `id`, which stands in the field named for it as it is now.

    `gone`: it is no longer in this channel. With neither, ask for what the kind names.
    """

    channel: str
    seq: int
    kind: str
    id: int
    at: datetime
    version: int | UnsetType = UNSET
    gone: Literal[True] | UnsetType = UNSET
    post: Post | UnsetType = UNSET
    message: Message | UnsetType = UNSET
    thread: ThreadHead | UnsetType = UNSET
    network: NetworkHead | UnsetType = UNSET
    membership: Membership | UnsetType = UNSET
    member: MemberHead | UnsetType = UNSET
    notification: Notification | UnsetType = UNSET
    request: JoinRequest | UnsetType = UNSET
    hold: Hold | UnsetType = UNSET
    appeal: Appeal | UnsetType = UNSET
    submission: Submission | UnsetType = UNSET
    slow_s: int | UnsetType = UNSET
    """Slow mode of a room: seconds between two messages of one member; 0 is off."""
    case: Case | UnsetType = UNSET
    messages: int | UnsetType = UNSET
    """The number of a room's last message."""


class Reset(Struct, frozen=True, kw_only=True, tag_field="type", tag="reset"):
    """The cursor cannot be caught up: load anew, then follow after `seq`."""

    channel: str
    seq: int
    log: str


class Updates(Struct, frozen=True, kw_only=True):
    """What happened in a channel after a cursor. `channels` says where it stands now."""

    items: list[Update | Reset]
    next: str | None
    channels: dict[str, int]
    log: str


def person(member: int | None, name: str | None, title: str | None = None, organisation: str | None = None) -> Person:
    """Somebody, by what a row says of them."""
    return Person(id=member, name=name, title=title or None, organisation=organisation or None)


def _author(row: Row) -> Person | None:
    if row["state"] != "shown":
        return None
    return person(row["author_id"], row["author_name"], row["author_title"], row["author_organisation"])


def _mentions(row: Row) -> list[Mention]:
    names: Mapping[str, str | None] = row["mention_names"] or {}
    return [Mention(id=int(member), name=name) for member, name in names.items()]


def post(row: Row) -> Post:
    """A row of shown_posts."""
    gap = None
    if row["state"] != "shown":
        gap = PostGap(state=row["state"], network=row["network_slug"], at=row["gap_at"], until=row["gap_until"])
    return Post(
        id=row["id"],
        thread=row["thread_id"],
        network=row["network_slug"],
        author=_author(row),
        parent=row["parent_id"],
        number=row["number"],
        depth=row["depth"],
        state=row["state"],
        body=row["body"],
        html=None if row["html"] is None else text.expand(row["html"], row["mention_names"], row["quotes"]),
        mentions=_mentions(row),
        created_at=row["created_at"],
        edited_at=row["edited_at"] if gap is None else None,
        version=row["version"],
        gap=gap,
    )


def message(row: Row) -> Message:
    """A row of shown_messages."""
    gap = None if row["state"] == "shown" else MessageGap(state=row["state"], at=row["gap_at"])
    return Message(
        id=row["id"],
        room=row["room_id"],
        author=_author(row),
        reply_to=row["reply_to_id"],
        number=row["number"],
        state=row["state"],
        body=row["body"],
        html=None if row["html"] is None else text.expand(row["html"], row["mention_names"], None),
        mentions=_mentions(row),
        created_at=row["created_at"],
        edited_at=row["edited_at"] if gap is None else None,
        version=row["version"],
        gap=gap,
    )


def revision(row: Row) -> Revision:
    """A row of a history."""
    return Revision(version=row["version"], body=row["body"], at=row["at"])


def thread_head(row: Row) -> ThreadHead:
    """The columns id, title, networks, network_id, locked_at, audience and version of a thread."""
    return ThreadHead(**_head(row))


def _head(row: Row) -> dict[str, Any]:
    # The one it was opened through comes first, except while a move is half read: so it is looked for.
    slugs = {each["id"]: each["slug"] for each in row["networks"]}
    return {
        "id": row["id"],
        "title": row["title"],
        "networks": list(slugs.values()),
        "network": slugs.get(row["network_id"]) or next(iter(slugs.values())),
        "locked": row["locked_at"] is not None,
        "audience": row["audience"],
        "version": row["version"],
    }


def thread(row: Row, *, counted: tuple[int, int] | None = None, **more: Any) -> Thread:
    """A row of listed_threads; `counted`, the last number and how many posts are shown, is newer than the row's.

    `more` is for what the row does not say.
    """
    last, shown = counted or (row["last_number"], row["shown"])
    return Thread(
        **_head(row),
        pinned=row["pinned_at"] is not None,
        posts=shown,
        last_number=last,
        author=person(row["author_id"], row["author_name"]),
        created_at=row["created_at"],
        active_at=row["active_at"],
        **more,
    )


def network_head(row: Row) -> NetworkHead:
    """The columns of networks."""
    return NetworkHead(**_network(row))


def _network(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("id", "slug", "name", "kind", "visibility", "purpose", "version")}


def network(row: Row, *, parent: str | None, role: Role | None, room: int | None, members: int, **more: Any) -> Network:
    """The columns of networks, and how the caller stands to it."""
    return Network(**_network(row), parent=parent, role=role, room=room, members=members, **more)


def member_head(row: Row) -> MemberHead:
    """The columns of people."""
    return MemberHead(**_member(row))


def _member(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("id", "name", "title", "organisation", "region", "version")}


def membership(row: Row) -> Membership:
    """The columns of people, and a role."""
    return Membership(id=row["id"], member=member_head(row), role=row["role"])


def place(row: Row) -> Place:
    """A network with the role in it."""
    return Place(id=row["id"], slug=row["slug"], name=row["name"], role=row["role"])


def member(row: Row, shared: list[Place]) -> Member:
    """A profile, and the networks that the caller sees too."""
    return Member(
        **_member(row),
        about=row["about"],
        about_html=text.expand(row["about_html"], None, None),
        networks=shared,
        created_at=row["created_at"],
    )


def session(row: Row, current: int | None) -> Session:
    """One of the caller's sessions; `current` is the one that asks."""
    return Session(
        id=row["id"],
        browser=row["browser"],
        current=row["id"] == current,
        created_at=row["created_at"],
        seen_at=row["seen_at"],
        expires_at=row["expires_at"],
    )


def case(row: Row) -> Case:
    """A row of shown_cases, as all who moderate there see it."""
    return Case(
        id=row["id"],
        network=row["network_slug"],
        others=[other["slug"] for other in row["others"] or ()],
        post=row["post_id"],
        message=row["message_id"],
        thread=row["thread_id"],
        state=row["state"],
        urgent=row["urgent"],
        reports=row["reports"],
        reasons=list(row["reasons"] or ()),
        seen_version=row["seen_version"],
        version=row["version"],
        opened_at=row["opened_at"],
        held_until=row["held_until"],
        taken_by=None if row["taken_by"] is None else Mention(id=row["taken_by"], name=row["taken_name"]),
        outcome=row["outcome"],
        decided_by=None if row["decided_by"] is None else Mention(id=row["decided_by"], name=row["decided_name"]),
        decided_at=row["decided_at"],
    )


def request(row: Row) -> JoinRequest:
    """The columns id, state, body and asked_at of a request, and those of who asks: member_id, member_name, title, …"""
    return JoinRequest(
        id=row["id"],
        member=person(row["member_id"], row["member_name"], row["title"], row["organisation"]),
        state=row["state"],
        body=row["body"],
        asked_at=row["asked_at"],
    )


def log_line(row: Row) -> LogLine:
    """A line of a network's log."""
    return LogLine(
        id=row["id"],
        act=row["act"],
        noun=row["noun"],
        object=row["object_id"],
        actor=None if row["actor_id"] is None else Mention(id=row["actor_id"], name=row["actor_name"]),
        subject=None if row["subject_id"] is None else Mention(id=row["subject_id"], name=row["subject_name"]),
        reason=row["reason"],
        note=row["note"],
        thread=row["thread_id"],
        version_before=row["version_before"],
        version_after=row["version_after"],
        at=row["at"],
    )


def found(row: Row, kind: Literal["post", "message"]) -> Found:
    """A row of shown_posts with its thread's title, or of shown_messages with its network."""
    is_post = kind == "post"
    return Found(
        kind=kind,
        id=row["id"],
        thread=row["thread_id"] if is_post else None,
        room=None if is_post else row["room_id"],
        network=row["network_slug"],
        title=row["thread_title"] if is_post else None,
        author=_author(row),
        number=row["number"],
        body=row["body"],
        html=text.expand(row["html"], row["mention_names"], row["quotes"] if is_post else None),
        mentions=_mentions(row),
        created_at=row["created_at"],
        version=row["version"],
    )


def notification(row: Row) -> Notification:
    """A row of shown_notifications."""
    html: str | None = row["post_html"] or row["message_html"]
    names = row["post_mention_names"] if row["post_html"] else row["message_mention_names"]
    actor = row["actor_id"]
    return Notification(
        id=row["id"],
        kind=row["what"],
        actor=None
        if actor is None
        else person(actor, row["actor_name"], row["actor_title"], row["actor_organisation"]),
        post=row["post_id"],
        message=row["message_id"],
        thread=row["thread_id"],
        network=row["network_slug"],
        title=row["thread_title"],
        excerpt=None if html is None else text.excerpt(html, EXCERPT_MAX_CHARS, names),
        reason=row["reason"],
        note=row["note"],
        removal=row["removal_id"],
        until=row["until"],
        created_at=row["created_at"],
        read_at=row["read_at"],
    )


def submission(row: Row) -> Submission:
    """A row of shown_submissions."""
    return Submission(
        id=row["id"],
        kind=row["noun"],
        network=row["network_slug"],
        author=person(row["member_id"], row["member_name"], row["member_title"], row["member_organisation"]),
        thread=row["thread_id"],
        parent=row["parent_id"],
        title=row["title"],
        body=row["body"],
        submitted_at=row["submitted_at"],
        outcome=row["outcome"],
        reason=row["reason"],
        made=row["object_id"],
    )


def _known(member: int | None, name: str | None) -> Mention | None:
    return None if member is None else Mention(id=member, name=name)


def repeat(row: Row, kind: Literal["post", "message"], chosen: bool) -> Repeat:
    """A row of what repeats something."""
    return Repeat(
        kind=kind,
        id=row["id"],
        place=row["place_name"],
        author=person(row["author_id"], row["author_name"]),
        created_at=row["created_at"],
        chosen=chosen,
    )


def appeal(row: Row) -> Appeal:
    """A row of shown_appeals."""
    own = row["decides_id"] is None or row["decides_id"] == row["network_id"]
    return Appeal(
        id=row["id"],
        removal=row["removal_id"],
        kind=row["noun"],
        network=row["network_slug"] if own else None,
        appealed_at=row["appealed_at"],
        due_at=row["due_at"],
        outcome=row["outcome"],
        decided_at=row["decided_at"],
    )


def appeal_case(row: Row, kind: Literal["post", "message"], words: list[Row], around: list[Row]) -> AppealCase:
    """An appeal as who decides is told of it."""
    return AppealCase(
        id=row["id"],
        removal=row["removal_id"],
        kind=kind,
        network=row["network_slug"],
        author=_known(row["author_id"], row["author_name"]),
        removed_by=_known(row["removed_by"], row["removed_by_name"]),
        removed_at=row["removed_at"],
        reason=row["reason"],
        note=row["note"],
        body=row["appeal"],
        words=[revision(each) for each in words],
        around=[post(each) if kind == "post" else message(each) for each in around],
        appealed_at=row["appealed_at"],
        due_at=row["due_at"],
        outcome=row["outcome"],
        answer=row["answer"],
        decided_by=_known(row["decided_by"], row["decided_by_name"]),
        decided_at=row["decided_at"],
    )


def removal(row: Row) -> Removal:
    """A row of shown_removals, for the author."""
    made = None
    if row["appeal_id"] is not None:
        made = MyAppeal(
            id=row["appeal_id"],
            body=row["appeal"],
            appealed_at=row["appealed_at"],
            due_at=row["due_at"],
            outcome=row["outcome"],
            answer=row["answer"],
            decided_at=row["decided_at"],
        )
    return Removal(
        id=row["id"],
        network=row["network_slug"],
        post=row["post_id"],
        message=row["message_id"],
        reason=row["reason"],
        note=row["note"],
        removed_by=_known(row["removed_by"], row["removed_by_name"]),
        removed_at=row["removed_at"],
        appeal_until=row["appeal_until"],
        restored_at=row["restored_at"],
        purged_at=row["purged_at"],
        appeal=made,
    )
