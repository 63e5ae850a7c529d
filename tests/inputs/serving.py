"""An application behind a real server on this machine, where what matters is the connection."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import uvicorn
from fastapi import FastAPI

from tests import tokens
from tests.polling import until


@contextlib.asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[int]:
    """The port it listens on. Tokens of the tests are good there."""
    async with tokens.verifier() as verifier:
        app.state.token_verifier = verifier
        server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False, lifespan="off"))
        task = asyncio.create_task(server.serve())
        try:
            await until(lambda: server.started, what="the server's start")
            yield server.servers[0].sockets[0].getsockname()[1]
        finally:
            server.should_exit = True
            await task
