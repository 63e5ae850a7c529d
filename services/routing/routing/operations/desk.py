"""The desk: a set of contacts with all that is decided about them, held by one transaction, and what came of it, written in one go.

Every path that decides anything (an engagement, a snapshot, an outcome, a tick of a clock, a new policy) takes contacts onto a desk,
changes what lies there by pure decisions, and clears it. One contact and five hundred cost the same number of statements.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from routing.decisions.assignment.deciding import AssignTo, Candidate, Queue
from routing.decisions.clocks.clock import Clock, ClockEffect
from routing.decisions.clocks.rules import CLOCK_KINDS, ClockKind
from routing.decisions.effective import day_of
from routing.decisions.facts import Account, Contact, Subject, Target
from routing.decisions.qualification.scoring import Contribution, Score, score
from routing.operations.briefs.noticing import Notes
from routing.operations.records import Chosen, chosen_by, record_row
from routing.operations.rows import Row, Sets
from routing.queries.facts import Pair
from routing.queries.field_force import FieldForce
from routing.queries.leads import ClockKey
from routing.queries.ledgers import LedgerHead
from routing.queries.policies import PinnedPolicy, Policies
from routing.tables import Lead
from shared.events import Event, Fact


@dataclass(slots=True)
class Desk:
    """Contacts under decision at `now`. Contacts without a snapshot aren't in `contacts`: whatever concerns them waits."""

    now: datetime
    contacts: dict[str, Contact]
    primary_accounts: dict[str, Account]
    """By contact id."""
    targets: Mapping[Pair, Target]
    """Those on the call plan of the day."""
    ledgers: dict[Pair, LedgerHead]
    leads: dict[UUID, Lead]
    newest_leads: dict[Pair, Lead]
    """Of each person x brand the lead that is open, else the one that ended last."""
    clocks: dict[ClockKey, Clock]
    policies: Policies
    contributions: dict[Pair, list[Contribution]]
    cycles: defaultdict[Pair, list[Lead]] = field(default_factory=lambda: defaultdict(list))
    """By person x brand, its leads on the desk."""
    field_force: FieldForce | None = None
    """Read where a policy asks in which territory contacts lie."""
    partly_read: dict[Pair, datetime] = field(default_factory=dict)
    """Pairs of whose ledger only the newest rows lie in `contributions`, those from this moment on, or none."""
    stored: Sequence[Any] = ()
    """What the statements answered that were sent along."""
    scores: dict[UUID, Score] = field(default_factory=dict)
    """By lead, those read so far: while it lies here a score doesn't change."""
    notes: Notes = field(default_factory=Notes)
    catalog_is_held: bool = False
    """Whether what briefs show stays as it is until the transaction ends."""
    frees_capacity: bool = False
    ledger_rows: list[Row] = field(default_factory=list)
    turns: Sets = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    records: list[Row] = field(default_factory=list)
    briefs: list[Row] = field(default_factory=list)
    reports: list[Row] = field(default_factory=list)
    touched_ledgers: set[Pair] = field(default_factory=set)
    touched_leads: set[UUID] = field(default_factory=set)
    touched_clocks: set[ClockKey] = field(default_factory=set)

    def subject(self, pair: Pair) -> Subject | None:
        """What a policy's conditions may ask about the contact, for the brand; None while the contact is unknown."""
        contact, account = self.contacts.get(pair[0]), self.primary_accounts.get(pair[0])
        if contact is None:
            return None
        covered = self.field_force.covered(contact, account, brand_id=pair[1], day=day_of(self.now)) if self.field_force else None
        return Subject(contact, account, self.targets.get(pair), covered)

    def person_of(self, contact_id: str) -> str:
        """Who stands for a contact: themselves, unless they are merged into somebody who was described."""
        contact = self.contacts.get(contact_id)
        survivor_id = contact.merged_into if contact else None
        return survivor_id if survivor_id is not None and survivor_id in self.contacts else contact_id

    def pair_of(self, lead: Lead) -> Pair:
        """The person x brand a lead is of: whose ledger it is read on, and whose description it is decided by."""
        return self.person_of(lead.contact_id), lead.brand_id

    def pairs_of(self, leads: Iterable[Lead]) -> list[Pair]:
        """The person x brand of each lead."""
        return [self.pair_of(lead) for lead in leads]

    def policy(self, pair: Pair) -> PinnedPolicy | None:
        """The policy that applies to the pair now; None while the contact is unknown or the brand has none."""
        contact = self.contacts.get(pair[0])
        return None if contact is None else self.policies.applicable(pair[1], country=contact.country)

    def policy_of(self, lead: Lead) -> PinnedPolicy:
        """The policy a lead is decided by: the one that applies now, else the one it was last decided by."""
        return self.policy(self.pair_of(lead)) or self.policies.by_version[lead.policy_version]

    def score_of(self, lead: Lead) -> Score:
        """The lead's score as read now, on what happened in its cycle. Its ledger must have been read whole (`complete_ledgers`)."""
        if lead.id not in self.scores:
            policy = self.policy_of(lead).policy
            pair = self.pair_of(lead)
            if pair in self.partly_read:
                raise ValueError("a score of a ledger that was not read whole")
            subject = self.subject(pair) or Subject(Contact(pair[0]))
            rows = self.contributions.get(pair, [])
            self.scores[lead.id] = score(policy, subject=subject, ledger=rows, now=self.now, counting_after=lead.counting_after)
        return self.scores[lead.id]

    def has_open_lead(self, pair: Pair) -> bool:
        """Whether the pair's cycle goes on: a new one can't begin."""
        newest = self.newest_leads.get(pair)
        return newest is not None and newest.ended_at is None

    def is_merged(self, contact_id: str) -> bool:
        """Whether another contact stands for this one: nothing begins with this one any more."""
        contact = self.contacts.get(contact_id)
        return contact is not None and contact.merged_into is not None

    def add_lead(self, lead: Lead, *, reading: Score) -> None:
        """A new cycle begins, with the score it was qualified by."""
        self.scores[lead.id] = reading
        pair = self.pair_of(lead)
        self.leads[lead.id] = self.newest_leads[pair] = lead
        self.cycles[pair].append(lead)
        self.touched_leads.add(lead.id)

    def say(self, lead: Lead, fact: Fact, *, cause: UUID | None = None, occurred_at: datetime | None = None) -> UUID:
        """Publishes a fact about a lead, caused by what was last said of it unless another cause is named, and returns the event's id."""
        event = Event.of(
            fact,
            occurred_at=occurred_at or self.now,
            recorded_at=self.now,
            correlation_id=lead.correlation_id,
            causation_id=cause or lead.last_event_id,
        )
        self.events.append(event)
        return event.id

    def record(
        self,
        lead: Lead,
        kind: str,
        *,
        reason: str,
        from_stage: str | None = None,
        to_stage: str | None = None,
        decided: AssignTo | Queue | None = None,
        sentence: str | None = None,
        by_sub: str | None = None,
        rule: str | None = None,
        candidates: Sequence[Candidate] = (),
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Keeps what was decided; for an assignment also who was considered, the pointer before and after, and all in a sentence.

        `rule` and `candidates` are for one that no step decided, `by_sub` who decided it by hand. `details` are JSON: what an entry of
        this kind keeps besides.
        """
        lead.record_count += 1
        self.touched_leads.add(lead.id)
        chosen = Chosen(rule, candidates) if decided is None else chosen_by(decided)
        stages = {"from_stage": from_stage, "to_stage": to_stage}
        row = record_row(lead, kind, at=self.now, reason=reason, chosen=chosen, sentence=sentence, details=details)
        self.records.append(row | stages | {"by_sub": by_sub})

    def note_clocks(self, lead: Lead, effects: Sequence[ClockEffect]) -> None:
        """Keeps what the newest decision about the lead did to its clocks."""
        newest = next(record for record in reversed(self.records) if record["lead_id"] == lead.id)
        newest["details"] = {**(newest["details"] or {}), "clocks": list(effects)}

    def clock(self, lead: Lead, kind: ClockKind = "first_outreach") -> Clock | None:
        """The lead's clock of a kind; None if it has none."""
        return self.clocks.get((lead.id, kind))

    def clocks_of(self, lead: Lead) -> list[Clock]:
        """All of the lead's clocks."""
        return [clock for kind in CLOCK_KINDS if (clock := self.clock(lead, kind))]

    def set_clock(self, lead: Lead, clock: Clock) -> None:
        """The lead's clock of that kind from now on."""
        self.clocks[lead.id, clock.kind] = clock
        self.touched_clocks.add((lead.id, clock.kind))

    def was_attempted(self, lead: Lead) -> bool:
        """Whether its owner has tried to reach the person."""
        clock = self.clock(lead)
        return clock is not None and clock.met_at is not None
