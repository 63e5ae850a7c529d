"""From what an adapter found in an event to an item: one place where time, person and identity decide whether it is an act."""

from collections.abc import Mapping, Sequence

from intake.decisions.acts import CHANNELS, OPT_OUTS, Act, AttributeValue, Item, Mark, Rejected
from intake.decisions.adapters import reading
from intake.decisions.agents import is_machines
from intake.decisions.moments import Reading, UnusableTime
from intake.decisions.persons import PersonKey
from shared.events.engagements import EngagementKind

# What platforms write where they have no id. Taken for one, it would make strangers one person.
_NOBODYS_IDS = frozenset({"0", "-1", "null", "none", "nil", "undefined", "nan", "false", "true", "unknown", "anonymous", "n/a", "na"})


def observed(
    *,
    source: str,
    vendor_type: str,
    identity: str,
    kind: EngagementKind,
    occurred_at: Reading | None,
    person: tuple[PersonKey, ...],
    marks: Sequence[Mark] = (),
    attributes: Mapping[str, AttributeValue] | None = None,
    channel: str | None = None,
    machine: bool = False,
    agent: object = None,
    sending: object = None,
) -> Item:
    """The act, or why it is none. None for a time means the receipt's; that stands too for somebody who leaves when nobody can tell.

    `agent` is the program's name as the platform saw it, looked at and left behind; `sending` the platform's id of the e-mail it sent.
    """
    somebody = tuple(key for key in person if not _is_nobodys(key))
    if not somebody:
        return Rejected(vendor_type, "no_person", "The event names nobody by an id or an e-mail address.")
    match occurred_at:
        case UnusableTime() if kind in OPT_OUTS:
            moment = None
        case UnusableTime(reason=reason, detail=detail):
            return Rejected(vendor_type, reason, detail)
        case _:
            moment = occurred_at
    return Act(
        source=source,
        vendor_type=vendor_type,
        identity=identity,
        kind=kind,
        channel=channel or CHANNELS[kind],
        occurred_at=moment,
        person=somebody,
        marks=tuple(dict.fromkeys(marks)),
        attributes=attributes or {},
        machine=machine,
        by_known_machine=is_machines(reading.text(agent), kind),
        sending=reading.word(sending),
    )


def _is_nobodys(key: PersonKey) -> bool:
    return key.namespace.startswith("id:") and key.value.lower() in _NOBODYS_IDS
