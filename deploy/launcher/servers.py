"""The servers that a world rests on, PostgreSQL and Kafka: its own, or ones that already run."""

import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from deploy.launcher import external_kafka
from deploy.launcher.databases import ServiceDatabase, close_shared_databases, create_databases, drop_databases, public_address
from deploy.launcher.failures import LaunchFailed
from deploy.launcher.interruptions import uninterrupted
from deploy.launcher.kafka import KAFKA, KafkaServer
from deploy.launcher.places import write_privately
from deploy.launcher.ports import LOOPBACK, Ports, unused_ports
from deploy.launcher.postgres import POSTGRES, PostgresServer
from deploy.launcher.processes import Roster
from deploy.launcher.short_lived import short_lived_place
from deploy.launcher.stopping import crash_postgres, stop_kafka
from shared.events.topics import TOPICS

SERVICES = ("intake", "routing", "feedback", "reporting")

_OUR_TOPICS = {topic.name for topic in TOPICS}


class Servers:
    """PostgreSQL with a database and a role per service, and Kafka.

    `FULLCIRCLE_POSTGRES_ADMIN_URL` and `FULLCIRCLE_KAFKA_BOOTSTRAP` name servers to use instead of starting any; those
    are neither started nor stopped, and a short-lived world leaves nothing in them. Only where services promise anything must
    it be durable: hundreds of test databases made and dropped need not wait for the disk.
    """

    def __init__(
        self, place: Path, *, ports: Ports, roster: Roster, is_short_lived: bool, is_durable: bool = True, with_kafka: bool = True
    ) -> None:
        self._ports = ports
        self._roster = roster
        self._is_short_lived = is_short_lived
        self._with_kafka = with_kafka
        self.databases_are_new = False
        self._tidying: list[Callable[[], None]] = []
        external_admin_url = os.environ.get("FULLCIRCLE_POSTGRES_ADMIN_URL", "")
        external_bootstrap = os.environ.get("FULLCIRCLE_KAFKA_BOOTSTRAP", "")
        passwords = _passwords(place / "passwords.json")
        self._postgres = (
            None
            if external_admin_url
            else PostgresServer(place, port=ports.postgres, password=passwords[POSTGRES], is_durable=is_durable, roster=roster)
        )
        self._kafka = None if external_bootstrap or not with_kafka else KafkaServer(place, port=ports.kafka, roster=roster)
        self.admin_url: str = self._postgres.admin_url if self._postgres else external_admin_url
        self.kafka_bootstrap: str = external_bootstrap or f"{LOOPBACK}:{ports.kafka}"
        # On a server that others use too, two short-lived worlds must not meet.
        prefix = f"fullcircle_{place.name}" if is_short_lived and external_admin_url else "fullcircle"
        self._databases = {name: ServiceDatabase(f"{prefix}_{name}", passwords[name]) for name in SERVICES}

    @property
    def process_names(self) -> list[str]:
        """The processes that `begin` starts and leaves running."""
        return [name for name, server in ((POSTGRES, self._postgres), (KAFKA, self._kafka)) if server is not None]

    @property
    def addresses(self) -> dict[str, str]:
        """Where the servers are, without accounts and passwords."""
        kafka = {KAFKA: self.kafka_bootstrap} if self._with_kafka else {}
        return {**kafka, POSTGRES: public_address(self.admin_url)}

    def database_url(self, service: str) -> str:
        """The address, role and password with which that service reaches its own database."""
        return self._databases[service].url(self.admin_url)

    @property
    def kafka_files(self) -> Path:
        """The folder in which the world's own broker keeps its topics."""
        if self._kafka is None:
            raise LaunchFailed(f"The Kafka server at {self.kafka_bootstrap} was not started here, and its files are not ours to read.")
        return self._kafka.files

    def begin(self) -> None:
        """Starts both servers; returns when the databases are there, while Kafka may still be starting."""
        if self._kafka is not None:
            self._kafka.fetch()
            self._kafka.begin_format()
        elif self._with_kafka:
            self._begin_on_external_kafka()
        if self._postgres is not None:
            self._postgres.begin_initdb()
        if self._kafka is not None:
            self._kafka.begin_start()
        if self._postgres is not None:
            self._postgres.begin_start()
            self._postgres.wait_until_ready()
            close_shared_databases(self.admin_url)
        else:
            self._tidying.append(partial(drop_databases, self.admin_url, self._databases.values()))
        self.databases_are_new = create_databases(self.admin_url, self._databases.values())

    def finish(self) -> None:
        """Returns when Kafka serves requests."""
        if self._kafka is not None:
            self._kafka.wait_until_ready()

    def tidy(self) -> None:
        """Removes from servers that stay what a short-lived world made there; its clients must be gone."""
        while self._is_short_lived and self._tidying:
            self._tidying.pop()()

    def stop_kafka(self) -> None:
        """Stops the world's own broker; its topics and events stay."""
        if self._kafka is None:
            raise LaunchFailed(f"The Kafka server at {self.kafka_bootstrap} was not started here and is not stopped here.")
        stop_kafka(self._roster)

    def start_kafka(self) -> None:
        """Starts the world's own broker again at the same address; returns when it serves requests."""
        if self._kafka is None:
            raise LaunchFailed(f"The Kafka server at {self.kafka_bootstrap} was not started here and is not started here.")
        self._kafka.fetch()
        self._kafka.begin_start()
        self._kafka.wait_until_ready()

    def empty_kafka(self) -> None:
        """Throws away everything that the world's own broker, which must be stopped, has kept: topics, events, offsets."""
        if self._kafka is None:
            raise LaunchFailed(f"The Kafka server at {self.kafka_bootstrap} was not started here and is not emptied here.")
        self._kafka.forget()
        self._kafka.fetch()
        self._kafka.begin_format()

    def crash_postgres(self) -> None:
        """Ends the world's own PostgreSQL at once, every connection cut; what was committed stays."""
        if self._postgres is None:
            raise LaunchFailed(f"The PostgreSQL server at {public_address(self.admin_url)} was not started here and is not stopped here.")
        crash_postgres(self._roster)

    def start_postgres(self) -> None:
        """Starts the world's own PostgreSQL again at the same address; returns when it answers."""
        if self._postgres is None:
            raise LaunchFailed(f"The PostgreSQL server at {public_address(self.admin_url)} was not started here and is not started here.")
        self._postgres.begin_start()
        self._postgres.wait_until_ready()

    def _begin_on_external_kafka(self) -> None:
        present = external_kafka.topics(self.kafka_bootstrap) & _OUR_TOPICS
        if not self._is_short_lived:
            return
        if present:
            raise LaunchFailed(
                f"The Kafka server at {self.kafka_bootstrap} (FULLCIRCLE_KAFKA_BOOTSTRAP) already holds the topics "
                f"{', '.join(sorted(present))}, and this run must begin without events; delete them there or unset the variable."
            )
        self._tidying.append(partial(external_kafka.delete_topics, self.kafka_bootstrap, _OUR_TOPICS))


@contextmanager
def servers(*, kafka: bool = True) -> Iterator[Servers]:
    """PostgreSQL, and Kafka unless told otherwise, on free ports and empty, gone without a trace at the end."""
    with short_lived_place() as (place, roster):
        started = Servers(place, ports=unused_ports(), roster=roster, is_short_lived=True, is_durable=False, with_kafka=kafka)
        try:
            started.begin()
            started.finish()
            yield started
        finally:
            with uninterrupted():
                started.tidy()


def _passwords(file: Path) -> dict[str, str]:
    """This world's password per role, made up once and kept readable by its owner alone."""
    if not file.exists():
        write_privately(file, json.dumps({name: secrets.token_urlsafe(24) for name in (POSTGRES, *SERVICES)}))
    passwords: dict[str, str] = json.loads(file.read_text())
    return passwords
