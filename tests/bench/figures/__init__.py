"""The figures, by name, in the order in which `make bench` takes them. Each is one module that takes one or more lines."""

from collections.abc import Callable, Iterator

from tests.bench.figures import p1, p1b, p2, p4, p6, p9, p10, p12
from tests.bench.ground import Ground
from tests.bench.protocol import Measured, Plan, Say

Figure = Callable[[Ground, Plan, Say], Iterator[Measured]]

FIGURES: dict[str, Figure] = {
    "P1": p1.take,
    "P1b": p1b.take,
    "P2": p2.take,
    "P4": p4.take,
    "P6": p6.take,
    "P9": p9.take,
    "P10": p10.take,
    "P12": p12.take,
}
