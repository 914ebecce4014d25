"""The small words of the pages: initials, roles, times, counts and the sentences of gaps. Pure: the clock is handed in.

Invariants: a time is worded in the site's zone, in 24 hours, in English whatever the host's locale is; the same time,
day and zone always give the same words; nothing here is escaped, the templates do that.
"""

import unicodedata
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from forum import standing

FORMER_MEMBER: Final = standing.FORMER_MEMBER
TITLE_REMOVED: Final = "(title removed)"
FOR_GOOD: Final = (
    "The words are deleted at once, with all versions. Nobody can restore them, or read them for an appeal."
)
NETWORK_UNSEEN: Final = "a network that you are not in"
HUES: Final = 12

_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_PARTS_OF_DAY: Final = ((5, "night"), (12, "morning"), (17, "afternoon"), (24, "evening"))
_WEEK: Final = timedelta(days=7)


def initials(name: str | None) -> str:
    """At most two letters for an avatar: of the first and the last word; "–" for a member who is gone."""
    words = (name or "").split()
    if not words:
        return "–"
    ends = words if len(words) == 1 else (words[0], words[-1])
    letters = "".join(next((char for char in word if char.isalpha()), "") for word in ends)
    return letters.upper() or _first_grapheme(words[0])


def hue(person_id: int) -> int:
    """Which of the twelve avatar colours, 0 to 11: the `h` of the class."""
    return person_id * 7 % HUES


def role(title: str | None, organisation: str | None) -> str:
    """What a person does, in their own words: "Head of IT, Tynegate Infirmary"; may be empty."""
    return ", ".join(part for part in (title, organisation) if part)


def when(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """The time of a contribution: "08:51" today, "Fri 09:14" within a week, then "19 Nov", "19 Nov 2025"."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        return f"{local:%H:%M}"
    if timedelta() < today - local.date() < _WEEK:
        return f"{_WEEKDAYS[local.weekday()][:3]} {local:%H:%M}"
    return _short_date(local.date(), today)


def listed(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """The time of a row in a list: as `when`, but within a week the day alone."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    if timedelta() < today - local.date() < _WEEK:
        return _WEEKDAYS[local.weekday()][:3]
    return when(at, now, zone)


def dated(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """A time that stands at the head of things: "Thu 19 Nov, 16:20"; with the year when it is another one."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    return f"{_WEEKDAYS[local.weekday()][:3]} {_short_date(local.date(), today)}, {local:%H:%M}"


def in_full(at: datetime, zone: ZoneInfo) -> str:
    """The tooltip of a time: "Monday 23 November 2026, 08:51". Holds for ever, whatever the day is."""
    local = at.astimezone(zone)
    return f"{_WEEKDAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local.year}, {local:%H:%M}"


def on_date(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """A day inside a sentence: "20 November", or "20 November 2025"."""
    local, today = at.astimezone(zone).date(), now.astimezone(zone).date()
    return f"{local.day} {_MONTHS[local.month - 1]}" + (f" {local.year}" if local.year != today.year else "")


def day_line(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """The line between two days of a room: "Today, Monday 23 November", "Friday 20 November"."""
    local = at.astimezone(zone).date()
    words = f"{_WEEKDAYS[local.weekday()]} {on_date(at, now, zone)}"
    return f"Today, {words}" if local == now.astimezone(zone).date() else words


def since(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """The last visit in words: "this morning", "yesterday evening", "Friday evening", "12 November"."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    past = today - local.date()
    if past >= _WEEK:
        return on_date(at, now, zone)
    part = next(part for hour, part in _PARTS_OF_DAY if local.hour < hour)
    if not past:
        return "last night" if part == "night" else f"this {part}"
    return f"{'yesterday' if past.days == 1 else _WEEKDAYS[local.weekday()]} {part}"


def deadline(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """A time to come, inside a sentence: "Thursday at 09:00" within a week, then "3 December at 09:00"."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    if timedelta() <= local.date() - today < _WEEK:
        return f"{_WEEKDAYS[local.weekday()]} at {local:%H:%M}"
    return f"{on_date(at, now, zone)} at {local:%H:%M}"


def decision(outcome: str, at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """What was done about a report, after the name of who did it: "removed this at 09:02"."""
    done = {"removed": "removed this", "left": "left this as it is", "withdrawn": "withdrew this"}[outcome]
    local = at.astimezone(zone)
    day = "" if local.date() == now.astimezone(zone).date() else f" on {on_date(at, now, zone)}"
    return f"{done}{day} at {local:%H:%M}"


def decided_by(row: Any, now: datetime, zone: ZoneInfo) -> str:
    """The same as a sentence, of a case: "Daniel Brightwell removed this at 09:02."."""
    who = row["decided_name"] or ("The clock" if row["decided_by"] is None else FORMER_MEMBER)
    return f"{who} {decision(row['outcome'], row['decided_at'], now, zone)}."


def waited(at: datetime, now: datetime) -> str:
    """For how long something has waited, in whole days: "2 days"."""
    return counted(max((now - at).days, 1), "day")


def locked(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Why there is no composer in a locked thread."""
    return f"Locked by a moderator on {on_date(at, now, zone)}. You can read it, but not reply."


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: "1 reply", "1,240 replies"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def badge(number: int) -> str:
    """A count in a badge: at most "99+"."""
    return str(number) if number < 100 else "99+"


def summed_up(counts: Iterable[tuple[int, str, str | None]]) -> str:
    """A sentence of what there is, without what there is not: "4 things for you, 9 unread threads."."""
    return ", ".join(counted(number, one, many) for number, one, many in counts if number) + "."


def machine_time(at: datetime) -> str:
    """UTC, for `<time datetime>`."""
    return f"{at.astimezone(ZoneInfo('UTC')):%Y-%m-%dT%H:%M:%SZ}"


def moment(at: datetime) -> str:
    """UTC to the microsecond, in one width: what sorts as it happened, also within a second."""
    return f"{at.astimezone(ZoneInfo('UTC')):%Y-%m-%dT%H:%M:%S.%fZ}"


def _short_date(day: date, today: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1][:3]}" + (f" {day.year}" if day.year != today.year else "")


def _first_grapheme(word: str) -> str:
    """The first character with the marks that belong to it."""
    end = 1
    while end < len(word) and unicodedata.combining(word[end]):
        end += 1
    return word[:end]
