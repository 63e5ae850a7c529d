"""`POST /v1/preview`: what would be decided about one contact, or one lead, if some facts were other than they are."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field, model_validator

from routing.api.history_answers import RecordAnswer
from routing.api.lead_answers import ClockAnswer
from routing.api.simulation_answers import JudgedAnswer, records_shown
from routing.decisions import facts
from routing.operations.whatif.kept_decisions import qualification_document, records_document
from routing.operations.whatif.previewing import Preview, Supposed, preview
from routing.queries.facts import Pair
from routing.queries.lead_pages import pair_in_scope, read_one_moment
from routing.queries.scope import in_scope, territories_in_scope
from shared import problems
from shared.auth import Identity, require
from shared.bodies import Body, Country, Flag, Id, Int, Label, Moment, Uuid
from shared.database import Database
from shared.ids import new_id
from shared.routes import StrictRoute

_NO_MORE_THAN = {"engagements": 500, "few": 200}


class ConsentBody(Body):
    channel: Label
    purpose: Label
    state: facts.ConsentState
    at: Moment | None = None


class ContactSupposed(Body):
    """What stands here is supposed, null for what nobody said; what is left out stays as it is."""

    country: Country | None = None
    kind: Label | None = None
    specialty: Label | None = None
    credentials: Label | None = None
    postal_code: Label | None = None
    region: Label | None = None
    segments: Annotated[list[Label], Field(max_length=_NO_MORE_THAN["few"])] = []
    consents: Annotated[list[ConsentBody], Field(max_length=_NO_MORE_THAN["few"])] = []


class AccountSupposed(Body):
    institution_type: Label | None = None
    priority: Label | None = None
    postal_code: Label | None = None
    owner_rep_id: Id | None = None
    named_rep_ids: Annotated[list[Id], Field(max_length=_NO_MORE_THAN["few"])] = []


class TargetSupposed(Body):
    segment: Label | None = None
    indication: Label | None = None
    decile: Annotated[Int, Field(ge=1, le=10)] | None = None
    rep_id: Id | None = None


class EngagementSupposed(Body):
    """One more engagement, of the contact and the brand."""

    id: Id | None = None
    kind: facts.EngagementKind
    context: facts.Context = "promotional"
    occurred_at: Moment | None = None
    asset_id: Id | None = None
    campaign_id: Id | None = None
    topics: Annotated[list[Label], Field(max_length=_NO_MORE_THAN["few"])] = []
    machine: Flag = False
    flags: Annotated[list[Literal["test", "backfill", "asset_unapproved", "asset_expired"]], Field(max_length=4)] = []


class AbsenceSupposed(Body):
    """A rep who is away from now on."""

    rep_id: Id
    delegate_rep_id: Id | None = None


class PreviewBody(Body):
    """A lead, or a contact and a brand; and what is supposed of them. `account` or `target` null: there is none."""

    lead_id: Uuid | None = None
    contact_id: Id | None = None
    brand_id: Id | None = None
    now: Moment | None = None
    policy_version: Id | None = None
    contact: ContactSupposed = ContactSupposed()
    account: AccountSupposed | None = AccountSupposed()
    target: TargetSupposed | None = TargetSupposed()
    engagements: Annotated[list[EngagementSupposed], Field(max_length=_NO_MORE_THAN["engagements"])] = []
    without_engagements: Annotated[list[Id], Field(max_length=_NO_MORE_THAN["engagements"])] = []
    absences: Annotated[list[AbsenceSupposed], Field(max_length=_NO_MORE_THAN["few"])] = []

    @model_validator(mode="after")
    def _asks_about_one(self) -> Self:
        by_contact = self.contact_id is not None and self.brand_id is not None
        if (self.lead_id is None) != by_contact or (self.lead_id is not None and (self.contact_id or self.brand_id)):
            raise ValueError("give a lead_id, or a contact_id and a brand_id")
        return self


class PreviewAnswer(RecordAnswer):
    """The record the assignment would keep, and all it rests on.

    `qualifies` false: no lead would begin; the record then says whose it would be. `open_lead_id`: while it is open none begins either.
    """

    contact_id: str
    brand_id: str
    lead_id: UUID | None
    open_lead_id: UUID | None
    qualifies: bool
    qualification: JudgedAnswer
    lead_kind: str
    rep_id: str | None
    territory_id: str | None
    region: str | None
    clocks: list[ClockAnswer]
    history: list[RecordAnswer]


def routes(database: Database) -> APIRouter:
    """The address of previews."""
    router = APIRouter(prefix="/v1", tags=["simulations"], route_class=StrictRoute)

    @router.post("/preview")
    async def post_preview(body: PreviewBody, identity: Annotated[Identity, require("sales_ops", "manager")]) -> PreviewAnswer:
        """Decides on paper, by the same rules as for real, and writes nothing. A manager asks about leads and territories of theirs."""
        now = datetime.now(UTC)
        async with database.reading() as session:
            await read_one_moment(session)
            pair: Pair | None = (body.contact_id or "", body.brand_id or "")
            territory_ids = await territories_in_scope(session, identity)
            if body.lead_id is not None:
                pair, territory_ids = await pair_in_scope(session, in_scope(identity), body.lead_id), None
            if pair is None:
                raise problems.not_found("No such lead in your scope.")
            decided = await preview(session, _supposed(body, pair, now=now), territory_ids=territory_ids)
        return _answer(decided, body)

    return router


def _supposed(body: PreviewBody, pair: Pair, *, now: datetime) -> Supposed:
    contact_id, brand_id = pair
    return Supposed(
        contact_id=contact_id,
        brand_id=brand_id,
        lead_id=body.lead_id,
        now=body.now or now,
        is_now=body.now is None,
        policy_version=body.policy_version,
        contact=_overrides(body.contact),
        account=None if body.account is None else _overrides(body.account),
        target=None if body.target is None else _overrides(body.target),
        engagements=[_engagement(each, brand_id, now=body.now or now) for each in body.engagements],
        without_engagements=frozenset(body.without_engagements),
        absences={each.rep_id: each.delegate_rep_id for each in body.absences},
    )


def _overrides(supposed: ContactSupposed | AccountSupposed | TargetSupposed) -> Mapping[str, Any]:
    """What was given, as facts have it: in sets and tuples."""
    given: dict[str, Any] = {name: getattr(supposed, name) for name in supposed.model_fields_set}
    if "segments" in given:
        given["segments"] = frozenset(given["segments"])
    if "consents" in given:
        given["consents"] = tuple(facts.Consent(each.channel, each.purpose, each.state, each.at) for each in given["consents"])
    if "named_rep_ids" in given:
        given["named_rep_ids"] = tuple(given["named_rep_ids"])
    return given


def _engagement(body: EngagementSupposed, brand_id: str, *, now: datetime) -> facts.Engagement:
    return facts.Engagement(
        engagement_id=body.id or str(new_id()),
        kind=body.kind,
        context=body.context,
        occurred_at=body.occurred_at or now,
        brand_id=brand_id,
        asset_id=body.asset_id,
        campaign_id=body.campaign_id,
        topics=frozenset(body.topics),
        machine=body.machine,
        flags=frozenset(body.flags),
    )


def _answer(decided: Preview, body: PreviewBody) -> PreviewAnswer:
    lead, history = decided.lead, records_shown(records_document(decided.desk))
    return PreviewAnswer.model_validate(
        {
            **history[-1].model_dump(),
            "contact_id": lead.contact_id,
            "brand_id": lead.brand_id,
            "lead_id": body.lead_id,
            "open_lead_id": decided.open_lead_id,
            "qualifies": decided.qualifies,
            "qualification": qualification_document(decided.verdict, at=decided.desk.now),
            "lead_kind": lead.kind,
            "rep_id": lead.rep_id,
            "territory_id": lead.territory_id,
            "region": lead.region,
            "clocks": [ClockAnswer.of(clock) for clock in decided.desk.clocks.values()],
            "history": history,
        }
    )
