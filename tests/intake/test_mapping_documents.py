"""What a mapping may say: checked whole when it is saved, with the field that is wrong."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from intake.decisions.acts import Act, Ignored
from intake.decisions.adapters import SourceFacts
from intake.decisions.mappings import MappingDocument, adapter_of
from intake.decisions.mappings.document import IdentityAt, Meaning, PersonAt, StatusCodes, TimeAt
from intake.decisions.mappings.paths import FUNCTIONS, STEPS_PER_BODY, STEPS_PER_ITEM, Unfollowable, Walk, expression
from intake.decisions.mappings.proofs import Proof, SignatureBody, StampBody
from intake.mappings import DOCUMENTS
from tests.intake.test_mappings import PODIUM


def fault_of(document: Any) -> tuple[str, str]:
    with pytest.raises(ValidationError) as faults:
        MappingDocument.model_validate_json(json.dumps(document))
    [first, *_] = faults.value.errors()
    return ".".join(map(str, first["loc"])), first["msg"]


def changed(path: str, value: Any) -> dict[str, Any]:
    """Podium's mapping with another value under these keys, joined by slashes."""
    document = copy.deepcopy(PODIUM)
    *keys, last = path.split("/")
    inner: Any = document
    for key in keys:
        inner = inner[int(key)] if isinstance(inner, list) else inner[key]
    if isinstance(inner, list):
        inner[int(last)] = value
    else:
        inner[last] = value
    return document


ATTENDED = "kinds/SEAT_TAKEN/kinds/live"


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("anything", 1, "anything"),
        ("title", "", "title"),
        ("body", "xml", "body"),
        ("type", "what[", "type"),
        ("items", 5, "items"),
        ("kinds", {}, "kinds"),
        ("kinds/SEAT_TAKEN", {}, "kinds.SEAT_TAKEN"),
        ("kinds/SEAT_BOOKED", {"kind": "email_opened", "ignored": "record_only"}, "kinds.SEAT_BOOKED"),
        ("kinds/SEAT_BOOKED", {"kind": "seat_booked"}, "kinds.SEAT_BOOKED.kind"),
        ("kinds/SEAT_BOOKED", {"ignored": "because we don't like it"}, "kinds.SEAT_BOOKED.ignored"),
        ("kinds/SEAT_BOOKED", {"ignored": "record_only", "machine": True}, "kinds.SEAT_BOOKED"),
        ("kinds/SEAT_BOOKED", {"kind": "email_opened", "otherwise": {"ignored": "record_only"}}, "kinds.SEAT_BOOKED"),
        ("kinds/SEAT_BOOKED", {"by": "how", "kinds": {}}, "kinds.SEAT_BOOKED"),
        (f"{ATTENDED}/attributes/comment", {"path": "comment"}, "kinds.SEAT_TAKEN.kinds.live"),
        (f"{ATTENDED}/attributes/live/path", "live[*", "kinds.SEAT_TAKEN.kinds.live.attributes.live.path"),
        (f"{ATTENDED}/answers/practice", {"path": "a"}, "kinds.SEAT_TAKEN.kinds.live.answers.practice.codes"),
        (f"{ATTENDED}/answers/practice/codes/Klinik", "Eine Klinik", "kinds.SEAT_TAKEN.kinds.live.answers.practice.codes.Klinik"),
        ("kinds/SEAT_BOOKED/kind", "email_opened", "kinds.SEAT_BOOKED"),
        ("kinds/DOOR_OPENED", {"kind": "email_opened", "answers": {"why": {"path": "a", "codes": {"A": "a"}}}}, "kinds.DOOR_OPENED"),
        ("occurred_at/0/zone", "Middle-earth/Shire", "occurred_at.0.zone"),
        ("occurred_at/0/zone", None, "occurred_at.0"),
        ("occurred_at/0/format", "rfc_3339", "occurred_at.0"),
        ("occurred_at/0/pattern", "%d.%m.%Y", "occurred_at.0"),
        ("occurred_at/0/pattern", "%d.%m.%Y %I:%M", "occurred_at.0"),
        ("occurred_at/0/pattern", "%q", "occurred_at.0"),
        ("occurred_at/0/pattern", "%", "occurred_at.0"),
        ("person", {}, "person"),
        ("person/external_ids/", "guest.no", "person.external_ids..[key]"),
        ("marks/0/kind", "a hall", "marks.0.kind"),
        ("proof", {}, "proof"),
        ("proof/signatures/0/at", "body", "proof.signatures.0.at"),
        ("proof/signatures/0/at", "header:X-Podium", "proof.signatures.0.at"),
        ("proof/signatures/0/of", [], "proof.signatures.0.of"),
        ("proof/signatures/0/of/1", "everything", "proof.signatures.0.of.1"),
        ("proof/signatures/0/of/1", "timestamp", "proof.signatures.0"),
        ("proof/signatures/0/algorithm", "md5", "proof.signatures.0.algorithm"),
        ("proof/signatures/0/stamp", {"at": "header:t", "unit": "s", "tolerance_seconds": 0}, "proof.signatures.0.stamp.tolerance_seconds"),
        ("proof/secrets", ["cookie"], "proof.secrets.0"),
        ("status_codes", {"accepted": 500}, "status_codes.accepted"),
    ],
)  # fmt: skip
def test_a_mapping_that_cannot_be_names_the_field(path: str, value: Any, field: str) -> None:
    found, message = fault_of(changed(path, value))
    assert found == field, message


