"""The back half of a pipeline without any logic: what arrives from Kafka is inserted and committed, then the offsets."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.bench.arms.null_door import TOPIC
from tests.bench.arms.serving import serve

_INSERT = text("INSERT INTO null_decisions (id, body) SELECT * FROM unnest(CAST(:ids AS text[]), CAST(:bodies AS text[]))")

engine = create_async_engine(os.environ.get("BENCH_DATABASE_URL", "postgresql+psycopg://"))


async def _consume(consumer: AIOKafkaConsumer) -> None:
    while True:
        batches = await consumer.getmany(timeout_ms=1_000)
        records = [record for batch in batches.values() for record in batch]
        if records:
            async with engine.begin() as connection:
                ids, bodies = [record.key.decode() for record in records], [record.value.decode() for record in records]
                await connection.execute(_INSERT, {"ids": ids, "bodies": bodies})
            await consumer.commit()


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    consumer = AIOKafkaConsumer(
        TOPIC, bootstrap_servers=os.environ["BENCH_KAFKA"], group_id="bench-null", auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    consuming = asyncio.create_task(_consume(consumer))
    yield
    consuming.cancel()
    await consumer.stop()


app = FastAPI(lifespan=_lifespan)


@app.get("/livez")
async def livez() -> dict[str, str]:
    return {"status": "alive"}


if __name__ == "__main__":
    serve(app)
