"""The same request sent again stores nothing new (promise 1).

Kept for a write: member, key, a keyed hash of the request, and the id of what it made: no words. The row is inserted
in the write's own transaction, so a second request with the same key waits for the first and then finds what it made.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass

from forum.db import Connection, Transaction, statements
from forum.errors import Conflict, Invalid, NeedsApproval

SQL = statements("idempotency")
MAX_KEY_CHARS = 200


class Fingerprint:
    """Makes the keyed hash of a request: `secret` keeps the stored hashes from telling what was written."""

    def __init__(self, secret: str) -> None:
        self._secret = hashlib.sha256(b"idempotency:" + secret.encode()).digest()

    def __call__(self, *parts: object) -> bytes:
        """32 bytes that are the same for the same parts, and for no others."""
        text = "\x1f".join("" if part is None else f"{type(part).__name__}:{part!r}" for part in parts)
        return hmac.digest(self._secret, text.encode("utf-8", "surrogatepass"), "sha256")


fingerprint: Callable[..., bytes] = Fingerprint("until the application sets its own")


def use_secret(secret: str) -> None:
    """Key the hashes with the site's secret; called once, when the application starts."""
    global fingerprint  # noqa: PLW0603 - one secret a process, set before the first request
    fingerprint = Fingerprint(secret)


async def earlier(tx: Transaction, member: int, key: str | None, *request: object) -> int | None:
    """The id of what the same request made before, or None: then go on, and say `made` at the end.

    Raises Invalid where the key came with another request, or cannot be a key; NeedsApproval where it made a
    submission.
    """
    found = await _found(tx, member, key, *request)
    if found is not None and found < 0:
        raise NeedsApproval
    return found


async def earlier_submission(tx: Transaction, member: int, key: str | None, *request: object) -> int | None:
    """The same for an act that keeps submissions: the id of the one that the same request made before, or None."""
    found = await _found(tx, member, key, *request)
    return None if found is None else abs(found)


async def _found(tx: Transaction, member: int, key: str | None, *request: object) -> int | None:
    keyed = Keyed.of(key, *request)
    if keyed is None or await SQL.claim(tx.connection, member=member, **keyed.columns()) is not None:
        return None
    found = await _made_by(tx.connection, member, keyed)
    if found is None:
        raise Conflict("The same request is still being carried out. Please ask again in a moment.")
    return found


@dataclass(frozen=True, slots=True)
class Keyed:
    """A key and the keyed hash of the request that it came with."""

    key: str
    digest: bytes

    @classmethod
    def of(cls, key: str | None, *request: object) -> "Keyed | None":
        """None without a key. Raises Invalid for what cannot be one."""
        if key is None:
            return None
        if not 0 < len(key) <= MAX_KEY_CHARS or not (key.isascii() and key.isprintable()):
            raise Invalid("Idempotency-Key", f"An Idempotency-Key has 1 to {MAX_KEY_CHARS} printable ASCII characters.")
        return cls(key, fingerprint(*request))

    def columns(self) -> dict[str, object]:
        """As a statement takes it."""
        return {"key": self.key, "hash": self.digest}


def columns(keyed: Keyed | None) -> tuple[str | None, bytes | None]:
    """Key and hash as a statement takes them for a request that may have come without."""
    return (None, None) if keyed is None else (keyed.key, keyed.digest)


async def made_before(connection: Connection, member: int, keyed: Keyed) -> int | None:
    """The id of what the same request has made, committed, or None: for an act that writes by one statement.

    Raises as `earlier`.
    """
    found = await _made_by(connection, member, keyed)
    if found is not None and found < 0:
        raise NeedsApproval
    return found


async def _made_by(connection: Connection, member: int, keyed: Keyed) -> int | None:
    row = await SQL.find(connection, member=member, key=keyed.key)
    if row is None or row["object_id"] is None:
        return None
    if not hmac.compare_digest(row["request_hash"], keyed.digest):
        raise Invalid("Idempotency-Key", "This Idempotency-Key came before with another request.")
    return int(row["object_id"])


async def made(tx: Transaction, member: int, key: str | None, object_id: int) -> None:
    """Keep with the key what its request made."""
    if key is not None:
        await SQL.keep(tx.connection, member=member, key=key, object=object_id)
