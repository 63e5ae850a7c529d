"""The event contracts: one module per topic, each fact with its producer, consumers and version declared at its class.

Importing this package fills `REGISTRY`, from which topics, JSON Schemas and AsyncAPI are made.
"""

from shared.events import cases, catalog, contacts, engagements, erasures, feedback, field_force, leads, loop, texts
from shared.events.envelope import Event, RawHeaders, UnknownType, Unreadable, read_event
from shared.events.facts import REGISTRY, Contract, Fact
from shared.events.topics import TOPICS, Topic

__all__ = [
    "REGISTRY",
    "TOPICS",
    "Contract",
    "Event",
    "Fact",
    "RawHeaders",
    "Topic",
    "UnknownType",
    "Unreadable",
    "cases",
    "catalog",
    "contacts",
    "engagements",
    "erasures",
    "feedback",
    "field_force",
    "leads",
    "loop",
    "read_event",
    "texts",
]
