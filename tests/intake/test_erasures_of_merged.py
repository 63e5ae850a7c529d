"""Somebody with several ids is forgotten under all of them, whichever the erasure was asked for."""

from typing import Any

import pytest

from intake.operations.erasures.ledger import ErasureLedger
from tests.intake.conftest import Intake, counts, new_ledger
from tests.intake.platforms import email_opened, mautic_lead
from tests.intake.test_erasures import ADA, BO, bo, contact, forgotten, plaintext


@pytest.fixture
def ledger() -> ErasureLedger:
    return new_ledger()


async def merged(intake: Intake, old_id: str, into_id: str) -> Any:
    return await intake.client.post(f"/v1/contacts/{old_id}/merge", json={"into": into_id}, headers=intake.token("integration"))


async def both(intake: Intake) -> None:
    """Ada under two ids, with an act under either."""
    denied = [{"channel": "phone", "state": "denied"}]
    await intake.put("contacts", [contact(), {**bo(), "family_name": "Maiden", "consents": denied}])
    await intake.mautic({"mautic.email_on_open": [email_opened()]})
    await intake.mautic({"mautic.email_on_open": [email_opened(id=10, emailAddress=BO, lead=mautic_lead(27, BO))]})
    assert (await merged(intake, "hcp-2", "hcp-1")).status_code == 200


@pytest.mark.parametrize("asked_for", ["hcp-1", "hcp-2"])
async def test_all_that_is_one_person_goes_under_whatever_id(intake: Intake, ledger: ErasureLedger, asked_for: str) -> None:
    await both(intake)
    before = await intake.rows("SELECT id, contact_id FROM engagements ORDER BY id")
    await forgotten(intake, ledger, asked_for)
    assert await plaintext(intake, [*ADA, BO, "Maiden", "crm-2"]) == set()
    assert await intake.rows("SELECT id, contact_id FROM engagements ORDER BY id") == before
    orders = {order["contact_id"]: order["merged_into"] for order in await intake.published("erasure.ordered")}
    assert orders == {"hcp-1": None, "hcp-2": "hcp-1"}
    tombstones = await intake.rows("SELECT key FROM outbox WHERE type = 'tombstone' ORDER BY key")
    assert [row.key for row in tombstones] == ["hcp-1", "hcp-2"]
    for contact_id in ("hcp-1", "hcp-2"):
        assert (await intake.get(f"contacts/{contact_id}", role="integration")).status_code in (307, 404)
    late = await intake.mautic({"mautic.email_on_open": [email_opened(id=11, emailAddress=BO, lead=mautic_lead(27, BO))]})
    assert counts(late) == {"ignored": 1}


async def test_what_is_held_names_the_other_ids_to_ask_for(intake: Intake) -> None:
    await both(intake)
    for asked_for in ("hcp-1", "hcp-2"):
        held = (await intake.get(f"people/{asked_for}", role="privacy")).json()["held"]
        assert [(alias["alias_id"], alias["contact_id"]) for alias in held["aliases"]] == [("hcp-2", "hcp-1")]


async def test_what_either_denied_stays_denied_for_both(intake: Intake, ledger: ErasureLedger) -> None:
    await both(intake)
    await forgotten(intake, ledger)
    answer = (await intake.put("contacts", [contact(), bo()])).json()
    assert answer["created"] == 2
    assert [alias["id"] for alias in answer["aliases"]] == ["hcp-1", "hcp-2"]
    snapshots = [one for one in await intake.published("contact.snapshot") if one["emails"]]
    assert len({one["contact_id"] for one in snapshots} - {"hcp-1", "hcp-2"}) == 2
    assert [[(act["channel"], act["state"]) for act in one["consents"]] for one in snapshots] == [[("phone", "denied")]] * 2


async def test_nobody_is_merged_with_somebody_who_was_erased_nor_parted_from_them(intake: Intake, ledger: ErasureLedger) -> None:
    await both(intake)
    await intake.put("contacts", [contact("hcp-3", external_ids={"crm": "crm-3"}, emails=["cy@clinic.test"])])
    await forgotten(intake, ledger)
    assert (await merged(intake, "hcp-1", "hcp-3")).status_code == 404
    assert (await merged(intake, "hcp-3", "hcp-1")).status_code == 422
    parted = await intake.client.post("/v1/contacts/hcp-2/unmerge", headers=intake.token("integration"))
    assert parted.status_code == 409
    of_her_namesake = {f"{place}: {word}" for place in ("contacts", "outbox") for word in ("Zenobia", "Example")}
    assert await plaintext(intake) == of_her_namesake
