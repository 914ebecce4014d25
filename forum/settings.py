"""Settings: read from the environment alone, checked once at start, never changed afterwards.

Invariants: a `Settings` that exists is valid; an unset variable and an empty one mean the same; no secret shows in its
`repr`.
"""

import ipaddress
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

_HOST_NAME = re.compile(r"[A-Za-z0-9._-]+")
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
T = TypeVar("T")

LOG_LEVELS = ("debug", "info", "warning", "error", "critical")
EMBEDDED_CONNECTIONS = 180
"""How many connections web processes may hold on the embedded Postgres, which keeps a few more for commands."""
SECRET_MIN_CHARS = 32
METRICS_TOKEN_MIN_CHARS = 16
SITE_NAME_MAX_CHARS = 80


class SettingsError(Exception):
    """The environment cannot be used. `mistakes` holds one sentence for each thing to mend."""

    def __init__(self, mistakes: list[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(mistakes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that the operator decides. The README says what each variable does; fields bear their names in lower case."""

    data: Path
    """FORUM_DATA, absolute: the secret, and the embedded servers' files and sockets."""
    database_url: str | None = field(repr=False)
    """None: the embedded Postgres."""
    database_owner_url: str | None = field(repr=False)
    """The role that owns the schema and runs the migrations; `database_url` where nothing else was said."""
    redis_url: str | None = field(repr=False)
    """None: the embedded Valkey."""
    secret_key: str = field(repr=False)
    base_url: str
    """Where people reach the site: scheme and host, no slash at its end."""
    host: str
    port: int
    processes: int
    trusted_proxies: tuple[IPNetwork, ...]
    """Whose X-Forwarded-For and X-Forwarded-Proto count."""
    time_zone: ZoneInfo
    site_name: str
    log_level: str
    metrics_token: str | None = field(repr=False)
    pool_size: int
    """Database connections of each web process."""
    drop_wakeups: float
    """Which share of the wake-ups is thrown away, 0 to 1: tests only."""
    limits_scale: int
    """What every limit of acts is multiplied by: for measurements."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Settings":
        """The settings that `environ` holds. Makes FORUM_DATA and the secret in it where SECRET_KEY may be left out.

        Raises SettingsError with a sentence for each mistake, all at once.
        """
        read = _Reader(environ)
        port = read("PORT", "8000", lambda text: _whole(text, 1, 65_535))
        host = read("HOST", "127.0.0.1", _host)
        processes = read("PROCESSES", str(min(len(os.sched_getaffinity(0)), 4)), lambda text: _whole(text, 1, 64))
        pool_size = read("POOL_SIZE", "10", lambda text: _whole(text, 2, 100))
        database_url = read.optional("DATABASE_URL", lambda text: _url(text, "postgresql", "postgres"))
        owner_url = read.optional("DATABASE_OWNER_URL", lambda text: _url(text, "postgresql", "postgres"))
        secret_key = read.optional("SECRET_KEY", lambda text: _at_least(text, SECRET_MIN_CHARS))
        settings = cls(
            data=read("FORUM_DATA", "./data", _folder),
            database_url=database_url,
            database_owner_url=owner_url or database_url,
            redis_url=read.optional("REDIS_URL", lambda text: _url(text, "redis", "rediss", "unix")),
            secret_key=secret_key or "",
            base_url=read("BASE_URL", f"http://{_reached_at(host)}:{port}", _base_url),
            host=host,
            port=port,
            processes=processes,
            trusted_proxies=read("TRUSTED_PROXIES", "", _networks),
            time_zone=read("TIME_ZONE", "Europe/London", _time_zone),
            site_name=read("SITE_NAME", "Health CIO Network", _site_name),
            log_level=read("LOG_LEVEL", "info", _log_level),
            metrics_token=read.optional("METRICS_TOKEN", lambda text: _at_least(text, METRICS_TOKEN_MIN_CHARS)),
            pool_size=pool_size,
            drop_wakeups=read("FORUM_DROP_WAKEUPS", "0", _share),
            limits_scale=read("LIMITS_SCALE", "1", lambda text: _whole(text, 1, 1_000_000)),
        )
        mistakes = read.mistakes + list(_contradictions(read, processes * pool_size))
        if mistakes:
            raise SettingsError(mistakes)
        return settings if secret_key else replace(settings, secret_key=_kept_secret(settings.data))


class _Reader:
    """Reads variables one by one and collects what is wrong, so that the operator learns of everything at once."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.mistakes: list[str] = []

    def __call__(self, name: str, default: str, parse: Callable[[str], T]) -> T:
        """What `parse` makes of the variable; of the default where it is unset, or after a mistake."""
        try:
            return parse(self._environ.get(name, "").strip() or default)
        except ValueError as mistake:
            self.mistakes.append(f"{name} {mistake}")
            return parse(default)

    def optional(self, name: str, parse: Callable[[str], T]) -> T | None:
        """What `parse` makes of the variable; None where it is unset, or after a mistake."""
        try:
            return parse(self._environ[name].strip()) if self.has(name) else None
        except ValueError as mistake:
            self.mistakes.append(f"{name} {mistake}")
            return None

    def has(self, name: str) -> bool:
        return bool(self._environ.get(name, "").strip())


def _contradictions(read: _Reader, connections: int) -> Iterator[str]:
    """A sentence for each pair of variables that do not go together."""
    if read.has("DATABASE_OWNER_URL") and not read.has("DATABASE_URL"):
        yield "DATABASE_OWNER_URL is set, but DATABASE_URL is not: set both, or neither."
    if read.has("DATABASE_URL") and not read.has("SECRET_KEY"):
        yield (
            "SECRET_KEY must be set beside DATABASE_URL, the same on every machine: "
            f"at least {SECRET_MIN_CHARS} random characters, such as `openssl rand -hex 32` prints."
        )
    if not read.has("DATABASE_URL") and connections > EMBEDDED_CONNECTIONS:
        yield (
            f"PROCESSES × POOL_SIZE is {connections}, but the embedded Postgres takes {EMBEDDED_CONNECTIONS} "
            "connections: lower one of them, or set DATABASE_URL."
        )


# Each parser raises ValueError with the rest of a sentence that begins with the variable's name. None of them repeats a
# value that may hold a password.


def _whole(text: str, low: int, high: int) -> int:
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise ValueError(f"must be a whole number from {low} to {high}, not {text!r}.")
    return int(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ValueError(f"must be a number from 0 to 1, not {text!r}.")
    return share


def _at_least(text: str, chars: int) -> str:
    if len(text) < chars:
        raise ValueError(f"must have at least {chars} characters; it has {len(text)}.")
    return text


def _url(text: str, *schemes: str) -> str:
    scheme, separator, rest = text.partition("://")
    if scheme not in schemes or not separator or not rest:
        raise ValueError(f"must begin with {' or '.join(f'{each}://' for each in schemes)} and name a server.")
    return text


def _base_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    else:
        usable = usable and parts.path in {"", "/"} and not (parts.query or parts.fragment or "@" in parts.netloc)
    if not usable:
        raise ValueError(f"must be http:// or https:// with a host and nothing after it, not {text!r}.")
    return text.rstrip("/").lower()


def _host(text: str) -> str:
    if any(char.isspace() or char in "/@" for char in text):
        raise ValueError(f"must be an address or a host name to listen on, such as 127.0.0.1, not {text!r}.")
    return text


def _reached_at(host: str) -> str:
    """Where a browser on this machine reaches what listens on `host`: an address of its own, or any that it has."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host if _HOST_NAME.fullmatch(host) else "127.0.0.1"
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "[::1]"
    return host if address.version == 4 else f"[{host}]"


def _networks(text: str) -> tuple[IPNetwork, ...]:
    networks = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            networks.append(ipaddress.ip_network(part))
        except ValueError:
            raise ValueError(
                f"must be addresses or networks with commas between, such as 10.0.0.0/8; {part!r} is neither."
            ) from None
    return tuple(networks)


def _time_zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"must name a time zone, such as Europe/London; {text!r} is none.") from None


def _site_name(text: str) -> str:
    if len(text) > SITE_NAME_MAX_CHARS or not text.isprintable():
        raise ValueError(f"must be one line of at most {SITE_NAME_MAX_CHARS} characters.")
    return text


def _log_level(text: str) -> str:
    if text.lower() not in LOG_LEVELS:
        raise ValueError(f"must be one of {', '.join(LOG_LEVELS)}, not {text!r}.")
    return text.lower()


def _folder(text: str) -> Path:
    path = Path(text).expanduser().absolute()
    if path.exists() and not path.is_dir():
        raise ValueError(f"must be a folder, and {path} is a file.")
    return path


def _kept_secret(data: Path) -> str:
    """The secret that stands in the data folder; made by whoever comes first, of several processes at once too."""
    path = data / "secret_key"
    try:
        data.mkdir(mode=0o711, parents=True, exist_ok=True)
        if not path.exists():
            draft = data / f"secret_key.{secrets.token_hex(8)}"
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_hex(32) + "\n", encoding="ascii")
            try:
                path.hardlink_to(draft)  # fails where another process was first: its secret counts
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        secret = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise SettingsError([f"FORUM_DATA cannot be used: {error.strerror} ({error.filename})."]) from error
    if len(secret) < SECRET_MIN_CHARS:
        raise SettingsError(
            [f"The secret in {path} is too short. Remove the file to draw a new one: everybody signs in again."]
        )
    return secret
