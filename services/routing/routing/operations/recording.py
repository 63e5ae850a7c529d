"""Stores what other services told us, and decides anew whom it concerns."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from routing import tables
from routing.decisions.effective import day_of, next_last_day
from routing.decisions.facts import Content, Engagement
from routing.operations.briefs.following import store_catalog
from routing.operations.briefs.reasons import note_acts
from routing.operations.described_anew import decide_described_anew
from routing.operations.laying_out import clear, lay_out
from routing.operations.ledgers.content import noting_changes, reading_assets
from routing.operations.ledgers.keeping import complete_ledgers, keep_ledgers
from routing.operations.ledgers.restating import review_restated
from routing.operations.merges import following_merges
from routing.operations.qualifying import decide_pairs
from routing.operations.rows import Row, adding, putting_newer
from routing.queries import facts as known_facts
from routing.queries.at_once import at_once
from routing.queries.facts import Pair
from routing.queries.people import holding_people
from shared.database import Statement, together
from shared.events import Event
from shared.events.catalog import AssetSnapshot, CampaignSnapshot
from shared.events.contacts import ContactSnapshot
from shared.events.engagements import EngagementFact, EngagementRestated


async def record_engagements(session: AsyncSession, events: Sequence[Event], *, now: datetime) -> None:
    """Stores engagements as they were last told and decides the contacts x brands they are, or were, about.

    One of an unknown contact waits for the contact. Of several tellings of one the highest version stands, whatever their order.
    """
    told = _newest(events)
    # What assets say is read, and kept, from the first one on.
    storing = at_once(
        known_facts.contents({fact.asset_id for _, fact in told.values() if fact.asset_id}),
        _expecting_contacts({fact.contact_id for _, fact in told.values()}),
        putting_newer(tables.Engagement, [_engagement_row(event, fact) for event, fact in told.values()], by="version"),
    )
    restated = [key for key, (_, fact) in told.items() if isinstance(fact, EngagementRestated)]
    earlier = await _pairs_before(session, restated)
    pairs = {*_pairs(fact for _, fact in told.values()), *earlier.values()}
    if not pairs:  # of no brand, so nothing is decided by them
        await together(session, reading_assets(), storing)
        return
    contact_ids, brand_ids = ({pair[place] for pair in pairs} for place in (0, 1))
    desk = await lay_out(session, contact_ids, now=now, brand_ids=brand_ids, storing=[reading_assets(), storing], newest_rows=True)
    _, (contents, _, stored) = desk.stored
    desk.catalog_is_held = True
    fresh = {key: fact for key, (_, fact) in told.items() if (key,) in stored}
    of_merged = [fact for fact in fresh.values() if fact.original_contact_id or desk.is_merged(fact.contact_id)]
    if of_merged:
        await together(session, following_merges({fact.original_contact_id or fact.contact_id for fact in of_merged}))
        desk = await lay_out(session, contact_ids, now=now, brand_ids=brand_ids, newest_rows=True)
        desk.catalog_is_held = True
        fresh = {key: fact for key, fact in fresh.items() if not desk.is_merged(fact.contact_id)}
    by_pair: dict[Pair, list[Engagement]] = {}
    for fact in fresh.values():
        for pair in _pairs([fact]):
            by_pair.setdefault(pair, []).append(_engagement(fact, contents))
    causes = {
        pair: told[key][0].id for key in restated if key in fresh for pair in {*_pairs([fresh[key]]), *filter(None, [earlier.get(key)])}
    }
    await complete_ledgers(session, desk, causes)
    before = {pair: frozenset(desk.contributions.get(pair, ())) for pair in causes}
    await keep_ledgers(session, desk, fresh=by_pair, anew=causes)
    note_acts(desk, by_pair, contents)
    await review_restated(session, desk, before, causes=causes)
    # A ledger made anew on the way is decided too: nobody else would, now that it is up to date.
    concerned = dict.fromkeys([*by_pair, *causes, *sorted(desk.touched_ledgers)])
    await decide_pairs(session, desk, list(concerned), fresh=list(fresh))
    await clear(session, desk)


def _expecting_contacts(contact_ids: Collection[str]) -> Statement[Any]:
    """Gives contacts nobody described yet a row, since a row is what transactions take turns by. It goes before storing about them."""
    return adding(tables.Contact, _undescribed(contact_ids))


def _undescribed(contact_ids: Collection[str]) -> list[Row]:
    return [{"contact_id": contact_id, "segments": [], "consents": [], "licences": []} for contact_id in contact_ids]


def _newest(events: Sequence[Event]) -> dict[str, tuple[Event, EngagementFact]]:
    """By engagement, the highest version that was told of it."""
    told: dict[str, tuple[Event, EngagementFact]] = {}
    for event in events:
        fact = event.fact
        if isinstance(fact, EngagementFact):
            known = told.get(fact.engagement_id)
            if known is None or _version(fact) > _version(known[1]):
                told[fact.engagement_id] = event, fact
    return told


def _version(fact: EngagementFact) -> int:
    return fact.version if isinstance(fact, EngagementRestated) else 1


def _pairs(facts: Iterable[EngagementFact]) -> set[Pair]:
    return {(fact.contact_id, fact.brand_id) for fact in facts if fact.brand_id is not None}


async def _pairs_before(session: AsyncSession, engagement_ids: Sequence[str]) -> dict[str, Pair]:
    """What those engagements that are stored were about until now; nothing is asked for none."""
    if not engagement_ids:
        return {}
    [pairs] = await together(session, known_facts.pairs_of_engagements(engagement_ids))
    return dict(pairs)


async def record_contacts(session: AsyncSession, events: Sequence[Event], *, now: datetime) -> None:
    """Stores the newest description of each contact and decides them anew; a lower version than known is old news."""
    newest: dict[str, Event] = {}
    versions: dict[str, int] = {}
    for event in events:
        fact = event.fact
        if isinstance(fact, ContactSnapshot) and fact.version >= versions.get(fact.contact_id, fact.version):
            newest[fact.contact_id], versions[fact.contact_id] = event, fact.version
    rows = [_contact_row(event.fact, day=day_of(now)) for event in newest.values() if isinstance(event.fact, ContactSnapshot)]
    if not rows:
        return
    named = newest.keys() | {row["merged_into"] for row in rows if row["merged_into"]}
    # Before any of them is replaced, all are taken in one order: who stands for somebody may come before them in it, or after.
    added, _, replaced = await together(
        session,
        adding(tables.Contact, [*rows, *_undescribed(named - newest.keys())]),
        holding_people(named),
        putting_newer(tables.Contact, rows, by="version"),
    )
    changed = [key for (key,) in added | replaced if key in newest]
    if not changed:
        return
    desk = await lay_out(session, changed, now=now, storing=[following_merges(changed)])
    causes = {contact_id: newest[contact_id].id for contact_id in changed}
    await decide_described_anew(session, desk, reason="contact_changed", causes=causes)
    await clear(session, desk)


async def record_catalog(session: AsyncSession, events: Sequence[Event], *, now: datetime) -> None:
    """Stores the newest statement about each asset and campaign, for briefs to come; briefs that would tell otherwise are looked at."""
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
    if assets or campaigns:
        noting = noting_changes(list(assets.values()))
        await store_catalog(session, assets.values(), campaigns.values(), now=now, also=noting)


def _engagement(fact: EngagementFact, contents: Mapping[str, Content]) -> Engagement:
    content = contents.get(fact.asset_id or "")
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
        content_stage=content.stage if content else None,
    )


def _engagement_row(event: Event, fact: EngagementFact) -> Row:
    kept = {
        "engagement_id", "contact_id", "original_contact_id", "brand_id", "kind", "context", "asset_id", "campaign_id", "topics",
        "machine", "flags", "occurred_at",
    }  # fmt: skip
    return {**fact.model_dump(include=kept), "version": _version(fact), "event_id": event.id, "correlation_id": event.correlation_id}


def _contact_row(fact: ContactSnapshot, *, day: date) -> Row:
    kept = {
        "contact_id", "version", "country", "kind", "specialty", "credentials", "postal_code", "region", "segments", "given_name",
        "family_name", "merged_into",
    }  # fmt: skip
    consents: list[Any] = [consent.model_dump() for consent in fact.consents]
    licences: list[Any] = [licence.model_dump() for licence in fact.licences]
    return {
        **fact.model_dump(include=kept),
        "consents": consents,
        "licences": licences,
        "licence_ends_on": next_last_day((licence.valid_until for licence in fact.licences), day=day),
        "primary_account_id": _primary_account_id(fact),
    }


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
