"""What people told reps: honoured as any other act of theirs, whoever the id leads to, in any order, and no rep calls them."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.decisions.consents import ConsentAct, ConsentState, merged
from intake.operations.following_consents import act_told
from routing.decisions.consent import REP_CHANNELS, is_do_not_contact
from routing.decisions.facts import Consent
from shared.events import Event, topics
from shared.events.feedback import ConsentReported
from shared.ids import new_id
from tests.intake.conftest import Intake, contact
from tests.intake.platforms import email_opened, mautic_lead

VISIT = datetime(2026, 3, 5, 16, 20, tzinfo=UTC)
CHANNELS = (*REP_CHANNELS, "any")

Hear = Callable[..., Awaitable[None]]


def declined(contact_id: str = "hcp-1", *, at: datetime = VISIT, report_id: str = "report-1") -> Event:
    fact = ConsentReported(
        report_id=report_id, contact_id=contact_id, channel="any", purpose="marketing", state="denied", at=at, evidence="told_to_rep"
    )
    return Event.of(fact, occurred_at=at, recorded_at=at, correlation_id=new_id())


@pytest.fixture
def hear(intake: Intake, deliver: Any) -> Hear:
    """Intake hears of these from feedback, at once."""

    async def hear(*events: Event) -> None:
        await deliver(intake.service, topics.FEEDBACK, list(events))

    return hear


async def consents_of(intake: Intake, contact_id: str) -> list[dict[str, Any]]:
    answer = await intake.get(f"contacts/{contact_id}", role="auditor")
    assert answer.status_code == 200, answer.text
    consents: list[dict[str, Any]] = answer.json()["consents"]
    return consents


async def told_last(intake: Intake) -> dict[str, dict[str, Any]]:
    """The latest snapshot of each contact."""
    return {told["contact_id"]: told for told in await intake.published("contact.snapshot")}


async def test_a_denial_told_to_a_rep_stands_with_its_evidence_and_is_told_on_in_the_same_journey(intake: Intake, hear: Hear) -> None:
    await intake.put("contacts", [contact()])
    event = declined()
    await hear(event)
    [act] = await consents_of(intake, "hcp-1")
    assert (act["channel"], act["purpose"], act["state"]) == ("any", "marketing", "denied")
    assert (datetime.fromisoformat(act["at"]), act["evidence"], act["legal_basis"]) == (VISIT, "told_to_rep:report-1", None)
    *_, snapshot = await intake.published("contact.snapshot")
    assert (snapshot["version"], snapshot["provisional"]) == (2, False)
    assert [(one["channel"], one["state"]) for one in snapshot["consents"]] == [("any", "denied")]
    [*_, last] = await intake.rows("SELECT headers FROM outbox WHERE type = 'contact.snapshot' ORDER BY position")
    assert last.headers["ce_correlationid"] == str(event.correlation_id)


async def test_the_same_again_changes_nothing(intake: Intake, hear: Hear) -> None:
    await intake.put("contacts", [contact()])
    event = declined()
    await hear(event)
    await hear(event)
    await hear(declined())
    assert [told["version"] for told in await intake.published("contact.snapshot")] == [1, 2]


async def test_whom_nobody_has_stated_yet_is_a_provisional_contact_who_is_left_alone(intake: Intake, hear: Hear) -> None:
    await hear(declined("hcp-9"))
    [snapshot] = await intake.published("contact.snapshot")
    assert (snapshot["contact_id"], snapshot["provisional"], snapshot["consents"][0]["channel"]) == ("hcp-9", True, "any")
    await intake.put("contacts", [contact("hcp-9", consents=[])])
    assert [act["state"] for act in await consents_of(intake, "hcp-9")] == ["denied"]


async def test_the_person_s_own_later_word_opens_them_again_in_either_order(intake: Intake, hear: Hear) -> None:
    granted = {"channel": "any", "purpose": "marketing", "state": "granted", "at": (VISIT + timedelta(hours=1)).isoformat()}
    rows = [contact("before", external_ids={}, emails=[], consents=[granted]), contact("after", external_ids={}, emails=[])]
    await intake.put("contacts", rows)
    await hear(declined("before"), declined("after"))
    await intake.put("contacts", [rows[0], {**rows[1], "consents": [granted]}])
    assert [(await consents_of(intake, one))[0]["state"] for one in ("before", "after")] == ["granted", "granted"]
    await hear(declined("before", at=VISIT + timedelta(hours=2), report_id="report-2"))
    assert [act["evidence"] for act in await consents_of(intake, "before")] == ["told_to_rep:report-2"]


async def test_of_one_who_was_merged_every_id_is_left_alone(intake: Intake, hear: Hear) -> None:
    rows = [contact(one, external_ids={"crm": one}, emails=[f"{one}@clinic.test"]) for one in ("old", "kept")]
    await intake.put("contacts", rows)
    merge = await intake.client.post("/v1/contacts/old/merge", json={"into": "kept"}, headers=intake.token("sales_ops"))
    assert merge.status_code == 200, merge.text
    await hear(declined("old", at=datetime.now(UTC)))
    told = await told_last(intake)
    assert {one: [act["state"] for act in told[one]["consents"]] for one in ("old", "kept")} == {"old": ["denied"], "kept": ["denied"]}
    assert [act["state"] for act in await consents_of(intake, "kept")] == ["denied"]


async def test_a_directory_s_id_leads_to_whom_acts_showed_first(intake: Intake, hear: Hear) -> None:
    body = {"mautic.email_on_open": [email_opened(id=1, emailAddress="ada@clinic.test", lead=mautic_lead(26, "ada@clinic.test"))]}
    assert (await intake.mautic(body)).status_code == 202
    [first] = {told["contact_id"] for told in await intake.published("contact.snapshot")}
    assert (await intake.put("contacts", [contact()])).json()["aliases"] == [{"row": 1, "id": "hcp-1", "contact_id": first}]
    await hear(declined("hcp-1"))
    assert [act["state"] for act in await consents_of(intake, first)] == ["denied"]
    assert (await told_last(intake)).keys() == {first}


acts = st.builds(
    ConsentAct,
    st.sampled_from(CHANNELS),
    st.sampled_from(["marketing", "research"]),
    st.sampled_from(get_args(ConsentState)),
    st.none() | st.integers(-3, 0).map(lambda hours: VISIT + timedelta(hours=hours)),
)


@given(said=st.lists(acts, max_size=8), place=st.integers(0, 8))
def test_whatever_was_said_until_then_no_rep_may_contact_who_declined(said: list[ConsentAct], place: int) -> None:
    """Across both services: what intake keeps, read as routing reads it."""
    fact = declined().fact
    assert isinstance(fact, ConsentReported)
    standing = merged({}, [*said[:place], act_told(fact), *said[place:]])
    assert is_do_not_contact(Consent(act.channel, act.purpose, act.state, act.at) for act in standing.values())
