"""The contracts are a product: every schema is committed, every type has an example, and no free text can travel."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from pydantic import BaseModel, ValidationError

from shared.events import REGISTRY, TOPICS, Contract, Event, UnknownType, Unreadable, read_event
from shared.events.schemas import CONTRACTS, path_of, schema_of

EXAMPLES = sorted((CONTRACTS / "examples").glob("*/*.json"))

# The topics that may carry text: names of people only on contacts, approved content and a rep's own name on the others.
TOPICS_WITH_TEXT = {"contacts", "catalog", "field-force"}

contracts = pytest.mark.parametrize("contract", REGISTRY.values(), ids=list(REGISTRY))


@contracts
def test_the_committed_schema_is_the_one_the_code_makes(contract: Contract) -> None:
    assert json.loads(path_of(contract).read_text()) == schema_of(contract), "run `python -m shared.events.schemas`"


def test_there_is_no_schema_without_a_contract() -> None:
    assert set((CONTRACTS / "schemas").glob("*.json")) == {path_of(contract) for contract in REGISTRY.values()}


@contracts
def test_every_contract_has_an_example_and_a_reader(contract: Contract) -> None:
    assert any(path.parent.name == contract.event_type for path in EXAMPLES)
    assert contract.consumers
    assert contract.topic in TOPICS
    assert contract.fact.__doc__


@pytest.mark.parametrize("path", EXAMPLES, ids=[f"{path.parent.name}:{path.stem}" for path in EXAMPLES])
def test_an_example_reads_as_its_contract_and_says_nothing_more(path: Any) -> None:
    body = json.loads(path.read_text())
    fact = REGISTRY[path.parent.name].fact.model_validate_json(path.read_text())
    assert set(body) <= set(type(fact).model_fields)
    assert fact.key()


@contracts
def test_only_topics_made_for_text_have_fields_for_text(contract: Contract) -> None:
    if contract.topic.name in TOPICS_WITH_TEXT:
        return
    schema = contract.fact.model_json_schema()
    for path, field in _strings(schema, schema.get("$defs", {})):
        assert "pattern" in field or "format" in field or "enum" in field or "const" in field, f"{path} could carry free text"


def _strings(schema: dict[str, Any], definitions: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rsplit("/", 1)[1]]
    if schema.get("type") == "string":
        yield path, schema
    for name, part in schema.get("properties", {}).items():
        yield from _strings(part, definitions, f"{path}.{name}")
    for part in [
        *schema.get("anyOf", []),
        *[schema[word] for word in ("items", "additionalProperties") if isinstance(schema.get(word), dict)],
    ]:
        yield from _strings(part, definitions, path)


def _event() -> Event:
    body = (CONTRACTS / "examples/engagement.recorded/a_click_in_an_email.json").read_text()
    fact = REGISTRY["engagement.recorded"].fact.model_validate_json(body)
    now = datetime(2026, 3, 2, 15, tzinfo=UTC)
    return Event.of(fact, occurred_at=now, recorded_at=now, correlation_id=uuid4(), causation_id=uuid4())


def _record(event: Event) -> tuple[bytes, list[tuple[str, bytes | None]]]:
    return event.body.encode(), [(name, value.encode()) for name, value in event.headers.items()]


def test_an_event_reads_back_as_it_was_written() -> None:
    event = _event()
    value, headers = _record(event)
    assert read_event(value=value, headers=headers) == event


def test_the_official_cloudevents_library_reads_our_events() -> None:
    event = _event()
    value, headers = _record(event)
    read = from_binary_event(KafkaMessage(headers={k: v for k, v in headers if v is not None}, key=event.fact.key(), value=value))
    assert read.get_id() == str(event.id)
    assert read.get_type() == "engagement.recorded"
    assert read.get_source() == "/fullcircle/intake"
    assert read.get_extension("correlationid") == str(event.correlation_id)
    assert read.get_data() == json.loads(event.body)


def test_fields_a_consumer_does_not_know_are_ignored() -> None:
    event = _event()
    value, headers = _record(event)
    newer = json.dumps({**json.loads(value), "added_later": 1}).encode()
    assert read_event(value=newer, headers=headers) == event


def _spoilt(header: str, value: bytes | None) -> list[tuple[str, bytes | None]]:
    return [(name, value if name == header else raw) for name, raw in _record(_event())[1]]


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        pytest.param(None, _record(_event())[1], id="no value"),
        pytest.param(b"{", _record(_event())[1], id="broken JSON"),
        pytest.param(b"[]", _record(_event())[1], id="not an object"),
        pytest.param(b"{}", _record(_event())[1], id="fields missing"),
        pytest.param(b"\xff\xfe", _record(_event())[1], id="not UTF-8"),
        pytest.param(_record(_event())[0], [], id="no headers"),
        pytest.param(_record(_event())[0], _spoilt("ce_id", b"\xff"), id="a header that is not UTF-8"),
        pytest.param(_record(_event())[0], _spoilt("ce_id", b"17"), id="an id that is no UUID"),
        pytest.param(_record(_event())[0], _spoilt("ce_id", None), id="a header without a value"),
        pytest.param(_record(_event())[0], _spoilt("ce_time", b"yesterday"), id="a time that is none"),
        pytest.param(_record(_event())[0], _spoilt("ce_time", b"2026-01-01T00:00:00"), id="a time without a zone"),
        pytest.param(_record(_event())[0], _spoilt("ce_dataschema", b"urn:fullcircle:engagement.recorded:2"), id="a later major version"),
        pytest.param(_record(_event())[0], _spoilt("ce_specversion", b"9"), id="another envelope"),
    ],
)
def test_what_can_never_be_read_is_unreadable(value: bytes | None, headers: list[tuple[str, bytes | None]]) -> None:
    with pytest.raises(Unreadable) as unreadable:
        read_event(value=value, headers=headers)
    assert "hcp-0042" not in str(unreadable.value)


def test_a_type_without_a_contract_is_told_apart_from_a_broken_event() -> None:
    with pytest.raises(UnknownType):
        read_event(value=b"{}", headers=_spoilt("ce_type", b"moon.landed"))


def test_a_fact_cannot_be_made_with_text_where_a_code_belongs() -> None:
    with pytest.raises(ValidationError):
        REGISTRY["case.opened"].fact.model_validate({"case_id": "x", "kind": "the patient felt unwell"})


def test_facts_are_frozen() -> None:
    fact: BaseModel = _event().fact
    with pytest.raises(ValidationError):
        fact.key_field = "other"  # type: ignore[attr-defined]
