"""What the auditor knows of the services: who they are, what they say and hear. Its own knowledge, so that it is none of theirs."""

from collections.abc import Mapping

SERVICES = ("intake", "routing", "feedback", "reporting")
TOPICS = ("contacts", "catalog", "field-force", "engagements", "leads", "feedback", "cases", "loop")

# Of these topics only the latest event per key stays.
COMPACTED = frozenset({"contacts", "catalog", "field-force"})

HEARS: Mapping[str, frozenset[str]] = {
    "routing": frozenset({"contacts", "catalog", "engagements", "feedback"}),
    "feedback": frozenset({"contacts", "field-force", "leads", "loop"}),
    "reporting": frozenset(TOPICS) - {"loop"},
}
"""The topics each service applies. Reporting keeps its own events on `loop` where it makes them."""
