"""Our relay, emptying an outbox that was filled beforehand."""

from shared.database import Database
from shared.relay import Relay
from tests.bench.trials import Move, run_trial


async def begin(*, database_url: str, bootstrap: str) -> Move:
    """The relay with its producer ready, once the first batch has left."""
    database = Database(database_url, application_name="bench-relay")
    relay = Relay(database=database, bootstrap=bootstrap)
    connection = await database.engine.connect()

    async def move(events: int) -> None:
        while events > 0:
            moved = await relay.run_once(connection)
            if not moved:
                raise RuntimeError("the outbox is empty too early")
            events -= moved

    return move


if __name__ == "__main__":
    run_trial(begin)
