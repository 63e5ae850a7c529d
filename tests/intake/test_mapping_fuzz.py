"""Any mapping document, any body: each item gets a verdict, no exception escapes, and the time is bounded."""

import contextlib
import json
import time
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from intake.decisions.acts import ATTRIBUTES, Act, Ignored, Rejected
from intake.decisions.adapters import Adapter, SourceFacts
from intake.decisions.adapters.bodies import ITEMS_MAX
from intake.decisions.mappings import MappingDocument, adapter_of
from intake.decisions.mappings.trials import Kept, items_of, shown
from intake.decisions.signatures import SignedRequest, trust_of
from intake.mappings import SHIPPED
from shared.events.engagements import ENGAGEMENT_KINDS
from tests.intake import vendor_bodies as bodies
from tests.intake.test_mappings import PODIUM, entry, podium
from tests.intake.vendor_bodies import as_form, as_json
from tests.intake.vendor_types import DOCUMENTED

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SOURCE = SourceFacts("any")

NAMES = st.sampled_from(["a", "b", "c", "id", "at", "email"])
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30) | st.sampled_from(["ada@clinic.test", "2026-03-02T10:15:00Z", "1772446500", "x", "true", "https://brand.test/?utm_campaign=%00"])
)  # fmt: skip
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5), max_leaves=25)
EVENTS = st.fixed_dictionaries(
    {
        "a": st.sampled_from(["x", "x", "x", "1", 1, True]),
        "b": JSON,
        "id": st.sampled_from([7, "G-7", "1234567893"]) | SCALARS,
        "at": st.sampled_from(["2026-03-02T10:15:00Z", "2026-03-02 10:15", 1_772_446_500, "1772446500000", "02.03.2026 10:15"]) | SCALARS,
        "email": st.just("ada@clinic.test") | JSON,
    }
)
BODIES = st.one_of(EVENTS, st.lists(EVENTS, min_size=1, max_size=3), st.lists(EVENTS, min_size=1, max_size=3), JSON)

