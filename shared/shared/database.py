"""The database: connections, and the one place where anything is committed."""

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

import orjson
import psycopg
from psycopg.rows import RowFactory, namedtuple_row
from psycopg.types.json import set_json_loads
from sqlalchemy import MetaData, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from shared import tracing

T = TypeVar("T")

# What means "the database is away or busy", never "the statement is wrong".
WEATHER = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError, PoolTimeoutError, ConnectionError)

# A caller waits this long for a connection before it is told to come back later: bounded queues rather than collapse.
_POOL_WAIT_SECONDS = 5
_CONNECT_TIMEOUT_SECONDS = 5
_POOL_SIZE = 10
# A statement of a busy consumer costs more to plan than to run. A plan that is kept may be from when there was nothing to look for:
# it must look into indexes whatever it was made for.
_KEEPING_PLANS = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off"
_BELLS = "bells"
_DRIVER = "driver"
_STREAM = "stream"
_DRIVERS_PARAMETER = re.compile(r"%\((\w+)\)s")
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)")

# Named by rule, so that a migration can always say which constraint it means.
_CONSTRAINT_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def new_metadata() -> MetaData:
    """The metadata of one service's tables; a service's own declarative base carries it."""
    return MetaData(naming_convention=_CONSTRAINT_NAMES)


class NotDurableError(RuntimeError):
    """The server would acknowledge commits it can still lose."""


class Database:
    """One service's database. `transaction()` commits; nothing else in the system does."""

    def __init__(self, url: str, *, application_name: str) -> None:
        self._connect_args: dict[str, Any] = {"application_name": application_name, "connect_timeout": _CONNECT_TIMEOUT_SECONDS}
        self.engine = self._new_engine(url)
        self._engine_keeping_plans = self._new_engine(url, options=_KEEPING_PLANS)
        self._kept: psycopg.AsyncConnection[Any] | None = None
        self.bells: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        """What background work in this process waits for, by name; see `ring`."""

    def _new_engine(self, url: str, **connect_args: str) -> AsyncEngine:
        """Connects with the first statement sent."""
        return create_async_engine(
            url,
            pool_size=_POOL_SIZE,
            max_overflow=0,
            pool_timeout=_POOL_WAIT_SECONDS,
            hide_parameters=True,  # an error's text may be logged, its values may be somebody's
            pool_use_lifo=True,  # what was prepared on a connection, and cached in its server process, serves again
            pool_pre_ping=False,  # a dead connection shows as weather and is retried; a round trip per checkout is not free
            connect_args={**self._connect_args, **connect_args},
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
        )

    @asynccontextmanager
    async def transaction(self, *, keeps_plans: bool = False) -> AsyncIterator[AsyncSession]:
        """One operation, one transaction: committed when the block ends, rolled back when it raises.

        Whoever waits for a bell that the block rang is woken then. With `keeps_plans` each statement is planned once, for whatever it
        will be given, and by its indexes: for few statements sent all day long, of few rows or many.
        """
        engine = self._engine_keeping_plans if keeps_plans else self.engine
        with tracing.step("transaction"):
            async with AsyncSession(engine, expire_on_commit=False) as session:
                yield session
                await session.commit()
            for bell in session.info.get(_BELLS, ()):
                self.bells[bell].set()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A read-only transaction."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            await session.execute(text("SET TRANSACTION READ ONLY"))
            yield session
            await session.commit()  # after a ROLLBACK the driver forgets all it had prepared on the connection

    async def at_once(self, statement: "Statement[T]", *, rings: str | None = None) -> T:
        """One statement that is a transaction of its own: what it wrote is on disk when this returns, and nothing where it raises.

        For what is hot, without what a session costs, on a connection that is kept for it and left behind with whatever never ends on it.
        Wakes whoever waits for the bell it `rings`. Raises the driver's own errors.
        """
        connection, self._kept = self._kept, None
        if connection is None or connection.closed:
            connection = await self._connect()
        try:
            with tracing.step("statement"):
                cursor = psycopg.AsyncRawCursor(connection, row_factory=statement.rows)
                await cursor.execute(*in_place(statement))
                found = statement.read(await _rows_of(cursor))
        finally:
            if self._kept is None and connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
                self._kept = connection
            else:
                await connection.close()
        if rings is not None:
            self.bells[rings].set()
        return found

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        address = self.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await psycopg.AsyncConnection.connect(address, autocommit=True, **self._connect_args)
        set_json_loads(orjson.loads, context=connection)
        return connection

    async def require_durable_commits(self) -> None:
        """Raises `NotDurableError` unless a commit means the data is on disk: our 2xx rests on it."""
        async with self.engine.connect() as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                value = await connection.scalar(text(f"SHOW {setting}"))
                if value == "off":
                    raise NotDurableError(f"PostgreSQL runs with {setting}=off: acknowledged data could be lost")

    async def close(self) -> None:
        """Closes every connection."""
        if self._kept is not None:
            await self._kept.close()
        await self.engine.dispose()
        await self._engine_keeping_plans.dispose()


