"""Runs faults against real processes under load: `python -m tests.faults --seed 7 --only F8`."""

import argparse
import json
import logging
import shutil
import sys
import tempfile
import time
from pathlib import Path

from deploy.launcher.failures import LaunchFailed
from deploy.launcher.world import running_world
from tests.faults.drills import DRILLS
from tests.faults.drills.drill import Drill
from tests.faults.rig import Plan
from tests.faults.run import Row, run_to_end
from tests.faults.table import table

_INTERRUPTED = 130  # as shells report a program ended by Ctrl-C


def main() -> int:
    """Runs what was asked for; the exit status is 0 when everything held."""
    arguments = _parser().parse_args()
    # Clients of a broker that is stopped on purpose have much to say about it.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        rows = [_run(drill, arguments) for drill in _wanted(arguments.only)]
    except LaunchFailed as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted; what this command had started is stopped.\n")
        return _INTERRUPTED
    _say("\n".join(["", *table(rows)]))
    return 0 if all(row["passed"] for row in rows) else 1


def _run(drill: Drill, arguments: argparse.Namespace) -> dict[str, object]:
    """A drill in a world of its own; one that the results already tell of is not run again."""
    if (known := _known(arguments, drill)) is not None:
        _say(f"{drill.fault} is in {arguments.results} already.")
        return known
    _say(f"{drill.fault}  {drill.what}")
    folder = Path(arguments.testimony or tempfile.mkdtemp(prefix="faults-")) / drill.fault
    shutil.rmtree(folder, ignore_errors=True)  # witnesses of another run know nothing of this world
    with running_world() as world:
        row = run_to_end(world, [drill], Plan(arguments.seed, arguments.short, arguments.rate), folder=folder, say=_say)
    _tell(row, folder)
    if arguments.results:
        with Path(arguments.results).open("a") as results:
            results.write(json.dumps(row.as_json()) + "\n")
    return row.as_json()


def _known(arguments: argparse.Namespace, drill: Drill) -> dict[str, object] | None:
    if not arguments.results or not Path(arguments.results).exists():
        return None
    rows = [json.loads(line) for line in Path(arguments.results).read_text().splitlines()]
    same = [row for row in rows if (row["fault"], row["seed"], row["is_short"]) == (drill.fault, arguments.seed, arguments.short)]
    passed = [row for row in same if row["passed"]]
    return passed[-1] if passed else None


def _tell(row: Row, folder: Path) -> None:
    _say(
        f"    {'passed' if row.passed else 'FAILED'} after {row.took_seconds:g} s; drained in {row.drain_seconds:g} s; testimony: {folder}"
    )


def _wanted(only: list[str] | None) -> list[Drill]:
    known = {drill.fault: drill for drill in DRILLS}
    unknown = [fault for fault in only or [] if fault not in known]
    if unknown:
        sys.exit(f"There is no fault {', '.join(unknown)}; there are {', '.join(known)}.")
    return [known[fault] for fault in only] if only else list(DRILLS)


def _say(line: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", nargs="*", metavar="FAULT", help="these alone, as in F8 F12 (default: all)")
    parser.add_argument("--seed", type=int, default=7, help="decides every choice of load and faults (default: %(default)s)")
    parser.add_argument("--short", action="store_true", help="few seconds each, a small load")
    parser.add_argument("--rate", type=float, metavar="N", help="webhooks a second, if not as many as usual")
    parser.add_argument("--results", metavar="FILE", help="a row per fault is appended here, and what has passed there is not run again")
    parser.add_argument("--testimony", metavar="FOLDER", help="where witnesses write (default: a new temporary folder)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
