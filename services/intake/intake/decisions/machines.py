"""Whether an act was a machine's, and by which evidence: scanners follow every link of an e-mail moments after it was delivered.

What an act tells by itself is seen when it is read. What acts tell of each other is decided here, on all that is known of one sending to
one person: a set, so that whatever comes first, last or twice, the same verdicts stand at the end. Evidence is only ever added; a person's
word stands over it.
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args
from uuid import UUID

from intake.decisions.acts import Act
from shared.events.engagements import EngagementKind

MachineEvidence = Literal["vendor_flag", "agent", "soon_after_delivery", "every_link_burst"]
"""`vendor_flag`: whoever told of the act said so. `agent`: its program named itself. The others: what was done, and how fast."""

SOON = timedelta(seconds=10)
"""Nobody is told of an e-mail, opens and reads it in less after its delivery. Others count from the sending and so must guess: 2 s in
Mautic (which misses the gateways: its issue 16263), 5 s in lemlist, 60 s in warmbly; from the delivery ten is ample."""

AHEAD = timedelta(seconds=60)
"""A gateway looks before it takes the e-mail in: what was done so shortly before the delivery was done by no reader of it. Held against
e-mails with a name only: a click may well have caused the next one to be sent."""

BURST = timedelta(seconds=10)
BURST_LINKS = 3
"""So many different links of one e-mail within that time. Gateways take about a second for each (mautic issue 9798); a reader reads."""

REACH = max(SOON, AHEAD, 2 * BURST)
"""How far apart acts may be and still be evidence about each other."""

TRACED: frozenset[EngagementKind] = frozenset({"email_delivered", "email_opened", "email_clicked"})
JUDGED: frozenset[EngagementKind] = TRACED - {"email_delivered"}

_ORDER = {evidence: place for place, evidence in enumerate(get_args(MachineEvidence))}


@dataclass(frozen=True, slots=True)
class Trace:
    """An act on an e-mail. `sending` tells that e-mail, as it was sent to this person, from others, `link` its links apart: hashes."""

    engagement_id: UUID
    contact_id: str
    source: str
    sending: str | None
    kind: EngagementKind
    at: datetime
    link: str | None


def trace(act: Act, *, engagement_id: UUID, contact_id: str, at: datetime) -> Trace | None:
    """The act's trace; None for acts that tell nothing of each other."""
    if act.kind not in TRACED:
        return None
    return Trace(engagement_id, contact_id, act.source, sending_of(act), act.kind, at, link_of(act))


def sending_of(act: Act) -> str | None:
    """What tells the e-mail it is about from others; None where it names none at all, which then is one and the same."""
    if act.kind not in TRACED:
        return None
    named = act.sending or next((mark.value for mark in act.marks if mark.kind == "email"), act.asset_id)
    return None if named is None else _hash(named)


def link_of(act: Act) -> str | None:
    """What tells the link it is about from others; None if it names none."""
    if act.kind != "email_clicked":
        return None
    address = next((mark.value for mark in act.marks if mark.kind == "url"), None)
    named = address if address is not None else act.attributes.get("link_position")
    return None if named is None else _hash(str(named))


def own_evidence(act: Act) -> frozenset[MachineEvidence]:
    """What the act tells of itself."""
    found: set[MachineEvidence] = set()
    if act.machine:
        found.add("vendor_flag")
    if act.by_known_machine:
        found.add("agent")
    return frozenset(found)


def ordered(evidence: Iterable[MachineEvidence]) -> tuple[MachineEvidence, ...]:
    """Each kind once, in one order."""
    return tuple(sorted(set(evidence), key=_ORDER.__getitem__))


def shared_evidence(traces: Iterable[Trace]) -> dict[UUID, frozenset[MachineEvidence]]:
    """What acts tell of each other, by engagement; those without evidence are left out. The order of the traces doesn't matter."""
    groups: dict[tuple[str, str, str | None], list[Trace]] = defaultdict(list)
    for one in traces:
        groups[one.contact_id, one.source, one.sending].append(one)
    found: dict[UUID, set[MachineEvidence]] = defaultdict(set)
    for group in groups.values():
        for engagement_id in _soon_after_delivery(group):
            found[engagement_id].add("soon_after_delivery")
        for engagement_id in _in_bursts(group):
            found[engagement_id].add("every_link_burst")
    return {engagement_id: frozenset(evidence) for engagement_id, evidence in found.items()}


def gained(
    known: Mapping[UUID, Collection[MachineEvidence]], evidence: Mapping[UUID, frozenset[MachineEvidence]]
) -> dict[UUID, frozenset[MachineEvidence]]:
    """The evidence about engagements on record that was not known before."""
    new = {engagement_id: evidence.get(engagement_id, frozenset()) - set(before) for engagement_id, before in known.items()}
    return {engagement_id: kinds for engagement_id, kinds in new.items() if kinds}


def _soon_after_delivery(group: Sequence[Trace]) -> list[UUID]:
    deliveries = sorted(one.at for one in group if one.kind == "email_delivered")
    ahead = timedelta() if group[0].sending is None else AHEAD
    return [
        one.engagement_id for one in group if one.kind in JUDGED and _has_any(deliveries, earliest=one.at - SOON, latest=one.at + ahead)
    ]


def _in_bursts(group: Sequence[Trace]) -> list[UUID]:
    """The clicks that are among so many within the time, and the opens around them: a gateway fetches the pictures too."""
    clicks = sorted((one for one in group if one.kind == "email_clicked"), key=lambda one: one.at)
    links: Counter[str] = Counter()
    machines: list[Trace] = []
    begin = taken = 0  # the window's first click, and the first that is not yet among `machines`
    for end, click in enumerate(clicks):
        if click.link is not None:
            links[click.link] += 1
        while click.at - clicks[begin].at > BURST:
            _forget(links, clicks[begin].link)
            begin += 1
        if len(links) >= BURST_LINKS:
            machines += clicks[max(begin, taken) : end + 1]
            taken = end + 1
    times = [click.at for click in machines]
    opens = [one for one in group if one.kind == "email_opened" and _has_any(times, earliest=one.at - BURST, latest=one.at + BURST)]
    return [one.engagement_id for one in (*machines, *opens)]


def _forget(links: Counter[str], link: str | None) -> None:
    if link is not None:
        links[link] -= 1
        if not links[link]:
            del links[link]


def _has_any(times: Sequence[datetime], *, earliest: datetime, latest: datetime) -> bool:
    """Whether one of the times, in order, lies between these two or on one of them."""
    return bisect_left(times, earliest) < bisect_right(times, latest)


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=12).hexdigest()
