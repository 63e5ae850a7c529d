"""The topics on the broker: made from the registry, with their settings, by whoever finds them missing first."""

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from shared.events import TOPICS

_REQUEST_TIMEOUT_MS = 10_000
# Copies of each topic where the cluster has as many brokers.
_REPLICAS = 3


async def ensure_topics(bootstrap: str) -> None:
    """Creates the topics of the registry that the broker does not have, with their settings. Never changes one that is there."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=_REQUEST_TIMEOUT_MS)
    try:
        await admin.start()
        present = set(await admin.list_topics())
        missing = [topic for topic in TOPICS if topic.name not in present]
        if not missing:
            return
        replicas = min(_REPLICAS, len((await admin.describe_cluster())["brokers"]))
        answer = await admin.create_topics(
            [
                NewTopic(name=topic.name, num_partitions=topic.partitions, replication_factor=replicas, topic_configs=topic.settings)
                for topic in missing
            ]
        )
        for name, code, *_ in answer.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:
                raise error(name)
    finally:
        await admin.close()
