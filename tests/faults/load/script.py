"""What platforms post, one body after the other, decided by the seed alone; only the times in it are the clock's.

Every event has the sender's own name, so that what became of it can be asked later: the same name is the same event, however often
and in whichever body it is sent.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

import orjson

from deploy.demo import hubspot, mautic
from deploy.demo.launch import VISIT_PROPERTY
from deploy.demo.mautic import QueuedEvent, Recipient
from tests.faults.load.population import HUBSPOT, MAUTIC, Person

IMPORT = "import"
"""Not a platform: an integrator that posts canonical engagements."""

_STRANGERS_FROM = 50_000_000
_REMEMBERED_POSTS = 500
_TOGETHER_MAX = 5
_MAUTIC_ACTS: Sequence[tuple[Callable[..., QueuedEvent], int]] = (
    (mautic.read, 5),
    (mautic.clicked, 3),
    (mautic.opened, 3),
    (mautic.submitted, 1),
)


@dataclass(frozen=True, slots=True)
class Post:
    """One body and the names of the events in it, in its order."""

    source: str
    body: bytes
    items: tuple[str, ...]


class Script:
    """An endless day of a launch. Numbers start at `first_number`, so that two scripts of one run never name the same event."""

    def __init__(self, people: Sequence[Person], *, seed: int, first_number: int = 1) -> None:
        self._people = people
        self._random = random.Random(seed)
        self._numbers = count(first_number)
        self._sent: list[Post] = []

    def posts(self) -> Iterator[Post]:
        """Body after body, forever."""
        kinds: Sequence[tuple[Callable[[], Post], int]] = (
            (self._acts, 62),
            (self._visit, 4),
            (self._of_no_interest, 12),
            (self._stranger, 6),
            (self._left, 1),
            (self._nobody, 2),
            (self._unreadable, 1),
            (self._imported, 4),
            (self._again, 8),
        )
        makers, weights = zip(*kinds, strict=True)
        while True:
            [make] = self._random.choices(makers, weights)
            post: Post = make()
            self._sent = [*self._sent[-_REMEMBERED_POSTS:], post]
            yield post

    def next_number(self) -> int:
        """A number that no other event of this script has."""
        return next(self._numbers)

    def submission(self, person: Person) -> Post:
        """This person filled in the form."""
        return mautic_post([self.submitted(recipient(person))])

    def submitted(self, whose: Recipient, *, at: datetime | None = None) -> QueuedEvent:
        """The form was filled in, now or then."""
        return mautic.submitted(whose, number=next(self._numbers), at=at or _now())

    def visit(self, person: Person) -> Post:
        """This person asked for a rep's visit: enough to become a lead."""
        event = hubspot.changed(person.number, number=next(self._numbers), at=_now(), name=VISIT_PROPERTY, value="true")
        return hubspot_post([event])

    def _acts(self) -> Post:
        together = self._random.randint(2, _TOGETHER_MAX) if self._random.random() < 0.2 else 1
        return mautic_post([self._act(recipient(self._random.choice(self._people))) for _ in range(together)])

    def _act(self, whose: Recipient) -> QueuedEvent:
        acts, weights = zip(*_MAUTIC_ACTS, strict=True)
        [act] = self._random.choices(acts, weights)
        event: QueuedEvent = act(whose, number=next(self._numbers), at=_now())
        return event

    def _visit(self) -> Post:
        return self.visit(self._random.choice(self._people))

    def _of_no_interest(self) -> Post:
        """Facts about records, our own sends, and a type nobody has heard of."""
        person, number = self._random.choice(self._people), next(self._numbers)
        name = self._random.choice(("mautic.email_on_send", "mautic.lead_points_change", "mautic.horoscope_on_read", "contact.creation"))
        if name == "contact.creation":
            return hubspot_post([hubspot.created(person.number, number=number, at=_now())])
        return mautic_post([QueuedEvent(name, number, _now(), {"id": number, "contact": {"id": person.number}})])

    def _stranger(self) -> Post:
        number = next(self._numbers)
        stranger = Recipient(_STRANGERS_FROM + number % 400, f"stranger.{number % 400}@elsewhere.example")
        return mautic_post([mautic.read(stranger, number=number, at=_now())])

    def _left(self) -> Post:
        """Somebody unsubscribes from e-mail."""
        person, number = self._random.choice(self._people), next(self._numbers)
        change = {"contact": {"id": person.number}, "channel": "email", "old_status": "contactable", "new_status": "unsubscribed"}
        return mautic_post([QueuedEvent("mautic.lead_channel_subscription_changed", number, _now(), change)])

    def _nobody(self) -> Post:
        number = next(self._numbers)
        return mautic_post(
            [QueuedEvent("mautic.form_on_submit", number, _now(), {"submission": {"id": number, "dateSubmitted": _now().isoformat()}})]
        )

    def _unreadable(self) -> Post:
        number = next(self._numbers)
        return Post(MAUTIC, b'{"mautic.page_on_hit": [{"hit": {"id": %d,' % number, (_named(MAUTIC, number),))

    def _imported(self) -> Post:
        """A machine opened an e-mail: counted as an engagement, and worth nothing."""
        number = next(self._numbers)
        engagement = {
            "source": IMPORT,
            "source_event_id": f"open-{number}",
            "contact": {"email": self._random.choice(self._people).email},
            "kind": "email_opened",
            "occurred_at": _now().isoformat(),
            "machine": True,
        }
        return Post(IMPORT, orjson.dumps([engagement]), (_named(IMPORT, number),))

    def _again(self) -> Post:
        """A body that was sent before."""
        return self._random.choice(self._sent) if self._sent else self._acts()


def recipient(person: Person) -> Recipient:
    """The person as Mautic knows them."""
    return Recipient(person.number, person.email)


def mautic_post(events: Sequence[QueuedEvent]) -> Post:
    """One body of Mautic's queue, which groups events by name."""
    [content] = mautic.bodies(events)
    grouped = [event for name in content for event in events if event.name == name]
    return Post(MAUTIC, orjson.dumps(content), tuple(_named(MAUTIC, event.number) for event in grouped))


def hubspot_post(events: Sequence[dict[str, Any]]) -> Post:
    """One body of HubSpot's."""
    return Post(HUBSPOT, orjson.dumps(events), tuple(_named(HUBSPOT, event["eventId"]) for event in events))


def _named(source: str, number: int) -> str:
    return f"{source}-{number}"


def _now() -> datetime:
    return datetime.now(UTC)
