"""What a drill is: one fault, how it is brought about under load, and what else than the invariants must hold."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.faults.rig import Rig


@dataclass(frozen=True, slots=True)
class Drill:
    """`run` brings the fault about on a rig whose load goes on, and notes what must hold beside the invariants.

    `needs_room`: reps must never be full, because who got what is compared.
    """

    fault: str
    what: str
    run: Callable[[Rig], Awaitable[None]]
    needs_room: bool = False
