"""The database: a pool, transactions that record updates at their exit, and the named statements of `sql/`.

Invariants: an update is recorded in the transaction of the change that it tells of, never apart from it; all updates of
a transaction are written by one statement, just before the commit, with their channels locked in sorted order; screens
are woken after the commit, and only then. Acts lock what they change in one order, channels last: member, membership,
room, network, thread, post, then what is to be decided about these (in full, and held: tests/live/test_locks.py).
"""

import asyncio
import contextlib
import functools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar, cast

import aiosql
import asyncpg
import msgspec
from aiosql.adapters.asyncpg import AsyncPGAdapter

from forum.errors import Unavailable
from forum.gathering import Alone, Ask, Askings, Gather

SQL_FOLDER = Path(__file__).parent.parent / "sql"
ACQUIRE_TIMEOUT_S = 3.0
COMMAND_TIMEOUT_S = 30.0
LOCK_TIMEOUT_S = 5.0
"""How long an act waits for another one's lock before it is answered 503: nothing of ours holds one for longer."""
MAX_TOGETHER = 64
ASKED_AT_ONCE = 2
"""Questions of a kind that one statement asks, and how many such statements run: what comes meanwhile waits for one."""
MAX_WRITTEN = 16
"""How many are written by one statement: the first of them is answered with the last."""
TOGETHER_MAX_S = 10.0
"""After which a statement for several is left, and each is answered 503."""
BUSY = "busy"
RECORD = "SELECT channel_name, head FROM record_updates($1, $2, $3, $4, $5)"

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record] | asyncpg.Connection[asyncpg.Record]"
Connections: TypeAlias = Callable[[], contextlib.AbstractAsyncContextManager[Connection]]
"""How a connection is had: taken from the pool, or the one that is held already."""
Wake = Callable[[Mapping[str, int]], None]
Warm = Callable[[Connection], Awaitable[None]]


Q = TypeVar("Q")
A = TypeVar("A")
Many: TypeAlias = Callable[[Connection, list[Q]], Awaitable[Sequence[A]]]
"""Answers several questions in one statement, in their order."""


class Row(Protocol):
    """A row that was read: its columns by name."""

    def __getitem__(self, column: str, /) -> Any: ...


ManyWritten: TypeAlias = Callable[[Connection, list[Q], bool], Awaitable[Sequence[asyncpg.Record]]]
"""Writes several in one statement; waits for what somebody else holds, or says `busy` of it."""


log = logging.getLogger(__name__)

CONTENDED = (asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError)
"""What it says to who met another transaction: of several that are written together, perhaps one alone."""
AWAY = (
    *CONTENDED,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what a connection that was cut half-way through an answer says next
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DiskFullError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.OutOfMemoryError,
    asyncpg.QueryCanceledError,
    OSError,
    TimeoutError,
)
"""What the database says when it cannot serve: answered 503, nothing stored, worth trying again."""


class Statements(Protocol):
    """Named statements: each is called with a connection and its parameters by keyword."""

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]: ...


class OnConnection(AsyncPGAdapter):
    """Statements run on a connection that the caller holds, never on a pool: what is many rows comes as a list.

    Not "aio" to aiosql: its functions then hand on what these return, which is awaited by the caller.
    """

    is_aio_driver = False

    def _arguments(self, query_name: str, parameters: Any) -> list[Any]:
        ordered: list[Any] = self.maybe_order_params(query_name, parameters)  # type: ignore[no-untyped-call]
        return ordered

    def select(self, conn: Connection, query_name: str, sql: str, parameters: Any, record_class: Any = None) -> Any:
        """Awaits to all rows."""
        del record_class
        return conn.fetch(sql, *self._arguments(query_name, parameters))

    def select_one(self, conn: Connection, query_name: str, sql: str, parameters: Any, record_class: Any = None) -> Any:
        """Awaits to the first row, or None."""
        del record_class
        return conn.fetchrow(sql, *self._arguments(query_name, parameters))

    def select_value(self, conn: Connection, query_name: str, sql: str, parameters: Any) -> Any:
        """Awaits to the first column of the first row, or None."""
        return conn.fetchval(sql, *self._arguments(query_name, parameters))

    def insert_update_delete(self, conn: Connection, query_name: str, sql: str, parameters: Any) -> Any:
        """Awaits to the command's tag."""
        return conn.execute(sql, *self._arguments(query_name, parameters))


def statements(noun: str) -> Statements:
    """The named statements of `sql/{noun}.sql`."""
    return cast("Statements", aiosql.from_path(SQL_FOLDER / f"{noun}.sql", OnConnection, mandatory_parameters=False))


def is_storable(value: object) -> bool:
    """Whether Postgres can take it: text without NUL, a number of 64 bits, a moment that UTC has a date for."""
    if isinstance(value, str):
        return "\0" not in value
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    if isinstance(value, datetime):
        try:
            value.astimezone(UTC)
        except (OverflowError, ValueError):
            return False
    return True


