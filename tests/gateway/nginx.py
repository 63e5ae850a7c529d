"""The project's own gateway on this machine: a real nginx with the deployment's configuration, led to instances the test names."""

import asyncio
import contextlib
import os
import pwd
import re
import shutil
import socket
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from deploy.launcher.places import CHECKOUT
from deploy.launcher.ports import unused_port
from tests.polling import until

_FOLDER = CHECKOUT / "deploy" / "compose" / "gateway"


def configuration(folder: Path, *, port: int, instances: Sequence[int], mode: str) -> str:
    """The deployment's nginx.conf, changed where a machine differs from a container and nowhere else.

    It listens on loopback, writes to the folder, and finds intake's instances by their ports, not by Docker's names; the other
    services are where nothing listens.
    """
    # First of all: the checkout itself may lie in such a folder.
    text = (_FOLDER / "nginx.conf").read_text().replace("/tmp/", f"{folder}/")
    servers = " ".join(f"server 127.0.0.1:{instance} max_fails=0;" for instance in instances)
    for old, new in (
        ("listen 8080;", f"listen 127.0.0.1:{port};"),
        ("listen 127.0.0.1:8081;", f"listen 127.0.0.1:{unused_port()};"),
        ("/etc/nginx/mode/", f"{_FOLDER / mode}/"),
        ("http {", f"http {{\n    upstream intake {{ {servers} }}"),
    ):
        assert text.count(old) == 1, f"nginx.conf says {old} {text.count(old)} times"
        text = text.replace(old, new)
    text = text.replace("http://intake:8001;", "http://intake;").replace("/dev/stdout", f"{folder}/access.log")
    text = text.replace("/dev/stderr crit", f"{folder}/error.log warn")
    return re.sub(r"http://(routing|feedback|reporting|issuer):\d+;", f"http://127.0.0.1:{unused_port()};", text)


@contextlib.asynccontextmanager
async def gateway(folder: Path, *, instances: Sequence[int], mode: str = "production") -> AsyncIterator[int]:
    """The port of a gateway that leads to these instances of intake."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program, "needs nginx: install your system's package nginx, as `make test-gateway` does where it may"
    port = unused_port()
    file = folder / "nginx.conf"
    file.write_text(configuration(folder, port=port, instances=instances, mode=mode))
    # As whoever runs the tests, root too: the folder is closed to others.
    options = ("-c", str(file), "-p", str(folder), "-g", f"daemon off; user {pwd.getpwuid(os.geteuid()).pw_name};")
    process = await asyncio.create_subprocess_exec(program, *options)
    try:
        await until(lambda: process.returncode is not None or _is_listening(port), what="nginx's start")
        assert process.returncode is None, "nginx refuses its configuration"
        yield port
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
