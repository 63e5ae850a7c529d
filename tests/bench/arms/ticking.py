"""Rounds of ticking, one after the other, as the service does them: over clocks that are due, or where none is."""

from datetime import UTC, datetime

from routing.operations.clocks.ticking import tick_clocks
from shared.database import Database
from tests.bench.trials import Move, run_trial


async def begin(*, database_url: str, idle: str) -> Move:
    """Moves so many clocks that are due; if `idle` is "yes", so many rounds that find none."""
    database = Database(database_url, application_name="bench-ticking")

    async def move(events: int) -> None:
        acted = 0
        while acted < events:
            found = await tick_clocks(database, now=datetime.now(UTC))
            if bool(found) is (idle == "yes"):
                raise RuntimeError("there should be clocks that are due exactly where they are to be moved")
            acted += found or 1

    return move


if __name__ == "__main__":
    run_trial(begin)
