"""Signatures: what a platform signs is accepted under any active secret, and nothing else is."""

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.decisions.adapters import hubspot, mautic
from intake.decisions.signatures import SIGNATURES_MAX, UNKNOWN_SOURCE, SignedRequest, is_signed

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
URI = "https://intake.example.test/hooks/hubspot?a=1"
BODY = '{"hello":"wörld","n":1}'.encode()


def signature(secret: str, *parts: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), b"".join(parts), hashlib.sha256).digest()).decode()


def from_mautic(*signatures: str, body: bytes = BODY) -> SignedRequest:
    return SignedRequest(method="POST", uri=URI, body=body, headers={"webhook-signature": signatures})


def from_hubspot(*, at: datetime | str = NOW, uri: str = URI, signed_uri: str | None = None, secret: str = "s") -> SignedRequest:
    stamp = at if isinstance(at, str) else str(int(at.timestamp() * 1000))
    right = signature(secret, b"POST", (signed_uri or uri).encode(), BODY, stamp.encode())
    headers = {"x-hubspot-signature-v3": [right], "x-hubspot-request-timestamp": [stamp]}
    return SignedRequest(method="POST", uri=uri, body=BODY, headers=headers)


def mautic_accepts(request: SignedRequest, *secrets: str) -> bool:
    return is_signed(request, recipe=mautic.RECIPE, secrets=secrets, now=NOW)


def hubspot_accepts(request: SignedRequest, *secrets: str) -> bool:
    return is_signed(request, recipe=hubspot.RECIPE, secrets=secrets, now=NOW)


def test_a_known_signature_of_mautic_is_reproduced() -> None:
    given_by_formula = "4R7WThZChn6nlOQ8KW+db7ptlMZZocDZqyHE9yDnA+A="
    assert mautic_accepts(from_mautic(given_by_formula), "test-signing-secret-0123456789abcdef")


def test_a_known_signature_of_hubspot_is_reproduced() -> None:
    headers = {
        "x-hubspot-signature-v3": ["+JvfVSe8GtPPw681n/e+LgGYlDCiAVTvDdHVBaebsv4="],
        "x-hubspot-request-timestamp": ["1700000000000"],
    }
    request = SignedRequest(method="POST", uri="https://intake.example.com/hooks/hubspot?a=1", body=BODY, headers=headers)
    at = datetime.fromtimestamp(1_700_000_000, UTC)
    assert is_signed(request, recipe=hubspot.RECIPE, secrets=["test-signing-secret-0123456789abcdef"], now=at)


def test_either_of_two_secrets_is_good_while_one_replaces_the_other() -> None:
    for secret in ("old", "new"):
        assert mautic_accepts(from_mautic(signature(secret, BODY)), "old", "new")
    assert not mautic_accepts(from_mautic(signature("older", BODY)), "old", "new")


def test_the_body_is_signed_byte_for_byte() -> None:
    right = signature("s", BODY)
    assert not mautic_accepts(from_mautic(right, body=BODY.replace(b",", b", ")), "s")


@given(st.binary(max_size=300), st.text(min_size=1, max_size=60), st.text(min_size=1, max_size=60))
def test_only_the_holder_of_the_secret_can_sign(body: bytes, secret: str, guess: str) -> None:
    usable = secret.encode(errors="ignore").decode()
    guessed = guess.encode(errors="ignore").decode()
    assert mautic_accepts(from_mautic(signature(usable, body), body=body), usable)
    assert (guessed == usable) == mautic_accepts(from_mautic(signature(guessed, body), body=body), usable) or _same_key(usable, guessed)


def _same_key(one: str, other: str) -> bool:
    """HMAC pads keys with zero bytes, so these are the same key to it."""
    return one.encode().rstrip(b"\0") == other.encode().rstrip(b"\0")


