"""What happens in the honest world, one step each: people become known, click, become leads, opt out; reps report; endpoints are told."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

from deploy.auditor.evidence import feedback, intake, reporting, routing
from deploy.auditor.testimony import Backlog, Fault, MoveTry, Probe, ReportTry, Sample, Verb, WebhookTry
from tests.auditor.honest import BRAND, CAMPAIGN, REGION, SPECIALTY, URL, World

POLICY = "1"
Mention = Literal["flagged", "in_words"]


def employ(world: World, rep_id: str, *, max_open_leads: int = 100) -> None:
    """A rep is declared."""
    world.pass_second()
    world.reps.append(routing.Rep(rep_id, max_open_leads))
    world.tell("routing", "rep.snapshot", "field-force", f"rep:{rep_id}", {"rep_id": rep_id, "name": "Ada Byrne"}, compacted=True)
    world.now += timedelta(seconds=5)


def subscribe(world: World, name: str = "marketing", url: str = URL) -> None:
    """A platform wants to hear of leads."""
    world.pass_second()
    world.subscriptions.append(reporting.Subscription(name, url, ["lead.stage_changed", "lead.assigned"], {}, "active", world.now))
    world.now += timedelta(seconds=10)


def meet(world: World, contact_id: str, *, version: int = 1, denied: tuple[str, ...] = ()) -> None:
    """A contact is described, for the first time or anew."""
    world.pass_second()
    consents = [{"channel": channel, "purpose": "marketing", "state": "denied", "at": world.now.isoformat()} for channel in denied]
    fact = {"contact_id": contact_id, "version": version, "specialty": SPECIALTY, "consents": consents}
    world.tell("intake", "contact.snapshot", "contacts", contact_id, fact, compacted=True)
    world.consents += [intake.Consent(contact_id, channel, "marketing", "denied", world.now) for channel in denied]
    world.contacts[:] = [contact for contact in world.contacts if contact.contact_id != contact_id]
    world.contacts.append(routing.KnownContact(contact_id, version, consents))


def merge(world: World, old_id: str, survivor_id: str, *, denied: tuple[str, ...] = ()) -> None:
    """Two contacts are one person from now on, who denied these channels under one of the ids."""
    world.aliases.append(intake.Alias(old_id, survivor_id, world.now, is_contact=True))
    consents = [act for act in world.consents if act.contact_id in (old_id, survivor_id)]
    for contact_id in (old_id, survivor_id):
        meet(world, contact_id, version=2, denied=denied)
    world.consents[:] = [act for act in world.consents if act.contact_id not in (old_id, survivor_id)] + consents


def post(world: World, acts: dict[str, str], *, status: int | None = 202, is_kept: bool = True) -> None:
    """A platform posts a body with these acts: its own name of each, and whose it was. Names told before are duplicates."""
    world.pass_second()
    digest = hashlib.sha256(repr(sorted(acts)).encode()).hexdigest()
    receipt_id = world.new_id()
    counts = {"accepted": 0, "duplicate": 0, "ignored": 0, "rejected": 0}
    for position, (name, contact_id) in enumerate(acts.items() if is_kept else ()):
        known = next((each.id for each in world.engagements if each.source_event_id == name), None)
        outcome = "accepted" if known is None else "duplicate"
        counts[outcome] += 1
        world.items.append(intake.Item(receipt_id, position, outcome, known or _record(world, receipt_id, name, contact_id)))
    if is_kept:
        world.receipts.append(intake.Receipt(receipt_id, "webhook", "mautic", digest, world.now, **counts))
    acknowledged = status == 202
    world.webhooks.append(
        WebhookTry(
            at=world.now,
            answered_at=None if status is None else world.now,
            source="mautic",
            body_sha256=digest,
            items=list(acts),
            status=status,
            receipt_id=receipt_id if acknowledged else None,
            counts=counts if acknowledged else {},
        )
    )


def _record(world: World, receipt_id: str, name: str, contact_id: str) -> str:
    engagement_id = world.new_id()
    world.engagements.append(intake.Engagement(engagement_id, receipt_id, "mautic", name, contact_id, world.now))
    fact = {"engagement_id": engagement_id, "contact_id": contact_id, "source": "mautic", "source_event_id": name, "kind": "form_submitted"}
    world.tell("intake", "engagement.recorded", "engagements", contact_id, fact)
    world.heard.append(routing.HeardEngagement(engagement_id, contact_id, BRAND))
    ledger = routing.Ledger(contact_id, BRAND, POLICY)
    if ledger not in world.ledgers:
        world.ledgers.append(ledger)
    world.points.append(routing.Points(contact_id, BRAND, engagement_id, POLICY))
    return engagement_id


def type_something(world: World, contact_id: str, *, verdict: str) -> None:
    """Somebody types something at marketing's door, and feedback looks at it."""
    world.pass_second()
    text_id = world.new_id()
    world.texts.append(intake.TypedText(text_id, world.now, verdict))
    world.tell("intake", "text.received", "sealed-texts", contact_id, {"text_id": text_id, "contact_id": contact_id, "sealed": "e..i.c.t"})
    world.tell("feedback", "text.triaged", "feedback", contact_id, {"text_id": text_id, "contact_id": contact_id, "verdict": verdict})


