"""The front half of a pipeline without any logic: a body and an outgoing message committed per request, relayed in batches to Kafka."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer
from fastapi import FastAPI, Request, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.bench.arms.serving import serve
from tests.bench.journeys import digest

TOPIC = "bench-null"

_RECEIPT = text("INSERT INTO null_receipts (id, body) VALUES (:id, :body)")
_OUTGOING = text("INSERT INTO null_outbox (id, body) VALUES (:id, :body)")
_TAKE = text("DELETE FROM null_outbox WHERE position IN (SELECT position FROM null_outbox ORDER BY position LIMIT 1000) RETURNING id, body")

engine = create_async_engine(os.environ.get("BENCH_DATABASE_URL", "postgresql+psycopg://"), pool_size=10, max_overflow=0)
filled = asyncio.Event()


async def _relay() -> None:
    producer = AIOKafkaProducer(bootstrap_servers=os.environ["BENCH_KAFKA"], acks="all", enable_idempotence=True)
    await producer.start()
    while True:
        await filled.wait()
        filled.clear()
        async with engine.begin() as connection:
            rows = (await connection.execute(_TAKE)).all()
            sent = [await producer.send(TOPIC, key=row.id.encode(), value=row.body.encode()) for row in rows]
            await asyncio.gather(*sent)


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    relaying = asyncio.create_task(_relay())
    yield
    relaying.cancel()


app = FastAPI(lifespan=_lifespan)


@app.get("/livez")
async def livez() -> dict[str, str]:
    return {"status": "alive"}


@app.post("/v1/webhooks/{source}", status_code=202)
async def take(source: str, request: Request) -> Response:
    body = await request.body()
    row = {"id": digest(body), "body": body.decode()}
    async with engine.begin() as connection:
        await connection.execute(_RECEIPT, row)
        await connection.execute(_OUTGOING, row)
    filled.set()
    return Response(b'{"taken":true}', status_code=202, media_type="application/json")


if __name__ == "__main__":
    serve(app)