PATHS = st.recursive(
    st.sampled_from(["a", "b", "b.c", "b.a.b", "id", "at", "email", "@", "'x'", "`1`", "c", "c.a", "length(b)", "contains(b, 'x')"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(" || ".join),
        st.tuples(inner, inner).map(" && ".join),
        st.tuples(inner, NAMES).map(".".join),
        inner.map(lambda path: f"{path} | [0]"),
        inner.map(lambda path: f"a[?{path}]"),
        inner.map(lambda path: f"a[?contains(@, 'x') || {path} == `1`].b"),
    ),
    max_leaves=3,
)
CODES = st.dictionaries(st.sampled_from(["x", "1", "true"]), st.sampled_from(["one", "two"]), min_size=1)


@st.composite
def meanings(draw: st.DrawFn, depth: int = 2) -> dict[str, Any]:
    form = draw(st.sampled_from(["kind", "ignored", "by"] if depth else ["kind", "ignored"]))
    if form == "ignored":
        return {"ignored": draw(st.sampled_from(["record_only", "no_kind"]))}
    if form == "by":
        kinds = draw(st.dictionaries(st.sampled_from(["x", "1", "true"]), meanings(depth=depth - 1), min_size=1, max_size=2))
        return {"by": draw(PATHS), "kinds": kinds, **({"otherwise": draw(meanings(depth=depth - 1))} if draw(st.booleans()) else {})}
    kind = draw(st.sampled_from(ENGAGEMENT_KINDS))
    attributes = {name: {"path": draw(PATHS), **({"codes": draw(CODES)} if draw(st.booleans()) else {})} for name in ATTRIBUTES[kind]}  # type: ignore[index]
    answers = {"answers": {"size": {"path": draw(PATHS), "codes": draw(CODES)}}} if kind == "form_submitted" else {}
    return {"kind": kind, "machine": draw(st.booleans()), "attributes": attributes, **answers}


FORMS_OF_TIME = st.sampled_from(
    [
        *({"format": form} for form in ("rfc_3339", "epoch_seconds", "epoch_milliseconds")),
        *({"format": "written", "zone": zone} for zone in ("UTC", "Europe/Berlin")),
        {"format": "written", "pattern": "%d.%m.%Y %H:%M", "zone": "UTC"},
    ]
)
TIMES = st.builds(lambda path, form: {"path": path, **form}, st.sampled_from(["at", "at", "b || at"]), FORMS_OF_TIME)
PERSONS = {
    "platform_id": st.sampled_from(["id", "id", "id", "email", "b || id"]),
    "emails": st.lists(PATHS, max_size=2),
    "external_ids": st.just({"npi": "id"}),
}
DOCUMENTS = st.fixed_dictionaries(
    {
        "title": st.just("Any"),
        "body": st.sampled_from(["json", "json", "json", "form"]),
        "items": st.sampled_from([None, None, None, None, "@", "b", "b.a[]"]),
        "type": st.sampled_from(["a", "a", "a", "a", "b", "id || a", "'x'"]),
        "kinds": st.builds(
            lambda of_x, others: {**others, "x": of_x}, meanings(), st.dictionaries(st.sampled_from(["1", "true"]), meanings())
        ),
        "identity": st.fixed_dictionaries({"parts": st.lists(PATHS, max_size=3), "but": st.lists(NAMES, max_size=2)}),
        "occurred_at": st.lists(TIMES, max_size=3),
        "person": st.fixed_dictionaries(PERSONS),
        "marks": st.lists(st.builds(lambda kind, path: {"kind": kind, "path": path}, st.sampled_from(["url", "form"]), PATHS), max_size=3),
        "machine": st.lists(PATHS, max_size=2),
        "proof": st.just(PODIUM["proof"]) | st.just({"secrets": ["basic"]}),
    }
)


def check(adapter: Adapter, body: bytes) -> None:
    items = items_of(Kept(body, {}, received_at=NOW), adapter, SOURCE)
    assert isinstance(items, list)
    for item in items:
        assert isinstance(item, Act | Ignored | Rejected)
        orjson.dumps(shown(item))
        if isinstance(item, Act):
            assert 0 < len(item.identity) <= 200
            assert "@" not in item.identity
            assert item.person
            assert all(isinstance(value, bool | int | float) or value in ("one", "two") for value in item.attributes.values())


@given(st.text(min_size=1, max_size=20))
def test_no_pattern_of_a_time_breaks_anything(pattern: str) -> None:
    with contextlib.suppress(ValidationError):
        adapter = podium(occurred_at=[{"path": "um", "format": "written", "zone": "UTC", "pattern": pattern}])
        check(adapter, as_json({"batch": {"entries": [entry(), entry(um=pattern)]}}))


@given(DOCUMENTS, BODIES, st.dictionaries(st.text(alphabet="ab[]", max_size=8) | NAMES, st.text(max_size=20), max_size=6))
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_any_mapping_reads_any_body_into_verdicts(document: dict[str, Any], value: Any, form: dict[str, str]) -> None:
    try:
        adapter = adapter_of(MappingDocument.model_validate_json(json.dumps(document)))
    except ValidationError:
        return
    body = as_json(value) if document["body"] == "json" else as_form(form)
    check(adapter, body)
    request = SignedRequest(method="POST", uri="https://here.test/", body=body, headers={"x-podium": ["00"]})
    assert trust_of(request, recipe=adapter.recipe, secrets=["a secret"], now=NOW) is None


@given(JSON)
def test_any_document_is_a_mapping_or_says_which_field_is_wrong(document: Any) -> None:
    for candidate in (document, {**PODIUM, **document} if isinstance(document, dict) else document, {**PODIUM, "kinds": document}):
        with contextlib.suppress(ValidationError):
            adapter_of(MappingDocument.model_validate_json(json.dumps(candidate)))


Documented = tuple[str, str, dict[str, Any], str]
SPOILT = st.sampled_from([row for row in DOCUMENTED if row[3] not in ("record_only", "no_kind")])


@given(SPOILT, st.data())
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_a_shipped_mapping_reads_its_platforms_events_whatever_is_wrong_in_them(row: Documented, data: st.DataObject) -> None:
    platform, event, changes, _ = row
    value = getattr(bodies, platform)(event, **changes)
    inner = value
    while True:
        key = data.draw(st.sampled_from(sorted(inner)) if isinstance(inner, dict) else st.integers(0, len(inner) - 1))
        if not isinstance(inner[key], dict | list) or not inner[key] or data.draw(st.booleans()):
            break
        inner = inner[key]
    is_form = platform in ("mailchimp", "activecampaign")
    inner[key] = data.draw(st.text(max_size=30)) if is_form else data.draw(JSON)
    for item in items_of(Kept(as_form(value) if is_form else as_json(value), {}, NOW), SHIPPED[platform], SOURCE):
        assert isinstance(item, Act | Ignored | Rejected)
        if isinstance(item, Act):
            assert "@" not in item.identity


DEAR = podium(
    items=None,
    marks=[{"kind": "page", "path": "a[?b[?c[?d]]] | [?e] | [?f] | [?g] | [?h]"} for _ in range(20)],
    machine=["a[][][][][][]" for _ in range(6)],
)


@pytest.mark.parametrize(
    "body",
    [
        as_json(entry(a=[[[0] * 400] * 1_000])),
        as_json(entry(a=[{"b": [{"c": [{"d": 1}]}]}] * 100_000)),
        as_json([entry(a=[{"b": [{"c": [{"d": 1}] * 10}] * 10}] * 2)] * 3_000),
        as_json([0] * 500_000),
        as_json(entry(hall="x" * 2_000_000)),
    ],
    ids=["lists in lists", "a long list", "many events", "a huge array", "a long text"],
)  # fmt: skip
def test_the_dearest_mapping_on_the_largest_body_ends_soon(body: bytes) -> None:
    began = time.process_time()
    items = items_of(Kept(body, {}, NOW), DEAR, SOURCE)
    assert time.process_time() - began < 10  # some two seconds where nothing else runs
    assert 1 <= len(items) <= ITEMS_MAX
