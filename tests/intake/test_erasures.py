"""Forgetting a contact here: who decides it, what goes at once, what comes late, and who comes back."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from intake.figures.erasures import SAMPLERS
from intake.operations.erasures.erasing import erase_approved
from intake.operations.erasures.ledger import ErasureLedger
from intake.operations.erasures.restoring import take_up_again
from intake.operations.erasures.sweeping import cut_triaged, sweep
from shared.events import Event
from shared.events.erasures import ErasureOrdered
from shared.gauges import sample
from shared.ids import new_id
from tests.intake import conftest
from tests.intake.conftest import Intake, counts, engagement, new_ledger
from tests.intake.platforms import email_opened, form_submitted, hubspot_event, mautic_lead, raw, subscription_changed
from tests.plaintext import places_of

ADA = ["ada@clinic.test", "Zenobia", "Example", "1234567893", "crm-hcp-1"]
"""What gives her away. Her number at Mautic is too short to be looked for by itself."""


BO = "bo@clinic.test"


def contact(contact_id: str = "hcp-1", **changes: Any) -> dict[str, Any]:
    return conftest.contact(contact_id, **{"given_name": "Zenobia", **changes})


def bo() -> dict[str, Any]:
    return contact("hcp-2", given_name="Bo", family_name="Other", external_ids={"crm": "crm-2"}, emails=[BO])


def opened_by_bo() -> dict[str, Any]:
    return email_opened(id=10, emailAddress=BO, lead=mautic_lead(27, BO))


@pytest.fixture
def ledger() -> ErasureLedger:
    return new_ledger()


async def asked(intake: Intake, *, contact_id: str = "hcp-1", sub: str = "alice", **body: Any) -> Any:
    given = {"contact_id": contact_id, "reason": "asked for it by letter", **body}
    return await intake.client.post("/v1/erasures", json=given, headers=intake.token("privacy", sub=sub))


async def approved(intake: Intake, erasure_id: str, *, sub: str = "bert") -> Any:
    return await intake.client.post(f"/v1/erasures/{erasure_id}/approve", headers=intake.token("privacy", sub=sub))


async def forgotten(intake: Intake, ledger: ErasureLedger, contact_id: str = "hcp-1") -> str:
    """The contact is erased here, down to the last receipt; gives the erasure's id."""
    erasure_id: str = (await asked(intake, contact_id=contact_id)).json()["id"]
    assert (await approved(intake, erasure_id)).status_code == 200
    database, now = intake.service.database, datetime.now(UTC)
    assert await erase_approved(database, ledger, now=now) == 1
    while await sweep(database, ledger, now=now, settle_seconds=0):
        pass
    return erasure_id


async def read(intake: Intake, erasure_id: str) -> Any:
    return (await intake.get(f"erasures/{erasure_id}", role="privacy")).json()


async def plaintext(intake: Intake, words: list[str] = ADA) -> set[str]:
    return await places_of(intake.service.database.engine, words)


async def triage(intake: Intake) -> None:
    async with intake.service.database.transaction() as session:
        await session.execute(text("UPDATE typed_texts SET verdict = 'possible', triaged_at = now()"))


async def test_one_person_asks_and_another_approves(intake: Intake) -> None:
    await intake.put("contacts", [contact()])
    made = await asked(intake)
    assert made.status_code == 201
    erasure_id = made.json()["id"]
    assert (made.json()["state"], made.json()["requested_by"], made.json()["approved_by"]) == ("requested", "alice", None)
    assert (await approved(intake, erasure_id, sub="alice")).status_code == 403
    assert (await read(intake, erasure_id))["state"] == "requested"
    assert (await approved(intake, erasure_id)).json()["state"] == "approved"
    assert (await approved(intake, erasure_id)).status_code == 200, "said twice by the same person"
    assert (await approved(intake, erasure_id, sub="carl")).status_code == 409
    assert (await asked(intake, sub="carl")).status_code == 409


async def test_asking_twice_is_safe_and_nobody_unknown_is_erased(intake: Intake) -> None:
    await intake.put("contacts", [contact()])
    own_id = "01998f80-0000-7000-8000-0000000000f1"
    assert [(await asked(intake, id=own_id)).status_code for _ in range(2)] == [201, 200]
    assert (await asked(intake, id=own_id, reason="another")).status_code == 409
    assert (await asked(intake, contact_id="nobody")).status_code == 404
    assert (await approved(intake, "01998f80-0000-7000-8000-0000000000f2")).status_code == 404
    assert (await intake.get("erasures/01998f80-0000-7000-8000-0000000000f2", role="privacy")).status_code == 404


