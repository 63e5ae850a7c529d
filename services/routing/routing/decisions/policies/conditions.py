"""What a policy's conditions and gates ask of a contact, and the answers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import cast

from routing.decisions.consent import consents_said
from routing.decisions.effective import holds_on
from routing.decisions.facts import Contact, Subject
from routing.decisions.policies.document import IndicationLabel, Policy
from routing.decisions.policies.expressions import NUMBERS, TEXTS, Fact, expression_holds
from routing.decisions.policies.gates import ConsentNeeded, Gate, LicenceNeeded
from routing.decisions.policies.parts import Condition, ConditionField

Known = str | int | frozenset[str] | None
Labels = Sequence[IndicationLabel]


def condition_matches(condition: Condition, subject: Subject, *, day: date, labels: Labels = ()) -> bool:
    """Answer a condition on a day; a fact that is missing answers only `exists`. Of several segments any one may match."""
    if condition.expression is not None:
        return expression_holds(condition.expression, facts_about(subject, day=day, labels=labels))
    if condition.field is None:
        return False  # a gate that asks for a consent or a licence
    return value_answers(condition, fact_about(condition.field, subject, day=day, labels=labels))


def value_answers(condition: Condition, known: Known) -> bool:
    """Answer a condition about a field by what is known under its name."""
    match condition.op:
        case "exists":
            return (known not in (None, "", frozenset())) is (condition.value is not False)
        case "eq" | "in":
            wanted = condition.value if isinstance(condition.value, tuple) else (condition.value,)
            return not known.isdisjoint(wanted) if isinstance(known, frozenset) else known is not None and known in wanted
        case "gte" | "lte":
            number = _whole_number(known)
            if number is None or not isinstance(condition.value, int | float):
                return False
            return number >= condition.value if condition.op == "gte" else number <= condition.value
        case None:
            return False


def gate_closes(gate: Gate, subject: Subject, *, day: date, labels: Labels = ()) -> bool:
    """Tell whether a gate stands on the day and closes the door to the contact."""
    if not holds_on(day, valid_from=gate.valid_from, valid_until=gate.valid_until):
        return False
    if gate.consent is not None:
        return not _consented(gate.consent, subject.contact)
    if gate.licence is not None:
        return not _licensed(gate.licence, subject.contact, day=day)
    return condition_matches(gate, subject, day=day, labels=labels)


def fact_about(field: ConditionField, subject: Subject, *, day: date, labels: Labels = ()) -> Known:
    """Return what is known about the subject under a condition's field name; None if nothing is."""
    derived = _DERIVED.get(field)
    if derived is not None:
        return derived(subject, day, labels)
    owner, _, name = field.rpartition(".")
    source = {"": subject.contact, "account": subject.account, "target": subject.target}[owner]
    known: Known = getattr(source, name, None)
    return known


def facts_about(subject: Subject, *, day: date, labels: Labels = ()) -> Mapping[str, Fact]:
    """Everything an expression may ask; what isn't known is not among it."""
    known: dict[str, Fact] = {}
    for name in sorted((TEXTS | NUMBERS) - {"today"}):
        fact = fact_about(cast("ConditionField", name), subject, day=day, labels=labels)
        if isinstance(fact, str | int) and fact != "":
            known[name] = fact
    lists: tuple[ConditionField, ...] = ("segments", "indications", "licensed_in")
    for name in lists:
        listed = fact_about(name, subject, day=day, labels=labels)
        known[name] = sorted(listed) if isinstance(listed, frozenset) else []
    said = consents_said(subject.contact.consents)
    for state in ("granted", "denied"):
        known[f"consents.{state}"] = sorted(f"{channel}:{purpose}" for (channel, purpose), last in said.items() if last == state)
    return {**known, "known": sorted(name for name, fact in known.items() if fact not in ("", [])), "today": day.isoformat()}


def asks_for_territory(policy: Policy) -> bool:
    """Whether anything in the policy asks in which territory a contact lies, which takes finding out."""
    conditions: Iterable[Condition] = (*policy.fit, *policy.gates)
    return any("territory." in (condition.field or condition.expression or "") for condition in conditions)


def indications_for(contact: Contact, labels: Labels) -> frozenset[str]:
    """The indications whose label lets the brand be promoted to somebody of this specialty and kind."""
    return frozenset(
        label.indication
        for label in labels
        if (not label.specialties or contact.specialty in label.specialties) and (not label.kinds or contact.kind in label.kinds)
    )


def _account_id(subject: Subject, _day: date, _labels: Labels) -> Known:
    return subject.account.account_id if subject.account else None


def _indications(subject: Subject, _day: date, labels: Labels) -> Known:
    return indications_for(subject.contact, labels)


def _licensed_in(subject: Subject, day: date, _labels: Labels) -> Known:
    return frozenset(each.state for each in subject.contact.licences if day <= each.valid_until)


def _territory_id(subject: Subject, _day: date, _labels: Labels) -> Known:
    return subject.territory.territory_id if subject.territory else None


def _territory_region(subject: Subject, _day: date, _labels: Labels) -> Known:
    return subject.territory.region if subject.territory else None


_DERIVED: Mapping[str, Callable[[Subject, date, Labels], Known]] = {
    "account.id": _account_id,
    "indications": _indications,
    "licensed_in": _licensed_in,
    "territory.id": _territory_id,
    "territory.region": _territory_region,
}


def _consented(needed: ConsentNeeded, contact: Contact) -> bool:
    said = {
        state
        for (channel, purpose), state in consents_said(contact.consents).items()
        if channel in (needed.channel, "any") and purpose in (needed.purpose or purpose, "any")
    }
    return "denied" not in said and (needed.state == "not_denied" or "granted" in said)


def _licensed(needed: LicenceNeeded, contact: Contact, *, day: date) -> bool:
    own = contact.region.casefold() if contact.region else None
    if own is not None and needed.states and own not in {state.casefold() for state in needed.states}:
        return True  # not asked of them
    return any(
        licence.state.casefold() == own and day <= licence.valid_until and needed.authority in (None, licence.authority)
        for licence in contact.licences
    )


def _whole_number(known: Known) -> Decimal | None:
    """Read a number where there is one: a priority such as "2" is, "A" is not."""
    match known:
        case int():
            return Decimal(known)
        case str() if known.isascii() and known.isdigit():
            return Decimal(known)
        case _:
            return None
