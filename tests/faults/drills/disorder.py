"""F18: the same day for two groups of the same people, once in order and once shuffled, ends the same."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.demo import mautic
from deploy.demo.mautic import QueuedEvent
from tests.faults.drills.drill import Drill
from tests.faults.load.population import Person, people
from tests.faults.load.script import Post, mautic_post, recipient
from tests.faults.rig import NeverCame, Rig

_IN_ORDER, _SHUFFLED = "ordered", "shuffled"
# Both divide by all that decides what somebody does, so that who stands in the same place does the same.
_FIRST_NUMBERS = {_IN_ORDER: 60_000_000, _SHUFFLED: 72_000_000}
_DAY = timedelta(hours=6)
_STEP = timedelta(minutes=20)
_CALLS = ("contacted", "qualified", "meeting_booked")
_HELD_SECONDS = 60

_LEDGERS = """
    SELECT contact_id, rule_id, points::text, count(*) FROM ledger_rows WHERE contact_id LIKE %(like)s GROUP BY contact_id, rule_id, points
"""
_STAGES = "SELECT contact_id, stage FROM leads WHERE contact_id LIKE %(like)s"
_CONSENTS = "SELECT contact_id, channel, purpose, state FROM consents WHERE contact_id LIKE %(like)s"
_OBJECTIONS = "SELECT contact_id, topic, count(*) FROM objections WHERE contact_id LIKE %(like)s GROUP BY contact_id, topic"
_OWNED = "SELECT contact_id, id::text, rep_id FROM leads WHERE contact_id LIKE %(like)s AND stage = 'assigned'"
_STILL_ASSIGNED = "SELECT 1 FROM leads WHERE contact_id = ANY (%(ids)s) AND stage = 'assigned'"
_QUALIFIED = "SELECT count(*) FROM leads WHERE contact_id LIKE %(like)s"
_ROTATIONS = "SELECT territory_id, document -> 'turns_owed' FROM rotations"
_PENDING = "SELECT count(*) FROM reports WHERE state = 'pending' AND lead_id = ANY (%(ids)s)"


async def disorder(rig: Rig) -> None:
    """Acts late and in any order, opt-outs before what they forbid, outcomes before anybody heard of the assignment."""
    count, seed, began = int(rig.scaled(60, short=12)), rig.chance.randrange(1_000_000), datetime.now(UTC) - _DAY
    groups = {name: people(name, count, seed=seed, first=first) for name, first in _FIRST_NUMBERS.items()}
    for group in groups.values():
        await rig.add_people(group)
    async with rig.fault("F18", f"the same day of {count} people in order and shuffled", recovery_seconds=60):
        await _in_order(rig, groups[_IN_ORDER], began)
        await _shuffled(rig, groups[_SHUFFLED], began)
    rig.afterwards(lambda: _same(rig))


async def _in_order(rig: Rig, group: Sequence[Person], began: datetime) -> None:
    for post in _day(rig, group, began):
        await rig.load.sender.begin(post)
    await _until_qualified(rig, _IN_ORDER, len(_busy(group)))
    await _opt_out(rig, group, began)
    await _until_withdrawn(rig, group)
    for lead_id, rep_id in await _owned(rig, _IN_ORDER):
        for code in _CALLS:
            await rig.load.field_app.begin(rig.load.field_app.outcome(lead_id, rep_id, code))
        await rig.load.field_app.begin(rig.load.field_app.objection(lead_id, rep_id, topic="efficacy"))


async def _shuffled(rig: Rig, group: Sequence[Person], began: datetime) -> None:
    await _opt_out(rig, group, began)
    posts = _day(rig, group, began)
    rig.chance.shuffle(posts)
    async with rig.database("feedback") as connection, connection.transaction():
        # Feedback takes reports and hears nothing: its consumers wait to note what they have applied.
        await connection.execute("LOCK TABLE inbox IN EXCLUSIVE MODE")
        for post in posts:
            rig.load.sender.begin(post)
        await _until_qualified(rig, _SHUFFLED, len(_busy(group)))
        owned = await _owned(rig, _SHUFFLED)
        for lead_id, rep_id in owned:
            reports = [rig.load.field_app.outcome(lead_id, rep_id, code) for code in _CALLS]
            for report in (*reversed(reports), rig.load.field_app.objection(lead_id, rep_id, topic="efficacy")):
                await rig.load.field_app.begin(report)
        [[pending]] = await rig.rows("feedback", _PENDING, {"ids": [lead_id for lead_id, _ in owned]})
        rig.must("outcomes came before their assignment was heard of", pending > 0, f"{pending} pending")


def _day(rig: Rig, group: Sequence[Person], began: datetime) -> list[Post]:
    """The acts of the group, person by person in the order of time, each in a body of its own."""
    return [mautic_post([event]) for person in group for event in _acts(rig, person, began)]


def _acts(rig: Rig, person: Person, began: datetime) -> list[QueuedEvent]:
    """What this person did depends on their place in the group alone."""
    whose, number = recipient(person), rig.load.script.next_number
    acts = [
        mautic.opened(whose, number=number(), at=began),
        mautic.clicked(whose, number=number(), at=began + _STEP),
        mautic.read(whose, number=number(), at=began + 2 * _STEP),
    ]
    if person in _busy([person]):
        acts += [mautic.submitted(whose, number=number(), at=began + (3 + step) * _STEP) for step in range(2)]
    if person.number % 3 == 1:
        for step, status in enumerate(("unsubscribed", "contactable", "unsubscribed")[: 2 + person.number % 2]):
            change = {"contact": {"id": person.number}, "channel": "email", "old_status": "contactable", "new_status": status}
            acts.append(QueuedEvent("mautic.lead_channel_subscription_changed", number(), began + (5 + step) * _STEP, change))
    return acts


def _busy(group: Sequence[Person]) -> list[Person]:
    """Those who do enough to become a lead, if they are somebody whom the policy looks for."""
    return [person for person in group if person.number % 4 and person.is_fit]


def _leaving(group: Sequence[Person]) -> list[Person]:
    """Those who ask not to be contacted at all."""
    return [person for person in group if person.number % 3 == 0]


async def _opt_out(rig: Rig, group: Sequence[Person], began: datetime) -> None:
    """A third ask not to be contacted at all."""
    rows = [person.row(denied_at=(began + 9 * _STEP).isoformat()) for person in _leaving(group)]
    address = f"{rig.world.addresses['intake']}/v1/contacts"
    answer = await rig.load.client.put(address, json=rows, headers=rig.load.who.of("integration"), timeout=30)
    if not answer.is_success or answer.json()["rejected"]:
        raise NeverCame(f"the opt-outs were refused: {answer.text}")


async def _until_qualified(rig: Rig, name: str, leads: int) -> None:
    for _ in range(_HELD_SECONDS * 5):
        [[qualified]] = await rig.rows("routing", _QUALIFIED, {"like": f"{name}-%"})
        if qualified >= leads:
            return
        await rig.go_on_for(0.2)
    raise NeverCame(f"{qualified} of {leads} leads of those {name}")


async def _until_withdrawn(rig: Rig, group: Sequence[Person]) -> None:
    """Whoever is called after asking not to be is called by somebody who has not heard of it yet: here everybody has."""
    left = {"ids": [person.id for person in _leaving(group)]}
    for _ in range(_HELD_SECONDS * 5):
        if not await rig.rows("routing", _STILL_ASSIGNED, left):
            return
        await rig.go_on_for(0.2)
    raise NeverCame("leads of those who opted out are still assigned")


async def _owned(rig: Rig, name: str) -> list[tuple[str, str]]:
    """The group's leads that may be called, in the order of their people."""
    return [(lead_id, rep_id) for _, lead_id, rep_id in sorted(await rig.rows("routing", _OWNED, {"like": f"{name}-%"}))]


