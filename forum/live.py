"""Live frames: an update and the row that it tells of, as it stands now, in the words of a subprotocol.

A frame is rendered at most once per subprotocol, from the row that was read in the same statement as the log; what is
no longer in the channel is `gone`, and what lost its words is the gap that it is. Nothing here asks the database
again.
"""

from collections.abc import Callable, Mapping
from typing import Any

import asyncpg
import msgspec

from forum import updates
from forum.api import json_frames
from forum.db import Database
from forum.updates import LogRead, Reader
from forum.views import Views, without_profiles, words

HTML = "forum.v1.html"
READERS: Mapping[str, Reader] = {"": "member", "outsider": "outsider", "guest": "guest"}
"""By what stands behind the `/` after the name of a subprotocol, as realtime.protocol has it."""

Facts = dict[str, Any]
Render = Callable[[Views, asyncpg.Record], Facts]


class Frame:
    """One update of a channel: seq, kind, id, and its text in each subprotocol."""

    __slots__ = ("_channel", "_made", "_row", "_views", "id", "kind", "seq")

    def __init__(self, channel: str, row: asyncpg.Record, views: Views) -> None:
        self.seq: int = row["seq"]
        self.kind: str = row["kind"]
        self.id: int = row["object"]
        self._channel = channel
        self._row = row
        self._views = views
        self._made: dict[str, bytes] = {}

    def encode(self, subprotocol: str, /) -> bytes:
        """The text of the frame: JSON, with a fragment or with data; for whom the name says."""
        made = self._made.get(subprotocol)
        if made is None:
            words, _, behind = subprotocol.partition("/")
            make = self._html if words == HTML else self._json
            made = self._made[subprotocol] = make(READERS[behind])
        return made

    def _json(self, reader: Reader) -> bytes:
        return json_frames.frame(self._row, self._channel, reader=reader)

    def _html(self, reader: Reader) -> bytes:
        if updates.told(self._row, self._channel, reader) != "all":
            return self._json(reader)  # it has no words, in either form
        frame: Facts = {
            "type": "update",
            "channel": self._channel,
            "seq": self.seq,
            "kind": self.kind,
            "id": self.id,
        }
        if not self._row["there"]:
            frame["gone"] = True
        else:
            channel_noun, kind_noun = self._channel.partition(":")[0], self.kind.partition(".")[0]
            render = RENDERERS.get((channel_noun, kind_noun))
            if render is not None:
                frame.update(render(self._views, self._row))
        if reader == "guest" and "html" in frame:
            frame["html"] = without_profiles(frame["html"])
        return msgspec.json.encode(frame)


def _columns(row: asyncpg.Record, first: str, last: str, *, prefix: str = "") -> Facts:
    """The columns of a row from `first` to `last` that have the prefix, without it: the row of a view, as pages read
    it.
    """
    names = list(row.keys())
    start, end = names.index(first), len(names) - 1 - names[::-1].index(last)
    return {name[len(prefix) :]: row[name] for name in names[start : end + 1] if name.startswith(prefix)}


def _post(views: Views, row: asyncpg.Record) -> Facts:
    post = _columns(row, "id", "parent_author_id")
    return {
        "version": post["version"],
        "html": str(views.post(post)),
        "author": post["author_name"],
        "parent": post["parent_id"],
        "path": post["path"].hex(),
        "gap": post["state"] != "shown",
    }


def _message(views: Views, row: asyncpg.Record) -> Facts:
    message = _columns(row, "id", "reply_to_author_id")
    return {
        "version": message["version"],
        "html": str(views.message(message)),
        "author": message["author_name"],
        "gap": message["state"] != "shown",
    }


def _thread_head(views: Views, row: asyncpg.Record) -> Facts:
    thread = _columns(row, "t_id", "t_people", prefix="t_")
    return {"version": thread["version"], "html": str(views.thread_head(thread)), "title": thread["title"]}


def _thread_row(views: Views, row: asyncpg.Record) -> Facts:
    thread = _columns(row, "id", "networks")
    return {"version": thread["version"], "html": str(views.thread_row(thread)), "title": thread["title"]}


