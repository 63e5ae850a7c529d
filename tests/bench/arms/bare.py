"""The least a FastAPI application can do with a webhook: read its body and say 202."""

from fastapi import FastAPI, Request, Response

from tests.bench.arms.serving import serve

app = FastAPI()


@app.get("/livez")
async def livez() -> dict[str, str]:
    return {"status": "alive"}


@app.post("/v1/webhooks/{source}", status_code=202)
async def take(source: str, request: Request) -> Response:
    await request.body()
    return Response(b'{"taken":true}', status_code=202, media_type="application/json")


if __name__ == "__main__":
    serve(app)
