"""Plays the demo in a world of its own, with --keep in this clone's world, or with --against in a deployment that runs."""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from deploy.demo.checks import CannotGoOn, Checks, Say
from deploy.demo.deployment import TOKEN_COMMAND, Deployment, deployment_behind
from deploy.demo.play import play
from deploy.launcher.failures import LaunchFailed
from deploy.launcher.lasting import kept_world
from deploy.launcher.world import World, running_world

_OPENING = "Full Circle plays one launch, from the first click to what changed because of it.\n"
_INTERRUPTED = 130  # as shells report a program ended by Ctrl-C


def main() -> int:
    """Plays once; returns the exit status: 0 when every expectation was met."""
    parser = argparse.ArgumentParser(prog="python -m deploy.demo", description=__doc__)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--keep", action="store_true", help="play in this clone's world and leave it running")
    where.add_argument("--against", metavar="ORIGIN", help="play in the deployment whose gateway is there, as in http://localhost:8080")
    parser.add_argument("--token-command", default=TOKEN_COMMAND, help="prints a token of that deployment (default: %(default)s)")
    parser.add_argument("--endpoint-listens", default="127.0.0.1", help="the address marketing's endpoint listens on, for --against")
    parser.add_argument("--endpoint-host", default="127.0.0.1", help="the name by which that deployment reaches the endpoint")
    arguments = parser.parse_args()
    try:
        return _play_against(arguments) if arguments.against else _play_in_a_world(is_kept=arguments.keep)
    except (LaunchFailed, CannotGoOn, httpx.TransportError) as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; what the demo had started is stopped.", file=sys.stderr)
        return _INTERRUPTED


def _play_in_a_world(*, is_kept: bool) -> int:
    print(_OPENING)
    say = _progress()
    with _world(is_kept=is_kept, say=say) as world:
        checks = _play(Deployment(world.addresses, world.token), say=say)
        if is_kept:
            print(f"Full Circle stays running:\n{world.description()}")
            print("To look around as a rep of this story: make token ROLE=rep REP=rep-boston-1\n")
    return _verdict(checks)


def _play_against(arguments: argparse.Namespace) -> int:
    print(_OPENING)
    deployment = deployment_behind(
        arguments.against,
        token_command=arguments.token_command,
        endpoint_listens=arguments.endpoint_listens,
        endpoint_host=arguments.endpoint_host,
    )
    return _verdict(_play(deployment, say=_progress()))


def _play(deployment: Deployment, *, say: Say) -> Checks:
    checks, story = play(deployment, say=say)
    print()
    print("\n".join(story))
    print()
    return checks


@contextmanager
def _world(*, is_kept: bool, say: Say) -> Iterator[World]:
    with kept_world(say=say) if is_kept else running_world(say=say) as world:
        yield world


def _verdict(checks: Checks) -> int:
    if not checks.failures:
        print(f"{checks.passed} checks passed")
        return 0
    print(f"{len(checks.failures)} of {checks.passed + len(checks.failures)} checks failed:")
    for failure in checks.failures:
        print(failure)
    return 1


def _progress() -> Say:
    """Prints each line with the seconds since the beginning."""
    begun = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - begun:6.1f} s  {line}", flush=True)

    return say


if __name__ == "__main__":
    sys.exit(main())
