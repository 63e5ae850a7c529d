"""Topics that only the plain arms use."""

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.events import TOPICS


async def make_topic(bootstrap: str, name: str) -> None:
    """With as many partitions as ours, unless it is there."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        if name not in await admin.list_topics():
            await admin.create_topics([NewTopic(name, num_partitions=TOPICS[0].partitions, replication_factor=1)])
    finally:
        await admin.close()
