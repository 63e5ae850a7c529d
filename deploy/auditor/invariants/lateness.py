"""Whether things are late as a rule: one of many, or a single hiccup of the machine, is none."""

from collections.abc import Sequence
from math import inf

_OF_A_HUNDRED = 0.01
_HICCUPS = 2


def too_many_late(seconds: Sequence[float], *, bound: float) -> str | None:
    """How many of how many were later than the bound, if that is more than one of a hundred and more than two; else None.

    What never came took infinitely long.
    """
    late = sum(one > bound for one in seconds)
    if late <= max(_HICCUPS, len(seconds) * _OF_A_HUNDRED):
        return None
    worst = f"the worst {max(seconds):.2f} s" if max(seconds) < inf else "some not at all"
    return f"{late} of {len(seconds)} later than {bound:g} s, {worst}"