def qualify(world: World, contact_id: str, *, rep_id: str | None) -> str:
    """A contact becomes a lead, which goes to the rep, or waits when there is none."""
    world.pass_second()
    lead_id = world.new_id()
    about = {"lead_id": lead_id, "contact_id": contact_id, "brand_id": BRAND, "campaign_id": CAMPAIGN}
    lead = routing.Lead(lead_id, contact_id, BRAND, "mql", None, 0, world.now, None, None, None)
    world.leads.append(lead)
    world.clocks.append(routing.Clock(lead_id, None))
    world.tell("routing", "lead.qualified", "leads", lead_id, {**about, "region": REGION, "qualified_at": world.now.isoformat()})
    world.owned.append(feedback.OwnedLead(lead_id, None))
    enter(world, lead_id, "mql", "qualified", "score")
    if rep_id is None:
        world.tell("routing", "lead.waiting", "leads", lead_id, {**about, "reason": "all_full", "since": world.now.isoformat()})
        _remember(world, lead_id, "waiting", "mql", "all_full")
        change(world, lead_id, waiting_since=world.now, waiting_reason="all_full")
    else:
        assign(world, lead_id, rep_id)
    return lead_id


def assign(world: World, lead_id: str, rep_id: str) -> None:
    """The lead is this rep's from now on."""
    world.pass_second()
    lead = lead_of(world, lead_id)
    about = {"lead_id": lead_id, "contact_id": lead.contact_id, "brand_id": BRAND, "campaign_id": CAMPAIGN, "region": REGION}
    world.tell("routing", "lead.assigned", "leads", lead_id, {**about, "rep_id": rep_id, "assigned_at": world.now.isoformat()})
    change(world, lead_id, rep_id=rep_id, waiting_since=None, waiting_reason=None)
    world.owned[:] = [replace(each, rep_id=rep_id) if each.lead_id == lead_id else each for each in world.owned]
    enter(world, lead_id, "assigned", "assigned", "qualified", chosen=[rep_id])


def enter(world: World, lead_id: str, stage: str, kind: str, reason: str, *, chosen: list[str] | None = None) -> None:
    """The lead enters a stage."""
    lead = lead_of(world, lead_id)
    said = {"lead_id": lead_id, "contact_id": lead.contact_id, "brand_id": BRAND, "campaign_id": CAMPAIGN, "rep_id": lead.rep_id}
    world.tell(
        "routing",
        "lead.stage_changed",
        "leads",
        lead_id,
        {**said, "to_stage": stage, "reason": reason, "changed_at": world.now.isoformat()},
    )
    _remember(world, lead_id, kind, stage, reason, chosen=chosen)
    change(world, lead_id, stage=stage)
    if stage in reporting.STAGES:
        entered = world.entered.setdefault(lead_id, {})
        if stage not in entered:
            entered[stage] = world.now
            world.cells["entered", stage] += 1
            before = reporting.STAGES[reporting.STAGES.index(stage) - 1] if stage != "mql" else None
            if before in entered:
                world.cells["converted", before] += 1


