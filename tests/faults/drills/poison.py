"""F19, F23: records that can never be read or applied, and the one bad row among a hundred."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaProducer

from deploy.auditor.testimony import Injected
from deploy.launcher.servers import SERVICES
from shared.events import REGISTRY, TOPICS, Topic
from tests.faults.drills.drill import Drill
from tests.faults.load.population import Person, people
from tests.faults.load.script import mautic_post, recipient
from tests.faults.rig import Rig

_PARKED = "SELECT topic, step, count(*) FROM quarantine GROUP BY topic, step"
_PARKED_IDS = "SELECT id FROM quarantine WHERE step = 'applying'"
_HEARD = "SELECT count(*) FROM engagements WHERE contact_id LIKE %(like)s"
_PARK_SECONDS = 30
_HUNDRED, _BAD = 100, 57


async def poison(rig: Rig) -> None:
    """Garbage, nothing, and an unknown type on every topic; and an event no handler can apply. Everything around them goes on."""
    [victim, *others] = await _new_people(rig, "poison", 10)
    before = rig.load.field_app.reported.mentions_taken
    async with rig.fault("F19", "poison on every topic, and an event that routing fails to apply", recovery_seconds=60):
        await _refuse(rig, victim)
        async with AIOKafkaProducer(bootstrap_servers=rig.world.kafka_bootstrap, acks="all") as producer:
            for topic in TOPICS:
                for what, value, headers in _poison_for(topic):
                    injected = Injected(at=datetime.now(UTC), topic=topic.name, event_id=headers["ce_id"], what=what)
                    rig.witness.tell(injected)
                    raw = [(name, given.encode()) for name, given in headers.items()]
                    await producer.send_and_wait(topic.name, value, key=b"poison", headers=raw)
        await _submit(rig, [victim, *others])
        await rig.go_on_for(rig.scaled(10, short=2))
        await _parks(rig, at_least=1)
        await _until_heard(rig, "poison-%", len(others))
        heard = REGISTRY.values()
        for service in SERVICES:
            topics = {contract.topic.name for contract in heard if service in contract.consumers}
            unreadable = {topic: count for topic, step, count in await rig.rows(service, _PARKED) if step == "reading"}
            rig.must(f"{service} sets aside exactly what can't be read", unreadable == dict.fromkeys(topics, 2), unreadable)
    await _mended(rig, victim, like="poison-%", everybody=10)
    told = rig.load.field_app.reported.mentions_taken - before
    rig.must("adverse events go on", told > 0, f"{told} taken meanwhile")


async def one_bad_row(rig: Rig) -> None:
    """Row 57 of 100: of a set of events, and of a bulk upsert. The 99 are kept, the one is set aside."""
    hundred = await _new_people(rig, "batch", _HUNDRED)
    victim = hundred[_BAD - 1]
    async with rig.fault("F23", f"row {_BAD} of {_HUNDRED} violates a constraint", recovery_seconds=60):
        await _refuse(rig, victim)
        await _submit(rig, hundred)
        await _until_heard(rig, "batch-%", _HUNDRED - 1)
        parked = await _parks(rig, at_least=1)
        rig.must("one event is set aside", parked == 1, parked)
        [[heard]] = await rig.rows("routing", _HEARD, {"like": "batch-%"})
        rig.must("the others have had their effect", heard == _HUNDRED - 1, f"{heard} of {_HUNDRED}")
        await _bulk(rig)
    await _mended(rig, victim, like="batch-%", everybody=_HUNDRED)


async def _bulk(rig: Rig) -> None:
    rows = [person.row() for person in people("bulk", _HUNDRED, seed=1, first=40_000_000)]
    rows[_BAD - 1]["kind"] = "no such kind"
    address = f"{rig.world.addresses['intake']}/v1/contacts"
    answer = await rig.load.client.put(address, json=rows, headers=rig.load.who.of("integration"), timeout=30)
    told: dict[str, Any] = answer.json()
    found = (told.get("created"), [rejected["row"] for rejected in told.get("rejected", [])])
    rig.must("a bulk upsert keeps 99 rows and names the one", found[0] == _HUNDRED - 1 and len(found[1]) == 1, found)


async def _new_people(rig: Rig, prefix: str, count: int) -> list[Person]:
    made = list(people(prefix, count, seed=rig.chance.randrange(1_000_000), first=30_000_000 + 1_000 * len(prefix)))
    await rig.add_people(made)
    return made


async def _refuse(rig: Rig, victim: Person) -> None:
    """As a bug would: every engagement of this person fails in routing, whatever is done about it."""
    await rig.change("routing", f"ALTER TABLE engagements ADD CONSTRAINT drill CHECK (contact_id <> '{victim.id}') NOT VALID")


async def _submit(rig: Rig, whose: list[Person]) -> None:
    events = [rig.load.script.submitted(recipient(person)) for person in whose]
    for start in range(0, len(events), 10):
        await rig.load.sender.begin(mautic_post(events[start : start + 10]))


async def _parks(rig: Rig, *, at_least: int) -> int:
    """How many events routing has set aside because it could not apply them."""

    async def count() -> int:
        return len(await rig.rows("routing", _PARKED_IDS))

    await _until(rig, count, at_least, what="routing sets the event aside")
    return await count()


async def _until_heard(rig: Rig, like: str, engagements: int) -> None:
    async def count() -> int:
        [[heard]] = await rig.rows("routing", _HEARD, {"like": like})
        return int(heard)

    await _until(rig, count, engagements, what=f"routing hears {engagements} engagements of {like}")


async def _until(rig: Rig, count: Callable[[], Awaitable[int]], wanted: int, *, what: str) -> None:
    for _ in range(_PARK_SECONDS * 5):
        if await count() >= wanted:
            return
        await rig.go_on_for(0.2)
    rig.must(what, False, await count())


async def _mended(rig: Rig, victim: Person, *, like: str, everybody: int) -> None:
    """The bug is mended and what was set aside is replayed: then nothing is missing."""
    await rig.change("routing", "ALTER TABLE engagements DROP CONSTRAINT drill")
    for [quarantined] in await rig.rows("routing", _PARKED_IDS):
        address = f"{rig.world.addresses['routing']}/v1/quarantine/{quarantined}/replay"
        answer = await rig.load.client.post(address, headers=rig.load.who.of("admin"), timeout=30)
        rig.must("what was set aside can be replayed", answer.is_success, f"{answer.status_code} for an engagement of {victim.id}")
    await _until_heard(rig, like, everybody)


def _poison_for(topic: Topic) -> list[tuple[str, bytes | None, dict[str, str]]]:
    """What it is, value and headers: two records nobody can read, and one of a type nobody knows, which is no fault."""
    contract = next(contract for contract in REGISTRY.values() if contract.topic is topic)

    def headers(event_type: str) -> dict[str, str]:
        now = datetime.now(UTC).isoformat()
        return {
            "ce_specversion": "1.0",
            "ce_id": str(uuid4()),
            "ce_type": event_type,
            "ce_dataschema": contract.dataschema,
            "ce_time": now,
            "ce_recordedtime": now,
            "ce_correlationid": str(uuid4()),
        }

    known, unknown = headers(contract.event_type), headers("horoscope.read")
    return [("garbage", b'{"spoilt":', known), ("nothing", None, headers(contract.event_type)), ("an unknown type", b"{}", unknown)]


DRILLS = (Drill("F19", "poison at the head of each topic", poison), Drill("F23", "row 57 of 100", one_bad_row))
