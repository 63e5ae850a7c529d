"""bulk: a file imported (checked, compared, applied, told) against COPY of the rows that makes into every table it fills."""

from collections.abc import Iterator

from tests.bench.ground import Ground
from tests.bench.imports import Imports
from tests.bench.protocol import Goal, Measured, Plan, Say, compare

GOAL = Goal(">=", 0.3)


def take(ground: Ground, plan: Plan, say: Say) -> Iterator[Measured]:
    """A directory of contacts, and a year of engagements."""
    say("bulk: rows of a file per second, from the first byte sent to the last row applied / COPY of what that fills, in one transaction")
    for kind in ("contacts", "engagements"):
        imports = Imports(ground, kind)
        yield compare(f"bulk@{kind}", ours=imports.imported, theirs=imports.copied, goal=GOAL, plan=plan, say=say)
