"""What acts teach about people: who is new, which keys are whose, what people allow, and that two contacts are one person."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions import consents
from intake.decisions.acts import Act
from intake.decisions.contacts import Contact, taught
from intake.decisions.engagements import Engagement
from intake.decisions.people import Changed, Pair, People, changed, meet
from intake.decisions.persons import Meeting, PersonKey, Recognition
from intake.decisions.receipts import Delivery
from intake.operations import candidates
from intake.operations.contacts import require_unforgotten
from intake.operations.people import decide_alone, keep_people, lock_people
from intake.operations.recognising import Owners
from shared.events import Event


@dataclass(frozen=True, slots=True)
class Fresh:
    """An act to be recorded, and the delivery it came in."""

    delivery: Delivery
    act: Act
    engagement_id: UUID


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a batch teaches. `pairs` are of contacts a directory named both: they wait for somebody's word, and nothing else changes.

    `meetings` are of others: those may be one person. `journeys` are by contact; `new_contact_ids` may hold more than `contact_ids`.
    """

    contact_ids: Collection[str]
    keys: Mapping[str, Sequence[PersonKey]]
    acts: Mapping[str, Sequence[consents.ConsentAct]]
    pairs: Sequence[Pair]
    meetings: Sequence[Meeting]
    journeys: Mapping[str, UUID]
    new_contact_ids: frozenset[str] = frozenset()

    @classmethod
    def of(cls, told: Sequence[Engagement], *, fresh: Sequence[Fresh], recognition: Recognition, owners: Owners) -> "Lesson":
        keys: dict[str, list[PersonKey]] = defaultdict(list)
        for key, contact_id in recognition.learnt.items():
            keys[contact_id].append(key)
        acts = _consent_acts(told)
        # Whose only act was told by somebody else first teaches nothing: whoever was first has learnt it.
        contact_ids = {*recognition.new_contact_ids, *keys, *acts} & {engagement.shown_as for engagement in told}
        pairs, meetings = _meetings(told, fresh=fresh, recognition=recognition, owners=owners)
        journeys = {
            contact_id: fresh[meeting.place].delivery.receipt_id for meeting in meetings for contact_id in (meeting.first, meeting.second)
        } | {
            contact_id: one.delivery.receipt_id
            for one, contact_id in reversed(list(zip(fresh, recognition.contact_ids, strict=True)))
            if contact_id in contact_ids
        }
        return cls(contact_ids, keys, acts, pairs, meetings, journeys, frozenset(recognition.new_contact_ids))

    @property
    def is_empty(self) -> bool:
        """Whether nothing about anybody changes."""
        return not self.contact_ids and not self.meetings

    @property
    def is_of_strangers(self) -> bool:
        """Whether all it teaches is that there are people nobody knew, and by which keys: none, where it is empty."""
        return not self.meetings and not self.acts and self.new_contact_ids.issuperset(self.contact_ids)

    def strangers(self) -> list[Changed]:
        """The people nobody knew, as they are to be kept and told, of a lesson that is of nobody else."""
        people = People()
        for contact_id in sorted(self.contact_ids):
            people.put(taught(Contact(contact_id), keys=self.keys.get(contact_id, ()), acts=()))
        return list(changed(People(), people))


async def teach(session: AsyncSession, lesson: Lesson, *, now: datetime) -> list[Event]:
    """One change per contact; gives the snapshots."""
    if lesson.is_empty:
        await candidates.propose(session, lesson.pairs, now=now)
        return []
    if lesson.meetings:
        await decide_alone(session)
    met = {contact_id for meeting in lesson.meetings for contact_id in (meeting.first, meeting.second)}
    before = await lock_people(session, {*lesson.contact_ids, *met})
    require_unforgotten(before.contacts.values())
    people = before.copy()
    for contact_id in sorted(lesson.contact_ids):
        contact = people.contacts.get(contact_id, Contact(contact_id))
        people.put(taught(contact, keys=lesson.keys.get(contact_id, ()), acts=lesson.acts.get(contact_id, ())))
    pairs = meet(people, lesson.meetings, at=now)
    journeys = {people.survivor_of(contact_id): journey for contact_id, journey in lesson.journeys.items()}
    snapshots = await keep_people(session, before, people, journeys=journeys, now=now)
    await candidates.propose(session, [*lesson.pairs, *pairs], now=now)
    return snapshots


def _meetings(
    told: Sequence[Engagement], *, fresh: Sequence[Fresh], recognition: Recognition, owners: Owners
) -> tuple[list[Pair], list[Meeting]]:
    if not recognition.meetings:
        return [], []
    added = {engagement.id for engagement in told}
    pairs, meetings = [], []
    for meeting in recognition.meetings:
        if fresh[meeting.place].engagement_id not in added:
            continue
        if owners.is_identified(meeting.first) and owners.is_identified(meeting.second):
            pairs.append(Pair.of(meeting.first, meeting.second, meeting.kinds))
        else:
            meetings.append(meeting)
    return pairs, meetings


def _consent_acts(told: Sequence[Engagement]) -> Mapping[str, list[consents.ConsentAct]]:
    acts: dict[str, list[consents.ConsentAct]] = defaultdict(list)
    for engagement in told:
        act = consents.act_of(
            engagement.act.kind,
            channel=engagement.act.channel,
            occurred_at=engagement.occurred_at,
            machine=engagement.machine,
            test="test" in engagement.labels.flags,
        )
        if act is not None:
            acts[engagement.shown_as].append(act)
    return acts
