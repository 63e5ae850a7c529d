"""Zoom's webinar events in the canonical vocabulary, and the validation of an address."""

import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from intake.decisions.acts import Act, Ignored, Mark, Rejected
from intake.decisions.adapters import ADAPTERS, SourceFacts, zoom
from intake.decisions.adapters.handshakes import Knock
from intake.decisions.persons import PersonKey
from intake.decisions.signatures import SignedRequest
from tests.intake.platforms import raw
from tests.intake.vendors import MILLISECONDS, MOMENT, SECONDS, zoom_event

SOURCE = SourceFacts("zoom")
JOINED = "webinar.participant_joined"
REGISTERED = "webinar.registration_created"


def read_one(event: Any) -> Any:
    [item] = zoom.read(event, SOURCE)
    return item


def act(event: str, **changes: Any) -> Act:
    item = read_one(zoom_event(event, **changes))
    assert isinstance(item, Act), item
    return item


def test_registering_is_an_engagement_and_what_the_registrant_wrote_stays_in_the_receipt() -> None:
    told = act(REGISTERED)
    assert (told.kind, told.channel, told.occurred_at) == ("webinar_registered", "webinar", MOMENT)
    assert told.person == (PersonKey("id:zoom", "reg-1"), PersonKey("email", "ada@clinic.test"))
    assert {Mark("page", "990011"), Mark("webinar", "990011"), Mark("utm_campaign", "spring-launch")} <= set(told.marks)
    assert "dizzy" not in repr(told)


def test_joining_is_attending_at_the_moment_of_joining_by_whoever_registered() -> None:
    told = act(JOINED)
    assert (told.kind, told.occurred_at) == ("webinar_attended", datetime(2026, 3, 2, 10, 14, 30, tzinfo=UTC))
    assert told.person == act(REGISTERED).person


def test_a_participant_without_address_is_known_by_id_and_a_guest_by_nothing() -> None:
    assert act(JOINED, who={"email": "", "registrant_id": None}).person == (PersonKey("id:zoom", "zoom-user-1"),)
    guest = read_one(zoom_event(JOINED, who={"email": "", "registrant_id": "", "id": ""}))
    assert isinstance(guest, Rejected)
    assert guest.reason == "no_person"


def test_the_host_is_not_their_own_audience() -> None:
    assert read_one(zoom_event(JOINED, who={"id": "host-1"})) == Ignored(JOINED, "own_staff")


def test_a_join_without_its_time_counts_when_it_was_told() -> None:
    assert act(JOINED, who={"join_time": None}).occurred_at == MOMENT


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("webinar.registration_approved", "record_only"),
        ("webinar.registration_cancelled", "no_kind"),
        ("webinar.participant_left", "no_kind"),
        ("webinar.started", "record_only"),
        ("endpoint.url_validation", "handshake"),
        ("webinar.hologram_waved", "unknown_event_type"),
    ],
)
def test_what_is_no_engagement_is_ignored_with_a_reason(event: str, reason: str) -> None:
    assert read_one(zoom_event(event)) == Ignored(event, reason)


def test_the_identity_rests_on_event_moment_occurrence_and_person() -> None:
    first = act(JOINED)
    assert first.identity == act(JOINED, who={"user_name": "Ada L."}).identity
    others = [act(JOINED, event_ts=MILLISECONDS + 1), act(JOINED, who={"registrant_id": "reg-2"}), act(REGISTERED)]
    assert first.identity not in {other.identity for other in others}


SECRET, OTHER = "zoom-secret-of-the-tests", "the-next-zoom-secret"


def knock(body: bytes, *, secret: str = SECRET, secrets: tuple[str, ...] = (SECRET,), at: datetime = MOMENT, method: str = "POST") -> Knock:
    mac = hmac.digest(secret.encode(), f"v0:{SECONDS}:".encode() + body, "sha256").hex()
    headers = {"x-zm-signature": [f"v0={mac}"], "x-zm-request-timestamp": [str(SECONDS)]}
    return Knock(SignedRequest(method=method, uri="", body=body, headers=headers), secrets=secrets, source=SOURCE, now=at)


def validation(token: object = "qz-1") -> bytes:
    return raw({"event": "endpoint.url_validation", "event_ts": MILLISECONDS, "payload": {"plainToken": token}})


def test_an_address_is_validated_under_the_secret_that_signed_the_question() -> None:
    for secret in (SECRET, OTHER):
        reply = zoom.validation(knock(validation(), secret=secret, secrets=(SECRET, OTHER)))
        assert reply is not None
        encrypted = hmac.digest(secret.encode(), b"qz-1", "sha256").hex()
        assert (reply.status, reply.body) == (200, {"plainToken": "qz-1", "encryptedToken": encrypted})


def test_nobody_has_anything_signed_here_who_cannot_sign() -> None:
    assert zoom.validation(knock(validation(), secret="a guess")) is None
    assert zoom.validation(knock(validation(), secrets=())) is None
    assert zoom.validation(knock(validation(), at=MOMENT + timedelta(minutes=6))) is None


@pytest.mark.parametrize("token", [f"v0:{SECONDS}:{{}}", "", "a b", "x" * 201, None, 7, ["qz-1"]])
def test_a_token_that_could_be_a_request_to_sign_is_not_answered(token: object) -> None:
    assert zoom.validation(knock(validation(token))) is None


@pytest.mark.parametrize(
    "body", [raw(zoom_event()), b'"endpoint.url_validation"', b'{"event":"endpoint.url_validation"', json.dumps("x").encode()]
)
def test_what_asks_nothing_is_taken_as_events(body: bytes) -> None:
    assert zoom.validation(knock(body)) is None


def test_zoom_is_told_200() -> None:
    assert ADAPTERS["zoom"].answers.accepted == 200
