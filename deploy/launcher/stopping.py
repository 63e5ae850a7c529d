"""Ends a world's processes in the order in which they need each other."""

import signal

from deploy.launcher.kafka import KAFKA
from deploy.launcher.postgres import POSTGRES
from deploy.launcher.processes import Roster

# The services promise to be gone within 15 seconds of SIGTERM: requests answered, batches committed.
_SERVICE_GRACE_SECONDS = 20.0
# Kafka writes out its logs, PostgreSQL a checkpoint.
_SERVER_GRACE_SECONDS = 30.0


def stop_everything(roster: Roster) -> list[str]:
    """Ends whatever runs: services and issuer, then Kafka, then PostgreSQL. Returns the names of what ran."""
    ran = roster.running()
    roster.stop([name for name in ran if name not in {KAFKA, POSTGRES}], grace_seconds=_SERVICE_GRACE_SECONDS)
    stop_kafka(roster)
    # SIGINT ends open transactions; PostgreSQL takes SIGTERM for a wish to wait until every client has left.
    roster.stop([POSTGRES], with_signal=signal.SIGINT, grace_seconds=_SERVER_GRACE_SECONDS)
    return ran


def stop_service(roster: Roster, name: str) -> None:
    """Lets one service leave in good order."""
    roster.stop([name], grace_seconds=_SERVICE_GRACE_SECONDS)


def stop_kafka(roster: Roster) -> None:
    """Lets the broker leave in good order."""
    roster.stop([KAFKA], grace_seconds=_SERVER_GRACE_SECONDS)


def crash_postgres(roster: Roster) -> None:
    """Ends PostgreSQL at once, as `pg_ctl stop -m immediate` does: every connection is cut, and the next start recovers from the log."""
    roster.stop([POSTGRES], with_signal=signal.SIGQUIT, grace_seconds=_SERVER_GRACE_SECONDS)