def opt_out(world: World, contact_id: str) -> None:
    """The contact wants to hear from nobody: their untouched leads are withdrawn."""
    meet(world, contact_id, version=2, denied=("any",))
    for lead in [lead for lead in world.leads if lead.contact_id == contact_id and lead.ended_at is None]:
        world.pass_second()
        change(world, lead.id, ended_at=world.now, waiting_since=None, waiting_reason=None)
        enter(world, lead.id, "disqualified", "stage_changed", "consent")


def decline(world: World, contact_id: str) -> None:
    """The contact tells a rep that they want to hear from nobody."""
    world.pass_second()
    said = {"contact_id": contact_id, "channel": "any", "purpose": "marketing", "state": "denied", "at": world.now.isoformat()}
    world.tell("feedback", "consent.reported", "feedback", contact_id, {**said, "report_id": world.new_id(), "evidence": "told_to_rep"})
    opt_out(world, contact_id)


def object_to(world: World, lead_id: str, *, mention: Mention | None = None) -> str:
    """The lead's owner reports an objection. One that mentions an adverse event raises a case; a flagged one is nothing else."""
    world.pass_second()
    lead = lead_of(world, lead_id)
    assert lead.rep_id is not None
    report_id = world.new_id()
    state = "case_only" if mention == "flagged" else "recorded"
    world.reports.append(feedback.Report(report_id, "objection", state, lead.rep_id, "rep", lead_id, lead.contact_id))
    case_id = raise_case(world, report_id, mention) if mention else None
    if mention != "flagged":
        said = {"report_id": report_id, "lead_id": lead_id, "contact_id": lead.contact_id, "brand_id": BRAND, "rep_id": lead.rep_id}
        fact = {**said, "topic": "dosing", "occurred_at": world.now.isoformat()}
        world.tell("feedback", "objection.recorded", "feedback", lead_id, fact)
        world.objections.append(reporting.CountedObjection(report_id, lead.contact_id, lead.rep_id, BRAND, "dosing", world.now))
        world.cells["objected", "dosing"] += 1
    about = {"kind": "objection", "report_id": report_id, "rep_id": lead.rep_id, "lead_id": lead_id, "contact_id": lead.contact_id}
    answered = world.now + timedelta(milliseconds=20)
    world.report_tries.append(ReportTry(at=world.now, answered_at=answered, mention=mention, status=201, case_id=case_id, **about))
    return report_id


def raise_case(world: World, report_id: str, mention: Mention) -> str:
    """A report leaves the commercial path, wholly or in part."""
    case_id = world.new_id()
    certainty = "certain" if mention == "flagged" else "possible"
    due_at = world.now + timedelta(hours=24)
    world.cases.append(feedback.Case(case_id, "adverse_event", certainty, report_id, world.now, world.now, due_at, mention == "in_words"))
    times = {"awareness_at": world.now.isoformat(), "received_at": world.now.isoformat(), "due_at": due_at.isoformat()}
    fact = {"case_id": case_id, "report_id": report_id, "kind": "adverse_event", "certainty": certainty, **times}
    world.tell("feedback", "case.opened", "cases", case_id, fact)
    return case_id


def decide_on(world: World, report_ids: list[str]) -> str:
    """Reporting finds that objections rise, and asks for a decision."""
    world.pass_second()
    theme_id, decision_id = world.new_id(), world.new_id()
    world.tell("reporting", "theme.emerged", "loop", theme_id, {"theme_id": theme_id, "report_ids": report_ids})
    world.tell("reporting", "decision.opened", "loop", decision_id, {"decision_id": decision_id, "report_ids": report_ids})
    world.decisions.append(reporting.Decision(decision_id, theme_id, "objection_rising", BRAND, "dosing", SPECIALTY, "open", world.now))
    world.decision_evidence += [reporting.EvidenceOf(decision_id, report_id) for report_id in report_ids]
    return decision_id


