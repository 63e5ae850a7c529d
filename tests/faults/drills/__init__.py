"""The faults, a module for each family."""

from tests.faults.drills import broker
from tests.faults.drills.drill import Drill

DRILLS: tuple[Drill, ...] = (*broker.DRILLS,)
"""All of them, in the order in which they are run."""
