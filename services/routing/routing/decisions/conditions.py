"""What a policy's conditions ask of a contact, and the answers."""

from decimal import Decimal

from routing.decisions.facts import Subject
from routing.decisions.policy import Condition, ConditionField

Known = str | int | frozenset[str] | None


def condition_matches(condition: Condition, subject: Subject) -> bool:
    """Answer a condition; a fact that is missing answers only `exists`. Of several segments any one may match."""
    known = fact_about(condition.field, subject)
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


def fact_about(field: ConditionField, subject: Subject) -> Known:
    """Return what is known about the subject under a condition's field name; None if nothing is."""
    owner, _, name = field.rpartition(".")
    source = {"": subject.contact, "account": subject.account, "target": subject.target}[owner]
    known: Known = getattr(source, name, None)
    return known


def _whole_number(known: Known) -> Decimal | None:
    """Read a number where there is one: a priority such as "2" is, "A" is not."""
    match known:
        case int():
            return Decimal(known)
        case str() if known.isascii() and known.isdigit():
            return Decimal(known)
        case _:
            return None
