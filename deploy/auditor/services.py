"""What the auditor knows of the services: who they are, what they say and hear. Its own knowledge, so that it is none of theirs."""

from collections.abc import Mapping

SERVICES = ("intake", "routing", "feedback", "reporting")
TOPICS = ("contacts", "catalog", "field-force", "engagements", "leads", "feedback", "sealed-texts", "cases", "loop", "erasures")

# The version of somebody who was erased, wherever their place is kept. Nothing is told of them any more.
ERASED_VERSION = 2**31 - 1

# Beside their pool processes keep connections for what is hot: intake one for its batches, routing one for each consumer that keeps plans.
CONNECTIONS_OF_THEIR_OWN: Mapping[str, int] = {"intake": 1, "routing": 3}

# Of these topics only the latest event per key stays.
COMPACTED = frozenset({"contacts", "catalog", "field-force"})

# Sealed for feedback alone: reporting doesn't hear of them, and counts none.
UNCOUNTED = frozenset({"sealed-texts"})

HEARS: Mapping[str, frozenset[str]] = {
    "intake": frozenset({"feedback", "erasures"}),
    "routing": frozenset({"contacts", "catalog", "engagements", "feedback", "erasures"}),
    "feedback": frozenset({"contacts", "field-force", "leads", "loop", "sealed-texts", "erasures"}),
    "reporting": frozenset(TOPICS) - {"loop", "sealed-texts"},
}
"""The topics each service applies. Reporting keeps its own events on `loop` where it makes them, and has no business with sealed texts."""
