"""Which loopback ports a world listens on, and whether they can be had."""

import os
import random
import socket
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from deploy.launcher.failures import LaunchFailed

LOOPBACK = "127.0.0.1"

# Below the range from which Linux and macOS take the ports of outgoing connections: a port picked here
# can't be lost to a client between picking and listening.
_FREE_PORT_RANGE = range(20_000, 32_000)


@dataclass(frozen=True, kw_only=True)
class Ports:
    """One port per process that listens."""

    intake: int = 8001
    routing: int = 8002
    feedback: int = 8003
    reporting: int = 8004
    issuer: int = 8005
    kafka: int = 9092
    postgres: int = 5433  # one beside PostgreSQL's usual 5432, where a machine's own server listens

    def of(self, name: str) -> int:
        """The port of the process of that name."""
        ports: dict[str, int] = asdict(self)
        return ports[name]


def ports_from_environment() -> Ports:
    """The usual ports, each moved by `FULLCIRCLE_<NAME>_PORT` where that is set."""
    moved = {name: _port_from(_variable(name), usual) for name, usual in asdict(Ports()).items()}
    for name, port in moved.items():
        twin = next(other for other, its_port in moved.items() if its_port == port)
        if twin != name:
            raise LaunchFailed(f"{twin} and {name} are both given port {port}; set {_variable(name)} to another one.")
    return Ports(**moved)


def unused_ports() -> Ports:
    """Ports that nothing listens on now, for a world that must not meet another one."""
    names = list(asdict(Ports()))
    found: list[int] = []
    while len(found) < len(names):
        port = unused_port()
        if port not in found:
            found.append(port)
    return Ports(**dict(zip(names, found, strict=True)))


def unused_port() -> int:
    """A loopback port that nothing listens on now."""
    for port in random.sample(_FREE_PORT_RANGE, k=len(_FREE_PORT_RANGE)):
        if is_unused(port):
            return port
    raise LaunchFailed(f"No port between {_FREE_PORT_RANGE.start} and {_FREE_PORT_RANGE.stop} is free on {LOOPBACK}.")


def require_unused(ports: Ports, names: Iterable[str]) -> None:
    """Fails, naming the first port that is taken and the variable that moves it."""
    for name in names:
        if not is_unused(ports.of(name)):
            raise LaunchFailed(
                f"Port {ports.of(name)} of {LOOPBACK}, which {name} needs, is already in use; "
                f"stop what listens there or set {_variable(name)} to another port."
            )


def is_unused(port: int) -> bool:
    """Whether a server could listen on that loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections of a server that just ended must not make its port look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _variable(name: str) -> str:
    return f"FULLCIRCLE_{name.upper()}_PORT"


def _port_from(variable: str, usual: int) -> int:
    written = os.environ.get(variable, "")
    if not written:
        return usual
    if not (written.isascii() and written.isdigit() and 1 <= int(written) <= 65_535):
        raise LaunchFailed(f"{variable} is {written!r}; it must be a port number from 1 to 65535.")
    return int(written)