async def _same(rig: Rig) -> None:
    for what, service, query in (
        ("scores", "routing", _LEDGERS),
        ("stages", "routing", _STAGES),
        ("consents", "intake", _CONSENTS),
        ("objection counts", "reporting", _OBJECTIONS),
    ):
        ordered, shuffled = [await _by_place(rig, service, query, name) for name in (_IN_ORDER, _SHUFFLED)]
        missing, new = ordered - shuffled, shuffled - ordered
        found = f"{len(ordered)} alike" if ordered == shuffled else f"in order alone {sorted(missing)}, shuffled alone {sorted(new)}"
        rig.must(f"shuffled: the same {what}", ordered == shuffled and bool(ordered), found)
    unfair = [territory for territory, owed in await rig.rows("routing", _ROTATIONS) if any(abs(turns) > 1 for turns in owed.values())]
    rig.must("turns are still fair", not unfair, unfair)


async def _by_place(rig: Rig, service: str, query: str, name: str) -> Counter[tuple[Any, ...]]:
    """The rows found, each under its person's place in the group."""
    rows = await rig.rows(service, query, {"like": f"{name}-%"})
    return Counter((int(contact_id.rpartition("-")[2]) - _FIRST_NUMBERS[name], *rest) for contact_id, *rest in rows)


DRILLS = (Drill("F18", "a day in order and shuffled", disorder, needs_room=True),)
