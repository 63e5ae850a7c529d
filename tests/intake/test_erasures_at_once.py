"""An erasure that commits in the middle of something else about the same person: nobody makes a stranger of somebody just forgotten."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from intake.operations import directory, recording
from intake.operations.contacts import ForgottenMeanwhile
from intake.operations.erasures.erasing import erase_approved
from intake.operations.erasures.ledger import ErasureLedger
from intake.operations.recording import record
from tests.intake.conftest import Intake, counts, new_ledger
from tests.intake.platforms import email_opened, mautic_lead
from tests.intake.test_erasures import approved, asked, contact
from tests.intake.test_recording import delivery


@pytest.fixture
def ledger() -> ErasureLedger:
    return new_ledger()


async def approved_of_ada(intake: Intake) -> None:
    await intake.put("contacts", [contact()])
    await approved(intake, (await asked(intake)).json()["id"])


def erasing_after(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, intake: Intake, ledger: ErasureLedger) -> None:
    """Has the erasure commit right after that function of the module."""
    original = getattr(module, name)

    async def then_erase(*arguments: Any, **named: Any) -> Any:
        found = await original(*arguments, **named)
        await erase_approved(intake.service.database, ledger, now=datetime.now(UTC))
        return found

    monkeypatch.setattr(module, name, then_erase)


async def test_of_an_act_that_shows_another_key_too(intake: Intake, ledger: ErasureLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    await approved_of_ada(intake)
    erasing_after(monkeypatch, recording, "look_up", intake, ledger)
    opened = delivery({"mautic.email_on_open": [email_opened(lead=mautic_lead(501))]})
    with pytest.raises(ForgottenMeanwhile):
        async with intake.service.database.transaction() as session:
            await record(session, [opened], erasures=ledger, now=datetime.now(UTC))
    assert await intake.rows("SELECT 1 FROM contact_keys") == []
    monkeypatch.undo()
    assert counts(await intake.mautic({"mautic.email_on_open": [email_opened(lead=mautic_lead(501))]})) == {"ignored": 1}


async def test_of_an_opt_out(intake: Intake, ledger: ErasureLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    await intake.mautic({"mautic.email_on_open": [email_opened()]})
    [row] = await intake.rows("SELECT id FROM contacts")
    await approved(intake, (await asked(intake, contact_id=row.id)).json()["id"])
    erasing_after(monkeypatch, recording, "settled", intake, ledger)
    left = {"contact": mautic_lead(), "channel": "email", "old_status": "contactable", "new_status": "unsubscribed"}
    body = {"mautic.lead_channel_subscription_changed": [{**left, "timestamp": "2026-03-02T10:15:00+00:00"}]}
    with pytest.raises(ForgottenMeanwhile):
        async with intake.service.database.transaction() as session:
            await record(session, [delivery(body)], erasures=ledger, now=datetime.now(UTC))
    assert await intake.rows("SELECT 1 FROM consents") == []


@pytest.mark.parametrize("contact_id", ["hcp-1", "hcp-9"], ids=["under the same id", "under another id"])
async def test_of_a_directorys_row(intake: Intake, ledger: ErasureLedger, monkeypatch: pytest.MonkeyPatch, contact_id: str) -> None:
    await approved_of_ada(intake)
    erasing_after(monkeypatch, directory, "who_return", intake, ledger)
    assert (await intake.put("contacts", [contact(contact_id)])).status_code == 503
    monkeypatch.undo()
    assert (await intake.put("contacts", [contact(contact_id)])).json()["created"] == 1


async def test_of_a_stranger_seen_while_somebody_is_forgotten(
    intake: Intake, ledger: ErasureLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows whom the erasure was of: the batch is looked up anew, and finds that it was of somebody else."""
    await approved_of_ada(intake)
    at_once, calls = intake.service.database.at_once, count(1)

    async def after_erasing(statement: Any, **named: Any) -> Any:
        if next(calls) == 2:
            await erase_approved(intake.service.database, ledger, now=datetime.now(UTC))
        written.append(await at_once(statement, **named))
        return written[-1]

    written: list[Any] = []
    monkeypatch.setattr(intake.service.database, "at_once", after_erasing)
    answer = await intake.mautic({"mautic.email_on_open": [email_opened(lead=mautic_lead(77, "eve@x.test"), emailAddress=None)]})
    assert counts(answer) == {"accepted": 1}
    assert written[1] is False
    assert len(await intake.rows("SELECT 1 FROM contact_keys")) == 2
