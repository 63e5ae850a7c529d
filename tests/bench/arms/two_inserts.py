"""The plain way to make a webhook durable: each request commits a receipt and an outgoing message of its own."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.ids import new_id
from tests.bench.arms.serving import serve

_TABLES = (
    "DROP TABLE IF EXISTS plain_receipts, plain_outbox",
    "CREATE TABLE plain_receipts (id uuid PRIMARY KEY, source text NOT NULL, body bytea NOT NULL, received_at timestamptz NOT NULL)",
    "CREATE TABLE plain_outbox (position bigserial PRIMARY KEY, event_id uuid NOT NULL, topic text NOT NULL, body text NOT NULL)",
)
_RECEIPT = text("INSERT INTO plain_receipts (id, source, body, received_at) VALUES (:id, :source, :body, now())")
_OUTGOING = text("INSERT INTO plain_outbox (event_id, topic, body) VALUES (:id, 'engagements', :body)")

engine = create_async_engine(os.environ.get("BENCH_DATABASE_URL", "postgresql+psycopg://"), pool_size=10, max_overflow=0)


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        for statement in _TABLES:
            await connection.execute(text(statement))
    yield
    await engine.dispose()


app = FastAPI(lifespan=_lifespan)


@app.get("/livez")
async def livez() -> dict[str, str]:
    return {"status": "alive"}


@app.post("/v1/webhooks/{source}", status_code=202)
async def take(source: str, request: Request) -> Response:
    body = await request.body()
    receipt_id = new_id()
    async with engine.begin() as connection:
        await connection.execute(_RECEIPT, {"id": receipt_id, "source": source, "body": body})
        await connection.execute(_OUTGOING, {"id": receipt_id, "body": body.decode()})
    return Response(b'{"taken":true}', status_code=202, media_type="application/json")


if __name__ == "__main__":
    serve(app)
