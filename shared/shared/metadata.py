"""How Kafka's clients ask where topics are while nobody answers."""

import asyncio
from typing import Any

_PAUSE_SECONDS = 0.1


def ask_with_pauses(client: Any) -> None:
    """Has an aiokafka client that got no answer wait a moment before it asks again.

    Left alone, a producer that lost its leaders asks for them without a pause: thousands of times a second, with a core to itself and a
    line in the log each time, for as long as the broker is away.
    """
    ask = client._metadata_update

    async def ask_and_wait(*arguments: Any) -> bool:
        answered: bool = await ask(*arguments)
        if not answered:
            await asyncio.sleep(_PAUSE_SECONDS)
        return answered

    client._metadata_update = ask_and_wait
