"""Previews: what would be decided about one contact, or one lead, if some facts were other than they are. Nothing is locked or written."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.assignment.reps import Absence
from routing.decisions.effective import day_of
from routing.decisions.facts import Account, Content, Engagement, Target
from routing.decisions.qualification.deciding import Qualification, Qualified
from routing.decisions.qualification.journey import stage_after
from routing.decisions.qualification.readiness import confirmed_after
from routing.operations.assignment.considering import Hand
from routing.operations.desk import Desk
from routing.operations.whatif.kept_decisions import judged
from routing.operations.whatif.rehearsing import as_hand, begin_on_paper, hand_on_paper, paper_desk, paper_lead
from routing.queries import facts, windows
from routing.queries.field_force import standing
from routing.queries.leads import current_leads
from routing.queries.ledgers import LedgerHead
from routing.queries.policies import PinnedPolicy, Policies, policies, policy_row
from routing.queries.windows import Person, Window
from routing.tables import Lead
from shared import problems
from shared.database import together
from shared.problems import FieldError

AWAY_FOR = timedelta(days=365)
"""Somebody who is away in a preview is away for longer than any clock runs."""

_NO_SUCH_CONTACT = "There is no such contact in your scope, or another one stands for it."


@dataclass(frozen=True, slots=True)
class Supposed:
    """What is supposed. Overrides are by field, and stand for what is known; None for a whole account or target: there is none."""

    contact_id: str
    brand_id: str
    lead_id: UUID | None
    now: datetime
    is_now: bool
    """Whether `now` is now: else only what happened until then counts."""
    policy_version: str | None = None
    contact: Mapping[str, Any] = field(default_factory=dict)
    account: Mapping[str, Any] | None = field(default_factory=dict)
    target: Mapping[str, Any] | None = field(default_factory=dict)
    engagements: Sequence[Engagement] = ()
    without_engagements: Collection[str] = ()
    absences: Mapping[str, str | None] = field(default_factory=dict)
    """Reps who are away from now on, with who stands in for them."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be decided: the verdict, and the desk with the lead as it would begin, its records and its clocks."""

    verdict: Qualification
    pinned: PinnedPolicy
    lead: Lead
    desk: Desk
    open_lead_id: UUID | None
    """The lead that is open for contact and brand, if a contact was asked about: while it is, no other begins."""

    @property
    def qualifies(self) -> bool:
        """Whether it would be an MQL."""
        return isinstance(self.verdict, Qualified)


async def preview(session: AsyncSession, supposed: Supposed, *, territory_ids: Collection[str] | None = None) -> Preview:
    """Decides on paper, within a transaction that reads one moment.

    Raises 404 for a contact nobody described, whom another one stands for, or who really lies in none of `territory_ids`, where they are
    given; 422 for a policy that can't decide about it.
    """
    pair, day = (supposed.contact_id, supposed.brand_id), day_of(supposed.now)
    window = Window(supposed.brand_id, supposed.now, supposed.now, day)
    people = await windows.persons(session, window, [supposed.contact_id])
    if supposed.contact_id not in people:
        raise problems.not_found(_NO_SUCH_CONTACT)
    real_person = people[supposed.contact_id]
    person = _supposing(real_person, supposed)
    versions = await _versions(session, supposed)
    in_force, now, engagements, contents, (leads, _), *force = await together(
        session,
        policies([supposed.brand_id], versions=versions),
        standing(),
        facts.engagements([pair]),
        facts.contents({each.asset_id for each in supposed.engagements if each.asset_id}),
        current_leads([supposed.contact_id], lead_ids=[] if supposed.lead_id is None else [supposed.lead_id]),
        *hand_on_paper(),
    )
    at_home = now.field_force.place_of(real_person.contact, real_person.account, brand_id=supposed.brand_id, day=day)
    if territory_ids is not None and at_home.territory_id not in territory_ids:
        raise problems.not_found(_NO_SUCH_CONTACT)
    pinned = _deciding(in_force, supposed, person)
    real = _real_lead(leads, supposed)
    hand = as_hand(*force, field_force=now.field_force, day=day)
    _suppose_absences(hand, supposed)
    place = now.field_force.place_of(person.contact, person.account, brand_id=supposed.brand_id, day=day)
    person.territory = now.field_force.covered(person.contact, person.account, brand_id=supposed.brand_id, day=day)
    counted = _counted(engagements.get(pair, ()), supposed, contents)
    verdict = judged(pinned, person, counted, at=supposed.now, previous_ended_at=real.counting_after)
    lead = paper_lead(
        person,
        place,
        brand_id=supposed.brand_id,
        version=pinned.version,
        qualified_at=supposed.now,
        rep_requested=isinstance(verdict, Qualified) and verdict.rep_requested,
        engagement_ids=[],
        excluded_rep_ids=list(real.excluded_rep_ids),
        earlier_rep_id=real.earlier_rep_id,
        counting_after=real.counting_after,
    )
    # What somebody has already they are not asked to make room for.
    hand.count(real.owner_id, -1)
    only = Policies({(supposed.brand_id, None): pinned}, {pinned.version: pinned}, {})
    desk = paper_desk(supposed.now, person, brand_id=supposed.brand_id, policies=only)
    desk.ledgers[pair] = LedgerHead(
        reached=stage_after(None, counted, brand_id=supposed.brand_id), confirmed=confirmed_after({}, pinned.policy, counted)
    )
    begin_on_paper(desk, lead, hand, place, verdict)
    return Preview(verdict, pinned, lead, desk, real.open_lead_id)