def held(connection: Connection) -> Connections:
    """How one has the connection that is held already."""
    return lambda: contextlib.nullcontext(connection)


class Transaction:
    """One transaction: its connection, and the updates that its exit will write."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._updates: dict[tuple[str, str, int], None] = {}
        self._raised: set[str] = set()
        self._resets: set[str] = set()

    def record(self, channel: str, kind: str, object_id: int) -> None:
        """Collect one update: `kind` happened to `object_id`, for all who follow `channel`; twice is once."""
        self._updates[channel, kind, object_id] = None

    def raise_access(self, *channels: str) -> None:
        """Have the followers of these channels (and of the threads and rooms below a network) checked again."""
        self._raised.update(channels)

    def reset(self, channel: str, kind: str, object_id: int) -> None:
        """Record one update and let the log begin with it: whoever follows the channel loads their page anew.

        For what changes too much at once to be told row by row: a move, an import.
        """
        self.record(channel, kind, object_id)
        self._resets.add(channel)

    async def write_updates(self) -> dict[str, int]:
        """Write what was collected, in one statement; returns the new head of each channel that was recorded in."""
        if not self._updates and not self._raised:
            return {}
        channels, kinds, objects = zip(*self._updates, strict=True) if self._updates else ((), (), ())
        rows = await self.connection.fetch(RECORD, channels, kinds, objects, sorted(self._raised), sorted(self._resets))
        return {row["channel_name"]: row["head"] for row in rows}

    @property
    def recorded(self) -> Iterable[tuple[str, str, int]]:
        """What was collected so far: channel, kind, object."""
        return tuple(self._updates)

    @property
    def raised(self) -> frozenset[str]:
        """The channels whose followers will be checked again."""
        return frozenset(self._raised)


class Database:
    """A pool of connections to one Postgres; `wake` gets the new heads after every commit that recorded updates.

    Where `warm` is given, all of the pool is opened at once and stays open, and each connection is handed to it first.
    One that takes the place of another later, when the database has been away, is not: who waits for it has waited
    enough. `gather` (forum.gathering) asks together what is asked of `ask` and `write_together`.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        wake: Wake | None = None,
        warm: Warm | None = None,
        lock_timeout_s: float = LOCK_TIMEOUT_S,
        gather: Gather | None = None,
    ) -> None:
        self._url = url
        self._lock_timeout_ms = round(lock_timeout_s * 1000)
        self._pool_size = pool_size
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self.wake: Wake = wake or _wake_nobody
        self._warm = warm
        self._askings = Askings(gather or Alone, timeout_s=TOGETHER_MAX_S)
        self.refuses_writes = False
        """Set while the disk is nearly full: transactions are refused, reading goes on."""

    @property
    def pool(self) -> "asyncpg.Pool[asyncpg.Record]":
        """The open pool."""
        if self._pool is None:
            raise RuntimeError("the database is not open: call open() first")
        return self._pool

    async def open(self) -> None:
        """Connect. Raises what asyncpg raises where the server cannot be reached."""
        self._pool = await asyncpg.create_pool(
            self._url,
            min_size=min(2, self._pool_size) if self._warm is None else 1,
            max_size=self._pool_size,
            command_timeout=COMMAND_TIMEOUT_S,
            max_inactive_connection_lifetime=300 if self._warm is None else 0,
            init=_prepare_connection,
            # Nothing of ours changes a session (no SET, no LISTEN; the one lock that outlives its transaction is given
            # back by who takes it, forum.purge), so there is nothing to undo: a transaction that was left open asyncpg
            # rolls back itself.
            reset=_leave_as_it_is,
            # The first JIT of a small query costs more than the query. What pages read is in memory, where a probe of
            # an index costs no more than the next row of a scan. A statement is planned once on each connection, and so
            # are those within functions: Postgres would plan most of them anew five times, some of them each time.
            server_settings={
                "jit": "off",
                "plan_cache_mode": "force_generic_plan",
                "random_page_cost": "1.1",
                "application_name": "forum",
                "lock_timeout": str(self._lock_timeout_ms),
            },
        )
        if self._warm is not None:
            await self._open_all(self._warm)

    async def _open_all(self, warm: Warm) -> None:
        """One after the other: the processes that this one takes the place of still serve, on the same cores."""
        async with contextlib.AsyncExitStack() as opened:
            try:
                for _ in range(self._pool_size):
                    await warm(await opened.enter_async_context(self.pool.acquire()))
            except asyncpg.TooManyConnectionsError:
                log.warning("the database has room for %d of %d connections", self.pool.get_size(), self._pool_size)

    async def close(self) -> None:
        """Give connections five seconds to come back, then cut them."""
        await self._askings.close()
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), 5)
            except TimeoutError:
                self._pool.terminate()
            self._pool = None

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection to read with. Raises Unavailable where the database cannot serve."""
        try:
            async with self.pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
                yield connection
        except AWAY as error:
            log.warning("database away: %s", type(error).__name__)
            raise Unavailable from error

    async def ask(self, many: Many[Q, A], question: Q) -> A:
        """What `many` answers to this question; what comes while one of its statements runs is asked by the next, in
        one for all. Raises Unavailable where the database cannot serve.
        """
        ask = functools.partial(self._ask, many)
        return cast("A", await self._gathered(many, ask, question, most=MAX_TOGETHER, at_once=ASKED_AT_ONCE))

    async def _gathered(self, key: Hashable, ask: Ask, question: object, *, most: int, at_once: int) -> Any:
        try:
            return await self._askings(key, ask, question, most=most, at_once=at_once)
        except TimeoutError as error:
            raise Unavailable from error

    async def _ask(self, many: Many[Q, A], questions: list[Q]) -> Sequence[A]:
        async with self.connection() as connection:
            return await many(connection, questions)

    async def write_together(self, many: ManyWritten[Q], wanted: Q, *, place: int) -> asyncpg.Record:
        """Write into the thread or room `place` by one statement, which is a transaction and records its updates
        itself; what waits to be written by it meanwhile is written by the next, in one for all. Returns its row; the
        screens of its columns `channels` and `heads` have been woken. Raises as `transaction` does.

        Nothing waits for another place: where somebody else holds this one (the row says `busy`), what waits for it is
        written together, apart from the rest. Nothing fails by another one: where one does, each is written by itself,
        those of one place in their order.
        """
        row, apart, waited = None, (many, place), False
        if apart not in self._askings:
            write = functools.partial(self._write, many, False)
            row = await self._gathered(many, write, wanted, most=MAX_WRITTEN, at_once=1)
        if row is None or _is_busy(row):
            waited = True
            write = functools.partial(self._write, many, True)
            row = await self._gathered(apart, write, wanted, most=MAX_WRITTEN, at_once=1)
        if isinstance(row, asyncpg.PostgresError):
            # Who has waited for the place as long as one waits for a lock is told so, if it is held still.
            wait = not (waited and isinstance(row, asyncpg.LockNotAvailableError))
            write = functools.partial(self._write, many, wait)
            row = await self._gathered((many, place, wait), write, wanted, most=1, at_once=1)
            if _is_busy(row):
                raise Unavailable
        return cast("asyncpg.Record", row)

    async def _write(
        self, many: ManyWritten[Q], wait: bool, wanted: list[Q]
    ) -> Sequence[asyncpg.Record | asyncpg.PostgresError]:
        """Their rows; where one of several failed, and so nothing is written, its error for each."""
        async with self._writing() as connection:
            try:
                rows = await many(connection, wanted, wait)
            except asyncpg.PostgresError as error:
                if len(wanted) == 1 or (isinstance(error, AWAY) and not isinstance(error, CONTENDED)):
                    raise
                log.warning("one of %d writes failed, each is written by itself: %s", len(wanted), type(error).__name__)
                return [error] * len(wanted)
        self._written(rows[0])
        return rows

    @contextlib.asynccontextmanager
    async def _writing(self) -> AsyncIterator[Connection]:
        self._require_writable()
        async with self.connection() as connection:
            yield connection

    def _written(self, row: Row) -> None:
        if row["channels"]:
            self.wake(dict(zip(row["channels"], row["heads"], strict=True)))

    def _require_writable(self) -> None:
        if self.refuses_writes:
            raise Unavailable(retry_after_s=60)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """One transaction, READ COMMITTED; its exit writes the updates, commits, and wakes the screens.

        Raises Unavailable where the database cannot serve. After a lost connection nobody can tell whether the commit
        happened; the same `Idempotency-Key` sent again finds out.
        """
        self._require_writable()
        async with self.connection() as connection:
            async with connection.transaction():
                tx = Transaction(connection)
                yield tx
                heads = await tx.write_updates()
        if heads:
            self.wake(heads)


def _is_busy(row: asyncpg.Record | asyncpg.PostgresError | None) -> bool:
    return isinstance(row, asyncpg.Record) and row["outcome"] == BUSY


def _wake_nobody(_heads: Mapping[str, int]) -> None:
    """What a command without screens does after a commit: the look of the web processes finds it within a second."""


async def _leave_as_it_is(_connection: Connection) -> None:
    """In place of asyncpg's statement that resets a session, which would cost a round trip for each page."""


async def _prepare_connection(connection: Connection) -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", format="binary", encoder=_encode_jsonb, decoder=_decode_jsonb
    )


def _encode_jsonb(value: Any) -> bytes:
    return b"\x01" + msgspec.json.encode(value)


def _decode_jsonb(data: bytes) -> Any:
    return msgspec.json.decode(data[1:])
