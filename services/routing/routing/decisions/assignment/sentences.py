"""An assignment in one sentence a rep understands. It names reps, accounts and territories, never the contact."""

from collections.abc import Iterator, Mapping
from datetime import UTC, time, timedelta

from routing.decisions.assignment.deciding import AssignTo, Candidate, Queue, QueueReason
from routing.decisions.assignment.reps import Rep, absence_in_the_way
from routing.decisions.assignment.rotation import take_turn
from routing.decisions.assignment.steps import Rota, Situation

TOLD_MAX = 3
"""Of those who lost, the first so many are told; the record has them all."""

ONE_WEEK = timedelta(days=7)

_WHY_NOT: Mapping[str | None, str] = {
    "unknown": "is not known",
    "not_a_rep": "takes no leads",
    "inactive": "is not active",
    "other_brand": "does not promote this brand",
    "excluded": "has given it back or let its time run out",
    "absent": "is away",
    "not_at_work": "does not work before its time runs out",
    "full": "has no room for another lead",
}
_WAITING: Mapping[QueueReason, str] = {
    "no_rep_in_territory": "{territory} has no rep",
    "no_rep_in_pool": "the pool has no rep",
    "no_territory": "it lies in no territory",
    "no_owner": "{account} has no owner",
    "no_named_rep": "nobody is named for {account}",
    "no_earlier_rep": "nobody had this contact before",
    "no_account": "no account is known",
    "no_pool": "the brand has no pool",
    "no_steps": "the policy names no way to find a rep",
    "no_licence": "no licence of the contact is in force",
}


def sentence_of(decision: AssignTo | Queue, *, situation: Situation, taken_from: str | None = None) -> str:
    """Say why the lead is whose it is, or why it waits. `taken_from` is who had it until now."""
    if isinstance(decision, Queue):
        return _why_waiting(decision, situation)
    clauses = [f"You have this lead because {_why(decision, situation)}"]
    if taken_from is not None and taken_from != decision.in_place_of:
        clauses.append(f"{_name(taken_from, situation)} had it before you")
    return "; ".join([*clauses, *_who_lost(decision, situation)]) + "."


def _why(decision: AssignTo, situation: Situation) -> str:
    account = situation.account.name or situation.account.account_id if situation.account else ""
    mine = decision.in_place_of is None
    whose = "your" if mine else "their"
    match decision.step:
        case "on_plan":
            reason = f"this contact is on {whose} call plan{_planned_calls(situation)}"
        case "named_account":
            reason = f"you are named for {account}" if mine else f"they are named for {account}"
        case "account_owner":
            reason = f"{account} is {whose} account"
        case "sticky":
            reason = "you had this contact's last lead" if mine else "they had this contact's last lead"
        case "territory":
            reason = _why_their_turn(decision, situation.territory)
        case "pool":
            reason = _why_their_turn(decision, decision.rota)
    if decision.in_place_of is None:
        return reason
    return f"you stand in for {_name(decision.in_place_of, situation)}, who {_lost(decision.in_place_of, 'absent', situation)}: {reason}"


def _planned_calls(situation: Situation) -> str:
    target = situation.target
    if target is None or target.planned_calls is None or target.cycle is None:
        return ""
    calls = "1 call is" if target.planned_calls == 1 else f"{target.planned_calls} calls are"
    return f" ({calls} planned in {target.cycle})"


def _why_their_turn(decision: AssignTo, rota: Rota | None) -> str:
    place = "the rota" if rota is None else f"the pool {rota.name or rota.rota_id}" if rota.kind == "pool" else rota.name or rota.rota_id
    eligible = sum(candidate.eligible for candidate in decision.candidates)
    if decision.rota is None:
        return f"you are one of the reps of {place}"
    if eligible == 1:
        return f"you are the only rep of {place} who can take it now"
    return f"it is your turn among the {eligible} reps of {place} who can take it now"


