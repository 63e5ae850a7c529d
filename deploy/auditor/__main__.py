"""Audits what runs: this clone's world, or the servers that --database and --kafka name. Exits 1 when an invariant is broken."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import psycopg
from aiokafka.errors import KafkaError
from psycopg.conninfo import make_conninfo

from deploy.auditor.auditing import Sources, audit_when_quiet
from deploy.auditor.limits import Limits
from deploy.auditor.printing import as_json, as_table
from deploy.auditor.services import SERVICES
from deploy.launcher.failures import LaunchFailed

_BROKEN, _COULD_NOT = 1, 2


def main() -> int:
    """Audits once; returns the exit status: 0 nothing broken, 1 something broken, 2 the evidence could not be read."""
    arguments = _parser().parse_args()
    try:
        sources = _sources(arguments)
        limits = Limits(**{bound.name: getattr(arguments, bound.name) for bound in fields(Limits)})
        audited = asyncio.run(
            audit_when_quiet(sources, testimony=arguments.testimony, limits=limits, quiet_within_seconds=arguments.quiet_within)
        )
    except (LaunchFailed, psycopg.Error, KafkaError, OSError, ValueError) as failure:
        print(f"The evidence could not be read: {failure}", file=sys.stderr)
        return _COULD_NOT
    if arguments.json:
        print(as_json(audited.verdicts, on_its_way=audited.on_its_way))
    else:
        print(as_table(audited.verdicts))
        if audited.on_its_way:
            print(f"\nThe system had not come to rest; still on its way: {audited.on_its_way}")
    return _BROKEN if any(verdict.state == "broken" for verdict in audited.verdicts) else 0


def _sources(arguments: argparse.Namespace) -> Sources:
    named = named_sources(arguments.database, kafka=arguments.kafka, logs=arguments.logs)
    if named is not None:
        return named
    from deploy.launcher.lasting import running_world_of_clone  # where only services are installed there is none to ask

    world = running_world_of_clone()
    databases = {name: world.database_url(name) for name in SERVICES}
    return Sources(databases, arguments.kafka or world.kafka_bootstrap, arguments.logs or world.log(SERVICES[0]).parent)


def named_sources(databases: Sequence[str], *, kafka: str | None, logs: Path | None) -> Sources | None:
    """The servers that arguments (`SERVICE=URL`) and the environment name; None if they name none. Raises `LaunchFailed` for some alone."""
    named = dict(each.split("=", 1) for each in databases)
    addresses = {name: os.environ.get(f"FULLCIRCLE_AUDIT_{name.upper()}_DATABASE_URL") for name in SERVICES}
    named |= {name: _with_password(name, address) for name, address in addresses.items() if address}
    if not named:
        return None
    if set(named) != set(SERVICES):
        raise LaunchFailed(f"Name a database for each of {', '.join(SERVICES)}: --database intake=postgresql://... and so on.")
    return Sources(named, kafka or os.environ.get("FULLCIRCLE_KAFKA_BOOTSTRAP"), logs)


def _with_password(service: str, url: str) -> str:
    """The address with the password of the service's file, where passwords are files."""
    folder = os.environ.get("FULLCIRCLE_AUDIT_PASSWORDS_DIRECTORY")
    if folder is None:
        return url
    return make_conninfo(url, password=(Path(folder) / f"{service}_database_password").read_text().strip())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.auditor", description=__doc__)
    parser.add_argument("--testimony", type=Path, metavar="FOLDER", help="what witnesses wrote down")
    parser.add_argument("--database", action="append", default=[], metavar="SERVICE=URL", help="a service's database; once per service")
    parser.add_argument("--kafka", metavar="HOST:PORT", help="the broker; without one the services' own books stand for the topics")
    parser.add_argument("--logs", type=Path, metavar="FOLDER", help="logs to search for canaries")
    parser.add_argument("--quiet-within", type=float, default=60.0, metavar="SECONDS", help="how long to wait for rest (default: 60)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    for bound in fields(Limits):
        parser.add_argument(f"--{bound.name.replace('_', '-')}", type=type(bound.default), default=bound.default, metavar="N")
    return parser


if __name__ == "__main__":
    sys.exit(main())
