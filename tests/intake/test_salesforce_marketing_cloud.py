"""Marketing Cloud's event notifications in the canonical vocabulary, and the verification of a callback."""

from typing import Any

import pytest

from intake.decisions.acts import Act, Ignored, Mark, Rejected
from intake.decisions.adapters import SourceFacts, salesforce_marketing_cloud
from intake.decisions.adapters.handshakes import Knock
from intake.decisions.persons import PersonKey
from intake.decisions.signatures import SignedRequest
from tests.intake.platforms import raw
from tests.intake.vendors import MILLISECONDS, MOMENT, ens_event

SOURCE = SourceFacts("sfmc")
ADDRESS = {"to": "ada@clinic.test", "subscriberKey": "crm-77"}


def act(name: str, **changes: Any) -> Act:
    [item] = salesforce_marketing_cloud.read([ens_event(name, **changes)], SOURCE)
    assert isinstance(item, Act), item
    return item


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("EngagementEvents.EmailOpen", "email_opened"),
        ("EngagementEvents.EmailClick", "email_clicked"),
        ("EngagementEvents.EmailUnsubscribe", "unsubscribed"),
        ("TransactionalSendEvents.EmailBounced", "email_bounced"),
    ],
)
def test_what_ens_tells_is_an_engagement(name: str, kind: str) -> None:
    told = act(name)
    assert (told.kind, told.vendor_type, told.occurred_at) == (kind, name, MOMENT)
    assert told.person == (PersonKey("id:sfmc", "100"),)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("TransactionalSendEvents.EmailSent", "sent_only"),
        ("TransactionalSendEvents.EmailNotSent", "not_sent"),
        ("TransactionalSendEvents.SmsDelivered", "no_kind"),
        ("EngagementEvents.PushOpen", "no_kind"),
        ("SendEvents.AutomationInstanceStarted", "record_only"),
        ("EngagementEvents.HologramWave", "unknown_event_type"),
    ],
)
def test_what_is_no_engagement_is_ignored_with_a_reason(name: str, reason: str) -> None:
    assert salesforce_marketing_cloud.read([ens_event(name)], SOURCE) == [Ignored(name, reason)]


def test_what_tells_of_a_send_joins_the_subscribers_id_with_key_and_address() -> None:
    bounced = act(
        "TransactionalSendEvents.EmailBounced",
        info={**ADDRESS, "bounceCode": "HARD", "bounceMessage": "user unknown"},
        definitionKey="appt",
    )
    assert bounced.person == (
        PersonKey("id:sfmc", "100"),
        PersonKey("id:sfmc.subscriber_key", "crm-77"),
        PersonKey("email", "ada@clinic.test"),
    )
    assert bounced.attributes == {"bounce_type": "hard"}
    assert Mark("definition_key", "appt") in bounced.marks
    assert "unknown" not in repr(bounced)


def test_a_composite_of_nobody_names_nobody() -> None:
    nobody = {"jobId": "70", "batchId": "80", "listId": "90", "subscriberId": "0"}
    [item] = salesforce_marketing_cloud.read([ens_event(composite=nobody)], SOURCE)
    assert isinstance(item, Rejected)
    assert item.reason == "no_person"


def test_the_identity_rests_on_type_send_person_moment_and_link() -> None:
    first = act("EngagementEvents.EmailClick", info={"jobUrlId": "1"})
    again = act("EngagementEvents.EmailClick", info={"jobUrlId": "1", "userAgent": "another"})
    others = [
        act("EngagementEvents.EmailClick", info={"jobUrlId": "2"}),
        act("EngagementEvents.EmailClick", info={"jobUrlId": "1"}, timestampUTC=MILLISECONDS + 1),
        act(
            "EngagementEvents.EmailClick",
            info={"jobUrlId": "1"},
            composite={"jobId": "70", "batchId": "80", "listId": "90", "subscriberId": "101"},
        ),
        act("EngagementEvents.EmailOpen", info={"jobUrlId": "1"}),
    ]
    assert first.identity == again.identity
    assert first.identity not in {other.identity for other in others}
    assert act("EngagementEvents.EmailOpen", composite={"subscriberId": "100"}).identity.startswith("EngagementEvents.EmailOpen:sha256:")


def knock(body: bytes, *, method: str = "POST", callback_id: str | None = None) -> Knock:
    request = SignedRequest(method=method, uri="https://intake.brand.test/v1/webhooks/sfmc", body=body, headers={})
    return Knock(request, secrets=["a-placeholder"], source=SourceFacts("sfmc", callback_id=callback_id), now=MOMENT)


VERIFICATION = {"callbackId": "cb-1", "verificationKey": "vk-1"}


def test_a_callbacks_verification_is_answered_and_its_key_told_to_the_administrator() -> None:
    for callback_id in (None, "cb-1"):
        reply = salesforce_marketing_cloud.verification(knock(raw(VERIFICATION), callback_id=callback_id))
        assert reply is not None
        assert (reply.status, reply.body, reply.told) == (200, None, {"callback_id": "cb-1", "verification_key": "vk-1"})


@pytest.mark.parametrize(
    "body",
    [
        raw({**VERIFICATION, "more": 1}),
        raw({**VERIFICATION, "verificationKey": "<b>"}),
        raw({**VERIFICATION, "verificationKey": 7}),
        raw({**VERIFICATION, "verificationKey": "v" * 300}),
        raw([VERIFICATION]),
        raw(ens_event()),
        b'{"callbackId"',
        b" " * 3_000 + raw(VERIFICATION),
        b"",
    ],
)
def test_nothing_else_goes_unsigned(body: bytes) -> None:
    assert salesforce_marketing_cloud.verification(knock(body)) is None


def test_another_callbacks_verification_is_refused_once_ours_is_known() -> None:
    assert salesforce_marketing_cloud.verification(knock(raw(VERIFICATION), callback_id="cb-2")) is None


def test_a_signed_verification_is_no_event() -> None:
    assert salesforce_marketing_cloud.read(VERIFICATION, SOURCE) == [Ignored("callback_verification", "handshake")]
