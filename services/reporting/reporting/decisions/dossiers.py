"""What is known of one contact, their leads and what was heard on them: facts that join in any order, any number of times.

Every fact here is a join-semilattice: `joined` is commutative, associative and idempotent, so late, doubled and reordered events
end in the same dossier. The contact is the unit: everything a rollup counts about a lead or an objection lies in one dossier.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.events import Fact
from shared.events.contacts import ContactSnapshot
from shared.events.feedback import ObjectionRecorded
from shared.events.leads import LeadAssigned, LeadQualified, LeadStageChanged

STAGES = ("mql", "assigned", "accepted", "contacted", "sql", "meeting_booked", "meeting_held", "opportunity")
"""The funnel, in order. Detours (recycled, disqualified, on_hold) are no step of it."""

_ENTERED_BY_CHANGE = frozenset(STAGES) - {"mql", "assigned"}


@dataclass(frozen=True, slots=True, order=True)
class Stated:
    """An attribute as it was said at a time: the latest saying wins, on a tie the greater value."""

    at: datetime
    value: str


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact without anything that names them. Version 0: something was said about them before their snapshot came."""

    contact_id: str
    version: int = 0
    specialty: str | None = None
    external_ids: Mapping[str, str] = field(default_factory=dict)
    segments: tuple[str, ...] = ()

    def joined(self, other: "Contact") -> "Contact":
        """The newer of two statements."""
        return max(self, other, key=_newness)


@dataclass(frozen=True, slots=True)
class Lead:
    """One lead and when it first entered each stage. Its contact and brand never change."""

    lead_id: str
    brand_id: str
    kind: str | None = None
    campaign: Stated | None = None
    territory: Stated | None = None
    region: Stated | None = None
    rep: Stated | None = None
    entered: Mapping[str, datetime] = field(default_factory=dict)

    def joined(self, other: "Lead") -> "Lead":
        """What both statements say: the latest attribute, the earliest entry of each stage."""
        return replace(
            self,
            kind=max(self.kind or "", other.kind or "") or None,
            campaign=_latest(self.campaign, other.campaign),
            territory=_latest(self.territory, other.territory),
            region=_latest(self.region, other.region),
            rep=_latest(self.rep, other.rep),
            entered=_earliest(self.entered, other.entered),
        )


@dataclass(frozen=True, slots=True)
class Objection:
    """One recorded objection. It is said once, so a second statement of the same report says the same."""

    report_id: str
    lead_id: str | None
    brand_id: str
    rep_id: str
    topic: str
    nature: str
    reaction: str
    asset_id: str | None
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Dossier:
    """A contact with their leads and the objections heard from them, by id."""

    contact: Contact
    leads: Mapping[str, Lead] = field(default_factory=dict)
    objections: Mapping[str, Objection] = field(default_factory=dict)

    def joined(self, other: "Dossier") -> "Dossier":
        """What both dossiers of the same contact say."""
        leads = dict(self.leads)
        for lead_id, lead in other.leads.items():
            leads[lead_id] = leads[lead_id].joined(lead) if lead_id in leads else lead
        return Dossier(
            contact=self.contact.joined(other.contact),
            leads=leads,
            objections={**other.objections, **self.objections},
        )


def said_by(fact: Fact) -> Dossier | None:
    """What one event adds to its contact's dossier; None for an event that adds nothing there."""
    match fact:
        case ContactSnapshot():
            return Dossier(
                Contact(
                    contact_id=fact.contact_id,
                    version=fact.version,
                    specialty=fact.specialty,
                    external_ids=dict(fact.external_ids),
                    segments=tuple(fact.segments),
                )
            )
        case LeadQualified() | LeadAssigned() | LeadStageChanged():
            return Dossier(Contact(fact.contact_id), leads={fact.lead_id: _lead_said_by(fact)})
        case ObjectionRecorded():
            return Dossier(Contact(fact.contact_id), objections={fact.report_id: _objection_said_by(fact)})
        case _:
            return None


def folded(dossiers: Mapping[str, Dossier], facts: Iterable[Fact]) -> dict[str, Dossier]:
    """The dossiers by contact id with every fact joined in."""
    after = dict(dossiers)
    for fact in facts:
        said = said_by(fact)
        if said is not None:
            contact_id = said.contact.contact_id
            after[contact_id] = after[contact_id].joined(said) if contact_id in after else said
    return after


def _lead_said_by(fact: LeadQualified | LeadAssigned | LeadStageChanged) -> Lead:
    match fact:
        case LeadQualified():
            return Lead(
                lead_id=fact.lead_id,
                brand_id=fact.brand_id,
                kind=fact.kind,
                campaign=_stated(fact.campaign_id, fact.qualified_at),
                territory=_stated(fact.territory_id, fact.qualified_at),
                region=_stated(fact.region, fact.qualified_at),
                entered={"mql": fact.qualified_at},
            )
        case LeadAssigned():
            return Lead(
                lead_id=fact.lead_id,
                brand_id=fact.brand_id,
                campaign=_stated(fact.campaign_id, fact.assigned_at),
                territory=_stated(fact.territory_id, fact.assigned_at),
                region=_stated(fact.region, fact.assigned_at),
                rep=_stated(fact.rep_id, fact.assigned_at),
                entered={"assigned": fact.assigned_at},
            )
        case LeadStageChanged():
            return Lead(
                lead_id=fact.lead_id,
                brand_id=fact.brand_id,
                campaign=_stated(fact.campaign_id, fact.changed_at),
                entered={fact.to_stage: fact.changed_at} if fact.to_stage in _ENTERED_BY_CHANGE else {},
            )


def _objection_said_by(fact: ObjectionRecorded) -> Objection:
    return Objection(
        report_id=fact.report_id,
        lead_id=fact.lead_id,
        brand_id=fact.brand_id,
        rep_id=fact.rep_id,
        topic=fact.topic,
        nature=fact.nature,
        reaction=fact.reaction,
        asset_id=fact.asset_id,
        occurred_at=fact.occurred_at,
    )


def _stated(value: str | None, at: datetime) -> Stated | None:
    return None if value is None else Stated(at, value)


def _latest(first: Stated | None, second: Stated | None) -> Stated | None:
    return max((stated for stated in (first, second) if stated is not None), default=None)


def _earliest(first: Mapping[str, datetime], second: Mapping[str, datetime]) -> dict[str, datetime]:
    return {
        stage: min(entered[stage] for entered in (first, second) if stage in entered)
        for stage in STAGES
        if stage in first or stage in second
    }


def _newness(contact: Contact) -> tuple[object, ...]:
    """Orders statements by version; what follows only makes equal versions with different contents end alike everywhere."""
    return (contact.version, contact.specialty or "", contact.segments, sorted(contact.external_ids.items()))
