"""What the launcher checks, and a short-lived world tidies, on a Kafka server that it did not start."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.launcher.failures import LaunchFailed

_REQUEST_TIMEOUT_MS = 10_000

_Answer = TypeVar("_Answer")


def topics(bootstrap: str) -> set[str]:
    """The topics that the server holds; fails when none answers there."""

    async def read(admin: AIOKafkaAdminClient) -> set[str]:
        return set(await admin.list_topics())

    return _administer(bootstrap, read)


def delete_topics(bootstrap: str, names: set[str]) -> None:
    """Removes these topics, and with them what consumers remember of how far they had read."""

    async def delete(admin: AIOKafkaAdminClient) -> None:
        await admin.delete_topics(sorted(names))

    _administer(bootstrap, delete)


def _administer(bootstrap: str, act: Callable[[AIOKafkaAdminClient], Awaitable[_Answer]]) -> _Answer:
    async def run() -> _Answer:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=_REQUEST_TIMEOUT_MS)
        try:
            await admin.start()
            return await act(admin)
        except (KafkaError, ValueError) as failure:  # the latter for an address that can't be read
            raise LaunchFailed(f"The Kafka server at {bootstrap} (FULLCIRCLE_KAFKA_BOOTSTRAP) can't be used: {failure}") from failure
        finally:
            await admin.close()

    # In a thread of its own, because the caller may be inside a running event loop.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(run())).result()
