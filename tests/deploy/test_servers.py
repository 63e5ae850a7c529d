"""Real PostgreSQL and Kafka: what a service may reach, what survives a stop, and what is left on servers that stay."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.launcher import external_kafka
from deploy.launcher.databases import ServiceDatabase, create_databases, drop_databases
from deploy.launcher.failures import LaunchFailed
from deploy.launcher.places import user_directory
from deploy.launcher.postgres import own_installation, reachable_installation, unprivileged_account
from deploy.launcher.servers import SERVICES, Servers, servers


@pytest.fixture(scope="module")
def own_servers() -> Iterator[Servers]:
    """Servers started here even where the tests run on others: these tests stop them."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("FULLCIRCLE_POSTGRES_ADMIN_URL", raising=False)
        environment.delenv("FULLCIRCLE_KAFKA_BOOTSTRAP", raising=False)
        with servers() as started:
            yield started


@pytest.fixture
def found_servers(own_servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Servers:
    """The environment names servers that already run."""
    monkeypatch.setenv("FULLCIRCLE_POSTGRES_ADMIN_URL", own_servers.admin_url)
    monkeypatch.setenv("FULLCIRCLE_KAFKA_BOOTSTRAP", own_servers.kafka_bootstrap)
    return own_servers


def plain(url: str) -> str:
    """The address as psycopg itself reads it."""
    return url.replace("+psycopg", "")


def names_on(admin_url: str) -> set[str]:
    with psycopg.connect(admin_url) as connection:
        rows = connection.execute("SELECT datname FROM pg_database UNION ALL SELECT rolname FROM pg_roles")
        return {name for (name,) in rows}


async def create_topic(bootstrap: str, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


def test_each_service_owns_its_database_and_may_make_tables_in_it(own_servers: Servers) -> None:
    for name in SERVICES:
        with psycopg.connect(plain(own_servers.database_url(name))) as connection:
            connection.execute("CREATE SCHEMA owned")
            owners = connection.execute("SELECT pg_get_userbyid(datdba) = current_user FROM pg_database WHERE datname = current_database()")
            assert owners.fetchone() == (True,)


@pytest.mark.parametrize("other", ["fullcircle_routing", "postgres", "template1"])
def test_a_service_can_not_enter_a_database_that_is_not_its_own(own_servers: Servers, other: str) -> None:
    url = plain(own_servers.database_url("intake")).rpartition("/")[0]
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(f"{url}/{other}")


def test_nobody_enters_without_the_password(own_servers: Servers) -> None:
    host_and_port = own_servers.admin_url.rpartition("@")[2]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://postgres:guess@{host_and_port}")


def test_addresses_hold_no_passwords(own_servers: Servers) -> None:
    assert own_servers.addresses["postgres"].startswith("postgresql://127.0.0.1:")
    assert "@" not in "".join(own_servers.addresses.values())


async def test_a_topic_and_its_events_survive_a_stop_of_the_broker(own_servers: Servers) -> None:
    await create_topic(own_servers.kafka_bootstrap, "kept")
    async with AIOKafkaProducer(bootstrap_servers=own_servers.kafka_bootstrap, acks="all") as producer:
        await producer.send_and_wait("kept", b"before the stop")
    own_servers.stop_kafka()
    with pytest.raises(LaunchFailed, match="can't be used"):
        external_kafka.topics(own_servers.kafka_bootstrap)
    own_servers.start_kafka()
    assert "kept" in external_kafka.topics(own_servers.kafka_bootstrap)
    async with AIOKafkaConsumer("kept", bootstrap_servers=own_servers.kafka_bootstrap, auto_offset_reset="earliest") as consumer:
        record = await consumer.getone()
    assert record.value == b"before the stop"


async def test_an_emptied_broker_starts_as_a_new_one(own_servers: Servers) -> None:
    await create_topic(own_servers.kafka_bootstrap, "thrown-away")
    own_servers.stop_kafka()
    own_servers.empty_kafka()
    own_servers.start_kafka()
    assert external_kafka.topics(own_servers.kafka_bootstrap) == set()


def test_what_was_committed_outlasts_a_crash_of_postgres_and_connections_do_not(own_servers: Servers) -> None:
    url = plain(own_servers.database_url("routing"))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE outlasting AS SELECT 1 AS one")
        own_servers.crash_postgres()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="Connection refused"):
        psycopg.connect(url)
    own_servers.start_postgres()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT one FROM outlasting").fetchone() == (1,)


def test_making_the_databases_twice_keeps_what_is_in_them(own_servers: Servers) -> None:
    first = ServiceDatabase("made_twice", "first-password")
    second = ServiceDatabase("made_twice", "second-password")
    assert create_databases(own_servers.admin_url, [first])
    with psycopg.connect(plain(first.url(own_servers.admin_url))) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    assert not create_databases(own_servers.admin_url, [second])
    with psycopg.connect(plain(second.url(own_servers.admin_url))) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
    drop_databases(own_servers.admin_url, [second])
    assert "made_twice" not in names_on(own_servers.admin_url)


async def test_a_short_lived_world_leaves_nothing_on_servers_that_stay(found_servers: Servers) -> None:
    before = names_on(found_servers.admin_url)
    with servers() as guest:
        assert guest.process_names == []
        assert guest.database_url("intake") != found_servers.database_url("intake")
        with psycopg.connect(plain(guest.database_url("intake"))):
            pass
        await create_topic(guest.kafka_bootstrap, "contacts")
        with pytest.raises(LaunchFailed, match="was not started here"):
            guest.stop_kafka()
        with pytest.raises(LaunchFailed, match="was not started here"):
            guest.crash_postgres()
    assert names_on(found_servers.admin_url) == before
    assert "contacts" not in external_kafka.topics(found_servers.kafka_bootstrap)


async def test_a_short_lived_world_refuses_a_broker_with_our_events_and_leaves_them_there(found_servers: Servers) -> None:
    await create_topic(found_servers.kafka_bootstrap, "leads")
    with pytest.raises(LaunchFailed, match="already holds the topics leads"), servers():
        pytest.fail("began on a broker that is not empty")
    assert "leads" in external_kafka.topics(found_servers.kafka_bootstrap)
    external_kafka.delete_topics(found_servers.kafka_bootstrap, {"leads"})


def test_a_server_that_does_not_answer_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FULLCIRCLE_POSTGRES_ADMIN_URL", "postgresql://admin:secret@127.0.0.1:9/postgres")
    with pytest.raises(LaunchFailed, match=r"at postgresql://127\.0\.0\.1:9 can't be administered") as failure, servers(kafka=False):
        pytest.fail("began without a server")
    assert "secret" not in str(failure.value)
    assert "\n" not in str(failure.value)


def test_nothing_is_left_of_servers_whose_user_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FULLCIRCLE_POSTGRES_ADMIN_URL", raising=False)
    with pytest.raises(ZeroDivisionError), servers(kafka=False) as started:
        _ = 1 / 0
    with pytest.raises(psycopg.OperationalError, match="Connection refused"):
        psycopg.connect(started.admin_url)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts PostgreSQL under another account")
def test_postgres_is_copied_to_where_its_account_can_reach_it(tmp_path: Path) -> None:
    account = unprivileged_account()
    own = own_installation()
    closed = tmp_path / "site-packages"  # pytest's folders are their owner's alone
    shutil.copytree(own, closed / own.parent.name / own.name, symlinks=True)
    shutil.copytree(own.parent.with_name(f"{own.parent.name}.libs"), closed / f"{own.parent.name}.libs", symlinks=True)
    copies = Path(tempfile.mkdtemp(dir=user_directory()))
    try:
        copies.chmod(0o711)
        reached = reachable_installation(closed / own.parent.name / own.name, account=account, copies=copies)
        assert reached.is_relative_to(copies)
        again = reachable_installation(closed / own.parent.name / own.name, account=account, copies=copies)
        assert again == reached
    finally:
        shutil.rmtree(copies)
