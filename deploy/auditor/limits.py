"""The bounds that an invariant needs and does not name itself. Each can be given on the command line."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is too much. Times in seconds, memory in bytes."""

    delivery_delay_seconds: float = 2.0
    livez_seconds: float = 1.0
    memory_growth: float = 1.8
    memory_floor_bytes: int = 64 * 1024 * 1024
    memory_max_bytes: int = 1024 * 1024 * 1024
    open_files_max: int = 1_000
    connections_per_process: int = 10
    attempts_max: int = 10
    stuck_seconds: float = 120.0
