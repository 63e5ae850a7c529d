"""Runs an application under the server, and the server's settings, that our services run under."""

import os
import socket

import uvicorn
from starlette.types import ASGIApp


def serve(app: ASGIApp) -> None:
    """Listens on BENCH_PORT until the process is ended, beside others that do: the system deals connections out among them."""
    config = uvicorn.Config(app, loop="uvloop", http="httptools", log_config=None, access_log=False, server_header=False)
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind(("127.0.0.1", int(os.environ["BENCH_PORT"])))
        uvicorn.Server(config).run(sockets=[listening])
