"""Makes and drops the services' databases and roles on a PostgreSQL server, its own or one that already runs."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psycopg
from psycopg import errors, sql
from sqlalchemy.engine import URL, make_url

from deploy.launcher.failures import LaunchFailed

_CONNECT_TIMEOUT_SECONDS = 10


@dataclass(frozen=True)
class ServiceDatabase:
    """One service's database, and the role of the same name that owns it and nothing else."""

    name: str
    password: str

    def url(self, admin_url: str) -> str:
        """The address under which the service itself connects, on the server that the administrator's address names."""
        own = make_url(admin_url).set(drivername="postgresql+psycopg", username=self.name, password=self.password, database=self.name)
        return own.render_as_string(hide_password=False)


def create_databases(admin_url: str, databases: Iterable[ServiceDatabase]) -> bool:
    """Makes what is missing; a role that exists gets its password anew, a database that exists keeps what is in it.

    Returns whether all of the databases were made now.
    """
    are_new = True
    with _administration(admin_url) as connection:
        for database in databases:
            _create_role(connection, database)
            are_new &= _create_database(connection, database)
    return are_new


def drop_databases(admin_url: str, databases: Iterable[ServiceDatabase]) -> None:
    """Removes these databases with all that is in them, and their roles."""
    with _administration(admin_url) as connection:
        for database in databases:
            name = sql.Identifier(database.name)
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(name))


def close_shared_databases(admin_url: str) -> None:
    """Keeps the services' roles out of the databases that every PostgreSQL server starts with."""
    with _administration(admin_url) as connection:
        for name in ("postgres", "template1"):
            connection.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))


def public_address(admin_url: str) -> str:
    """Where that server is, without account and password."""
    return URL.create("postgresql", host=make_url(admin_url).host, port=make_url(admin_url).port).render_as_string()


@contextmanager
def _administration(admin_url: str) -> Iterator[psycopg.Connection]:
    address = make_url(admin_url).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        connection = psycopg.connect(address, autocommit=True, connect_timeout=_CONNECT_TIMEOUT_SECONDS)
    except psycopg.OperationalError as failure:
        reason = str(failure).partition("\n")[0]
        raise LaunchFailed(f"The PostgreSQL server at {public_address(admin_url)} can't be administered: {reason}") from failure
    with connection:
        yield connection


def _create_role(connection: psycopg.Connection, database: ServiceDatabase) -> None:
    name = sql.Identifier(database.name)
    # Hashed here, so that no server log ever holds the password itself.
    verifier = connection.pgconn.encrypt_password(database.password.encode(), database.name.encode(), b"scram-sha-256").decode()
    with suppress(errors.DuplicateObject):  # made by an earlier run
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
    connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, sql.Literal(verifier)))
    if connection.info.parameter_status("is_superuser") != "on":
        # Only members may hand a database over to a role; superusers may anyway.
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(name))


def _create_database(connection: psycopg.Connection, database: ServiceDatabase) -> bool:
    name = sql.Identifier(database.name)
    try:
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'").format(name, name))
    except errors.DuplicateDatabase:
        return False
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    return True
