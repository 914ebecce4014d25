"""What moderators see: cases, holds, the log."""

from datetime import datetime
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from forum.api.shapes.common import Mention, Row, State


class Hold(Struct, frozen=True, kw_only=True):
    """A post that waits for another side's moderators; `outcome` is null until it is decided."""

    id: int
    post: int
    until: datetime
    outcome: str | None


class Voice(Struct, frozen=True, kw_only=True):
    """What one member said when they reported it."""

    member: Mention
    reason: str | None
    note: str | None
    reported_at: datetime


class Case(Struct, frozen=True, kw_only=True):
    """A post or message that was reported or held. `outcome` is null while the case is open.

    `network` is the one whose moderators decide, null for the administrators; `others` hold the thread too.
    `seen_version` is the version of the post or message that was reported last.
    """

    id: int
    network: str | None
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