async def test_in_one_commit_she_is_gone_her_snapshots_end_and_everybody_is_told(intake: Intake, ledger: ErasureLedger) -> None:
    await intake.put("contacts", [contact(consents=[{"channel": "email", "state": "denied", "at": "2026-03-01T00:00:00Z"}])])
    erasure_id = (await asked(intake, reason="Dr. Zenobia EXAMPLE (ada@clinic.test) asked for it")).json()["id"]
    await approved(intake, erasure_id)
    await erase_approved(intake.service.database, ledger, now=datetime.now(UTC))
    searched_for = {f"erasures: {word}" for word in ADA if word not in ("Zenobia", "Example")}
    assert await plaintext(intake) == searched_for
    assert (await read(intake, erasure_id))["reason"] == "Dr. … … (…) asked for it"
    waiting = await intake.rows("SELECT topic, key, type, body FROM outbox WHERE type <> 'engagement.recorded' ORDER BY position")
    assert [(row.topic, row.key, row.type, row.body is None) for row in waiting] == [
        ("contacts", "hcp-1", "tombstone", True),
        ("erasures", "hcp-1", "erasure.ordered", False),
    ]
    assert (await intake.get("contacts/hcp-1", role="integration")).status_code == 404
    assert (await read(intake, erasure_id))["state"] == "erasing"


async def test_nothing_of_her_stays_anywhere_and_every_count_does(intake: Intake, ledger: ErasureLedger) -> None:
    await intake.put("contacts", [contact(), bo()])
    await intake.mautic({"mautic.email_on_open": [email_opened()], "mautic.form_on_submit": [form_submitted()]})
    await intake.mautic({"mautic.email_on_open": [email_opened()]})
    await intake.post_engagements([engagement(), engagement("e-2", contact={"email": BO})])
    both = {
        "mautic.email_on_open": [
            email_opened(id=9),
            email_opened(id=10, emailAddress="bo@clinic.test", lead=mautic_lead(27, "bo@clinic.test")),
        ]
    }
    shared = await intake.mautic(both)
    await intake.mautic({"mautic.page_on_hit": [{"hit": {"lead": mautic_lead(), "dateHit": "never"}}]})
    before = await intake.rows("SELECT id, accepted, duplicate, ignored, rejected FROM receipts ORDER BY id")
    told = await intake.rows("SELECT id, contact_id, kind, occurred_at FROM engagements ORDER BY id")

    await triage(intake)
    erasure_id = await forgotten(intake, ledger)

    assert await plaintext(intake) == set()
    assert await intake.rows("SELECT id, accepted, duplicate, ignored, rejected FROM receipts ORDER BY id") == before
    assert await intake.rows("SELECT id, contact_id, kind, occurred_at FROM engagements ORDER BY id") == told
    [kept] = await intake.rows(f"SELECT body FROM receipts WHERE id = '{shared.json()['receipt_id']}'")
    assert BO.encode() in kept.body
    receipt = (await intake.get(f"receipts/{shared.json()['receipt_id']}", role="admin")).json()
    assert receipt["redacted"] is True
    assert receipt["original_sha256"] == hashlib.sha256(raw(both)).hexdigest()
    answer = (await read(intake, erasure_id))["services"]
    assert (answer["intake"]["state"], answer["routing"]["state"]) == ("erased", "waiting")
    [erased] = await intake.published("contact.erased")
    assert erased["service"] == "intake"
    assert erased["erased"] == {"contacts": 1, "keys": 4, "consents": 0, "engagement_identities": 4, "receipt_bodies": 5}


async def test_what_comes_late_is_ignored_and_leaves_nothing_of_her(intake: Intake, ledger: ErasureLedger) -> None:
    await intake.put("contacts", [contact(), bo()])
    opened = {"mautic.email_on_open": [email_opened()]}
    await intake.mautic(opened)
    await forgotten(intake, ledger)

    again = await intake.mautic(opened)
    assert counts(again) == {"ignored": 1}
    assert await intake.items(again) == [("ignored", "erased")]
    mixed = await intake.mautic({"mautic.email_on_open": [email_opened(id=11), opened_by_bo()]})
    assert await intake.items(mixed) == [("ignored", "erased"), ("accepted", None)]
    posted = await intake.post_engagements(engagement("e-9", contact={"external_ids": {"npi": "1234567893"}}))
    assert counts(posted) == {"ignored": 1}
    assert counts(await intake.post_engagements(engagement("e-10", contact=None, contact_id="hcp-1"))) == {"ignored": 1}

    assert await plaintext(intake) == set()
    [kept] = await intake.rows(f"SELECT body FROM receipts WHERE id = '{mixed.json()['receipt_id']}'")
    assert BO.encode() in kept.body
    assert (await intake.get(f"receipts/{again.json()['receipt_id']}", role="admin")).json()["redacted"] is True
    assert len(await intake.rows("SELECT id FROM contacts")) == 2, "nobody was made of her anew"


