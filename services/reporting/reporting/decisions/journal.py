"""What the journal keeps of an event: whom and what it is about, which reports it rests on, and a sentence of codes."""

from dataclasses import dataclass

from shared.events import Fact
from shared.events.cases import CaseOpened
from shared.events.catalog import AssetSnapshot, CampaignSnapshot
from shared.events.contacts import ContactSnapshot
from shared.events.engagements import EngagementFact, EngagementRestated
from shared.events.erasures import ContactErased, ErasureOrdered
from shared.events.feedback import ConsentReported, InsightRecorded, ObjectionRecorded, OutcomeRecorded, RepTold
from shared.events.field_force import AccountSnapshot, RepSnapshot, TerritorySnapshot
from shared.events.leads import (
    BriefAnswered,
    BriefIssued,
    ClockBreached,
    ClockFact,
    ClockMet,
    LeadAssigned,
    LeadFact,
    LeadQualified,
    LeadRecycled,
    LeadStageChanged,
    LeadWaiting,
    NurtureHeld,
    NurtureResumed,
    OutcomeRefused,
    PolicyActivated,
)
from shared.events.loop import ChangePublished, DecisionDecided, DecisionOpened, ThemeEmerged


@dataclass(frozen=True, slots=True)
class Noted:
    """Codes and ids only: `subjects` are what the event is found by, `rests_on` the reports (for a lead: engagements) it follows from. One
    that `is_test` is on record, and counted in no figure."""

    summary: str
    subjects: tuple[str, ...]
    rests_on: tuple[str, ...] = ()
    contact_id: str | None = None
    is_test: bool = False


def noted(fact: Fact) -> Noted:
    """What the journal keeps of a fact. A fact this room has no sentence for is kept under its key with its type's name."""
    match fact:
        case EngagementFact():
            return _engagement(fact)
        case ContactSnapshot() | CampaignSnapshot() | AssetSnapshot() | TerritorySnapshot() | AccountSnapshot() | RepSnapshot():
            return _snapshot(fact)
        case OutcomeRefused():
            summary = f"outcome {fact.code} refused at stage {fact.stage}: {fact.reason}"
            return Noted(summary, (fact.lead_id, fact.report_id))
        case PolicyActivated():
            return Noted(f"policy {fact.policy_version} activated for {fact.brand_id}", (fact.policy_version,))
        case ErasureOrdered() | ContactErased():
            return _erasure(fact)
        case CaseOpened():
            return Noted(f"case {fact.kind} opened, {fact.certainty}", (fact.case_id, fact.report_id))
        case LeadFact():
            return _lead(fact)
        case OutcomeRecorded() | ObjectionRecorded() | InsightRecorded() | ConsentReported() | RepTold():
            return _feedback(fact)
        case ThemeEmerged() | DecisionOpened() | DecisionDecided() | ChangePublished():
            return _loop(fact)
        case _:
            return Noted(fact.contract.event_type, (fact.key(),))


def _snapshot(
    fact: ContactSnapshot | CampaignSnapshot | AssetSnapshot | TerritorySnapshot | AccountSnapshot | RepSnapshot,
) -> Noted:
    match fact:
        case ContactSnapshot():
            state = "merged" if fact.merged_into else "provisional" if fact.provisional else "known"
            subjects = (fact.contact_id, *_present(fact.merged_into))
            return Noted(f"contact version {fact.version}, {state}", subjects, contact_id=fact.contact_id)
        case CampaignSnapshot():
            return Noted(f"campaign {fact.campaign_id} of {fact.brand_id}", (fact.campaign_id,))
        case AssetSnapshot():
            return Noted(f"asset {fact.asset_id} version {fact.version}, {fact.approval.status}", (fact.asset_id,))
        case TerritorySnapshot():
            return Noted(f"territory {fact.territory_id} in {fact.region}", (fact.territory_id,))
        case AccountSnapshot():
            return Noted(f"account {fact.account_id}, priority {fact.priority}", (fact.account_id,))
        case RepSnapshot():
            return Noted(f"rep {fact.rep_id}, {'active' if fact.active else 'inactive'}", (fact.rep_id,))


def _engagement(fact: EngagementFact) -> Noted:
    told = f"version {fact.version}, by {fact.cause}: " if isinstance(fact, EngagementRestated) else ""
    summary = f"{told}{fact.kind} by {fact.channel}{_on(fact.asset_id)}{_of_campaign(fact.campaign_id)}"
    if fact.machine:
        summary += f", by a machine{': ' if fact.machine_evidence else ''}{', '.join(fact.machine_evidence)}"
    is_test = "test" in fact.flags
    if is_test:
        summary += ", a test"
    return Noted(summary, (fact.engagement_id, fact.contact_id), contact_id=fact.contact_id, is_test=is_test)


