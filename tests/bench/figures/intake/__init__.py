"""What intake must be able to do, figure by figure, in the order in which `make bench-intake` takes them."""

from collections.abc import Callable, Iterator

from tests.bench.figures.intake import arrays, bulk, history, latency, memory, rates
from tests.bench.ground import Ground
from tests.bench.protocol import Measured, Plan, Say

INTAKE: dict[str, Callable[[Ground, Plan, Say], Iterator[Measured]]] = {
    "rates": rates.take,
    "arrays": arrays.take,
    "bulk": bulk.take,
    "latency": latency.take,
    "memory": memory.take,
    "history": history.take,
}
