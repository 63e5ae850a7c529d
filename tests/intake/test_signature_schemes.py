"""Every platform's way of proving a request: vectors made with openssl, and what each way is worth."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from intake.decisions.adapters import ADAPTERS, hubspot, segment, sendgrid, standard_webhooks, zoom
from intake.decisions.signatures import (
    Either,
    Field,
    Header,
    InHeader,
    InQuery,
    Recipe,
    SharedSecret,
    Signature,
    SignedRequest,
    Text,
    is_signed,
    secret_fault,
    trust_of,
)
from intake.decisions.signatures.material import first_element

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STAMP = "1767225600"
KEY = "a-key-made-for-tests"
BODY = b'{"made":"up","n":[1,2]}'
ADDRESS = "https://intake.brand.test/v1/webhooks/hs"
SENDGRID_BODY = b'[{"email":"ada@clinic.test","event":"open","sg_event_id":"made-up-1","timestamp":1767225590}]\r\n'
SENDGRID_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAERSEZu01NMYjuStCThGbhJ0gW38jmeXOeH/0sD9c3Jmz240aJvQVC69Hs1vn17VD148WXGLTx6qvJg1qqjl/OzQ=="
)
SENDGRID_SIGNATURE = "MEQCIDItIH1m69YRZvUjJjXFg8HFS8sDgdSL/q6SxMdmXTSiAiBOM6wcy6X4ma/fpD1QwrJgHrwoHj5JnNJP6bEBFSApYw=="
STANDARD_KEY = "whsec_dGhpcnR5LXR3by1ieXRlcy1tYWRlLWZvci10ZXN0cyE="

VECTORS: dict[str, tuple[str, str, bytes, dict[str, str]]] = {
    "sendgrid": (
        "sendgrid",
        SENDGRID_KEY,
        SENDGRID_BODY,
        {"x-twilio-email-event-webhook-signature": SENDGRID_SIGNATURE, "x-twilio-email-event-webhook-timestamp": STAMP},
    ),
    "salesforce marketing cloud": (
        "salesforce-marketing-cloud",
        KEY,
        BODY,
        {"x-sfmc-ens-signature": "Ur/iPRN5Yh/h41EguCAzjf7aNJ5lFDBI+QweQ25QEYY="},
    ),
    "customerio": (
        "customerio",
        KEY,
        BODY,
        {"x-cio-signature": "df42f1f5780d03710069a16e18d25a4069f6058bcbe9ddd791334c461cd82561", "x-cio-timestamp": STAMP},
    ),
    "zoom": (
        "zoom",
        KEY,
        BODY,
        {"x-zm-signature": "v0=df42f1f5780d03710069a16e18d25a4069f6058bcbe9ddd791334c461cd82561", "x-zm-request-timestamp": STAMP},
    ),
    "segment": ("segment", KEY, BODY, {"x-signature": "5655a688d5495dba579e0242d8a8cb73ec83981a"}),
    "hubspot app": (
        "hubspot",
        KEY,
        BODY,
        {"x-hubspot-signature-v3": "FdkVqSGX28ERbG6OdyRWtx067GANiOptJBU0G/11yGY=", "x-hubspot-request-timestamp": f"{STAMP}000"},
    ),
    "hubspot workflow": (
        "hubspot",
        KEY,
        BODY,
        {"x-hubspot-signature": "31201d6f14783ebcd957916f11a8f2eab49fe3fe200506001a53f249703654f3"},
    ),
    "standard webhooks": (
        "standard-webhooks",
        STANDARD_KEY,
        BODY,
        {"webhook-id": "msg_made_up", "webhook-timestamp": STAMP, "webhook-signature": "v1,VjXS1Y+thYVM+eKvFNbWyskn9wwj1ZBMbC5EXdMRRFQ="},
    ),
    "standard webhooks under older names": (
        "cloudevents",
        STANDARD_KEY,
        BODY,
        {"svix-id": "msg_made_up", "svix-timestamp": STAMP, "svix-signature": "v1,VjXS1Y+thYVM+eKvFNbWyskn9wwj1ZBMbC5EXdMRRFQ="},
    ),
}


def request(headers: Mapping[str, str | list[str]], body: bytes = BODY, *, query: str = "", uri: str = ADDRESS) -> SignedRequest:
    given = {name: [value] if isinstance(value, str) else value for name, value in headers.items()}
    return SignedRequest(method="POST", uri=uri, body=body, headers=given, query=query)


def worth(asked: SignedRequest, recipe: Recipe, *secrets: str, at: datetime = NOW) -> str | None:
    return trust_of(asked, recipe=recipe, secrets=secrets, now=at)


@pytest.mark.parametrize("name", VECTORS)
def test_what_openssl_signed_is_signed(name: str) -> None:
    adapter, secret, body, headers = VECTORS[name]
    recipe = ADAPTERS[adapter].recipe
    assert worth(request(headers, body), recipe, secret) == "signed"
    assert worth(request(headers, body), recipe, "another", secret) == "signed", "either of two secrets"


@pytest.mark.parametrize("name", VECTORS)
def test_nothing_else_is(name: str) -> None:
    adapter, secret, body, headers = VECTORS[name]
    recipe = ADAPTERS[adapter].recipe
    assert worth(request(headers, body + b" "), recipe, secret) is None
    assert worth(request(headers, body), recipe, secret.replace("e", "f")) is None
    assert worth(request(headers, body), recipe) is None
    for header in headers:
        assert worth(request({other: value for other, value in headers.items() if other != header}, body), recipe, secret) is None
        assert worth(request({**headers, header: headers[header][:-3]}, body), recipe, secret) is None


@pytest.mark.parametrize("name", VECTORS)
def test_a_signature_may_be_given_twice_and_a_time_or_id_may_not(name: str) -> None:
    adapter, secret, body, headers = VECTORS[name]
    for header, value in headers.items():
        twice = request({**headers, header: [value, value]}, body)
        assert worth(twice, ADAPTERS[adapter].recipe, secret) == (
            "signed" if "signature" in header and not header.endswith("timestamp") else None
        )


@pytest.mark.parametrize(("name", "seconds"), [("customerio", 300), ("zoom", 300), ("hubspot app", 300), ("standard webhooks", 300)])
def test_a_signed_time_may_be_five_minutes_away_on_either_side(name: str, seconds: int) -> None:
    adapter, secret, body, headers = VECTORS[name]
    recipe = ADAPTERS[adapter].recipe
    for sign in (1, -1):
        assert worth(request(headers, body), recipe, secret, at=NOW + sign * timedelta(seconds=seconds)) == "signed"
        assert worth(request(headers, body), recipe, secret, at=NOW + sign * timedelta(seconds=seconds + 1)) is None


def test_a_platform_that_retries_with_its_first_stamp_is_believed_a_day_later() -> None:
    adapter, secret, body, headers = VECTORS["sendgrid"]
    assert worth(request(headers, body), ADAPTERS[adapter].recipe, secret, at=NOW + timedelta(days=1)) == "signed"


def test_sendgrids_key_may_be_given_in_pem_and_must_be_on_its_curve() -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    signature = base64.b64encode(private.sign(STAMP.encode() + SENDGRID_BODY, ec.ECDSA(SHA256()))).decode()
    headers = {"x-twilio-email-event-webhook-signature": signature, "x-twilio-email-event-webhook-timestamp": STAMP}
    assert worth(request(headers, SENDGRID_BODY), sendgrid.RECIPE, SENDGRID_KEY, pem) == "signed"
    other = ec.generate_private_key(ec.SECP384R1()).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for unfit in (base64.b64encode(other).decode(), "a password", "", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"):
        assert secret_fault(sendgrid.RECIPE, unfit) is not None
        assert worth(request(headers, SENDGRID_BODY), sendgrid.RECIPE, unfit) is None
    assert secret_fault(sendgrid.RECIPE, pem) is None


def test_secrets_that_can_never_be_right_are_told() -> None:
    assert secret_fault(standard_webhooks.RECIPE, "whsec_???") is not None
    assert secret_fault(standard_webhooks.RECIPE, "whsec_") is not None
    assert secret_fault(standard_webhooks.RECIPE, STANDARD_KEY) is None
    assert secret_fault(zoom.RECIPE, "anything") is None
    assert secret_fault(ADAPTERS["cloudevents"].recipe, "a token that is no base64") is None, "it may still go along as a bearer token"


def test_an_empty_secret_is_nobodys() -> None:
    mac = hmac.new(b"", BODY, hashlib.sha256).digest()
    asked = request({"x-sfmc-ens-signature": base64.b64encode(mac).decode(), "x-intake-secret": ""})
    assert worth(asked, ADAPTERS["salesforce-marketing-cloud"].recipe, "") is None
    assert worth(asked, ADAPTERS["marketo"].recipe, "") is None


@pytest.mark.parametrize("secret", ["nobody signs with this", "whsec_???", "", "????"])
def test_a_secret_that_is_no_key_lets_nobody_in(secret: str) -> None:
    fill = hashlib.sha256(b"nobody signs with this").digest()
    made = base64.b64encode(hmac.digest(fill, b"id." + STAMP.encode() + b"." + BODY, "sha256")).decode()
    headers = {"webhook-id": "id", "webhook-timestamp": STAMP, "webhook-signature": f"v1,{made}"}
    assert worth(request(headers), standard_webhooks.RECIPE, secret) is None


@given(st.text(max_size=200), st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60))
def test_the_recipe_signs_as_the_specifications_library_does(text: str, message_id: str) -> None:
    body = text.encode(errors="ignore").decode()
    signature = Webhook(STANDARD_KEY).sign(message_id, NOW, body)
    headers = {"webhook-id": message_id, "webhook-timestamp": STAMP, "webhook-signature": f"v1a,AAAA {signature} v2,other"}
    assert worth(request(headers, body.encode()), standard_webhooks.RECIPE, STANDARD_KEY) == "signed"


def sha1(body: bytes) -> str:
    return hmac.new(KEY.encode(), body, hashlib.sha1).hexdigest()


def test_of_a_batch_of_segments_only_the_first_call_is_signed() -> None:
    first, second = b'{"type":"track","event":"a \\"]} b","n":[{"a":1},[2]]}', b'{"type":"page"}'
    for batch, expected in (
        (b"[" + first + b"]", "signed"),
        (b" [ " + first + b" ]\n", "signed"),
        (b"[" + first + b"," + second + b"]", "partly_signed"),
        (b"[" + first + b" , " + second + b"," + second + b"]", "partly_signed"),
    ):
        assert first_element(batch)[0] == first
        assert worth(request({"x-signature": sha1(first)}, batch), segment.RECIPE, KEY) == expected
    swapped = b"[" + second + b"," + first + b"]"
    assert worth(request({"x-signature": sha1(first)}, swapped), segment.RECIPE, KEY) is None


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


@given(st.lists(JSON_VALUES, min_size=1, max_size=4), st.sampled_from([(",", ":"), (" , ", " : "), (",\n", ":\t")]))
def test_the_first_element_is_found_byte_for_byte(values: list[object], separators: tuple[str, str]) -> None:
    body = json.dumps(values, separators=separators, ensure_ascii=False).encode(errors="surrogatepass")
    first = json.dumps(values[0], separators=separators, ensure_ascii=False).encode(errors="surrogatepass")
    assert first_element(body) == (first, len(values) > 1)


def test_who_signs_fields_of_the_body_signs_a_part_of_it() -> None:
    recipe = Signature(Field(("proof", "mac")), (Field(("proof", "at")), Text("/"), Field(("proof", "token"))), encoding="hex")
    mac = hmac.new(KEY.encode(), b"17/t", hashlib.sha256).hexdigest()
    proof = {"at": 17, "token": "t", "mac": mac}
    assert worth(request({}, json.dumps({"proof": proof, "event": "anything"}).encode()), recipe, KEY) == "partly_signed"
    for unfit in ({**proof, "token": None}, {**proof, "at": True}, {**proof, "mac": [mac]}, {**proof, "token": "u"}, [proof], None):
        assert worth(request({}, json.dumps({"proof": unfit}).encode()), recipe, KEY) is None
    assert worth(request({}, b'{"proof":'), recipe, KEY) is None


def basic(credentials: str) -> str:
    return f"Basic {base64.b64encode(credentials.encode()).decode()}"


@pytest.mark.parametrize(
    ("place", "sent"),
    [
        (InHeader("x-intake-secret"), {"headers": {"x-intake-secret": "s3cret:ü"}}),
        (InHeader(scheme="bearer"), {"headers": {"authorization": "Bearer s3cret:ü"}}),
        (InHeader(scheme="bearer"), {"headers": {"authorization": "bearer  s3cret:ü "}}),
        (InHeader(scheme="basic"), {"headers": {"authorization": basic("s3cret:ü")}}),
        (InQuery("token"), {"headers": {}, "query": "a=1&token=s3cret%3A%C3%BC"}),
    ],
)
def test_a_secret_sent_along_is_known_and_told_from_a_signature(place: InHeader | InQuery, sent: dict[str, object]) -> None:
    recipe = SharedSecret((place,))
    asked = request(**sent)  # type: ignore[arg-type]  # fields of a request, by name
    assert worth(asked, recipe, "s3cret:ü") == "shared_secret"
    assert worth(asked, recipe, "old", "s3cret:ü") == "shared_secret"
    assert worth(asked, recipe, "s3cret:u") is None
    assert worth(asked, recipe) is None
    assert worth(request({}), recipe, "s3cret:ü") is None


def test_a_secret_elsewhere_or_in_the_configured_address_is_none() -> None:
    recipe = SharedSecret((InQuery("token"),))
    assert worth(request({}, uri=f"{ADDRESS}?token=s3cret"), recipe, "s3cret") is None, "the address is ours, whoever posts to it"
    assert worth(request({"authorization": "Bearer s3cret"}), recipe, "s3cret") is None
    assert worth(request({"authorization": "Basic !!!"}), SharedSecret((InHeader(scheme="basic"),)), "s3cret") is None
    assert worth(request({"authorization": "Basic czNjcmV0"}), SharedSecret((InHeader(scheme="bearer"),)), "s3cret") is None
    assert worth(request({}, query="token=s3cret&" * 200), recipe, "s3cret") is None, "nobody needs so many fields"


def test_no_more_than_ten_guesses_are_looked_at() -> None:
    recipe = SharedSecret((InHeader("x-intake-secret"),))
    assert worth(request({"x-intake-secret": ["wrong"] * 9 + ["s3cret"]}), recipe, "s3cret") == "shared_secret"
    assert worth(request({"x-intake-secret": ["wrong"] * 10 + ["s3cret"]}), recipe, "s3cret") is None


def test_of_several_ways_the_best_that_is_right_counts() -> None:
    adapter, secret, body, headers = VECTORS["standard webhooks"]
    recipe = ADAPTERS["cloudevents"].recipe
    bearer = {"authorization": f"Bearer {secret}"}
    assert worth(request({**headers, **bearer}, body), recipe, secret) == "signed"
    assert worth(request(bearer, body), recipe, secret) == "shared_secret"
    assert worth(request(bearer, body), ADAPTERS[adapter].recipe, secret) is None


def test_a_workflows_signature_binds_method_and_address() -> None:
    _, secret, body, headers = VECTORS["hubspot workflow"]
    asked = request(headers, body)
    assert worth(asked, hubspot.WORKFLOWS, secret) == "signed"
    assert worth(replace(asked, method="PUT"), hubspot.WORKFLOWS, secret) is None
    assert worth(replace(asked, uri=f"{ADDRESS}?a=1"), hubspot.WORKFLOWS, secret) is None


RECIPES: list[Recipe] = [
    *(adapter.recipe for adapter in ADAPTERS.values()),
    SharedSecret((InHeader(), InHeader(scheme="basic"), InHeader(scheme="bearer"), InQuery())),
    Signature(Field(("a",)), (Field(("b", "a")), Header("a"), "first_element", "method", "uri"), algorithm="hmac-sha1", encoding="hex"),
    Either((Signature(Header("a"), ("body",), key_form="base64"), Signature(Header("a", "b"), ("body",), algorithm="ecdsa-p256"))),
]
HEADERS = sorted(
    {name for _, _, _, headers in VECTORS.values() for name in headers}
    | {"authorization", "x-intake-secret", "webhook-signature", "a", "b"}
)


@given(
    st.sampled_from(RECIPES),
    st.dictionaries(st.sampled_from(HEADERS), st.lists(st.text(max_size=40) | st.just("v1,AAAA") | st.just(STAMP), max_size=12)),
    st.binary(max_size=80) | st.sampled_from([BODY, b"[", b'["', b"[{}", b"[1,", b'{"a":1,"b":{"a":"x"}}']),
    st.text(max_size=30),
    st.lists(st.text(max_size=40) | st.just(SENDGRID_KEY) | st.just(STANDARD_KEY), max_size=3),
    st.text(max_size=40),
)
def test_nothing_a_request_can_hold_breaks_the_engine_or_is_right_by_accident(
    recipe: Recipe, headers: dict[str, list[str]], body: bytes, uri: str, secrets: list[str], query: str
) -> None:
    asked = SignedRequest(method="POST", uri=uri, body=body, headers=headers, query=query)
    by_password = {secret for values in headers.values() for value in values for secret in secrets if secret in value}
    assert by_password or not is_signed(asked, recipe=recipe, secrets=secrets, now=NOW)
