"""A small field, as other services would tell of it.

rep-1 and rep-2 report to boss-1; rep-2 works in territory t-2, which is boss-2's; rep-3 is nobody's here. Every rep has one lead.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from shared.events import Event
from shared.events.contacts import Affiliation, ContactSnapshot
from shared.events.facts import Fact
from shared.events.field_force import AccountSnapshot, RepSnapshot, TerritorySnapshot
from shared.events.leads import LeadAssigned, LeadQualified, LeadScore, LeadWaiting
from shared.events.loop import ChangePublished, DecisionDecided, DecisionOpened, Scope, ThemeEmerged
from shared.ids import new_id

START = datetime.now(UTC) - timedelta(days=1)
VISIT = (START + timedelta(hours=2)).isoformat()
JOURNEY_1 = new_id()


def event(fact: Fact, *, at: datetime = START, correlation_id: UUID | None = None) -> Event:
    return Event.of(fact, occurred_at=at, recorded_at=at, correlation_id=correlation_id or new_id())


def rep(rep_id: str, *, manager: str | None = None, territories: list[str], role: str = "rep") -> Event:
    return event(RepSnapshot(rep_id=rep_id, name=rep_id, role=role, manager_id=manager, territory_ids=territories, active=True))


def account(account_id: str, *, owner: str | None = None) -> Event:
    fact = AccountSnapshot(
        account_id=account_id, name=account_id, institution_type="hospital", postal_code="60601", owner_rep_id=owner, priority="a"
    )
    return event(fact)


def contact(contact_id: str, *accounts: str, version: int = 1, merged_into: str | None = None) -> Event:
    affiliations = [Affiliation(account_id=account_id, primary=False) for account_id in accounts]
    fact = ContactSnapshot(
        contact_id=contact_id,
        version=version,
        merged_into=merged_into,
        provisional=False,
        given_name="CANARYNAME",
        family_name="CANARYNAME",
        affiliations=affiliations,
    )
    return event(fact)


def lead(lead_id: str, *, contact: str, brand: str = "brand-1") -> dict[str, str]:
    return {"lead_id": lead_id, "contact_id": contact, "brand_id": brand, "policy_version": "p1"}


def qualified(lead_id: str, *, contact: str, brand: str = "brand-1", territory: str | None = None, journey: UUID | None = None) -> Event:
    score = LeadScore(fit=50, engagement=50, grade="A1")
    fact = LeadQualified(
        **lead(lead_id, contact=contact, brand=brand), kind="off_plan", score=score, territory_id=territory, qualified_at=START
    )
    return event(fact, correlation_id=journey)


def assigned(
    lead_id: str,
    rep_id: str,
    *,
    contact: str,
    brand: str = "brand-1",
    territory: str | None = None,
    at: datetime = START,
    journey: UUID | None = None,
) -> Event:
    fact = LeadAssigned(
        **lead(lead_id, contact=contact, brand=brand), rep_id=rep_id, step="territory", territory_id=territory, assigned_at=at
    )
    return event(fact, at=at, correlation_id=journey)


def waiting(lead_id: str, *, contact: str, at: datetime) -> Event:
    return event(LeadWaiting(**lead(lead_id, contact=contact), reason="nobody_eligible", since=at), at=at)


def field_force() -> list[Event]:
    return [
        event(TerritorySnapshot(territory_id="t-1", name="t-1", region="north", timezone="UTC", country="US")),
        rep("boss-1", territories=["t-1"], role="manager"),
        rep("boss-2", territories=["t-2"], role="manager"),
        rep("rep-1", manager="boss-1", territories=["t-1"]),
        rep("rep-2", manager="boss-1", territories=["t-2"]),
        rep("rep-3", territories=["t-3"]),
        account("account-1", owner="rep-1"),
        account("account-2"),
        account("account-3", owner="rep-3"),
    ]


def contacts() -> list[Event]:
    return [contact("contact-1", "account-2"), contact("contact-2"), contact("contact-3", "account-3")]


def leads() -> list[Event]:
    return [
        qualified("lead-1", contact="contact-1", territory="t-1", journey=JOURNEY_1),
        assigned("lead-1", "rep-1", contact="contact-1", territory="t-1", journey=JOURNEY_1),
        assigned("lead-2", "rep-2", contact="contact-2", territory="t-2"),
        assigned("lead-3", "rep-3", contact="contact-3", territory="t-3"),
    ]


def outcome(**fields: Any) -> dict[str, Any]:
    return {"lead_id": "lead-1", "code": "contacted", "channel": "in_person", "occurred_at": VISIT} | fields


def objection(**fields: Any) -> dict[str, Any]:
    return {
        "lead_id": "lead-1",
        "topic": "dosing_administration",
        "nature": "concern",
        "reaction": "neutral",
        "occurred_at": VISIT,
        "adverse_event": False,
        "medical_question": False,
    } | fields


def insight(**fields: Any) -> dict[str, Any]:
    return {
        "contact_id": "contact-1",
        "kind": "access",
        "topics": ["prior_authorization"],
        "occurred_at": VISIT,
        "note": "Forms take her staff two hours.",
        "adverse_event": False,
        "medical_question": False,
    } | fields


SCOPE = Scope(brand_id="brand-1", topic="dosing_administration", specialty="cardiology")


def theme(report_ids: list[str]) -> Event:
    fact = ThemeEmerged(
        theme_id="theme-1",
        signal="objection_rising",
        scope=SCOPE,
        report_ids=report_ids,
        count=5,
        reps=3,
        previous=1,
        first_seen=START,
        emerged_at=START,
    )
    return event(fact)


def decision_opened(report_ids: list[str]) -> Event:
    fact = DecisionOpened(
        decision_id="decision-1",
        theme_id="theme-1",
        signal="objection_rising",
        scope=SCOPE,
        report_ids=report_ids,
        recommended="change",
        owner="marketing",
        due_at=START,
        opened_at=START,
    )
    return event(fact)


def decided(report_ids: list[str]) -> Event:
    fact = DecisionDecided(
        decision_id="decision-1",
        theme_id="theme-1",
        scope=SCOPE,
        report_ids=report_ids,
        choice="change",
        reason_code="unclear_asset",
        owner="marketing",
        review_on=START.date(),
        decided_at=START,
    )
    return event(fact)


def change(report_ids: list[str], *, decision: str | None = "decision-1", answers: tuple[str, ...] = ()) -> Event:
    fact = ChangePublished(
        change_id="change-1",
        decision_id=decision,
        answers=list(answers),
        report_ids=report_ids,
        kind="asset_updated",
        asset_id="asset-1",
        published_at=START,
    )
    return event(fact)
