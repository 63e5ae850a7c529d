"""Contacts, assets and campaigns: bulk upserts, and the snapshots that tell them."""

from typing import Any

import pytest

from tests.intake.conftest import Intake, asset, campaign, contact
from tests.intake.imports import as_csv, as_ndjson


def verdict(answer: Any) -> tuple[int, int, int, list[int]]:
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return body["created"], body["updated"], body["unchanged"], [row["row"] for row in body["rejected"]]


MAKERS = {"contacts": contact, "assets": asset, "campaigns": campaign}
CHANGES = {"contacts": {"specialty": "nephrology"}, "assets": {"version": "4"}, "campaigns": {"ends_on": "2031-12-31"}}


@pytest.mark.parametrize("collection", MAKERS)
async def test_rows_are_created_updated_or_left_and_only_changes_are_told(intake: Intake, collection: str) -> None:
    make = MAKERS[collection]
    other: dict[str, Any] = {"external_ids": {}, "emails": []} if collection == "contacts" else {}
    rows = [make("one"), make("two", **other)]
    assert verdict(await intake.put(collection, rows)) == (2, 0, 0, [])
    assert verdict(await intake.put(collection, rows)) == (0, 0, 2, [])
    assert verdict(await intake.put(collection, [make("one", **CHANGES[collection]), rows[1], make("three", **other)])) == (1, 1, 1, [])
    told = await intake.published(f"{collection[:-1]}.snapshot")
    assert [snapshot[f"{collection[:-1]}_id"] for snapshot in told] == ["one", "two", "one", "three"]


@pytest.mark.parametrize("collection", MAKERS)
async def test_rows_may_come_as_lines_or_under_a_header(intake: Intake, collection: str) -> None:
    make = MAKERS[collection]
    other: dict[str, Any] = {"external_ids": {}, "emails": []} if collection == "contacts" else {}
    rows = [make("one"), make("two", **other)]
    for content_type, content in {"application/x-ndjson": as_ndjson(rows[:1]), "text/csv": as_csv(rows)}.items():
        headers = intake.token("integration") | {"Content-Type": content_type}
        answer = await intake.client.put(f"/v1/{collection}", content=content, headers=headers)
        assert verdict(answer) == (1, 0, 1 if content_type == "text/csv" else 0, [])
    assert verdict(await intake.put(collection, rows)) == (0, 0, 2, [])


@pytest.mark.parametrize("collection", MAKERS)
async def test_a_bad_row_never_stops_a_good_one(intake: Intake, collection: str) -> None:
    make = MAKERS[collection]
    rows: list[Any] = [make("one"), make("two", surprise=1), "text", make("one"), {"id": "three"}, make("")]
    answer = await intake.put(collection, rows)
    assert verdict(answer) == (1, 0, 0, [2, 3, 4, 5, 6])
    assert answer.json()["rejected"][0]["errors"] == [{"pointer": "/surprise", "detail": "is not a field of this object"}]


async def test_a_directorys_contact_is_told_whole(intake: Intake) -> None:
    licences = [{"authority": "IDFPR", "state": "IL", "valid_until": "2028-01-31"}]
    consents = [{"channel": "any", "purpose": "marketing", "state": "denied", "at": "2026-01-05T09:00:00+01:00", "evidence": "letter 12"}]
    row = contact(
        region="IL", licences=licences, credentials="MD", segments=["high"], consents=consents, emails=["Ada@Clinic.test", "b@x.test"]
    )
    await intake.put("contacts", [row])
    [told] = await intake.published("contact.snapshot")
    assert told == {
        "contact_id": "hcp-1",
        "version": 1,
        "provisional": False,
        "merged_into": None,
        "external_ids": {"crm": "crm-hcp-1", "npi": "1234567893"},
        "emails": ["ada@clinic.test", "b@x.test"],
        "given_name": "Ada",
        "family_name": "Example",
        "kind": "prescriber",
        "specialty": "cardiology",
        "credentials": "MD",
        "affiliations": [{"account_id": "acc-1", "primary": True}],
        "postal_code": "60601",
        "region": "IL",
        "country": "US",
        "licences": licences,
        "segments": ["high"],
        "consents": [{"channel": "any", "purpose": "marketing", "state": "denied", "at": "2026-01-05T08:00:00Z"}],
    }
    read = (await intake.get("contacts/hcp-1", role="integration")).json()
    assert read["consents"] == [told["consents"][0] | {"evidence": "letter 12", "legal_basis": None}]
    assert read["aliases"] == []
    assert {key: value for key, value in read.items() if key not in ("id", "aliases", "consents")} == {
        key: value for key, value in told.items() if key not in ("contact_id", "merged_into", "consents")
    }


async def test_an_asset_and_a_campaign_are_told_whole(intake: Intake) -> None:
    await intake.put("assets", [asset()])
    await intake.put("campaigns", [campaign()])
    [told] = await intake.published("asset.snapshot")
    stated = {("asset_id" if key == "id" else key): value for key, value in asset().items()}
    assert told == stated | {"keys": [{"source": None, **key} for key in stated["keys"]]}
    [told] = await intake.published("campaign.snapshot")
    assert told["campaign_id"] == "launch"
    assert told["activation"] == {"call_guide": "Begin with dosing.", "meeting_ask": "Fifteen minutes."}
    assert told["starts_on"] == "2026-01-01"


