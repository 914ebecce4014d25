"""What a channel tells: see docs/live.md."""

from datetime import datetime
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from forum.api.shapes.contributions import Message, Post
from forum.api.shapes.conversations import Conversation
from forum.api.shapes.members import MemberHead, Notification
from forum.api.shapes.moderation import Case, Hold
from forum.api.shapes.networks import JoinRequest, Membership, NetworkHead
from forum.api.shapes.removals import Appeal
from forum.api.shapes.submissions import Submission
from forum.api.shapes.threads import ThreadHead


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
    conversation: Conversation | UnsetType = UNSET
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
