"""Stores what other services told us, and decides anew whom it concerns."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from routing import tables
from routing.decisions.facts import Engagement
from routing.operations.assigning import Search
from routing.operations.desk import clear, expecting_contacts, lay_out
from routing.operations.ledgers import keep_ledgers
from routing.operations.qualifying import decide_pairs
from routing.operations.rows import Row, add, adding, put_newer
from routing.queries.facts import Pair
from shared.database import together
from shared.events import Event
from shared.events.catalog import AssetSnapshot, CampaignSnapshot
from shared.events.contacts import ContactSnapshot
from shared.events.engagements import EngagementRecorded
from shared.events.feedback import ObjectionRecorded


async def record_engagements(session: AsyncSession, events: Sequence[Event], *, now: datetime) -> None:
    """Stores engagements and decides the contacts x brands they are about. One of an unknown contact waits for the contact."""
    told = {event.fact.engagement_id: event for event in events if isinstance(event.fact, EngagementRecorded)}
    facts = {engagement_id: event.fact for engagement_id, event in told.items() if isinstance(event.fact, EngagementRecorded)}
    storing = [
        expecting_contacts({fact.contact_id for fact in facts.values()}),
        adding(tables.Engagement, [_engagement_row(told[key], fact) for key, fact in facts.items()]),
    ]
    pairs = {(fact.contact_id, fact.brand_id) for fact in facts.values() if fact.brand_id is not None}
    if not pairs:  # of no brand, so nothing is decided by them
        await together(session, *storing)
        return
    contact_ids, brand_ids = ({pair[place] for pair in pairs} for place in (0, 1))
    desk = await lay_out(session, contact_ids, now=now, brand_ids=brand_ids, storing=storing)
    _, added = desk.stored
    fresh = [fact for engagement_id, fact in facts.items() if (engagement_id,) in added]
    by_pair: dict[Pair, list[Engagement]] = {}
    for fact in fresh:
        if fact.brand_id is not None:
            by_pair.setdefault((fact.contact_id, fact.brand_id), []).append(_engagement(fact))
    await keep_ledgers(session, desk, fresh=by_pair)
    await decide_pairs(session, desk, list(by_pair), fresh=[fact.engagement_id for fact in fresh])
    await clear(session, desk)


async def record_contacts(session: AsyncSession, events: Sequence[Event], *, now: datetime) -> None:
    """Stores the newest description of each contact and decides them anew; a lower version than known is old news."""
    newest: dict[str, Event] = {}
    versions: dict[str, int] = {}
    for event in events:
        fact = event.fact
        if isinstance(fact, ContactSnapshot) and fact.version >= versions.get(fact.contact_id, fact.version):
            newest[fact.contact_id], versions[fact.contact_id] = event, fact.version
    rows = [_contact_row(event.fact) for event in newest.values() if isinstance(event.fact, ContactSnapshot)]
    changed = [key for (key,) in await put_newer(session, tables.Contact, rows, by="version")]
    if not changed:
        return
    desk = await lay_out(session, changed, now=now)
    await keep_ledgers(session, desk, fresh={})
    waiting = sorted((lead for lead in desk.leads.values() if lead.waiting_since), key=lambda lead: (lead.waiting_since or now, lead.id))
    searches = [Search(lead, reason="contact_changed", cause=newest[lead.contact_id].id) for lead in waiting]
    causes = {contact_id: newest[contact_id].id for contact_id in changed}
    await decide_pairs(session, desk, list(desk.ledgers), causes=causes, searches=searches)
    await clear(session, desk)


async def record_catalog(session: AsyncSession, events: Sequence[Event]) -> None:
    """Stores the newest statement about each asset and campaign, for briefs to come."""
    assets: dict[str, Row] = {}
    campaigns: dict[str, Row] = {}
    for event in sorted(events, key=lambda event: event.recorded_at):
        match event.fact:
            case AssetSnapshot() as fact:
                assets[fact.asset_id] = _asset_row(fact, event.recorded_at)
            case CampaignSnapshot() as fact:
                campaigns[fact.campaign_id] = _campaign_row(fact, event.recorded_at)
            case _:
                pass  # the topic carries nothing else we know
    await put_newer(session, tables.Asset, list(assets.values()), by="stated_at")
    await put_newer(session, tables.Campaign, list(campaigns.values()), by="stated_at")


async def record_objections(session: AsyncSession, facts: Sequence[ObjectionRecorded]) -> None:
    """Stores what was objected, for briefs to come. Objections move no stage."""
    rows = [
        {
            "report_id": fact.report_id,
            "contact_id": fact.contact_id,
            "brand_id": fact.brand_id,
            "topic": fact.topic,
            "occurred_at": fact.occurred_at,
        }
        for fact in facts
    ]
    await add(session, tables.HeardObjection, rows)


def _engagement(fact: EngagementRecorded) -> Engagement:
    return Engagement(
        engagement_id=fact.engagement_id,
        kind=fact.kind,
        context=fact.context,
        occurred_at=fact.occurred_at,
        brand_id=fact.brand_id,
        asset_id=fact.asset_id,
        campaign_id=fact.campaign_id,
        topics=frozenset(fact.topics),
        machine=fact.machine,
        flags=frozenset(fact.flags),
    )


def _engagement_row(event: Event, fact: EngagementRecorded) -> Row:
    kept = {
        "engagement_id", "contact_id", "brand_id", "kind", "context", "asset_id", "campaign_id", "topics", "machine", "flags",
        "occurred_at",
    }  # fmt: skip
    return {**fact.model_dump(include=kept), "event_id": event.id, "correlation_id": event.correlation_id}


def _contact_row(fact: ContactSnapshot) -> Row:
    kept = {
        "contact_id", "version", "country", "kind", "specialty", "credentials", "postal_code", "segments", "given_name", "family_name",
    }  # fmt: skip
    consents: list[Any] = [consent.model_dump() for consent in fact.consents]
    return {**fact.model_dump(include=kept), "consents": consents, "primary_account_id": _primary_account_id(fact)}


def _primary_account_id(fact: ContactSnapshot) -> str | None:
    """The account of the primary affiliation, or of the first one if none is called primary."""
    ranked = sorted(fact.affiliations, key=lambda affiliation: not affiliation.primary)
    return ranked[0].account_id if ranked else None


def _asset_row(fact: AssetSnapshot, stated_at: datetime) -> Row:
    kept = {"asset_id", "version", "brand_id", "title", "journey_stage", "intent", "topics", "answers"}
    return {**fact.model_dump(include=kept), "approval": fact.approval.model_dump(), "stated_at": stated_at}


def _campaign_row(fact: CampaignSnapshot, stated_at: datetime) -> Row:
    asked = {name: value for name, value in (fact.activation or {}).items() if isinstance(value, str)}
    return {
        "campaign_id": fact.campaign_id,
        "name": fact.name,
        "call_guide": asked.get("call_guide"),
        "meeting_ask": asked.get("meeting_ask"),
        "stated_at": stated_at,
    }