@pytest.mark.parametrize(
    "presented",
    [
        [],
        [""],
        ["no base64 at all"],
        ["ünïcödé"],
        [base64.b64encode(b"short").decode()],
        [signature("s", BODY)[:-4]],
        [base64.b64encode(hmac.new(b"s", BODY, hashlib.sha1).digest()).decode()],
        [hmac.new(b"s", BODY, hashlib.sha256).hexdigest()],
    ],
    ids=["none", "empty", "words", "not ASCII", "short", "truncated", "another algorithm", "another encoding"],
)
def test_what_is_no_signature_is_refused(presented: list[str]) -> None:
    assert not mautic_accepts(from_mautic(*presented), "s")


def test_the_right_one_of_several_signatures_counts() -> None:
    right, wrong = signature("s", BODY), signature("t", BODY)
    assert mautic_accepts(from_mautic(wrong, right), "s")
    assert mautic_accepts(from_mautic(f"{wrong}, {right}"), "s")


def test_no_more_than_ten_signatures_are_looked_at() -> None:
    right, wrong = signature("s", BODY), signature("t", BODY)
    assert mautic_accepts(from_mautic(*[wrong] * (SIGNATURES_MAX - 1), right), "s")
    assert not mautic_accepts(from_mautic(*[wrong] * SIGNATURES_MAX, right), "s")
    assert not mautic_accepts(from_mautic(",".join([wrong] * 1_000)), "s")


def test_nobody_can_sign_for_a_source_that_does_not_exist() -> None:
    fill = hashlib.sha256(b"nobody signs with this").digest()
    made = base64.b64encode(hmac.new(fill, b"POST" + URI.encode() + BODY, hashlib.sha256).digest()).decode()
    request = SignedRequest(method="POST", uri=URI, body=BODY, headers={"x-signature": [made]})
    assert not is_signed(request, recipe=UNKNOWN_SOURCE, secrets=[], now=NOW)
    assert not is_signed(request, recipe=UNKNOWN_SOURCE, secrets=["s"], now=NOW)


@pytest.mark.parametrize("seconds", [-300, -1, 0, 1, 300])
def test_a_signed_time_up_to_five_minutes_away_is_near(seconds: int) -> None:
    assert hubspot_accepts(from_hubspot(at=NOW + timedelta(seconds=seconds)), "s")


@pytest.mark.parametrize("seconds", [-360, -301, 301, 360, 10**9])
def test_a_signed_time_further_away_is_refused_on_either_side(seconds: int) -> None:
    assert not hubspot_accepts(from_hubspot(at=NOW + timedelta(seconds=seconds)), "s")


@pytest.mark.parametrize("stamp", ["", "soon", "-5", "1.5", "9" * 400, " 1", "١٢٣"])
def test_a_time_that_is_no_number_is_refused(stamp: str) -> None:
    assert not hubspot_accepts(from_hubspot(at=stamp), "s")


def test_a_missing_or_repeated_time_is_refused() -> None:
    request = from_hubspot()
    stamp = request.headers["x-hubspot-request-timestamp"]
    for given_stamps in ([], [*stamp, *stamp]):
        assert not hubspot_accepts(replace(request, headers={**request.headers, "x-hubspot-request-timestamp": given_stamps}), "s")


def test_hubspot_signs_the_method_and_the_address_too() -> None:
    request = from_hubspot()
    assert not hubspot_accepts(replace(request, method="PUT"), "s")
    assert not hubspot_accepts(replace(request, uri="https://elsewhere.example.test/hooks/hubspot?a=1"), "s")


def test_hubspot_signs_addresses_with_some_escapes_decoded() -> None:
    sent = "https://intake.example.test/h?to=a%40b.test%2Cc&q=%20x%2f%3f%3A%26"
    signed = "https://intake.example.test/h?to=a@b.test,c&q=%20x/?:%26"
    assert hubspot.signed_form(sent) == signed
    assert hubspot_accepts(from_hubspot(uri=sent, signed_uri=signed), "s")
