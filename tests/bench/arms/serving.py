"""Runs an application under the server, and the server's settings, that our services run under."""

import os
import socket

import uvicorn
from starlette.types import ASGIApp


def serve(app: ASGIApp) -> None:
    """Listens on BENCH_PORT until the process is ended; and on BENCH_SHARED_PORT, if there is one, among others that do."""
    config = uvicorn.Config(app, loop="uvloop", http="httptools", log_config=None, access_log=False, server_header=False)
    ports = [os.environ[name] for name in ("BENCH_PORT", "BENCH_SHARED_PORT") if name in os.environ]
    uvicorn.Server(config).run(sockets=[_listening(int(port)) for port in ports])


def _listening(port: int) -> socket.socket:
    """Of several that listen on a port the system gives each connection to one."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind(("127.0.0.1", port))
    return made