@dataclass(frozen=True, slots=True)
class _Real:
    """What a real lead, or the one before, says about the one on paper."""

    counting_after: datetime | None = None
    excluded_rep_ids: Sequence[str] = ()
    earlier_rep_id: str | None = None
    owner_id: str | None = None
    open_lead_id: UUID | None = None


def _real_lead(leads: Sequence[Lead], supposed: Supposed) -> _Real:
    """A lead asked about is decided as if it had no owner now; a contact as if a lead began now."""
    if supposed.lead_id is not None:
        lead = next(each for each in leads if each.id == supposed.lead_id)
        owner_id = lead.rep_id if lead.ended_at is None else None
        return _Real(lead.counting_after, lead.excluded_rep_ids, lead.earlier_rep_id, owner_id)
    of_brand = [each for each in leads if each.brand_id == supposed.brand_id]
    newest = max(of_brand, key=lambda each: (each.qualified_at, each.id), default=None)
    if newest is None:
        return _Real()
    if newest.ended_at is None:
        return _Real(newest.counting_after, earlier_rep_id=newest.earlier_rep_id, open_lead_id=newest.id)
    return _Real(newest.ended_at, earlier_rep_id=newest.rep_id if newest.stage != "recycled" else None)


async def _versions(session: AsyncSession, supposed: Supposed) -> list[str]:
    if supposed.policy_version is None:
        return []
    row = await policy_row(session, supposed.policy_version)
    if row is None or row.brand_id != supposed.brand_id:
        raise problems.unprocessable("The policy can't be used.", FieldError("/policy_version", "names no policy version of the brand"))
    return [supposed.policy_version]


def _deciding(in_force: Policies, supposed: Supposed, person: Person) -> PinnedPolicy:
    """The version that is named, else the one that applies."""
    if supposed.policy_version is not None:
        return in_force.by_version[supposed.policy_version]
    pinned = in_force.applicable(supposed.brand_id, country=person.contact.country)
    if pinned is None:
        named = "" if supposed.lead_id is not None else "/brand_id"
        raise problems.unprocessable("No policy applies.", FieldError(named, "no version is active for brand and country: name one"))
    return pinned


def _supposing(person: Person, supposed: Supposed) -> Person:
    account, target = person.account, person.target
    if supposed.account is None:
        account = None
    elif supposed.account:
        account = replace(account or Account(""), **supposed.account)
    if supposed.target is None:
        target = None
    elif supposed.target:
        target = replace(target or Target(), **supposed.target)
    return Person(replace(person.contact, **supposed.contact), account, target)


def _counted(engagements: Sequence[Engagement], supposed: Supposed, contents: Mapping[str, Content]) -> list[Engagement]:
    kept = [each for each in engagements if each.engagement_id not in supposed.without_engagements]
    known = kept if supposed.is_now else [each for each in kept if each.occurred_at <= supposed.now]
    stages = {asset_id: content.stage for asset_id, content in contents.items()}
    return [*known, *(replace(each, content_stage=stages.get(each.asset_id or "")) for each in supposed.engagements)]


def _suppose_absences(hand: Hand, supposed: Supposed) -> None:
    for rep_id, delegate_rep_id in supposed.absences.items():
        rep = hand.reps.get(rep_id)
        if rep is not None:
            away = Absence(supposed.now, supposed.now + AWAY_FOR, delegate_rep_id)
            hand.reps[rep_id] = replace(rep, absences=(away, *rep.absences))
            hand.keep_hours = True
