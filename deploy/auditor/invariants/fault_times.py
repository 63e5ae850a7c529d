"""When something was broken on purpose, and until when it may still have shown."""

from collections.abc import Callable
from datetime import datetime, timedelta

from deploy.auditor.evidence import Evidence

# Faults of endpoints disturb nobody but those endpoints: that is what is tried.
_OF_ENDPOINTS = ("F28", "F29")


def disturbed(evidence: Evidence) -> Callable[[datetime], bool]:
    """Tells of a moment whether a fault lasted then, or its recovery may still have."""
    spans = [
        (fault.at, fault.ended_at + timedelta(seconds=fault.recovery_seconds_max))
        for fault in evidence.witnessed.faults
        if fault.fault not in _OF_ENDPOINTS
    ]
    return lambda at: any(began <= at <= over for began, over in spans)
