"""What waits for approval."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from forum.api.shapes.common import Person, Row, person


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