def ring(session: AsyncSession, bell: str) -> None:
    """Wakes whoever in this process waits for that bell, once the session's transaction is committed."""
    session.info.setdefault(_BELLS, set()).add(bell)


@dataclass(frozen=True, slots=True)
class Statement(Generic[T]):
    """SQL in the driver's own form (`%(name)s`), its parameters, and how its rows are read: named tuples, unless it makes others."""

    sql: str
    parameters: Mapping[str, Any]
    read: Callable[[list[Any]], T]
    rows: RowFactory[Any] = namedtuple_row


def drivers_form(sql: str) -> str:
    """SQL with `:name` parameters, as SQLAlchemy's `text` takes it, in the form a `Statement` has."""
    return _PARAMETER.sub(r"%(\1)s", sql)


def in_place(statement: Statement[Any]) -> tuple[bytes, list[Any]]:
    """A statement as PostgreSQL itself takes it, with its parameters in order."""
    sql, names = _numbered(statement.sql)
    return sql, [statement.parameters[name] for name in names]


@lru_cache(maxsize=1_024)
def _numbered(sql: str) -> tuple[bytes, tuple[str, ...]]:
    """A statement's SQL and its parameters' names in order: the driver would read a long one anew each time it is sent."""
    names = tuple(dict.fromkeys(_DRIVERS_PARAMETER.findall(sql)))
    return _DRIVERS_PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", sql).replace("%%", "%").encode(), names


async def together(session: AsyncSession, *statements: Statement[Any]) -> list[Any]:
    """What is read of statements that need nothing of each other's answers, sent in one go: one round trip where each takes one.

    They run one after the other, each seeing what the one before did and what others committed until then, as if sent alone. A
    transaction's BEGIN goes along. Raises the driver's own errors.
    """
    driver = await _driver_of(session)
    cursors = [psycopg.AsyncRawCursor(driver, row_factory=statement.rows) for statement in statements]
    try:
        # What the pipeline saves in round trips it costs in turns of the loop: one statement goes without.
        async with driver.pipeline() if len(cursors) > 1 else nullcontext():
            for cursor, statement in zip(cursors, statements, strict=True):
                await cursor.execute(*in_place(statement))
        found = [await _rows_of(cursor) for cursor in cursors]
    except psycopg.Error as error:
        if driver.closed:
            await (await session.connection()).invalidate(error)
        raise
    return [statement.read(rows) for statement, rows in zip(statements, found, strict=True)]


async def _driver_of(session: AsyncSession) -> psycopg.AsyncConnection[Any]:
    """The driver's connection of the session's transaction, asked for once: asking is a good part of what a small statement costs."""
    driver: psycopg.AsyncConnection[Any] | None = session.info.get(_DRIVER)
    if driver is None:
        connection = await session.connection()
        driver = session.info[_DRIVER] = (await connection.get_raw_connection()).driver_connection
    return driver  # type: ignore[return-value]


async def _rows_of(cursor: psycopg.AsyncCursor[Any]) -> list[Any]:
    """None where the statement returns none. A cursor's `description` says that too, but describes every column each time it is asked."""
    return await cursor.fetchall() if cursor.rownumber is not None else []


async def stream(session: AsyncSession, sql: str, parameters: Mapping[str, Any], *, rows_at_once: int) -> AsyncIterator[list[Any]]:
    """The rows of a query in parts, plain tuples, by a cursor of the server: however many there are, few are here at a time.

    Other statements of the session may come between two parts.
    """
    driver = await _driver_of(session)
    async with driver.cursor(_STREAM) as cursor:
        await cursor.execute(sql.encode(), parameters)
        while rows := await cursor.fetchmany(rows_at_once):
            yield rows


# PostgreSQL refuses a connection in words alone: the driver has no code for it. Their own text may name hosts and users.
_REFUSALS = (
    ("password authentication failed", "the database refuses this service's user or password"),
    ("no password supplied", "the database wants a password and was given none"),
    ("no pg_hba.conf entry", "the database's access rules refuse this service"),
    ("does not exist", "the database or its user does not exist"),
    ("too many", "the database has no connection left"),
    ("starting up", "the database is starting"),
    ("shutting down", "the database is stopping"),
)


def weather_reason(error: BaseException) -> str:
    """What is the matter with the database, in words that hold nothing of the error's own."""
    told = str(getattr(error, "orig", error))
    return next((reason for words, reason in _REFUSALS if words in told), "the database does not answer")


def is_weather(error: BaseException) -> bool:
    """Whether an error means a dependency is away or busy (wait and try again), not that the work is wrong."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, WEATHER)


def as_recordset(rows: Sequence[dict[str, Any]]) -> str:
    """A set of rows as one JSON parameter, read in SQL by `json_to_recordset`: one round trip whatever the number."""
    return orjson.dumps(rows).decode()