def break_intake(world: World, *, for_seconds: int = 10) -> None:
    """Intake is killed now and is back a little later; what piled up goes away soon after."""
    over = world.now + timedelta(seconds=for_seconds)
    world.faults.append(Fault(at=world.now, fault="F1", what="intake killed", ended_at=over, recovery_seconds_max=10))
    for second, outbox in ((0, 5), (for_seconds, 50), (for_seconds + 4, 0)):
        on_its_way = {"outbox": outbox, "lag": 0, "deliveries_pending": 0, "database_connections": 6}
        world.backlog.append(Backlog(at=world.now + timedelta(seconds=second), service="intake", **on_its_way))


def witness(world: World, *, seconds: int = 40) -> None:
    """Somebody probes, and watches how intake fares."""
    world.probes.append(Probe(at=world.now, who="rep-1", method="GET", path="/v1/leads/not-theirs", status=404, wanted=[404]))
    for second in range(seconds):
        how = {"resident_bytes": 120_000_000 + second * 1000, "open_files": 40, "threads": 9, "cpu_seconds": second / 10}
        world.samples.append(Sample(at=world.pass_second(), process="intake", pid=4711, livez_seconds=0.01, **how))


def reassign(world: World, lead_id: str, rep_id: str) -> None:
    """Somebody gives the lead to another rep."""
    assign(world, lead_id, rep_id)
    _accept(world, lead_id, "reassign", by="sales_ops", to=rep_id)


def hold(world: World, lead_id: str) -> None:
    """Its rep lets the lead rest, and its clock."""
    world.pass_second()
    held_from = lead_of(world, lead_id).stage
    enter(world, lead_id, "on_hold", "stage_changed", "asked_for_time")
    change(world, lead_id, held_from=held_from)
    _accept(world, lead_id, "hold")


def resume(world: World, lead_id: str) -> None:
    """Its rep lets the lead go on from where it stood."""
    world.pass_second()
    enter(world, lead_id, str(lead_of(world, lead_id).held_from), "stage_changed", "resumed")
    change(world, lead_id, held_from=None)
    _accept(world, lead_id, "resume")


def pause(world: World, lead_id: str) -> None:
    """Its rep stops the lead's clock."""
    world.pass_second()
    world.clocks[:] = [replace(clock, state="paused") if clock.lead_id == lead_id else clock for clock in world.clocks]
    _remember(world, lead_id, "clock_paused", None, "asked_for_time")
    _accept(world, lead_id, "pause", clock="first_outreach")


def restart(world: World, lead_id: str) -> None:
    """Its rep lets the lead's clock run on."""
    world.pass_second()
    world.clocks[:] = [replace(clock, state="running") if clock.lead_id == lead_id else clock for clock in world.clocks]
    _remember(world, lead_id, "clock_resumed", None, "resumed")
    _accept(world, lead_id, "restart", clock="first_outreach")


def answer_brief(world: World, lead_id: str, kind: Literal["opened", "acted", "dismissed"]) -> None:
    """Its rep says what they did with the lead's brief."""
    world.pass_second()
    said = {"lead_id": lead_id, "rep_id": lead_of(world, lead_id).rep_id, "version": 1, "kind": kind}
    world.tell("routing", "brief.answered", "leads", lead_id, said)
    _accept(world, lead_id, kind, version=1)


def _accept(world: World, lead_id: str, verb: Verb, *, by: str | None = None, **asked: Any) -> None:
    by = by or str(lead_of(world, lead_id).rep_id)
    world.moves.append(MoveTry(at=world.now, answered_at=world.pass_second(), verb=verb, lead_id=lead_id, by=by, status=200, **asked))


def lead_of(world: World, lead_id: str) -> routing.Lead:
    """The lead as it is."""
    return next(lead for lead in world.leads if lead.id == lead_id)


def change(world: World, lead_id: str, **changes: object) -> None:
    """The lead's row is written anew."""
    world.leads[:] = [replace(lead, **changes) if lead.id == lead_id else lead for lead in world.leads]  # type: ignore[arg-type]


def _remember(world: World, lead_id: str, kind: str, stage: str | None, reason: str, *, chosen: list[str] | None = None) -> None:
    position = lead_of(world, lead_id).record_count + 1
    world.records.append(routing.Record(lead_id, position, world.now, kind, stage, reason, chosen or []))
    change(world, lead_id, record_count=position)
