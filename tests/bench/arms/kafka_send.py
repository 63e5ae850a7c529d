"""The plain way with a broker: each request is told 202 once Kafka has acknowledged its body, idempotently, by all replicas."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from fastapi import FastAPI, Request, Response

from tests.bench.arms.serving import serve

TOPIC = "bench-plain"
_PARTITIONS = 3  # as many as ours


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    bootstrap = os.environ["BENCH_KAFKA"]
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(TOPIC, num_partitions=_PARTITIONS, replication_factor=1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    app.state.producer = producer
    yield
    await producer.stop()


app = FastAPI(lifespan=_lifespan)


@app.get("/livez")
async def livez() -> dict[str, str]:
    return {"status": "alive"}


@app.post("/v1/webhooks/{source}", status_code=202)
async def take(source: str, request: Request) -> Response:
    await request.app.state.producer.send_and_wait(TOPIC, await request.body())
    return Response(b'{"taken":true}', status_code=202, media_type="application/json")


if __name__ == "__main__":
    serve(app)