EMAIL = {"channel": "email", "purpose": "marketing", "state": "granted"}
IMPOSSIBLE: list[tuple[str, dict[str, Any], str]] = [
    ("contacts", {"external_ids": {"npi": "1234567890"}}, "/external_ids"),
    ("contacts", {"external_ids": {"npi": 1234567893}}, "/external_ids/npi"),
    ("contacts", {"emails": ["nobody"]}, "/emails/0"),
    ("contacts", {"emails": "ada@clinic.test"}, "/emails"),
    ("contacts", {"kind": "doctor"}, "/kind"),
    ("contacts", {"country": "USA"}, "/country"),
    ("contacts", {"specialty": None}, "/specialty"),
    ("contacts", {"specialty": "x" * 121}, "/specialty"),
    ("contacts", {"affiliations": [{"account_id": "a", "primary": 1}]}, "/affiliations/0/primary"),
    ("contacts", {"affiliations": [{"account_id": "a", "primary": True}, {"account_id": "b", "primary": True}]}, ""),
    ("contacts", {"consents": [EMAIL | {"state": "perhaps"}]}, "/consents/0/state"),
    (
        "contacts",
        {"consents": [{"channel": "email", "purpose": "marketing", "state": "granted", "at": "2099-01-01T00:00:00Z"}]},
        "/consents/0/at",
    ),
    ("contacts", {"consents": [EMAIL | {"at": "2026-01-01"}]}, "/consents/0/at"),
    ("contacts", {"licences": [{"authority": "A", "state": "IL", "valid_until": "soon"}]}, "/licences/0/valid_until"),
    ("assets", {"keys": [{"kind": "cookie", "value": "x"}]}, "/keys/0/kind"),
    ("assets", {"keys": [{"kind": "url", "value": "guide"}]}, "/keys/0"),
    ("assets", {"intent": "commercial"}, "/intent"),
    (
        "assets",
        {"approval": {"status": "approved", "code": "1", "regions": ["Illinois"], "expires_on": "2030-01-01"}},
        "/approval/regions/0",
    ),
    ("assets", {"approval": {"status": "approved", "code": "1", "regions": []}}, "/approval/expires_on"),
    ("assets", {"url": "ftp://brand.test"}, "/url"),
    ("assets", {"version": 3}, "/version"),
    ("campaigns", {"ends_on": "2025-12-31"}, ""),
    ("campaigns", {"activation": {"call_guide": "x"}}, "/activation/meeting_ask"),
    ("campaigns", {"channels": [{"channel": "E-mail", "role": "lead"}]}, "/channels/0/channel"),
]


async def test_a_row_that_cannot_be_is_rejected_with_the_field(intake: Intake) -> None:
    for collection, changes, pointer in IMPOSSIBLE:
        answer = await intake.put(collection, [MAKERS[collection](**changes)])
        assert verdict(answer) == (0, 0, 0, [1]), changes
        assert answer.json()["rejected"][0]["errors"][0]["pointer"] == pointer, changes
    assert await intake.outbox_of(intake.service) == []


async def test_a_key_the_directory_no_longer_states_is_free_again(intake: Intake) -> None:
    await intake.put("contacts", [contact()])
    await intake.put("contacts", [contact(emails=[])])
    assert verdict(await intake.put("contacts", [contact("hcp-2", external_ids={})])) == (1, 0, 0, [])


async def test_consents_of_a_directory_join_what_the_person_did(intake: Intake) -> None:
    granted = {"channel": "email", "purpose": "marketing", "state": "granted", "at": "2026-02-01T00:00:00Z"}
    undated = {"channel": "phone", "purpose": "marketing", "state": "denied"}
    await intake.put("contacts", [contact(consents=[granted, undated])])
    assert verdict(await intake.put("contacts", [contact(consents=[granted, undated])])) == (0, 0, 1, [])
    denied = granted | {"state": "denied", "at": "2026-03-01T00:00:00Z"}
    await intake.put("contacts", [contact(consents=[denied])])
    assert verdict(await intake.put("contacts", [contact(consents=[granted])])) == (0, 0, 1, [])
    told = (await intake.published("contact.snapshot"))[-1]["consents"]
    assert [(consent["channel"], consent["state"], consent["at"]) for consent in told] == [
        ("email", "denied", "2026-03-01T00:00:00Z"),
        ("phone", "denied", None),
    ]


async def test_who_may_write_and_read_what(intake: Intake) -> None:
    for collection in MAKERS:
        assert (await intake.client.put(f"/v1/{collection}", json=[])).status_code == 401
        for role in ("marketing", "rep", "auditor", "admin"):
            assert (await intake.put(collection, [], role=role)).status_code == 403
    for role, status in {
        "integration": 404,
        "sales_ops": 404,
        "privacy": 404,
        "auditor": 404,
        "marketing": 403,
        "rep": 403,
        "admin": 403,
    }.items():
        assert (await intake.get("contacts/nobody", role=role)).status_code == status


async def test_bodies_that_are_no_rows_are_refused(intake: Intake) -> None:
    headers = intake.token("integration") | {"Content-Type": "application/json"}
    for content, status in [(b"{}", 422), (b"null", 422), (b"[NaN]", 400), (b'[{"id": "\\u0000"}]', 400), (b"[" * 40 + b"]" * 40, 400)]:
        assert (await intake.client.put("/v1/contacts", content=content, headers=headers)).status_code == status, content[:20]
    for label in ("text/tab-separated-values", "application/xml"):
        answer = await intake.client.put("/v1/contacts", content=b"id\n1", headers=headers | {"Content-Type": label})
        assert answer.status_code == 415


async def test_strings_of_every_kind_are_kept_as_they_are(intake: Intake) -> None:
    for text in ("'; DROP TABLE contacts; --", "%_", "<b>", "\u202egnp", "👩‍⚕️", "=cmd"):
        await intake.put("contacts", [contact(given_name=text, family_name=text)])
        assert (await intake.get("contacts/hcp-1", role="auditor")).json()["given_name"] == text