def _lead(fact: LeadFact) -> Noted:
    rests_on: tuple[str, ...] = ()
    match fact:
        case LeadQualified():
            summary = f"{fact.kind} lead qualified for {fact.brand_id}, grade {fact.score.grade}, policy {fact.policy_version}"
            rests_on = tuple(fact.engagement_ids)
        case LeadAssigned():
            summary = f"assigned to {fact.rep_id} by {fact.step}"
        case LeadWaiting():
            summary = f"waits in the queue: {fact.reason}"
        case LeadStageChanged() | LeadRecycled() | NurtureHeld() | NurtureResumed():
            summary = _moved(fact)
        case BriefIssued():
            summary = f"brief version {fact.version} issued, {fact.journey_stage}{': ' if fact.changes else ''}{', '.join(fact.changes)}"
        case BriefAnswered():
            why = f": {fact.reason_code}" if fact.reason_code else ""
            summary = f"{fact.rep_id} {fact.kind} brief version {fact.version}{why}"
        case ClockMet():
            summary = f"clock {fact.kind} met{', late' if fact.late else ''}"
        case ClockBreached():
            summary = f"clock {fact.kind} breached"
        case ClockFact():
            summary = f"{fact.contract.event_type.replace('.', ' ')}: {fact.kind}"
        case _:
            summary = fact.contract.event_type
    return Noted(summary, (fact.lead_id, fact.contact_id), rests_on, contact_id=fact.contact_id)


def _moved(fact: LeadStageChanged | LeadRecycled | NurtureHeld | NurtureResumed) -> str:
    match fact:
        case LeadStageChanged():
            told = f"{', implied' if fact.implied else ''}{', told late' if fact.late else ''}"
            return f"{fact.from_stage or 'no stage'} > {fact.to_stage}, {fact.reason}{told}"
        case LeadRecycled():
            return f"recycled to track {fact.track}, {fact.reason}{f', back on {fact.return_on}' if fact.return_on else ''}"
        case NurtureHeld():
            return f"{fact.scope} automation holds: {fact.reason}"
        case NurtureResumed():
            return f"{fact.scope} automation may go on: {fact.reason}{f', track {fact.track}' if fact.track else ''}"


def _feedback(fact: OutcomeRecorded | ObjectionRecorded | InsightRecorded | ConsentReported | RepTold) -> Noted:
    match fact:
        case OutcomeRecorded():
            summary = f"{fact.rep_id} reported {fact.code} by {fact.channel}"
            return Noted(summary, (fact.report_id, fact.lead_id, fact.contact_id), contact_id=fact.contact_id)
        case ObjectionRecorded():
            summary = f"{fact.rep_id} heard objection {fact.topic}, {fact.nature}, reaction {fact.reaction}{_on(fact.asset_id)}"
            subjects = (fact.report_id, *_present(fact.lead_id), fact.contact_id)
            return Noted(summary, subjects, contact_id=fact.contact_id)
        case InsightRecorded():
            summary = f"{fact.rep_id} learned {fact.kind}{': ' if fact.topics else ''}{', '.join(fact.topics)}"
            return Noted(summary, (fact.report_id, *_present(fact.contact_id)), contact_id=fact.contact_id)
        case ConsentReported():
            summary = f"told to a rep: {fact.channel} {fact.state} for {fact.purpose}"
            return Noted(summary, (fact.report_id, fact.contact_id), contact_id=fact.contact_id)
        case RepTold():
            summary = f"{fact.rep_id} was told of change {fact.change_id}: {fact.kind}"
            return Noted(summary, (fact.change_id, *_present(fact.decision_id)), tuple(fact.report_ids))


def _loop(fact: ThemeEmerged | DecisionOpened | DecisionDecided | ChangePublished) -> Noted:
    rests_on = tuple(fact.report_ids)
    match fact:
        case ThemeEmerged():
            where = f"{fact.scope.topic} among {fact.scope.specialty} for {fact.scope.brand_id}"
            summary = f"theme {where}: {fact.count} objections from {fact.reps} reps, {fact.previous} before"
            return Noted(summary, (fact.theme_id,), rests_on)
        case DecisionOpened():
            summary = f"decision asked of {fact.owner}, {fact.recommended} recommended"
            return Noted(summary, (fact.decision_id, fact.theme_id), rests_on)
        case DecisionDecided():
            summary = f"decided {fact.choice}: {fact.reason_code}, review on {fact.review_on}"
            return Noted(summary, (fact.decision_id, fact.theme_id), rests_on)
        case ChangePublished():
            summary = f"change {fact.kind} published{_on(fact.asset_id)}{_of_campaign(fact.campaign_id)}"
            return Noted(summary, (fact.change_id, *_present(fact.decision_id)), rests_on)


def _erasure(fact: ErasureOrdered | ContactErased) -> Noted:
    summary = "everybody is to forget the contact" if isinstance(fact, ErasureOrdered) else f"{fact.service} has forgotten the contact"
    return Noted(summary, (fact.contact_id, fact.erasure_id), contact_id=fact.contact_id)


def _on(asset_id: str | None) -> str:
    return f" on asset {asset_id}" if asset_id else ""


def _of_campaign(campaign_id: str | None) -> str:
    return f" of campaign {campaign_id}" if campaign_id else ""


def _present(*ids: str | None) -> tuple[str, ...]:
    return tuple(one for one in ids if one)