async def test_her_address_beside_what_is_no_act_is_not_kept_either(intake: Intake, ledger: ErasureLedger) -> None:
    await intake.put("contacts", [contact()])
    await forgotten(intake, ledger)
    told = await intake.hubspot(
        [hubspot_event(propertyName="email", propertyValue="Ada@Clinic.test"), hubspot_event(eventId=101, objectId=9)]
    )
    assert [verdict for verdict, _ in await intake.items(told)] == ["ignored", "accepted"]
    await triage(intake)
    await cut_triaged(intake.service.database, now=datetime.now(UTC))
    assert await plaintext(intake) == set()
    unreadable = await intake.mautic(b'{"mautic.email_on_open": "ada@clinic.test')
    assert counts(unreadable) == {"rejected": 1}
    await triage(intake)
    await cut_triaged(intake.service.database, now=datetime.now(UTC))
    assert await plaintext(intake) == set()


async def test_a_directory_makes_somebody_new_of_her_and_what_she_denied_stays_denied(intake: Intake, ledger: ErasureLedger) -> None:
    denied = [{"channel": "phone", "state": "denied", "at": "2026-03-01T00:00:00Z", "evidence": "letter of Zenobia"}]
    await intake.put("contacts", [contact(consents=denied)])
    await intake.mautic({"mautic.email_on_open": [email_opened()]})
    await forgotten(intake, ledger)
    await intake.mautic({"mautic.email_on_open": [email_opened()]})
    left = await intake.mautic({"mautic.lead_channel_subscription_changed": [subscription_changed()]})
    assert await intake.items(left) == [("ignored", "erased")]

    granted = [{"channel": "phone", "state": "granted"}, {"channel": "email", "state": "granted", "at": "2026-01-01T00:00:00Z"}]
    row = contact(consents=granted)
    verdicts = [(await intake.put("contacts", [row])).json() for _ in range(2)]
    assert [(verdict["created"], verdict["unchanged"], verdict["rejected"]) for verdict in verdicts] == [(1, 0, []), (0, 1, [])]
    [snapshot] = [one for one in await intake.published("contact.snapshot") if one["emails"]]
    assert snapshot["contact_id"] != "hcp-1"
    assert {(one["channel"], one["state"]) for one in snapshot["consents"]} == {("phone", "denied"), ("email", "denied")}
    assert (await intake.get("contacts/hcp-1", role="integration")).status_code == 404

    late = await intake.mautic({"mautic.email_on_open": [email_opened()]})
    assert await intake.items(late) == [("ignored", "erased")], "what was on record is hers no more"
    now = datetime.now(UTC)
    fresh = email_opened(id=12, dateRead=now.isoformat(), lastOpened=now.isoformat())
    assert counts(await intake.mautic({"mautic.email_on_open": [fresh]})) == {"accepted": 1}
    named = engagement("e-9", contact=None, contact_id="hcp-1", occurred_at=now.isoformat())
    assert counts(await intake.post_engagements(named)) == {"accepted": 1}
    since = await intake.rows("SELECT DISTINCT contact_id FROM engagements WHERE source_event_id NOT LIKE 'erased:%'")
    assert [row.contact_id for row in since] == [snapshot["contact_id"]]


async def test_she_may_be_forgotten_again(intake: Intake, ledger: ErasureLedger) -> None:
    await intake.put("contacts", [contact(consents=[{"channel": "phone", "state": "denied"}])])
    await forgotten(intake, ledger)
    await intake.put("contacts", [contact()])
    [first] = [one["contact_id"] for one in await intake.published("contact.snapshot") if one["emails"]]
    await forgotten(intake, ledger, first)
    assert await plaintext(intake) == set()
    await intake.put("contacts", [contact()])
    [second] = [one for one in await intake.published("contact.snapshot") if one["emails"]]
    assert second["contact_id"] not in ("hcp-1", first)
    assert [(one["channel"], one["state"]) for one in second["consents"]] == [("phone", "denied")]