def test_a_form_holds_no_signature_in_json() -> None:
    document = changed("proof/signatures/0/at", "field:signature.hash") | {"body": "form"}
    assert fault_of(document) == ("", "Value error, has a form as its body, and a signature in JSON")


def test_a_mapping_is_read_again_as_it_was_written() -> None:
    for document in [MappingDocument.model_validate(PODIUM), *DOCUMENTS.values()]:
        written = document.model_dump_json(exclude_defaults=True)
        assert MappingDocument.model_validate_json(written) == document


GUIDE = (Path(__file__).parents[2] / "services/intake/docs/mappings.md").read_text()


def test_the_guides_mapping_reads_the_guides_sample() -> None:
    [sample], [mapping] = (re.findall(rf"```json {what}\n(.*?)```", GUIDE, re.DOTALL) for what in ("sample", "mapping"))
    adapter = adapter_of(MappingDocument.model_validate_json(mapping))
    attended, opened = adapter.read(json.loads(sample), SourceFacts("congress"))
    assert isinstance(attended, Act)
    assert (attended.kind, attended.attributes) == ("webinar_attended", {"attended_seconds": 1800, "answer_practice": "hospital"})
    assert opened == Ignored("DOOR_OPENED", "record_only")


def test_the_guide_names_every_field() -> None:
    models = (MappingDocument, Meaning, TimeAt, PersonAt, IdentityAt, Proof, SignatureBody, StampBody, StatusCodes)
    assert not {name for model in models for name in model.model_fields if f"`{name}`" not in GUIDE}
    assert not {name for name in FUNCTIONS if f"`{name}`" not in GUIDE}


REFUSED = [
    "", " ", "a.", "a b", "[a, b]", "{x: a}", "a | {x: b}", "sort_by(a, &b)", "map(&a, b)", "to_string(@)", "join(',', a)", "merge(a, b)",
    "max_by(a, &b)", "reverse(a)", "frobnicate(a)", "a == b", "[?a == b]", "a[::2]", "`a`", "`{`", "&a", "$", "a..b", "a[?", "'" ,
    "a" * 301, "(" * 100 + "a" + ")" * 100, "!" * 200 + "a", "a" + "[0]" * 40, "[" * 33, "&" * 50,
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:20])
def test_what_is_no_path_or_could_grow_is_refused_when_it_is_saved(text: str) -> None:
    with pytest.raises(ValueError, match=r"must have|nests|is no|uses|compares"):
        expression(text)


@given(st.text(max_size=310) | st.text(alphabet="ab.[]()*?!&|=<>'\"`@,:{}$-0 \\", max_size=310))
def test_no_text_breaks_the_check_of_a_path(text: str) -> None:
    try:
        found = expression(text)
    except ValueError:
        return
    assert expression(found.text) == found


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=20,
)
PATHS = st.sampled_from(
    [
        "a", "a.b", "a.b.c", '"a"."b"', "@", "a || b", "a && b", "!a", "a[0]", "a[-1].b", "a[]", "a[].b[]", "a[*].b", "*", "*.a", "a.*",
        "[?a]", "a[?b == `1`].c", "a[?b != 'x' && c].b | [0]", "a < `5`", "length(a)", "keys(@)", "contains(a, 'x')", "contains('x', a)",
        "starts_with(a, b)", "ends_with(a, 'x')", "not_null(a, b, c)", "type(a) == 'string' && a", "'x'", "`[1]`",
        "a[?starts_with(@, 'x')]",
    ]
)  # fmt: skip


@given(PATHS, VALUES)
def test_a_path_finds_what_jmespath_finds_or_says_that_it_cannot_be_followed(text: str, value: Any) -> None:
    try:
        found = Walk().find(expression(text), value)
    except Unfollowable:
        with pytest.raises((ValueError, TypeError)):
            jmespath.search(text, value)
        return
    assert found == jmespath.search(text, value)


@pytest.mark.parametrize("text", ["[?[?[?@]]]", "[][][][][][][][]", "[*][*][*].a", "[?@][?@][?@]"])
def test_a_path_takes_no_more_steps_than_a_body_is_worth(text: str) -> None:
    large = [[[index] for index in range(40)] for _ in range(4_000)]
    walk = Walk()
    walk.begin_item()
    with pytest.raises(Unfollowable, match="too many steps"):
        walk.find(expression(text), large)


def test_one_dear_event_takes_nothing_from_the_next_until_the_body_has_spent_its_share() -> None:
    walk, dear, cheap = Walk(), [[[0]] * 20] * STEPS_PER_ITEM, {"a": [{"b": 1}]}
    for _ in range(STEPS_PER_BODY // STEPS_PER_ITEM - 1):
        walk.begin_item()
        with pytest.raises(Unfollowable):
            walk.find(expression("[*][*]"), dear)
        walk.begin_item()
        assert walk.find(expression("a[*].b"), cheap) == [1]
    for _ in range(3):
        walk.begin_item()
        with pytest.raises(Unfollowable):
            walk.find(expression("[*][*]"), dear)
    walk.begin_item()
    with pytest.raises(Unfollowable):
        walk.find(expression("a[*].b"), cheap)
