"""Rows as the views hand them out, for tests of what is made of them: no database, the same columns."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from forum.views import Views

LONDON = ZoneInfo("Europe/London")
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
"""A Monday."""


class Clock:
    """The site's clock, stopped at noon until it is moved."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


def views(clock: Clock | None = None) -> Views:
    return Views(site_name="Health CIO Network", zone=LONDON, clock=clock or Clock())


def post(**facts: Any) -> dict[str, Any]:
    """A row of shown_posts: a reply of ana's, in a thread that London holds."""
    row = {
        "id": 77, "thread_id": 9, "network_id": 3, "author_id": 12, "byline_id": None, "parent_id": 1, "number": 2,
        "depth": 1, "path": b"\0\0\0\1\0\0\0\2", "state": "shown", "body": "Words.", "html": "<p>Words.</p>",
        "mentions": [], "quote_ids": [], "renderer": 1, "version": 1, "created_at": NOON, "edited_at": None,
        "gap_network_id": None, "gap_at": None, "gap_until": None, "author_name": "Ana Reyes",
        "author_title": "Head of IT", "author_organisation": "Tynegate", "parent_state": "shown",
        "parent_name": "Ben Okafor", "parent_author_id": 12,
        "network_name": "London", "network_slug": "london", "gap_network_name": None,
        "mention_names": None, "quotes": None,
    }  # fmt: skip
    return row | facts


def gap(state: str, **facts: Any) -> dict[str, Any]:
    """The same post, after an act took its words away."""
    return post(
        state=state, body=None, html=None, gap_network_id=3, gap_network_name="London", gap_at=NOON, gap_until=NOON
    ) | facts  # fmt: skip


def message(**facts: Any) -> dict[str, Any]:
    """A row of shown_messages, by ana."""
    row = {
        "id": 5, "room_id": 3, "author_id": 12, "byline_id": None, "reply_to_id": None, "number": 5, "state": "shown",
        "body": "Words.", "html": "<p>Words.</p>", "mentions": [], "renderer": 1, "version": 1, "created_at": NOON,
        "edited_at": None, "gap_at": None, "author_name": "Ana Reyes", "author_title": "", "author_organisation": "",
        "reply_to_state": None, "reply_to_html": None, "reply_to_name": None, "reply_to_author_id": None,
        "mention_names": None, "reply_to_mention_names": None,
    }  # fmt: skip
    return row | facts


def thread(**facts: Any) -> dict[str, Any]:
    """A row of listed_threads: held by London and North East, as London lists it."""
    holders = [
        {"id": 3, "slug": "london", "name": "London", "since": "2026-11-01T09:00:00+00:00"},
        {"id": 4, "slug": "north-east", "name": "North East", "since": "2026-11-20T09:00:00+00:00"},
    ]
    row = {
        "id": 9, "network_id": 3, "author_id": 12, "byline_id": None, "title": "Identity checks", "audience": "private",
        "created_at": NOON, "locked_at": None, "version": 1, "last_number": 24, "shown": 24, "people": 11,
        "active_at": NOON, "last_author_id": 12, "last_byline_id": None, "author_name": "Ana Reyes",
        "last_name": "Ana Reyes", "in_network_id": 3, "pinned_at": None, "listed_at": NOON, "networks": holders,
    }  # fmt: skip
    return row | facts


def notification(**facts: Any) -> dict[str, Any]:
    """A row of shown_notifications: ana replied."""
    row = {
        "id": 1, "member_id": 7, "what": "reply", "post_id": 77, "message_id": None, "network_id": 3, "thread_id": 9,
        "actor_id": 12, "request_id": None, "reason": None, "created_at": NOON, "read_at": None,
        "actor_name": "Ana Reyes", "actor_title": "", "actor_organisation": "", "thread_title": "Identity checks",
        "network_name": "London", "network_slug": "london", "post_state": "shown", "post_html": "<p>Words.</p>",
        "post_mention_names": None, "message_state": None, "message_html": None, "message_mention_names": None,
        "about_version": 1, "removal_id": None, "note": None, "until": NOON, "room_id": None, "role": None,
    }  # fmt: skip
    return row | facts


def network(**facts: Any) -> dict[str, Any]:
    """A network as its head shows it."""
    row = {
        "id": 3, "slug": "london", "name": "London", "room_id": 3, "purpose": "We meet.", "visibility": "private",
        "members": 30, "leads": [{"id": 12, "name": "Ana Reyes"}],
    }  # fmt: skip
    return row | facts


def member(**facts: Any) -> dict[str, Any]:
    """A member of a network."""
    row = {
        "id": 12, "name": "Ana Reyes", "title": "Head of IT", "organisation": "Tynegate", "region": "", "version": 1,
        "role": "moderator", "since": NOON,
    }  # fmt: skip
    return row | facts
