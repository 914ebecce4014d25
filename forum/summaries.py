"""The public summary of a network's moderation: how much, why, how fast, how often overturned. No names, no words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from forum.db import Connection, statements
from forum.standing import Network

SQL = statements("summaries")


@dataclass(frozen=True, slots=True)
class Month:
    """One month: its first moment (in the site's zone, without one), removals, and those that an appeal overturned."""

    first: datetime
    removed: int
    overturned: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Twelve months. `reasons` has a sentence, or None for any that is not on the network's list, and how many."""

    months: Sequence[Month]
    reasons: Sequence[tuple[str | None, int]]
    reports_decided: int
    reports_upheld: int
    half_decided_within: timedelta | None
    appeals: int
    overturned: int
    appeals_waiting: int

    @property
    def removed(self) -> int:
        """All removals of these months."""
        return sum(month.removed for month in self.months)


async def summary(connection: Connection, network: Network, known: Sequence[str], zone: str) -> Summary:
    """The last twelve months of a network that the caller may read; `known` are the reasons that may be named."""
    where = {"network": network.id, "zone": zone}
    months = await SQL.months(connection, **where)
    reasons = await SQL.reasons(connection, **where, known=list(known))
    cases = await SQL.cases(connection, network=network.id)
    appeals = await SQL.appeals(connection, network=network.id)
    return Summary(
        [Month(row["month"], row["removed"], row["overturned"]) for row in months],
        [(row["reason"], row["removed"]) for row in reasons],
        cases["decided"],
        cases["removed"],
        None if cases["median_s"] is None else timedelta(seconds=cases["median_s"]),
        appeals["appeals"],
        appeals["overturned"],
        appeals["waiting"],
    )
