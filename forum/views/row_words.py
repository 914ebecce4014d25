"""What a template is handed beside its row: the row's text as it is read, with names and quotes put in.

Everything here is made anew from the row, and kept nowhere but in the fragment that is drawn of it.
"""

from typing import Any, Final

from markupsafe import Markup

from forum import text
from forum.views.facts import Row

EXCERPT_MAX_CHARS: Final = 140


def excerpt(html: str | None, names: Any, max_chars: int = EXCERPT_MAX_CHARS) -> str:
    """The beginning of a contribution, one line of plain text; "" for one that has no words."""
    return text.excerpt(html, max_chars, names) if html else ""


def of_post(row: Row) -> dict[str, Any]:
    """Of a row of `shown_posts`: `html`, its words as they are shown."""
    return {"html": Markup(text.expand(row["html"], row["mention_names"], row["quotes"]) if row["html"] else "")}


def of_message(row: Row) -> dict[str, Any]:
    """Of a row of `shown_messages`: `html`, and `reply`, the excerpt of what it answers."""
    return {
        "html": Markup(text.expand(row["html"], row["mention_names"], None) if row["html"] else ""),
        "reply": excerpt(row["reply_to_html"], row["reply_to_mention_names"]),
    }


def of_submission(row: Row) -> dict[str, Any]:
    """Of a row of `shown_submissions`: `body`, as its author wrote it, with names instead of ids."""
    names = {int(member): name for member, name in (row["mention_names"] or {}).items() if name is not None}
    return {"body": text.unresolve(row["body"] or "", names)}


def of_notification(row: Row) -> dict[str, Any]:
    """Of a row of `shown_notifications`: `said`, the excerpt of the post or message that it tells of."""
    html, names = row["post_html"], row["post_mention_names"]
    if html is None:
        html, names = row["message_html"], row["message_mention_names"]
    return {"said": excerpt(html, names)}


def of_said(row: Row) -> dict[str, Any]:
    """Of a contribution in a list: `said`, its excerpt."""
    return {"said": excerpt(row["html"], row["mention_names"])}
