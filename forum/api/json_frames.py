"""A row of the update log as the JSON of a frame: what `forum.v1.json` sends, and what catch-up answers.

Invariants: a frame shows the object as it stands now, in the shape that an answer has (forum.api.shapes); what has left
the channel is `gone`, by id alone. A frame goes to everybody who follows its channel: what some of them may not see (an
unlisted sub-group, in its parent's channel) is not joined by the statement that reads the log, and so is `gone` too.
Guests, and who does not belong to a network, are shown less (forum.updates.told).
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from forum.api import shapes
from forum.api.shapes import Row, Update
from forum.updates import HIDDEN, Reader, told

_encoder = msgspec.json.Encoder()

Content = Mapping[str, Any]


def frame(row: Row, channel: str, *, reader: Reader = "member") -> bytes:
    """The frame of one row of `updates.read(…, channel, …)`, as JSON text, for this reader."""
    return _encoder.encode(update(row, channel, reader=reader))


def update(row: Row, channel: str, *, reader: Reader = "member") -> Update:
    """The same as an object."""
    kind, object_id = row["kind"], row["object"]
    content: Content = {}
    match told(row, channel, reader):
        case "all":
            content = _content(row, channel)
        case "gone":
            content = {"gone": True}
        case "hidden":
            kind, object_id = HIDDEN
    return Update(channel=channel, seq=row["seq"], kind=kind, id=object_id, at=row["at"], **content)


def _content(row: Row, channel: str) -> Content:
    show = SHOWN.get((channel.partition(":")[0], row["kind"].partition(".")[0]))
    if show is None:
        return {}
    return show(row) if row["there"] else {"gone": True}


def _post(row: Row) -> Content:
    return {"version": row["version"], "post": shapes.post(row)}


def _message(row: Row) -> Content:
    return {"version": row["version"], "message": shapes.message(row)}


def _thread_head(row: Row) -> Content:
    return {"version": row["t_version"], "thread": shapes.thread_head(_Prefixed(row, "t_"))}


def _thread(row: Row) -> Content:
    return {"version": row["version"], "thread": shapes.thread(row)}


def _network(row: Row) -> Content:
    return {"version": row["n_version"], "network": shapes.network_head(_Prefixed(row, "n_"))}


def _membership(row: Row) -> Content:
    return {"version": row["m_version"], "membership": shapes.membership(_Prefixed(row, "m_"))}


def _member(row: Row) -> Content:
    return {"version": row["m_version"], "member": shapes.member_head(_Prefixed(row, "m_"))}


def _room(row: Row) -> Content:
    return {"messages": row["r_last"] or 0}


def _notification(row: Row) -> Content:
    return {"notification": shapes.notification(row)}


def _conversation(row: Row) -> Content:
    return {"conversation": shapes.conversation(_Prefixed(row, "d_"))}


def _participant(row: Row) -> Content:
    return {"version": row["w_version"], "member": shapes.member_head(_Prefixed(row, "w_"))}


def _request(row: Row) -> Content:
    return {"request": shapes.request(_Prefixed(row, "q_"))}


def _submission(row: Row) -> Content:
    return {"submission": shapes.submission(_Prefixed(row, "b_"))}


def _slow(row: Row) -> Content:
    return {"slow_s": row["slow_s"]}


def _hold(row: Row) -> Content:
    hold = _Prefixed(row, "h_")
    return {"hold": shapes.Hold(id=hold["id"], post=hold["post_id"], until=hold["until"], outcome=hold["outcome"])}


def _appeal(row: Row) -> Content:
    return {"appeal": shapes.appeal(_Prefixed(row, "a_"))}


def _case(row: Row) -> Content:
    return {"version": row["k_version"], "case": shapes.case(_Prefixed(row, "k_"))}


SHOWN: Mapping[tuple[str, str], Callable[[Row], Content]] = {
    ("thread", "post"): _post,
    ("thread", "thread"): _thread_head,
    ("network", "thread"): _thread,
    ("network", "network"): _network,
    ("network", "membership"): _membership,
    ("network", "member"): _member,
    ("network", "room"): _room,
    ("room", "message"): _message,
    ("member", "notification"): _notification,
    ("member", "conversation"): _conversation,
    ("room", "room"): _slow,
    ("room", "member"): _participant,
    ("moderators", "request"): _request,
    ("moderators", "submission"): _submission,
    ("moderators", "hold"): _hold,
    ("moderators", "case"): _case,
    ("moderators", "appeal"): _appeal,
}
"""By the noun of a channel and of a kind; everything else (reads, sessions, the log …) is told by its id alone."""


class _Prefixed:
    """The columns of a row whose names begin with a prefix, by the rest of their names."""

    __slots__ = ("_prefix", "_row")

    def __init__(self, row: Row, prefix: str) -> None:
        self._row = row
        self._prefix = prefix

    def __getitem__(self, name: str, /) -> Any:
        return self._row[self._prefix + name]
