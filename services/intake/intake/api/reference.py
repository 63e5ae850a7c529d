"""What integrators keep up to date: contacts, campaigns, assets."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import RedirectResponse

from intake.decisions.consents import ConsentState
from intake.decisions.contacts import Contact, emails, external_ids
from intake.operations.catalog import upsert_assets, upsert_campaigns
from intake.operations.directory import ContactsVerdict, upsert_contacts
from intake.operations.erasures.ledger import ErasureLedger
from intake.operations.people import read_people
from intake.rows import AssetRow, CampaignRow, ContactRow
from shared import problems
from shared.auth import reading
from shared.bodies import Answer, Id, Moment
from shared.database import Database
from shared.events.contacts import Affiliation, Licence
from shared.routes import StrictRoute
from shared.telemetry import correlation_id
from shared.upserts import RowsOf, UpsertRows, UpsertVerdict, read_rows


class ConsentAnswer(Answer):
    """The act that stands on a channel for a purpose."""

    channel: str
    purpose: str
    state: ConsentState
    at: Moment | None
    evidence: str | None
    legal_basis: str | None


class ContactAnswer(Answer):
    """A contact as it stands. While provisional, known by acts alone, what a directory states is null or empty. `aliases` are the other ids
    that lead to it."""

    id: str
    aliases: list[str]
    version: int
    provisional: bool
    external_ids: dict[str, str]
    emails: list[str]
    given_name: str | None = None
    family_name: str | None = None
    kind: str | None = None
    specialty: str | None = None
    credentials: str | None = None
    affiliations: list[Affiliation] = []
    postal_code: str | None = None
    country: str | None = None
    region: str | None = None
    segments: list[str] = []
    licences: list[Licence] = []
    consents: list[ConsentAnswer]


def routes(database: Database, writing: Any, erasures: ErasureLedger) -> APIRouter:
    """`PUT /v1/contacts`, `GET /v1/contacts/{id}`, `PUT /v1/campaigns`, `PUT /v1/assets`; `writing` says who may, and how fast."""
    router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["reference"])

    @router.put("/contacts", dependencies=[writing], response_model_exclude_defaults=True)
    async def put_contacts(rows: Annotated[UpsertRows, RowsOf(ContactRow)]) -> ContactsVerdict:
        """Takes a directory's rows, each a person whole. A row whose keys are known already names the contact that has them."""
        read = read_rows(ContactRow, rows)
        async with database.transaction() as session:
            return await upsert_contacts(session, read, correlation_id=correlation_id(), erasures=erasures, now=datetime.now(UTC))

    @router.get(
        "/contacts/{contact_id}",
        dependencies=[reading("integration", "sales_ops", "privacy")],
        response_model=ContactAnswer,
        responses={307: {"description": "The id is an alias: `Location` is the contact it leads to."}},
    )
    async def get_contact(contact_id: Id) -> ContactAnswer | RedirectResponse:
        """One contact. An alias redirects: for now, since whoever was merged may be parted again."""
        async with database.reading() as session:
            people = await read_people(session, [contact_id])
        survivor_id = people.survivor_of(contact_id)
        if survivor_id not in people.contacts or people.contacts[survivor_id].is_forgotten:
            raise problems.not_found("There is no contact with this id.")
        if survivor_id != contact_id:
            return RedirectResponse(f"./{quote(survivor_id, safe='')}")
        return _contact_answer(people.told(contact_id), aliases=people.aliases_of(contact_id))

    @router.put("/campaigns", dependencies=[writing])
    async def put_campaigns(rows: Annotated[UpsertRows, RowsOf(CampaignRow)]) -> UpsertVerdict:
        """Takes campaigns, each whole."""
        read = read_rows(CampaignRow, rows)
        async with database.transaction() as session:
            return await upsert_campaigns(session, read, correlation_id=correlation_id(), now=datetime.now(UTC))

    @router.put("/assets", dependencies=[writing])
    async def put_assets(rows: Annotated[UpsertRows, RowsOf(AssetRow)]) -> UpsertVerdict:
        """Takes assets, each whole."""
        read = read_rows(AssetRow, rows)
        async with database.transaction() as session:
            return await upsert_assets(session, read, correlation_id=correlation_id(), now=datetime.now(UTC))

    return router


def _contact_answer(contact: Contact, *, aliases: Sequence[str]) -> ContactAnswer:
    stated = contact.entry.model_dump() if contact.entry is not None else {}
    return ContactAnswer.model_validate(
        {
            **stated,
            "id": contact.id,
            "aliases": aliases,
            "version": contact.version,
            "provisional": contact.provisional,
            "external_ids": external_ids(contact),
            "emails": emails(contact),
            "consents": [act.told() for _, act in sorted(contact.consents.items())],
        }
    )
