"""The project's own processes: the development issuer and the four services, with the environment each is given."""

import os
import secrets
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from deploy.launcher.loopback import get_status
from deploy.launcher.places import CHECKOUT, write_privately
from deploy.launcher.ports import LOOPBACK, Ports, unused_port
from deploy.launcher.processes import Roster
from deploy.launcher.servers import SERVICES, Servers

ISSUER = "issuer"
AUDIENCE = "fullcircle"

_MIGRATION_SECONDS = 120.0
_REPUBLISH_SECONDS = 120.0
_READY_SECONDS = 90.0
_TEXT_SECRET_BYTES = 32
_OK = 200

# Administration of the servers is the launcher's business; no service gets to see it.
_LAUNCHER_ONLY = {"FULLCIRCLE_POSTGRES_ADMIN_URL", "FULLCIRCLE_STATE_DIR"}


class Programs:
    """Issuer and services of one world, on servers that already run."""

    def __init__(self, place: Path, *, ports: Ports, roster: Roster, servers: Servers) -> None:
        self._place = place
        self._ports = ports
        self._roster = roster
        self._servers = servers
        self._ports_of_others: dict[str, int] = {}

    def port(self, name: str) -> int:
        """Where that program, or another process of a service, listens."""
        return self._ports_of_others.get(name) or self._ports.of(name)

    def address(self, name: str) -> str:
        """Where that program answers."""
        return f"http://{LOOPBACK}:{self.port(name)}"

    def migrate(self) -> None:
        """Brings every service's database up to its newest revision; needs PostgreSQL alone."""
        for name in SERVICES:
            self._run(f"{name}-migrate", "-m", name, "migrate", environment=self.service_environment(name))
        for name in SERVICES:
            self._roster.wait_for_success(f"{name}-migrate", timeout_seconds=_MIGRATION_SECONDS)

    def start_issuer(self) -> None:
        environment = {
            **self._shared_environment(ISSUER),
            "FULLCIRCLE_ISSUER_KEY_FILE": str(self._place / "issuer-key.json"),
            "PYTHONPATH": os.pathsep.join([str(CHECKOUT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
        }
        self._run(ISSUER, "-m", "deploy.issuer", environment=environment)

    def start_service(self, name: str, *, extra: Mapping[str, str] | None = None) -> None:
        """Starts one service, with more variables than usual where some are given."""
        self._run(name, "-m", name, environment={**self.service_environment(name), **(extra or {})})

    def start_another(self, service: str, name: str, *, part: str, extra: Mapping[str, str] | None = None) -> None:
        """Starts one more process of a service under a name and on a port of its own."""
        self._ports_of_others[name] = unused_port()
        environment = {**self.service_environment(service), "FULLCIRCLE_PORT": str(self.port(name)), **(extra or {})}
        self._run(name, "-m", service, "run", part, environment=environment)

    def republish(self, service: str, *, since: datetime) -> None:
        """Has a service send again what Kafka had acknowledged since then; returns when it is back in the outbox."""
        name = f"{service}-republish"
        self._run(name, "-m", service, "republish", "--since", since.isoformat(), environment=self.service_environment(service))
        self._roster.wait_for_success(name, timeout_seconds=_REPUBLISH_SECONDS)

    def wait_until_ready(self, name: str) -> None:
        path = "/livez" if name == ISSUER else "/readyz"
        port = self.port(name)
        self._roster.wait_until(name, lambda: get_status(port, path) == _OK, timeout_seconds=_READY_SECONDS)

    def _run(self, name: str, *arguments: str, environment: Mapping[str, str]) -> None:
        self._roster.start(name, [sys.executable, *arguments], environment=environment)

    def _shared_environment(self, name: str) -> dict[str, str]:
        inherited = {variable: value for variable, value in os.environ.items() if variable not in _LAUNCHER_ONLY}
        return {
            **inherited,
            "FULLCIRCLE_MODE": "development",
            "FULLCIRCLE_PORT": str(self._ports.of(name)),
            "FULLCIRCLE_OIDC_ISSUER": self.address(ISSUER),
            "FULLCIRCLE_OIDC_AUDIENCE": AUDIENCE,
        }

    def service_environment(self, name: str) -> dict[str, str]:
        """The environment that service runs with."""
        own = {"FULLCIRCLE_ERASURE_KEY_FILE": str(self._erasure_key())} if name == "intake" else {}
        return {
            **own,
            **self._shared_environment(name),
            "FULLCIRCLE_PUBLIC_URL": self.address(name),
            "FULLCIRCLE_DATABASE_URL": self._servers.database_url(name),
            "FULLCIRCLE_KAFKA_BOOTSTRAP": self._servers.kafka_bootstrap,
            # Webhooks may go to this machine; the services allow that in development alone.
            "FULLCIRCLE_WEBHOOK_ALLOW": LOOPBACK,
            "FULLCIRCLE_TEXT_SECRET_FILE": str(self._text_secret_file()),
        }

    def _erasure_key(self) -> Path:
        """The file with this world's erasure key, made up once."""
        file = self._place / "erasure-key"
        if not file.exists():
            write_privately(file, secrets.token_hex(32))
        return file

    def _text_secret_file(self) -> Path:
        """The secret that intake and feedback share, made up when it is first needed."""
        file = self._place / "text-secret"
        if not file.exists():
            write_privately(file, secrets.token_urlsafe(_TEXT_SECRET_BYTES))
        return file
