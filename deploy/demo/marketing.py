"""The marketing platforms at work: what people do with the launch becomes signed webhooks."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import orjson

from deploy.demo import hubspot, mautic
from deploy.demo.callers import TIMEOUT_SECONDS, Answer, answer_of
from deploy.demo.launch import VISIT_PROPERTY
from deploy.demo.mautic import QueuedEvent, Recipient
from deploy.demo.preparation import Sources
from deploy.demo.stage import Stage
from deploy.demo.world import ReferenceWorld

VERDICTS = ("accepted", "duplicate", "ignored", "rejected")

_MAUTIC_ACTS: Mapping[str, Callable[..., QueuedEvent]] = {
    "email_opened": mautic.opened,
    "email_clicked": mautic.clicked,
    "page_viewed": mautic.read,
    "form_submitted": mautic.submitted,
}

# Before the play starts: everything lies in the past, and near enough to have lost none of its points.
_OPENED_BEFORE = timedelta(minutes=9)
_NEXT_ACT_AFTER = timedelta(seconds=75)
_NEXT_PERSON_AFTER = timedelta(seconds=2)


def engage(stage: Stage, sources: Sources) -> None:
    """Posts everything people did, once more what was posted already, and something forged."""
    queue = engagements(stage.world)
    bodies = [orjson.dumps(body) for body in mautic.bodies(queue)]
    found: Counter[str] = Counter()
    for body in bodies:
        found.update(_verdicts(_post_to_mautic(stage, sources, body, secret=sources.mautic_secret)))
    stage.checks.equal("verdicts on Mautic's events", expected=_counts(accepted=len(queue)), found=_counts(**found))

    again = _verdicts(_post_to_mautic(stage, sources, bodies[0], secret=sources.mautic_secret))
    stage.checks.equal("verdicts on a body that comes twice", expected=_counts(duplicate=mautic.EVENTS_PER_BODY), found=again)
    forged = _post_to_mautic(stage, sources, bodies[0], secret="somebody else's")  # noqa: S106 - the point is that it is wrong
    stage.checks.equal("status for a wrong signature", expected=401, found=forged.status)
    stage.say(
        f"Mautic posted {len(queue)} events in {len(bodies)} signed bodies; one body came twice and counted once; a forged one was refused."
    )

    _engage_by_hubspot(stage, sources)


def engagements(world: ReferenceWorld) -> list[QueuedEvent]:
    """Everything that Mautic's people did, and a stranger's request for the guide, in the order of time."""
    numbers = count(world.number * 1_000 + 1)
    opened_at = world.started_at - _OPENED_BEFORE
    events = []
    for place, person in enumerate(person for person in world.people if person.part.platform == "mautic"):
        recipient = Recipient(person.platform_id, person.email)
        for step, kind in enumerate(person.part.acts):
            at = opened_at + place * _NEXT_PERSON_AFTER + step * _NEXT_ACT_AFTER
            events.append(_MAUTIC_ACTS[kind](recipient, number=next(numbers), at=at))
    stranger = Recipient(world.people[-1].platform_id + 1, f"stranger.{world.suffix}@example.org")
    events.append(mautic.submitted(stranger, number=next(numbers), at=world.started_at - _NEXT_ACT_AFTER))
    return sorted(events, key=lambda event: event.at)


def _post_to_mautic(stage: Stage, sources: Sources, body: bytes, *, secret: str) -> Answer:
    return _post(stage, sources.mautic_url, body, mautic.signature_headers(body, secret=secret))


def _engage_by_hubspot(stage: Stage, sources: Sources) -> None:
    """HubSpot tells of CRM records: a property that somebody mapped is an engagement, everything else is ignored and says why."""
    now = datetime.now(UTC)
    numbers = count(stage.world.number * 1_000 + 1)
    events: list[dict[str, Any]] = []
    for person in stage.world.people:
        if person.part.platform == "hubspot":
            object_id = person.platform_id
            events += [
                hubspot.created(object_id, number=next(numbers), at=now),
                hubspot.changed(object_id, number=next(numbers), at=now, name=VISIT_PROPERTY, value="true"),
                hubspot.changed(object_id, number=next(numbers), at=now, name="favourite_colour", value="green"),
            ]
    mapped = sum(event.get("propertyName") == VISIT_PROPERTY for event in events)
    body = orjson.dumps(events)
    answer = _post(
        stage, sources.hubspot_url, body, hubspot.signature_headers(body, secret=sources.hubspot_secret, url=sources.hubspot_url, at=now)
    )
    stage.checks.equal(
        "verdicts on HubSpot's events", expected=_counts(accepted=mapped, ignored=len(events) - mapped), found=_verdicts(answer)
    )
    receipt = stage.company.marketing.get("intake", f"/v1/receipts/{answer.content['receipt_id']}")
    ignored = [item for item in receipt["items"] if item["verdict"] == "ignored"]
    stage.checks.equal("ignored events without a reason", expected=0, found=sum(not item["reason"] for item in ignored))
    reasons = ", ".join(sorted({item["reason"] for item in ignored}))
    stage.say(
        f"HubSpot posted {len(events)} events: {mapped} asked for a rep's visit, {len(ignored)} were ignored and say why ({reasons})."
    )


def _post(stage: Stage, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    return answer_of(stage.http.post(url, content=body, headers=dict(headers), timeout=TIMEOUT_SECONDS))


def _verdicts(answer: Answer) -> dict[str, int]:
    """The counts of a receipt; an answer that is none counts nothing."""
    content = answer.content if isinstance(answer.content, dict) else {}
    return {verdict: int(content.get(verdict, 0)) for verdict in VERDICTS}


def _counts(**counts: int) -> dict[str, int]:
    return {verdict: counts.get(verdict, 0) for verdict in VERDICTS}
