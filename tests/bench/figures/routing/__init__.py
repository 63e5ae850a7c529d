"""What routing must be able to do, figure by figure, in the order in which `make bench-routing` takes them."""

from collections.abc import Callable, Iterator

from tests.bench.figures import p9, p12
from tests.bench.figures.routing import consumer, past, simulation, statements, ticks
from tests.bench.ground import Ground
from tests.bench.protocol import Measured, Plan, Say

ROUTING: dict[str, Callable[[Ground, Plan, Say], Iterator[Measured]]] = {
    "latency": p9.take,
    "consumer": consumer.take,
    "statements": statements.take,
    "decisions": p12.take,
    "past": past.take,
    "simulation": simulation.take,
    "ticks": ticks.take,
}
