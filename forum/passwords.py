"""Passwords: argon2id in a thread, two at once at most, so that signing in never holds up what is live.

One verification costs 64 MiB and about 0.16 s; past a queue of 50 the answer is Unavailable, with the time to wait.
Tokens, which nobody can guess, are hashed at once.
"""

import asyncio
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from forum.errors import Invalid, Unavailable

T = TypeVar("T")

MIN_CHARS = 10
MAX_CHARS = 1_000
AT_ONCE = 2
QUEUE = 50

_hasher = PasswordHasher()
_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="password")
_waiting = 0
# Nobody's password, as `_hasher` would hash it: to do so at each start would cost a fifth of a second.
DUMMY = "$argon2id$v=19$m=65536,t=3,p=4$pCPmET80g6CgQS4AFs/Nuw$uWo5K9U+a+SzY9oIbGWinLLdYGYi5O9DUkSxBv9tMIw"


def check(password: str) -> None:
    """Raises Invalid for a password that is too short or absurdly long. Nothing else is asked of it."""
    if not MIN_CHARS <= len(password) <= MAX_CHARS:
        raise Invalid("password", f"A password has at least {MIN_CHARS} characters. A few words are best.")


async def hashed(password: str) -> str:
    """The hash to store. Raises Invalid, Unavailable."""
    check(password)
    return str(await _run(_hasher.hash, password))


async def verified(stored: str | None, password: str) -> bool:
    """Is this the password? An account that is unknown or has none costs the same time. Raises Unavailable."""
    right = await _run(_verify, stored or DUMMY, password[: MAX_CHARS + 1])
    return bool(right) and stored is not None


def _verify(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


async def _run(function: Callable[..., T], *arguments: str) -> T:
    global _waiting  # noqa: PLW0603 - one queue a process, touched by its event loop alone
    if _waiting >= QUEUE:
        raise Unavailable(retry_after_s=5)
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, function, *arguments)
    finally:
        _waiting -= 1


def token_hash(token: str) -> bytes:
    """What is stored of a token: 32 bytes that do not lead back to it (it has 256 random bits)."""
    return hashlib.sha256(token.encode()).digest()
