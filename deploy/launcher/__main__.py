"""The launcher's commands, which the Makefile calls: up, down, addresses, token, clean-state."""

import argparse
import json
import sys

from deploy.launcher.failures import LaunchFailed
from deploy.launcher.interruptions import Terminated
from deploy.launcher.lasting import bring_up, remove_state, running_addresses, take_down, token_of_running_world

_INTERRUPTED = 130  # as shells report a program ended by Ctrl-C


def main() -> int:
    """Runs one command; returns the exit status."""
    arguments = _parser().parse_args()
    try:
        _run(arguments)
    except LaunchFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt as interruption:
        reason = "Terminated" if isinstance(interruption, Terminated) else "Interrupted"
        print(f"{reason}; what this command had started is stopped.", file=sys.stderr)
        return _INTERRUPTED
    return 0


def _run(arguments: argparse.Namespace) -> None:
    match arguments.command:
        case "up":
            _up()
        case "down":
            stopped = take_down(say=_say)
            print(f"Stopped {', '.join(stopped)}." if stopped else "Nothing of this clone was running.")
        case "addresses":
            print(json.dumps(running_addresses()))
        case "token":
            print(token_of_running_world(role=arguments.role, rep=arguments.rep, sub=arguments.sub))
        case "clean-state":
            print(f"Removed this clone's data in {remove_state(say=_say)}.")


def _up() -> None:
    world, was_started_here = bring_up(say=_say)
    print("Full Circle runs:" if was_started_here else "Full Circle already runs:")
    print(world.description())


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.launcher", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start everything and leave it running")
    commands.add_parser("down", help="stop what runs; the data stays")
    commands.add_parser("addresses", help="print where everything that runs is, as JSON")
    commands.add_parser("clean-state", help="delete this clone's data")
    token = commands.add_parser("token", help="print a bearer token")
    token.add_argument("--role", default="", help="one role or several, separated by commas")
    token.add_argument("--rep", default="", help="the rep_id claim")
    token.add_argument("--sub", default="", help="the sub claim")
    return parser


if __name__ == "__main__":
    sys.exit(main())
