"""`python -m tests.bench [P1 P2 ...] [--quick]`: takes the named figures, or all; the figures themselves are the last lines printed.

Ends with 0 whatever was measured: what a figure should be is written beside it, whether that matters is for its reader.
"""

import argparse
import sys
from collections.abc import Sequence

from tests.bench.figures import FIGURES
from tests.bench.figures.intake import INTAKE
from tests.bench.figures.routing import ROUTING
from tests.bench.ground import fsyncs_per_second, ground
from tests.bench.protocol import FULL, QUICK, Measured


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Takes figures: ratios of arms run in turn.")
    parser.add_argument("--intake", action="store_true", help=f"intake's own figures instead: {', '.join(INTAKE)}")
    parser.add_argument("--routing", action="store_true", help=f"routing's own figures instead: {', '.join(ROUTING)}")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(FIGURES)}; all of them unless named")
    parser.add_argument("--quick", action="store_true", help="one short round: shows that the figures can be taken, and no more")
    chosen = parser.parse_args(arguments)
    figures = INTAKE if chosen.intake else ROUTING if chosen.routing else FIGURES
    unknown = [name for name in chosen.names if name not in figures]
    if unknown:
        parser.error(f"there is no figure {', '.join(unknown)}; there are {', '.join(figures)}")
    taken: list[Measured] = []
    with ground() as started:
        _say(f"this disk takes {fsyncs_per_second(started.place):.0f} small writes a second, one after the other")
        # In their own order, whatever order they are named in: some leave behind what others must not find.
        for name in [each for each in figures if each in (chosen.names or figures)]:
            taken += figures[name](started, QUICK if chosen.quick else FULL, _say)
    for measured in taken:
        _say(measured.line)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