def _who_lost(decision: AssignTo, situation: Situation) -> Iterator[str]:
    """Those who would have had it but for something that will pass, or that they should know of."""
    lost = {candidate.rep_id: candidate.why_not for candidate in decision.candidates if not candidate.eligible}
    lost.pop(decision.in_place_of or "", None)
    told = 0
    for rep_id, claim in _claims(situation).items():
        why_not = lost.get(rep_id)
        if why_not in _WHY_NOT and told < TOLD_MAX:
            told += 1
            yield f"{_name(rep_id, situation)} {claim} but {_lost(rep_id, why_not, situation)}"
    next_id = _next_but_for_something(decision, situation)
    why_not = lost.get(next_id or "")
    if next_id is not None and next_id not in _claims(situation) and why_not in _WHY_NOT:
        yield f"{_name(next_id, situation)} was next in turn but {_lost(next_id, why_not, situation)}"


def _claims(situation: Situation) -> dict[str, str]:
    """Who is called by name, and by what."""
    account, claims = situation.account, {}
    if situation.lead.kind == "on_plan" and situation.target and situation.target.rep_id:
        claims[situation.target.rep_id] = "has it on their call plan"
    elif situation.lead.kind == "off_plan":
        if account is not None:
            claims |= dict.fromkeys(account.named_rep_ids, f"is named for {account.name or account.account_id}")
            if account.owner_rep_id is not None:
                claims.setdefault(account.owner_rep_id, f"owns {account.name or account.account_id}")
        if situation.lead.earlier_rep_id is not None:
            claims.setdefault(situation.lead.earlier_rep_id, "had this contact's last lead")
    return claims


def _next_but_for_something(decision: AssignTo, situation: Situation) -> str | None:
    """Whose turn it would have been if everybody of the rota who is only away or full had been there."""
    if decision.rota is None:
        return None
    before = situation.territory if decision.rota.kind == "territory" else None
    before = before or next((pool for pool in situation.pools if pool.rota_id == decision.rota.rota_id), None)
    passing = {"absent", "not_at_work", "full"}
    if not any(candidate.why_not in passing for candidate in decision.candidates):
        return None
    there = {candidate.rep_id for candidate in decision.candidates if candidate.eligible or candidate.why_not in passing}
    weights = {rep_id: situation.reps[rep_id].weight for rep_id in decision.rota.rep_ids if rep_id in there}
    return take_turn(before.rotation, weights=weights).rep_id if before and weights else None


def _why_waiting(decision: Queue, situation: Situation) -> str:
    told = sorted(decision.candidates, key=_closeness, reverse=True)[:TOLD_MAX]
    reasons = [f"{_name(each.rep_id, situation)} {_lost(each.rep_id, each.why_not, situation)}" for each in told]
    if not reasons:
        place = situation.territory
        account = situation.account.name or situation.account.account_id if situation.account else ""
        territory = (place.name or place.rota_id) if place else ""
        reasons = [_WAITING.get(decision.reason, decision.reason).format(territory=territory, account=account)]
    others = len(decision.candidates) - len(told)
    more = f", and {others} more can't" if others > 0 else ""
    return f"Nobody can take this lead now: {', '.join(reasons)}{more}."


def _closeness(candidate: Candidate) -> int:
    return list(_WHY_NOT).index(candidate.why_not) if candidate.why_not in _WHY_NOT else -1


def _lost(rep_id: str, why_not: str | None, situation: Situation) -> str:
    rep = situation.reps.get(rep_id)
    if why_not == "absent" and rep is not None:
        return f"is away{_until(rep, situation)}"
    return _WHY_NOT.get(why_not, "can't take it")


def _until(rep: Rep, situation: Situation) -> str:
    """The last day of the absence, where the lead's territory is: by its name within a week, else by its date."""
    window = situation.window
    absence = absence_in_the_way(rep, window)
    if absence is None:
        return ""
    given_in_days = absence.ends_at.astimezone(UTC).time() == time()  # and days are UTC's
    zone = UTC if given_in_days else window.calendar.zone
    last_day, today = (absence.ends_at - timedelta(seconds=1)).astimezone(zone), window.now.astimezone(zone)
    if last_day.date() <= today.date():
        return " today"
    if last_day - today < ONE_WEEK:
        return f" until {last_day:%A}"
    return f" until {last_day.day} {last_day:%B}" + (f" {last_day.year}" if last_day.year != today.year else "")


def _name(rep_id: str, situation: Situation) -> str:
    rep = situation.reps.get(rep_id)
    return rep.name if rep and rep.name else rep_id
