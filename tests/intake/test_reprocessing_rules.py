"""Reading receipts again, as a decision: whatever a changed mapping makes of bodies, nothing is lost and nothing counted twice."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from intake.decisions.acts import Act, Ignored, Item, Rejected
from intake.decisions.persons import PersonKey
from intake.decisions.reprocessing import Alignment, Standing, aligned, shifts
from intake.decisions.verdicts import Recorded, Register, Verdict, judge

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
UNREADABLE = Rejected("t", "time_unreadable", "It can't be.")

Event = int
Mapped = Callable[[Event], Item]


def act(event: Event, *, prefix: str = "", seen: int = 0) -> Act:
    """What a mapping makes of an event: identities differ by its prefix, contents by what it sees of it."""
    return Act(
        source="podium",
        vendor_type="t",
        identity=f"{prefix}{event}",
        kind="webinar_attended",
        channel="webinar",
        occurred_at=NOW,
        person=(PersonKey("id:podium", str(event)),),
        attributes={"attended_seconds": seen},
    )


def mapping(understood: frozenset[Event], *, prefix: str, seen: int) -> Mapped:
    return lambda event: act(event, prefix=prefix, seen=seen) if event in understood else UNREADABLE


@dataclass(slots=True)
class Books:
    """What is on record, as the database holds it: receipts item by item, engagements by identity, and their aliases."""

    receipts: list[list[Standing]] = field(default_factory=list)
    engagements: dict[UUID, Act] = field(default_factory=dict)
    aliases: dict[tuple[str, str], Recorded] = field(default_factory=dict)

    @property
    def register(self) -> Register:
        own = {(act.source, act.identity): Recorded(id_, act.fingerprint) for id_, act in self.engagements.items()}
        return Register({**self.aliases, **own}, {id_: (act.source, act.identity) for id_, act in self.engagements.items()})

    def judged(self, items: Sequence[Item]) -> list[Verdict]:
        verdicts = judge(items, register=self.register, fresh_ids=[uuid4() for _ in items])
        self.engagements |= {one.engagement_id: one.act for one in verdicts if one.act and one.engagement_id}
        return verdicts

    def standing(self, verdicts: Sequence[Verdict]) -> list[Standing]:
        return [self._standing(one) for one in verdicts]

    def _standing(self, verdict: Verdict) -> Standing:
        known = self.engagements.get(verdict.engagement_id) if verdict.engagement_id and verdict.outcome != "rejected" else None
        bare = Verdict(verdict.outcome, verdict.vendor_type, verdict.reason, verdict.detail, verdict.engagement_id)
        return Standing(bare) if known is None else Standing(bare, (known.source, known.identity), known.fingerprint)

    def receive(self, items: Sequence[Item]) -> None:
        self.receipts.append(self.standing(self.judged(items)))

    def read_again(self, number: int, items: Sequence[Item]) -> Alignment | None:
        alignment = aligned(self.receipts[number], items)
        if alignment is not None:
            for alias in alignment.aliases:
                identity = (alias.act.source, alias.act.identity)
                if identity not in self.register.by_identity:
                    self.aliases[identity] = Recorded(alias.engagement_id, alias.act.fingerprint)
            self.receipts[number] = self.standing(alignment.merged(self.judged(alignment.to_judge)))
        return alignment

    def told(self) -> Counter[str]:
        """How many engagements each event has become."""
        return Counter(act.person[0].value for act in self.engagements.values())


bodies = st.lists(st.lists(st.integers(0, 9), max_size=6), min_size=1, max_size=5)
understood = st.frozensets(st.integers(0, 9))
prefixes = st.sampled_from(["", "n:"])
contents = st.integers(0, 1)


@given(bodies, understood, understood, prefixes, contents)
def test_a_changed_mapping_never_loses_or_doubles_an_engagement(
    received: list[list[Event]], before: frozenset[Event], after: frozenset[Event], prefix: str, seen: int
) -> None:
    old, new = mapping(before, prefix="", seen=0), mapping(after, prefix=prefix, seen=seen)
    books = Books()
    for body in received:
        books.receive([old(event) for event in body])
    first = dict(books.engagements)
    for number, body in enumerate(received):
        assert books.read_again(number, [new(event) for event in body]) is not None
    came = {event for body in received for event in body}
    assert books.told() == {str(event): 1 for event in came & (before | after)}
    assert books.engagements.items() >= first.items()
    for body in received:  # and what is sent once more is known by its new identity too
        books.receive([new(event) for event in body])
    assert set(books.told().values()) <= {1}


@given(bodies, understood, understood, prefixes, contents)
def test_reading_again_twice_is_reading_again_once(
    received: list[list[Event]], before: frozenset[Event], after: frozenset[Event], prefix: str, seen: int
) -> None:
    old, new = mapping(before, prefix="", seen=0), mapping(after, prefix=prefix, seen=seen)
    books = Books()
    for body in received:
        books.receive([old(event) for event in body])
    for number, body in enumerate(received):
        books.read_again(number, [new(event) for event in body])
    once, engagements, aliases = list(books.receipts), dict(books.engagements), dict(books.aliases)
    for number, body in enumerate(received):
        standing = books.receipts[number]
        alignment = books.read_again(number, [new(event) for event in body])
        assert alignment is not None
        assert not shifts(standing, alignment, [one.verdict for one in books.receipts[number]])
    assert (books.receipts, books.engagements, books.aliases) == (once, engagements, aliases)


@given(st.lists(st.integers(0, 9), unique=True, max_size=6), understood, st.data())
def test_events_found_at_other_places_of_a_body_are_the_engagements_they_were(
    body: list[Event], before: frozenset[Event], data: st.DataObject
) -> None:
    """A mapping that looks elsewhere for events finds more of them, or in another order, but by the same identities."""
    old, new = mapping(before, prefix="", seen=0), mapping(frozenset(range(20)), prefix="", seen=1)
    books = Books()
    books.receive([old(event) for event in body])
    more = data.draw(st.permutations([*body, *range(10, 13)]))
    assert books.read_again(0, [new(event) for event in more]) is not None
    assert books.told() == {str(event): 1 for event in more}


@given(st.lists(st.integers(0, 9), unique=True, min_size=1, max_size=6), understood, prefixes, contents, st.data())
def test_a_receipt_whose_engagements_are_not_found_again_is_left_rather_than_counted_twice(
    body: list[Event], before: frozenset[Event], prefix: str, seen: int, data: st.DataObject
) -> None:
    """A mapping that leaves events out, and may know the others by other identities."""
    old, new = mapping(before, prefix="", seen=0), mapping(frozenset(range(10)), prefix=prefix, seen=seen)
    books = Books()
    books.receive([old(event) for event in body])
    fewer = data.draw(st.lists(st.sampled_from(body), unique=True, max_size=len(body) - 1))
    standing = books.receipts[0]
    if books.read_again(0, [new(event) for event in fewer]) is None:
        assert books.receipts[0] == standing
    assert set(books.told().values()) <= {1}


def standing_as(*verdicts: tuple[Verdict, Act | None]) -> list[Standing]:
    return [Standing(one, (act.source, act.identity), act.fingerprint) if act else Standing(one) for one, act in verdicts]


ENGAGED: Mapping[str, Verdict] = {outcome: Verdict(outcome, "t", engagement_id=UUID(int=7)) for outcome in ("accepted", "duplicate")}
REFUSED = Verdict("rejected", "t", "time_unreadable", "It can't be.")


def test_an_engagement_stays_where_the_body_now_reads_as_nothing() -> None:
    for worse in (UNREADABLE, Ignored("t", "record_only")):
        alignment = aligned(standing_as((ENGAGED["accepted"], act(1))), [worse])
        assert alignment is not None
        assert (alignment.to_judge, alignment.merged([])) == ([], [ENGAGED["accepted"]])


def test_another_identity_at_its_place_is_an_alias_of_the_engagement() -> None:
    renamed = act(1, prefix="n:", seen=5)
    alignment = aligned(standing_as((ENGAGED["accepted"], act(1)), (REFUSED, None)), [renamed, act(2)])
    assert alignment is not None
    assert [(alias.act, alias.engagement_id) for alias in alignment.aliases] == [(renamed, UUID(int=7))]
    assert alignment.to_judge == [act(2)]


def test_of_an_act_told_twice_in_a_body_the_first_stays_the_one_that_was_accepted() -> None:
    standing = standing_as((ENGAGED["accepted"], act(1)), (ENGAGED["duplicate"], act(1)))
    alignment = aligned(standing, [UNREADABLE, act(1), act(1)])
    assert alignment is not None
    assert [place.verdict.outcome for place in alignment.places if isinstance(place, Standing)] == ["accepted", "duplicate"]


def test_a_body_that_can_no_longer_be_read_whole_leaves_its_engagements_alone() -> None:
    standing = standing_as((ENGAGED["accepted"], act(1)), (REFUSED, None))
    assert aligned(standing, [Rejected(None, "unreadable", "It is no JSON.")]) is None


def test_what_was_one_unreadable_body_may_turn_out_to_be_many_items() -> None:
    standing = standing_as((Verdict("rejected", None, "unreadable", "It is no JSON."), None))
    alignment = aligned(standing, [act(1), act(2)])
    assert alignment is not None
    judged = judge(alignment.to_judge, register=Register({}, {}), fresh_ids=[uuid4(), uuid4()])
    assert shifts(standing, alignment, judged) == {
        (("rejected", "unreadable"), ("accepted", None)): 1,
        (None, ("accepted", None)): 1,
    }
