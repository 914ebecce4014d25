"""How often: what one account and one address may do, in one table.

Invariants: an account's limit counts before its address's, which is generous, since a whole region may share one. With
Redis the counts hold over all processes; while it is away each process counts for itself, and nothing waits for Redis
longer than a moment. Nothing that anybody wrote stands in a key: addresses and e-mail addresses are hashed with the
site's secret. What is left is told with the answer: a member's own, or what their address has; never what is left for
an e-mail address, which would tell a stranger whether somebody signs in.
"""

import asyncio
import hashlib
import hmac
import ipaddress
import logging
import time
import unicodedata
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from starlette.requests import HTTPConnection

from forum.errors import TooMany
from forum.gathering import Alone, Askings, Gather
from forum.settings import IPNetwork
from forum.web.windows import Count, SharedWindows, Window

log = logging.getLogger(__name__)

T = TypeVar("T")
Act = Literal[
    "sign_in",
    "account",
    "write",
    "say",
    "start",
    "open",
    "mark",
    "report",
    "moderate",
    "preview",
    "search",
    "similar",
    "people",
    "poll",
]
AWAY_FOR_S = 10.0
REDIS_TIMEOUT_S = 0.5
MAX_TOGETHER = 64
COUNTED_AT_ONCE = 1
"""Acts that one question counts, and questions on their way: what comes meanwhile is counted by the next."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What one account and what one address may do."""

    account: RateLimitItem | None
    address: RateLimitItem


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of one limit: `remaining` of `quota` acts in `window_s`, and in `reset_s` there is more."""

    name: str
    quota: int
    window_s: int
    remaining: int
    reset_s: int

    def headers(self) -> Mapping[str, str]:
        """As the draft of the IETF's HTTPAPI group has it (draft-ietf-httpapi-ratelimit-headers)."""
        return {
            "RateLimit-Policy": f'"{self.name}";q={self.quota};w={self.window_s}',
            "RateLimit": f'"{self.name}";r={self.remaining};t={self.reset_s}',
        }


class Exceeded(TooMany):
    """Past a limit: with what is left of it, for the answer's headers."""

    def __init__(self, left: Left) -> None:
        super().__init__(left.reset_s)
        self.left = left


def _limit(account: str | None, address: str) -> Limit:
    return Limit(None if account is None else parse(account), parse(address))


LIMITS: Mapping[Act, Limit] = {
    # Attempts that failed: a right password clears the account's count.
    "sign_in": _limit("10 per 10 minutes", "600 per 10 minutes"),
    # Invitations and one-time links that are tried, passwords that are changed.
    "account": _limit("20 per 10 minutes", "300 per 10 minutes"),
    "write": _limit("1200 per 1 minute", "24000 per 1 minute"),
    "say": _limit("2400 per 1 minute", "48000 per 1 minute"),
    "start": _limit("120 per 1 minute", "2400 per 1 minute"),
    # Conversations with ever more people: what is said in one counts as any message does.
    "open": _limit("120 per 1 hour", "2400 per 1 hour"),
    # Reads, watching, preferences: small writes that a page does by itself.
    "mark": _limit("600 per 1 minute", "24000 per 1 minute"),
    # What moderators have to read one by one.
    "report": _limit("60 per 1 hour", "1200 per 1 hour"),
    "moderate": _limit("1200 per 1 minute", "6000 per 1 minute"),
    "preview": _limit("120 per 1 minute", "2400 per 1 minute"),
    "search": _limit("120 per 1 minute", "2400 per 1 minute"),
    # While a title is being written.
    "similar": _limit("240 per 1 minute", "4800 per 1 minute"),
    "people": _limit("600 per 1 minute", "12000 per 1 minute"),
    # By session or token: a poll is answered at every update, in each of the pages that somebody has open.
    "poll": _limit("1200 per 1 minute", "48000 per 1 minute"),
}
"""Acts to what one account and one address may do of them."""


