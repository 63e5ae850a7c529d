"""Routing's own consumer of engagements, alone in a process: records read and believed, the inbox, ledgers, leads, owners, one commit."""

from routing.subscribers import on_engagements
from tests.bench.arms.consuming import consumer_of
from tests.bench.trials import Move, run_trial


async def begin(*, database_url: str, bootstrap: str, group: str) -> Move:
    """A service with one consumer, of a group that begins where its offsets were put."""
    return consumer_of(on_engagements, name="deciding", database_url=database_url, bootstrap=bootstrap, group=group)


if __name__ == "__main__":
    run_trial(begin)