async def test_what_arrives_while_she_is_being_forgotten_leaves_nothing_either(intake: Intake, ledger: ErasureLedger) -> None:
    await intake.put("contacts", [contact()])
    erasure_id = (await asked(intake)).json()["id"]
    await approved(intake, erasure_id)
    database = intake.service.database

    async def post(number: int) -> int:
        answer = await intake.mautic({"mautic.email_on_open": [email_opened(id=100 + number, lead=mautic_lead(500 + number))]})
        return answer.status_code

    posts = [asyncio.create_task(post(number)) for number in range(60)]
    await erase_approved(database, ledger, now=datetime.now(UTC))
    assert set(await asyncio.gather(*posts)) <= {202, 503}
    while await sweep(database, ledger, now=datetime.now(UTC), settle_seconds=0):
        pass
    assert await plaintext(intake) == set()
    assert await intake.rows("SELECT 1 FROM contact_keys") == []


async def test_receipts_are_not_searched_before_everything_under_way_must_have_ended(intake: Intake, ledger: ErasureLedger) -> None:
    await intake.put("contacts", [contact()])
    await approved(intake, (await asked(intake)).json()["id"])
    now = datetime.now(UTC)
    assert await sweep(intake.service.database, ledger, now=now) == 0, "nothing was ordered yet"
    await erase_approved(intake.service.database, ledger, now=now)
    assert await sweep(intake.service.database, ledger, now=now + timedelta(seconds=14)) == 0
    assert await sweep(intake.service.database, ledger, now=now + timedelta(seconds=15)) == 1


async def test_a_database_restored_to_a_moment_before_forgets_her_again(intake: Intake, ledger: ErasureLedger) -> None:
    await intake.put("contacts", [contact()])
    erasure_id, now = "01998f80-0000-7000-8000-0000000000f1", datetime.now(UTC)
    mine = {"ordered_at": now, "contact_id": "hcp-1", "erasure_id": erasure_id}
    seals = (ledger.key.of_order(erasure_id, "hcp-1").hex(), ledger.key.of_order(erasure_id, "hcp-2").hex())
    facts = [ErasureOrdered(**mine, seal=seal) for seal in seals]
    facts.append(ErasureOrdered(ordered_at=now, contact_id="hcp-1", erasure_id="none of ours", seal="0" * 64))
    orders = [Event.of(fact, occurred_at=now, recorded_at=now, correlation_id=new_id()) for fact in facts]
    database = intake.service.database
    for known, expected in ((orders[1:], 0), (orders, 1), (orders, 0)):
        async with database.transaction() as session:
            assert await take_up_again(session, known, key=ledger.key, now=now) == expected
    assert await erase_approved(database, ledger, now=now) == 1
    while await sweep(database, ledger, now=now, settle_seconds=0):
        pass
    assert await plaintext(intake) == set()
    assert (await read(intake, erasure_id))["state"] == "erasing"
    async with database.transaction() as session:
        assert await take_up_again(session, orders, key=ledger.key, now=now) == 0


async def test_a_person_may_be_told_all_that_is_held_of_them(intake: Intake, ledger: ErasureLedger) -> None:
    await intake.put("contacts", [contact()])
    await intake.mautic({"mautic.email_on_open": [email_opened()]})
    held = (await intake.get("people/hcp-1", role="privacy")).json()["held"]
    assert held["contact"][0]["family_name"] == "Example"
    assert {"namespace": "email", "value": "ada@clinic.test", "origin": "stated"} in held["keys"]
    assert [one["kind"] for one in held["engagements"]] == ["email_opened"]
    assert [one["source"] for one in held["receipts"]] == ["mautic"]
    assert (await intake.get("people/nobody", role="privacy")).status_code == 404
    await forgotten(intake, ledger)
    held = (await intake.get("people/hcp-1", role="privacy")).json()["held"]
    assert (held["keys"], held["consents"], held["contact"][0]["family_name"]) == ([], [], None)
    assert len(held["engagements"]) == len(held["erasures"]) == 1


async def test_operators_see_how_long_an_erasure_takes(intake: Intake, ledger: ErasureLedger) -> None:
    async def figures(now: datetime) -> tuple[float | None, ...]:
        for sampler in SAMPLERS:
            await sample(intake.service.database, sampler, now=now)
        names = ("fullcircle_erasures_open", "fullcircle_erasures_oldest_age_seconds")
        return tuple(REGISTRY.get_sample_value(name) for name in names)

    await intake.put("contacts", [contact()])
    erasure_id = (await asked(intake)).json()["id"]
    assert await figures(datetime.now(UTC)) == (0, 0), "nobody has approved it"
    await approved(intake, erasure_id)
    is_open, age_seconds = await figures(datetime.now(UTC) + timedelta(hours=1))
    assert is_open == 1
    assert age_seconds is not None
    assert 3600 <= age_seconds < 3660
