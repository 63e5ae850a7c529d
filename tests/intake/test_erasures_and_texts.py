"""What somebody who was erased typed may still tell of an adverse event: it goes to feedback first, and only then nothing of it stays."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from intake.operations.erasures.erasing import erase_approved
from intake.operations.erasures.ledger import ErasureLedger
from intake.operations.erasures.sweeping import cut_triaged, sweep
from tests.intake.conftest import Intake, counts, new_ledger
from tests.intake.platforms import form_submitted, mautic_lead
from tests.intake.test_erasures import BO, approved, asked, bo, contact, forgotten, plaintext, triage


@pytest.fixture
def ledger() -> ErasureLedger:
    return new_ledger()


async def untriaged(intake: Intake) -> list[UUID]:
    return [row.receipt_id for row in await intake.rows("SELECT receipt_id FROM typed_texts WHERE verdict IS NULL")]


async def test_nothing_is_cut_before_what_they_typed_has_its_verdict(intake: Intake, ledger: ErasureLedger) -> None:
    await intake.put("contacts", [contact()])
    await intake.mautic({"mautic.form_on_submit": [form_submitted()]})
    await approved(intake, (await asked(intake)).json()["id"])
    database, now = intake.service.database, datetime.now(UTC)
    assert await erase_approved(database, ledger, now=now) == 1
    assert await sweep(database, ledger, now=now, settle_seconds=0) == 0
    assert "receipts: ada@clinic.test" in await plaintext(intake)
    await triage(intake)
    while await sweep(database, ledger, now=now, settle_seconds=0):
        pass
    assert await plaintext(intake) == set()
    assert await intake.rows("SELECT 1 FROM typed_texts") == []


async def test_what_comes_late_goes_to_feedback_with_its_words_and_is_cut_after_the_verdict(intake: Intake, ledger: ErasureLedger) -> None:
    await intake.put("contacts", [contact(), bo()])
    await forgotten(intake, ledger)
    others = form_submitted(id=14, lead=mautic_lead(27, BO), results={"email": BO})
    late = await intake.mautic({"mautic.form_on_submit": [form_submitted(), others]})
    assert counts(late) == {"ignored": 1, "accepted": 1}
    receipt_id = UUID(late.json()["receipt_id"])
    assert receipt_id in await untriaged(intake)
    assert await cut_triaged(intake.service.database, now=datetime.now(UTC)) == 0
    await triage(intake)
    assert await cut_triaged(intake.service.database, now=datetime.now(UTC)) == 1
    assert await plaintext(intake) == set()
    [kept] = await intake.rows(f"SELECT body FROM receipts WHERE id = '{receipt_id}'")
    assert BO.encode() in kept.body
    assert (await intake.get(f"receipts/{receipt_id}", role="admin")).json()["redacted"] is True
