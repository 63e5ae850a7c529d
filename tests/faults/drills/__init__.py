"""The faults, a module for each family."""

from tests.faults.drills import broker, copies, database, disorder, killed, membership, poison, slow_commits
from tests.faults.drills.drill import Drill

DRILLS: tuple[Drill, ...] = (
    *killed.DRILLS,
    *broker.DRILLS,
    *database.DRILLS,
    *copies.DRILLS,
    *disorder.DRILLS,
    *poison.DRILLS,
    *membership.DRILLS,
    *slow_commits.DRILLS,
)
"""All of them, in the order in which they are run."""
