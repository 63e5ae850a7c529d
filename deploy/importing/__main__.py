"""`python -m deploy.importing FILE`: imports it, and goes on with it when run again.

Exit status: 0 all rows were taken; 1 some were not, and FILE.errors.ndjson says which and why; 2 it failed.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deploy.importing.client import Client, ImportFailed, Wanted
from deploy.launcher.failures import LaunchFailed
from deploy.launcher.lasting import running_addresses, token_of_running_world

_ALL_TAKEN, _SOME_REFUSED, _FAILED = 0, 1, 2
_COUNTS = ("created", "updated", "unchanged", "accepted", "duplicate", "rejected", "duplicates_in_file")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns the exit status."""
    chosen = _parser().parse_args(arguments)
    wanted = Wanted(chosen.file, chosen.kind, None if chosen.flags is None else [flag for flag in chosen.flags.split(",") if flag])
    try:
        client = Client(chosen.intake or running_addresses()["intake"], _token, _say)
        return _tell(client, client.put_in(wanted), chosen.file)
    except (ImportFailed, LaunchFailed, OSError) as failure:
        print(failure, file=sys.stderr)
        return _FAILED
    except KeyboardInterrupt:
        print("Interrupted; run this again to go on.", file=sys.stderr)
        return _FAILED


def _tell(client: Client, standing: dict[str, Any], file: Path) -> int:
    if standing["state"] == "failed":
        raise ImportFailed(f"Nothing of {file} was taken: {standing['problem']}")
    print(f"{standing['rows_read']:,} rows: " + ", ".join(f"{standing[name]:,} {name}" for name in _COUNTS if standing[name]))
    errors = file.with_name(f"{file.name}.errors.ndjson")
    if not standing["rejected"] and not standing["duplicates_in_file"]:
        errors.unlink(missing_ok=True)
        return _ALL_TAKEN
    client.keep_errors(standing["id"], errors)
    print(f"What was wrong with rows that were not taken: {errors}")
    return _SOME_REFUSED


def _token() -> str:
    """The caller's own, else one of this clone's development issuer."""
    return os.environ.get("FULLCIRCLE_TOKEN") or token_of_running_world(role="integration", rep="", sub="import")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.importing", description="Imports a CSV or NDJSON file into intake.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--kind", choices=("contacts", "engagements"), default="contacts", help="what the rows are (contacts)")
    parser.add_argument("--intake", default="", help="its address; of this clone's world unless given")
    parser.add_argument("--flags", default=None, help="for engagements: backfill (the default), test, or nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
