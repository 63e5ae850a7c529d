"""Somebody who was erased had told a rep that they want no contact: nobody comes back by it, and it holds if they do."""

from typing import Any

import pytest

from intake.operations import following_consents
from intake.operations.contacts import ForgottenMeanwhile
from intake.operations.erasures.ledger import ErasureLedger
from shared.events import topics
from tests.intake.conftest import Intake, new_ledger
from tests.intake.test_erasures import contact, forgotten
from tests.intake.test_erasures_at_once import approved_of_ada, erasing_after
from tests.intake.test_told_to_reps import consents_of, declined


@pytest.fixture
def ledger() -> ErasureLedger:
    return new_ledger()


async def test_what_they_told_a_rep_makes_nobody_of_them_and_holds_if_they_come_back(
    intake: Intake, ledger: ErasureLedger, deliver: Any
) -> None:
    await intake.put("contacts", [contact()])
    await forgotten(intake, ledger)
    await deliver(intake.service, topics.FEEDBACK, [declined(), declined("hcp-7", report_id="report-7")])
    assert [row.contact_id for row in await intake.rows("SELECT contact_id FROM consents")] == ["hcp-7"]
    assert [told["contact_id"] for told in await intake.published("contact.snapshot")] == ["hcp-7"]

    granted = [{"channel": "any", "purpose": "marketing", "state": "granted", "at": "2026-01-01T00:00:00Z"}]
    await intake.put("contacts", [contact(consents=granted)])
    [back] = [told for told in await intake.published("contact.snapshot") if told["emails"]]
    assert back["contact_id"] != "hcp-1"
    assert [(act["channel"], act["state"]) for act in back["consents"]] == [("any", "denied")]


async def test_what_is_told_under_the_old_id_is_theirs_who_came_back(intake: Intake, ledger: ErasureLedger, deliver: Any) -> None:
    await intake.put("contacts", [contact()])
    await forgotten(intake, ledger)
    await intake.put("contacts", [contact()])
    [back] = [told["contact_id"] for told in await intake.published("contact.snapshot") if told["emails"]]
    await deliver(intake.service, topics.FEEDBACK, [declined()])
    assert [act["evidence"] for act in await consents_of(intake, back)] == ["told_to_rep:report-1"]


@pytest.mark.parametrize("moment", ["as_of", "owners_of"])
async def test_who_is_erased_at_this_very_moment_is_no_stranger(
    intake: Intake, ledger: ErasureLedger, deliver: Any, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    await approved_of_ada(intake)
    event = declined()
    erasing_after(monkeypatch, following_consents, moment, intake, ledger)
    if moment == "owners_of":
        with pytest.raises(ForgottenMeanwhile):
            await deliver(intake.service, topics.FEEDBACK, [event])
        monkeypatch.undo()
    await deliver(intake.service, topics.FEEDBACK, [event])
    assert await intake.rows("SELECT 1 FROM consents") == []
    assert [row.channel for row in await intake.rows("SELECT channel FROM erased_denials")] == ["any"]