class Limits:
    """Counts acts, in Redis where there is one that answers.

    `scale` multiplies every limit: for tests and measurements.
    """

    def __init__(self, redis_url: str | None, secret: str, *, scale: float = 1.0, gather: Gather | None = None) -> None:
        self._here = MovingWindowRateLimiter(MemoryStorage())
        self._shared = None if redis_url is None else SharedWindows(redis_url, REDIS_TIMEOUT_S)
        self._askings = Askings(gather or Alone, timeout_s=REDIS_TIMEOUT_S)
        self._secret = hashlib.sha256(b"limits:" + secret.encode()).digest()
        self._away_until = 0.0
        self._limits = {act: _scaled(limit, scale) for act, limit in LIMITS.items()}

    async def count(self, act: Act, *, account: int | str | None, address: str) -> Left:
        """Count one act of this account (a member's id, or the address that somebody signs in with).

        Returns what the member has left, or where there is none the address. Raises Exceeded.
        """
        limit = self._limits[act]
        asked = [_Asked(limit.address, act, "address", self._name(address))]
        if account is not None and limit.account is not None:
            asked.insert(0, _Asked(limit.account, act, "account", self._name(account)))
        counts = await self._count_shared(asked)
        if counts is None:
            counts = await self._count_here(asked)
        for each, count in zip(asked, counts, strict=True):
            if not count.counted:
                raise Exceeded(each.left(count))
        told = 0 if isinstance(account, int) else len(asked) - 1
        return asked[told].left(counts[told])

    async def forgive(self, act: Act, account: int | str) -> None:
        """Forget what this account did: they have proved who they are."""
        item = self._limits[act].account
        if item is not None:
            asked = _Asked(item, act, "account", self._name(account))
            if self._shared is not None and time.monotonic() >= self._away_until:
                await self._ask_redis(asyncio.wait_for(self._shared.forget(asked.window.key), REDIS_TIMEOUT_S))
            await self._here.clear(item, *asked.names)

    async def close(self) -> None:
        """Let the connections to Redis go."""
        await self._askings.close()
        if self._shared is not None:
            await self._shared.close()

    def _name(self, account: int | str) -> str:
        return hmac.digest(self._secret, folded(str(account)).encode(errors="replace"), "sha256").hex()[:24]

    async def _count_shared(self, asked: Sequence["_Asked"]) -> Sequence[Count] | None:
        if self._shared is None or time.monotonic() < self._away_until:
            return None
        windows = [each.window for each in asked]
        return await self._ask_redis(
            self._askings("count", self._shared.count, windows, most=MAX_TOGETHER, at_once=COUNTED_AT_ONCE)
        )

    async def _count_here(self, asked: Sequence["_Asked"]) -> Sequence[Count]:
        counts: list[Count] = []
        counted = True
        for each in asked:
            counted = counted and await self._here.hit(each.item, *each.names)
            window = await self._here.get_window_stats(each.item, *each.names)
            counts.append(Count(counted, window.remaining if counted else 0, window.reset_time - time.time()))
        return counts

    async def _ask_redis(self, question: Awaitable[T]) -> T | None:
        """What Redis says; None where it does not answer, and then it is left alone for ten seconds."""
        try:
            return await question
        except Exception as error:  # noqa: BLE001 - a client library may raise anything; the count goes on here
            self._away_until = time.monotonic() + AWAY_FOR_S
            log.warning("limits count in this process, Redis is away: %s", type(error).__name__)
            return None


@dataclass(frozen=True, slots=True)
class _Asked:
    """One limit, and whose act it counts."""

    item: RateLimitItem
    act: Act
    whose: Literal["account", "address"]
    name: str

    @property
    def names(self) -> tuple[str, str, str]:
        """What the count stands under in this process."""
        return (self.act, self.whose, self.name)

    @property
    def window(self) -> Window:
        """What Redis counts."""
        return Window(f"forum:limits:{':'.join(self.names)}", self.item.amount, self.item.get_expiry())

    def left(self, count: Count) -> Left:
        """What the answer tells."""
        window_s = self.item.get_expiry()
        return Left(
            name=self.act if self.whose == "account" else f"{self.act}-address",
            quota=self.item.amount,
            window_s=window_s,
            remaining=count.remaining if count.counted else 0,
            reset_s=max(1, min(int(count.reset_s) + 1, window_s)),
        )


def _scaled(limit: Limit, scale: float) -> Limit:
    def times(item: RateLimitItem) -> RateLimitItem:
        return type(item)(max(1, round(item.amount * scale)), item.multiples, item.namespace)

    return Limit(None if limit.account is None else times(limit.account), times(limit.address))


def folded(account: str) -> str:
    """What counts as one account: whatever the database takes for one e-mail address (citext), and some more.

    Its lower case of "\u0130" is "i", and Python's has a dot above: each spelling would have a limit of its own.
    """
    apart = unicodedata.normalize("NFKD", account.strip().casefold())
    return "".join(each for each in apart if not unicodedata.combining(each))


def address_of(connection: HTTPConnection, trusted: Sequence[IPNetwork]) -> str:
    """Where a request comes from: the last address in X-Forwarded-For that no trusted proxy wrote down for another one.

    An IPv6 address counts by its /64, which one household has whole. Without a usable address: "unknown".
    """
    client = connection.client
    address = _parsed(client.host) if client is not None else None
    forwarded = [part for line in connection.headers.getlist("x-forwarded-for") for part in line.split(",")]
    while forwarded and address is not None and any(address in network for network in trusted):
        nearer = _parsed(forwarded.pop())
        if nearer is None:
            break
        address = nearer
    if address is None:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((address, 64), strict=False))
    return str(address)


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text.strip().strip("[]"))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