def _network_head(views: Views, row: asyncpg.Record) -> Facts:
    network = _columns(row, "n_id", "n_leads", prefix="n_")
    return {"version": network["version"], "html": str(views.network_head(network)), "name": network["name"]}


def _membership(views: Views, row: asyncpg.Record) -> Facts:
    person = _columns(row, "m_id", "m_since", prefix="m_")
    person |= {"member_id": person["id"], "network_id": row["m_network_id"]}
    return {"version": person["version"], "html": str(views.member_row(person))}


def _member(_views: Views, row: asyncpg.Record) -> Facts:
    return _named(row, "m_")


def _named(row: asyncpg.Record, prefix: str) -> Facts:
    name = row[f"{prefix}name"]
    return {
        "version": row[f"{prefix}version"],
        "name": name,
        "role": words.role(row[f"{prefix}title"], row[f"{prefix}organisation"]),
        "initials": words.initials(name),
    }


def _room(_views: Views, row: asyncpg.Record) -> Facts:
    return {"messages": row["r_last"]}


def _notification(views: Views, row: asyncpg.Record) -> Facts:
    notification = _columns(row, "id", "may_appeal")
    return {"version": notification["about_version"], "html": str(views.notification(notification))}


def _conversation(views: Views, row: asyncpg.Record) -> Facts:
    return {"html": str(views.conversation(_columns(row, "d_id", "d_last_at", prefix="d_")))}


def _person(_views: Views, row: asyncpg.Record) -> Facts:
    return _named(row, "w_")


def _request(views: Views, row: asyncpg.Record) -> Facts:
    if row["q_state"] != "asked":
        return {"gone": True}
    request = _columns(row, "q_id", "q_region", prefix="q_")
    return {"html": str(views.request(request, row["network_slug"]))}


def _submission(views: Views, row: asyncpg.Record) -> Facts:
    if row["b_outcome"] is not None:
        return {"gone": True}
    return {"html": str(views.submission(_columns(row, "b_id", "b_mention_names", prefix="b_")))}


def _slow(_views: Views, row: asyncpg.Record) -> Facts:
    return {"slow_s": row["slow_s"]}


def _hold(views: Views, row: asyncpg.Record) -> Facts:
    if row["h_outcome"] is not None:
        return {"gone": True}
    return {"html": str(views.hold(_columns(row, "h_id", "h_held_by_network_name", prefix="h_")))}


def _case(views: Views, row: asyncpg.Record) -> Facts:
    case = _columns(row, "k_id", "k_mention_names", prefix="k_")
    facts: Facts = {"version": case["version"]}
    if case["outcome"] is not None:
        return facts | {"gone": True, "outcome": case["outcome"]}
    return facts | {"html": str(views.case({**case, "slug": row["network_slug"]}))}


def _appeal(views: Views, row: asyncpg.Record) -> Facts:
    if row["a_outcome"] is not None:
        return {"gone": True}
    return {"html": str(views.appeal(_columns(row, "a_id", "a_outcome", prefix="a_")))}


RENDERERS: Mapping[tuple[str, str], Render] = {
    ("thread", "post"): _post,
    ("thread", "thread"): _thread_head,
    ("network", "thread"): _thread_row,
    ("network", "network"): _network_head,
    ("network", "membership"): _membership,
    ("network", "member"): _member,
    ("network", "room"): _room,
    ("room", "message"): _message,
    ("member", "member"): _person,
    ("member", "notification"): _notification,
    ("member", "conversation"): _conversation,
    ("room", "room"): _slow,
    ("room", "member"): _person,
    ("moderators", "request"): _request,
    ("moderators", "submission"): _submission,
    ("moderators", "hold"): _hold,
    ("moderators", "case"): _case,
    ("moderators", "appeal"): _appeal,
}


class Log:
    """The update log of one site, read for delivery: frames instead of rows."""

    def __init__(self, db: Database, views: Views) -> None:
        self._db = db
        self._views = views

    async def read(self, channel: str, after: int, limit: int) -> tuple[LogRead, list[Frame]] | None:
        """A channel after a cursor, with its frames; None where there is no such channel."""
        async with self._db.connection() as connection:
            read = await updates.read(connection, channel, after, limit)
        if read is None:
            return None
        return read, [Frame(channel, row, self._views) for row in read.rows]
