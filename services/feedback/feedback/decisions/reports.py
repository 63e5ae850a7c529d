"""What becomes of a report: published, kept until its lead is heard of, left to its case alone, or refused, and why."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, assert_never
from uuid import UUID

from feedback.decisions.reach import KnownLead, PostedAs, Reach

ReportKind = Literal["outcome", "objection", "insight"]

# A device set to a wrong zone is hours ahead, never more than a day.
AHEAD_MAX = timedelta(days=1)
# A rep's report is about a recent visit; earlier than this the device's clock was never set.
BEHIND_MAX = timedelta(days=3650)

MEETING_BOOKED = "meeting_booked"
# Nobody books further ahead than next year's congress; what lies beyond is a slip of the year.
MEETING_AHEAD_MAX = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Report:
    """What a rep reported, as codes. `codes` is what its kind codes besides, named as in its event."""

    id: UUID
    kind: ReportKind
    rep_id: str
    posted_as: PostedAs
    lead_id: str | None
    contact_id: str | None
    account_id: str | None
    brand_id: str | None
    occurred_at: datetime
    received_at: datetime
    codes: Mapping[str, Any]
    correlation_id: UUID

    @property
    def account_ids(self) -> frozenset[str]:
        """Every account the report names."""
        opportunity = self.codes.get("opportunity")
        named = {self.account_id, opportunity["account_id"] if opportunity else None}
        return frozenset(account_id for account_id in named if account_id is not None)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The facts a report is judged by: its lead, the leads of its contact within reach, and which of its accounts are within reach."""

    reach: Reach
    lead: KnownLead | None = None
    contact_leads: tuple[KnownLead, ...] = ()
    accounts_in_reach: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Publish:
    """The report stands, completed by what its lead says."""

    report: Report


@dataclass(frozen=True, slots=True)
class AwaitLead:
    """Nobody is known to own the lead yet."""


@dataclass(frozen=True, slots=True)
class OutOfReach:
    """What the report is about does not exist for this rep. Whether it exists at all is not said."""

    subject: Literal["lead", "contact", "account"]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A field that can't be, given what is known."""

    field: str
    detail: str


Verdict = Publish | AwaitLead | OutOfReach | Contradiction


@dataclass(frozen=True, slots=True)
class TermClaim:
    """A code of a report that must be in a taxonomy."""

    taxonomy: str
    code: str
    pointer: str


@dataclass(frozen=True, slots=True)
class FieldRefusal:
    """One field of a report that can't be."""

    pointer: str
    detail: str


def claimed_terms(kind: ReportKind, codes: Mapping[str, Any]) -> Iterator[TermClaim]:
    """The codes of a report that taxonomies decide on."""
    match kind:
        case "outcome":
            yield TermClaim("outcome_code", codes["code"], "/code")
        case "objection":
            for name in ("topic", "nature", "reaction"):
                yield TermClaim(f"objection_{name}", codes[name], f"/{name}")
        case "insight":
            yield TermClaim("insight_kind", codes["kind"], "/kind")
            for position, topic in enumerate(codes["topics"]):
                yield TermClaim("insight_topic", topic, f"/topics/{position}")
        case _:
            assert_never(kind)


def refused_fields(report: Report, *, known_terms: Collection[tuple[str, str]]) -> list[FieldRefusal]:
    """The fields that can't be, whoever reports them: codes no taxonomy knows, times no visit can have had, nobody it is about."""
    refusals = [
        FieldRefusal(claim.pointer, f"is not in the taxonomy {claim.taxonomy}")
        for claim in claimed_terms(report.kind, report.codes)
        if (claim.taxonomy, claim.code) not in known_terms
    ]
    if report.occurred_at > report.received_at + AHEAD_MAX:
        refusals.append(FieldRefusal("/occurred_at", "must not lie in the future"))
    if report.occurred_at < report.received_at - BEHIND_MAX:
        refusals.append(FieldRefusal("/occurred_at", "must not lie more than ten years back"))
    if report.kind == "objection" and report.lead_id is None and report.contact_id is None:
        refusals.append(FieldRefusal("/contact_id", "is required when no lead_id is given"))
    return [*refusals, *_refused_meeting(report)]


def _refused_meeting(report: Report) -> Iterator[FieldRefusal]:
    """Why the time of a meeting can't be. It is measured from when it was agreed on, so that a report says the same whenever it is sent."""
    meeting_at = report.codes.get("meeting_at")
    if meeting_at is None:
        return
    pointer, ahead = "/meeting_at", datetime.fromisoformat(meeting_at) - report.occurred_at
    if report.codes["code"] != MEETING_BOOKED:
        yield FieldRefusal(pointer, f"is for an outcome with the code {MEETING_BOOKED} alone; leave it out")
    elif ahead < timedelta():
        yield FieldRefusal(pointer, "must not lie before occurred_at, when it was agreed on")
    elif ahead > MEETING_AHEAD_MAX:
        yield FieldRefusal(pointer, f"must not lie more than {MEETING_AHEAD_MAX.days} days after occurred_at")


def decide_report(report: Report, surroundings: Surroundings) -> Verdict:
    """What becomes of a report whose fields are in order. The same decision is taken again when its lead is heard of."""
    verdict: Verdict
    if report.lead_id is not None:
        verdict = _on_lead(report, surroundings.lead, surroundings.reach)
    elif report.contact_id is not None:
        verdict = _on_contact(report, surroundings.contact_leads)
    else:
        verdict = Publish(report)
    if isinstance(verdict, Publish) and report.account_ids - surroundings.accounts_in_reach:
        return OutOfReach("account")
    return verdict


def _on_lead(report: Report, lead: KnownLead | None, reach: Reach) -> Verdict:
    if lead is None or (lead.rep_id is None and not reach.covers_lead(lead)):
        return AwaitLead()
    if not reach.covers_lead(lead):
        return OutOfReach("lead")
    if report.contact_id not in (None, lead.contact_id):
        return Contradiction("contact_id", "is not the lead's contact; leave it out")
    if report.brand_id not in (None, lead.brand_id):
        return Contradiction("brand_id", "is not the lead's brand; leave it out")
    return Publish(replace(report, contact_id=lead.contact_id, brand_id=lead.brand_id, correlation_id=lead.correlation_id))


def _on_contact(report: Report, leads: tuple[KnownLead, ...]) -> Verdict:
    if not leads:
        return OutOfReach("contact")
    brands = {lead.brand_id for lead in leads}
    if report.kind == "objection" and report.brand_id is None:
        if len(brands) != 1:
            return Contradiction("brand_id", "is required: this contact has leads of several brands")
        report = replace(report, brand_id=brands.pop())
    return Publish(replace(report, correlation_id=_journey(report, leads)))


def _journey(report: Report, leads: tuple[KnownLead, ...]) -> UUID:
    """The journey a report about a contact belongs to, where only one lead of theirs can be meant; else the report begins one."""
    meant = [lead.correlation_id for lead in leads if report.brand_id in (None, lead.brand_id)]
    return meant[0] if len(meant) == 1 else report.correlation_id
