"""Receipts somebody was cut out of are read again for everybody else, and nothing of who was erased comes back by that."""

from typing import Any

import pytest
from sqlalchemy import text

from intake.operations.erasures.ledger import ErasureLedger
from tests.intake.conftest import Intake, counts, new_ledger
from tests.intake.platforms import email_opened, mautic_lead
from tests.intake.podium import WITH_COFFEE, connect, post, reprocess
from tests.intake.test_erasures import BO, bo, contact, forgotten, opened_by_bo, plaintext
from tests.intake.test_mappings import batch, entry


@pytest.fixture
def ledger() -> ErasureLedger:
    return new_ledger()


async def read_again(intake: Intake, receipt_id: str) -> Any:
    return await intake.client.post(f"/v1/receipts/{receipt_id}/reprocess", headers=intake.token("admin"))


async def test_a_receipt_stands_as_it_stood_without_who_was_erased(intake: Intake, ledger: ErasureLedger) -> None:
    await intake.put("contacts", [contact(), bo()])
    early = (await intake.mautic({"mautic.email_on_open": [email_opened(), opened_by_bo()]})).json()["receipt_id"]
    alone = (await intake.mautic({"mautic.email_on_open": [email_opened(id=31)]})).json()["receipt_id"]
    await forgotten(intake, ledger)
    unlike = email_opened(id=33, emailAddress=BO, lead=mautic_lead(27, BO))
    posted = await intake.mautic({"mautic.email_on_open": [email_opened(id=32), unlike]})
    assert counts(posted) == {"ignored": 1, "accepted": 1}
    late = posted.json()["receipt_id"]
    verdicts = await intake.rows("SELECT receipt_id, position, outcome, reason, engagement_id FROM receipt_items ORDER BY 1, 2")
    for receipt_id in (early, late):
        answer = await read_again(intake, receipt_id)
        assert (answer.status_code, answer.json()["redacted"]) == (200, True)
    assert (await read_again(intake, alone)).status_code == 409, "nothing is left of it"
    assert await intake.rows("SELECT receipt_id, position, outcome, reason, engagement_id FROM receipt_items ORDER BY 1, 2") == verdicts
    assert await plaintext(intake) == set()


async def test_a_dry_run_knows_who_was_erased_as_reading_again_does(intake: Intake, ledger: ErasureLedger) -> None:
    await intake.put("contacts", [contact(external_ids={"podium": "G-7"})])
    await connect(intake)
    for number, guest in enumerate(("G-7", "G-8")):  # numbers too short to be looked for in bodies
        await post(intake, batch(entry(what="COFFEE_SERVED", ref=f"c-{number}", guest={"no": guest})))
    await forgotten(intake, ledger)
    await connect(intake, WITH_COFFEE)
    tried = (await reprocess(intake, source="podium")).json()
    assert tried["becomes"] == {"accepted": 1, "duplicate": 0, "ignored": 1, "rejected": 0}
    assert (await reprocess(intake, source="podium", dry_run=False)).json() == {**tried, "dry_run": False}
    assert len(await intake.published("engagement.recorded")) == 1


async def test_other_identities_of_what_they_did_go_too(intake: Intake, ledger: ErasureLedger) -> None:
    await intake.put("contacts", [contact()])
    await intake.mautic({"mautic.email_on_open": [email_opened()]})
    async with intake.service.database.transaction() as session:
        await session.execute(
            text(
                """
                INSERT INTO engagement_aliases (source, source_event_id, fingerprint, engagement_id)
                SELECT source, 'ada@clinic.test opened', fingerprint, id FROM engagements
                """
            )
        )
    await forgotten(intake, ledger)
    assert await plaintext(intake) == set()
    assert await intake.rows("SELECT 1 FROM engagement_aliases") == []
