"""`GET /asyncapi`: the events a service says and hears, as an AsyncAPI 3.0 document made from the contract registry.

Made from the registry rather than from the subscribers: those take records raw, so a framework could only say "bytes" of them.
"""

from typing import Any

from shared.events import REGISTRY, TOPICS, Contract
from shared.events.facts import ServiceName
from shared.events.schemas import schema_of

_HEADERS = {
    "type": "object",
    "description": "CloudEvents 1.0 in Kafka's binary mode",
    "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_dataschema", "ce_time", "ce_recordedtime", "ce_correlationid"],
    "properties": {
        "ce_id": {"type": "string", "format": "uuid", "description": "This event; a redelivery has the same."},
        "ce_time": {"type": "string", "format": "date-time", "description": "When it happened."},
        "ce_recordedtime": {"type": "string", "format": "date-time", "description": "When the producer wrote it down."},
        "ce_correlationid": {"type": "string", "format": "uuid", "description": "The journey it belongs to."},
        "ce_causationid": {"type": "string", "format": "uuid", "description": "The event that caused it, if one did."},
        "traceparent": {"type": "string", "description": "W3C Trace Context of what said it, where that was traced."},
    },
}


def asyncapi_document(service: ServiceName) -> dict[str, Any]:
    """What the service sends and receives: a channel per topic, a message per event type, an operation per direction and topic."""
    sent = [contract for contract in REGISTRY.values() if service in contract.producers]
    received = [contract for contract in REGISTRY.values() if service in contract.consumers]
    involved = {contract.event_type: contract for contract in (*sent, *received)}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": f"Full Circle {service}", "version": "1"},
        "defaultContentType": "application/json",
        "channels": {
            topic.name: {
                "address": topic.name,
                "description": f"{topic.purpose} Keyed by {topic.keyed_by}.",
                "messages": {name: _reference("components/messages", name) for name, each in involved.items() if each.topic == topic},
            }
            for topic in TOPICS
            if any(each.topic == topic for each in involved.values())
        },
        "operations": {**_operations("send", sent), **_operations("receive", received)},
        "components": {"messages": {name: _message(contract) for name, contract in involved.items()}},
    }


def _operations(action: str, contracts: list[Contract]) -> dict[str, Any]:
    return {
        f"{action}.{topic.name}": {
            "action": action,
            "channel": _reference("channels", topic.name),
            "messages": [_reference(f"channels/{topic.name}/messages", each.event_type) for each in contracts if each.topic == topic],
        }
        for topic in TOPICS
        if any(each.topic == topic for each in contracts)
    }


def _message(contract: Contract) -> dict[str, Any]:
    return {
        "name": contract.event_type,
        "summary": (contract.fact.__doc__ or "").strip().splitlines()[0],
        "headers": _HEADERS,
        # The schema's own references lead to its `$defs`: as a schema of its own format it stays whole.
        "payload": {"schemaFormat": "application/schema+json;version=draft-2020-12", "schema": schema_of(contract)},
    }


def _reference(place: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/{place}/{name}"}
